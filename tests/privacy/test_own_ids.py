"""An identity that is somebody's address or number is never kept; every other stays as it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chalicelib.connectors.base import Source
from chalicelib.connectors.parts.columns import from_columns
from chalicelib.privacy.own_ids import impersonal

NOW = datetime(2026, 11, 18, tzinfo=UTC)
SHOP = Source("shop", "standard")


@pytest.mark.parametrize(
    "identity",
    [
        *("ev-1", "T-2026-000123", "1731930000.123", "1731930000123", "5012345678", ""),
        *("550e8400-e29b-41d4-a716-446655440000", "CA1234567890abcdef1234567890abcdef"),
        *("order-2026-11-16-12345", "4111111111111111", "body_0401234567890", "id:zendesk:7"),
        *("20261116123045", "131052-308X", "01JD3V5M0Q8K0401234567XYZA"),
    ],
)
def test_what_is_nobodys_stays(identity: str) -> None:
    assert impersonal("shop", identity) == identity


@pytest.mark.parametrize(
    ("identity", "same"),
    [
        ("aino@a.example", "email:Aino@A.example"),
        ("+358401234567", "whatsapp:+358 40 123 4567"),
        ("0401234567", "+358401234567"),
        ("conv_aino@a.example_1", "conv_aino@a.example_1"),
        ("chat-+358401234567", "chat-+358401234567"),
        ("131052-308T", "131052-308T"),
    ],
)
def test_what_is_somebodys_is_hashed(identity: str, same: str) -> None:
    hashed = impersonal("shop", identity)
    assert hashed.startswith("p_")
    assert not any(part in hashed for part in ("aino", "4012345", "131052"))
    assert hashed == impersonal("shop", same)
    assert hashed != impersonal("mail", identity)
    assert hashed != impersonal("shop", "onni@a.example")


def test_every_identity_of_a_record() -> None:
    said = {"conversation": "aino@a.example", "id": "m+1@a.example", "event_id": "+358401234567"}
    first = from_columns({**said, "text": "Hei"}, SHOP, event_id="x", received_at=NOW)
    again = from_columns({**said, "text": "Hei"}, SHOP, event_id="y", received_at=NOW)
    ids = [first.interaction_id, first.message_id, first.event_id]
    assert all(one.startswith("p_") for one in ids)
    assert first == again
    erasure = from_columns(
        {"conversation": "Aino@a.example", "erase": "m+1@a.example"},
        SHOP,
        event_id="z",
        received_at=NOW,
    )
    assert (erasure.interaction_id, erasure.erases) == (first.interaction_id, first.message_id)

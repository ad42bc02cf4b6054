"""`hub readers`: who gets which digest, what became of it, and the way back of who left."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from chalicelib.adapters.audit import AuditLog
from chalicelib.adapters.settings import Settings
from chalicelib.adapters.world import World
from chalicelib.audit import Look
from chalicelib.pipeline.digests import reader_id, record_mail, send_digests, unsubscribe
from chalicelib.pipeline.digests import unsubscribe_token as token_of
from infra import hub
from infra.commands import cli
from infra.commands.worlds import Hub, Where
from tests.infra.places import call, told
from tests.pipeline.test_digests import MONDAY_9, monday  # noqa: F401 - a fixture

READER = ("service", "palvelu@esimerkki.example")
AGAIN = ["readers", "resubscribe", READER[1], "--department", READER[0]]


@pytest.fixture
def letters(monday: World, aws: Settings, monkeypatch: pytest.MonkeyPatch) -> World:  # noqa: F811
    """A hub whose digests leave at this moment."""
    monkeypatch.setattr(cli, "connect", lambda stage, profile: Hub(Where(), monday, aws))
    return monday


def _reader() -> dict[str, object]:
    (found,) = [r for r in told("readers") if (r["department"], r["address"]) == READER]
    return dict(found)


def _looks() -> list[Look]:
    return list(AuditLog().between(MONDAY_9, MONDAY_9 + timedelta(seconds=1), MONDAY_9))


def test_who_left_is_named_and_comes_back(letters: World) -> None:
    assert _reader()["left_at"] is None
    assert unsubscribe(letters, token_of(letters, *READER), "POST").status == 200
    assert _reader()["left_at"] == MONDAY_9.isoformat()
    assert sum(r["left_at"] is not None for r in told("readers")) == 1
    assert "left 2026-" in call("readers").output
    assert call(*AGAIN).exit_code == hub.OK
    assert _reader()["left_at"] is None
    assert send_digests(letters) == 3
    (entry,) = _looks()
    assert entry.command == "readers resubscribe"
    assert entry.seen == (READER[0], reader_id(letters, *READER))


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (AGAIN, "gets the digest of service already"),
        ([*AGAIN[:2], "kuka@muu.example", *AGAIN[3:]], "is no recipient of service"),
        ([*AGAIN[:4], "fax"], "no department 'fax'; it has "),
    ],
)
def test_nobody_is_written_to_who_did_not_leave(
    letters: World, arguments: list[str], why: str
) -> None:
    done = call(*arguments)
    assert done.exit_code == hub.FAULTS
    assert why in done.output
    assert _looks() == []


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"eventType": "Delivery"}, "arrived"),
        (
            {
                "eventType": "Bounce",
                "bounce": {
                    "bounceType": "Permanent",
                    "bounceSubType": "OnAccountSuppressionList",
                },
            },
            "not sent: SES suppresses the address",
        ),
        (
            {"eventType": "Bounce", "bounce": {"bounceType": "Permanent"}},
            "bounced: the address does not take mail",
        ),
        ({"eventType": "Complaint"}, "was called spam by the reader"),
        ({"eventType": "Rendering Failure"}, "Rendering Failure"),
    ],
)
def test_what_became_of_the_last_letter(
    letters: World, event: dict[str, object], words: str
) -> None:
    assert _reader()["mail"] is None
    mail = {"mail": {"tags": {"digest": [f"2026-W46_service_{reader_id(letters, *READER)}"]}}}
    record_mail(letters, json.dumps({"eventType": "Send", **mail}))
    assert _reader()["mail"] is None  # it left: what became of it is not told yet
    record_mail(letters, json.dumps({**event, **mail}))
    assert (_reader()["mail"], _reader()["mail_at"]) == (words, MONDAY_9.isoformat())
    assert letters.registry.mails(MONDAY_9 + timedelta(days=400)) == {}

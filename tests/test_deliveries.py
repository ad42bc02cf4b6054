"""A delivery's id finds its log line, its events and the request that was kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.adapters.tables import EventRow
from chalicelib.adapters.world import World
from chalicelib.connectors.base import Outcome
from chalicelib.deliveries import ID_HEADER, delivery_id, read, received_at
from chalicelib.pipeline.receive import receive
from tests.conftest import NOW
from tests.pipeline.test_receive import MESSAGE, UNKNOWN, signed

AT = datetime(2026, 11, 23, 11, 59, 3, 141592, UTC)


def test_an_id_tells_its_time_to_the_microsecond() -> None:
    assert received_at(delivery_id(AT)) == AT
    assert received_at(delivery_id(AT)[:13]) == AT
    assert delivery_id(AT) < delivery_id(AT + timedelta(microseconds=1))
    assert len({delivery_id(AT) for _ in range(50)}) > 40


@pytest.mark.parametrize("text", ["", "6", "zendesk", "x" * 16, "f" * 17])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="16 hex digits"):
        received_at(text)


@pytest.mark.parametrize(
    ("body", "outcome", "kinds", "source"),
    [
        (MESSAGE, "accepted", {"rating/customer": 1}, "shop"),
        (UNKNOWN, "unreadable", {}, "shop!unreadable"),
    ],
)
def test_the_line_the_answer_and_the_event_log_agree(
    world: World,
    capsys: pytest.CaptureFixture[str],
    body: dict[str, object],
    outcome: str,
    kinds: dict[str, int],
    source: str,
) -> None:
    from dataclasses import replace

    from chalicelib.adapters.telemetry import count

    reply = receive(replace(world, count=count), "shop", signed(body))
    line = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    delivery = read(line)
    assert delivery is not None
    assert delivery.id == reply.headers[ID_HEADER]
    assert delivery.at == NOW
    assert delivery.outcome is Outcome(outcome)
    assert delivery.kinds == kinds
    assert delivery.type == "application/json"
    assert bool(delivery.reason) is (outcome == "unreadable")
    (row,) = EventRow.by_source.query(source)
    assert datetime.fromisoformat(row.received_at) == received_at(delivery.id)


@pytest.mark.parametrize(
    "line",
    [
        {"message": "digest sent"},
        {"message": "delivery", "source": "shop"},
        {"message": "delivery", "id": "0" * 16, "source": "shop", "outcome": "lost", "status": 2},
        {"message": "delivery", "id": 7, "source": "shop", "outcome": "accepted", "status": 200},
    ],
)
def test_other_lines_are_no_deliveries(line: dict[str, object]) -> None:
    assert read(line) is None

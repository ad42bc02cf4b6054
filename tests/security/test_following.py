"""One delivery can be followed in the log to what was understood and the digests that told it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters import telemetry
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.world import World
from chalicelib.deliveries import ID_HEADER, TIME_DIGITS, received_at
from chalicelib.pipeline.digests import send_digests
from chalicelib.pipeline.fetch import fetch
from chalicelib.pipeline.receive import receive
from chalicelib.pipeline.understand import understand
from tests.conftest import NOW
from tests.pipeline import thin
from tests.pipeline.test_receive import MESSAGE, signed
from tests.security.conftest import Printed

Lines = Callable[[str], Sequence[dict[str, Any]]]


@pytest.fixture
def logged(world: World) -> World:
    return replace(world, count=telemetry.count)


@pytest.fixture
def lines(printed: Printed) -> Lines:
    """What was logged since the last time, of one message."""

    def read(message: str) -> list[dict[str, Any]]:
        held = printed.lines(message)
        printed.forget()
        return held

    return read


def at(world: World, **passed: float) -> World:
    return replace(world, clock=lambda: NOW + timedelta(**passed))


def test_from_a_delivery_to_the_digest(logged: World, lines: Lines) -> None:
    ids = []
    for number in range(3):
        later = at(logged, milliseconds=number)
        body = {**MESSAGE, "id": f"ev-{number}", "conversation": f"c-{number}"}
        ids.append(receive(later, "shop", signed(body)).headers[ID_HEADER])
    delivered = lines("delivery")
    assert [line["id"] for line in delivered] == ids
    keys = thin.keys(logged)
    assert understand(logged, keys[:2]) == frozenset()
    assert understand(logged, keys[2:]) == frozenset()
    batches = lines("understood")
    held = [digits for batch in batches for digits in batch["deliveries"]]
    assert sorted(held) == sorted(one[:TIME_DIGITS] for one in ids)
    assert [len(batch["deliveries"]) for batch in batches] == [2, 1]
    assert {week for batch in batches for week in batch["weeks"]} == {"2026-W47"}

    monday = at(logged, days=5)
    assert send_digests(monday) == 3
    sent = [line["digest"] for line in lines("digest sent")]
    assert {digest.partition("_")[0] for digest in sent} == {"2026-W47"}


def test_a_retry_is_followed_to_the_delivery_that_was_stored(logged: World, lines: Lines) -> None:
    first = receive(logged, "shop", signed(MESSAGE)).headers[ID_HEADER]
    again = receive(at(logged, minutes=1), "shop", signed(MESSAGE)).headers[ID_HEADER]
    assert first[:TIME_DIGITS] != again[:TIME_DIGITS]
    outcomes = {line["id"]: line["outcome"] for line in lines("delivery")}
    assert outcomes == {first: "accepted", again: "duplicate"}
    understand(logged, list(dict.fromkeys(thin.keys(logged))))
    (batch,) = lines("understood")
    assert batch["deliveries"] == [first[:TIME_DIGITS]]


def test_what_failed_says_so_with_the_same_id(logged: World, lines: Lines) -> None:
    poison = receive(logged, "shop", signed({**MESSAGE, "text": "MYRKKY"})).headers[ID_HEADER]
    lines("delivery")
    assert understand(logged, thin.keys(logged)) != frozenset()
    (batch,) = lines("understood")
    assert (batch["deliveries"], batch["failed"]) == ([poison[:TIME_DIGITS]], 1)
    assert (batch["events_understood"], batch["weeks"]) == ([0.0], [])


def test_an_erased_event_names_no_delivery(logged: World, lines: Lines) -> None:
    understand(logged, [EventKey("shop#nobody", "gone")])
    (batch,) = lines("understood")
    assert (batch["deliveries"], batch["interactions"]) == ([], 0)


def test_through_the_vendors_api(
    logged: World, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    thin.wire(monkeypatch)
    thin.give_credentials(logged, token="tunnus")
    came = receive(logged, "shop", signed({**MESSAGE, "text": ""})).headers[ID_HEADER]
    later = at(logged, minutes=2)
    jobs = thin.jobs(logged)
    lines("delivery")
    assert fetch(later, jobs, thin.Vendor(thin.response)) == frozenset()
    (fetched,) = lines("fetch")
    assert fetched["delivery"] == came[:TIME_DIGITS]
    assert received_at(fetched["stored_as"]) == NOW + timedelta(minutes=2)
    understand(logged, thin.keys(logged))
    (batch,) = lines("understood")
    assert batch["deliveries"] == sorted([came[:TIME_DIGITS], fetched["stored_as"]])


def test_the_lines_hold_ids_counts_and_durations_alone(logged: World, lines: Lines) -> None:
    receive(logged, "shop", signed(MESSAGE))
    understand(logged, thin.keys(logged))
    (batch,) = lines("understood")
    own = {name: value for name, value in batch.items() if name not in ("_aws", "message")}
    for name, value in own.items():
        for one in value if isinstance(value, list) else [value]:
            plain = isinstance(one, (int, float)) or re.fullmatch(r"[0-9a-f]{13}|\d{4}-W\d\d", one)
            assert plain, name

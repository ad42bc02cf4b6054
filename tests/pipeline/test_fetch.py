"""What a delivery only named is fetched once, at the vendor's pace, and never after its erasure."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest

import app as entry
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.queue import Job, read_job
from chalicelib.adapters.tables import EventRow
from chalicelib.adapters.world import World
from chalicelib.connectors.vendor_api import Answer, Call
from chalicelib.errors import Unreadable
from chalicelib.interaction import EventKind, Role
from chalicelib.pipeline import jobs
from chalicelib.pipeline.fetch import fetch
from chalicelib.pipeline.rebuild import recount
from chalicelib.pipeline.receive import receive
from chalicelib.pipeline.understand import understand
from chalicelib.pipeline.vendors import Paced, Postponed, retry_after_s
from tests.conftest import NOW
from tests.events import event
from tests.pipeline import thin
from tests.pipeline.faults import Fuse, Killed, fused
from tests.pipeline.test_receive import MESSAGE, signed
from tests.pipeline.thin import Clock, Vendor


def test_a_thin_delivery_waits_for_its_fetch_and_not_to_be_understood(hub: World) -> None:
    assert thin.keys(hub) == []
    assert thin.jobs(hub) == [Job(thin.WAITING)]


def test_a_thin_delivery_too_is_one_write_and_one_send(
    hub: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.client import BaseClient

    calls: list[str] = []
    original = BaseClient._make_api_call

    def counted(self: Any, operation: str, arguments: Any) -> Any:
        calls.append(operation)
        return original(self, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", counted)
    assert receive(hub, "shop", signed({**MESSAGE, "id": "ev-2"})).status == 200
    assert calls == ["PutItem", "SendMessage"]


def test_what_the_vendor_tells_is_counted_with_the_event_that_named_it(
    hub: World, vendor: Vendor
) -> None:
    thin.fetched(hub, vendor)
    assert [call.url for call in vendor.calls] == [f"{thin.API}/c-1"]
    assert vendor.calls[0].headers["authorization"] == "Bearer token-of-the-vendor"
    counted = thin.understood(hub)
    assert counted.totals()["contacts"] == 1
    assert counted.totals()["csat:n"] == 1
    assert counted == recount(hub)
    state = hub.interactions.read(["shop#c-1"])["shop#c-1"]
    assert [e.event_id for e in state.events] == ["c-1:csat", "c-1:text", "ev-1"]
    assert "040 123 4567" not in repr(state)
    assert thin.outcomes(hub) == {"fetched": 1}


def test_the_function_in_front_reads_the_queues_messages(
    hub: World, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry, "world", lambda: replace(hub, vendors=_sending(vendor)))
    records = [
        {"messageId": "1", "body": json.dumps(list(thin.WAITING))},
        {"messageId": "2", "body": '["shop#c-1"]'},
    ]
    answer = entry.fetch({"Records": records}, None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    assert thin.understood(hub).count("contacts") == 1


def _sending(vendor: Vendor) -> Any:
    class Sending:
        send = staticmethod(vendor)

    return Sending()


def test_a_duplicate_is_not_fetched_again(hub: World, vendor: Vendor) -> None:
    thin.fetched(hub, vendor)
    receive(hub, "shop", signed(MESSAGE))
    first, again = thin.jobs(hub)
    thin.fetched(hub, vendor, again)
    assert first == again
    assert len(vendor.calls) == 1
    assert thin.WAITING in thin.keys(hub)  # its first job may have died before this was queued
    assert thin.outcomes(hub) == {"fetched": 1, "known": 1}


@pytest.mark.parametrize("step", range(1, 26))
def test_killed_between_any_two_calls(hub: World, vendor: Vendor, clock: Clock, step: int) -> None:
    fuse = Fuse(step)
    killed = False
    send = fuse.wrap("vendor", vendor)
    try:
        fetch(fused(hub, fuse), [Job(thin.WAITING)], send, clock.sleep)
    except Killed:
        killed = True
    assert killed == (step <= 2 * len(fuse.calls)), "the range of steps must reach past the end"
    if killed:  # the queue gives it again
        thin.fetched(hub, vendor)
    counted = thin.understood(hub)
    assert counted == recount(hub)
    assert (counted.count("contacts"), counted.count("csat:n")) == (1, 1)
    assert len(list(EventRow.query("shop#c-1"))) == 3


def test_the_steps_above_cover_every_call(hub: World, vendor: Vendor, clock: Clock) -> None:
    fuse = Fuse(-1)
    fetch(fused(hub, fuse), [Job(thin.WAITING)], fuse.wrap("vendor", vendor), clock.sleep)
    assert 2 * len(fuse.calls) < 25, fuse.calls


@pytest.mark.parametrize("step", range(1, 24))
def test_killed_while_it_is_put_off(hub: World, vendor: Vendor, clock: Clock, step: int) -> None:
    vendor.script = [Answer(429, headers={"retry-after": "600"})]
    thin.jobs(hub)
    fuse = Fuse(step)
    killed = False
    try:
        fetch(fused(hub, fuse), [Job(thin.WAITING)], fuse.wrap("vendor", vendor), clock.sleep)
    except Killed:
        killed = True
    assert killed == (step <= 2 * len(fuse.calls)), "the range of steps must reach past the end"
    if killed:  # the queue gives it again
        thin.fetched(hub, vendor)
    done = thin.keys(hub)
    assert thin.waiting(hub) or done
    clock.pass_by(700)
    thin.fetched(hub, vendor)
    assert understand(hub, [*done, *thin.keys(hub)]) == frozenset()
    assert recount(hub).count("csat:n") == 1
    assert len(vendor.calls) <= 2


@pytest.mark.parametrize("understood", [True, False])
def test_what_was_erased_is_not_fetched_back(hub: World, vendor: Vendor, understood: bool) -> None:
    erasure = event(
        "z", interaction_id="c-1", kind=EventKind.ERASURE, role=Role.SYSTEM, text="", erases=None
    )
    hub.log.add(erasure, NOW, 30, None)
    if understood:
        assert understand(hub, [EventKey("shop#c-1", "z")]) == frozenset()
        EventRow("shop#c-1", "z").delete()  # it expired: only the interaction knows of it
    thin.fetched(hub, vendor)
    assert vendor.calls == []
    assert {row.event_id for row in EventRow.query("shop#c-1")} <= {"ev-1", "z"}
    assert thin.keys(hub) == [thin.WAITING]
    assert thin.outcomes(hub) == {"erased": 1}


def test_what_is_erased_while_the_vendor_answers_is_not_kept(hub: World) -> None:
    erasure = event("z", interaction_id="c-1", kind=EventKind.ERASURE, text="", erases=None)

    def erased_meanwhile(call: Call) -> Answer:
        hub.log.add(erasure, NOW, 30, None)
        return thin.response(call)

    thin.fetched(hub, Vendor(erased_meanwhile))
    assert {row.event_id for row in EventRow.query("shop#c-1")} == {"ev-1", "z"}


def test_the_erasure_of_one_message_does_not_stop_the_fetch(hub: World, vendor: Vendor) -> None:
    erasure = event("z", interaction_id="c-1", kind=EventKind.ERASURE, text="", erases="c-1:text")
    hub.log.add(erasure, NOW, 30, None)
    thin.fetched(hub, vendor)
    assert len(vendor.calls) == 1
    understand(hub, [EventKey("shop#c-1", "z"), *thin.keys(hub)])
    assert "myöhässä" not in repr(hub.interactions.read(["shop#c-1"]))


def test_an_event_that_expired_is_done(hub: World, vendor: Vendor) -> None:
    EventRow(*thin.WAITING).delete()
    thin.fetched(hub, vendor)
    assert vendor.calls == []
    assert thin.outcomes(hub) == {"expired": 1}


def test_gone_at_the_vendor_is_the_end_of_it(hub: World, vendor: Vendor) -> None:
    vendor.script = [Answer(404)]
    thin.fetched(hub, vendor)
    assert thin.keys(hub) == [thin.WAITING]
    assert thin.dead(hub) == []
    receive(hub, "shop", signed(MESSAGE))
    thin.fetched(hub, vendor)
    assert len(vendor.calls) == 1
    assert thin.outcomes(hub) == {"nothing": 1, "known": 1}


# --- waiting ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        pytest.param({"retry-after": "120"}, 120, id="seconds"),
        pytest.param({"retry-after": format_datetime(NOW + timedelta(minutes=3))}, 180, id="date"),
        pytest.param({}, 30, id="not said"),
        pytest.param({"retry-after": "soon"}, 30, id="not readable"),
    ],
)
def test_too_many_puts_everybody_off_and_uses_up_no_try(
    hub: World,
    vendor: Vendor,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    header: dict[str, str],
    wait_s: float,
) -> None:
    later = thin.queued_later(hub, monkeypatch)
    vendor.script = [Answer(429, headers=header)]
    thin.fetched(hub, vendor, Job(thin.WAITING, tries=3))
    ((job, delay_s),) = later
    assert (job.key, job.tries) == (thin.WAITING, 3)
    assert wait_s <= delay_s <= wait_s + 30
    thin.fetched(hub, vendor)  # another worker, another job: nobody calls
    assert len(vendor.calls) == 1
    clock.pass_by(wait_s)
    thin.fetched(hub, vendor)
    assert len(vendor.calls) == 2
    assert thin.outcomes(hub) == {"postponed": 2, "fetched": 1}


def test_a_short_wait_is_slept_through(hub: World, vendor: Vendor, clock: Clock) -> None:
    vendor.script = [Answer(429, headers={"retry-after": "5"})]
    thin.fetched(hub, vendor)
    assert clock.slept == [5]
    assert thin.outcomes(hub) == {"fetched": 1}


def test_a_vendor_that_always_puts_off_ends_as_a_dead_letter(
    hub: World, vendor: Vendor, clock: Clock
) -> None:
    vendor.usual = lambda _: Answer(429, headers={"retry-after": "900"})
    since = int(NOW.timestamp())
    clock.pass_by(jobs.GIVE_UP.total_seconds())
    thin.fetched(hub, vendor, Job(thin.WAITING, 0, since))
    assert thin.dead(hub) == []
    clock.pass_by(901)
    thin.fetched(hub, vendor, Job(thin.WAITING, 0, since))
    ((job, why),) = thin.dead(hub)
    assert job == Job(thin.WAITING)
    assert "4 days" in why


def test_a_job_remembers_since_when_it_waits(hub: World, vendor: Vendor) -> None:
    vendor.script = [Answer(429)]
    thin.jobs(hub)
    thin.fetched(hub, vendor)
    assert thin.waiting(hub) == 1
    body = json.dumps([*thin.WAITING, 2, 1_795_000_000])
    assert read_job(body) == Job(thin.WAITING, 2, 1_795_000_000)


@pytest.mark.parametrize("body", ["{}", "[1, 2]", '["a"]', '["a", "b", "x", 1]', "nonsense"])
def test_a_message_that_is_no_job(body: str) -> None:
    with pytest.raises(Unreadable):
        read_job(body)


def test_the_pace_is_the_vendors(hub: World, vendor: Vendor, clock: Clock) -> None:
    for number in range(5):
        receive(hub, "shop", signed({**MESSAGE, "id": f"e{number}", "conversation": f"d-{number}"}))
    thin.fetched(hub, vendor, *[Job(EventKey(f"shop#d-{n}", f"e{n}")) for n in range(5)])
    assert clock.slept == [2.0] * 4


def test_together_workers_keep_the_pace(hub: World, vendor: Vendor) -> None:
    waits: list[float] = []

    def work() -> None:
        paced = Paced(hub, "shop", 60, vendor, 1000, waits.append)
        for _ in range(8):
            paced(Call(thin.API))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The clock stands still: each of the 32 calls has its own second, and the first none to wait.
    assert sorted(waits) == [float(second) for second in range(1, 32)]


def test_a_turn_too_far_away_is_not_taken(hub: World, vendor: Vendor, clock: Clock) -> None:
    slow = Paced(hub, "shop", 1, vendor, 59, clock.sleep)
    slow(Call(thin.API))
    with pytest.raises(Postponed) as caught:
        slow(Call(thin.API))
    assert caught.value.wait_s == 60
    assert hub.registry.next_call("shop") == NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("said", "wait_s"),
    [
        pytest.param("7", 7, id="seconds"),
        pytest.param("0", 1, id="at least one"),
        pytest.param("1.5", 1.5, id="a fraction"),
        pytest.param("999999999", 3600, id="at most an hour"),
        pytest.param("inf", 3600, id="infinite"),
        pytest.param("nan", None, id="no number"),
        pytest.param("Wed, 18 Nov 2026 12:00:40 GMT", 40, id="date"),
        pytest.param("Wed, 18 Nov 2020 12:00:40 GMT", 1, id="a date that has passed"),
        pytest.param("tomorrow", None, id="words"),
    ],
)
def test_retry_after(said: str, wait_s: float | None) -> None:
    assert retry_after_s(Answer(429, headers={"retry-after": said}), NOW) == wait_s

"""A fetch that fails is tried again, then set aside with its reason; nothing of it is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters.log import EventKey
from chalicelib.adapters.queue import Job
from chalicelib.adapters.tables import EventRow
from chalicelib.adapters.world import World
from chalicelib.connectors.vendor_api import Answer, Call, Fetch
from chalicelib.errors import Misconfigured, Retryable
from chalicelib.pipeline import fetch as fetching
from chalicelib.pipeline import jobs
from chalicelib.pipeline.fetch import fetch
from chalicelib.pipeline.receive import receive
from tests.conftest import NOW
from tests.events import event
from tests.pipeline import thin
from tests.pipeline.test_receive import MESSAGE, signed
from tests.pipeline.thin import THIN, Clock, Vendor


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(Answer(500), id="500"),
        pytest.param(Answer(408), id="408"),
        pytest.param(Retryable("no answer"), id="time-out"),
    ],
)
def test_a_failed_try_counts_and_comes_again_later(
    hub: World, vendor: Vendor, monkeypatch: pytest.MonkeyPatch, failure: Answer | Exception
) -> None:
    later = thin.queued_later(hub, monkeypatch)
    for tries in (0, 1, 2, 12):
        vendor.script = [failure]
        thin.fetched(hub, vendor, Job(thin.WAITING, tries))
    assert [job.tries for job, _ in later] == [1, 2, 3, 13]
    backoff = [delay_s for _, delay_s in later]
    for delay_s, usual in zip(backoff, (30, 60, 120, 900), strict=True):
        assert 0.8 * usual <= delay_s <= min(900, 1.2 * usual)
    thin.fetched(hub, vendor)
    assert thin.understood(hub).count("csat:n") == 1


def test_a_503_that_says_how_long_is_left_alone_so_long(
    hub: World, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = thin.queued_later(hub, monkeypatch)
    vendor.script = [Answer(503, headers={"retry-after": "400"})]
    thin.fetched(hub, vendor)
    assert later == [(Job(thin.WAITING, 1, int(NOW.timestamp())), 400)]


def test_after_the_last_try_it_is_a_dead_letter_and_the_event_is_understood(
    hub: World, vendor: Vendor
) -> None:
    vendor.script = [Answer(502), Answer(502)]
    thin.jobs(hub)
    thin.fetched(hub, vendor, Job(thin.WAITING, jobs.MAX_TRIES - 2))
    assert (thin.dead(hub), thin.waiting(hub)) == ([], 1)
    thin.fetched(hub, vendor, Job(thin.WAITING, jobs.MAX_TRIES - 1))
    ((job, why),) = thin.dead(hub)
    assert why == f"20 tries failed: GET {thin.API}/c-1 answered 502"
    assert thin.keys(hub) == [thin.WAITING]
    thin.fetched(hub, vendor, job)  # redriven, it has all its tries again
    assert thin.understood(hub).count("csat:n") == 1


def test_refused_credentials_are_a_dead_letter_at_once(hub: World, vendor: Vendor) -> None:
    vendor.script = [Answer(401)]
    thin.fetched(hub, vendor)
    ((job, why),) = thin.dead(hub)
    assert job == Job(thin.WAITING)
    assert "refuses our API credentials (401)" in why
    assert thin.outcomes(hub) == {"dead": 1}


def test_missing_credentials_are_named(hub: World, vendor: Vendor) -> None:
    thin.give_credentials(hub)
    thin.fetched(hub, vendor)
    ((_, why),) = thin.dead(hub)
    assert '{"secrets": […], "api": {"token": "…"}}' in why
    assert vendor.calls == []


def test_an_answer_of_another_shape_is_a_dead_letter(hub: World, vendor: Vendor) -> None:
    vendor.script = [Answer(200, b"[]")]
    thin.fetched(hub, vendor)
    assert "not a JSON object" in thin.dead(hub)[0][1]


@pytest.mark.parametrize(
    "made",
    [
        pytest.param({"interaction_id": "c-2"}, id="of another interaction"),
        pytest.param({"event_id": "ev-1"}, id="the waiting event's own identity"),
        pytest.param({"fetch": "more"}, id="that waits itself"),
        pytest.param({"event_id": ""}, id="without identity"),
    ],
)
def test_events_that_could_not_be_kept_are_refused(
    hub: World, vendor: Vendor, monkeypatch: pytest.MonkeyPatch, made: dict[str, str]
) -> None:
    def dialogue(waiting: Any, source: Any, credentials: Any) -> Any:
        yield Call(thin.API)
        return [event(**{"event_id": "new", "interaction_id": "c-1", **made})]

    thin.wire(monkeypatch, replace(THIN, fetch=Fetch(dialogue, (), 60)))
    thin.fetched(hub, vendor)
    assert len(thin.dead(hub)) == 1
    assert {row.event_id for row in EventRow.scan()} == {"ev-1"}


def test_a_source_that_is_wired_no_more(hub: World, vendor: Vendor) -> None:
    gone = event("g", source="gone", interaction_id="i", fetch="x")
    hub.log.add(gone, NOW, 30, None)
    thin.fetched(hub, vendor, Job(EventKey("gone#i", "g")))
    assert "no such source" in thin.dead(hub)[0][1]


@pytest.mark.parametrize(
    ("adapter", "method"),
    [
        pytest.param("log", "waiting", id="the event cannot be read, nor its job queued again"),
        pytest.param("queue", "put", id="what was fetched cannot be queued"),
        pytest.param("log", "add_many", id="what was fetched cannot be stored"),
    ],
)
def test_where_our_own_tables_fail_nothing_is_lost(
    hub: World, vendor: Vendor, clock: Clock, adapter: str, method: str
) -> None:
    class Failing:
        def __init__(self, real: Any, name: str) -> None:
            self._real, self._name = real, name

        def __getattr__(self, name: str) -> Any:
            def fail(*_: Any) -> Any:
                raise Retryable("slow")

            return fail if name == self._name else getattr(self._real, name)

    thin.jobs(hub)
    broken: Any = {adapter: Failing(getattr(hub, adapter), method)}
    assert fetch(replace(hub, **broken), [Job(thin.WAITING)], vendor, clock.sleep) == frozenset()
    assert thin.waiting(hub) == 1
    broken["fetch_queue"] = Failing(hub.fetch_queue, "put_later")
    job = Job(thin.WAITING)
    assert fetch(replace(hub, **broken), [job], vendor, clock.sleep) == {job}
    clock.pass_by(60)
    thin.fetched(hub, vendor)
    assert thin.understood(hub).count("csat:n") == 1


def test_no_dead_letter_without_a_queue_that_takes_it(hub: World, vendor: Vendor) -> None:
    vendor.script = [Answer(401)]
    nowhere = replace(hub.fetch_queue, dead_url="https://sqs.eu-north-1.amazonaws.com/1/nowhere")
    with pytest.raises(Misconfigured):
        fetch(replace(hub, fetch_queue=nowhere), [Job(thin.WAITING)], vendor)


def test_a_batch_that_takes_long_leaves_the_rest_for_later(
    hub: World, vendor: Vendor, clock: Clock
) -> None:
    def slowly(call: Call) -> Answer:
        clock.pass_by(fetching.BATCH_S + 1)
        return thin.response(call)

    receive(hub, "shop", signed({**MESSAGE, "id": "ev-2", "conversation": "c-2"}))
    thin.jobs(hub)
    thin.fetched(hub, Vendor(slowly), Job(thin.WAITING), Job(EventKey("shop#c-2", "ev-2")))
    assert thin.outcomes(hub) == {"fetched": 1, "postponed": 1}
    assert thin.waiting(hub) == 1

"""A backfill resumes where it was interrupted, and changes nothing that was pushed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.vendor_api import Answer, Call, Dialogue, Page
from chalicelib.errors import Misconfigured, Retryable, Unreadable
from chalicelib.pipeline.backfill import Progress, run
from chalicelib.pipeline.rebuild import publish_organisation, recount
from tests.conftest import ORGANISATION
from tests.connectors.recordings import FIXTURES, load
from tests.events import START
from tests.pipeline import thin
from tests.pipeline.faults import Fuse, Killed, fused
from tests.pipeline.thin import API, Clock, Vendor

SINCE = datetime(2026, 11, 1, tzinfo=UTC)
UNTIL = datetime(2026, 11, 10, tzinfo=UTC)
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
PAGES = {"": (["r1", "r2"], "r2"), "r2": (["r3", "r4"], "r4"), "r4": (["r5"], None)}


def listed(call: Call) -> Answer:
    """Three pages, of two, two and one responses."""
    names, following = PAGES[call.url.partition("after=")[2]]
    items = [{"id": name, "text": "Lasku on väärin", "csat": 1} for name in names]
    return Answer(200, json.dumps({"items": items, "next": following}).encode())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vendor() -> Vendor:
    return Vendor(listed)


@pytest.fixture
def hub(world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> World:
    thin.wire(monkeypatch)
    thin.give_credentials(world, token="token-of-the-vendor")
    return replace(world, clock=clock)


def _run(hub: World, vendor: Vendor, until: datetime = UNTIL, restart: bool = False) -> Progress:
    assert isinstance(hub.clock, Clock)
    told = run(hub, "shop", SINCE, until, vendor, restart=restart, sleep=hub.clock.sleep)
    return list(told)[-1]


def test_every_page_is_counted(hub: World, vendor: Vendor, clock: Clock) -> None:
    told = list(run(hub, "shop", SINCE, UNTIL, vendor, sleep=clock.sleep))
    assert told == [
        Progress(4, 4, START, 1),
        Progress(8, 8, START, 2),
        Progress(10, 10, START, 3),
    ]
    counted = hub.summaries.read(FIRST, LAST)
    assert counted.count("contacts") == counted.count("csat:n") == 5
    assert counted == recount(hub)
    assert clock.slept == [2.0, 2.0]  # thirty calls a minute


def test_running_it_again_changes_nothing(hub: World, vendor: Vendor) -> None:
    _run(hub, vendor)
    before = hub.summaries.read(FIRST, LAST)
    again = _run(hub, vendor)
    assert (again.events, again.new) == (10, 0)
    assert hub.summaries.read(FIRST, LAST) == before


def test_an_interrupted_run_goes_on_and_adds_what_has_come_since(
    hub: World, vendor: Vendor, clock: Clock
) -> None:
    next(run(hub, "shop", SINCE, UNTIL, vendor, sleep=clock.sleep))
    clock.pass_by(3600)
    done = _run(hub, vendor, until=UNTIL + timedelta(days=1))
    asked = [call.url.removeprefix(f"{API}?") for call in vendor.calls]
    assert asked == [
        "from=01&to=10&after=",
        "from=01&to=10&after=r2",
        "from=01&to=10&after=r4",
        "from=10&to=11&after=",
        "from=10&to=11&after=r2",
        "from=10&to=11&after=r4",
    ]
    assert (done.events, done.new, done.pages) == (20, 10, 6)


@pytest.mark.parametrize(
    ("days", "restart", "since"),
    [
        pytest.param(2, False, SINCE, id="the cursor is too old"),
        pytest.param(0, True, SINCE, id="restart"),
        pytest.param(0, False, SINCE + timedelta(days=1), id="another period"),
    ],
)
def test_what_begins_anew(
    hub: World, vendor: Vendor, clock: Clock, days: int, restart: bool, since: datetime
) -> None:
    next(run(hub, "shop", SINCE, UNTIL, vendor, sleep=clock.sleep))
    clock.pass_by(days * 86400)
    next(run(hub, "shop", since, UNTIL, vendor, restart=restart, sleep=clock.sleep))
    assert vendor.calls[-1].url.endswith("after=")


@pytest.mark.parametrize("step", range(1, 40))
def test_killed_between_any_two_calls(
    hub: World, vendor: Vendor, clock: Clock, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PAGES, "r2", (["r3"], None))
    fuse = Fuse(step)
    killed = False
    try:
        list(
            run(
                fused(hub, fuse),
                "shop",
                SINCE,
                UNTIL,
                fuse.wrap("vendor", vendor),
                sleep=clock.sleep,
            )
        )
    except Killed:
        killed = True
    assert killed == (step <= 2 * len(fuse.calls)), "the range of steps must reach past the end"
    if killed:
        _run(hub, vendor)
    counted = hub.summaries.read(FIRST, LAST)
    assert counted.count("contacts") == counted.count("csat:n") == 3
    assert counted == recount(hub)


def test_a_vendor_that_fails_for_now_is_asked_again(
    hub: World, vendor: Vendor, clock: Clock
) -> None:
    vendor.script = [
        Answer(500),
        Retryable("no answer"),
        Answer(429, headers={"retry-after": "700"}),
        Answer(503, headers={"retry-after": "20"}),
    ]
    assert _run(hub, vendor).new == 10
    assert 2.0 in clock.slept
    assert 5.0 in clock.slept
    assert 20.0 in clock.slept
    assert any(690 < slept <= 700 for slept in clock.slept)


def test_a_vendor_that_goes_on_failing_stops_it_where_it_can_go_on(
    hub: World, vendor: Vendor, clock: Clock
) -> None:
    progress = run(hub, "shop", SINCE, UNTIL, vendor, sleep=clock.sleep)
    next(progress)
    vendor.script = [Answer(500)] * 5
    with pytest.raises(Retryable, match="answered 500"):
        next(progress)
    assert _run(hub, vendor) == Progress(10, 10, START, 3)


def test_events_that_wait_for_their_own_fetch_are_queued_for_it(
    hub: World, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = thin.THIN.backfill
    assert way

    def waiting(*arguments: Any) -> Dialogue[Page]:
        page = yield from way.page(*arguments)
        return replace(page, events=[replace(e, fetch="x") for e in page.events[:1]])

    thin.wire(monkeypatch, replace(thin.THIN, backfill=replace(way, page=waiting)))
    assert _run(hub, vendor).waiting == 1
    assert [job.key.event_id for job in thin.jobs(hub)] == ["r1:text", "r3:text", "r5:text"]
    assert hub.summaries.read(FIRST, LAST).count("contacts") == 0


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        pytest.param(Answer(401), Misconfigured, "refuses our API credentials", id="refused"),
        pytest.param(Answer(404), Misconfigured, "not there", id="no such form"),
        pytest.param(Answer(200, b"[]"), Unreadable, "not a JSON object", id="another shape"),
    ],
)
def test_what_stops_it(
    hub: World, vendor: Vendor, answer: Answer, error: type[Exception], said: str
) -> None:
    vendor.script = [answer]
    with pytest.raises(error, match=said):
        _run(hub, vendor)


def test_a_list_that_goes_in_circles_is_named(
    hub: World, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PAGES, "r2", (["r3"], "r2"))
    with pytest.raises(Unreadable, match="same page for ever"):
        _run(hub, vendor)


@pytest.mark.parametrize(
    ("name", "until", "said"),
    [
        pytest.param("nobody", UNTIL, "no source 'nobody'", id="no such source"),
        pytest.param("shop", SINCE, "nothing lies between", id="an empty period"),
    ],
)
def test_what_cannot_be_asked(hub: World, name: str, until: datetime, said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        next(run(hub, name, SINCE, until))


def test_a_vendor_without_a_list(hub: World, monkeypatch: pytest.MonkeyPatch) -> None:
    thin.wire(monkeypatch, CONNECTORS["standard"])
    with pytest.raises(Misconfigured, match="standard has no list"):
        next(run(hub, "shop", SINCE, UNTIL))


TYPEFORM = """
  survey:
    connector: typeform
    options: {forms: [hvk123]}
touchpoints:
"""


def test_typeforms_list_finds_what_it_pushed(world: World, clock: Clock) -> None:
    hub = replace(world, clock=clock)
    publish_organisation(hub, ORGANISATION.replace("\ntouchpoints:\n", TYPEFORM, 1))
    hub._published.clear()
    _give(hub, "survey", {"secrets": ["x"], "api": {"token": "tfp_fixture"}})
    pushed = load(FIXTURES / "typeform" / "nps_with_comment.http")
    response = json.loads(pushed.request.body)["form_response"]
    hub.log.add_many(
        CONNECTORS["typeform"].events(pushed.request, pushed.source, pushed.at), START, 30
    )

    def answers(call: Call) -> Answer:
        listing = {"items": [response, {**response, "token": "older"}]}
        body = listing if "/responses" in call.url else response["definition"]
        return Answer(200, json.dumps(body).encode())

    source = pushed.source.name
    assert source == "survey"
    (told,) = run(hub, source, SINCE, UNTIL, Vendor(answers), sleep=clock.sleep)
    assert (told.events, told.new) == (2, 1)
    assert hub.summaries.read(FIRST, LAST).count("nps:detractor") == 2


def _give(hub: World, source: str, content: object) -> None:
    from chalicelib.adapters.clients import client

    client("secretsmanager").create_secret(
        Name=f"{hub.secrets.prefix}sources/{source}", SecretString=json.dumps(content)
    )

"""A connector whose deliveries are thin, its vendor's API, and a clock that sleeping moves."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters.clients import client
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.queue import FetchQueue, Job, read_job
from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Connector, Request, Source
from chalicelib.connectors.vendor_api import (
    Answer,
    Backfill,
    Call,
    Credentials,
    Dialogue,
    Fetch,
    Page,
    Registration,
    bearer,
    checked,
    json_call,
    json_of,
)
from chalicelib.interaction import Event, EventKind, Rating, Role
from chalicelib.pipeline.fetch import fetch
from chalicelib.pipeline.understand import understand
from chalicelib.summary import Summary
from tests.conftest import NOW
from tests.events import event
from tests.twins import Metrics

API = "https://api.vendor.example/responses"
WAITING = EventKey("shop#c-1", "ev-1")  # what `hub` has received
PER_MINUTE = 30  # a call every two seconds


@dataclass
class Clock:
    """World time: it stands still but for `sleep`."""

    now: datetime = NOW
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.pass_by(seconds)

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Vendor:
    """Answers calls from a script, and then with `usual`."""

    usual: Callable[[Call], Answer]
    script: list[Answer | Exception] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def __call__(self, call: Call) -> Answer:
        self.calls.append(call)
        answer = self.script.pop(0) if self.script else self.usual(call)
        if isinstance(answer, Exception):
            raise answer
        return answer


def response(call: Call) -> Answer:
    """A survey response: what the customer wrote, and a rating."""
    name = call.url.rpartition("/")[2]
    body = {"id": name, "text": "Toimitus on myöhässä, soittakaa 040 123 4567", "csat": 2}
    return Answer(200, json.dumps(body).encode())


def _waits(request: Request, source: Source, at: datetime) -> Sequence[Event]:
    """The thin delivery: the generic one without its content."""
    return [
        replace(
            one,
            kind=EventKind.STATUS,
            role=Role.SYSTEM,
            text="",
            customer=None,
            ratings=(),
            fetch=f"response:{one.interaction_id}",
        )
        for one in CONNECTORS["standard"].events(request, source, at)
    ]


def _dialogue(
    waiting: Event, source: Source, credentials: Credentials
) -> Dialogue[Sequence[Event]]:
    name = waiting.fetch.removeprefix("response:")
    headers = bearer(credentials["token"])
    found = json_of((yield Call(f"{API}/{name}", headers=headers)), "the response")
    return _events(source, name, found)


def _events(source: Source, name: str, found: Mapping[str, Any]) -> list[Event]:
    common = {"source": source.name, "interaction_id": name}
    rating = (Rating.csat(found["csat"]),)
    return [
        event(f"{name}:text", **common, text=found["text"], customer="email:a@a.example"),
        event(f"{name}:csat", **common, kind=EventKind.RATING, text="", ratings=rating),
    ]


def _page(
    source: Source, credentials: Credentials, since: datetime, until: datetime, cursor: str | None
) -> Dialogue[Page]:
    place = f"{API}?from={since:%d}&to={until:%d}&after={cursor or ''}"
    found = json_of((yield Call(place, headers=bearer(credentials["token"]))), "the responses")
    events = [one for item in found["items"] for one in _events(source, item["id"], item)]
    return Page(events, found.get("next"))


def _register(url: str, _: Source, credentials: Credentials, secret: str) -> Dialogue[str]:
    wanted = {"url": url, "secret": secret}
    call = json_call(f"{API}/webhooks", "POST", bearer(credentials["token"]), wanted)
    body = json_of(checked((yield call), "the webhook"), "the webhook")
    return str(body.get("secret", secret))


THIN = replace(
    CONNECTORS["standard"],
    events=_waits,
    fetch=Fetch(_dialogue, ("token",), PER_MINUTE),
    backfill=Backfill(_page, ("token",), PER_MINUTE),
    registration=Registration(_register, ("token",)),
)


def wire(monkeypatch: Any, connector: Connector = THIN) -> None:
    """Let the source `shop` have this connector."""
    for module in ("receive", "fetch", "backfill", "register"):
        monkeypatch.setattr(
            f"chalicelib.pipeline.{module}.CONNECTORS", {"standard": connector}, raising=False
        )


def give_credentials(world: World, **api: str) -> None:
    """Write the API credentials of the source `shop` into its secret."""
    manager, secret_id = client("secretsmanager"), "oivallus/test/sources/shop"
    content = json.loads(manager.get_secret_value(SecretId=secret_id)["SecretString"])
    manager.put_secret_value(SecretId=secret_id, SecretString=json.dumps({**content, "api": api}))
    world.secrets._cache.clear()


def keys(world: World) -> list[EventKey]:
    """Take what waits to be understood."""
    return [EventKey(*json.loads(body)) for body, _ in _taken(world.queue.url)]


def jobs(world: World) -> list[Job]:
    """Take what waits to be fetched."""
    return [read_job(body) for body, _ in _taken(world.fetch_queue.url)]


def dead(world: World) -> list[tuple[Job, str]]:
    """Take the dead letters, with their reasons."""
    return [(read_job(body), why) for body, why in _taken(world.fetch_queue.dead_url)]


def waiting(world: World) -> int:
    """How many fetches are queued; a random delay may be under a second."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"]
    found = client("sqs").get_queue_attributes(QueueUrl=world.fetch_queue.url, AttributeNames=names)
    return sum(int(found["Attributes"][name]) for name in names)


def _taken(url: str) -> list[tuple[str, str]]:
    sqs, found = client("sqs"), []
    while messages := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    ).get("Messages"):
        for message in messages:
            why = message.get("MessageAttributes", {}).get("reason", {}).get("StringValue", "")
            found.append((message["Body"], why))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def fetched(hub: World, vendor: Vendor, *jobs: Job) -> None:
    """Fetch these, or the one that waits."""
    clock = hub.clock
    assert isinstance(clock, Clock)
    assert fetch(hub, jobs or [Job(WAITING)], vendor, clock.sleep) == frozenset()


def understood(hub: World) -> Summary:
    """Understand what is queued; what is counted then."""
    assert understand(hub, keys(hub)) == frozenset()
    return hub.summaries.read(date(2026, 11, 1), date(2026, 11, 30))


def outcomes(hub: World) -> dict[str, int]:
    """How the fetches so far ended."""
    assert isinstance(hub.count, Metrics)
    return {k[-1]: n for k, n in hub.count.items() if k[0] == "fetches"}


def queued_later(hub: World, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Job, float]]:
    """What is queued anew from here on, with its delay."""
    later: list[tuple[Job, float]] = []
    monkeypatch.setattr(
        FetchQueue, "put_later", lambda _, job, delay_s: later.append((job, delay_s))
    )
    return later

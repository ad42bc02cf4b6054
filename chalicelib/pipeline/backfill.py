"""backfill: a vendor's list API -> stored -> understood, page by page, from where it stopped."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS, vendor_api
from chalicelib.connectors.base import Source
from chalicelib.connectors.vendor_api import Answer, Backfill, Call
from chalicelib.errors import Misconfigured, Retryable, Skipped, Unreadable
from chalicelib.interaction import Event
from chalicelib.pipeline.rebuild import import_events
from chalicelib.pipeline.receive import as_source
from chalicelib.pipeline.vendors import Paced, Postponed, Send, Sleep, VendorFailed

#: How long a cursor is good for: what every connector promises.
CURSOR_LIFE = timedelta(days=1)
#: How long one call may wait for the vendor, seconds: somebody watches, so rather long than never.
PATIENCE_S = 3600.0
#: Before each repetition of a call that failed, seconds.
REPEATS_S = (2.0, 5.0, 15.0, 60.0)


@dataclass(frozen=True)
class Progress:
    """How far a backfill is; the sums are over all of its runs. `oldest` is None without events.

    `waiting` are the events of the last page that the endpoint did not judge yet, or that wait
    for their own fetch: the queues finish them.
    """

    events: int = 0
    new: int = 0
    oldest: datetime | None = None
    pages: int = 0
    waiting: int = 0


@dataclass(frozen=True)
class _Place:
    """What the registry remembers: what was asked for, and which page of which part comes next.

    The first part is [since, the run's until); another run adds what has come behind it.
    """

    since: datetime
    start: datetime
    until: datetime
    saved_at: datetime
    cursor: str | None = None
    done: bool = False
    progress: Progress = Progress()

    def dump(self) -> str:
        return json.dumps(asdict(self), default=datetime.isoformat)

    @classmethod
    def load(cls, text: str) -> Self:
        found = json.loads(text)
        for name in ("since", "start", "until", "saved_at"):
            found[name] = datetime.fromisoformat(found[name])
        sums = found.pop("progress")
        oldest = sums["oldest"] and datetime.fromisoformat(sums["oldest"])
        return cls(**found, progress=Progress(**{**sums, "oldest": oldest}))


def run(
    world: World,
    source_name: str,
    since: datetime,
    until: datetime,
    send: Send | None = None,
    *,
    restart: bool = False,
    sleep: Sleep = time.sleep,
) -> Iterator[Progress]:
    """Bring in what a source's vendor has of [since, until); yields after each page.

    Both are aware. Identities are those of a push: running it twice, or over what was pushed,
    changes nothing. An interrupted run with the same `since` goes on where it stopped, for a day,
    and then brings in what has come since; `restart` begins anew. `send` does the I/O; by default
    over the network. Raises Misconfigured for an unknown source, a vendor without a list API,
    or credentials that do not do; Retryable when the vendor or our tables do not answer: run it
    again to go on; Unreadable for an answer of another shape.
    """
    if since >= until:
        raise Misconfigured(f"nothing lies between {since:%Y-%m-%d} and {until:%Y-%m-%d}")
    source, way = _way(world, source_name)
    credentials = world.secrets.credentials(source_name, way.credentials)
    paced = Paced(
        world, source_name, way.calls_per_minute, send or world.vendors.send, PATIENCE_S, sleep
    )
    place = _resumed(world, source_name, since, until, restart)
    while not place.done:
        dialogue = way.page(source, credentials, place.start, place.until, place.cursor)
        try:
            page = vendor_api.run(dialogue, _repeating(paced, sleep))
        except Skipped as error:
            raise Misconfigured(f"sources.{source_name}: {error}") from error
        if page.cursor is not None and page.cursor == place.cursor:
            raise Unreadable(f"{source.connector}: the vendor's list gives the same page for ever")
        progress = _imported(world, page.events, place.progress)
        place = _following(replace(place, progress=progress), page.cursor, until, world.clock())
        # After the events: a run that is killed here reads the page again, and changes nothing.
        world.registry.keep_backfill(source_name, place.dump(), place.saved_at)
        yield progress


def _way(world: World, name: str) -> tuple[Source, Backfill]:
    config = world.organisation().sources.get(name)
    if config is None:
        raise Misconfigured(f"organisation.yaml has no source {name!r}")
    way = CONNECTORS[config.connector].backfill
    if way is None:
        raise Misconfigured(f"{config.connector} has no list to fill back from; import a file")
    return as_source(name, config, world.listens), way


def _resumed(world: World, name: str, since: datetime, until: datetime, restart: bool) -> _Place:
    """Where an interrupted run stopped, or the beginning."""
    now = world.clock()
    text = None if restart else world.registry.backfill(name)
    if text is not None:
        place = _Place.load(text)
        alive = place.cursor is None or now - place.saved_at <= CURSOR_LIFE
        if not place.done and place.since == since and place.until <= until and alive:
            return place
    return _Place(since, since, until, now)


def _following(place: _Place, cursor: str | None, until: datetime, now: datetime) -> _Place:
    """The next page, the part behind the last one, or the end."""
    place = replace(place, cursor=cursor, saved_at=now)
    if cursor is not None:
        return place
    if place.until < until:
        return replace(place, start=place.until, until=until)
    return replace(place, done=True)


def _imported(world: World, events: Sequence[Event], before: Progress) -> Progress:
    """Store and understand the events of a page."""
    done = list(import_events(world, events))
    times = [event.occurred_at for event in events]
    if before.oldest is not None:
        times.append(before.oldest)
    return Progress(
        events=before.events + len(events),
        new=before.new + sum(batch.new for batch in done),
        oldest=min(times, default=None),
        pages=before.pages + 1,
        waiting=sum(batch.failed for batch in done) + sum(bool(event.fetch) for event in events),
    )


def _repeating(paced: Paced, sleep: Sleep) -> Send:
    """Sends at the vendor's pace, and again what failed for now."""

    def send(call: Call) -> Answer:
        for pause_s in REPEATS_S:
            try:
                return paced(call)
            except Postponed:
                raise
            except VendorFailed as error:
                sleep(max(pause_s, error.wait_s))
            except Retryable:
                sleep(pause_s)
        return paced(call)

    return send

"""`hub demo`: the invented company's half year, and its digests, in one go."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import yaml
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from chalicelib.connectors.base import Outcome, Source
from chalicelib.interaction import Event
from chalicelib.organisation import WEEKDAYS, Organisation
from chalicelib.pipeline.rebuild import import_events
from chalicelib.pipeline.receive import as_source
from infra.commands import letters, sending
from infra.commands.rows import Rows
from infra.commands.worlds import counted
from infra.local.hub import LocalHub

DRAIN_S = 600


@dataclass
class Report:
    """What happened, for the table at the end. `stages` are seconds."""

    stages: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    statuses: Mapping[int, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    letters: list[letters.Letter] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.stages[name] = time.perf_counter() - started


def run_story(organisation_text: str, today: date, out: Path, progress: Progress) -> Report:
    """History by import, two weeks by signed requests, then the week's digests."""
    from infra.demo import story

    report = Report()
    with report.stage("write the story"):
        history, live = list(story.history(today)), list(story.live(today))
    with _hub(organisation_text, report) as hub:
        first = min((delivery.at for delivery in live), default=_now())
        with report.stage("import history"), hub.clock.at(first):
            _import(hub, history, len(history), progress)
        with report.stage("receive"):
            deliveries = story.signed(hub, live)
            _send(deliveries, len(live), progress, report)
        _finish(hub, today, out, progress, report)
    return report


def run_file(organisation_text: str, path: Path, out: Path, progress: Progress) -> Report:
    """The digests of a user's own messages: of the last full week in them, or before today.

    Raises Unreadable when the file is neither CSV nor JSON Lines, NoSuchSource where
    organisation.yaml has no source for files.
    """
    report = Report()
    with _hub(_files_alone(organisation_text), report) as hub:
        source = file_source(hub.organisation)
        rows = Rows(path, source, _now())
        days = _Days(hub.organisation)
        with report.stage("import"):
            _import(hub, days.seen(rows.events()), rows.total, progress)
        report.refused = rows.reasons
        report.counts["refused"] = rows.refused
        _finish(hub, days.digest_monday(hub.organisation.local_day(_now())), out, progress, report)
    return report


def _files_alone(organisation_text: str) -> str:
    """The organisation without its webhooks: they deliver nothing here, and are not silent."""
    content = yaml.safe_load(organisation_text)
    sources = content["sources"].items()
    content["sources"] = {k: v for k, v in sources if v["connector"] == "rows"} or content[
        "sources"
    ]
    return str(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))


class NoSuchSource(ValueError):
    """organisation.yaml has no source that a command needs; the text names the remedy."""


def file_source(organisation: Organisation, name: str | None = None) -> Source:
    """The source that imported rows belong to: the named one, or the first for files.

    Raises NoSuchSource.
    """
    for found, config in organisation.sources.items():
        if found == name or (name is None and config.connector == "rows"):
            return as_source(found, config)
    raise NoSuchSource(
        f"organisation.yaml has no source {name!r}; it has {', '.join(organisation.sources)}"
        if name
        else "organisation.yaml has no source for files; add one with 'connector: rows'"
    )


@dataclass
class _Days:
    """The first and last local day of the events that pass."""

    organisation: Organisation
    first: date | None = None
    last: date | None = None

    def seen(self, events: Iterable[Event]) -> Iterator[Event]:
        for event in events:
            day = self.organisation.local_day(event.occurred_at)
            self.first = min(self.first or day, day)
            self.last = max(self.last or day, day)
            yield event

    def digest_monday(self, today: date) -> date:
        """The Monday after the last week that is full, both in the data and in the calendar.

        Data within one week give that week, full or not.
        """
        this_week = _monday(today)
        if self.first is None or self.last is None:
            return this_week
        after = _monday(self.last + timedelta(days=1))
        if after == _monday(self.first):
            after += timedelta(weeks=1)
        return min(after, this_week)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def _hub(organisation_text: str, report: Report) -> Iterator[LocalHub]:
    started = time.perf_counter()
    with LocalHub(organisation_text, replaying=True) as hub:
        report.stages["start the hub"] = time.perf_counter() - started
        yield hub


def _import(hub: LocalHub, events: Iterable[Event], total: int, progress: Progress) -> None:
    task = progress.add_task("import", total=total)
    with counted(hub.cloudwatch, "import"):
        for batch in import_events(hub.world, events):
            progress.advance(task, batch.events)
    progress.update(task, completed=total)


def _send(
    deliveries: Iterable[sending.Delivery],
    total: int,
    progress: Progress,
    report: Report,
) -> None:
    task = progress.add_task("receive", total=total)
    sent = sending.send(deliveries, lambda: progress.advance(task))
    report.statuses = sent.statuses


def _finish(hub: LocalHub, monday: date, out: Path, progress: Progress, report: Report) -> None:
    """Wait until all is understood, roll up, and send the digests of the week before `monday`."""
    with report.stage("understand the rest"):
        _drain(hub, progress)
    moments = digest_moments(hub.organisation, _monday(monday))
    with report.stage("roll up"):
        hub.run_schedule("roll_up", at=moments[0])
    with report.stage("send digests"):
        for moment in moments:
            hub.run_schedule("send_digests", at=moment)
    with report.stage("write the digests"):
        report.letters = letters.write(hub.mails(), out)
    metrics = hub.metrics()
    received = {
        str(outcome): metrics.total("deliveries", outcome=outcome)
        for outcome in Outcome
        if metrics.total("deliveries", outcome=outcome)
    }
    report.counts |= {
        "received": sum(received.values()),
        **received,
        "understood": metrics.total("events_understood"),
        "interactions": hub.count("INTERACTIONS_TABLE"),
        "digests": metrics.total("digests_sent"),
    }


def _drain(hub: LocalHub, progress: Progress) -> None:
    queued = hub.queued()
    task = progress.add_task("understand", total=max(queued, 1))

    def show(left: int) -> None:
        progress.update(task, completed=max(queued - left, 0))

    hub.drain(DRAIN_S, show)
    progress.update(task, completed=max(queued, 1))


def digest_moments(organisation: Organisation, monday: date) -> list[datetime]:
    """When the departments' digests leave in the week of `monday`, aware, each moment once."""
    schedules = {department.schedule for department in organisation.departments}
    return sorted(
        datetime.combine(
            monday + timedelta(days=WEEKDAYS.index(schedule.weekday)),
            schedule.at,
            organisation.zone,
        )
        for schedule in schedules
    )


def bars(console: Console) -> Progress:
    """The progress bars of the long stages."""
    return Progress(
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )

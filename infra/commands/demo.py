"""`hub demo`: the invented company's half year, and its digests, in one go."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import yaml
from rich.progress import Progress

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Outcome
from chalicelib.interaction import Event
from chalicelib.organisation import WEEKDAYS, Organisation
from chalicelib.pipeline.rebuild import import_events
from infra.commands import letters, samples, sending
from infra.commands.rows import Rows, file_source, read
from infra.commands.worlds import counted
from infra.demo import story
from infra.demo.delivery import Delivery
from infra.local.hub import LocalHub

DRAIN_S = 600
#: Enough contacts that a department's week has something to say; under two minutes to run.
VOLUME = 2.5


@dataclass
class Report:
    """What happened, for the table at the end. `stages` are seconds."""

    stages: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    unexpected: int = 0  # answers that the story did not foresee
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
    report = Report()
    with report.stage("write the story"):
        history = list(enumerate(story.history(today, volume=VOLUME), start=1))
        live = list(story.live(today, volume=VOLUME))
    with _hub(story.organisation_at(organisation_text, today), report) as hub:
        with report.stage("import history"), hub.clock.at(live[0].occurred_at):
            organisation = hub.organisation
            rows = Rows(history, organisation, file_source(organisation), hub.clock())
            _import(hub, rows.events(), len(history), progress)
            report.refused = rows.reasons
        with report.stage("receive"):
            task = progress.add_task("receive", total=len(live))
            sent = sending.send(signed(hub, live), lambda: progress.advance(task))
            report.unexpected = sent.unexpected
        _finish(hub, today, out, progress, report)
    return report


def signed(hub: LocalHub, live: Iterable[Delivery]) -> Iterator[sending.Delivery]:
    """The story's deliveries, each signed by its vendor's scheme at the moment of its sending."""
    secrets = {name: hub.secret(name) for name in samples.webhook_sources(hub.organisation)}
    at = datetime.min.replace(tzinfo=UTC)
    for delivery in live:
        at = max(at, delivery.occurred_at)  # one that is late is signed when it comes
        connector = CONNECTORS[hub.organisation.sources[delivery.source].connector]
        secret = secrets[delivery.source]
        if delivery.forged:
            secret = connector.new_secret()
        request = delivery.request(f"{hub.url}/webhooks/{delivery.source}")
        status = connector.status_for(delivery.expected)
        yield sending.Delivery(connector.sign(request, secret, at), at, status)


def run_file(organisation_text: str, path: Path, out: Path, progress: Progress) -> Report:
    """The digests of a user's own messages: of the last full week in them, or before today.

    Raises Unreadable when the file is neither CSV nor JSON Lines, NoSuchSource where
    organisation.yaml has no source for files.
    """
    report = Report()
    numbered = read(path)
    with _hub(_files_alone(organisation_text), report) as hub:
        organisation = hub.organisation
        rows = Rows(numbered, organisation, file_source(organisation), hub.clock())
        days = _Days(organisation)
        with report.stage("import"):
            _import(hub, days.seen(rows.events()), len(numbered), progress)
        report.refused = rows.reasons
        report.counts |= {"rows": len(numbered), "refused": rows.refused}
        monday = days.digest_monday(organisation.local_day(hub.clock()))
        _finish(hub, monday, out, progress, report)
    return report


def _files_alone(organisation_text: str) -> str:
    """The organisation without its webhooks: they deliver nothing here, and are not silent."""
    content = yaml.safe_load(organisation_text)
    sources = content["sources"].items()
    files = {name: source for name, source in sources if source["connector"] == "rows"}
    content["sources"] = files or content["sources"]
    return str(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))


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
    if report.unexpected:
        report.counts["answered otherwise"] = report.unexpected
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

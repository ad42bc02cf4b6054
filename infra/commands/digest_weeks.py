"""`hub digest`: the digests of many weeks as files, each as it would have been sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from chalicelib.adapters.interactions import Interactions
from chalicelib.adapters.world import World
from chalicelib.digest import IsoWeek, Links, compose, render, whole_week, with_quotes
from chalicelib.digest.whole import WholeWeek
from chalicelib.organisation import WEEKDAYS, Department, Organisation
from chalicelib.pipeline.customers import more_of
from chalicelib.pipeline.digests import HISTORY_WEEKS, quote_candidates
from chalicelib.summary import Summary, contacts_by_day
from infra.commands import cli
from infra.commands.audit import write_down
from infra.commands.cli import AsJson, OrganisationFile, Profile, Stage
from infra.commands.worlds import NoHub, local_environment, quiet
from infra.paths import ORGANISATION, OUT

UNSUBSCRIBE = "about:blank"  # nobody is written to, so there is nothing to stop


@dataclass(frozen=True)
class Written:
    """One digest as files."""

    week: str
    department: str
    subject: str
    html: Path
    text: Path


@cli.app.command(rich_help_panel=cli.SEE)
def digest(  # noqa: PLR0913, PLR0917 - options
    weeks: Annotated[int, typer.Option(min=1, max=520, help="How many full weeks.")] = 1,
    output: Annotated[Path, typer.Option("--out", help="Where the digests go.")] = OUT,
    story: Annotated[
        bool, typer.Option("--story", help="Of the demo's invented company; no hub is needed.")
    ] = False,
    organisation: OrganisationFile = ORGANISATION,
    today: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day to look back from.")
    ] = None,
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """Write the digests of the last weeks, each as it would have been sent; nothing is sent.

    They quote customers, so who asked for them is written down. Weeks before the first contact are
    left out. With --story, and where no local hub runs, they
    are of the demo's invented company: its half year, or with --weeks 52 its whole year.
    """
    if not (story or stage or _runs_here()):
        told = "no local hub runs here: these are the digests of the demo's invented company"
        cli.err.print(told, style="yellow")
        story = True
    if story:
        day = today.date() if today else date.today()  # noqa: DTZ011 - the reader's own day
        done = of_story(cli.valid_text(organisation), day, weeks, output)
    else:
        hub = cli.connect(stage, profile)
        now = hub.world.clock()
        day = today.date() if today else hub.world.organisation().local_day(now)
        asked = full_weeks(day, weeks)
        # The letters quote customers.
        write_down(hub, "digest", "/".join(str(week) for week in (asked[0], asked[-1])))
        with quiet("digest"):
            done = write(hub.world, day, weeks, output)
    if as_json:
        cli.show_json([vars(one) for one in done])
        return
    for one in done:
        cli.out.print(f"{one.week} {one.department}: {one.subject}", markup=False, soft_wrap=True)
    cli.out.print(f"{cli.many(len(done), 'digest')} in {output}")


def _runs_here() -> bool:
    try:
        local_environment()
    except NoHub:
        return False
    return True


def full_weeks(today: date, weeks: int) -> list[IsoWeek]:
    """The `weeks` full weeks before `today`, the oldest first."""
    last = IsoWeek.of(today).back()
    return [last.back(age) for age in range(weeks - 1, -1, -1)]


@dataclass(frozen=True)
class _Remembering(Interactions):
    """Reads who contacted when once for all the weeks: half of their time."""

    _known: list[tuple[str, datetime]] = field(default_factory=list)

    def rhythm(self) -> Iterator[tuple[str, datetime]]:
        if not self._known:
            self._known.extend(super().rhythm())
        return iter(self._known)


def write(
    world: World, today: date, weeks: int, out: Path, seen: Callable[[WholeWeek], object] = id
) -> list[Written]:
    """The digests of the `weeks` full weeks before `today`, the oldest first.

    `seen` is shown each week's insights.
    """
    out.mkdir(parents=True, exist_ok=True)
    organisation = world.organisation()
    world = replace(world, interactions=_Remembering(world.interactions.summary_partitions))
    every = full_weeks(today, weeks)
    shown = track(every, "digests", console=Console(stderr=True), transient=True)
    return [one for week in shown for one in _week(world, organisation, week, out, seen)]


def _week(
    world: World,
    organisation: Organisation,
    week: IsoWeek,
    out: Path,
    seen: Callable[[WholeWeek], object],
) -> Iterator[Written]:
    summary = world.summaries.read(week.back(HISTORY_WEEKS - 1).monday, week.sunday)
    if not summary.cells:
        return
    whole = whole_week(organisation, week, summary, more_of(world, organisation, week, summary))
    seen(whole)
    for department in organisation.departments:
        at = _leaves(organisation, department, week)
        composed = compose(
            organisation,
            department,
            week,
            summary,
            heard(world, organisation, summary, at),
            at,
            whole,
        )
        quotes = {
            (theme, feeling): list(
                quote_candidates(world, organisation, week.monday, theme, feeling)
            )
            for theme, feeling in composed.quote_requests
        }
        mail = render(with_quotes(composed, quotes), Links(UNSUBSCRIBE, organisation.contact))
        html, text = (out / f"{week}-{department.id}.{kind}" for kind in ("html", "txt"))
        html.write_text(mail.html, encoding="utf-8")
        text.write_text(f"{mail.subject}\n\n{mail.text}", encoding="utf-8")
        yield Written(str(week), department.id, mail.subject, html, text)


def _leaves(organisation: Organisation, department: Department, week: IsoWeek) -> datetime:
    """When the department's digest of a week leaves, aware: on its weekday of the week after."""
    schedule = department.schedule
    day = week.back(-1).monday + timedelta(days=WEEKDAYS.index(schedule.weekday))
    return datetime.combine(day, schedule.at, organisation.zone)


def heard(
    world: World, organisation: Organisation, summary: Summary, at: datetime
) -> dict[str, datetime | None]:
    """When each webhook source was last heard from, as far as was known at `at`.

    The log keeps the latest delivery alone; before it, the counts tell the day. A source that had
    not delivered anything by then was not there yet, and is left out.
    """
    found: dict[str, datetime | None] = {}
    for name, source in organisation.sources.items():
        if source.connector == "rows":
            continue
        latest = world.log.last_received_at(name)
        if latest is not None and latest <= at:
            found[name] = latest
        elif last := _last_counted(organisation, summary, name):
            found[name] = min(last, at)
    return found


def _last_counted(organisation: Organisation, summary: Summary, source: str) -> datetime | None:
    """The end of the last local day with counts of a source; rolled-up weeks tell it roughly."""
    cells = {cell: m for cell, m in summary if m.get(f"source:{source}", 0) > 0}
    days = [day for day, n in contacts_by_day(Summary(cells)).items() if n > 0]
    if not days:
        return None
    return datetime.combine(max(days) + timedelta(days=1), time(), organisation.zone)


def of_story(
    text: str, today: date, weeks: int, out: Path, seen: Callable[[WholeWeek], object] = id
) -> list[Written]:
    """The demo's half year, or its year where more is asked for, in a hub of its own."""
    from chalicelib.pipeline.rebuild import import_events
    from infra.commands import demo, sending
    from infra.commands.rows import Rows, file_source
    from infra.demo import plot, story
    from infra.local.hub import LocalHub

    monday = IsoWeek.of(today).monday
    year = weeks > plot.DIGEST_WEEK + 1
    past = story.history(today, volume=demo.VOLUME, year=year)
    history = list(enumerate(past, start=1))
    live = list(story.live(today, volume=demo.VOLUME))
    told = story.organisation_at(text, today, year=year)
    with LocalHub(told, replaying=True) as hub, quiet("digest"):
        with hub.clock.at(live[0].occurred_at):
            rows = Rows(history, hub.organisation, file_source(hub.organisation), hub.clock())
            for _ in import_events(hub.world, rows.events()):
                pass
        sending.send(demo.signed(hub, live), lambda: None)
        hub.drain(demo.DRAIN_S)
        hub.run_schedule("roll_up", at=demo.digest_moments(hub.organisation, monday)[0])
        return write(hub.world, today, weeks, out, seen)

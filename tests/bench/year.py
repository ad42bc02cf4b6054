"""A whole year of the invented company: every claim of a change, beside what was planted.

`python -m tests.bench.year` tells the 52 weeks from the story's own contacts, as if every theme and
mood had been recognised, for several seeds. `--out DIR` goes the whole way instead: it writes the
digests through a hub with its model, as `hub digest --weeks 52 --out DIR` does, and lists the
claims of those.

A claim is unfounded where the rates and moods of the story (`infra/demo`) did not change that way
by a tenth: what the model took for another theme counts against it too. In the week in which the
whole house was busier, a theme's rate is taken beside the house's, as the digest takes it.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import fmean

from rich.console import Console
from rich.table import Table

from chalicelib.digest.whole import More, WholeWeek, whole_week
from chalicelib.insights.actions import Outcome
from chalicelib.insights.new_topics import Text, new_topics
from chalicelib.insights.trends import RECENT_WEEKS, TREND_WEEKS
from chalicelib.insights.verdict import Verdict
from chalicelib.insights.weeks import IsoWeek
from chalicelib.insights.words import words
from chalicelib.organisation import read
from chalicelib.summary import UNSURE, Cell, Summary
from infra.commands import digest_weeks
from infra.commands.demo import VOLUME
from infra.demo import earlier, plot, story
from infra.demo.contact import Contact
from infra.demo.phrasing import LANGUAGES, bank
from infra.demo.simulate import ZONE, contacts, earlier_contacts, first_monday
from infra.paths import ORGANISATION

WEEKS, HISTORY_WEEKS = 52, 27
UNSURE_SHARE = 10  # one in so many of the other texts fits no theme either
CHANGED = 1.1  # times; less is no change that was planted
#: Weeks from which people felt otherwise; scores are compared by up to four weeks against four.
MOODS = (plot.NEW_INSTRUCTIONS, plot.STRIKE, earlier.SLOW_REFUNDS.start, 0)
MOOD_WEEKS = 8


@dataclass(frozen=True)
class Claim:
    """What a week's digests say has changed, and whether that was planted."""

    week: IsoWeek
    kind: str
    what: str
    planted: bool


def claims(whole: WholeWeek, monday: date) -> Iterator[Claim]:
    """The claims of one week; `monday` is that of the story's week 0."""
    at = (whole.week.monday - monday).days // 7
    for finding in (*whole.findings.themes, whole.findings.house):
        if finding and finding.theme != UNSURE:  # which no digest names
            verdict = _differs(finding.theme, at, finding.weeks, whole.past.weeks)
            what = f"{finding.theme} {finding.count} of {finding.usual:.0f} in {finding.weeks}"
            yield Claim(whole.week, "versus usual", what, verdict is finding.verdict)
    for rise in whole.rises:
        rates = [_own(rise.theme, at - age) for age in range(TREND_WEEKS)]
        grown = fmean(rates[:RECENT_WEEKS]) >= CHANGED * fmean(rates[RECENT_WEEKS:])
        yield Claim(whole.week, "rising", rise.theme, grown)
    for topic in whole.more.new_topics:
        named = topic.voices[0].words
        what = f"{', '.join(named)} ({topic.now})"
        yield Claim(whole.week, "new topic", what, _is_planted(named, at))
    for effect in whole.effects:
        if effect.outcome in {Outcome.HELPED, Outcome.HURT}:
            helped = effect.outcome is Outcome.HELPED
            true = helped and effect.action in {"refund-queue", "invoice-fix"}
            yield Claim(whole.week, "fix", f"{effect.action} {effect.outcome}", true)
    for moved in whole.moved:
        near = any(0 <= at - start <= MOOD_WEEKS for start in MOODS)
        what = f"{moved.movement.question} {moved.movement.change:+.2f}"
        yield Claim(whole.week, "what moved a score", what, near)


def _differs(theme: str | None, at: int, weeks: int, history: int) -> Verdict:
    """How the planted rate of the last weeks differs from that of the weeks before them."""

    def rate(week: int) -> float:
        if theme:
            return _own(theme, week)
        return sum(plot.expected(one, week) for one in plot.TOPICS)

    now, usual = (
        fmean(rate(week) for week in span)
        for span in (range(at - weeks + 1, at + 1), range(at - history, at - weeks + 1))
    )
    if now >= CHANGED * usual:
        return Verdict.MORE
    return Verdict.LESS if usual >= CHANGED * now else Verdict.SAME


def _own(theme: str, week: int) -> float:
    """A theme's planted rate, without what all themes had more in the busy week."""
    return plot.expected(theme, week) / (earlier.BUSY if week == earlier.BUSY_WEEK else 1.0)


def _is_planted(named: Sequence[str], at: int) -> bool:
    """Whether a new topic of those weeks is named by words that its customers use."""
    for topic in plot.UNTHEMED:
        if plot.expected(topic, at):
            lines = [text for one in LANGUAGES for text in bank(one)[topic]["negative"]["any"]]
            said = {w for text in lines for w in words(text)}
            return sum(any(w[:5].lower() == s[:5] for s in said) for w in named) * 2 > len(named)
    return False


# --- the year without a hub ---------------------------------------------------------------------


def counts(contacts: Sequence[Contact]) -> Summary:
    """The counts of contacts whose theme and mood are known."""
    cells: dict[Cell, Counter[str]] = {}
    for one in contacts:
        day = one.started_at.astimezone(ZONE).date()
        theme = UNSURE if one.theme in {"", *plot.UNTHEMED} else one.theme
        demand = "failure" if plot.repeats(one.theme, one.mood) else "value"
        cell = Cell(day, theme, one.touchpoint, one.channel.value, demand)
        told = cells.setdefault(cell, Counter())
        told.update(("contacts", f"weekday:{day.isoweekday()}", f"source:{one.source}"))
        if one.turns:
            told[one.mood] += 1
        if one.nps is not None:
            told[f"nps:{_group(one.nps)}"] += 1
        for kind, score in (("csat", one.csat), ("ces", one.ces)):
            if score is not None:
                told.update({f"{kind}:n": 1, f"{kind}:sum": score, f"{kind}:sumsq": score**2})
    return Summary({cell: dict(told) for cell, told in cells.items()})


def _group(score: int) -> str:
    return "promoter" if score >= 9 else "passive" if score >= 7 else "detractor"


def told_year(today: date, weeks: int, seed: int) -> Iterator[WholeWeek]:
    """The insights of the year's weeks, from the contacts themselves."""
    text = story.organisation_at(ORGANISATION.read_text(encoding="utf-8"), today, year=True)
    store, monday = read(text), first_monday(today)
    every = [*earlier_contacts(today, seed, VOLUME), *contacts(today, seed, VOLUME)]
    by_week: dict[int, list[Contact]] = {}
    for one in every:
        by_week.setdefault(one.week, []).append(one)
    for at in range(plot.CURRENT_WEEK - weeks, plot.CURRENT_WEEK):
        span = range(at - HISTORY_WEEKS + 1, at + 1)
        summary = counts([one for week in span for one in by_week.get(week, ())])
        before = [t for week in range(at - 8, at) for t in _unsure(by_week.get(week, ()))]
        topics = new_topics(list(_unsure(by_week.get(at, ()))), before)
        week = IsoWeek(monday + timedelta(weeks=at))
        yield whole_week(store, week, summary, More(new_topics=topics))


def _unsure(week: Sequence[Contact]) -> Iterator[Text]:
    for one in week:
        if one.turns and (one.theme in plot.UNTHEMED or one.number % UNSURE_SHARE == 0):
            yield Text(str(one.number), one.vendor_customer, one.turns[0].text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weeks", type=int, default=WEEKS)
    parser.add_argument("--seeds", type=int, default=3, help="years without a hub")
    parser.add_argument("--today", type=date.fromisoformat, default=date(2026, 11, 23))
    parser.add_argument("--out", type=Path, help="write the digests there, through a hub")
    chosen = parser.parse_args()
    monday = first_monday(chosen.today)
    if chosen.out:
        found: list[Claim] = []
        digest_weeks.of_story(
            ORGANISATION.read_text(encoding="utf-8"),
            chosen.today,
            chosen.weeks,
            chosen.out,
            lambda whole: found.extend(claims(whole, monday)),
        )
        _show(found, "as the model understood it", chosen.weeks)
        return
    for seed in range(1, chosen.seeds + 1):
        year = told_year(chosen.today, chosen.weeks, seed)
        found = [claim for whole in year for claim in claims(whole, monday)]
        _show(found, f"seed {seed}", chosen.weeks)


def _show(found: Sequence[Claim], which: str, weeks: int) -> None:
    console = Console(width=160)
    table = Table("week", "claim", "of what", "planted", title=f"{weeks} weeks, {which}")
    for one in found:
        table.add_row(str(one.week), one.kind, one.what, "yes" if one.planted else "NO")
    console.print(table)
    unfounded = Counter(one.kind for one in found if not one.planted)
    console.print(f"{len(found)} claims, {unfounded.total()} not planted: {dict(unfounded)}")


if __name__ == "__main__":
    main()

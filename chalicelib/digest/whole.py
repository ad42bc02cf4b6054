"""Whole: what holds for the whole organisation's week, computed once, read by every digest.

`whole_week` goes through 27 weeks of counts a few times; composing a department's digest from it
only selects.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from chalicelib.digest.by_channel import (
    ChannelForecast,
    Wait,
    daily_of,
    forecasts,
    waits,
    workload,
)
from chalicelib.insights.actions import Effect, Outcome, effect
from chalicelib.insights.answering import Answering, answering
from chalicelib.insights.cost import failure_cost
from chalicelib.insights.demand import failure_demand
from chalicelib.insights.drivers import Driver, drivers
from chalicelib.insights.effort import Effort
from chalicelib.insights.effort import effort as efforts
from chalicelib.insights.exposure import exposure, public_holidays
from chalicelib.insights.history import BASELINE_WEEKS, History, history
from chalicelib.insights.hotspots import HotSpot, hot_spots
from chalicelib.insights.moved import OTHERS, Movement, movement
from chalicelib.insights.new_topics import NewTopic
from chalicelib.insights.personas import Apart, personas
from chalicelib.insights.pre_questions import PreQuestions, pre_questions
from chalicelib.insights.priorities import Evidence, Proposal, priorities
from chalicelib.insights.proportion import Share
from chalicelib.insights.ratings import QUESTIONS, Question
from chalicelib.insights.read_anew import ReadAnew, read_anew
from chalicelib.insights.repeats import Repeats
from chalicelib.insights.silent import Silent
from chalicelib.insights.themes import judged
from chalicelib.insights.together import Pair, Word, pairs
from chalicelib.insights.touchpoints import journey
from chalicelib.insights.trends import Rise, rising
from chalicelib.insights.unanswered import Estimate, estimate, response_rates
from chalicelib.insights.usual import Findings, house_exposures, versus_usual
from chalicelib.insights.verdict import Verdict
from chalicelib.insights.weeks import IsoWeek
from chalicelib.organisation import Organisation
from chalicelib.summary import UNSURE, Summary, weekly

ANSWERS_FROM = 100  # in both weeks; fewer are compared by four weeks
SILENT_WEEKS = 4  # what was told once is no news in so many weeks
ACTION_WEEKS = 12  # after so many weeks a fix's result has been told
RECENT_WEEKS = 4  # pooled: high effort, personas and ratings are few in one week
NEARLY = 0.8
DIMENSIONS = ("touchpoint", "theme", "channel")
_RATED = ("nps:", "csat:n", "csat:sum", "ces:n", "ces:sum")  # csat:sum is csat:sumsq's prefix too


@dataclass(frozen=True)
class More:
    """What counts alone cannot tell: whoever reads interactions supplies it, or nobody does.

    `repeats` is of the week before, whose window has passed. `silent` are some of those who fell
    silent where not every customer was looked at. `words` is theme -> telling words.
    """

    repeats: Repeats | None = None
    new_topics: tuple[NewTopic, ...] = ()
    silent: tuple[Silent, ...] = ()
    words: Mapping[str, tuple[Word, ...]] = field(default_factory=dict)
    every_customer: bool = True


@dataclass(frozen=True)
class Moved:
    """Why a score changed: the last `weeks` (1 or 4) against as many before.

    `movement` is by the dimension that tells most: touchpoint, theme or channel.
    """

    weeks: int
    dimension: str
    movement: Movement


@dataclass(frozen=True)
class Recent:
    """What four weeks tell of customers' effort, of those who answer, and of personas."""

    effort: Effort | None = None
    pre_questions: PreQuestions | None = None
    answering: Answering | None = None
    apart: tuple[Apart, ...] = ()


@dataclass(frozen=True)
class WholeWeek:
    """One week of the organisation. `before` is None in the first week."""

    week: IsoWeek
    now: Summary
    before: Summary | None
    past: History
    exposures: tuple[float, ...]
    findings: Findings
    rises: tuple[Rise, ...]
    moved: tuple[Moved, ...]
    effects: tuple[Effect, ...]
    forecasts: tuple[ChannelForecast, ...]
    workload: ChannelForecast | None  # all channels together
    waits: tuple[Wait, ...]
    estimate: Estimate | None
    response: Mapping[str, Share]
    drivers: tuple[Driver, ...]
    hot_spots: tuple[HotSpot, ...]
    pairs: tuple[Pair, ...]
    proposals: tuple[Proposal, ...]
    recent: Recent
    more: More
    anew: ReadAnew | None = None


NO_MORE = More()


def whole_week(
    organisation: Organisation, week: IsoWeek, summary: Summary, more: More = NO_MORE
) -> WholeWeek:
    """Everything that does not depend on the reader; `summary` covers 27 weeks, all cells."""
    anew = read_anew(summary, week)
    past = history(summary, week, anew.weeks if anew else BASELINE_WEEKS)
    closed = closed_days(organisation, past)
    exposures = exposure(past.daily, week, past.weeks, closed)
    # Days told at their Monday are a seventh of the cells, and no section tells of days.
    now = weekly(summary.between(week.monday, week.sunday))
    last = week.back()
    # A week before the first contact is no week to compare with.
    before = weekly(summary.between(last.monday, last.sunday)) if past.weeks else None
    daily = daily_of(summary)
    findings = versus_usual(past.by_theme["contacts"], exposures)
    rises = _news_of(past, exposures, findings)
    effects = _effects(organisation, past)
    spots = _hot_spots(now) if past.judged else ()
    return WholeWeek(
        week,
        now,
        before,
        past,
        exposures,
        findings,
        rises,
        _moved(summary, week) if past.judged else (),
        effects,
        forecasts(daily, week, closed),
        workload(daily, week, closed),
        waits(summary, week),
        estimate(summary, week),
        response_rates(summary, week),
        drivers(summary, week),
        spots,
        pairs(now),
        priorities(organisation, _evidence(organisation, now, findings, rises, spots, effects)),
        _recent(organisation, summary, past),
        more,
        anew,
    )


def closed_days(organisation: Organisation, past: History) -> Collection[date]:
    """The public holidays of the past, of the week, and of the next one."""
    first, last = past.week.back(past.weeks).monday, past.week.back(-1).sunday
    return public_holidays(organisation.country, range(first.year, last.year + 1))


def _evidence(
    organisation: Organisation,
    now: Summary,
    findings: Findings,
    rises: tuple[Rise, ...],
    spots: tuple[HotSpot, ...],
    effects: tuple[Effect, ...],
) -> Evidence:
    negatives: dict[str, dict[str, int]] = {}
    for cell, measures in now:
        if measures.get("negative"):
            of = negatives.setdefault(cell.touchpoint, {})
            of[cell.theme] = of.get(cell.theme, 0) + measures["negative"]
    return Evidence(
        failure_demand(now),
        failure_cost(now, organisation.price, {}),
        findings,
        rises,
        spots,
        journey(now, organisation.touchpoints).heard,
        effects,
        negatives,
    )


def _news_of(past: History, exposures: Sequence[float], findings: Findings) -> tuple[Rise, ...]:
    """Rising themes that were not told in the four weeks before, and did not jump this week."""
    table = {t: s for t, s in past.by_theme["contacts"].items() if t != UNSURE}
    found = rising(table, house_exposures(table, exposures))
    told = {f.theme for f in findings.themes if f.verdict is Verdict.MORE and f.weeks == 1}
    for age in range(1, SILENT_WEEKS + 1) if found else ():
        earlier, opened = {t: s[:-age] for t, s in table.items()}, exposures[:-age]
        told |= {rise.theme for rise in rising(earlier, house_exposures(earlier, opened))}
    return tuple(rise for rise in found if rise.theme not in told)


def _effects(organisation: Organisation, past: History) -> tuple[Effect, ...]:
    table = {t: s for t, s in past.by_theme["contacts"].items() if t != UNSURE}
    found = (
        effect(one.id, one.theme, one.done, one.compare_with, table, past.week)
        for one in organisation.actions
    )
    return tuple(
        one
        for one in found
        if one and one.outcome is not Outcome.NOT_COMPARABLE and one.weeks_after <= ACTION_WEEKS
    )


def _recent(organisation: Organisation, summary: Summary, past: History) -> Recent:
    """Nothing until four whole weeks have been: the words say 'four weeks'."""
    if past.weeks < RECENT_WEEKS - 1:
        return Recent()
    first = past.week.back(RECENT_WEEKS - 1)
    weeks = summary.between(first.monday, past.week.sunday)
    ids = [persona.id for persona in organisation.personas]
    return Recent(efforts(weeks), pre_questions(weeks), answering(weeks), personas(weeks, ids))


def _hot_spots(now: Summary) -> tuple[HotSpot, ...]:
    groups = now.by(lambda cell: cell.touchpoint)
    return hot_spots(
        {place: (m["negative"], judged(m)) for place, m in groups.items() if place != UNSURE}
    )


# --- what moved a score -------------------------------------------------------------------------

Segments = dict[str, dict[str, int]]  # segment -> summed measures of ratings
Weeks = dict[int, dict[str, Segments]]  # weeks before this one -> dimension -> segments


def _moved(summary: Summary, week: IsoWeek) -> tuple[Moved, ...]:
    """The clear changes of scores, each told once in four weeks."""
    weeks = _rated(summary, week)
    found = (_moved_question(weeks, question) for question in QUESTIONS)
    return tuple(one for one in found if one)


def _rated(summary: Summary, week: IsoWeek) -> Weeks:
    weeks: Weeks = {}
    ages = {day: (week.sunday - day).days // 7 for day in {cell.day for cell in summary.cells}}
    for cell, measures in summary:
        age = ages[cell.day]
        if not 0 <= age < 2 * 4 + SILENT_WEEKS:
            continue
        rated = [(name, n) for name, n in measures.items() if name.startswith(_RATED)]
        if not rated:
            continue
        of_week = weeks.setdefault(age, {dimension: {} for dimension in DIMENSIONS})
        for dimension in DIMENSIONS:
            sums = of_week[dimension].setdefault(getattr(cell, dimension), {})
            for name, n in rated:
                sums[name] = sums.get(name, 0) + n
    return weeks


def _moved_question(weeks: Weeks, question: Question) -> Moved | None:
    """This week against last where both have 100 answers, else four weeks against four."""
    by_week = _compared(weeks, 0, 1, question)
    enough = by_week and min(by_week.before.n, by_week.after.n) >= ANSWERS_FROM
    span = 1 if enough else 4
    now = _compared(weeks, 0, span, question)
    if now is None or not now.clear:
        return None
    # Four weeks slide by one: the same change would be told again every week.
    for age in range(1, SILENT_WEEKS + 1) if span > 1 else ():
        then = _compared(weeks, age, span, question)
        if then and then.clear and (then.change > 0) == (now.change > 0):
            return None
    told = {
        dimension: found
        for dimension in DIMENSIONS
        if (found := _compared(weeks, 0, span, question, dimension))
    }
    split = [one for one in told if sum(part.segment != OTHERS for part in told[one].parts) > 1]
    most = max((_explained(told[one]) for one in split), default=0.0)
    # The first dimension that explains about as much as any: a place says more than a channel.
    best = next((one for one in split if _explained(told[one]) >= NEARLY * most), DIMENSIONS[0])
    return Moved(span, best, told[best])


def _explained(one: Movement) -> float:
    """How much the segments whose own score surely changed did to the whole score."""
    return sum(abs(part.rate) for part in one.parts if part.confirmed)


def _compared(
    weeks: Weeks, age: int, span: int, question: Question, dimension: str = DIMENSIONS[0]
) -> Movement | None:
    after, before = (
        _added([weeks[a][dimension] for a in range(start, start + span) if a in weeks])
        for start in (age, age + span)
    )
    return movement(before, after, question)


def _added(parts: Sequence[Segments]) -> Segments:
    sums: Segments = {}
    for part in parts:
        for segment, measures in part.items():
            held = sums.setdefault(segment, {})
            for name, n in measures.items():
                held[name] = held.get(name, 0) + n
    return sums

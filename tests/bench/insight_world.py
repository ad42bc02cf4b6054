"""A simulated organisation whose truth is known: years of weeks, contact by contact.

30 themes of 2 to 200 contacts a week with overdispersion 0.05, a weekday shape, Finnish public
holidays, surveys, ratings, waits and handling times that depend on nothing.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from chalicelib.digest import Digest, IsoWeek, compose
from chalicelib.digest.whole import WholeWeek, whole_week
from chalicelib.insights.exposure import public_holidays
from chalicelib.organisation import Organisation, read
from chalicelib.summary import Cell, Summary, duration_bin, monday, weekly
from tests.insights.worlds import MEANS, count

PAST, YEAR = 26, 52
FIRST = date(2025, 6, 2)  # the Monday of week 0; the year of digests begins 26 weeks later
SHAPE = (20, 18, 17, 16, 15, 8, 6)
TOUCHPOINTS = [f"p{number}" for number in range(8)]
CHANNELS = {"chat": 45, "voice": 30, "email": 25}
TONES = {"negative": 0.35, "neutral": 0.4, "positive": 0.25}
SCORES = (6, 8, 16, 40, 30)  # CSAT 1-5, whoever answers and whatever about
SATISFIED = 0.70
NPS = (46, 30, 24)
NPS_TRUTH = 22.0
FAILURE = 0.3
ANSWERED = 0.12
SURVEYED = 130


def organisation() -> Organisation:
    """Thirty themes at eight touchpoints; a fix without effect every thirteen weeks."""
    lines = ["name: Maailma", "contact: a@maailma.example", "sender: b@maailma.example"]
    lines += ["sources: {chat: {connector: standard}}", "touchpoints:"]
    lines += [f"  - {{id: {place}, name: {{en: {place}}}}}" for place in TOUCHPOINTS]
    lines.append("themes:")
    lines += [
        f"  - {{id: t{number:02d}, name: {{en: t{number:02d}}}, department: all,"
        f" touchpoint: {TOUCHPOINTS[number % 8]}}}"
        for number in range(len(MEANS))
    ]
    lines += ["departments: [{id: all, name: {en: All}, language: en, themes: all}]", "actions:"]
    for number, (week, theme) in enumerate(((30, 14), (43, 20), (56, 25), (69, 12))):
        day = FIRST + timedelta(weeks=week, days=2)
        lines.append(
            f"  - {{id: a{number}, name: {{en: a{number}}}, department: all, theme: t{theme},"
            f" done: {day}}}"
        )
    return read("\n".join(lines))


# --- a world ------------------------------------------------------------------------------------

Factor = Callable[[int, int], float]  # theme's number, week's number -> times its usual mean


def steady(_theme: int, _week: int) -> float:
    return 1.0


def world(rng: random.Random, weeks: int, factor: Factor = steady) -> Summary:
    """`weeks` of counts, contacts one by one; a public holiday is as busy as a Sunday."""
    years = range(FIRST.year, FIRST.year + 3)
    closed = set(public_holidays("FI", years))
    cells: dict[Cell, Counter[str]] = {}
    for week in range(weeks):
        days = [FIRST + timedelta(weeks=week, days=d) for d in range(7)]
        worth = [SHAPE[6 if day in closed else day.weekday()] for day in days]
        for number, mean in enumerate(MEANS):
            busy = factor(number, week) * sum(worth) / sum(SHAPE)
            for _ in range(count(rng, mean * busy)):
                _contact(rng, cells, number, rng.choices(days, worth)[0])
        for _ in range(count(rng, SURVEYED)):
            _survey(rng, cells, rng.choice(days))
    return Summary({cell: dict(counts) for cell, counts in cells.items()})


def _contact(rng: random.Random, cells: dict[Cell, Counter[str]], number: int, day: date) -> None:
    channel = rng.choices(tuple(CHANNELS), tuple(CHANNELS.values()))[0]
    demand = "failure" if rng.random() < FAILURE else "value"
    theme = f"t{number:02d}"
    cell = Cell(day, theme, TOUCHPOINTS[number % 8], channel, demand)
    counts = cells.setdefault(cell, Counter())
    tone = rng.choices(tuple(TONES), tuple(TONES.values()))[0]
    counts.update(("contacts", tone, f"weekday:{day.isoweekday()}", f"heard:{tone}:unknown"))
    other = f"t{rng.choices(range(len(MEANS)), MEANS)[0]:02d}"
    mentioned = {theme, other} if rng.random() < 0.1 else {theme}
    counts.update(f"mention:{one}" for one in mentioned)
    if len(mentioned) == 2:
        counts["pair:" + "|".join(sorted(mentioned))] += 1
    seconds = round(400 * rng.lognormvariate(0, 0.6))
    counts.update({"handle:n": 1, "handle:sum_s": seconds, "handle:sumsq_s": seconds**2})
    wait = rng.expovariate(1 / 120) if channel != "email" else None
    if wait is not None:
        counts.update({"wait:n": 1, "wait:sum_s": round(wait)})
        counts[f"wait:bin:{duration_bin(wait)}"] += 1
        counts[f"wait:gone:{duration_bin(wait)}"] += rng.random() < 0.1
    if rng.random() < ANSWERED:
        score = _csat(rng, counts)
        counts[f"rated:{tone}:unknown:n"] += 1
        counts[f"rated:{tone}:unknown:top"] += score >= 4
        if wait is not None:
            at = f"wait:csat:{duration_bin(wait)}"
            counts.update({f"{at}:n": 1, f"{at}:sum": score, f"{at}:sumsq": score**2})


def _survey(rng: random.Random, cells: dict[Cell, Counter[str]], day: date) -> None:
    theme = f"t{rng.randrange(len(MEANS)):02d}" if rng.random() < 0.4 else "unsure"
    cell = Cell(day, theme, rng.choice(TOUCHPOINTS), "survey", "unsure")
    counts = cells.setdefault(cell, Counter())
    group = rng.choices(("promoter", "passive", "detractor"), NPS)[0]
    counts.update(("contacts", "solicited", f"weekday:{day.isoweekday()}", f"nps:{group}"))
    _csat(rng, counts)


def _csat(rng: random.Random, counts: Counter[str]) -> int:
    score = rng.choices((1, 2, 3, 4, 5), SCORES)[0]
    counts.update({"csat:n": 1, "csat:sum": score, "csat:sumsq": score**2})
    counts["csat:top"] += score >= 4
    return score


@dataclass(frozen=True)
class Told:
    """One week of a simulated year, as told."""

    week: IsoWeek
    digest: Digest
    whole: WholeWeek


def year_of(counts: Summary, store: Organisation) -> Iterator[Told]:
    """Each digest of the year, read from the 27 weeks that it would have had."""
    by_week: dict[date, dict[Cell, Mapping[str, int]]] = {}
    for cell, measures in counts:
        by_week.setdefault(monday(cell.day), {})[cell] = measures
    closed = {at: weekly(Summary(cells)) for at, cells in by_week.items()}
    for number in range(PAST, PAST + YEAR):
        week = IsoWeek(FIRST + timedelta(weeks=number))
        past = [closed[week.back(age).monday].cells for age in range(PAST, 0, -1)]
        cells = {cell: m for part in (*past, by_week[week.monday]) for cell, m in part.items()}
        summary = Summary(cells)
        whole = whole_week(store, week, summary)
        now = datetime.combine(week.sunday, datetime.min.time(), UTC) + timedelta(days=1)
        digest = compose(store, store.departments[0], week, summary, {}, now, whole)
        yield Told(week, digest, whole)

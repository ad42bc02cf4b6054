"""The mergeable Summary: exact counts by local day and cell.

A cell is (local day, primary theme, touchpoint, channel, demand). Each cell holds integer
measures; summaries add by adding measures, so any split, order or grouping gives the same sum.
An interaction's contribution is a Summary of one cell, and a change is `new - old`.

Measures (all integers; absent means 0):

    contacts                        interactions
    weekday:N                       of them, by ISO weekday (1 is Monday), for weeks rolled up
    solicited                       of them, in a channel where the company asked
    negative, neutral, positive     sentiment of those with customer text
    nps:promoter|passive|detractor  9-10, 7-8, 0-6
    csat:n, csat:sum, csat:top      answers, sum of 1-5 (others rescaled, rounded), 4-5 of 5
    ces:n, ces:sum, ces:easy        answers, sum of 1-7, answers of 5 or more
    csat:sumsq, ces:sumsq           sum of the squares of the same answers
    wait:n, wait:sum_s, wait:bin:K  waiting, for an answer or until leaving; K as in `duration_bin`
    wait:gone:K                     of them, those who left before an answer
    wait:csat:K:n|sum|sumsq         CSAT answers, by how long their givers had waited
    abandoned                       left before an answer
    handle:n, handle:sum_s          handle time
    handle:sumsq_s                  sum of the squares of the seconds
    linked                          interactions whose customer is known
    turns:n, turns:sum, turns:long  customer's messages; conversations with LONG_TURNS or more
    heard:F:R                       by sentiment F and resolution R (yes, no, unknown)
    rated:F:R:n|top                 of them: CSAT answers, answers of 4-5
    pair:A|B                        both themes mentioned, A before B in the alphabet
    persona:ID                      interactions of a persona
    persona_heard:ID, persona_negative:ID  of them, with customer text; the negative of these
    effort:L                        by what the customer had to do (low, medium, high)
    inferred:K                      by inferred satisfaction, 1 (worst) to 5, of what was written
    inferred:K:n|top                of them: CSAT answers, answers of 4-5
    felt:EMOTION                    negative interactions, by the emotion felt most
    agent:n, agent:long             those an agent wrote in; of them with LONG_TURNS or more
    basics:n, basics:long           of both: where the agent asked for basics
    basics:KIND                     asked for this (see `basics`)
    basics:answered, basics:answer_s  where the customer answered; seconds until then, at most
                                    ANSWER_CAP_S each
    resolved, unresolved            as closed by the vendor's status
    mention:THEME                   the theme is mentioned, primary or not
    mention_negative:THEME, mention_positive:THEME
    language:CODE, source:NAME      interactions by language and by source
    taxonomy:HASH8                  interactions by the version of the themes that judged them
    model:HASH8                     by the model that judged them; SEVERAL where several did
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

Measures = Mapping[str, int]

_DAY_MEASURES = ("contacts", *(f"weekday:{number}" for number in range(1, 8)))

UNSURE = "unsure"  # theme, touchpoint or demand that nothing told us
SEVERAL = "several"  # models that judged one interaction
DURATION_BINS = 24
LONG_TURNS = 6  # customer messages; where a conversation usually asks for the basics again
ANSWER_CAP_S = 1800  # who answers later than this went away meanwhile


class Cell(NamedTuple):
    """Where an interaction is counted. Ids are those of organisation.yaml or UNSURE."""

    day: date
    theme: str
    touchpoint: str
    channel: str
    demand: str  # "failure", "value" or UNSURE


@dataclass(frozen=True)
class Summary:
    """Counts by cell; zero measures and empty cells are left out, so equal sums are equal."""

    cells: Mapping[Cell, Measures] = field(default_factory=dict)

    def __add__(self, other: Summary) -> Summary:
        return total((self, other))

    def __neg__(self) -> Summary:
        return Summary(
            {cell: {k: -v for k, v in counts.items()} for cell, counts in self.cells.items()}
        )

    def __sub__(self, other: Summary) -> Summary:
        return self + -other

    def where(self, keep: Callable[[Cell], bool]) -> Summary:
        """The part of this summary whose cells `keep` accepts."""
        return Summary({cell: counts for cell, counts in self.cells.items() if keep(cell)})

    def between(self, first: date, last: date) -> Summary:
        """The days `first` to `last`, both included."""
        return self.where(lambda cell: first <= cell.day <= last)

    def count(self, measure: str) -> int:
        """The sum of one measure over all cells."""
        return sum(counts.get(measure, 0) for counts in self.cells.values())

    def totals(self) -> Counter[str]:
        """Every measure, summed over all cells."""
        sums: dict[str, int] = {}
        for counts in self.cells.values():
            for name, value in counts.items():
                sums[name] = sums.get(name, 0) + value
        return Counter(sums)

    def by(self, part: Callable[[Cell], str]) -> dict[str, Counter[str]]:
        """Measures grouped by a part of the cell: `summary.by(lambda c: c.theme)`."""
        groups: dict[str, Counter[str]] = defaultdict(Counter)
        for cell, counts in self.cells.items():
            groups[part(cell)].update(counts)
        return dict(groups)

    def prefixed(self, prefix: str) -> dict[str, int]:
        """Measures under a prefix, such as 'mention:' -> {theme: count}."""
        sums: Counter[str] = Counter()
        for counts in self.cells.values():
            for name, value in counts.items():
                if name.startswith(prefix):
                    sums[name.removeprefix(prefix)] += value
        return {name: value for name, value in sums.items() if value}

    def __iter__(self) -> Iterator[tuple[Cell, Measures]]:
        return iter(self.cells.items())


EMPTY = Summary()


def total(summaries: Iterable[Summary]) -> Summary:
    """The sum of many summaries, in one pass."""
    # This is where a digest spends its time: plain dictionaries, and a copy only of what is added
    # to. Counter costs twice as much.
    cells: dict[Cell, Measures] = {}
    sums_of: dict[Cell, dict[str, int]] = {}
    for summary in summaries:
        for cell, counts in summary.cells.items():
            if cell not in cells:
                cells[cell] = counts
                continue
            sums = sums_of.get(cell)
            if sums is None:
                cells[cell] = sums = sums_of[cell] = dict(cells[cell])
            for name, value in counts.items():
                sums[name] = sums.get(name, 0) + value
    for cell, sums in sums_of.items():
        cells[cell] = {name: value for name, value in sums.items() if value}
    return Summary({cell: counts for cell, counts in cells.items() if counts})


def weekly(summary: Summary) -> Summary:
    """The same counts with every day of an ISO week told at its Monday.

    Additive and idempotent. The weekdays stay countable: see the measures `weekday:N`.
    """
    return total(Summary({cell._replace(day=monday(cell.day)): counts}) for cell, counts in summary)


def contacts_by_day(summary: Summary) -> Counter[date]:
    """Contacts of each local day, also where a rolled-up week tells them at its Monday."""
    by_day: dict[date, list[int]] = {}
    for cell, counts in summary:
        sums = by_day.get(cell.day)
        if sums is None:
            sums = by_day[cell.day] = [0] * len(_DAY_MEASURES)
        for place, name in enumerate(_DAY_MEASURES):
            if name in counts:
                sums[place] += counts[name]
    contacts: Counter[date] = Counter()
    for day, (told, *by_weekday) in by_day.items():
        contacts[day] += told - sum(by_weekday)
        for weekday, count in enumerate(by_weekday):
            if count:
                contacts[monday(day) + timedelta(days=weekday)] += count
    return contacts


def monday(day: date) -> date:
    """The Monday of a day's ISO week."""
    return day - timedelta(days=day.weekday())


def duration_bin(seconds: float) -> int:
    """Bin 0..23 of a duration: 0 is under 5 s, then factors of √2 up to nearly 3 h.

    Half-open: a duration on an edge belongs to the bin that starts there.
    """
    if seconds < 5:
        return 0
    return min(DURATION_BINS - 1, 1 + math.floor(2 * math.log2(seconds / 5) + 1e-9))


def bin_start_s(number: int) -> float:
    """The shortest duration of a bin, seconds."""
    return 0.0 if number == 0 else 5 * 2 ** ((number - 1) / 2)

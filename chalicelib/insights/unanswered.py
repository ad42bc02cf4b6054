"""Those who never answer: estimated satisfaction of everybody who contacted, beside what the
answers alone say.

Contacts are put into strata by channel, sentiment of what they wrote, and resolution. With f a
stratum's satisfied share in earlier weeks, and y this month's answers,

    θ = mean of f over all contacts + weighted mean of (y − f) over the answers,

an answer weighing (N+10)/(n+1) of its stratum's N contacts and n answers: inverse-probability
weights with a predicted outcome (AIPW; Robins, Rotnitzky and Zhao 1994; as prediction-powered
inference in Angelopoulos et al. 2023). It is right where answering depends on nothing but the
stratum, which cannot be tested: so the estimate is also told for silent customers who are worse
than they look.

The interval is right for few answers too: its variance is HC2 (MacKinnon and White 1985), which of
equal weights is the sample variance, and its quantile Student's with as many degrees of freedom as
equal weights would need answers to tell as much (Kish 1965), less one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from chalicelib.insights.distributions import student_quantile
from chalicelib.insights.proportion import Share, share
from chalicelib.insights.solicited import asked
from chalicelib.insights.weeks import IsoWeek
from chalicelib.summary import Summary

WEEKS = 4  # pooled, for answers are few
ANSWERS_FROM = 50
UNHEARD = 0.2  # of the contacts in strata where nobody answered, at most
PRIOR_ANSWERS = 5.0  # what the whole's share weighs in a stratum's
WORSE = (0.10, 0.20)  # by how much silent customers may be less satisfied than alike answerers

Stratum = tuple[str, str, str]  # channel, sentiment, resolution
#: Sentiment, resolution, and the measures of their contacts, answers and satisfied answers.
_NAMES = [
    (f, r, f"heard:{f}:{r}", f"rated:{f}:{r}:n", f"rated:{f}:{r}:top")
    for f in ("negative", "neutral", "positive")
    for r in ("yes", "no", "unknown")
]


@dataclass(frozen=True)
class Estimate:
    """Satisfied (4-5 of 5) shares, 0..1: `stated` of the answers, `value` of all `contacts`.

    `low` and `high` are its 95 % interval; `if_worse` the estimate where the silent are ten, or
    twenty, points less satisfied than those alike who answered.
    """

    contacts: int
    stated: Share
    value: float
    low: float
    high: float

    @property
    def response(self) -> float:
        return self.stated.n / self.contacts

    @property
    def if_worse(self) -> tuple[float, ...]:
        return tuple(max(0.0, self.value - gap * (1 - self.response)) for gap in WORSE)

    @property
    def differs(self) -> bool:
        """True where the answers alone would mislead."""
        return not self.low <= self.stated.value <= self.high


@dataclass(frozen=True)
class Counts:
    """Contacts with text, and of them those who answered and who were satisfied."""

    contacts: int = 0
    answers: int = 0
    satisfied: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.contacts + other.contacts,
            self.answers + other.answers,
            self.satisfied + other.satisfied,
        )


def estimate(summary: Summary, week: IsoWeek) -> Estimate | None:
    """Satisfaction of all who contacted in the last four weeks; None where it cannot be told.

    None under 50 answers, without 50 earlier ones, or where a fifth of the contacts are in
    strata without an answer now or before.
    """
    first = week.back(WEEKS - 1).monday
    now = strata(summary, first, week.sunday)
    before = strata(summary, date.min, week.back(WEEKS).sunday)
    whole, old = sum(now.values(), Counts()), sum(before.values(), Counts())
    if min(whole.answers, old.answers) < ANSWERS_FROM:
        return None
    heard = {key for key in now if now[key].answers + before.get(key, Counts()).answers > 0}
    if sum(now[key].contacts for key in now.keys() - heard) > UNHEARD * whole.contacts:
        return None
    predicted = {key: _predicted(before.get(key, Counts()), old) for key in now}
    value, reach = _weighted(now, predicted, whole)
    stated = share(whole.satisfied, whole.answers)
    assert stated is not None  # noqa: S101 - there are fifty answers
    return Estimate(
        whole.contacts,
        stated,
        min(1.0, max(0.0, value)),
        max(0.0, value - reach),
        min(1.0, value + reach),
    )


def strata(summary: Summary, first: date, last: date) -> dict[Stratum, Counts]:
    """Counts of the days `first` to `last` by stratum; survey answers are nobody's contact."""
    found: dict[Stratum, list[int]] = {}
    for cell, measures in summary:
        if not first <= cell.day <= last or asked(cell.channel):
            continue
        for feeling, resolution, heard, answers, satisfied in _NAMES:
            contacts = measures.get(heard, 0)
            if contacts:
                sums = found.setdefault((cell.channel, feeling, resolution), [0, 0, 0])
                sums[0] += contacts
                sums[1] += measures.get(answers, 0)
                sums[2] += measures.get(satisfied, 0)
    return {key: Counts(*sums) for key, sums in found.items()}


def response_rates(summary: Summary, week: IsoWeek) -> Mapping[str, Share]:
    """Sentiment -> the share of contacts that were rated, in the last four weeks."""
    sums: dict[str, Counts] = {}
    counted = strata(summary, week.back(WEEKS - 1).monday, week.sunday)
    for (_, feeling, _), counts in counted.items():
        sums[feeling] = sums.get(feeling, Counts()) + counts
    rates = {feeling: share(c.answers, c.contacts) for feeling, c in sorted(sums.items())}
    return {feeling: rate for feeling, rate in rates.items() if rate}


def _predicted(own: Counts, whole: Counts) -> float:
    """A stratum's earlier satisfied share, drawn towards the whole's where answers are few."""
    mean = whole.satisfied / whole.answers
    return (own.satisfied + PRIOR_ANSWERS * mean) / (own.answers + PRIOR_ANSWERS)


def _weighted(
    now: Mapping[Stratum, Counts], predicted: Mapping[Stratum, float], whole: Counts
) -> tuple[float, float]:
    """The estimate, and how far its 95 % interval reaches to either side."""
    mean = sum(now[key].contacts * predicted[key] for key in now) / whole.contacts
    varied = sum(now[key].contacts * (predicted[key] - mean) ** 2 for key in now) / whole.contacts
    weights = {key: (c.contacts + 10) / (c.answers + 1) for key, c in now.items()}
    weighed = sum(weights[key] * now[key].answers for key in now)
    gap = (
        sum(weights[key] * (c.satisfied - c.answers * predicted[key]) for key, c in now.items())
        / weighed
    )
    squares = sum(
        weights[key] ** 2
        * (
            c.satisfied * (1 - predicted[key] - gap) ** 2
            + (c.answers - c.satisfied) * (predicted[key] + gap) ** 2
        )
        / (1 - weights[key] / weighed)
        for key, c in now.items()
        if c.answers
    )
    worth = weighed**2 / sum(weights[key] ** 2 * c.answers for key, c in now.items())
    error = math.sqrt(squares / weighed**2 + varied / whole.contacts)
    return mean + gap, student_quantile(0.975, max(1, math.floor(worth) - 1)) * error

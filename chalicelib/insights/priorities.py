"""Priorities: at most three proposals a week, each with its evidence and the department that owns
it.

Whatever points at one theme is one proposal: what its failure demand costs, that it is clearly
more than usual, that it rises, that it makes a touchpoint hot, that a fix did not help. More kinds
of evidence come first, then the more contacts a week. Only confirmed evidence counts: a share
whose whole interval lies above a half, a finding that passed its family's test, a target missed by
more than its margin, a fix whose interval has no room for a real effect. A theme whose fix is
under way, or has helped, is left to it.

How many contacts are at stake is a count of some weeks, and scatters as counts of weeks do: two
proposals of as many kinds of evidence stand in an order that may be chance, unless the one is the
larger by 90 %.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.insights.actions import Effect, Outcome
from chalicelib.insights.cost import FailureCost
from chalicelib.insights.demand import FailureDemand
from chalicelib.insights.dispersion import TYPICAL_ALPHA
from chalicelib.insights.hotspots import HotSpot
from chalicelib.insights.proportion import Z_95, Share
from chalicelib.insights.touchpoints import Moment, Standing, TargetResult
from chalicelib.insights.trends import RECENT_WEEKS, TREND_WEEKS, Rise
from chalicelib.insights.usual import Finding, Findings
from chalicelib.insights.verdict import Verdict
from chalicelib.organisation import Organisation
from chalicelib.summary import UNSURE

PROPOSALS = 3
ONE_KIND = 2  # proposals that rest on the same kind of evidence alone
FAILED = 0.5  # of a theme's contacts, even at the lower end of the interval
FAILURES_FROM = 10  # contacts a week: fewer are no priority
LEADING = 0.5  # of a touchpoint's negative contacts: then its theme is what to mend
AT_BEST = -0.3  # a fix whose interval leaves out even this much did not help
WAITS_FROM, WAIT_OVER = 100, 1.25  # waits vary by about their mean: 2.5 standard errors
Z_SURE = 1.2815515655446004  # one-sided 90 %
TIED = 5  # named at most
NOTHING_FOUND = Findings()
SCALE = {"nps": 200, "csat": 4, "ces": 6}  # between the worst answer and the best


class Kind(StrEnum):
    """What a proposal is about."""

    THEME = "theme"
    TOUCHPOINT = "touchpoint"


@dataclass(frozen=True)
class Costly:
    """A theme of mostly failure demand; `minutes` of handling in the week where it was timed."""

    failures: Share
    minutes: float | None


@dataclass(frozen=True)
class Missed:
    """A touchpoint's target that was missed by more than chance."""

    touchpoint: str
    result: TargetResult


Ground = Costly | Finding | Rise | HotSpot | Missed | Effect


@dataclass(frozen=True)
class Proposal:
    """Mend `subject`, an id; `owner` is a department's id. `grounds`: the strongest first.

    `weight` is about how many contacts a week are at stake.
    """

    kind: Kind
    subject: str
    owner: str
    grounds: tuple[Ground, ...]
    weight: float


@dataclass(frozen=True)
class Evidence:
    """The week's insights of the whole organisation, and negative contacts by place and theme."""

    failures: FailureDemand | None = None
    cost: FailureCost | None = None
    findings: Findings = NOTHING_FOUND
    rises: tuple[Rise, ...] = ()
    hot_spots: tuple[HotSpot, ...] = ()
    moments: tuple[Moment, ...] = ()
    effects: tuple[Effect, ...] = ()
    negatives: Mapping[str, Mapping[str, int]] | None = None  # touchpoint -> theme -> contacts


def priorities(organisation: Organisation, evidence: Evidence) -> tuple[Proposal, ...]:
    """Every proposal that the evidence confirms, the most urgent first."""
    found: dict[tuple[Kind, str], list[tuple[float, Ground]]] = {}
    for kind, subject, weight, ground in _grounds(evidence):
        found.setdefault((kind, subject), []).append((weight, ground))
    under_way = {effect.theme for effect in evidence.effects if _under_way(effect)}
    proposals = []
    for (kind, subject), grounds in found.items():
        owner = _owner(organisation, kind, subject, evidence)
        if owner is None or (kind is Kind.THEME and subject in under_way):
            continue
        ordered = sorted(grounds, key=lambda one: -one[0])
        told = tuple(ground for _, ground in ordered)
        proposals.append(Proposal(kind, subject, owner, told, ordered[0][0]))
    return tuple(sorted(proposals, key=lambda p: (-len(_kinds(p)), -p.weight, p.kind, p.subject)))


def chosen(proposals: Iterable[Proposal]) -> tuple[Proposal, ...]:
    """The first three, of which at most two rest on one and the same kind of evidence alone."""
    told: list[Proposal] = []
    for proposal in proposals:
        alike = [one for one in told if len(_kinds(one)) == 1 and _kinds(one) == _kinds(proposal)]
        if len(told) < PROPOSALS and len(alike) < ONE_KIND:
            told.append(proposal)
    return tuple(told)


def tied(proposals: Iterable[Proposal], told: Sequence[Proposal]) -> tuple[Proposal, ...]:
    """Those whose order may be chance, at most five; () where it surely is as `told`.

    Among them are proposals that are not told, though one that is may stand there by chance.
    """
    every = list(proposals)
    pairs = [(a, b) for a in told for b in every if b != a and _may_be_chance(a, b)]
    named = [one for pair in pairs for one in pair]
    return tuple(one for one in every if one in named)[:TIED]


def _may_be_chance(one: Proposal, other: Proposal) -> bool:
    """Whether it is less than 90 % sure which of two is larger, by what is at stake."""
    if len(_kinds(one)) != len(_kinds(other)) or min(one.weight, other.weight) <= 0:
        return False  # a rule put them in their order
    spread = math.sqrt(_variance(one.grounds[0]) + _variance(other.grounds[0]))
    return abs(one.weight - other.weight) < Z_SURE * spread


def _variance(ground: Ground) -> float:
    """That of the weight which a ground gives, contacts a week squared."""
    if isinstance(ground, Costly):
        return _scatter(ground.failures.k, 1)
    if isinstance(ground, Finding):
        return _scatter(ground.count / ground.weeks, ground.weeks)
    if isinstance(ground, Rise):
        earlier = TREND_WEEKS - RECENT_WEEKS
        return _scatter(ground.recent, RECENT_WEEKS) + _scatter(ground.before, earlier)
    if isinstance(ground, HotSpot):
        return _scatter(ground.negative, 1)
    if isinstance(ground, Missed):
        return _of_shortfall(ground.result)
    return 0.0  # a fix without effect: nothing is counted


def _of_shortfall(result: TargetResult) -> float:
    if result.kind == "wait_s":  # of waits that vary about their mean
        return result.n * (result.target / result.value) ** 2
    return (result.n * (result.margin or 0.0) / Z_95 / SCALE[result.kind]) ** 2


def _scatter(mean: float, weeks: int) -> float:
    """The variance of a mean over `weeks` of counts a week."""
    return mean * (1 + TYPICAL_ALPHA * mean) / weeks


def _kinds(proposal: Proposal) -> frozenset[type[Ground]]:
    return frozenset(type(ground) for ground in proposal.grounds)


def _grounds(evidence: Evidence) -> list[tuple[Kind, str, float, Ground]]:
    """(about what, id, contacts a week, evidence) of all that is confirmed."""
    found: list[tuple[Kind, str, float, Ground]] = []
    minutes = dict(evidence.cost.themes) if evidence.cost else {}
    for theme in evidence.failures.themes if evidence.failures else ():
        failures = theme.failures
        if failures.k >= FAILURES_FROM and failures.low > FAILED:
            costly = Costly(failures, minutes.get(theme.theme))
            found.append((Kind.THEME, theme.theme, failures.k, costly))
    for finding in evidence.findings.themes:
        if finding.theme and finding.verdict is Verdict.MORE:
            over = (finding.count - finding.usual) / finding.weeks
            found.append((Kind.THEME, finding.theme, over, finding))
    for rise in evidence.rises:
        found.append((Kind.THEME, rise.theme, rise.recent - rise.before, rise))
    for effect in evidence.effects:
        if _did_not_help(effect):
            found.append((Kind.THEME, effect.theme, 0.0, effect))
    for spot in evidence.hot_spots:
        leading = _leading(evidence, spot.touchpoint, LEADING)
        about = (Kind.THEME, leading) if leading else (Kind.TOUCHPOINT, spot.touchpoint)
        found.append((*about, spot.excess, spot))
    for moment in evidence.moments:
        for result in moment.targets:
            weight = _shortfall(result)
            if weight:
                missed = Missed(moment.touchpoint, result)
                found.append((Kind.TOUCHPOINT, moment.touchpoint, weight, missed))
    return [one for one in found if one[1] != UNSURE]


def _shortfall(result: TargetResult) -> float:
    """By how many wholly bad answers a target was missed; 0 where that is not confirmed."""
    if result.standing is not Standing.MISSED:
        return 0.0
    if result.kind == "wait_s":
        sure = result.n >= WAITS_FROM and result.value >= WAIT_OVER * result.target
        return result.n * (1 - result.target / result.value) if sure else 0.0
    return result.n * (result.target - result.value) / SCALE[result.kind]


def _did_not_help(effect: Effect) -> bool:
    if effect.outcome is Outcome.HURT:
        return True
    settled = effect.outcome is Outcome.NO_EFFECT_SEEN and not effect.preliminary
    return settled and effect.low is not None and effect.low > AT_BEST


def _under_way(effect: Effect) -> bool:
    """Somebody acts on the theme already, and it is not known to be in vain."""
    if effect.outcome is Outcome.NO_EFFECT_SEEN:
        return effect.preliminary
    return effect.outcome in {Outcome.HELPED, Outcome.TOO_EARLY}


def _leading(evidence: Evidence, touchpoint: str, least: float = 0.0) -> str | None:
    """The theme of most negative contacts at a touchpoint, where it has so large a share."""
    negatives = (evidence.negatives or {}).get(touchpoint, {})
    known = {theme: n for theme, n in negatives.items() if theme != UNSURE and n}
    if not known:
        return None
    theme = min(known, key=lambda one: (-known[one], one))
    return theme if known[theme] >= least * sum(negatives.values()) else None


def _owner(organisation: Organisation, kind: Kind, subject: str, evidence: Evidence) -> str | None:
    """A theme's department; a touchpoint's is that of its worst theme, or of its first one."""
    themes = [subject]
    if kind is Kind.TOUCHPOINT:
        own = [theme.id for theme in organisation.themes if theme.touchpoint == subject]
        themes = [_leading(evidence, subject) or "", *own]
    known = [organisation.theme_by_id[one] for one in themes if one in organisation.theme_by_id]
    return known[0].department if known else None

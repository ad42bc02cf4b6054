"""Compose: what one department reads of the organisation's week."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.digest.contents import (
    Digest,
    Headline,
    Names,
    Others,
    RatingRow,
    Result,
    Section,
    ShareChange,
    ThemeRow,
)
from chalicelib.digest.headlines import falls_withheld, headlines
from chalicelib.digest.selection import select
from chalicelib.digest.whole import WholeWeek, closed_days, whole_week
from chalicelib.insights import PUBLISHED_FROM, SCORED_FROM
from chalicelib.insights.demand import failure_demand
from chalicelib.insights.exposure import exposure
from chalicelib.insights.history import History, Series, history, sum_series
from chalicelib.insights.last_week import total_versus_last_week, versus_last_week
from chalicelib.insights.new_topics import NewTopic
from chalicelib.insights.proportion import Share, compare, scatter, share
from chalicelib.insights.ratings import QUESTIONS, compare_scores, score
from chalicelib.insights.solicited import voices
from chalicelib.insights.sources import SourceState, source_states
from chalicelib.insights.themes import RankedTheme, Sentiment, judged, ranking
from chalicelib.insights.touchpoints import Journey, journey
from chalicelib.insights.usual import Findings, versus_usual
from chalicelib.insights.verdict import Verdict
from chalicelib.insights.weeks import IsoWeek
from chalicelib.organisation import Department, Organisation
from chalicelib.summary import UNSURE, Cell, Summary

NEGATIVES, POSITIVES, OTHERS = 3, 2, 3  # themes shown: what a reader of two minutes takes in
TONES = ("negative", "neutral", "positive")

DEFAULT_ORDER = tuple(Section)
#: What a department of this id looks at first, in order; any other id reads the default order.
FOCUS: Mapping[str, tuple[Section, ...]] = {
    "service-design": (
        Section.NEWS,
        Section.TOUCHPOINTS,
        Section.EFFORT,
        Section.DRIVERS,
        Section.NEGATIVE,
    ),
    "product": (Section.NEWS, Section.NEGATIVE),
    "marketing": (
        Section.NEWS,
        Section.POSITIVE,
        Section.NEGATIVE,
        Section.RATINGS,
        Section.PERSONAS,
        Section.UNANSWERED,
        Section.VOICES,
    ),
    "processes": (Section.NEWS, Section.FAILURE, Section.ACTIONS),
    "customer-service": (
        Section.NEWS,
        Section.NEGATIVE,
        Section.FORECAST,
        Section.WAITING,
        Section.FAILURE,
        Section.BASICS,
    ),
    "leadership": (Section.NEWS, Section.RATINGS),
}
#: Sections that only some can act on: of the ids above, those that read them. Whoever reads all
#: themes, and a department of any other id, reads every section.
FOR: Mapping[Section, frozenset[str]] = {
    Section.WAITING: frozenset({"customer-service"}),
    Section.FORECAST: frozenset({"customer-service"}),
    Section.CHANNELS: frozenset({"customer-service"}),
    Section.REPEATS: frozenset({"customer-service"}),
    Section.QUIET: frozenset({"customer-service"}),
    Section.BASICS: frozenset({"customer-service", "service-design"}),
    Section.PERSONAS: frozenset({"marketing", "service-design"}),
    Section.DRIVERS: frozenset({"service-design"}),
    Section.UNANSWERED: frozenset({"marketing"}),
}


@dataclass(frozen=True)
class _Scope:
    """What the department reads of the week, the week before (None: there was none), the past.

    `whole` is the organisation's week; `themes` are ids, UNSURE among them where it reads all.
    """

    own: Summary
    own_before: Summary | None
    whole: Summary
    whole_before: Summary | None
    themes: frozenset[str]
    past: History
    exposures: tuple[float, ...]
    own_is_whole: bool

    def series(self, measure: str) -> dict[str, Series]:
        """Weekly counts of the department's themes."""
        by_theme = self.past.by_theme[measure]
        return {theme: series for theme, series in by_theme.items() if theme in self.themes}


def compose(
    organisation: Organisation,
    department: Department,
    week: IsoWeek,
    summary: Summary,
    freshness: Mapping[str, datetime | None],
    now: datetime,
    computed: WholeWeek | None = None,
) -> Digest:
    """The digest of one department and week, without quotes.

    `summary` covers the organisation's last 27 weeks, all cells; `freshness` is source name ->
    its last event; `now` is aware and decides which sources are silent. `computed` is
    `whole_week` of the same week and summary, for whoever composes several departments' digests,
    or has more to tell than counts can.
    """
    whole = computed or whole_week(organisation, week, summary)
    scope = _scope(organisation, department, summary, whole)
    sources = source_states(organisation.sources, freshness, scope.whole, now)
    return _digest(organisation, department, scope, whole, sources)


def _digest(
    organisation: Organisation,
    department: Department,
    scope: _Scope,
    whole: WholeWeek,
    sources: tuple[SourceState, ...],
) -> Digest:
    ratings = _ratings(scope)
    findings = _findings(scope, department, whole)
    silence = any(source.silent for source in sources)
    told = _themes(scope, findings, ratings, whole.more.new_topics, silence=silence)
    return Digest(
        organisation=organisation.name,
        department_id=department.id,
        department=department.called(department.language),
        language=department.language,
        time_zone=organisation.time_zone,
        weekday=department.schedule.weekday,
        at=department.schedule.at,
        week=whole.week,
        order=_order(department),
        focus=frozenset(FOCUS.get(department.id, (Section.FAILURE,))),
        names=_names(organisation, department.language),
        history_weeks=scope.past.weeks,
        judged=scope.past.judged,
        contacts=total_versus_last_week(_total(scope), scope.exposures),
        whole_contacts=scope.whole.count("contacts"),
        negative=_negative_change(scope),
        headlines=told.headlines,
        falls_withheld=falls_withheld(findings, silence=silence),
        negatives=told.negatives,
        positives=told.positives,
        others=told.others,
        ratings=ratings,
        failure=failure_demand(scope.own),
        failure_change=_failure_change(scope),
        journey=_journey(organisation, department, scope.whole),
        voices=voices(scope.own),
        sources=sources,
        selection=select(organisation, department, whole, scope.own, scope.themes),
        anew=whole.anew,
    )


def _scope(
    organisation: Organisation, department: Department, summary: Summary, whole: WholeWeek
) -> _Scope:
    past, exposures = whole.past, whole.exposures
    if department.touchpoints != "all":
        past = history(summary.where(_at_touchpoints(department)), whole.week, past.weeks)
        exposures = exposure(past.daily, past.week, past.weeks, closed_days(organisation, past))
    themes = frozenset(theme.id for theme in organisation.themes_of(department))
    if department.themes == "all":
        themes |= {UNSURE, *past.by_theme["contacts"]}
    before = whole.before if past.weeks else None

    def own(part: Summary) -> Summary:
        return part.where(_at_touchpoints(department)).where(lambda cell: cell.theme in themes)

    return _Scope(
        own=own(whole.now),
        own_before=None if before is None else own(before),
        whole=whole.now,
        whole_before=before,
        themes=themes,
        past=past,
        exposures=exposures,
        own_is_whole=department.themes == "all" and department.touchpoints == "all",
    )


def _at_touchpoints(department: Department) -> Callable[[Cell], bool]:
    """A contact of unknown touchpoint stays with the department that owns its theme."""
    if department.touchpoints == "all":
        return lambda _: True
    wanted = set(department.touchpoints)
    if department.themes != "all":
        wanted.add(UNSURE)
    return lambda cell: cell.touchpoint in wanted


def _findings(scope: _Scope, department: Department, whole: WholeWeek) -> Findings:
    """The findings of the department's themes; the house-wide one is for who reads it all.

    All themes are tested together, so that two departments never disagree on a shared theme.
    """
    found = whole.findings
    if department.touchpoints != "all":
        found = versus_usual(scope.past.by_theme["contacts"], scope.exposures)
    own = tuple(f for f in found.themes if f.theme in scope.themes and f.theme != UNSURE)
    return Findings(found.house if department.themes == "all" else None, own)


@dataclass(frozen=True)
class _Themes:
    """The headlines, the themes of both lists, and those of none."""

    headlines: tuple[Headline, ...]
    negatives: tuple[ThemeRow, ...]
    positives: tuple[ThemeRow, ...]
    others: Others


def _themes(
    scope: _Scope,
    findings: Findings,
    ratings: Sequence[RatingRow],
    topics: Sequence[NewTopic],
    *,
    silence: bool,
) -> _Themes:
    by_theme = scope.own.by(lambda cell: cell.theme)
    top = ranking(by_theme, "negative"), ranking(by_theme, "positive")
    heads = headlines(findings, top, ratings, topics, silence=silence)
    negatives = _rows(scope, "negative", top[0][:NEGATIVES], findings, heads)
    positives = _rows(scope, "positive", top[1][:POSITIVES], findings, heads)
    shown = {row.ranked.theme for row in negatives + positives}
    return _Themes(heads, negatives, positives, _others(by_theme, shown))


def _rows(
    scope: _Scope,
    sentiment: Sentiment,
    ranked: Sequence[RankedTheme],
    findings: Findings,
    heads: Sequence[Headline],
) -> tuple[ThemeRow, ...]:
    changes = versus_last_week(scope.series(sentiment), scope.exposures)
    rows = []
    for one in ranked:
        change, finding = changes[one.theme], findings.of(one.theme)
        if finding and change.verdict is Verdict.SAME:
            # 'Clearly more than usual' and 'no detectable change' side by side would puzzle.
            change = replace(change, verdict=Verdict.UNJUDGED)
        rows.append(ThemeRow(sentiment, one, change, finding, told=finding in heads))
    return tuple(rows)


def _total(scope: _Scope) -> Series:
    return sum_series(scope.series("contacts").values(), scope.past.weeks + 1)


def _ratings(scope: _Scope) -> tuple[RatingRow, ...]:
    """NPS, CSAT and CES, where anybody answered."""
    parts = [(scope.whole, scope.whole_before)]
    if not scope.own_is_whole:
        parts.append((scope.own, scope.own_before))
    sums = [(now.totals(), None if before is None else before.totals()) for now, before in parts]
    rows = []
    for question in QUESTIONS:
        whole, *own = [
            Result(
                score(now, question),
                None if before is None else score(before, question),
                _judged(scope, compare_scores(now, before, question)),
            )
            for now, before in sums
        ]
        if whole.now.n >= PUBLISHED_FROM:
            rows.append(RatingRow(own[0] if own else None, whole))
    return tuple(rows)


def _negative(part: Summary | None) -> Share | None:
    """The negative share of contacts with text; None under five of them."""
    if part is None:
        return None
    measures = part.totals()
    n = judged(measures)
    return share(measures["negative"], n) if n >= PUBLISHED_FROM else None


def _failures(part: Summary | None) -> Share | None:
    demand = failure_demand(part) if part is not None else None
    return demand.failures if demand else None


def _negative_change(scope: _Scope) -> ShareChange:
    shares = _negative(scope.own), _negative(scope.own_before)
    return _share_change(scope, shares, "negative", TONES)


def _failure_change(scope: _Scope) -> ShareChange:
    shares = _failures(scope.own), _failures(scope.own_before)
    return _share_change(scope, shares, "failure", ("known",))


def _share_change(
    scope: _Scope, shares: tuple[Share | None, Share | None], part: str, whole: Sequence[str]
) -> ShareChange:
    """A share beside the week before, held against how it varied in the weeks before this one.

    `part` and `whole` name the measures of the share's numerator and denominator.
    """
    now, before = shares
    length = scope.past.weeks + 1
    k = sum_series(scope.series(part).values(), length)[:-1]
    n = sum_series((s for m in whole for s in scope.series(m).values()), length)[:-1]
    varied = scatter(list(zip(k, n, strict=True)))
    return ShareChange(now, before, _judged(scope, compare(now, before, SCORED_FROM, varied)))


def _judged(scope: _Scope, verdict: Verdict) -> Verdict:
    """No claim under eight weeks, whatever is compared: then the numbers stand alone."""
    return verdict if scope.past.judged or verdict is Verdict.ALONE else Verdict.UNJUDGED


def _others(by_theme: Mapping[str, Mapping[str, int]], shown: Collection[str]) -> Others:
    """The largest themes that no list shows, for the one line that names them, and the rest."""
    rest = [
        (theme, measures.get("contacts", 0))
        for theme, measures in by_theme.items()
        if theme not in shown and theme != UNSURE
    ]
    published = sorted((r for r in rest if r[1] >= PUBLISHED_FROM), key=lambda r: (-r[1], r[0]))
    largest = tuple(published[:OTHERS])
    return Others(largest, sum(n for _, n in rest) - sum(n for _, n in largest))


def _journey(organisation: Organisation, department: Department, whole: Summary) -> Journey:
    """The department's touchpoints as all customers meet them, whatever the theme."""
    wanted = department.touchpoints
    touchpoints = [t for t in organisation.touchpoints if wanted == "all" or t.id in wanted]
    return journey(whole, touchpoints)


def _order(department: Department) -> tuple[Section, ...]:
    """Focus first, then the rest that concerns the department."""
    first = FOCUS.get(department.id, ())
    order = first + tuple(section for section in DEFAULT_ORDER if section not in first)
    if department.themes == "all" or department.id not in FOCUS:
        return order
    return tuple(section for section in order if department.id in FOR.get(section, FOCUS))


def _names(organisation: Organisation, language: str) -> Names:
    return Names(
        {theme.id: theme.called(language) for theme in organisation.themes},
        {touchpoint.id: touchpoint.called(language) for touchpoint in organisation.touchpoints},
        {name: config.title or name for name, config in organisation.sources.items()},
        {one.id: one.called(language) for one in organisation.departments},
        {one.id: one.called(language) for one in organisation.actions},
        {one.id: one.called(language) for one in organisation.personas},
    )

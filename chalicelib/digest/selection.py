"""Select: which of the whole week's insights concern one department."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from chalicelib.digest.contents import Selection
from chalicelib.digest.whole import WholeWeek
from chalicelib.insights import PUBLISHED_FROM
from chalicelib.insights.cost import failure_cost
from chalicelib.insights.drivers import Driver, Kind
from chalicelib.insights.effort import Effort, Where
from chalicelib.insights.priorities import Kind as About
from chalicelib.insights.priorities import Proposal, chosen, tied
from chalicelib.insights.together import Pair, Word
from chalicelib.organisation import Department, Organisation
from chalicelib.summary import Summary


def select(
    organisation: Organisation,
    department: Department,
    whole: WholeWeek,
    own: Summary,
    themes: Collection[str],
) -> Selection:
    """What a department reads; `own` is its part of the week, `themes` the ids that it reads."""

    def reads(touchpoint: str) -> bool:
        return department.touchpoints == "all" or touchpoint in department.touchpoints

    def proposed(one: Proposal) -> bool:
        return one.owner == department.id or (one.kind is About.THEME and one.subject in themes)

    everything = department.themes == "all"
    proposals = [one for one in whole.proposals if everything or proposed(one)]
    told = chosen(proposals)
    avoidable = {one.id: one.avoidable for one in organisation.themes if one.avoidable}
    acted = {one.id for one in organisation.actions if one.department == department.id}
    price = organisation.price
    return Selection(
        proposals=told,
        tied=tied(proposals, told),
        rises=tuple(rise for rise in whole.rises if rise.theme in themes),
        new_topics=whole.more.new_topics,
        effects=tuple(one for one in whole.effects if one.action in acted or one.theme in themes),
        moved=whole.moved,
        cost=failure_cost(own, price, avoidable),
        price_per_minute=price.per_minute if price else None,
        currency=price.currency if price else "",
        hot_spots=tuple(spot for spot in whole.hot_spots if reads(spot.touchpoint)),
        pairs=_pairs(whole.pairs, themes),
        words=_words(whole.more.words, themes, department.language),
        waits=whole.waits,
        forecasts=whole.forecasts,
        workload=whole.workload,
        effort=_effort(whole.recent.effort, themes, reads),
        pre_questions=whole.recent.pre_questions,
        apart=whole.recent.apart,
        answering=whole.recent.answering,
        drivers=tuple(one for one in whole.drivers if _concerns(one, themes, reads)),
        estimate=whole.estimate,
        response=whole.response,
        repeats=whole.more.repeats,
        quiet=len(whole.more.silent) if len(whole.more.silent) >= PUBLISHED_FROM else 0,
        quiet_is_all=whole.more.every_customer,
    )


def _words(
    told: Mapping[str, Sequence[Word]], themes: Collection[str], language: str
) -> Mapping[str, tuple[Word, ...]]:
    """Of each theme's telling words those that customers of the reader's language use."""
    own = {
        theme: tuple(word for word in words if language in word.languages)
        for theme, words in told.items()
        if theme in themes
    }
    return {theme: words for theme, words in own.items() if words}


def _effort(
    found: Effort | None, themes: Collection[str], reads: Callable[[str], bool]
) -> Effort | None:
    """The places of struggle that the department reads of."""
    if found is None:
        return None
    own = tuple(
        one
        for one in found.struggles
        if (one.id in themes if one.where is Where.THEME else reads(one.id))
    )
    return replace(found, struggles=own)


def _pairs(pairs: Sequence[Pair], themes: Collection[str]) -> Mapping[str, Pair]:
    """Each theme's closest companion; `pairs` come with the highest lift first."""
    closest: dict[str, Pair] = {}
    for pair in pairs:
        for theme in (pair.first, pair.second):
            if theme in themes:
                closest.setdefault(theme, pair)
    return closest


def _concerns(driver: Driver, themes: Collection[str], reads: Callable[[str], bool]) -> bool:
    if driver.kind is Kind.THEME:
        return driver.id in themes
    return driver.kind is Kind.WAIT or reads(driver.id)

"""The week's insights, once for the organisation: what is told, and what stays silent."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest

from chalicelib.digest import compose, render
from chalicelib.digest.contents import Result, Top
from chalicelib.digest.headlines import headlines
from chalicelib.digest.whole import More, WholeWeek, whole_week
from chalicelib.insights.actions import AFTER_WEEKS, SETTLED_WEEKS, Outcome
from chalicelib.insights.new_topics import NewTopic
from chalicelib.insights.priorities import Proposal
from chalicelib.insights.trends import RECENT_WEEKS, TREND_WEEKS
from chalicelib.insights.usual import Finding, Findings
from chalicelib.insights.weeks import IsoWeek
from chalicelib.organisation import Action
from chalicelib.summary import Cell, Summary
from tests.digest.sample import FRESH, LINKS, NOW, WEEK, digest, organisation, summary
from tests.digest.sample_insights import angry, insightful, rich
from tests.insights.worlds import count

STORE = organisation()


def _week(counts: Summary, week: IsoWeek = WEEK, **changes: object) -> WholeWeek:
    return whole_week(STORE.model_copy(update=changes), week, counts)


def _rated(answers: int, fall_age: int) -> Summary:
    """27 weeks of NPS answers at two places; at 'delivery' nobody recommends since `fall_age`."""
    cells = {}
    for age in range(27):
        for place in ("delivery", "store"):
            bad = place == "delivery" and age <= fall_age
            groups = ("nps:detractor",) * 3 if bad else ("nps:promoter", "nps:passive")
            counts = Counter({"contacts": answers})
            for number in range(answers):
                counts[groups[number % len(groups)]] += 1
            cells[Cell(WEEK.back(age).monday, "unsure", place, "survey", "unsure")] = counts
    return Summary(cells)


def _growing() -> Summary:
    """35 weeks of steady themes, and the first, which grows by 20 % a week in the last twelve."""
    rng = random.Random(2)
    cells = {}
    for age in range(35):
        for number, theme in enumerate(list(STORE.theme_by_id)[:12]):
            mean = 3 * 1.2 ** max(0, 12 - age) if number == 0 else 12 + 4 * number
            n = count(rng, mean, 0.01)
            place = Cell(WEEK.back(age).monday, theme, "browse", "chat", "value")
            cells[place] = {"contacts": n, "neutral": n, "weekday:1": n}
    return Summary(cells)


# --- what moved a score -------------------------------------------------------------------------


@pytest.mark.parametrize(("answers", "weeks"), [(50, 1), (49, 4)])
def test_scores_are_compared_by_week_from_a_hundred_answers(answers: int, weeks: int) -> None:
    (moved,) = _week(_rated(answers, fall_age=0)).moved
    assert (moved.weeks, moved.dimension) == (weeks, "touchpoint")
    told = {part.segment: part for part in moved.movement.parts}
    assert told["delivery"].confirmed
    assert not told["store"].confirmed
    assert sum(part.effect for part in told.values()) == pytest.approx(moved.movement.change)


def test_a_change_over_four_weeks_is_told_once() -> None:
    assert _week(_rated(40, fall_age=0)).moved
    for age in (1, 2, 3):
        assert not _week(_rated(40, fall_age=age)).moved


def test_a_score_that_did_not_change_has_no_reasons() -> None:
    assert _week(_rated(100, fall_age=26)).moved == ()
    assert _week(summary()).moved == ()


def test_under_eight_weeks_no_score_is_explained() -> None:
    young = _rated(100, fall_age=0).where(lambda cell: cell.day >= WEEK.back(7).monday)
    assert _week(young).moved == ()


# --- news ---------------------------------------------------------------------------------------


def test_a_rising_theme_is_news_once_in_four_weeks() -> None:
    told = {age: _week(_growing(), WEEK.back(age)).rises for age in range(8, -1, -1)}
    first = max(age for age, rises in told.items() if rises)
    assert [rise.theme for rise in told[first]] == [next(iter(STORE.theme_by_id))]
    assert not any(told[first - later] for later in range(1, 5))


# --- fixes --------------------------------------------------------------------------------------


def _action(weeks_ago: int) -> Action:
    done = WEEK.back(weeks_ago).monday + timedelta(days=2)
    store = STORE.actions[0]
    return store.model_copy(update={"done": done})


@pytest.mark.parametrize(
    ("weeks_ago", "outcome"),
    [
        (0, Outcome.TOO_EARLY),
        (2, Outcome.TOO_EARLY),
        (3, Outcome.NO_EFFECT_SEEN),
        (12, Outcome.NO_EFFECT_SEEN),
        (13, None),
        (17, None),
    ],
)
def test_a_fix_is_told_for_twelve_weeks(weeks_ago: int, outcome: Outcome | None) -> None:
    found = _week(summary(), actions=(_action(weeks_ago),)).effects
    assert [one.outcome for one in found] == ([outcome] if outcome else [])


def test_a_fix_that_cannot_be_compared_is_not_told_but_one_too_young_is() -> None:
    young = summary(10)
    assert _week(young, actions=(_action(4),)).effects == ()
    (told,) = _week(young, actions=(_action(1),)).effects
    assert told.outcome is Outcome.TOO_EARLY


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "fi",
            "Vielä liian aikaista sanoa: korjauksesta on viikko, ensimmäinen",
        ),
        ("sv", "För tidigt att säga: 1 vecka sedan åtgärden"),
        ("en", "Too early to say: 1 week since the fix"),
    ],
)
def test_too_early_is_said(language: str, said: str) -> None:
    assert said in render(insightful("product", language), LINKS).text


def test_a_fix_of_the_week_is_not_told_in_weeks() -> None:
    one = insightful("product", "fi")
    (early,) = (e for e in one.selection.effects if e.outcome is Outcome.TOO_EARLY)
    now = replace(one.selection, effects=(replace(early, weeks_after=0),))
    assert "korjauksesta on alle viikko" in render(replace(one, selection=now), LINKS).text


def test_the_words_name_the_numbers_that_the_rules_have() -> None:
    """'three weeks', 'after eight', 'eight weeks', 'the last three weeks' are words in messages."""
    assert (AFTER_WEEKS, SETTLED_WEEKS, TREND_WEEKS, RECENT_WEEKS) == (3, 8, 8, 3)


# --- the rest -----------------------------------------------------------------------------------


def test_a_forecast_leaves_surveys_out_and_stands_beside_the_last_one() -> None:
    found = {one.channel: one for one in _week(summary()).forecasts}
    assert set(found) == {"chat", "email", "voice", "feedback"}
    chat = found["chat"]
    assert chat.next.week == WEEK.back(-1)
    assert chat.told is not None
    assert chat.told.week == WEEK
    this_week = summary().between(WEEK.monday, WEEK.sunday)
    assert chat.came == this_week.where(lambda c: c.channel == "chat").count("contacts")


def test_what_is_computed_once_gives_every_department_the_same_digest() -> None:
    counts = rich()
    computed = whole_week(STORE, WEEK, counts)
    for department in STORE.departments:
        alone = compose(STORE, department, WEEK, counts, FRESH, NOW)
        assert compose(STORE, department, WEEK, counts, FRESH, NOW, computed) == alone


def test_a_new_topic_is_a_headline_after_the_changes() -> None:
    heads = insightful("leadership", "fi", angry()).headlines
    place = next(i for i, head in enumerate(heads) if isinstance(head, NewTopic))
    assert all(isinstance(head, Finding | Result) for head in heads[:place])
    assert all(isinstance(head, Top) for head in heads[place + 1 :])
    few = [replace(topic, customers=4) for topic in heads if isinstance(topic, NewTopic)]
    assert headlines(Findings(None, ()), ((), ()), (), few, silence=False) == ()


def test_proposals_of_chance_order_are_told_apart_from_those_left_out() -> None:
    rich = insightful("leadership", "fi", angry())
    first, second, third = rich.selection.proposals

    def said(shown: tuple[Proposal, ...], tied: tuple[Proposal, ...]) -> str:
        chosen = replace(rich.selection, proposals=shown, tied=tied)
        text = render(replace(rich, selection=chosen), LINKS).text
        return text.partition("TÄRKEIMMÄT TOIMET")[2].partition("VIIKKO LUKUINA")[0]

    both = said((first, second), (first, second, third))
    assert "Järjestys voi olla sattumaa." in both
    assert "Yhtä tärkeitä voivat olla myös: Verkkokaupan käytettävyys." in both
    assert "Järjestys" not in said((first,), (first, third))
    assert "Yhtä tärkeitä" not in said((first, second), (first, second))


def test_what_nobody_supplies_is_silence() -> None:
    told = render(insightful("leadership", "fi", asked=More()), LINKS).text
    supplied = render(insightful("leadership", "fi"), LINKS).text
    for title in (
        "”valaisin, humisee",
        "Aiempaa useammin mainittu",
        "TOISTUVAT YHTEYDENOTOT",
        "HILJENNEET ASIAKKAAT",
    ):
        assert title not in told
        assert title in supplied


def test_the_first_week_has_counts_alone() -> None:
    first = digest("leadership", weeks=1).selection
    assert first.moved == ()
    assert first.rises == ()
    assert first.forecasts == ()
    assert first.drivers == ()
    assert first.estimate is None
    assert first.hot_spots == ()


@pytest.mark.parametrize("department", ["customer-service", "leadership", "marketing"])
def test_at_most_three_proposals_each_with_its_owner(department: str) -> None:
    proposals = insightful(department, "fi", angry()).selection.proposals
    assert 1 <= len(proposals) <= 3
    assert all(one.owner in STORE.department_by_id for one in proposals)


def test_a_department_reads_its_own_proposals_and_fixes() -> None:
    one = insightful("product", "fi")
    themes = {theme.id for theme in STORE.themes_of(STORE.department_by_id["product"])}
    assert {proposal.owner for proposal in one.selection.proposals} <= {"product"}
    assert {effect.theme for effect in one.selection.effects} <= themes
    assert [effect.action for effect in one.selection.effects] == ["parts-check"]


def test_association_is_not_called_a_cause() -> None:
    for language, words in (("fi", "liittyy"), ("sv", "hänger ihop"), ("en", "associated")):
        one = insightful("service-design", language)
        assert words in render(one, LINKS).text.casefold() or not one.selection.drivers


def test_a_mail_that_cannot_shrink_otherwise_loses_its_last_sections() -> None:
    one = insightful("leadership", "fi")
    long = "x" * 2500
    names = replace(one.names, themes=dict.fromkeys(one.names.themes, long))
    mail = render(replace(one, names=names), LINKS)
    assert len(mail.html.encode()) <= 102 * 1024
    assert "Tärkeimmät toimet" in mail.html
    assert "Peru tilaus" in mail.html
    assert "Lähteet" not in mail.html


def test_nothing_is_told_of_days_after_the_week() -> None:
    now = rich()
    later = now + Summary(
        {Cell(date(2026, 11, 23), "login", "account", "chat", "failure"): {"contacts": 999}}
    )
    told, expected = _week(later), _week(now)
    assert told.rises == expected.rises
    assert told.forecasts == expected.forecasts


def test_growth_is_told_once_in_a_digest() -> None:
    """In a proposal of whom it concerns; else among the news."""
    for department in ("leadership", "service-design", "marketing"):
        one = insightful(department, "en")
        text = render(one, LINKS).text
        assert text.count("Has grown over eight weeks") == len(one.selection.rises)
    alone = insightful("service-design", "en")
    alone = replace(alone, selection=replace(alone.selection, proposals=()))
    assert "Using the web shop\n  Has grown" in render(alone, LINKS).text

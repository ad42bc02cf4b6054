"""Effort, repeated questions, personas, who answers, forecast: told to whom it concerns."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from chalicelib.digest import compose, render
from chalicelib.digest.by_channel import ChannelForecast, daily_of, forecasts, workload
from chalicelib.digest.composition import FOR
from chalicelib.digest.contents import Digest, Section
from chalicelib.digest.people_sentences import BASICS
from chalicelib.digest.whole import Recent, WholeWeek, whole_week
from chalicelib.insights.answering import Answering, Gap, Mean
from chalicelib.insights.exposure import public_holidays
from chalicelib.insights.forecast import Expected
from chalicelib.insights.proportion import share
from chalicelib.insights.weeks import IsoWeek
from chalicelib.organisation import Department
from chalicelib.summary import Summary
from tests.digest.sample import FRESH, LINKS, NOW, WEEK, organisation, summary
from tests.digest.sample_insights import insightful, more, rich

TITLES = {
    Section.EFFORT: "WHERE CUSTOMERS HAVE TO STRUGGLE",
    Section.BASICS: "QUESTIONS THAT COULD BE ASKED BEFOREHAND",
    Section.PERSONAS: "CUSTOMER GROUPS THAT FARE DIFFERENTLY",
    Section.UNANSWERED: "THOSE WHO DO NOT ANSWER",
    Section.QUIET: "CUSTOMERS GONE QUIET",
    Section.FORECAST: "FORECAST FOR WEEK 48",
}


def _text(digest: Digest) -> str:
    return render(digest, LINKS).text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("department", "reads"),
    [
        ("leadership", set(TITLES)),
        ("customer-service", {Section.EFFORT, Section.BASICS, Section.QUIET, Section.FORECAST}),
        ("service-design", {Section.BASICS, Section.PERSONAS}),
        ("marketing", {Section.PERSONAS, Section.UNANSWERED}),
        ("product", set()),
    ],
)
def test_who_reads_what(department: str, reads: set[Section]) -> None:
    store = organisation("en")
    one = compose(store, store.department_by_id[department], WEEK, rich(), FRESH, NOW, _whole())
    # Of the places of struggle, a department reads its own themes.
    own = {theme.id for theme in organisation().themes_of(_department(department))}
    effort = one.selection.effort
    assert effort is not None
    assert all(s.id in own for s in effort.struggles if s.where == "theme")
    text = _text(one)
    told = {section for section, title in TITLES.items() if title in text}
    assert told - {Section.EFFORT} == reads - {Section.EFFORT}
    assert (Section.EFFORT in told) is bool(effort.struggles)


@cache
def _whole() -> WholeWeek:
    return whole_week(organisation("en"), WEEK, rich(), more())


def _department(name: str) -> Department:
    return organisation("en").department_by_id[name]


def test_where_nothing_was_counted_nothing_is_said() -> None:
    text = _text(insightful("leadership", "en", summary()))
    for section in (Section.EFFORT, Section.BASICS, Section.PERSONAS):
        assert TITLES[section] not in text


def test_four_weeks_are_told_from_four_weeks_on() -> None:
    young = rich().where(lambda cell: cell.day >= WEEK.back(2).monday)
    assert whole_week(organisation(), WEEK, young).recent == Recent()


def test_how_many_fell_silent_and_how_to_get_their_list() -> None:
    store = organisation("en")
    reader = store.department_by_id["customer-service"]
    one = compose(store, reader, WEEK, rich(), FRESH, NOW, _whole())
    text = " ".join(_text(one).split())
    assert "12 regular customers have been quiet" in text
    assert "At least" not in text
    assert "hub customers silent --week 2026-W47 --out FILE.csv" in text


def test_what_was_counted_of_a_sample_says_so() -> None:
    whole, store = _whole(), organisation("en")
    assert whole.more.repeats is not None
    counted = replace(whole.more.repeats, sampled=0.2)
    some = replace(whole, more=replace(whole.more, every_customer=False, repeats=counted))
    reader = store.department_by_id["customer-service"]
    text = " ".join(_text(compose(store, reader, WEEK, rich(), FRESH, NOW, some)).split())
    assert "At least 12 regular customers have been quiet" in text
    assert "A random 20% of them were counted." in text


def test_basics_have_names_in_every_language() -> None:
    from chalicelib.basics import BASICS as KNOWN

    assert list(BASICS) == list(KNOWN)


def test_a_few_repeats_are_not_told_by_their_percentage() -> None:
    whole, store = _whole(), organisation("en")
    assert whole.more.repeats is not None
    few = replace(whole.more.repeats, repeated=share(3, 700))
    one = replace(whole, more=replace(whole.more, repeats=few))
    reader = store.department_by_id["customer-service"]
    text = " ".join(_text(compose(store, reader, WEEK, rich(), FRESH, NOW, one)).split())
    assert "Under 5 of 700 contacts came back to the same theme." in text
    assert "0%" not in text.partition("REPEAT CONTACTS")[2].partition("CUSTOMERS GONE")[0]


def test_a_forecast_without_a_range_promises_none() -> None:
    whole, store = _whole(), organisation("en")
    assert whole.workload is not None
    bare = replace(whole.workload.next, total=Expected(390.4))
    one = replace(whole, workload=replace(whole.workload, next=bare, told=None))
    reader = store.department_by_id["customer-service"]
    text = _text(compose(store, reader, WEEK, rich(), FRESH, NOW, one))
    assert "About 390 contacts are expected, survey answers aside.\n" in text


# --- who answers --------------------------------------------------------------------------------


def _asked(found: Answering) -> str:
    store = organisation("en")
    one = compose(store, _department("leadership"), WEEK, rich(), FRESH, NOW, _whole())
    chosen = replace(one.selection, estimate=None, answering=found)
    return " ".join(_text(replace(one, selection=chosen)).split())


def test_the_rated_share_is_told_where_no_estimate_can_be() -> None:
    rated = share(240, 2000)
    low, high = share(20, 400), share(160, 800)
    assert rated
    assert low
    assert high
    told = _asked(Answering(rated, (("email", low), ("chat", high)), ("voice",), None))
    assert "12% (11–13%) of the 2,000 contacts of four weeks were rated." in told
    assert "Rated least often: Email, 5% of contacts; most often: Chat, 20%." in told
    assert "No ratings at all came from: Phone." in told


@pytest.mark.parametrize(("error", "told"), [(0.05, True), (0.5, False)])
def test_a_gap_is_told_where_chance_does_not_explain_it(error: float, told: bool) -> None:
    rated, stated, read = share(240, 2000), share(150, 240), share(130, 240)
    assert rated
    assert stated
    assert read
    gap = Gap(Mean(3.4, error, 240), Mean(2.7, error, 900), stated, read)
    text = _asked(Answering(rated, (), (), gap))
    assert ("satisfaction was 2.7 of 5 among those who did not answer (900 contacts)" in text) is (
        told
    )
    assert ("Of the latter" in text or "54% seemed satisfied and 62% said so" in text) is told


# --- the forecast -------------------------------------------------------------------------------


def _at(week: IsoWeek, counts: Summary) -> dict[str, ChannelForecast]:
    """The forecasts of a digest of that week, which reads 27 weeks, and nothing later."""
    daily = daily_of(counts.between(week.back(26).monday, week.sunday))
    closed = public_holidays("FI", range(2026, 2028))
    every = workload(daily, week, closed)
    assert every
    return {one.channel: one for one in (every, *forecasts(daily, week, closed))}


def test_last_weeks_forecast_is_the_one_that_was_told() -> None:
    counts = summary(32)
    before = _at(WEEK.back(4), counts)
    for age in range(3, -1, -1):
        now = _at(WEEK.back(age), counts)
        assert {one.channel: one.told for one in now.values()} == {
            one.channel: one.next for one in before.values()
        }
        before = now


def test_what_came_is_all_but_survey_answers() -> None:
    found = _at(WEEK, summary())
    unasked = summary().between(WEEK.monday, WEEK.sunday).where(lambda c: c.channel != "survey")
    assert found[""].came == unasked.count("contacts") == 418
    assert found[""].came == sum(one.came for one in found.values()) - found[""].came


def test_the_table_of_insights_tells_where_each_stands() -> None:
    root = Path(__file__).parents[2]
    page = (root / "docs/insights.md").read_text(encoding="utf-8").partition("## Where each stands")
    rows = [line.strip("| ").split(" | ") for line in page[2].splitlines() if line.startswith("| ")]
    told = {}
    for _, files, section, departments in rows[1:]:
        for name in re.findall(r"`(\w+\.py)`", files):
            assert (root / "chalicelib/insights" / name).exists()
        told[section] = departments
    assert set(told) - {"first", "headlines"} == {section.value for section in Section}
    for section in Section:
        assert told[section.value] == ", ".join(sorted(FOR.get(section, {"all"})))

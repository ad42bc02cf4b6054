"""One week's insights: themes, ratings, demand, touchpoints, voices and sources."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from math import comb, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.insights.demand import failure_demand
from chalicelib.insights.proportion import Z_95
from chalicelib.insights.ratings import (
    compare_scores,
    least_squares,
    mean_margin,
    nps,
    nps_margin,
    score,
)
from chalicelib.insights.solicited import voices
from chalicelib.insights.sources import source_states
from chalicelib.insights.themes import ranking
from chalicelib.insights.touchpoints import Standing, journey, standing
from chalicelib.insights.verdict import Verdict
from chalicelib.organisation import SourceConfig, Touchpoint
from chalicelib.summary import Cell, Measures, Summary

DAY = date(2026, 11, 17)
NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)


def cell(
    theme: str = "theme", touchpoint: str = "door", channel: str = "chat", demand: str = "unsure"
) -> Cell:
    return Cell(DAY, theme, touchpoint, channel, demand)


def tones(negative: int, neutral: int = 0, positive: int = 0) -> Measures:
    contacts = negative + neutral + positive
    return {"contacts": contacts, "negative": negative, "neutral": neutral, "positive": positive}


def margin_of(answers: Sequence[int], ends: tuple[int, int]) -> float:
    margin = mean_margin(sum(answers), sum(a * a for a in answers), len(answers), ends)
    assert margin is not None
    return margin


class TestThemes:
    def test_many_bad_experiences_come_before_a_few_that_are_all_bad(self) -> None:
        ranked = ranking(
            {"small": tones(6), "large": tones(40, 40), "calm": tones(5, 95)}, "negative"
        )
        assert [t.theme for t in ranked] == ["large", "small", "calm"]
        assert (ranked[0].k, ranked[0].n) == (40, 80)

    @pytest.mark.parametrize(("negative", "shown"), [(4, False), (5, True)])
    def test_under_five_is_not_published(self, negative: int, shown: bool) -> None:
        ranked = ranking({"theme": tones(negative, 50)}, "negative")
        assert bool(ranked) is shown

    def test_unsure_is_no_theme(self) -> None:
        assert ranking({"unsure": tones(50)}, "negative") == ()


class TestRatings:
    def test_passives_count_only_in_the_answers(self) -> None:
        assert nps(10, 10, 5).value == pytest.approx(20)

    @pytest.mark.parametrize(("n", "scored"), [(9, False), (10, True)])
    def test_under_ten_answers_have_no_score(self, n: int, scored: bool) -> None:
        assert (nps(n, 0, 0).value is not None) is scored
        assert (score({"csat:n": n, "csat:sum": 4 * n}, "csat").value is not None) is scored

    @pytest.mark.parametrize(("n", "margin"), [(25, 31), (100, 15), (400, 8), (1000, 5)])
    def test_nps_margin_nears_the_published_ones(self, n: int, margin: float) -> None:
        assert nps_margin(n // 2, n // 5, n) == pytest.approx(margin, abs=1.5)

    @pytest.mark.parametrize("truth", [(0.5, 0.2), (0.3, 0.3), (0.7, 0.1), (0.2, 0.6)])
    @pytest.mark.parametrize("n", [10, 25])
    def test_nps_margin_covers_the_truth_at_few_answers(
        self, n: int, truth: tuple[float, float]
    ) -> None:
        p, d = truth
        covered = sum(
            comb(n, a) * comb(n - a, b) * p**a * d**b * (1 - p - d) ** (n - a - b)
            for a in range(n + 1)
            for b in range(n + 1 - a)
            if abs((a - b) / n - (p - d)) * 100 <= nps_margin(a, b, n) + 1e-9
        )
        assert 0.93 <= covered <= 0.985

    @given(st.lists(st.integers(1, 7), min_size=1, max_size=60))
    def test_a_means_margin_is_that_of_the_answers_and_half_of_one_at_each_end(
        self, answers: list[int]
    ) -> None:
        n = len(answers)
        weighed = [(a, 1.0) for a in answers] + [(1, 0.5), (7, 0.5)]
        centre = sum(a * w for a, w in weighed) / (n + 1)
        variance = sum(w * (a - centre) ** 2 for a, w in weighed) / (n + 1)
        expected = Z_95 * sqrt(variance / (n + 1)) + abs(sum(answers) / n - centre)
        assert margin_of(answers, (1, 7)) == pytest.approx(expected)
        turned = [8 - a for a in answers]
        assert margin_of(turned, (1, 7)) == pytest.approx(expected)

    @pytest.mark.parametrize("answer", [1, 3, 5])
    def test_equal_answers_are_not_certain(self, answer: int) -> None:
        few, many = margin_of([answer] * 10, (1, 5)), margin_of([answer] * 1000, (1, 5))
        assert few > 0.3
        assert 0 < many < 0.02

    @pytest.mark.parametrize("n", [10, 25, 100])
    @pytest.mark.parametrize(
        "weights",
        [(6, 8, 16, 40, 30), (30, 10, 10, 10, 40), (1, 2, 7, 30, 60), (60, 25, 10, 3, 2)],
        ids=["typical", "polarised", "high", "low"],
    )
    def test_a_means_margin_covers_the_truth(self, n: int, weights: tuple[int, ...]) -> None:
        chance = random.Random(n)
        scale = range(1, 6)
        truth = sum(a * w for a, w in zip(scale, weights, strict=True)) / sum(weights)
        samples = [chance.choices(scale, weights, k=n) for _ in range(2000)]
        covered = sum(abs(sum(s) / n - truth) <= margin_of(s, (1, 5)) for s in samples)
        assert 0.92 <= covered / len(samples) <= 0.999

    @pytest.mark.parametrize("counted", [0, 200, 319])
    def test_answers_counted_before_their_squares_have_no_margin(self, counted: int) -> None:
        measures = {"csat:n": 20, "csat:sum": 80, "csat:top": 15, "csat:sumsq": counted}
        found = score(measures, "csat")
        assert (found.value, found.margin) == (4, None)
        assert found.good is not None
        door = touchpoint("door", csat=3)
        (moment,) = journey(Summary({cell(): {"contacts": 20, **measures}}), [door]).heard
        assert moment.targets == ()

    @given(st.lists(st.integers(1, 5), min_size=1, max_size=60))
    def test_squares_of_whole_answers_are_never_taken_for_missing(self, answers: list[int]) -> None:
        assert sum(a * a for a in answers) >= least_squares(sum(answers), len(answers))

    @pytest.mark.parametrize(
        ("csat", "expected"),
        [(3.5, Standing.MET), (4, Standing.NEAR), (4.5, Standing.MISSED)],
    )
    def test_a_mean_is_held_against_its_target(self, csat: float, expected: Standing) -> None:
        measures = {"contacts": 50, "csat:n": 50, "csat:sum": 200, "csat:sumsq": 840}
        week = Summary({cell(): measures})
        (moment,) = journey(week, [touchpoint("door", csat=csat)]).heard
        assert [(r.kind, r.standing, r.n) for r in moment.targets] == [("csat", expected, 50)]

    @pytest.mark.parametrize(
        ("now", "expected"),
        [(200, Verdict.MORE), (100, Verdict.SAME), (20, Verdict.LESS)],
    )
    def test_nps_is_compared(self, now: int, expected: Verdict) -> None:
        before = {"nps:promoter": 100, "nps:detractor": 100}
        after = {"nps:promoter": now, "nps:detractor": 100}
        assert compare_scores(after, before, "nps") is expected

    def test_few_answers_are_not_compared(self) -> None:
        many = {"nps:promoter": 100}
        assert compare_scores({"nps:promoter": 9}, many, "nps") is Verdict.UNJUDGED
        assert compare_scores(many, None, "nps") is Verdict.ALONE


class TestDemand:
    def test_share_is_of_known_demand_and_leaves_surveys_out(self) -> None:
        week = Summary(
            {
                cell("late", demand="failure"): {"contacts": 30},
                cell("late", demand="value"): {"contacts": 10},
                cell("other", demand="value"): {"contacts": 40},
                cell("other"): {"contacts": 7},
                cell("late", channel="survey", demand="failure"): {"contacts": 100},
            }
        )
        found = failure_demand(week)
        assert found is not None
        assert (found.failures.k, found.failures.n, found.unknown) == (30, 80, 7)
        assert [(t.theme, t.failures.k, t.failures.n) for t in found.themes] == [("late", 30, 40)]

    @pytest.mark.parametrize(("contacts", "told"), [(4, False), (5, True)])
    def test_under_five_contacts_nothing_is_told(self, contacts: int, told: bool) -> None:
        week = Summary({cell(demand="value"): {"contacts": contacts}})
        assert (failure_demand(week) is not None) is told

    @given(
        st.dictionaries(
            st.tuples(st.sampled_from("abc"), st.sampled_from(["failure", "value", "unsure"])),
            st.integers(1, 40),
        )
    )
    def test_known_and_unknown_add_up_to_the_contacts(
        self, counts: dict[tuple[str, str], int]
    ) -> None:
        week = Summary({cell(t, demand=d): {"contacts": n} for (t, d), n in counts.items()})
        found = failure_demand(week)
        if found:
            assert found.failures.n + found.unknown == week.count("contacts")
            assert sum(t.failures.k for t in found.themes) <= found.failures.k


class TestVoices:
    @given(
        st.dictionaries(st.sampled_from(["chat", "survey", "review", "fax"]), st.integers(1, 40))
    )
    def test_asked_and_unasked_add_up_to_the_contacts(self, counts: dict[str, int]) -> None:
        week = Summary({cell(channel=c): tones(n) for c, n in counts.items()})
        both = voices(week)
        assert both.solicited.contacts == counts.get("survey", 0)
        assert both.solicited.contacts + both.unsolicited.contacts == week.count("contacts")

    def test_shares_are_of_contacts_with_text(self) -> None:
        week = Summary({cell(channel="survey"): {"contacts": 50, "negative": 3, "positive": 9}})
        voice = voices(week).solicited
        assert voice.negative is not None
        assert (voice.negative.k, voice.negative.n) == (3, 12)


def touchpoint(name: str, **targets: float) -> Touchpoint:
    return Touchpoint.model_validate({"id": name, "name": {"fi": name}, "targets": targets})


class TestTouchpoints:
    def test_heard_small_and_silent_keep_the_journeys_order(self) -> None:
        week = Summary(
            {
                cell(touchpoint="c"): tones(2, 3),
                cell(touchpoint="a"): tones(5),
                cell(touchpoint="b"): tones(4),
            }
        )
        found = journey(week, [touchpoint(name) for name in "abcd"])
        assert [m.touchpoint for m in found.heard] == ["a", "c"]
        assert (found.small, found.silent) == (("b",), ("d",))

    @pytest.mark.parametrize(
        ("value", "margin", "expected"),
        [(30, 9, Standing.MET), (30, 10, Standing.MET), (30, 11, Standing.NEAR),
         (10, 10, Standing.NEAR), (10, 9, Standing.MISSED)],
    )  # fmt: skip
    def test_a_target_is_met_only_beyond_the_margin(
        self, value: float, margin: float, expected: Standing
    ) -> None:
        assert standing(value, margin, 20) is expected

    @pytest.mark.parametrize(("seconds", "expected"), [(450, Standing.MET), (451, Standing.MISSED)])
    def test_waits_are_held_against_their_target(self, seconds: int, expected: Standing) -> None:
        week = Summary({cell(): {"contacts": 5, "wait:n": 5, "wait:sum_s": seconds}})
        (moment,) = journey(week, [touchpoint("door", wait_s=90)]).heard
        assert [(r.kind, r.standing, r.n) for r in moment.targets] == [("wait_s", expected, 5)]

    def test_too_few_answers_are_not_held_against_a_target(self) -> None:
        week = Summary({cell(): {"contacts": 9, "nps:promoter": 9}})
        (moment,) = journey(week, [touchpoint("door", nps=20)]).heard
        assert moment.targets == ()


class TestSources:
    @pytest.mark.parametrize(
        ("hours", "silent"), [(0, False), (24, False), (24.01, True), (None, True)]
    )
    def test_silence_is_longer_than_the_sources_own_rhythm(
        self, hours: float | None, silent: bool
    ) -> None:
        config = {"chat": SourceConfig(connector="generic", expected_every_h=24)}
        last = None if hours is None else NOW - timedelta(hours=hours)
        (state,) = source_states(config, {"chat": last}, Summary(), NOW)
        assert state.silent is silent

    def test_silent_ones_come_first_and_contacts_are_counted(self) -> None:
        config = {name: SourceConfig(connector="generic") for name in ("chat", "email")}
        week = Summary({cell(): {"contacts": 7, "source:chat": 7}})
        states = source_states(config, {"chat": NOW, "email": None}, week, NOW)
        assert [(s.source, s.contacts, s.silent) for s in states] == [
            ("email", 0, True),
            ("chat", 7, False),
        ]

    def test_imported_files_have_no_rhythm(self) -> None:
        config = {name: SourceConfig(connector="rows") for name in ("old", "new")}
        week = Summary({cell(): {"contacts": 7, "source:new": 7}})
        states = source_states(config, {}, week, NOW)
        assert [(s.source, s.silent) for s in states] == [("new", False)]

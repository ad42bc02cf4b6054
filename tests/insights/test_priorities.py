"""Priorities: at most three, ranked by evidence, never on what is not confirmed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.insights.actions import Effect, Outcome
from chalicelib.insights.cost import FailureCost, Range
from chalicelib.insights.demand import FailureDemand, ThemeDemand
from chalicelib.insights.hotspots import HotSpot
from chalicelib.insights.priorities import (
    Costly,
    Evidence,
    Kind,
    Missed,
    Proposal,
    chosen,
    priorities,
    tied,
)
from chalicelib.insights.proportion import Share, share
from chalicelib.insights.touchpoints import Moment, Standing, TargetResult
from chalicelib.insights.trends import Rise
from chalicelib.insights.usual import Finding, Findings
from chalicelib.organisation import Organisation, read

THEMES = ("late", "broken", "billing", "login")


def _organisation() -> Organisation:
    lines = ["name: x", "contact: a@x.example", "sender: b@x.example", "sources: {}"]
    lines += ["touchpoints:"] + [f"  - {{id: {t}, name: {{en: {t}}}}}" for t in ("home", "shop")]
    lines += ["themes:"]
    lines += [
        f"  - {{id: {theme}, name: {{en: {theme}}}, department: d{place % 2}, touchpoint: home}}"
        for place, theme in enumerate(THEMES)
    ]
    lines += ["departments:", "  - {id: d0, name: {en: D}}", "  - {id: d1, name: {en: E}}"]
    return read("\n".join(lines))


STORE = _organisation()


def _of(k: int, n: int) -> Share:
    found = share(k, n)
    assert found is not None
    return found


def _failing(**themes: tuple[int, int]) -> FailureDemand:
    shares = tuple(ThemeDemand(theme, _of(*counts)) for theme, counts in themes.items())
    return FailureDemand(_of(1, 2), 0, shares)


def _found(evidence: Evidence) -> list[tuple[str, str]]:
    return [(one.kind.value, one.subject) for one in priorities(STORE, evidence)]


def _rise(theme: str) -> Rise:
    return Rise(theme, (2, 2, 2, 2, 2, 8, 10, 12), 2, 10, 0.0001)


def _fix(theme: str, outcome: Outcome, weeks: int = 9, low: float = -0.1) -> Effect:
    return Effect("fix", theme, outcome, weeks, 0.0, low, 0.2)


def _missed(n: int = 100, value: float = 3.0, **changes: object) -> Moment:
    result = TargetResult("csat", value, 4.0, n, Standing.MISSED, 0.1)
    return Moment("shop", 200, None, (replace(result, **changes),))  # type: ignore[arg-type]


# --- only what is confirmed ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failures", "proposed"),
    [
        pytest.param((30, 31), True, id="nearly all"),
        pytest.param((12, 20), False, id="the interval reaches below a half"),
        pytest.param((9, 9), False, id="too few to be a priority"),
        pytest.param((10, 10), True, id="ten are enough"),
    ],
)
def test_a_costly_theme_fails_for_most_customers(failures: tuple[int, int], proposed: bool) -> None:
    assert bool(_found(Evidence(_failing(late=failures)))) is proposed


@pytest.mark.parametrize("standing", [Standing.MET, Standing.NEAR])
def test_a_target_within_its_margin_is_not_proposed(standing: Standing) -> None:
    evidence = Evidence(moments=(_missed(standing=standing),), negatives={"shop": {"late": 3}})
    assert _found(evidence) == []


@pytest.mark.parametrize(
    ("n", "value", "proposed"),
    [(99, 200, False), (100, 200, True), (100, 124, False), (100, 125, True)],
)
def test_waits_are_proposed_only_where_chance_cannot_explain_them(
    n: int, value: float, proposed: bool
) -> None:
    moment = Moment("home", 200, None, (TargetResult("wait_s", value, 100, n, Standing.MISSED),))
    assert bool(_found(Evidence(moments=(moment,)))) is proposed


def test_fewer_contacts_and_an_unsure_theme_are_no_priority() -> None:
    less = Finding("late", 4, 20, 1, 0.0001)
    unsure = Finding("unsure", 40, 20, 1, 0.0001)
    assert _found(Evidence(findings=Findings(None, (less, unsure)))) == []


# --- fixes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fix", "proposed"),
    [
        pytest.param(_fix("late", Outcome.HELPED), False, id="helped"),
        pytest.param(_fix("late", Outcome.TOO_EARLY, 1), False, id="too early"),
        pytest.param(_fix("late", Outcome.NO_EFFECT_SEEN, 7), False, id="still open"),
        pytest.param(_fix("late", Outcome.NO_EFFECT_SEEN, 8), True, id="no effect in the end"),
        pytest.param(_fix("late", Outcome.HURT, 3), True, id="worse"),
    ],
)
def test_a_theme_whose_fix_is_under_way_is_left_to_it(fix: Effect, proposed: bool) -> None:
    evidence = Evidence(_failing(late=(60, 60)), effects=(fix,))
    assert bool(_found(evidence)) is proposed


def test_a_wide_interval_does_not_say_that_a_fix_failed() -> None:
    unknown = _fix("late", Outcome.NO_EFFECT_SEEN, 9, low=-0.5)
    assert _found(Evidence(effects=(unknown,))) == []
    assert _found(Evidence(effects=(_fix("late", Outcome.NO_EFFECT_SEEN, 9),))) != []


# --- owners -------------------------------------------------------------------------------------


def test_a_hot_spot_is_its_leading_theme_or_else_the_place() -> None:
    spot = HotSpot("shop", 40, 60, 0.3, 20.0)
    one = Evidence(hot_spots=(spot,), negatives={"shop": {"broken": 30, "late": 10}})
    (proposal,) = priorities(STORE, one)
    assert (proposal.kind, proposal.subject, proposal.owner) == (Kind.THEME, "broken", "d1")
    many = Evidence(hot_spots=(spot,), negatives={"shop": {"broken": 16, "late": 14, "login": 10}})
    (proposal,) = priorities(STORE, many)
    assert (proposal.kind, proposal.subject, proposal.owner) == (Kind.TOUCHPOINT, "shop", "d1")


def test_a_place_without_any_theme_has_no_owner_and_no_proposal() -> None:
    evidence = Evidence(moments=(_missed(),), negatives={})
    assert _found(evidence) == []  # no theme belongs to the shop
    assert _found(replace(evidence, negatives={"shop": {"late": 3}})) == [("touchpoint", "shop")]


# --- ranking ------------------------------------------------------------------------------------


def test_more_kinds_of_evidence_come_first_then_the_larger() -> None:
    evidence = Evidence(
        _failing(late=(80, 80), broken=(30, 30), billing=(40, 40)),
        FailureCost(150, 90, Range(900, 800, 1000), None, None, (("late", 600.0),)),
        rises=(_rise("broken"),),
    )
    assert [subject for _, subject in _found(evidence)] == ["broken", "late", "billing"]
    late = next(one for one in priorities(STORE, evidence) if one.subject == "late")
    assert late.grounds == (Costly(_of(80, 80), 600.0),)


def test_evidence_of_one_theme_is_one_proposal_the_strongest_first() -> None:
    more = Finding("late", 60, 30, 1, 0.0001)
    evidence = Evidence(
        _failing(late=(50, 50)), findings=Findings(None, (more,)), rises=(_rise("late"),)
    )
    (proposal,) = priorities(STORE, evidence)
    assert [type(ground) for ground in proposal.grounds] == [Costly, Finding, Rise]
    assert proposal.weight == 50


def test_at_most_two_rest_on_cost_alone() -> None:
    evidence = Evidence(
        _failing(late=(80, 80), broken=(70, 70), billing=(60, 60)), rises=(_rise("login"),)
    )
    told = chosen(priorities(STORE, evidence))
    assert [one.subject for one in told] == ["late", "broken", "login"]


@pytest.mark.parametrize(
    ("failures", "alike"),
    [
        pytest.param({"late": (80, 80), "broken": (30, 30)}, [], id="the one is surely larger"),
        # 30 and 22 scatter by 1.28 √(30 + 45 + 22 + 24.2) = 14.1
        pytest.param({"late": (30, 30), "broken": (22, 22)}, ["late", "broken"], id="by 8"),
        pytest.param({"late": (40, 40), "broken": (22, 22)}, [], id="by 18, of 16.4"),
    ],
)
def test_an_order_that_may_be_chance_is_known(
    failures: dict[str, tuple[int, int]], alike: list[str]
) -> None:
    found = priorities(STORE, Evidence(_failing(**failures)))
    assert [one.subject for one in tied(found, chosen(found))] == alike


def test_one_that_is_not_told_may_tie_with_one_that_is() -> None:
    found = priorities(
        STORE, Evidence(_failing(late=(900, 900), broken=(70, 70), billing=(60, 60)))
    )
    told = chosen(found)
    assert [one.subject for one in told] == ["late", "broken"]
    assert [one.subject for one in tied(found, told)] == ["broken", "billing"]


def test_more_kinds_of_evidence_are_no_chance() -> None:
    evidence = Evidence(_failing(late=(30, 30), broken=(29, 29)), rises=(_rise("late"),))
    found = priorities(STORE, evidence)
    assert tied(found, chosen(found)) == ()


_proposals = st.lists(
    st.builds(
        Proposal,
        st.sampled_from(Kind),
        st.sampled_from(THEMES),
        st.sampled_from(["d0", "d1"]),
        st.lists(
            st.sampled_from([Costly(_of(9, 10), None), _rise("late"), _fix("late", Outcome.HURT)]),
            min_size=1,
            max_size=3,
        ).map(tuple),
        st.floats(0, 100),
    )
)


@given(_proposals)
def test_never_more_than_three_and_in_the_given_order(proposals: list[Proposal]) -> None:
    told = chosen(proposals)
    assert len(told) <= 3
    places = iter(proposals)
    assert all(any(one is other for other in places) for one in told)


def test_the_weight_of_a_missed_target_grows_with_answers_and_distance() -> None:
    def weight(moment: Moment) -> float:
        evidence = Evidence(moments=(moment,), negatives={"shop": {"late": 1}})
        (proposal,) = priorities(STORE, evidence)
        assert isinstance(proposal.grounds[0], Missed)
        return proposal.weight

    assert weight(_missed(100, 3.0)) == pytest.approx(25)
    assert weight(_missed(100, 2.0)) > weight(_missed(100, 3.0)) > weight(_missed(50, 3.0))


def test_no_evidence_no_proposal() -> None:
    assert priorities(STORE, Evidence()) == ()

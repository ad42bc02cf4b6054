"""What a department reads: its own themes, its own order, honest about little data."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.digest import Digest, Links, compose, render, sentences, with_quotes
from chalicelib.digest.composition import DEFAULT_ORDER, FOR
from chalicelib.digest.contents import Section, Top
from chalicelib.digest.speech import Speech
from chalicelib.digest.wording import view
from chalicelib.insights.together import Pair
from chalicelib.insights.usual import Finding
from chalicelib.insights.verdict import Verdict
from chalicelib.organisation import Department, Organisation, read
from chalicelib.summary import EMPTY, Cell, Summary
from tests.digest.sample import (
    FRESH,
    HABITS,
    LINKS,
    NOW,
    WEEK,
    candidate,
    digest,
    organisation,
    summary,
)

SILENT = {**FRESH, "phone": NOW - timedelta(days=5)}


def of(department: Department, whole: Summary) -> Digest:
    return compose(organisation(), department, WEEK, whole, FRESH, NOW)


def department(**changes: object) -> Department:
    return organisation().department_by_id["product"].model_copy(update=changes)


def test_the_planted_doubling_is_the_subject_and_the_first_headline() -> None:
    one = digest("leadership")
    first = one.headlines[0]
    assert isinstance(first, Finding)
    assert (first.theme, first.verdict, first.repeated) == ("late-delivery", Verdict.MORE, False)
    assert render(one, LINKS).subject.startswith("Toimitus myöhässä: 105 yhteydenottoa")


def test_what_was_found_before_is_in_its_row_and_not_a_headline() -> None:
    one = digest("leadership")
    row = next(row for row in one.negatives if row.ranked.theme == "billing")
    assert row.finding is not None
    assert row.finding.repeated
    assert row.finding not in one.headlines


def test_a_department_reads_its_own_themes() -> None:
    own = {theme for theme, habit in HABITS.items() if habit.department == "product"}
    one = digest("product")
    shown = {row.ranked.theme for row in one.negatives + one.positives}
    assert shown <= own
    week = summary().between(WEEK.monday, WEEK.sunday)
    assert one.contacts.now == week.where(lambda c: c.theme in own).count("contacts")
    assert one.whole_contacts == week.count("contacts")


def test_two_departments_agree_on_a_shared_theme() -> None:
    assert digest("marketing").headlines[0] == digest("customer-service").headlines[0]


def test_touchpoints_narrow_what_is_read_but_keep_the_unknown() -> None:
    day = WEEK.monday
    whole = Summary(
        {
            Cell(day, "quality", touchpoint, "chat", "unsure"): {"contacts": n}
            for touchpoint, n in (("use", 10), ("delivery", 20), ("unsure", 40))
        }
    )
    assert of(department(touchpoints=("use",)), whole).contacts.now == 50
    assert of(department(touchpoints=("use",), themes="all"), whole).contacts.now == 10


def test_a_department_reads_once_what_concerns_it() -> None:
    """Work on waits and forecasts is for who can act on it; who reads all themes reads all."""
    for one in organisation().departments:
        order = digest(one.id).order
        assert len(order) == len(set(order))
        assert set(DEFAULT_ORDER[2:7]) <= set(order)
    assert set(digest("leadership").order) == set(Section)
    assert of(department(id="logistics"), summary()).order == DEFAULT_ORDER
    assert Section.FORECAST in digest("customer-service").order
    assert Section.FORECAST not in digest("marketing").order
    assert Section.UNANSWERED in digest("marketing").order
    assert Section.DRIVERS in digest("service-design").order
    assert not set(FOR) & set(digest("processes").order)
    assert digest("processes").order[1] is Section.FAILURE


def test_a_silent_source_is_told_first_and_falls_are_not_news() -> None:
    quiet = summary().where(lambda c: not (c.theme == "availability" and c.day >= WEEK.monday))
    fresh = digest("marketing", whole=quiet)
    assert any(isinstance(h, Finding) and h.verdict is Verdict.LESS for h in fresh.headlines)
    silent = digest("marketing", whole=quiet, freshness=SILENT)
    assert [state.source for state in silent.silent] == ["phone"]
    assert not any(isinstance(h, Finding) and h.verdict is Verdict.LESS for h in silent.headlines)
    assert "Lähde on vaiti: Puhelinpalvelu." in render(silent, LINKS).text


def test_an_empty_week_names_the_silent_sources() -> None:
    one = digest("leadership", freshness=dict.fromkeys(FRESH), whole=EMPTY)
    mail = render(one, LINKS)
    assert mail.subject == "Ei yhtään yhteydenottoa, 6 lähdettä vaiti · viikko 47"
    assert "6 lähdettä on vaiti: Chat," in mail.text
    assert one.headlines == ()


def test_an_empty_week_of_working_sources_says_so() -> None:
    mail = render(digest("leadership", whole=EMPTY), LINKS)
    assert mail.subject == "Ei yhtään yhteydenottoa · viikko 47"
    assert "kaikki lähteet ovat tavallisessa rytmissään" in mail.text


def test_an_empty_department_hears_that_others_had_contacts() -> None:
    others = summary().where(lambda c: c.theme != "login")
    mail = render(of(department(themes=("login",)), others), LINKS)
    assert "Omista aiheistasi ei tullut viikolla yhtään yhteydenottoa." in mail.text


@pytest.mark.parametrize(("contacts", "small"), [(4, True), (5, False)])
def test_under_five_contacts_are_not_broken_down(contacts: int, small: bool) -> None:
    cell = Cell(WEEK.monday, "quality", "use", "chat", "failure")
    one = of(department(), Summary({cell: {"contacts": contacts, "negative": contacts}}))
    text = render(one, LINKS).text
    assert ("niin pientä määrää ei eritellä" in text) is small
    assert ("Tuotteen laatu" in text) is not small


def test_the_first_week_compares_with_nothing() -> None:
    one = digest("leadership", weeks=1)
    assert (one.history_weeks, one.contacts.before, one.contacts.verdict) == (
        0,
        None,
        Verdict.ALONE,
    )
    text = render(one, LINKS).text
    assert "Ensimmäinen viikko" in text
    assert "dellisviikolla" not in text


@pytest.mark.parametrize(("weeks", "judged"), [(8, False), (9, True)])
def test_under_eight_earlier_weeks_nothing_is_claimed(weeks: int, judged: bool) -> None:
    one = digest("leadership", weeks=weeks)
    assert one.judged is judged
    claims = "muutosta" in render(one, LINKS).text.replace("Muutoksia", "")
    assert claims is judged
    assert any(isinstance(h, Finding) for h in one.headlines) is judged


def test_at_most_three_headlines_and_the_largest_theme_is_among_them() -> None:
    chosen = digest("leadership").headlines
    assert len(chosen) <= 3
    assert any(isinstance(h, Top) and h.sentiment == "positive" for h in chosen)


def test_composing_twice_gives_the_same() -> None:
    assert digest("leadership") == digest("leadership")


def test_a_folded_name_cannot_break_the_subject() -> None:
    one = digest("leadership")
    names = replace(one.names, themes={t: f"{n}\r\nBcc: x" for t, n in one.names.themes.items()})
    subject = render(replace(one, names=names), LINKS).subject
    assert "\n" not in subject
    assert "\r" not in subject


def big() -> tuple[Organisation, Summary]:
    """Fifty themes, thirty touchpoints and sources, all named at length, all spoken of."""
    long = "pitkä nimi & <jotakin> " * 4
    lines = ["name: Iso Oy", "contact: a@iso.example", "sender: b@iso.example", "sources:"]
    lines += [f"  s{n}: {{connector: generic, title: '{long}{n}'}}" for n in range(30)]
    lines.append("touchpoints:")
    lines += [
        f"  - {{id: p{n}, name: {{fi: '{long}{n}'}}, "
        "targets: {nps: 1, csat: 4, ces: 5, wait_s: 9}}"
        for n in range(30)
    ]
    lines.append("themes:")
    lines += [f"  - {{id: t{n}, name: {{fi: '{long}{n}'}}, department: d}}" for n in range(50)]
    lines += ["departments:", "  - {id: d, name: {fi: Johto}, themes: all}"]
    answers = {"nps:promoter": 20, "wait:n": 20, "wait:sum_s": 4000}
    answers |= {"csat:n": 20, "csat:sum": 80, "csat:sumsq": 345, "csat:top": 15}
    answers |= {"ces:n": 20, "ces:sum": 90, "ces:sumsq": 460, "ces:easy": 12}
    tones = {"contacts": 90, "negative": 40, "positive": 40, "neutral": 10}
    cells = {
        Cell(WEEK.back(age).monday, f"t{n}", f"p{n % 30}", "chat", "failure"): {**answers, **tones}
        for n in range(50)
        for age in range(27)
    }
    return read("\n".join(lines)), Summary(cells)


def test_the_largest_digest_stays_under_102_kb_and_keeps_the_first_quotes() -> None:
    store, whole = big()
    one = compose(store, store.departments[0], WEEK, whole, dict.fromkeys(store.sources), NOW)
    quotes = [candidate(str(n), f"{n} " + "\"<&>' ä " * 60) for n in range(9)]
    one = with_quotes(one, dict.fromkeys(one.quote_requests, quotes))
    assert len(one.quotes) == len(one.quote_requests) == 5
    mail = render(one, Links("https://x.example/" + "u" * 300, "a@iso.example"))
    assert len(mail.html.encode()) < 102 * 1024
    assert mail.html.count("<blockquote") >= 3


def test_a_mean_whose_margin_is_unknown_is_not_told() -> None:
    whole = Summary(
        {
            place: {name: n for name, n in counts.items() if not name.endswith(":sumsq")}
            for place, counts in summary()
        }
    )
    text = render(digest("leadership", whole=whole), LINKS).text
    assert "Keskiarvo" not in text
    assert "CSAT-keskiarvo" not in text
    assert "Tyytyväisten (4–5) osuus.\n" in text
    assert text.count("Vastauksia: 108") == 2


@pytest.mark.parametrize(
    ("language", "row"),
    [
        ("fi", "Edellisviikolla kielteisiä 51.\n  ”"),
        ("sv", "Veckan innan 51 negativa.\n  ”"),
        ("en", "The week before: 51 negative.\n  “"),
    ],
)
def test_the_row_of_a_theme_told_in_the_headline_does_not_tell_it_again(
    language: str, row: str
) -> None:
    assert row in render(digest("leadership", language), LINKS).text


@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        (Verdict.MORE, "Edellisviikolla kielteisiä 51 – selvä nousu."),
        (Verdict.LESS, "Edellisviikolla kielteisiä 51 – selvä lasku."),
    ],
)
def test_a_row_tells_what_it_compares_and_whether_it_is_clear(verdict: Verdict, told: str) -> None:
    row = next(row for row in digest("leadership").negatives if row.told)
    row = replace(row, change=replace(row.change, verdict=verdict))
    assert [
        s.replace("\u00a0", " ") for s in sentences.row_change(Speech("fi"), row, told=True)
    ] == [told]


def test_three_other_themes_are_named_and_the_rest_counted() -> None:
    one = digest("leadership")
    shown = {row.ranked.theme for row in one.negatives + one.positives}
    week = summary().between(WEEK.monday, WEEK.sunday)
    others = week.where(lambda c: c.theme not in shown | {"unsure"}).count("contacts")
    assert len(one.others.largest) == 3
    assert sum(n for _, n in one.others.largest) + one.others.rest == others
    line = next(x for x in render(one, LINKS).text.splitlines() if "muista aiheista" in x)
    assert line.endswith(f"muut yhteensä {one.others.rest}.")
    few = replace(one, others=replace(one.others, rest=4))
    assert "muut yhteensä" not in render(few, LINKS).text


def test_the_change_of_nps_is_told_once() -> None:
    shown = view(digest("leadership"), LINKS)
    nps = next(tile for tile in shown.tiles if tile.label == "NPS")
    assert [line.replace("\u00a0", " ") for line in nps.details] == [
        "108 vastausta.",
        "Edellisviikolla 26 (137 vastausta).",
    ]
    text = render(digest("leadership"), LINKS).text.replace("\u00a0", " ")
    assert text.count("Edellisviikolla 26 (137 vastausta)") == 1


def test_an_inbox_shows_the_silence_after_the_subject() -> None:
    preheader = view(digest("product", freshness=SILENT), LINKS).preheader
    assert preheader.startswith("Lähde on vaiti: Puhelinpalvelu.")
    names = dict.fromkeys(digest("product").names.sources, "Hyvin pitkä nimi " * 9)
    one = digest("product", freshness=SILENT)
    long = replace(one, names=replace(one.names, sources=names))
    assert len(view(long, LINKS).preheader) <= 202


def test_two_kinds_of_feedback_are_set_side_by_side_only_where_both_have_contacts() -> None:
    title = "PYYDETTY JA OMA-ALOITTEINEN"
    assert title in render(digest("leadership"), LINKS).text
    unasked = summary().where(lambda cell: cell.channel != "survey")
    assert title not in render(digest("leadership", whole=unasked), LINKS).text


def test_two_themes_of_one_contact_are_told_once() -> None:
    one = digest("leadership")
    first, second = (row.ranked.theme for row in one.negatives[:2])
    pair = Pair(first, second, both=9, lift=3.0)
    both = replace(one, selection=replace(one.selection, pairs={first: pair, second: pair}))
    assert render(both, LINKS).text.count("Samassa yhteydenotossa usein myös") == 1

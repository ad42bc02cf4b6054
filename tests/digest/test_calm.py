"""A week without a headline: what is told, and what is not claimed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from chalicelib.digest import render
from chalicelib.digest.wording import view
from chalicelib.insights.usual import Finding
from chalicelib.insights.verdict import Verdict
from chalicelib.summary import Cell, Summary
from tests.digest.sample import FRESH, LINKS, NOW, WEEK, digest, summary
from tests.digest.sample_insights import angry, insightful

Freshness = Mapping[str, datetime | None]
SILENT = {**FRESH, "phone": NOW - timedelta(days=5)}


def steady(*themes: str, negative: int = 1, last: int = 8) -> Summary:
    """27 weeks of 8 contacts on each theme, of the last week `last`; survey answers beside."""
    cells = {}
    for age in range(27):
        for theme in themes:
            n = last if age == 0 else 8
            cells[Cell(WEEK.back(age).monday, theme, "browse", "chat", "value")] = {
                "contacts": n,
                "negative": negative,
                "neutral": n - negative,
            }
    return Summary(cells)


@pytest.mark.parametrize(
    ("language", "subject", "told", "in_silence", "told_in_silence"),
    [
        (
            "fi",
            "24 yhteydenottoa, ei selviä muutoksia · viikko 47",
            "Viikolla ei ollut selviä muutoksia.",
            "24 yhteydenottoa, lähde vaiti · viikko 47",
            "Saapuneissa yhteydenotoissa (24) ei näy selviä muutoksia.",
        ),
        (
            "sv",
            "24 kontakter, inga tydliga förändringar · vecka 47",
            "Inga tydliga förändringar under veckan.",
            "24 kontakter, en källa tyst · vecka 47",
            "Inga tydliga förändringar syns i de kontakter som kom in (24).",
        ),
        (
            "en",
            "24 contacts, no clear changes · week 47",
            "No clear changes this week.",
            "24 contacts, a source silent · week 47",
            "No clear changes in the contacts that arrived (24).",
        ),
    ],
)
def test_a_week_without_news_says_so_with_its_n(
    language: str, subject: str, told: str, in_silence: str, told_in_silence: str
) -> None:
    whole = steady("price", "availability", "newsletter")
    mail = render(digest("marketing", language, whole=whole), LINKS)
    assert mail.subject == subject
    assert f"* {told}\n" in mail.text
    mail = render(digest("marketing", language, whole=whole, freshness=SILENT), LINKS)
    assert mail.subject == in_silence
    assert mail.text.index("\n! ") < mail.text.index(f"\n* {told_in_silence}\n")


def test_without_history_no_claim_of_calm_is_made() -> None:
    whole = steady("price").where(lambda cell: cell.day >= WEEK.monday)
    mail = render(digest("marketing", whole=whole), LINKS)
    assert mail.subject == "8 yhteydenottoa · viikko 47"
    assert "* Yhteydenottoja tuli 8.\n" in mail.text


def test_a_clear_change_of_the_weeks_own_numbers_is_no_calm_week() -> None:
    themes = ("price", "availability", "newsletter", "quality", "web-shop")
    now = steady(*themes, negative=4)
    before = steady(*themes, negative=0)
    whole = now.where(lambda c: c.day >= WEEK.monday) + before.where(lambda c: c.day < WEEK.monday)
    mail = render(digest("marketing", whole=whole), LINKS)
    assert mail.subject == "40 yhteydenottoa · viikko 47"
    told = "* Kielteisiä: 50 % (20/40). Edellisviikolla 0 % (0/40) – selvä nousu.\n"
    assert told in mail.text.replace("\u00a0", " ")


def test_a_clear_change_is_told_also_where_only_a_score_moved() -> None:
    one = digest("product", whole=steady("quality", "instructions", negative=6))
    assert one.headlines
    fallen = replace(one.contacts, before=90, verdict=Verdict.LESS)
    moved = replace(one.selection, moved=insightful("leadership", "fi", angry()).selection.moved)
    told = view(replace(one, contacts=fallen, selection=moved), LINKS)
    first = "Yhteydenottoja: 16. Edellisviikolla 90\u00a0– selvä lasku."
    assert told.headlines[0] == first
    assert told.subject.startswith("Kokoamisohje: 6 kielteistä")
    assert told.preheader.startswith(first)


def test_a_fall_under_silence_is_neither_told_nor_called_calm() -> None:
    whole = summary().where(lambda c: c.theme == "availability")
    quiet = whole.where(
        lambda c: c.day < WEEK.monday or (c.channel, c.demand) == ("voice", "value")
    )
    one = digest("marketing", whole=quiet, freshness=SILENT)
    assert one.headlines == ()
    assert one.falls_withheld
    text = render(one, LINKS).text
    assert "Kun lähde on vaiti, vähenemistä ei voi arvioida." in text
    assert "selviä muutoksia" not in text


def test_what_was_news_before_is_told_where_nothing_else_is() -> None:
    whole = steady("price", "availability", "newsletter") + Summary(
        {
            Cell(WEEK.back(age).monday, "price", "browse", "chat", "value"): {
                "contacts": 30,
                "neutral": 30,
            }
            for age in range(3)
        }
    )
    one = digest("marketing", whole=whole)
    told = [head for head in one.headlines if isinstance(head, Finding)]
    assert [(head.theme, head.repeated) for head in told] == [("price", True)]


@pytest.mark.parametrize("freshness", [FRESH, SILENT])
def test_a_week_of_nothing_is_a_letter_without_sections(freshness: Freshness) -> None:
    for whole in (steady("price", "availability", "newsletter"), steady("price", last=4)):
        one = view(digest("marketing", whole=whole, freshness=freshness), LINKS)
        assert (one.parts, one.details) == ((), ())


def test_a_week_without_changes_says_so_and_then_what_was_worst_and_best() -> None:
    heard = view(digest("product", whole=steady("quality", "instructions", negative=6)), LINKS)
    assert [line.replace("\u00a0", " ") for line in heard.headlines] == [
        "Viikolla ei ollut selviä muutoksia.",
        "Eniten kielteistä palautetta: Kokoamisohje – 8 yhteydenotosta 6 oli kielteisiä.",
    ]
    assert heard.subject == "Kokoamisohje: 6 kielteistä, ei selviä muutoksia · viikko 47"
    assert heard.preheader == "Yhteydenottoja 16 · Kielteisiä 75 %"
    assert [part.title for part in heard.parts] == [
        "Eniten kielteistä palautetta",
        "Mitä tehdyt korjaukset saivat aikaan",
    ]
    assert heard.details


def test_a_count_under_five_is_not_told_by_its_percentage() -> None:
    one = view(digest("marketing", whole=steady("price", "availability", "newsletter")), LINKS)
    negative = next(tile for tile in one.tiles if tile.label == "Kielteisiä")
    assert (negative.value, negative.margin) == ("alle 5", "")
    assert negative.details == (
        "24 tekstistä alle 5 oli kielteisiä.",
        "Edellisviikolla alle 5 (yhteensä 24).",
    )

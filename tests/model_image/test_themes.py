"""The organisation's own themes: inflection, abstention, other languages, caching."""

from __future__ import annotations

import pytest

from model_image.backends.compact import KEPT_TAXONOMIES, Compact
from model_image.keywords import patterns
from model_image.wire import Taxonomy, Text, Theme
from tests.model_image.conftest import Json, Understand

BARE: Json = {
    "hash": "bare",
    "themes": [
        {"id": "bill", "keywords": {"fi": ["lasku"], "sv": ["räkning"], "en": ["invoice"]}},
        {"id": "price", "keywords": {"fi": ["hinta"]}},
        {"id": "order", "keywords": {"fi": ["tilaus"]}},
        {"id": "part", "keywords": {"fi": ["osa"]}},
        {"id": "phone", "keywords": {"fi": ["puhelin"]}},
        {"id": "late", "keywords": {"fi": ["ei ole tullut"]}},
    ],
}


@pytest.mark.parametrize(
    ("text", "theme"),
    [
        ("Kysyisin laskun eräpäivästä", "bill"),
        ("laskussa oli virhe", "bill"),
        ("Olen saanut monta laskua", "bill"),
        ("en ole saanut laskuja", "bill"),
        ("Sähkölasku on suuri", "bill"),
        ("Jag har frågor om räkningen", "bill"),
        ("Two invoices came", "bill"),
        ("Hinnat nousivat", "price"),
        ("hintoja on nostettu", "price"),
        ("Tilaukseni puuttuu", "order"),
        ("tilauksen numero", "order"),
        ("yksi osan kiinnike", "part"),
        ("osia puuttui", "part"),
        ("puhelimeni soi", "phone"),
        ("PAKETTI EI OLE TULLUT", "late"),
    ],
)
def test_keywords_in_inflected_text(understand: Understand, text: str, theme: str) -> None:
    assert understand(text, taxonomy=BARE)[0].themes[0][0] == theme


@pytest.mark.parametrize(
    ("keyword", "language", "inside", "outside"),
    [
        ("laatu", "fi", "laadun", "laaja"),
        ("tuote", "fi", "tuotteen", "tuoli"),
        ("asiakas", "fi", "asiakkaan", "asia"),
        ("punainen", "fi", "punaisen", "puna"),
        ("verkkokauppa", "fi", "verkkokaupan", "verkko"),
        ("osa", "fi", "osissa", "osasto"),
        ("delivery", "en", "deliveries", "deliberate"),
        ("leverans", "sv", "leveransen", "lever"),
    ],
)
def test_patterns(keyword: str, language: str, inside: str, outside: str) -> None:
    found = patterns(keyword, language)
    assert any(f"{inside} ".startswith(pattern) for pattern in found)
    assert not any(f"{outside} ".startswith(pattern) for pattern in found)


@pytest.mark.parametrize(
    "text",
    ["Eilen satoi lunta koko päivän.", "The cat sleeps on the roof.", "Katten sover.", "Ok, hyvä"],
)
def test_unrelated_texts_have_no_theme(understand: Understand, text: str) -> None:
    assert understand(text)[0].themes == []
    assert understand(text, taxonomy=BARE)[0].themes == []


def test_two_themes_in_one_message(understand: Understand) -> None:
    text = "Pöydän kulma oli lommolla ja naarmuilla. Lisäksi Laskulla on väärä summa."
    assert {"damaged", "invoice"} <= {theme for theme, _ in understand(text)[0].themes}


def test_finnish_theme_meets_swedish_message(understand: Understand) -> None:
    """Concepts carry over where the taxonomy itself has no word of the language."""
    themes = [
        {"id": "late", "examples": {"fi": ["Paketti ei ole vieläkään tullut, toimitus viipyy"]}},
        {"id": "login", "examples": {"fi": ["En pääse kirjautumaan, salasana ei toimi"]}},
        {"id": "bill", "examples": {"fi": ["Lasku on väärin"]}},
    ]
    result = understand("Jag kan inte logga in", taxonomy={"hash": "fi", "themes": themes})[0]
    assert result.themes[0][0] == "login"


def test_demand_hint_moves_the_answer(understand: Understand) -> None:
    def p(demand: str | None) -> float:
        theme = {"id": "bill", "keywords": {"fi": ["lasku"]}, "demand": demand}
        taxonomy = {"hash": str(demand), "themes": [theme]}
        return understand("Asiani koskee laskua", taxonomy=taxonomy)[0].p_failure

    assert p("value") < p(None) < p("failure")


def test_same_hash_with_other_themes_is_not_confused(understand: Understand) -> None:
    for theme in ("one", "two"):
        themes = [{"id": theme, "keywords": {"fi": ["lasku"]}}]
        result = understand("Laskussa virhe", taxonomy={"hash": "same", "themes": themes})[0]
        assert result.themes[0][0] == theme


def test_kept_taxonomies_are_bounded(compact: Compact) -> None:
    for number in range(KEPT_TAXONOMIES + 5):
        taxonomy = Taxonomy(str(number), (Theme("a", {}, {}, {}, {}, None),), number)
        compact.understand([Text("0", "Hei", None)], taxonomy)
    assert len(compact._kept) == KEPT_TAXONOMIES


def test_bare_and_huge_taxonomies(understand: Understand) -> None:
    bare = {"hash": "b", "themes": [{"id": "a"}, {"id": "b", "name": {}, "keywords": {"fi": []}}]}
    assert understand("Laskussa virhe", taxonomy=bare)[0].themes == []
    many = [{"id": str(i), "examples": {"fi": [f"sana{i} toinen"]}} for i in range(500)]
    many[7] = {"id": "bill", "keywords": {"fi": ["lasku"]}}
    result = understand("Laskussa virhe", taxonomy={"hash": "m", "themes": many})[0]
    assert result.themes[0][0] == "bill"

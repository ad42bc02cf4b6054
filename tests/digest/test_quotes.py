"""Quotes: whose, how many, how long, and harmless."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.digest import Quote, QuoteCandidate, render, with_quotes
from chalicelib.digest.quotes import LONGEST, choose, shortened
from chalicelib.digest.sentences import REDACTED, quoted
from chalicelib.digest.speech import Speech
from chalicelib.digest.spoken import said, visible
from chalicelib.privacy.spans import Kind
from tests.digest.sample import LINKS, NOW, candidate, digest

TEXTS = (
    "Sohva tuli viikon myöhässä eikä kukaan ilmoittanut mitään.",
    "Toimitus siirtyi kolmesti ja odotimme turhaan kotona.",
    "Paketti merkitty toimitetuksi, mutta ovella ei ollut mitään.",
    "Kuljetus ei tullut luvattuna päivänä.",
    "Sänky viipyi kaksi viikkoa ja nukuimme lattialla.",
    "Toimitusaikaa muutettiin kysymättä meiltä.",
)


def people(count: int) -> list[QuoteCandidate]:
    return [candidate(str(place), TEXTS[place % 6] + f" Tilaus {place}.") for place in range(count)]


@pytest.mark.parametrize(("customers", "quotes"), [(0, 0), (4, 0), (5, 2), (6, 2)])
def test_never_from_fewer_than_five_customers(customers: int, quotes: int) -> None:
    assert len(choose(people(customers), "fi")) == quotes


def test_one_customer_writing_ten_times_is_one() -> None:
    loud = [replace(one, customer="loud") for one in people(10)]
    assert choose(loud, "fi") == ()
    assert choose(loud + people(10)[6:9], "fi") == ()


def test_at_most_one_quote_each() -> None:
    loud = [replace(one, customer="loud", p=0.99) for one in people(6)]
    others = [candidate(f"other-{place}", text) for place, text in enumerate(TEXTS[:4])]
    chosen = choose(loud + others, "fi")
    assert sum("Tilaus" in quote.text for quote in chosen) <= 1


def test_unknown_customers_count_by_interaction() -> None:
    unknown = [replace(one, customer=None) for one in people(5)]
    assert len(choose(unknown, "fi")) == 2
    same = [replace(one, interaction_key="chat#same") for one in unknown]
    assert choose(same, "fi") == ()


def test_the_same_words_from_unknown_customers_count_once() -> None:
    copies = [replace(one, customer=None, text="Missä tilaukseni viipyy?!") for one in people(9)]
    assert choose(copies, "fi") == ()


def test_doubtful_and_wordless_texts_are_no_examples() -> None:
    doubtful = [replace(one, p=0.4) for one in people(6)]
    assert choose(doubtful, "fi") == ()
    redacted = [replace(one, text=f"[name] {place} [phone]") for place, one in enumerate(people(6))]
    assert choose(redacted, "fi") == ()


def test_the_readers_language_is_preferred() -> None:
    english = [
        replace(one, language="en", text=f"The sofa came late, order {n}.", p=0.99)
        for n, one in enumerate(people(6))
    ]
    finnish = [candidate(f"fi-{place}", text, p=0.6) for place, text in enumerate(TEXTS[:3])]
    assert {q.language for q in choose(english + finnish, "fi")} == {"fi"}
    assert {q.language for q in choose(english + finnish[:1], "fi")} != {"fi"}


def test_quotes_differ_from_each_other() -> None:
    alike = [
        candidate(f"a{n}", f"Toimitus on myöhässä jo {n} viikkoa, missä se on?") for n in range(9)
    ]
    other = candidate("b", "Kuljettaja jätti toimituksen sateeseen ja laatikot kastuivat.")
    assert any("sateeseen" in quote.text for quote in choose([*alike, other], "fi"))


def test_a_quote_is_what_was_said_without_the_letter_round_it() -> None:
    letters = [
        replace(one, text=f"Toimitus\n\nHei,\n\n{one.text}\n\nTerveisin\n[name], Kangasala")
        for one in people(6)
    ]
    for quote in choose(letters, "fi"):
        assert quote.text.startswith("Toimitus. ")
        assert quote.text.rpartition(" Tilaus ")[2] in {f"{place}." for place in range(6)}


def test_order_of_candidates_does_not_matter() -> None:
    assert choose(people(9), "fi") == choose(people(9)[::-1], "fi")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Lyhyt.", "Lyhyt."),
        ("Ensimmäinen virke on tässä. Toinen jatkuu vielä.", "Ensimmäinen virke on tässä. …"),
        ("Yksi pitkä virke, joka jatkuu ja jatkuu aina vain", "Yksi pitkä virke, joka jatkuu…"),
        ("ä" * 50, "ä" * 31 + "…"),
    ],
    ids=["short", "after a sentence", "after a word", "no spaces"],
)
def test_long_texts_are_cut(text: str, expected: str) -> None:
    assert shortened(text, 32) == expected


@given(st.text())
def test_a_quote_is_one_short_visible_line(text: str) -> None:
    quote = shortened(said(text))
    assert len(quote) <= LONGEST + 1
    assert not any(ord(ch) < 32 or 0x7F <= ord(ch) < 0xA0 for ch in quote)
    assert not any(ch in quote for ch in "\u2028\u2029\u202a\u202b\u202d\u202e\u2066\u2067\u2068")


HOSTILE = (
    "<script>alert('kauppa')</script> toimitus myöhässä taas",
    "Toimitus myöhässä\r\nBcc: kaikki@example.com\r\n\r\nhei",
    "\u202eTämä luetaan väärinpäin, toimitus myöhässä\u202c",
    "\" onmouseover=\"alert(1)\" toimitus oli myöhässä {quote} {{ 7 * 7 }} %s",
    "</blockquote></td></table><h1>Toimitus myöhässä ja taulukko rikki</h1>",
)  # fmt: skip


@pytest.mark.parametrize("place", range(len(HOSTILE)))
def test_hostile_quotes_stay_words(place: int) -> None:
    texts = [HOSTILE[place], *TEXTS[:4]]
    given = [candidate(str(n), text, p=0.99 - n / 100) for n, text in enumerate(texts)]
    one = with_quotes(digest(), {})
    key = one.quote_requests[0]
    one = replace(one, quotes={key: tuple(Quote(visible(c.text), "fi") for c in given)})
    mail = render(one, LINKS)
    assert "<script" not in mail.html
    assert "<h1>" not in mail.html
    assert 'onmouseover="' not in mail.html
    assert "\u202e" not in mail.html + mail.text
    assert not any(line.startswith("Bcc:") for line in mail.text.splitlines())
    assert mail.subject == render(with_quotes(digest(), {}), LINKS).subject


def test_placeholders_speak_the_readers_language() -> None:
    assert {kind.value for kind in Kind} == set(REDACTED)
    quote = Quote("Soita [name], numero [phone]. [jotain muuta]", "fi")
    assert quoted(Speech("fi"), quote).text == (
        "”Soita [nimi], numero [puhelinnumero]. [jotain muuta]”"
    )


def test_only_requested_themes_are_quoted() -> None:
    one = with_quotes(digest(), {("nowhere", "negative"): people(9)})
    assert one.quotes == {}


def test_candidates_may_be_of_any_age() -> None:
    old = [replace(one, at=NOW.replace(year=2001)) for one in people(5)]
    assert len(choose(old, "fi")) == 2

"""What holds for any text: redacting twice changes nothing, no text is refused, time is linear."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.privacy.spans import PLACEHOLDER, Kind, Span, fill, lowered, merge, outside
from tests.privacy.scan import find, redact

# Pieces that rules look for, so that joined texts meet many rules and their overlaps.
PIECES = (
    "Matti", "Virtasen", "matti", "Onni", "terveisin", "t.", "nimeni on", "Hei", "Mr", "olen",
    "040", "000 1234", "+358", "00", "09", "12.3.1985", "syntynyt", "hetu", "130285-900Y", "-",
    "FI21", "1234 5600 0007 85", "4111 1111 1111 1111", "a@b.fi", "@", "(at)", "piste", "fi",
    "Kotikatu", "3", "A 5", "00100 Helsinki", "Street", "12", "rekisteri", "ABC-123", "auto",
    "mieheni", "täällä", "Oy", "-lasit", "sohvamalli", "Koskisen", "lupasi", "jarilta",
    "asiakasnumero", "https://a.example/x?", "id=7", "?", "nolla", "neljä", "yksi", "[name]",
    "[", "]", "\n", " ", ".", ",", ":", "'", "ä", "\u0308", "\ud800", "İ", "\x00", "\u00a0",
)  # fmt: skip
texts = st.one_of(
    st.text(st.characters()),
    st.lists(st.sampled_from(PIECES), max_size=20).map(" ".join),
    st.lists(st.sampled_from(PIECES), max_size=20).map("".join),
)


@settings(max_examples=400)
@given(texts)
def test_redacting_twice_changes_nothing(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


def test_a_long_chain_is_redacted_to_its_end() -> None:
    """Each number hides the next from the rules until it is replaced."""
    chain = ",".join(["09 5550 1234"] * 40)
    assert redact(chain) == ",".join(["[phone]"] * 40)


@given(texts)
def test_with_own_patterns(text: str) -> None:
    def again(text: str) -> str:
        return redact(text, (r"\d{3}", r"[a-c]+"))

    assert again(again(text)) == again(text)


@given(texts)
def test_spans_are_ordered_and_disjoint(text: str) -> None:
    spans = find(text)
    assert all(0 <= s.start < s.end <= len(text) for s in spans)
    assert all(a.end <= b.start for a, b in pairwise(spans))
    assert not any(
        s.start < m.end() and m.start() < s.end for s in spans for m in PLACEHOLDER.finditer(text)
    )


@given(st.text(st.characters()))
def test_lowered_keeps_places(text: str) -> None:
    assert len(lowered(text)) == len(text)


def test_lone_surrogates_pass_through() -> None:
    assert redact("\ud800 Matti \udfff") == "\ud800 [name] \udfff"


SPANS = st.builds(
    lambda start, length, kind: Span(start, start + length, kind),
    st.integers(0, 40), st.integers(1, 10), st.sampled_from(list(Kind)),
)  # fmt: skip


@given(st.lists(SPANS), st.lists(SPANS))
def test_merge_and_outside_keep_every_place(found: list[Span], barred: list[Span]) -> None:
    merged = merge(found)
    taken = [(s.start, s.end) for s in merge(barred)]
    left = outside(merged, taken)
    places = {i for s in left for i in range(s.start, s.end)}
    free = {i for s in found for i in range(s.start, s.end)}
    assert places == free - {i for a, b in taken for i in range(a, b)}
    assert sum(s.end - s.start for s in left) == len(places)


def test_the_longest_find_names_the_whole() -> None:
    assert merge([Span(0, 4, Kind.PHONE), Span(2, 12, Kind.IBAN)]) == [Span(0, 12, Kind.IBAN)]
    assert merge([Span(0, 4, Kind.PHONE), Span(0, 4, Kind.ID)]) == [Span(0, 4, Kind.ID)]
    assert fill("0123456789", [Span(2, 4, Kind.NAME)]) == "01[name]456789"


HOSTILE = (
    "a@", "a@a.a", "1234567890", "1 ", "040 000 1234 ", "+358 40 ", "09 1234567 ", "Matti ", "A",
    "Aa ", "-", "a-", "Kotikatu 3 ", "\n", "\nt. ", "br ", "AA00 ", "4111 ", "http://", "?a=",
    "a piste ", " at ", "nolla ", "tilausnumero ", "nimeni on ", "[", "[id]", "s. ", "010190-9",
    "130285-900Y ", "ABC-123 ", "1 aaa ", " ", "12 High ", "a\u0308", "\ud800", "a'", "(0", "hei ",
    "mieheni Aa ", "my son Aa ", "osoite Koulukatu kaksi ", "thanks, ", "I'm Aa, ", "tuolit Elsa ",
    "Aa Oy ", "Elsa ja Aa", "A. ", "Virtanen Matti ", "tunnuksen loppu ", "jarilta ", "a, Aa ",
)  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE, ids=repr)
def test_hostile_text_takes_linear_time(unit: str) -> None:
    """Eight times the text: a linear rule takes 8 times as long, a quadratic one 64 times."""

    def seconds(size: int) -> float:
        text = (unit * (size // len(unit) + 1))[:size]
        started = time.process_time()
        redact(text)
        return time.process_time() - started

    seconds(1_000)  # compile, import, fill caches
    short = max(min(seconds(20_000), seconds(20_000)), 0.002)
    limit = min(32 * short, 1.0)  # measured: under 0.2 s on a busy machine
    assert any(seconds(160_000) < limit for _ in range(3))

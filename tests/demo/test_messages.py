"""The message bank is large, fills every slot, and holds nobody's data."""

from __future__ import annotations

import random
import re
from collections import Counter
from datetime import date
from itertools import product
from pathlib import Path

import pytest
from stdnum.fi import hetu

from chalicelib.organisation import read
from infra.demo import plot
from infra.demo.people import Person, population
from infra.demo.phrasing import LANGUAGES, Phrasing, bank, phrases
from infra.demo.simulate import contacts

TODAY = date(2026, 11, 23)
ADDRESS = re.compile(r"\S+@\S+")
CODE = re.compile(r"\b\d{6}[-+A-F]\d{3}[0-9A-Z]\b")
REGISTERS = ("chat", "email", "form", "voice", "sms", "survey", "feedback")


def core_lines() -> list[str]:
    return [
        line
        for language in LANGUAGES
        for moods in bank(language).values()
        for registers in moods.values()
        for lines in registers.values()
        for line in lines
    ]


def said() -> list[str]:
    return [turn.text for contact in contacts(TODAY) for turn in contact.turns]


def somebody(language: str) -> Person:
    return next(p for p in population(random.Random(2), 50) if p.language == language)


def test_the_bank_holds_hundreds_of_different_lines() -> None:
    lines = core_lines()
    assert len(lines) == len(set(lines))
    assert len(lines) >= 450
    finnish = sum(
        len(lines) for m in bank("fi").values() for r in m.values() for lines in r.values()
    )
    assert 0.55 <= finnish / len(lines) <= 0.75


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_of_every_language_can_be_filled(language: str) -> None:
    phrasing, person = Phrasing(random.Random(3)), somebody(language)
    texts = [
        line
        for m in bank(language).values()
        for r in m.values()
        for ls in r.values()
        for line in ls
    ]

    def flat(node: object) -> list[str]:
        if isinstance(node, dict):
            return [line for part in node.values() for line in flat(part)]
        return list(node) if isinstance(node, tuple) else []

    for text in [*texts, *flat(phrases(language))]:
        filled = phrasing.fill(text, person, "HV-123456")
        assert "{" not in filled, text
        assert "}" not in filled, text


def test_finnish_can_say_every_mood_of_the_plot_in_every_register() -> None:
    phrasing = Phrasing(random.Random(4))
    for theme, topic in plot.TOPICS.items():
        if theme == plot.RATING_ONLY:
            continue
        for mood, register in product(topic.moods, REGISTERS):
            assert phrasing.can_say("fi", theme, mood, register), (theme, mood, register)
    assert phrasing.can_say("fi", plot.STRIKE_LINES, "negative", "chat")


def test_the_model_is_not_taught_the_very_messages_that_it_will_judge() -> None:
    root = Path(__file__).parents[2]
    organisation = read((root / "organisation.yaml").read_text(encoding="utf-8"))
    taught = {e for t in organisation.themes for lines in t.examples.values() for e in lines}
    assert not taught & set(core_lines())


def test_texts_are_seldom_repeated() -> None:
    first = [c.turns[0].text for c in contacts(TODAY) if c.turns]
    assert len(set(first)) / len(first) > 0.85
    assert Counter(first).most_common(1)[0][1] <= 12


def test_no_slot_is_left_open_and_no_space_is_doubled() -> None:
    for text in said():
        assert not re.search(r"[{}]", text), text
        assert "  " not in text, text
        assert text == text.strip(), text


def test_every_address_is_under_example() -> None:
    found = [one for text in said() for one in ADDRESS.findall(text)]
    assert len(found) > 50
    assert all(one.rstrip(".,!?").lower().endswith(".example") for one in found)


def test_identity_codes_are_valid_and_nobodys() -> None:
    found = [code for text in said() for code in CODE.findall(text)]
    assert len(found) >= 5
    for code in found:
        assert hetu.is_valid(code, allow_temporary=True), code
        assert 900 <= int(code[7:10]) <= 999, code


def test_phone_numbers_stand_in_the_block_of_zeros() -> None:
    found = [n for text in said() for n in re.findall(r"\b0\d\d \d{3} \d{4}\b", text)]
    assert len(found) > 50
    assert all(number[3:7] == " 000" for number in found)


def test_three_languages_in_their_shares() -> None:
    shares = Counter(contact.person.language for contact in contacts(TODAY))
    total = shares.total()
    assert 0.58 <= shares["fi"] / total <= 0.72
    assert 0.14 <= shares["en"] / total <= 0.26
    assert 0.09 <= shares["sv"] / total <= 0.20

"""Floors of precision and recall on data/spans.jsonl, and the measure itself.

The floors lie a little under what `python -m tests.privacy.evaluate` printed when the rules were
last mended (docs/privacy.md), so that a rule that starts to miss or to hide too much is noticed.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from chalicelib.privacy.spans import Kind
from tests.privacy.evaluate import (
    OWN_PATTERNS,
    Label,
    Message,
    characters,
    exact,
    messages,
    ner,
    persons,
    recall_by_type,
)
from tests.privacy.scan import redact

# part -> kind -> (precision, recall)
FLOORS = {
    None: {"name": (0.95, 0.91), "all": (0.97, 0.95)},
    "fresh": {"name": (0.95, 0.80), "all": (0.97, 0.87)},
}
# kind -> (precision, recall) on the whole set
SURE = {
    Kind.ID: (1.0, 1.0),
    Kind.IBAN: (1.0, 1.0),
    Kind.CARD: (1.0, 1.0),
    Kind.EMAIL: (1.0, 1.0),
    Kind.PHONE: (1.0, 0.96),
    Kind.ADDRESS: (1.0, 0.95),
    Kind.PLATE: (1.0, 0.9),
    Kind.BIRTHDATE: (1.0, 1.0),
    Kind.CUT: (1.0, 1.0),
}


def test_the_set_is_what_it_claims() -> None:
    all_of_them = messages()
    languages = Counter(message.language for message in all_of_them)
    assert len(all_of_them) >= 300
    assert languages["fi"] / len(all_of_them) >= 0.6
    assert min(languages["sv"], languages["en"]) >= 60
    assert sum(not message.labels for message in all_of_them) >= 120  # look-alikes
    assert len({message.id for message in all_of_them}) == len(all_of_them)
    assert {label.kind for message in all_of_them for label in message.labels} == set(Kind)
    for message in all_of_them:
        for label in message.labels:
            assert (
                message.text[label.start : label.end].strip()
                == message.text[label.start : label.end]
            ), message.id


@pytest.mark.parametrize("part", FLOORS, ids=str)
def test_names_and_all(part: str | None) -> None:
    table = exact(messages(part))
    for kind, (precision, recall) in FLOORS[part].items():
        assert table[kind].precision >= precision, (kind, table[kind].precision)
        assert table[kind].recall >= recall, (kind, table[kind].recall)


@pytest.mark.parametrize("kind", SURE)
def test_what_rules_can_be_sure_of(kind: Kind) -> None:
    tally = exact(messages())[kind]
    assert tally.precision >= SURE[kind][0]
    assert tally.recall >= SURE[kind][1]


def test_both_checksums_of_identity_codes_are_found() -> None:
    """Right ones anywhere, wrong ones beside a cue; the right ones that a form refused as well."""
    assert recall_by_type(messages())["hetu"][0] >= 28


def test_hardly_anything_else_is_hidden() -> None:
    covered, excess = characters(messages())
    assert covered >= 0.98
    assert excess <= 0.002


def test_what_is_labelled_is_gone_from_the_redacted_text() -> None:
    left = [
        message.id
        for message in messages()
        for label in message.labels
        if message.text[label.start : label.end] in redact(message.text, OWN_PATTERNS)
    ]
    assert len(left) <= 9, left


def test_tallies_by_hand() -> None:
    """One name found, one missed, and a phone that nobody labelled."""
    message = Message("1", "fi", "-", "Matti ja Kwame 040 000 1234",
                      (Label(0, 5, "name", "name"), Label(9, 14, "name", "name")))  # fmt: skip
    table = exact([message])
    assert (table["name"].hit, table["name"].missed, table["name"].false) == (1, 1, 0)
    assert (table["phone"].precision, table["phone"].false) == (0, 1)
    assert table["name"].f1 == pytest.approx(2 / 3)
    assert characters([message]) == pytest.approx((0.5, 12 / 17))


def test_persons_of_a_bio_file(tmp_path: Path) -> None:
    tokens, tags = (
        ["Näin", "Matti", "Virtasen", ",", "Liisan"],
        ["O", "B-PER", "I-PER", "O", "B-PER"],
    )
    assert persons(tokens, tags) == ("Näin Matti Virtasen, Liisan", [(5, 19), (21, 27)])
    path = tmp_path / "ner.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as lines:
        lines.write(json.dumps({"tokens": tokens, "tags": tags}) + "\n")
    tally = ner(path)
    assert (tally.hit, tally.missed, tally.false) == (2, 0, 0)

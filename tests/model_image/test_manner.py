"""How a text is written is told from how other texts look that mean nothing by it."""

from __future__ import annotations

import time

import pytest

from model_image import wire
from model_image.backends.compact import Compact
from model_image.manner import CUES, read_manner

(
    SHOUTS,
    SHOUTS_LONG,
    EXCLAIMS,
    EXCLAIMS_TWICE,
    EXCLAIMS_MORE,
    ASKS,
    ASKS_TWICE,
    STRETCHES,
    TRAILS_OFF,
    SMILES,
    FROWNS,
) = range(len(CUES))


def cues(text: str) -> set[int]:
    return set(read_manner([text])[0].nonzero()[0].tolist())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Missä paketti on", set()),
        ("MISSÄ paketti", {SHOUTS}),
        ("NYT RIITTÄÄ tämä ODOTUS", {SHOUTS, SHOUTS_LONG}),
        ("OK, tv ja A4", set()),
        ("Kiitos!", {EXCLAIMS}),
        ("Ei! Ei taas! Ei ikinä!", {EXCLAIMS, EXCLAIMS_TWICE, EXCLAIMS_MORE}),
        ("Missä? Milloin?", {ASKS, ASKS_TWICE}),
        ("niiiin hyvää", {STRETCHES}),
        ("puhelin 040 1112223, www.example.fi", set()),
        ("viite 1000005", set()),
        ("no jaa..", {TRAILS_OFF}),
        ("no jaa…", {TRAILS_OFF}),
        ("kiitos:)", {SMILES}),
        ("kiitos :-D", {SMILES}),
        ("<3", {SMILES}),
        ("🙂", {SMILES}),
        ("klo 12:Dosentti", set()),
        ("voi ei :'(", {FROWNS}),
        ("ei näin =/", {FROWNS}),
        ("😡", {FROWNS}),
        ("https://example.fi/a", set()),
        ("puhelin:[phone]", set()),
        ("tuotteet:(2 kpl)", set()),
        ("", set()),
    ],
)
def test_cues(text: str, shown: set[int]) -> None:
    assert cues(text) == shown


def test_no_text_has_no_cue() -> None:
    assert read_manner([]).shape == (0, len(CUES))


def test_a_page_of_marks_is_read_at_once() -> None:
    """No pattern goes over the same characters again and again: it takes some 10 ms here."""
    began = time.process_time()
    for text in ("!" * 400, "ÄÄÄ" * 130, "AAA " * 100, ":" * 400, "?" * 400, "." * 400):
        read_manner([text] * 20)
    assert time.process_time() - began < 1


def test_whoever_shouts_is_less_content(compact: Compact) -> None:
    said, shouted = compact.understand(
        [wire.Text("", text, None) for text in ("missä paketti on", "MISSÄ PAKETTI ON!!!")],
        wire.Taxonomy("none", (), 0),
    )
    assert shouted.sentiment[0] > said.sentiment[0] + 0.2

"""Messages, numbers and dates in three languages, and the palette that shows them."""

from __future__ import annotations

import ast
import re
from dataclasses import asdict
from datetime import UTC, date, datetime

import pytest

from chalicelib.digest import sentences
from chalicelib.digest.contents import Result, ShareChange
from chalicelib.digest.palette import DARK, LIGHT, TEXT_ON, Palette, contrast
from chalicelib.digest.sentences import durations
from chalicelib.digest.speech import Speech
from chalicelib.digest.work_sentences import duration
from chalicelib.insights.proportion import share
from chalicelib.insights.ratings import nps
from chalicelib.insights.verdict import Verdict
from chalicelib.insights.weeks import IsoWeek
from tests.digest import catalogues

WEEK = IsoWeek(date(2026, 11, 16))
NBSP = "\u00a0"


def messages(language: str) -> dict[object, object]:
    return {m.id: m.string for m in catalogues.catalogue(language) if m.id}


@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_a_catalogue_has_the_sources_messages_and_no_others(language: str) -> None:
    wanted = {m.id for m in catalogues.template() if m.id}
    assert set(messages(language)) == wanted, "run python -m tests.digest.catalogues"


def test_no_message_hides_from_the_catalogues() -> None:
    """Babel reads no message inside an f-string: it would be told in English to everybody."""
    known = {text for m in catalogues.template() for text in (m.id if m.pluralizable else [m.id])}
    spoken = {"N_", *(f"speech.{name}" for name in catalogues.KEYWORDS)}
    for path in catalogues.SOURCE.glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in spoken:
                message = call.args[0]
                if isinstance(message, ast.Constant):
                    assert message.value in known, path.name


@pytest.mark.parametrize("language", ["fi", "sv"])
def test_every_message_is_translated_with_the_same_values(language: str) -> None:
    for source, told in messages(language).items():
        forms = told if isinstance(told, tuple) else (told,)
        sources = source if isinstance(source, tuple) else (source,)
        assert all(forms), f"{language}: {source!r} has no translation"
        values = [set(re.findall(r"{(\w+)}", str(one))) for one in sources]
        known, needed = set.union(*values), set.intersection(*values)
        # A plural form may leave its own number out: 'once an hour'.
        needed -= {"n"} if len(forms) > 1 else set()
        for form in forms:
            assert needed <= set(re.findall(r"{(\w+)}", str(form))) <= known


@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_plural_rule_is_one_and_others(language: str) -> None:
    told = [
        Speech(language).count(
            "No contacts, {n} source silent", "No contacts, {n} sources silent", n
        )
        for n in (1, 2)
    ]
    assert told[0].replace("1", "2") != told[1]


@pytest.mark.parametrize(
    ("language", "percent", "share", "dates", "minus"),
    [
        ("fi", f"23{NBSP}%", "3,9", "16.–22.11.2026", "−9"),
        ("sv", f"23{NBSP}%", "3,9", "16–22 nov. 2026", "−9"),
        ("en", "23%", "3.9", "16–22 Nov 2026", "−9"),
    ],
)
def test_numbers_and_dates(language: str, percent: str, share: str, dates: str, minus: str) -> None:
    speech = Speech(language)
    assert speech.percent(0.23) == percent
    assert speech.number(3.94, 1) == share
    assert speech.dates(WEEK).replace("\u2009", "") == dates
    assert speech.number(-9) == minus
    assert speech.number(-0.3) == "0"


def test_a_week_over_new_year() -> None:
    assert Speech("fi").dates(IsoWeek(date(2026, 12, 28))) == "28.12.2026–3.1.2027"


def test_thousands_and_local_time_in_finnish() -> None:
    speech = Speech("fi")
    assert speech.number(12345) == f"12{NBSP}345"
    at = datetime(2026, 11, 18, 22, 5, tzinfo=UTC)  # five past midnight in Helsinki
    assert speech.moment(at, "Europe/Helsinki") == "to 19.11. klo 0.05"


@pytest.mark.parametrize(("count", "shown"), [(0, "0"), (1, "alle 5"), (4, "alle 5"), (5, "5")])
def test_small_counts_are_not_published(count: int, shown: str) -> None:
    assert Speech("fi").published(count) == shown


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON)
def test_text_is_readable(palette: Palette, text: str, ground: str) -> None:
    colours = asdict(palette)
    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_bars_can_be_told_from_the_paper_and_from_their_rest(palette: Palette) -> None:
    for tone in (palette.bad, palette.good):
        assert contrast(tone, palette.paper) >= 3
        assert contrast(tone, palette.rest) >= 3


def test_contrast_of_black_and_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize(
    ("value", "target", "shown"),
    [
        (45, 180, ("45 s", "3 min")),
        (99.4, 90, ("1 min 39 s", "1 min 30 s")),
        (119, 120, ("1 min 59 s", "2 min")),
        (182, 90, ("3 min 2 s", "1 min 30 s")),
        (119.6, 60, ("2 min", "1 min")),
        (7260, 30, ("2 h 1 min", "30 s")),
        (0, 7200, ("0 s", "2 h")),
    ],
)
def test_durations_are_in_their_two_largest_units(
    value: float, target: float, shown: tuple[str, str]
) -> None:
    assert (
        tuple(told.replace(NBSP, " ") for told in durations(Speech("fi"), value, target)) == shown
    )


def test_a_share_and_a_score_of_the_week_before_have_their_n() -> None:
    speech = Speech("fi")
    shares = ShareChange(share(30, 100), share(3, 90), Verdict.MORE)
    assert sentences.share_change(speech, shares) == (
        f"Edellisviikolla alle 5 (yhteensä 90){NBSP}– selvä nousu.",
    )
    result = Result(nps(50, 0, 50), nps(60, 10, 20), Verdict.LESS)
    assert sentences.score_change(speech, result) == (
        f"Edellisviikolla 44 (90 vastausta){NBSP}– selvä lasku.",
    )


@pytest.mark.parametrize(
    ("language", "amount", "span"),
    [
        ("fi", f"1{NBSP}230{NBSP}€", f"95–1{NBSP}230{NBSP}€"),
        ("sv", f"1{NBSP}230{NBSP}€", f"95–1{NBSP}230{NBSP}€"),
        ("en", "€1,230", "€95–1,230"),
    ],
)
def test_money_has_three_digits(language: str, amount: str, span: str) -> None:
    speech = Speech(language)
    assert speech.money(1234.4, "EUR") == amount
    assert speech.money_range(95.2, 1234.4, "EUR") == span


@pytest.mark.parametrize(
    ("value", "shown"), [(0.44, "+0,4"), (-0.44, "−0,4"), (0.04, "0,0"), (-0.04, "0,0")]
)
def test_a_difference_has_its_sign(value: float, shown: str) -> None:
    assert Speech("fi").signed(value, 1) == shown


@pytest.mark.parametrize(
    ("minutes", "shown"),
    [(89, "89 min"), (90, "1,5 h"), (120, "2 h"), (599, "10 h"), (1500, "25 h")],
)
def test_work_is_told_in_minutes_and_then_in_hours(minutes: float, shown: str) -> None:
    assert duration(Speech("fi"), minutes).replace(NBSP, " ") == shown

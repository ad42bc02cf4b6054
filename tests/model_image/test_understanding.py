"""Texts of any kind give a clear outcome, alone as in company."""

from __future__ import annotations

import json
import time

import pytest
from starlette.testclient import TestClient

from model_image.backends.compact import BATCH_CHARS
from model_image.features import char_grams, lay_out, normalise, word_grams
from model_image.windows import WINDOW_CHARS, windows
from tests.model_image.conftest import HERE, Json, Understand, body

MESSAGES = [
    json.loads(line) for line in (HERE / "messages.jsonl").read_text(encoding="utf-8").splitlines()
]
TEXTS = [message["text"] for message in MESSAGES]


def test_alone_reversed_and_doubled_give_the_same(understand: Understand) -> None:
    together = understand(*TEXTS)
    assert [understand(text)[0] for text in TEXTS] == together
    assert understand(*reversed(TEXTS))[::-1] == together
    assert understand(*TEXTS, *TEXTS) == together * 2


def test_batches_may_part_anywhere(understand: Understand) -> None:
    filler = "x " * (BATCH_CHARS // 2 - 40)
    assert understand(filler, *TEXTS)[1:] == understand(*TEXTS)


def test_placeholders_numbers_and_spacing_carry_nothing(understand: Understand) -> None:
    first, second = understand(
        "Hei [name], tilaus 12345 puuttuu!", "hei  [phone] , tilaus 9 puuttuu !"
    )
    assert first == second


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(" \n\t ", id="spaces"),
        pytest.param("12345 !!! 🙂", id="no letters"),
        pytest.param("[name] [phone]", id="only placeholders"),
        pytest.param("\ud800\udfff", id="lone surrogates"),
        pytest.param("\x00\x00", id="NUL bytes"),
        pytest.param("Где мой заказ? Я жду уже месяц", id="Russian"),
        pytest.param("我的订单在哪里", id="Chinese"),
    ],
)
def test_texts_that_say_nothing(understand: Understand, text: str) -> None:
    result = understand(text)[0]
    assert result.language == "und"
    assert result.themes == []
    assert result.sentiment == (0.25, 0.5, 0.25)
    assert result.p_failure == 0.5


def test_oddities_inside_words_do_no_harm(understand: Understand) -> None:
    plain, odd = understand("Lasku on väärin", "Lasku\x00on\ud800väärin")
    assert plain == odd


def test_lone_surrogate_over_http(client: TestClient, furniture: Json) -> None:
    request = body("Lasku \ud800 on väärin", taxonomy=furniture)
    request["texts"][0]["id"] = "\udfff"
    response = client.post(
        "/invocations",
        content=json.dumps(request).encode("ascii"),
        headers={"content-type": "application/json"},
    )
    assert response.status_code == 200
    assert response.json()["results"][0]["themes"][0]["id"] == "invoice"


def test_one_megabyte(understand: Understand) -> None:
    began = time.process_time()
    text = "Kaikki on hyvin, ei kysyttävää. " * 32_000 + "Laskussa on virhe, summa on väärä."
    result = understand(text)[0]
    assert "invoice" in dict(result.themes), "the last sentence is read as well"
    assert result.language == "fi"
    assert understand("a" * 1_000_000)[0].themes == []
    assert time.process_time() - began < 10


@pytest.mark.parametrize("place", ["first", "last"])
def test_long_texts_are_read_to_the_end(understand: Understand, place: str) -> None:
    chatter = " ".join(f"Eilen satoi ja luin kirjaa numero {i}." for i in range(60))
    cue = "En pääse kirjautumaan tililleni."
    text = f"{cue} {chatter}" if place == "first" else f"{chatter} {cue}"
    assert len(text) > 4 * WINDOW_CHARS
    assert understand(text)[0].themes[0][0] == "login"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        pytest.param("a" * WINDOW_CHARS, 1, id="at the limit"),
        pytest.param("a" * (WINDOW_CHARS + 1), 2, id="one over, no place to part"),
        pytest.param("Sana. " * 67, 2, id="sentences"),
        pytest.param("\n" * 2 * WINDOW_CHARS, 1, id="only line ends"),
    ],
)
def test_windows(text: str, count: int) -> None:
    parts = windows(text)
    assert len(parts) == count
    assert all(len(part) <= WINDOW_CHARS for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split()), "nothing is lost"


def test_same_grams_in_any_batch() -> None:
    alone = lay_out(["Paketti ei tullut"])
    among = lay_out(["Hei!", "", "Paketti ei tullut", "Moi"])
    for read in (char_grams, word_grams):
        there = read(among)
        assert sorted(read(alone).hashes) == sorted(there.hashes[there.row == 2])


def test_normalise_keeps_one_line_a_text() -> None:
    assert normalise(["A\nb", "", "C."]) == " a b \n \n c . \n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Kiitos!", "fi"),
        ("Moikka, missä mun paketti on", "fi"),
        ("Thanks a lot", "en"),
        ("not working", "en"),
        ("Tack så mycket", "sv"),
        ("Jag vill lämna tillbaka mattan", "sv"),
        ("Hvor er pakken min? Jeg har ikke fått den ennå", "und"),
        ("Kus minu pakk on? Ma ei ole seda veel saanud", "und"),
        ("Wo bleibt mein Paket? Ich warte schon zwei Wochen", "und"),
        ("ok", "und"),
    ],
)
def test_language(understand: Understand, text: str, code: str) -> None:
    assert understand(text)[0].language == code


def test_hint_settles_doubt_but_not_evidence(understand: Understand) -> None:
    assert understand("Super!", hint="sv")[0].language == "sv"
    assert understand("Missä minun tilaukseni on?", hint="sv")[0].language == "fi"
    assert understand("Missä minun tilaukseni on?", hint="xx-YY")[0].language == "fi"
    assert understand("", hint="fi")[0].language == "und"

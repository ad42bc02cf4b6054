"""What a customer said: subject, greeting and sign-off, plain ones and those that only look so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.digest.spoken import said, visible


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Toimitus myöhässä\n\nSohva puuttuu.", "Toimitus myöhässä. Sohva puuttuu."),
        ("Missä sohva viipyy?\r\n\r\nOdotan.", "Missä sohva viipyy? Odotan."),
        ("Lampusta (Aamurusko)\n\nSe surisee.", "Lampusta (Aamurusko). Se surisee."),
        ("Kiitos 😊\n\nHyvin meni.", "Kiitos 😊 Hyvin meni."),
        ("Se sanoi ”ei käy!”\n\nMiksi?", "Se sanoi ”ei käy!” Miksi?"),
        ("Tilaus 12\nPöytä Tuohi", "Tilaus 12. Pöytä Tuohi"),
        ("missä se\non", "missä se on"),
        (
            "Sohvan piti tulla tiistaina, mutta kuljettajaa ei kuulunut eikä\nHavuvakka vastaa.",
            "Sohvan piti tulla tiistaina, mutta kuljettajaa ei kuulunut eikä Havuvakka vastaa.",
        ),
        ("Yksi rivi ilman pistettä", "Yksi rivi ilman pistettä"),
        ("Yksi rivi ilman pistettä\n\n", "Yksi rivi ilman pistettä"),
        ("\n\n", ""),
        ("", ""),
    ],
)
def test_lines_that_ended_on_purpose_get_a_full_stop(text: str, expected: str) -> None:
    assert said(text) == expected


@pytest.mark.parametrize(
    "greeting",
    [
        "Hei,", "Hei!", "Hei", "Moi,", "Terve,", "Hyvää päivää,", "Hyvää iltaa,", "Päivää.",
        "Arvoisa asiakaspalvelu,", "Hyvä asiakaspalvelu,", "Hei Havuvakka!", "Hei [name],",
        "Hej,", "Hej!", "God dag,", "Hejsan,", "Hej igen,", "Bästa kundtjänst,",
        "Hello,", "Hi,", "Hi there,", "Dear customer service,", "Good morning,",
        "Dear Sir or Madam,",
    ],
)  # fmt: skip
def test_a_greeting_is_left_out(greeting: str) -> None:
    assert said(f"{greeting}\n\nsohva puuttuu.") == "Sohva puuttuu."
    assert said(f"Toimitus\n\n{greeting}\n\nSohva puuttuu.") == "Toimitus. Sohva puuttuu."
    assert said(f"{greeting}\nSohva puuttuu.") == "Sohva puuttuu."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hei! Sohva puuttuu.", "Sohva puuttuu."),
        ("Terve, sohva puuttuu.", "Sohva puuttuu."),
        ("hei, sohva puuttuu", "sohva puuttuu"),
        ("No terve, se lasku on väärin.", "Se lasku on väärin."),
        ("Ja, god dag. Lampan brummar.", "Lampan brummar."),
        ("Yes hello, my lamp hums.", "My lamp hums."),
        ("Hei.\n\nHyvää päivää. Edelleen sama ongelma.", "Edelleen sama ongelma."),
        ("Dear customer service, I waited.", "I waited."),
        ("Lasku\n\nHej! Det är fel.", "Lasku. Det är fel."),
    ],
)
def test_a_greeting_on_the_line_of_the_message_is_left_out(text: str, expected: str) -> None:
    assert said(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Hei!",
        "Hei missä sohva on",
        "Ja, lampan brummar.",
        "Hyvä palvelu, kiitos!",
        "Hyvä asiakaspalvelu, kiitos!",
        "Bästa kundtjänsten, tack!",
        "Terve talous on kaukana tästä, sanoi isäntä.",
        "Hinta on väärä, hei!",
        "Heinä, jota tilasin, puuttuu.",
        "Hi-fi, which I ordered, is missing.",
    ],
)
def test_what_only_looks_like_a_greeting_stays(text: str) -> None:
    assert said(text) == text


@pytest.mark.parametrize(
    "sign_off",
    [
        "Terveisin [name]", "T. [name]", "t. Oona", "Ystävällisin terveisin\n[name]\n[phone]",
        "Terv. [name], asiakasnumero [id]", "[name]", "Terveisin\n[name], Kangasala",
        "Yst. terv. [name]\np. [phone]", "-Oona", "- [name]", "terveisin, Oona Lehto",
        "Med vänlig hälsning\n[name]", "Hälsningar [name]", "Mvh [name], [phone]",
        "[name], kundnummer [id]",
        "Best regards,\n[name]", "Kind regards,\n[name]\n[phone]", "Regards,\n[name]",
        "[name], customer number [id]", "Yours sincerely,\n[name] [name]",
    ],
)  # fmt: skip
def test_a_sign_off_is_left_out(sign_off: str) -> None:
    assert said(f"Sohva puuttuu.\n\n{sign_off}") == "Sohva puuttuu."
    assert said(f"Sohva puuttuu.\n{sign_off}\n") == "Sohva puuttuu."
    assert said(f"Sohva puuttuu. {' '.join(sign_off.split())}") == "Sohva puuttuu."
    assert said(f"Sohva puuttuu\n\n{sign_off}") == "Sohva puuttuu"


@pytest.mark.parametrize("closing", ["Terveisin", "Ystävällisin terveisin,", "Mvh", "Regards"])
def test_a_closing_without_a_name_needs_its_own_line(closing: str) -> None:
    assert said(f"Sohva puuttuu.\n\n{closing}") == "Sohva puuttuu."
    assert said(f"Sohva puuttuu. {closing}").endswith(closing)


@pytest.mark.parametrize(
    "text",
    [
        "Soittakaa minulle numeroon [phone]",
        "Soittakaa. Numero on [phone].",
        "Minua palveli [name]",
        "Miten palveltiin? Ystävällisesti.",
        "Hyvin meni. Terveisiä kuljettajalle!",
        "Allt gick bra. Hälsningar till Anna i butiken!",
        "Sohva puuttuu. Kiitos!",
        "Osia puuttui. Toimitus myöhästyi.",
        "[name]",
        "Terveisin [name]",
    ],
)
def test_what_only_looks_like_a_sign_off_stays(text: str) -> None:
    assert said(text) == text


def test_a_letter_loses_both_and_keeps_its_words() -> None:
    letter = (
        "Feedback\n\nDear customer service,\n\nI was on hold for 45 minutes. Please call me at "
        "[phone].\n\nKind regards,\n[name]\n[phone]"
    )
    assert said(letter) == ("Feedback. I was on hold for 45 minutes. Please call me at [phone].")


@given(st.text())
def test_nothing_is_said_that_was_not_written(text: str) -> None:
    told = said(text)
    assert told == visible(told)
    assert bool(told) is bool(visible(text))
    letters = iter("".join(visible(text).casefold().split()))
    assert all(ch in letters for ch in "".join(told.casefold().split()) if ch != ".")

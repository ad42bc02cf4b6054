"""Invented messages with invented personal data in known places, to teach where it stands."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

from model_image.training.encoder.lessons import Lesson, sure

LINES = Path(__file__).with_name("personal.tsv")
EACH = 25  # messages of one line
_PLACE = re.compile(r"\{(\w+)\}")

WORDS = {
    name: words.split()
    for name, words in tomllib.loads(
        Path(__file__).with_name("personal.toml").read_text(encoding="utf-8")
    ).items()
}


def personal_lessons(seed: int = 20261123) -> list[Lesson]:
    """EACH fillings of every line; the same ones for the same seed."""
    chooser = random.Random(seed)
    lines = LINES.read_text(encoding="utf-8").splitlines()
    pairs = [line.split("\t") for line in lines if line and not line.startswith("#")]
    found = []
    for code, line in pairs:
        for _ in range(EACH if "{" in line else EACH // 5):
            text, spans = filled(line, chooser)
            found.append(Lesson(text, "own", code, sure("language", code), spans, group=line))
    return found


def filled(line: str, chooser: random.Random) -> tuple[str, tuple[tuple[int, int, str], ...]]:
    """The line with every place filled, and where the fillings stand."""
    text, spans, end = "", [], 0
    for place in _PLACE.finditer(line):
        text += line[end : place.start()]
        value = INVENT[place[1]](chooser)
        spans.append((len(text), len(text) + len(value), place[1]))
        text, end = text + value, place.end()
    return text + line[end:], tuple(spans)


def _digits(chooser: random.Random, pattern: str) -> str:
    return "".join(str(chooser.randrange(10)) if sign == "#" else sign for sign in pattern)


def _name(chooser: random.Random) -> str:
    name = chooser.choice(
        (
            chooser.choice(WORDS["first"]),
            f"{chooser.choice(WORDS['first'])} {chooser.choice(WORDS['last'])}",
        )
    )
    return name.lower() if chooser.random() < 0.1 else name


def _phone(chooser: random.Random) -> str:
    shapes = ("040 ### ####", "050#######", "+358 4# ### ####", "+46 70 ### ## ##", "09-### ####")
    return _digits(chooser, chooser.choice(shapes))


def _email(chooser: random.Random) -> str:
    parts = (chooser.choice(WORDS["first"]).lower(), chooser.choice(WORDS["last"]).lower())
    return f"{'.'.join(parts)}@{chooser.choice(('example.com', 'posti.example', 'mail.example'))}"


def _address(chooser: random.Random) -> str:
    street = f"{chooser.choice(WORDS['streets'])} {chooser.randint(1, 120)}"
    flat = chooser.choice(("", f" {chooser.choice('ABC')} {chooser.randint(1, 60)}"))
    town = chooser.choice(("", f", {_digits(chooser, '0####')} {chooser.choice(WORDS['towns'])}"))
    return street + flat + town


def _id(chooser: random.Random) -> str:
    shapes = ("######", "########", "A-#####", "######-###X", "TIL######")
    return _digits(chooser, chooser.choice(shapes))


def _iban(chooser: random.Random) -> str:
    shape = chooser.choice(
        ("FI## #### #### #### ##", "FI################", "SE####################")
    )
    return _digits(chooser, shape)


def _plate(chooser: random.Random) -> str:
    return "".join(chooser.choices("ABCEFGHIJKLMNRSTUVXYZ", k=3)) + _digits(chooser, "-###")


def _birthdate(chooser: random.Random) -> str:
    day, month, year = chooser.randint(1, 28), chooser.randint(1, 12), chooser.randint(1935, 2008)
    return chooser.choice((f"{day}.{month}.{year}", f"{year}-{month:02d}-{day:02d}"))


INVENT: dict[str, Callable[[random.Random], str]] = {
    "name": _name,
    "phone": _phone,
    "email": _email,
    "address": _address,
    "id": _id,
    "iban": _iban,
    "card": lambda chooser: _digits(chooser, "#### #### #### ####"),
    "plate": _plate,
    "birthdate": _birthdate,
}

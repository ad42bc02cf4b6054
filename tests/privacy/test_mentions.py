"""An address or a number is found however it is written, and cut out of what others wrote."""

from __future__ import annotations

import base64
import json
import quopri
from collections.abc import Callable
from itertools import permutations
from urllib.parse import quote

import pytest

from chalicelib.privacy.mentions import Mention

AINO = Mention.of(["email:aino@a.example", "phone:+358 40 123 4567", "id:zendesk:7"])


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("Kirjoittakaa AINO@A.example, kiitos", True),
        ("040 123 4567", True),
        ("+358-40-1234567", True),
        ("(040) 1234.567", True),
        ("040/123\N{NO-BREAK SPACE}45\N{NON-BREAKING HYPHEN}67", True),
        ("tilaus 1234567", False),
        ("aino@b.example", False),
        ("zendesk:7", False),
        ("", False),
    ],
)
def test_addresses_in_texts(text: str, held: bool) -> None:
    assert AINO.in_text(text) is held
    assert AINO.in_bytes(text.encode()) is held
    assert AINO.in_text(AINO.cut(text)) is False
    assert Mention.of(["id:zendesk:7"]).in_text(text) is False


CARRIERS: dict[str, Callable[[str], str]] = {
    "json": lambda text: json.dumps({"told": text}),
    "escapes": lambda text: "".join(f"\\u{ord(one):04x}" for one in text),
    "percent": lambda text: "a=1&told=" + quote(text, safe=""),
    "quoted": lambda text: quopri.encodestring(text.replace("@", "=40").encode()).decode(),
    "html": lambda text: "<p>" + text.replace("@", "&#64;") + "</p>",
    "base64": lambda text: "Content: " + base64.encodebytes(text.encode()).decode(),
    "url": lambda text: "token=" + base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
}


@pytest.mark.parametrize("names", list(permutations(CARRIERS, 2)), ids="-in-".join)
def test_one_encoding_lies_in_another(names: tuple[str, str]) -> None:
    inner, outer = (CARRIERS[name] for name in names)
    padding = "Hyvää päivää, tässä on viesti. " * 5
    for said in ("aino@a.example", "p. 040 123 4567"):
        assert AINO.in_bytes(outer(inner(f"{padding}{said}, terveisin")).encode())
    assert not AINO.in_bytes(outer(inner(f"{padding}onni@a.example, terveisin")).encode())


def test_other_bytes() -> None:
    assert AINO.in_bytes("aino@a.example".encode("utf-16"))
    assert AINO.in_bytes(b"\xff\xe4 aino@a.example \xe4")
    assert not AINO.in_bytes(bytes(range(256)) * 100)
    assert not Mention.of([]).in_bytes(b"aino@a.example")
    assert not Mention.of(["email:", "phone:12"]).in_text("12 tuolia")


@pytest.mark.parametrize(
    ("value", "whole"),
    [
        ("email:Aino@A.example", True),
        ("id:aino@a.example", True),
        ("whatsapp:+358401234567", True),
        ("phone:401234567", True),
        ("0401234567", True),
        ("401234567", False),  # a ticket may be called so
        ("email:maino@a.example", False),
        ("aino@a.example-2026", False),
        ("", False),
    ],
)
def test_what_is_nothing_else(value: str, whole: bool) -> None:
    assert AINO.is_whole(value) is whole


def test_a_hostile_delivery_takes_no_longer() -> None:
    """Escapes of escapes and endless base64: work stays in proportion to the size."""
    for nasty in (
        "\\" * 200_000,
        "%25" * 70_000,
        "=3D" * 70_000,
        "&amp;" * 40_000,
        "QUFB" * 60_000,
    ):
        assert not AINO.in_bytes(nasty.encode())

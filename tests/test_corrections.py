"""A correction link fits one message and one department, for a while, and tells nothing."""

from __future__ import annotations

import base64
import dataclasses
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.corrections import (
    LINK_DAYS,
    Correction,
    Link,
    choice,
    expiry,
    seal,
    settled,
    unseal,
)

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
KEY = b"a link key"
LINK = Link("mail#<aino.esimerkki@a.example>", "m-1", "processes", "late", expiry(NOW))


def test_a_link_is_read_back_and_tells_nobody_whose_message_it_is() -> None:
    token = seal(LINK, KEY)
    assert unseal(token, [KEY], NOW) == LINK
    assert unseal(token, [b"a newer key", KEY], NOW) == LINK
    assert re.fullmatch(r"[\w-]+", token)
    assert b"aino" not in base64.urlsafe_b64decode(token + "==")
    assert len(token) < 400
    assert token == seal(LINK, KEY)


def test_a_link_ends() -> None:
    token = seal(LINK, KEY)
    last = LINK.expires_at - timedelta(seconds=1)
    assert last - NOW >= timedelta(days=LINK_DAYS)
    assert unseal(token, [KEY], last) == LINK
    assert unseal(token, [KEY], LINK.expires_at) is None


@pytest.mark.parametrize("field", ["interaction", "message", "department", "theme"])
def test_links_of_two_things_share_nothing(field: str) -> None:
    changed: dict[str, Any] = {field: "x"}
    other = dataclasses.replace(LINK, **changed)
    one, two = (base64.urlsafe_b64decode(seal(link, KEY) + "==") for link in (LINK, other))
    assert one[:12] != two[:12]
    # A head of one and a body of the other is no link.
    spliced = base64.urlsafe_b64encode(one[:12] + two[12:]).decode().rstrip("=")
    assert unseal(spliced, [KEY], NOW) is None


@given(st.integers(0, 1999), st.integers(1, 255))
def test_a_tampered_link_is_refused(place: int, flip: int) -> None:
    sealed = bytearray(base64.urlsafe_b64decode(seal(LINK, KEY) + "=="))
    sealed[place % len(sealed)] ^= flip
    token = base64.urlsafe_b64encode(bytes(sealed)).decode().rstrip("=")
    assert unseal(token, [KEY], NOW) is None


@given(st.text(max_size=300))
def test_strangers_words_are_no_link(token: str) -> None:
    assert unseal(token, [KEY], NOW) is None


def test_another_keys_link_is_refused() -> None:
    assert unseal(seal(LINK, b"another"), [KEY], NOW) is None
    assert unseal("A" * 100_000, [KEY], NOW) is None


@pytest.mark.parametrize(
    ("form", "themes"),
    [
        pytest.param({"theme": "late", "demand": "failure"}, ("late",), id="a theme"),
        pytest.param({"theme": "none", "demand": ""}, (), id="none of these"),
        pytest.param({"theme": "late"}, ("late",), id="demand left open"),
        pytest.param({"theme": "gone", "demand": ""}, None, id="no such theme"),
        pytest.param({"theme": "late", "demand": "x"}, None, id="no such demand"),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_what_a_form_may_say(form: dict[str, str], themes: tuple[str, ...] | None) -> None:
    chosen = choice(form, ["late", "invoice"])
    assert (chosen and chosen.themes) == themes


def test_the_last_word_on_a_message_counts() -> None:
    first = Correction(
        "shop#1", "m", "t", "fi", "chat", ("late",), "", "a", NOW, "t", "model", "digest"
    )
    later = dataclasses.replace(first, themes=(), department="b", at=NOW + timedelta(hours=1))
    other = dataclasses.replace(first, message="n")
    assert first.id != later.id
    assert settled([later, other, first]) == [other, later]

"""What leaves an event: redacted text, a pseudonym, tags that name nobody."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import Misconfigured
from chalicelib.interaction import Channel, Event, EventKind, Role
from chalicelib.privacy import pseudonym, redacted_event
from chalicelib.privacy.pseudonyms import rekeyed, same_person, under_each

KEY = b"k" * 32
EVENT = Event(
    source="chat",
    event_id="1",
    interaction_id="7",
    kind=EventKind.MESSAGE,
    occurred_at=datetime(2026, 11, 2, tzinfo=UTC),
    channel=Channel.CHAT,
    text="Olen Matti Virtanen, 040 000 1234",
    customer="email:Matti@Posti.example",
    tags=("vip", "matti@posti.example", "Matti Virtanen", "asiakas KP-123456"),
)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param("email:Matti@X.example", "email: matti@x.EXAMPLE ", True, id="case, blanks"),
        pytest.param("EMAIL:a@x.example", "email:a@x.example", True, id="case of the kind"),
        pytest.param("email:<a@x.example>", "email:mailto:a@x.example", True, id="wrapping"),
        pytest.param("email:a@x.example", "email:b@x.example", False, id="two people"),
        pytest.param("phone:040 000 1234", "phone:+358400001234", True, id="national"),
        pytest.param("phone:00358-40-0001234", "phone:+358 (0)40 000 1234", True, id="00, (0)"),
        pytest.param("phone:+3580400001234", "phone:+358400001234", True, id="+358 0"),
        pytest.param("phone:0400001234", "phone:0400001235", False, id="two numbers"),
        pytest.param("phone:anonymous", "phone:Anonymous", True, id="no number at all"),
        pytest.param("id:Ab1", "id:ab1", False, id="ids keep their case"),
        pytest.param("id:a@x.example", "email:a@x.example", False, id="kinds stay apart"),
    ],
)
def test_pseudonym_is_the_same_for_the_same_person(one: str, other: str, same: bool) -> None:
    assert (pseudonym(one, KEY) == pseudonym(other, KEY)) is same


@given(st.text(st.characters(), max_size=50), st.binary(min_size=1, max_size=64))
def test_pseudonym_is_short_and_url_safe(customer: str, key: bytes) -> None:
    assert re.fullmatch(r"c_[A-Za-z0-9_-]{28}", pseudonym(customer, key))


def test_pseudonym_needs_and_uses_the_key() -> None:
    assert pseudonym("id:7", b"one") != pseudonym("id:7", b"two")
    with pytest.raises(Misconfigured, match="key of customer pseudonyms is empty"):
        pseudonym("id:7", b"")


def test_pseudonym_is_pinned() -> None:
    """A change of normalisation or hashing would split every customer in two."""
    assert pseudonym("email:matti@posti.example", KEY) == "c_eCvFinpKQorO5-SPUvSRtZndEiZk"


@given(
    st.text(st.characters(), max_size=50),
    st.lists(st.binary(min_size=1, max_size=9), min_size=2, max_size=4, unique=True),
)
def test_a_pseudonym_moves_to_the_newest_key_without_the_person(
    customer: str, keys: list[bytes]
) -> None:
    newest = pseudonym(customer, keys[0])
    for key in keys:
        assert rekeyed(pseudonym(customer, key), keys) == newest
        assert same_person(keys)(pseudonym(customer, key)) == newest
        assert under_each(pseudonym(customer, key), keys) == under_each(customer, keys)
    stranger = pseudonym(customer, b"another key, longer")
    assert rekeyed(stranger, keys) == stranger
    assert under_each(stranger, keys) == {stranger}


def test_an_old_key_that_is_gone_moves_nothing_and_finds_itself() -> None:
    one, two = b"one", b"two"
    old = pseudonym("id:7", one)
    assert rekeyed(old, [two]) == old
    assert same_person([two])(old) == old
    assert rekeyed("c_7", [two, one]) == "c_7"


def test_event_is_redacted() -> None:
    event = redacted_event(EVENT, (r"KP-\d{6}",), KEY)
    assert event.text == "Olen [name], [phone]"
    assert event.customer == pseudonym("email:matti@posti.example", KEY)
    assert event.tags == ("vip",)
    assert replace(event, text=EVENT.text, customer=EVENT.customer, tags=EVENT.tags) == EVENT


def test_redacting_an_event_twice_changes_nothing() -> None:
    once = redacted_event(EVENT, (), KEY)
    assert redacted_event(once, (), KEY) == once


@pytest.mark.parametrize(
    ("role", "text"),
    [
        (Role.NOTE, ""),
        (Role.AGENT, "Olen [name], [phone]"),
        (Role.BOT, "Olen [name], [phone]"),
        (Role.SYSTEM, "Olen [name], [phone]"),
    ],
)
def test_internal_notes_lose_their_text(role: Role, text: str) -> None:
    assert redacted_event(replace(EVENT, role=role), (), KEY).text == text


@pytest.mark.parametrize("customer", [None, ""])
def test_nobody_has_no_pseudonym(customer: str | None) -> None:
    assert redacted_event(replace(EVENT, customer=customer), (), KEY).customer is None

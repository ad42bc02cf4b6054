"""An unsubscribe link does one thing, for one reader of one department, and for ever."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib import pages
from chalicelib.adapters.clients import client
from chalicelib.adapters.world import World
from chalicelib.pipeline.digests import (
    UNDO,
    reader_id,
    send_digests,
    undo_token,
    unsubscribe,
    unsubscribe_token,
)
from tests.conftest import SECRET
from tests.pipeline.test_digests import MONDAY_9, monday  # noqa: F401 - a fixture

READER = ("service", "palvelu@esimerkki.example")


def rotated(world: World, *keys: str) -> World:
    """Other link keys, newest first, as the functions see them when their cache is over."""
    client("secretsmanager").put_secret_value(
        SecretId="oivallus/test/link-key", SecretString=json.dumps({"secrets": list(keys)})
    )
    world.secrets._cache.clear()
    return world


def in_weeks(world: World, weeks: int) -> World:
    return replace(world, clock=lambda: MONDAY_9 + timedelta(weeks=weeks))


def test_a_link_carries_no_address(world: World) -> None:
    token = unsubscribe_token(world, *READER)
    assert "palvelu" not in token
    assert len(token) == 49
    assert token.replace(".", "").isalnum()


def test_every_changed_character_is_refused(world: World) -> None:
    token = unsubscribe_token(world, *READER)
    for place, old in enumerate(token):
        new = "0" if old != "0" else "1"
        forged = token[:place] + new + token[place + 1 :]
        assert unsubscribe(world, forged, "POST").status == 404, place
    assert world.registry.opted_out(reader_id(world, *READER)) is False


@pytest.mark.parametrize("cut", range(1, 33))
def test_a_shortened_signature_is_refused(world: World, cut: int) -> None:
    assert unsubscribe(world, unsubscribe_token(world, *READER)[:-cut], "POST").status == 404


def test_one_readers_signature_does_not_fit_another(world: World) -> None:
    mine, theirs = (
        unsubscribe_token(world, "service", f"{name}@esimerkki.example")
        for name in ("palvelu", "esihenkilo")
    )
    swapped = f"{theirs.partition('.')[0]}.{mine.partition('.')[2]}"
    assert unsubscribe(world, swapped, "POST").status == 404
    assert unsubscribe(world, mine, "POST").status == 200
    assert world.registry.opted_out(reader_id(world, "service", "palvelu@esimerkki.example"))
    assert not world.registry.opted_out(reader_id(world, "service", "esihenkilo@esimerkki.example"))
    # The same address in another department goes on too.
    assert not world.registry.opted_out(reader_id(world, "processes", "palvelu@esimerkki.example"))


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", ""])
def test_only_a_post_changes_anything(world: World, method: str) -> None:
    unsubscribe(world, unsubscribe_token(world, *READER), method)
    assert not world.registry.opted_out(reader_id(world, *READER))


def test_a_post_may_come_twice_and_years_later(monday: World) -> None:  # noqa: F811
    """RFC 8058: the address works for as long as the letter is there."""
    token = unsubscribe_token(monday, *READER)
    years = in_weeks(monday, 520)
    assert unsubscribe(years, token, "POST").status == 200
    assert unsubscribe(years, token, "POST").status == 200
    assert years.registry.opted_out(reader_id(monday, *READER))


def test_a_new_key_keeps_old_links_and_those_who_left(monday: World) -> None:  # noqa: F811
    old = unsubscribe_token(monday, *READER)
    gone = unsubscribe_token(monday, "service", "esihenkilo@esimerkki.example")
    assert unsubscribe(monday, gone, "POST").status == 200
    newer = rotated(monday, "a-new-link-key-of-32-characters!", SECRET)
    assert unsubscribe_token(newer, *READER) != old
    assert send_digests(newer) == 2  # not to the one who left
    assert unsubscribe(newer, old, "POST").status == 200
    assert send_digests(in_weeks(newer, 1)) == 1


def test_a_key_that_leaked_and_was_taken_out_signs_no_more(world: World) -> None:
    leaked = unsubscribe_token(world, *READER)
    newer = rotated(world, "a-new-link-key-of-32-characters!")
    assert unsubscribe(newer, leaked, "POST").status == 404


@pytest.mark.parametrize(
    "token",
    [
        "<script>alert(1)</script>",
        "a.b\r\nSet-Cookie: x=y",
        "\x00",
        "ä" * 10_000,
        "." * 1000,
        "%2e%2e%2f",
        "0" * 16,
    ],
)
def test_nothing_of_a_made_up_token_is_shown(world: World, token: str) -> None:
    page = unsubscribe(world, token, "GET")
    assert page.status == 404
    assert token not in page.body
    assert page.headers == pages.HEADERS


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("known", [True, False])
def test_each_page_speaks_every_language_and_keeps_its_address(
    world: World, method: str, *, known: bool
) -> None:
    """The address is the key: it must not leave as a referrer, nor be framed or kept."""
    token = unsubscribe_token(world, *READER) if known else "0" * 49
    page = unsubscribe(world, token, method)
    for language in ("fi", "sv", "en"):
        # Who left also reads how to come back.
        assert page.body.count(f'<p lang="{language}">') == (2 if known and method == "POST" else 1)
    assert ("<button" in page.body) is known
    assert "http" not in page.body  # nothing is loaded from anywhere
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


def left(world: World) -> str:
    """The token of the button on the page that says a reader has left."""
    page = str(unsubscribe(world, unsubscribe_token(world, *READER), "POST").body)
    assert "palaute@esimerkki.example" in page  # whom to ask when the button is too old
    (action,) = re.findall(r'<form method="post" action="([^"/:?]+)">', page)
    return str(action)


def test_who_left_by_mistake_comes_back_by_a_button(world: World) -> None:
    undo, reader = left(world), reader_id(world, *READER)
    assert unsubscribe(world, undo, "GET").status == 200
    assert world.registry.opted_out(reader)
    assert unsubscribe(world, undo, "POST").status == 200
    assert not world.registry.opted_out(reader)


def test_the_button_lasts_its_hour_alone(world: World) -> None:
    undo, now = left(world), world.clock()
    late = replace(world, clock=lambda: now + UNDO + timedelta(seconds=1))
    assert unsubscribe(late, undo, "POST").status == 404
    assert world.registry.opted_out(reader_id(world, *READER))
    last = replace(world, clock=lambda: now + UNDO)
    assert unsubscribe(last, undo, "POST").status == 200


def test_a_changed_button_is_refused(world: World) -> None:
    undo = left(world)
    for place, old in enumerate(undo):
        forged = undo[:place] + ("0" if old != "0" else "1") + undo[place + 1 :]
        assert unsubscribe(world, forged, "POST").status == 404, place
    longer = f"{undo.rpartition('.')[0]}.{int(undo.rpartition('.')[2]) + 1}"
    assert unsubscribe(world, longer, "POST").status == 404
    assert world.registry.opted_out(reader_id(world, *READER))


def test_a_link_to_leave_is_none_to_come_back(world: World) -> None:
    undo = undo_token(world, reader_id(world, *READER))
    reader, mac = unsubscribe_token(world, *READER).split(".")
    left(world)
    assert unsubscribe(world, f"{reader}.{mac}.{undo.rpartition('.')[2]}", "POST").status == 404
    assert unsubscribe(world, undo.rpartition(".")[0], "POST").status == 404
    assert world.registry.opted_out(reader)

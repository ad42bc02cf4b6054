"""A digest is sent once, on the department's local schedule, whatever runs twice or dies."""

from __future__ import annotations

import email
import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from email.message import EmailMessage
from email.policy import default
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from moto.ses.models import ses_backends

from chalicelib.adapters.log import EventKey
from chalicelib.adapters.world import World
from chalicelib.connectors.base import Request
from chalicelib.errors import Retryable
from chalicelib.organisation import Schedule
from chalicelib.pipeline.corrections import correct
from chalicelib.pipeline.digests import (
    due,
    record_mail,
    send_digests,
    unsubscribe,
    unsubscribe_token,
)
from chalicelib.pipeline.understand import understand
from tests import kept
from tests.events import event
from tests.pipeline.faults import Fuse, Killed, fused

HELSINKI = ZoneInfo("Europe/Helsinki")
MONDAY_9 = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)  # 09:00 in Helsinki


@pytest.mark.parametrize(
    ("now", "monday"),
    [
        pytest.param(MONDAY_9, date(2026, 11, 16), id="on time"),
        pytest.param(MONDAY_9 - timedelta(seconds=1), None, id="a second early"),
        pytest.param(
            MONDAY_9 + timedelta(hours=23, minutes=59), date(2026, 11, 16), id="caught up"
        ),
        pytest.param(MONDAY_9 + timedelta(hours=24), None, id="a day late is too late"),
        pytest.param(datetime(2026, 3, 30, 6, 0, tzinfo=UTC), date(2026, 3, 23), id="summer time"),
        pytest.param(datetime(2026, 3, 30, 5, 59, tzinfo=UTC), None, id="before, in summer time"),
        pytest.param(datetime(2027, 1, 4, 7, 0, tzinfo=UTC), date(2026, 12, 28), id="week 53"),
    ],
)
def test_due_on_local_monday_morning(now: datetime, monday: date | None) -> None:
    assert due(Schedule(), HELSINKI, now) == monday


def test_a_friday_digest_tells_of_the_last_full_week() -> None:
    friday = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
    schedule = Schedule(weekday="friday", at=time(14, 30))
    assert due(schedule, HELSINKI, friday) == date(2026, 11, 9)
    late_sunday = Schedule(weekday="sunday", at=time(23, 30))
    assert due(late_sunday, HELSINKI, datetime(2026, 11, 23, 6, tzinfo=UTC)) == date(2026, 11, 9)


def _mails(world: World) -> list[EmailMessage]:
    sent = ses_backends["123456789012"]["eu-north-1"].sent_messages
    return [email.message_from_string(m.raw_data, policy=default) for m in sent]


_COMPLAINED: list[kept.State] = []  # at most one: what moto holds after `_complain`


@pytest.fixture
def monday(world: World, database: str) -> World:
    """A week with thirty complaints behind it, on Monday at nine."""
    if database != "moto":
        _complain(world)
    elif _COMPLAINED:
        kept.put_back(_COMPLAINED[0])
    else:
        _complain(world)
        _COMPLAINED.append(kept.take())
    return replace(world, clock=lambda: MONDAY_9)


def _complain(world: World) -> None:
    keys = []
    for number in range(30):
        item = event(
            str(number),
            interaction_id=f"i{number}",
            customer=f"id:{number}",
            text=f"Tilauksen {number} toimitus on taas kerran myöhässä",
        )
        world.log.add(item, MONDAY_9, 30, None)
        keys.append(EventKey(item.interaction_key, item.event_id))
    assert understand(world, keys) == frozenset()


def test_every_reader_gets_one_letter_however_often_it_runs(monday: World) -> None:
    assert send_digests(monday) == 3
    assert send_digests(monday) == 0
    assert send_digests(replace(monday, clock=lambda: MONDAY_9 + timedelta(hours=20))) == 0
    assert sorted(m["To"] for m in _mails(monday)) == [
        "esihenkilo@esimerkki.example",
        "palvelu@esimerkki.example",
        "prosessit@esimerkki.example",
    ]


def test_nothing_leaves_before_the_hour(monday: World) -> None:
    assert send_digests(replace(monday, clock=lambda: MONDAY_9 - timedelta(minutes=1))) == 0


def test_a_letter_is_complete(monday: World) -> None:
    send_digests(monday)
    letter = next(m for m in _mails(monday) if m["To"] == "prosessit@esimerkki.example")
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letter["List-Unsubscribe"].startswith("<https://hub.esimerkki.example/unsubscribe/")
    assert letter["Reply-To"] == "palaute@esimerkki.example"
    text = letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    html = letter.get_body(("html",)).get_content()  # type: ignore[union-attr]
    for part in (text, html):
        assert "Toimitus myöhässä" in part
        assert "30" in part
    assert len(html.encode()) < 102 * 1024
    assert any("taas kerran myöhässä" in part for part in (text, html)), "quotes of 30 customers"
    assert html.count(">Väärä aihe?</a>") == len(_links(html)) > 1
    assert text.count("Väärä aihe?") == 1  # in plain text the links are footnotes
    footnotes = re.findall(r"^\[\d+\] \S+/correct/([\w-]+)", text, re.MULTILINE)
    assert footnotes == _links(html)
    for token in _links(html):
        page = correct(monday, token, Request("GET", "", {}, b""))
        assert page.status == 200
        assert "taas kerran myöhässä" in page.body


def _links(html: str) -> list[str]:
    return re.findall(r'href="https://hub\.esimerkki\.example/correct/([\w-]+)"', html)


@pytest.mark.parametrize("step", range(1, 60, 3))
def test_killed_anywhere_the_readers_still_get_one_letter_each(monday: World, step: int) -> None:
    fuse, killed = Fuse(step), False
    try:
        send_digests(fused(monday, fuse))
    except Killed:
        killed = True
    assert killed or step > 50, "the steps must reach every call"
    _tell_what_left(monday)
    later = MONDAY_9 + timedelta(hours=1)
    send_digests(replace(monday, clock=lambda: later))
    assert len(_mails(monday)) == 3
    assert len({m["To"] for m in _mails(monday)}) == 3


def _tell_what_left(world: World) -> None:
    """SES's events about the mails it took."""
    for mail in _mails(world):
        tag = mail["X-SES-MESSAGE-TAGS"].partition("=")[2]
        record_mail(world, json.dumps({"eventType": "Send", "mail": {"tags": {"digest": [tag]}}}))


def test_two_runs_at_once_send_one_letter(monday: World) -> None:
    class Twice:
        """A mail service during whose call the same function runs a second time."""

        def send(self, letter: Any) -> None:
            send_digests(monday)
            monday.mail.send(letter)

    send_digests(replace(monday, mail=Twice()))  # type: ignore[arg-type]
    assert len(_mails(monday)) == 3


def test_a_refused_letter_is_sent_by_the_next_run(monday: World) -> None:
    class Refusing:
        def send(self, letter: Any) -> None:
            raise Retryable("throttled")

    assert send_digests(replace(monday, mail=Refusing())) == 0  # type: ignore[arg-type]
    assert send_digests(monday) == 3


def test_unsubscribing_takes_a_post_and_ends_the_letters(monday: World) -> None:
    token = unsubscribe_token(monday, "service", "palvelu@esimerkki.example")
    assert unsubscribe(monday, token, "GET").status == 200
    assert send_digests(monday) == 3
    assert unsubscribe(monday, token, "POST").status == 200
    next_week = replace(monday, clock=lambda: MONDAY_9 + timedelta(days=7))
    assert send_digests(next_week) == 2


@pytest.mark.parametrize("token", ["", "x", "abc.def", "ä.ö", "0123456789abcdef." + "0" * 32])
def test_a_made_up_token_changes_nothing(monday: World, token: str) -> None:
    assert unsubscribe(monday, token, "POST").status == 404
    assert send_digests(monday) == 3

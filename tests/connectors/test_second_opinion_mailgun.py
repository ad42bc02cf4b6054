"""Mailgun's signature as `openssl` makes it, and what its form may look like."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Request
from chalicelib.connectors.parts.form_data import read_form, with_fields
from chalicelib.errors import Rejected, Unreadable
from tests.connectors.recordings import FIXTURES, Recording, load

MAILGUN = CONNECTORS["mailgun"]
PLAIN = load(FIXTURES / "mailgun" / "new_mail.http")
MULTIPART = load(FIXTURES / "mailgun" / "attachments.http")


@pytest.mark.parametrize("one", [PLAIN, MULTIPART], ids=["urlencoded", "multipart"])
def test_openssl_agrees(one: Recording) -> None:
    form = read_form(one.request)
    made = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", one.secret, "-r"],
        input=(form.text("timestamp") + form.text("token")).encode(),
        capture_output=True,
        check=True,
    ).stdout.decode()
    assert made.split()[0] == form.text("signature")


@pytest.mark.parametrize("hours", [0, 8.9])
def test_a_retry_hours_later_is_taken(hours: float) -> None:
    MAILGUN.verify(PLAIN.request, [PLAIN.secret], PLAIN.at + timedelta(hours=hours))


@pytest.mark.parametrize("hours", [-0.1, 9.1, 900])
def test_an_old_signature_is_refused(hours: float) -> None:
    with pytest.raises(Rejected, match=r"old|in the future"):
        MAILGUN.verify(PLAIN.request, [PLAIN.secret], PLAIN.at + timedelta(hours=hours))


@pytest.mark.parametrize("name", ["timestamp", "token", "signature"])
def test_each_field_is_needed(name: str) -> None:
    request = with_fields(PLAIN.request, {name: ""})
    with pytest.raises(Rejected, match=f"field {name} is missing"):
        MAILGUN.verify(request, [PLAIN.secret], PLAIN.at)


@pytest.mark.parametrize("name", ["timestamp", "token"])
def test_a_changed_field_is_refused(name: str) -> None:
    request = with_fields(PLAIN.request, {name: "1793611740"})
    with pytest.raises(Rejected, match="does not fit"):
        MAILGUN.verify(request, [PLAIN.secret], PLAIN.at)


def test_of_repeated_fields_the_last_counts() -> None:
    body = b"token=another&signature=another&" + PLAIN.request.body
    MAILGUN.verify(replace(PLAIN.request, body=body), [PLAIN.secret], PLAIN.at)
    later = replace(PLAIN.request, body=PLAIN.request.body + b"&token=another")
    with pytest.raises(Rejected):
        MAILGUN.verify(later, [PLAIN.secret], PLAIN.at)


def test_json_is_no_form() -> None:
    request = Request("POST", PLAIN.request.url, {"content-type": "application/json"}, b"{}")
    with pytest.raises(Rejected, match="missing"):
        MAILGUN.verify(request, [PLAIN.secret], PLAIN.at)
    with pytest.raises(Unreadable):
        MAILGUN.events(request, PLAIN.source, PLAIN.at)


def test_several_addresses_of_ours_make_one_message() -> None:
    """One mail to two of our addresses comes twice, with two tokens and one Message-ID."""
    other = with_fields(PLAIN.request, {"token": "b" * 50, "recipient": "laskut@havuvakka.example"})
    once = MAILGUN.events(PLAIN.request, PLAIN.source, PLAIN.at)[0]
    again = MAILGUN.events(other, PLAIN.source, PLAIN.at)[0]
    assert once.event_id != again.event_id
    assert (once.interaction_id, once.message_id) == (again.interaction_id, again.message_id)

"""Mailgun (email): routes that forward to a URL, parsed or as raw MIME.

Source: documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/receive-http and
/events/webhooks (securing), read 2026-11. One mail a delivery, a form. Signed: the form's own
field `signature`, hex HMAC-SHA256 of `timestamp` + `token`; the rest of the form is not covered.
Raw MIME comes as `body-mime` where the route's URL ends in /mime.

options.own_domains: [havuvakka.example]   # mail from these is an agent's answer
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from chalicelib import signatures
from chalicelib.connectors.base import Connector, Outcome, Proof, Request, Source
from chalicelib.connectors.parts import mail
from chalicelib.connectors.parts.form_data import Form, read_form, with_fields
from chalicelib.connectors.parts.reading import identifier, json_value
from chalicelib.connectors.parts.reply_text import own_words
from chalicelib.errors import Rejected, Skipped, Unreadable
from chalicelib.interaction import Event

# A retry comes up to eight hours later, and it is not told whether it is signed anew.
_OLDEST_S = 9 * 3600
_LONGEST_TOKEN = 100


def verify(request: Request, secrets: Sequence[str], now: datetime) -> None:
    usable = [secret for secret in secrets if secret]
    if not usable:
        raise Rejected("this source has no secret; add the HTTP webhook signing key")
    try:
        form = read_form(request)
    except Unreadable as error:
        raise Rejected(f"the signature is missing: {error}") from error
    stamp, token, signature = (form.text(name) for name in ("timestamp", "token", "signature"))
    for name, value in (("timestamp", stamp), ("token", token), ("signature", signature)):
        if not value:
            raise Rejected(f"the form's field {name} is missing")
    given = signature.encode("utf-8", "replace")
    fits = [hmac.compare_digest(given, _signature(secret, stamp, token)) for secret in usable]
    if not any(fits):
        raise Rejected("the signature does not fit the form's timestamp and token")
    signatures.check_age(signatures.unix_seconds(stamp), now, _OLDEST_S)


def _signature(secret: str, stamp: str, token: str) -> bytes:
    key = secret.encode("utf-8", "surrogatepass")
    signed = (stamp + token).encode("utf-8", "replace")
    return hmac.digest(key, signed, "sha256").hex().encode()


def sign(request: Request, secret: str, now: datetime) -> Request:
    """The form with its three fields; the token is the body's own, so that it is stable."""
    stamp = str(int(now.timestamp()))
    bare = with_fields(request, {"timestamp": stamp})
    token = _own_token(request) or hmac.digest(b"token", bare.body, "sha256").hex()[:50]
    signature = _signature(secret, stamp, token).decode()
    return with_fields(bare, {"token": token, "signature": signature})


def _own_token(request: Request) -> str:
    try:
        found = read_form(request).text("token")
    except Unreadable:
        return ""
    return found if found.isascii() and found.isalnum() and len(found) <= _LONGEST_TOKEN else ""


def events(request: Request, source: Source, received_at: datetime) -> Sequence[Event]:
    """One mail is one message; its thread is the interaction."""
    form = read_form(request)
    token = identifier(form.text("token"), "token")
    letter = _raw(form) or _parsed(form)
    flag = form.text("X-Mailgun-Sflag") or letter.headers.get("x-mailgun-sflag", "")
    if flag.strip().lower() == "yes":
        raise Skipped("spam")
    # The token is what is signed; the Message-ID joins what reached several of our addresses.
    return mail.events(letter, source, received_at, mail.Identity(token))


def _raw(form: Form) -> mail.Letter | None:
    found = form.get("body-mime")
    return mail.of_bytes(found.content) if found else None


def _parsed(form: Form) -> mail.Letter:
    headers = _headers(form.text("message-headers"))
    told = {
        "from": headers.get("from") or form.text("from") or form.text("sender"),
        "subject": headers.get("subject") or form.text("subject"),
    }
    page = form.text("body-html")
    count = _attachments(form, page)
    letter = mail.of_parts({**headers, **told}, form.text("body-plain"), page, count)
    if form.invites:
        letter = replace(letter, machine="a calendar invitation")
    # Mailgun strips signatures of first mails too, and now and then a sentence with them.
    stripped = own_words(form.text("stripped-text")) if letter.is_reply else ""
    return replace(letter, words=stripped) if stripped else letter


def _headers(written: str) -> dict[str, str]:
    """`message-headers`: a JSON list of [name, value]. Of repeated ones the first."""
    if not written.strip():
        return {}
    listed = json_value(written.encode("utf-8", "replace"))
    if not isinstance(listed, list):
        raise Unreadable("message-headers is not a list")
    found: dict[str, str] = {}
    for pair in listed:
        if isinstance(pair, list) and len(pair) == 2 and all(isinstance(p, str) for p in pair):
            found.setdefault(pair[0].lower(), pair[1])
    return found


def _attachments(form: Form, page: str) -> int:
    """How many files came along; a picture inside the page is none. `store()` lists them."""
    listed = form.text("attachments")
    if listed:
        stored = json_value(listed.encode("utf-8", "replace"))
        count = len(stored) if isinstance(stored, list) else 0
    else:
        count = sum(one.name.startswith("attachment-") for one in form.files)
    return max(0, count - _embedded(form.text("content-id-map"), page))


def _embedded(written: str, page: str) -> int:
    """How many of the files the page shows, by `content-id-map`: {"<id>": "attachment-1"}."""
    if not written.strip():
        return 0
    try:
        ids = json.loads(written)
    except (ValueError, RecursionError):
        return 0  # only the count would differ
    return sum(f"cid:{one.strip('<>')}" in page for one in ids) if isinstance(ids, dict) else 0


CONNECTOR = Connector(
    name="mailgun",
    title="Mailgun",
    channel=mail.CHANNEL,
    verify=verify,
    events=events,
    sign=sign,
    check=mail.check,
    proof=Proof.TOKEN,  # the signature covers a token and its time, not the mail
    # Only 200 is success; 406 ends the retries and loses the mail; anything else is sent again.
    status={Outcome.SKIPPED: 200, Outcome.UNREADABLE: 200},
    retries="After 10, 15 and 30 min, 1, 2 and 4 h until it gets 200; a 406 loses the mail.",
    secret_hint="Sending > Webhooks > HTTP webhook signing key",  # noqa: S106
)

"""SendGrid (email): Inbound Parse, parsed or raw.

Source: twilio.com/docs/sendgrid/for-developers/parsing-email (setting up, securing), read 2026-11.
One mail a delivery, multipart/form-data. Signed where a security policy says so: base64 ECDSA
P-256 of time + body; without one, a token of ours in the URL: `?token=…`. Times: RFC 5322. Each
field has its own character set, told in the field `charsets`.

options.own_domains: [havuvakka.example]   # mail from these is an agent's answer
options.spam_score: 5                      # SpamAssassin's points from which mail is spam
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from chalicelib import asymmetric, signatures
from chalicelib.connectors.base import Connector, Outcome, Request, Source
from chalicelib.connectors.parts import mail
from chalicelib.connectors.parts.body_and_url import (
    check_parameter,
    with_parameter,
    without_parameter,
)
from chalicelib.connectors.parts.form_data import Form, read_form
from chalicelib.connectors.parts.mime import headers_of
from chalicelib.connectors.parts.reading import optional_number
from chalicelib.errors import Misconfigured, Rejected, Skipped, Unreadable
from chalicelib.interaction import Event

_SIGNATURE = "x-twilio-email-event-webhook-signature"
_TIME = "x-twilio-email-event-webhook-timestamp"
_TOKEN = "token"  # noqa: S105 - the name of the URL's parameter
# Retries go on for three days, and it is not told whether one is signed anew.
_OLDEST_S = 73 * 3600
_KEY_STARTS = ("-----BEGIN", "MFkwEwYHKoZIzj0")  # PEM, and the base64 of a P-256 public key
_SPAM_SCORE = 5.0  # SpamAssassin's own


def verify(request: Request, secrets: Sequence[str], now: datetime) -> None:
    """By signature where one is there, else by the token in the URL, where a secret is a token."""
    usable = [secret for secret in secrets if secret]
    if not usable:
        raise Rejected("this source has no secret; add the policy's public key, or a token")
    keys = [secret for secret in usable if secret.strip().startswith(_KEY_STARTS)]
    tokens = [secret for secret in usable if secret not in keys]
    if tokens and (_SIGNATURE not in request.headers or not keys):
        check_parameter(request, _TOKEN, tokens)
        return
    given = asymmetric.signature_bytes(signatures.signature_of(request.headers, _SIGNATURE))
    stamp = signatures.time_of(request.headers, _TIME)
    signed = stamp.encode("utf-8", "replace") + request.body
    asymmetric.check_ecdsa(signed, given, keys)
    signatures.check_age(signatures.unix_seconds(stamp), now, _OLDEST_S)


def sign(request: Request, secret: str, now: datetime) -> Request:
    if secret and not secret.strip().startswith(_KEY_STARTS):
        return with_parameter(request, _TOKEN, secret)
    stamp = str(int(now.timestamp()))
    signature = asymmetric.sign_ecdsa(stamp.encode() + request.body, secret)
    values = {_SIGNATURE: base64.b64encode(signature).decode(), _TIME: stamp}
    return request.with_headers(**values)


def scrub(request: Request) -> Request:
    return without_parameter(request, _TOKEN)


def events(request: Request, source: Source, received_at: datetime) -> Sequence[Event]:
    """One mail is one message; its thread is the interaction."""
    form = read_form(request)
    score = optional_number(form.text("spam_score"), "spam_score")
    if score is not None and score >= _spam_score(source):
        raise Skipped("spam")
    raw = form.get("email")
    letter = mail.of_bytes(raw.content) if raw else _parsed(form)
    if not letter.headers and not letter.text:
        raise Unreadable("the form holds neither a mail's headers nor its text")
    # SendGrid numbers nothing: the Message-ID is the mail's identity, else what makes it itself.
    identity = mail.hashed(letter.message_id) or _digest(letter)
    return mail.events(letter, source, received_at, mail.Identity(identity))


def _digest(letter: mail.Letter) -> str:
    parts = (letter.sender, letter.headers.get("date", ""), letter.subject, letter.text)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _parsed(form: Form) -> mail.Letter:
    charsets = _charsets(form.text("charsets"))
    headers = headers_of(form.text("headers"))
    told = {name: form.text(name, charsets.get(name, "")) for name in ("from", "subject")}
    page = form.text("html", charsets.get("html", ""))
    plain = form.text("text", charsets.get("text", ""))
    files = form.files
    embedded = sum(f"cid:{one}" in page for one in _content_ids(form.text("attachment-info")))
    wins = {name: value for name, value in told.items() if value}
    letter = mail.of_parts({**headers, **wins}, plain, page, max(0, len(files) - embedded))
    return replace(letter, machine="a calendar invitation") if form.invites else letter


def _charsets(written: str) -> Mapping[str, str]:
    """Field -> character set; empty where the field is missing or no JSON object of texts."""
    found = _object(written)
    return {name: label for name, label in found.items() if isinstance(label, str)}


def _content_ids(written: str) -> list[str]:
    """The ids by which a page shows attached pictures: {"attachment1": {"content-id": …}}."""
    infos = (one for one in _object(written).values() if isinstance(one, dict))
    return [str(info["content-id"]).strip("<>") for info in infos if info.get("content-id")]


def _object(written: str) -> Mapping[str, object]:
    try:
        found = json.loads(written) if written.strip() else {}
    except (ValueError, RecursionError):
        return {}  # a label or a count would differ, nothing else
    return found if isinstance(found, dict) else {}


def _spam_score(source: Source) -> float:
    found = source.options.get("spam_score", _SPAM_SCORE)
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        raise Misconfigured(f"sources.{source.name}.options.spam_score must be a number such as 5")
    return float(found)


def check(source: Source) -> None:
    """Raises Misconfigured when the options cannot work."""
    mail.check(source)
    _spam_score(source)


CONNECTOR = Connector(
    name="sendgrid",
    title="SendGrid",
    channel=mail.CHANNEL,
    verify=verify,
    events=events,
    sign=sign,
    check=check,
    scrub=scrub,
    new_secret=asymmetric.new_ec_key,
    # Any 4xx drops the mail at once and tells nobody; a 5xx is sent again for 72 hours. So while
    # a key is being changed, what is refused comes again, and a stranger learns nothing from it.
    status={Outcome.REJECTED: 503, Outcome.MISCONFIGURED: 503},
    retries="A 5xx is sent again for 72 hours; any 4xx loses the mail at once.",
    secret_hint="The public key that the security policy's API answers, or a token of your own",  # noqa: S106
)

"""Postmark (email): the inbound stream.

Source: postmarkapp.com/developer/webhooks/inbound-webhook and /user-guide/inbound/parse-an-email,
read 2026-11. One mail a delivery, JSON. Not signed: HTTP Basic in the webhook's URL, or the
secret in the custom header `X-Webhook-Token`. Times: RFC 2822, as the sender's server wrote them.

options.own_domains: [havuvakka.example]   # mail from these is an agent's answer
options.thread: mailbox-hash               # the +hash of the address is the conversation
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from chalicelib import signatures
from chalicelib.connectors import record
from chalicelib.connectors.base import Connector, Outcome, Proof, Request, Source
from chalicelib.connectors.html_text import html_text
from chalicelib.connectors.reading import (
    Json,
    identifier,
    json_body,
    mail_time,
    optional_section,
    sections,
    text,
)
from chalicelib.connectors.reply_text import reply_text
from chalicelib.errors import Misconfigured, Skipped, Unreadable
from chalicelib.interaction import Channel, Event, EventKind, Role

_TEST_BUTTON = "00000000-0000-0000-0000-000000000000"
_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})
_ROBOTS = ("mailer-daemon@", "postmaster@", "noreply@", "no-reply@")
_MESSAGE_ID = re.compile(r"<[^<>\s]+>")


def verify(request: Request, secrets: Sequence[str], _now: datetime) -> None:
    token = request.headers.get("x-webhook-token")
    if token is not None:
        signatures.check_token(token, secrets)
    else:
        signatures.check_basic(request.headers.get("authorization"), secrets)


def sign(request: Request, secret: str, _now: datetime) -> Request:
    return request.with_headers(authorization=signatures.sign_basic(secret))


def events(request: Request, source: Source, received_at: datetime) -> Sequence[Event]:
    """One mail is one message; its thread is the interaction."""
    mail = json_body(request)
    kind = text(mail.get("RecordType"), "RecordType")
    if kind not in ("", "Inbound"):
        raise Skipped(f"postmark record {kind[:60]!r}")
    message_id = identifier(mail.get("MessageID"), "MessageID")
    if message_id == _TEST_BUTTON:
        raise Skipped("postmark's test button")  # the same id each time, and nobody wrote it
    headers = _headers(mail)
    sender = _sender(mail)
    _skip_machines(headers, sender)
    own = sender.rpartition("@")[2] in _own_domains(source)
    thread = _thread(mail, headers, source)
    values = {
        "event_id": message_id,
        "message_id": message_id,
        "interaction_id": thread,
        "kind": EventKind.MESSAGE,
        "occurred_at": _sent_at(mail, received_at),
        "role": Role.AGENT if own else Role.CUSTOMER,
        "text": _words(mail, is_reply="in-reply-to" in headers),
        "customer": None if own else record.customer(email=sender),
        "tags": tuple(filter(None, [text(mail.get("Tag"), "Tag")])),
    }
    return [record.event(source, Channel.EMAIL, **values)]


def _headers(mail: Json) -> dict[str, str]:
    """RFC 5322 headers by lower-case name; of repeated ones the first."""
    found: dict[str, str] = {}
    for header in sections(mail, "Headers"):
        name = text(header.get("Name"), "Headers.Name").lower()
        found.setdefault(name, text(header.get("Value"), "Headers.Value"))
    return found


def _sender(mail: Json) -> str:
    full = optional_section(mail, "FromFull")
    address = text(full.get("Email"), "FromFull.Email") or text(mail.get("From"), "From")
    if "@" not in address:
        raise Unreadable("From holds no email address")
    return address.lower()


def _skip_machines(headers: Mapping[str, str], sender: str) -> None:
    """Raises Skipped for mail that no person wrote (RFC 3834), and for spam."""
    if headers.get("auto-submitted", "no").partition(";")[0].strip().lower() != "no":
        raise Skipped("an automatic reply")
    if headers.get("precedence", "").lower() in _BULK or "x-autoreply" in headers:
        raise Skipped("an automatic or bulk mail")
    if headers.get("return-path", "").replace(" ", "") == "<>" or sender.startswith(_ROBOTS):
        raise Skipped("a bounce or a mail from a machine")
    if headers.get("x-spam-status", "").lower().startswith("yes"):
        raise Skipped("spam")


def _thread(mail: Json, headers: Mapping[str, str], source: Source) -> str:
    """The conversation: the first mail that this one refers to, itself when it starts one.

    Hashed, because a Message-ID may hold a name or a whole address, and ids go into logs.
    """
    if source.options.get("thread") == "mailbox-hash":
        found = text(mail.get("MailboxHash"), "MailboxHash")
        if found:
            return identifier(found, "MailboxHash")
    for name in ("references", "in-reply-to", "message-id"):
        ids = _MESSAGE_ID.findall(headers.get(name, ""))
        if ids:
            return hashlib.sha256(ids[0].encode()).hexdigest()[:32]
    return identifier(mail.get("MessageID"), "MessageID")


def _words(mail: Json, *, is_reply: bool) -> str:
    """What the sender wrote: Postmark's stripped reply, else our own stripping of the body.

    Its own is stripped once more, for it does not know every Finnish and Swedish introduction.
    """
    words = reply_text(text(mail.get("StrippedTextReply"), "StrippedTextReply"))
    if not words:
        words = reply_text(text(mail.get("TextBody"), "TextBody"))
    if not words:
        words = reply_text(html_text(text(mail.get("HtmlBody"), "HtmlBody"), quotes=not is_reply))
    # A reply repeats the subject of the mail it answers: not this customer's words.
    return words if is_reply else record.titled(text(mail.get("Subject"), "Subject"), words)


def _sent_at(mail: Json, received_at: datetime) -> datetime:
    """The sender's Date; the time of receipt where it is missing, unreadable or ahead of us.

    A mail program with a wrong clock or a home-made date is no reason to alarm anybody.
    """
    try:
        sent = mail_time(mail.get("Date"), "Date")
    except Unreadable:
        return received_at
    return sent if sent <= received_at + timedelta(hours=1) else received_at


def _own_domains(source: Source) -> frozenset[str]:
    domains = source.options.get("own_domains") or ()
    if isinstance(domains, str) or not all(isinstance(one, str) for one in domains):
        raise Misconfigured(
            f"sources.{source.name}.options.own_domains must be a list such as [havuvakka.example]"
        )
    return frozenset(one.lower().lstrip("@") for one in domains)


def check(source: Source) -> None:
    """Raises Misconfigured when the options cannot work."""
    _own_domains(source)
    if source.options.get("thread", "references") not in ("references", "mailbox-hash"):
        raise Misconfigured(
            f"sources.{source.name}.options.thread must be references or mailbox-hash"
        )


CONNECTOR = Connector(
    name="postmark",
    title="Postmark",
    channel=Channel.EMAIL,
    verify=verify,
    events=events,
    sign=sign,
    check=check,
    proof=Proof.TOKEN,
    new_secret=lambda: "hub:" + secrets.token_urlsafe(24),
    # Only 200 is success; anything else is sent ten times over 10.5 hours, and 403 stops at once
    # and loses the mail. So 401 while a password is being changed, and 200 for all that we keep.
    status={Outcome.SKIPPED: 200, Outcome.UNREADABLE: 200, Outcome.REJECTED: 401},
    secret_hint="Make one yourself, user:password, and put it into the URL: https://user:password@…",  # noqa: S106
)

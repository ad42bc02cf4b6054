"""Postmark (email): the inbound stream.

Source: postmarkapp.com/developer/webhooks/inbound-webhook, /user-guide/inbound/parse-an-email,
/api/messages-api and /api/server-api, read 2026-11. One mail a delivery, JSON. Not signed: HTTP
Basic in the webhook's URL, or the secret in the custom header `X-Webhook-Token`. Times: RFC 2822,
as the sender's server wrote them.

options.own_domains: [havuvakka.example]   # mail from these is an agent's answer
options.thread: mailbox-hash               # the +hash of the address is the conversation
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode, urlsplit

from chalicelib import signatures
from chalicelib.connectors.base import Connector, Outcome, Proof, Request, Source
from chalicelib.connectors.parts import mail
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    json_body,
    optional_identifier,
    optional_section,
    sections,
    text,
)
from chalicelib.connectors.parts.reply_text import own_words
from chalicelib.connectors.vendor_api import (
    Answer,
    Backfill,
    Call,
    Credentials,
    Dialogue,
    Page,
    Registration,
    json_call,
    json_of,
    page_number,
)
from chalicelib.errors import Misconfigured, Skipped, Unreadable
from chalicelib.interaction import Event

_API = "https://api.postmarkapp.com"
_TEST_BUTTON = "00000000-0000-0000-0000-000000000000"
_PAGE = 50  # mails of one page: each needs a call of its own
_LAST_OFFSET = 10_000  # count + offset; the API refuses more
# The API counts days in the time zone of the US east coast; a day more on each side is filtered.
_DAY = timedelta(days=1)


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
    return _events(json_body(request), source, received_at)


def _events(sent: Json, source: Source, received_at: datetime) -> Sequence[Event]:
    kind = text(sent.get("RecordType"), "RecordType")
    if kind not in ("", "Inbound"):
        raise Skipped(f"postmark record {kind[:60]!r}")
    message_id = identifier(sent.get("MessageID"), "MessageID")
    if message_id == _TEST_BUTTON:
        raise Skipped("postmark's test button")  # the same id each time, and nobody wrote it
    letter = _letter(sent)
    thread = mail.thread(letter)
    if source.options.get("thread") == "mailbox-hash":
        thread = optional_identifier(sent.get("MailboxHash"), "MailboxHash") or thread
    tags = tuple(filter(None, [text(sent.get("Tag"), "Tag")]))
    identity = mail.Identity(message_id, message_id, thread)
    return mail.events(letter, source, received_at, identity, tags)


def _letter(sent: Json) -> mail.Letter:
    """The mail of Postmark's fields; what they say wins over the raw headers."""
    headers: dict[str, str] = {}
    for header in sections(sent, "Headers"):
        name = text(header.get("Name"), "Headers.Name").lower()
        headers.setdefault(name, text(header.get("Value"), "Headers.Value"))
    full = optional_section(sent, "FromFull")
    sender = text(full.get("Email"), "FromFull.Email") or text(sent.get("From"), "From")
    told = {
        "from": sender,
        "subject": text(sent.get("Subject"), "Subject"),
        "date": text(sent.get("Date"), "Date") or headers.get("date", ""),
        "reply-to": text(sent.get("ReplyTo"), "ReplyTo") or headers.get("reply-to", ""),
    }
    page = text(sent.get("HtmlBody"), "HtmlBody")
    plain = text(sent.get("TextBody"), "TextBody")
    letter = mail.of_parts({**headers, **told}, plain, page, _attachments(sent, page))
    # Postmark's own stripping is stripped once more, for it does not know every Finnish and
    # Swedish introduction.
    stripped = own_words(text(sent.get("StrippedTextReply"), "StrippedTextReply"))
    return replace(letter, words=stripped) if stripped else letter


def _attachments(sent: Json, page: str) -> int:
    """How many files came along; a picture inside the page is none."""
    found = 0
    for part in sections(sent, "Attachments"):
        kind = text(part.get("ContentType"), "Attachments.ContentType").lower()
        if kind.startswith("text/calendar") and "method=" in kind:
            raise Skipped("a calendar invitation")
        inside = text(part.get("ContentID"), "Attachments.ContentID").strip("<>")
        found += not (inside and f"cid:{inside}" in page)
    return found


def check(source: Source) -> None:
    """Raises Misconfigured when the options cannot work."""
    mail.check(source)
    if source.options.get("thread", "references") not in ("references", "mailbox-hash"):
        raise Misconfigured(
            f"sources.{source.name}.options.thread must be references or mailbox-hash"
        )


# --- the API ------------------------------------------------------------------------------------


def backfill(
    source: Source,
    credentials: Credentials,
    since: datetime,
    until: datetime,
    cursor: str | None,
) -> Dialogue[Page]:
    """Mail of [since, until), the newest first; `cursor` is how many were passed. 45 days are kept.

    Raises Misconfigured where more than 10,000 mails lie before the next page: ask for less.
    """
    offset = page_number(cursor, 0)
    if offset + _PAGE > _LAST_OFFSET:
        raise Misconfigured("Postmark lists 10,000 mails at most; fill in a shorter period")
    query = {
        "count": str(_PAGE),
        "offset": str(offset),
        "fromdate": (since.astimezone(UTC) - _DAY).date().isoformat(),
        "todate": (until.astimezone(UTC) + _DAY).date().isoformat(),
    }
    listed = json_of((yield _get(f"/messages/inbound?{urlencode(query)}", credentials)), "the list")
    found: list[Event] = []
    messages = sections(listed, "InboundMessages")
    for message in messages:
        if text(message.get("Status"), "Status").lower() == "blocked":
            continue  # spam and blocked senders are not pushed either
        one = identifier(message.get("MessageID"), "MessageID")
        answer = yield _get(f"/messages/inbound/{quote(one, safe='')}/details", credentials)
        found += _detailed(answer, source, since, until)
    more = len(messages) == _PAGE
    return Page(tuple(found), str(offset + _PAGE) if more else None)


def _detailed(answer: Answer, source: Source, since: datetime, until: datetime) -> Sequence[Event]:
    """The mail of one answer, or nothing where it is gone, no letter, or of another time."""
    try:
        detail = json_of(answer, "the mail")
    except Skipped:
        return ()  # deleted since it was listed
    try:
        read = _events(detail, source, until)
    except (Skipped, Unreadable):
        return ()  # as a push of it would have been
    return [event for event in read if since <= event.occurred_at < until]


def register(url: str, _source: Source, credentials: Credentials, secret: str) -> Dialogue[str]:
    """Set the server's inbound hook; a server has one. Raises Misconfigured where it is taken."""
    server = json_of((yield _get("/server", credentials)), "the server")
    theirs = urlsplit(text(server.get("InboundHookUrl"), "InboundHookUrl"))
    wanted = urlsplit(url)
    if theirs.hostname and (theirs.hostname, theirs.path) != (wanted.hostname, wanted.path):
        raise Misconfigured(
            f"the Postmark server already posts its inbound mail to {theirs.hostname}; "
            "clear its inbound webhook first, or use another server"
        )
    user, _, password = secret.partition(":")
    pair = f"{quote(user, safe='')}:{quote(password, safe='')}"
    hook = wanted._replace(netloc=f"{pair}@{wanted.netloc}").geturl()
    call = json_call(f"{_API}/server", "PUT", _headers(credentials), {"InboundHookUrl": hook})
    json_of((yield call), "the server's inbound webhook")
    return secret


def _get(path: str, credentials: Credentials) -> Call:
    return Call(_API + path, headers=_headers(credentials))


def _headers(credentials: Credentials) -> dict[str, str]:
    return {
        "accept": "application/json",
        "x-postmark-server-token": credentials["server_token"],
    }


CONNECTOR = Connector(
    name="postmark",
    title="Postmark",
    channel=mail.CHANNEL,
    verify=verify,
    events=events,
    sign=sign,
    check=check,
    proof=Proof.TOKEN,
    new_secret=lambda: "hub:" + secrets.token_urlsafe(24),
    # Only 200 is success; anything else is sent ten times over 10.5 hours, and 403 stops at once
    # and loses the mail. So 401 while a password is being changed, and 200 for all that we keep.
    status={Outcome.SKIPPED: 200, Outcome.UNREADABLE: 200, Outcome.REJECTED: 401},
    retries="Ten times over 10.5 hours until it gets 200; a 403 stops at once and loses the mail.",
    secret_hint="Make one yourself, user:password, and put it into the URL: https://user:password@…",  # noqa: S106
    backfill=Backfill(backfill, ("server_token",), calls_per_minute=300),
    registration=Registration(register, ("server_token",)),
)

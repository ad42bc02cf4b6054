"""Help Scout's API: a chat that a webhook only named, old conversations, and the webhook itself.

Source: developer.helpscout.com/mailbox-api: /overview/authentication, /endpoints/conversations/list
and /endpoints/webhooks, and /chat/endpoints/get, read 2026-11. An app of one's own gets a token for
its id and secret; the account's limit is 200 calls a minute and upwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from chalicelib.connectors.base import Source
from chalicelib.connectors.helpscout_objects import chat_messages, messages, shared, status
from chalicelib.connectors.parts import record
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    number,
    optional_section,
    section,
    sections,
    text,
)
from chalicelib.connectors.vendor_api import (
    Backfill,
    Call,
    Credentials,
    Dialogue,
    Fetch,
    Page,
    Registration,
    bearer,
    checked,
    json_call,
    json_of,
)
from chalicelib.errors import Misconfigured, Skipped, Unreadable
from chalicelib.interaction import Channel, Event, EventKind

_API = "https://api.helpscout.net/v2"
_LONGEST_SECRET = 40
#: What `events` reads and the API lets one subscribe to.
EVENTS = (
    "beacon.chat.created",
    "beacon.chat.customer.replied",
    "convo.agent.reply.created",
    "convo.created",
    "convo.customer.reply.created",
    "convo.deleted",
    "convo.merged",
    "convo.note.created",
    "convo.status",
    "convo.tags",
    "message.survey.response.received",
    "satisfaction.ratings",
)


def _token(credentials: Credentials) -> Dialogue[dict[str, str]]:
    """The headers of a call, with a token that lasts two days (OAuth 2, client credentials)."""
    form = {
        "grant_type": "client_credentials",
        "client_id": credentials["app_id"],
        "client_secret": credentials["app_secret"],
    }
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = yield Call(f"{_API}/oauth2/token", "POST", kind, urlencode(form).encode())
    if answer.status == 400:  # what OAuth answers to a wrong id or secret
        raise Misconfigured("help scout's token: the app's id and secret are refused (400)")
    body = json_of(answer, "help scout's token")
    return bearer(_access(body.get("access_token")))


def _access(value: object) -> str:
    """A token: text of any length, for headers alone."""
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        raise Unreadable("help scout's token: the answer holds no access_token")
    return value


def fetch(event: Event, source: Source, credentials: Credentials) -> Dialogue[Sequence[Event]]:
    """The messages of a chat. Raises Skipped where it has ended: then only a transcript is left."""
    kind, _, chat = event.fetch.partition(":")
    if kind != "chat" or not chat:
        raise Unreadable("help scout's chat: this event names none to fetch")
    headers = yield from _token(credentials)
    answer = yield Call(f"{_API}/chats/{quote(chat, safe='')}", headers=headers)
    told = chat_messages(json_of(answer, "help scout's chat"))
    if not told:
        raise Skipped("help scout's chat: nothing was written in it")
    return [record.event(source, Channel.CHAT, **one) for one in told]


def page(
    source: Source,
    credentials: Credentials,
    since: datetime,
    until: datetime,
    cursor: str | None,
) -> Dialogue[Page]:
    """Conversations changed since `since`, oldest change first, and their messages of the range.

    `cursor` is the number of the page.
    """
    headers = yield from _token(credentials)
    query = {
        "embed": "threads",
        "status": "all",
        "modifiedSince": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "sortField": "modifiedAt",
        "sortOrder": "asc",
        "page": cursor or "1",
    }
    answer = yield Call(f"{_API}/conversations?{urlencode(query)}", headers=headers)
    body = json_of(answer, "help scout's conversations")
    found = sections(optional_section(body, "_embedded"), "conversations")
    events = [event for one in found for event in _events(one, source, since, until)]
    told = section(body, "page")
    at, last = (
        number(told.get("number"), "page.number"),
        number(told.get("totalPages"), "page.totalPages"),
    )
    return Page(events, str(int(at) + 1) if found and at < last else None)


def _events(body: Json, source: Source, since: datetime, until: datetime) -> list[Event]:
    """What pushes would have told of one conversation, as far as it happened in the range."""
    common, channel = shared(body)
    state = status(body)
    if state["kind"] is EventKind.ERASURE:
        return []  # spam: never counted, so there is nothing to erase
    told = [*messages(body, subject=True), state]
    return [
        record.event(source, channel, **common | one)
        for one in told
        if since <= one["occurred_at"] < until
    ]


def register(url: str, _: Source, credentials: Credentials, secret: str) -> Dialogue[str]:
    """Create the webhook, or change the one that is there for this address, with our secret."""
    if not 0 < len(secret) <= _LONGEST_SECRET:
        raise Misconfigured("help scout's webhook: its secret has at most 40 characters")
    headers = yield from _token(credentials)
    answer = yield Call(f"{_API}/webhooks", headers=headers)
    listed = json_of(answer, "help scout's webhooks")
    place, method = f"{_API}/webhooks", "POST"
    for one in sections(optional_section(listed, "_embedded"), "webhooks"):
        if text(one.get("url"), "webhooks.url") == url:
            place, method = f"{place}/{quote(identifier(one.get('id'), 'id'), safe='')}", "PUT"
            break
    wanted = {"url": url, "events": EVENTS, "secret": secret, "payloadVersion": "V2"}
    checked((yield json_call(place, method, headers, wanted)), "help scout's webhook")
    return secret


_CREDENTIALS = ("app_id", "app_secret")
FETCH = Fetch(dialogue=fetch, credentials=_CREDENTIALS, calls_per_minute=150)
BACKFILL = Backfill(page=page, credentials=_CREDENTIALS, calls_per_minute=150)
REGISTRATION = Registration(register=register, credentials=_CREDENTIALS)

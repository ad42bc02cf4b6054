"""Chatwoot's API: the list of conversations with their messages, and the webhook itself.

Source: developers.chatwoot.com/api-reference (conversations, messages, webhooks) and
chatwoot/chatwoot `app/finders/{conversation,message}_finder.rb`, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote, urlencode, urlsplit

from chalicelib.connectors.base import Source
from chalicelib.connectors.chatwoot_messages import Values, channel_of, message_values, when
from chalicelib.connectors.parts import options, record
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    optional_section,
    section,
    sections,
    text,
)
from chalicelib.connectors.vendor_api import (
    Call,
    Credentials,
    Dialogue,
    Page,
    json_call,
    json_of,
    page_number,
)
from chalicelib.errors import Misconfigured, Skipped
from chalicelib.interaction import Event, EventKind, Role

#: The URL's parameter that holds the secret where the server does not sign.
KEY = "key"
#: What `events` reads, in Chatwoot's names.
SUBSCRIPTIONS = (
    "message_created",
    "message_updated",
    "conversation_created",
    "conversation_updated",
    "conversation_status_changed",
)
_MESSAGES_A_PAGE = 20


def check(source: Source) -> None:
    """Raises Misconfigured for options that the API could not be asked with."""
    options.known(source, "url", "account")
    if source.options:
        _base(source)


def _base(source: Source) -> str:
    """The address of the account's API. Raises Misconfigured."""
    url = source.options.get("url", "https://app.chatwoot.com")
    account = str(source.options.get("account", ""))
    if not isinstance(url, str) or urlsplit(url).scheme != "https" or "?" in url:
        raise Misconfigured(f"sources.{source.name}.options.url must start with https://")
    if not account.isdecimal():
        raise Misconfigured(
            f"sources.{source.name}.options.account must be the number of the Chatwoot account; "
            "it stands in the address of its dashboard: /app/accounts/NUMBER"
        )
    return f"{url.rstrip('/')}/api/v1/accounts/{account}"


def _headers(credentials: Credentials) -> Mapping[str, str]:
    token = credentials["api_access_token"]
    return {"api_access_token": token, "accept": "application/json"}


# --- backfill -----------------------------------------------------------------------------------


def page(
    source: Source, credentials: Credentials, since: datetime, until: datetime, cursor: str | None
) -> Dialogue[Page]:
    """25 conversations, the latest active first; the cursor is the page's number.

    A conversation that becomes active meanwhile moves to the front and pushes others onto later
    pages: some are read twice, none is missed.
    """
    base, headers = _base(source), _headers(credentials)
    this = page_number(cursor)
    query = urlencode({"status": "all", "assignee_type": "all", "page": this})
    answer = yield Call(f"{base}/conversations?{query}", headers=headers)
    data = section(json_of(answer, "Chatwoot's list of conversations"), "data")
    conversations = sections(data, "payload")
    found: list[Event] = []
    older = False
    for conversation in conversations:
        if _active(conversation) < since:
            older = True
        elif when(conversation.get("created_at"), "created_at") < until:
            said = yield from _said(f"{base}/conversations", headers, conversation, since)
            found += _events(source, conversation, said, since, until)
    return Page(found, None if older or not conversations else str(this + 1))


def _active(conversation: Json) -> datetime:
    value = conversation.get("last_activity_at", conversation.get("timestamp"))
    return when(value, "last_activity_at")


def _said(
    url: str, headers: Mapping[str, str], conversation: Json, since: datetime
) -> Dialogue[list[Json]]:
    """The messages of one conversation, newest page first, back to `since`."""
    named = quote(identifier(conversation.get("id"), "conversation.id"), safe="")
    address = f"{url}/{named}/messages"
    said: list[Json] = []
    before = ""
    while True:
        answer = yield Call(address + before, headers=headers)
        try:
            page = sections(json_of(answer, "a Chatwoot conversation's messages"), "payload")
        except Skipped:  # deleted since it was listed
            return said
        said = [*page, *said]
        if len(page) < _MESSAGES_A_PAGE or when(page[0].get("created_at"), "created_at") < since:
            return said
        before = "?" + urlencode({"before": identifier(page[0].get("id"), "messages.id")})


def _events(
    source: Source, conversation: Json, said: list[Json], since: datetime, until: datetime
) -> list[Event]:
    made: list[Event] = []
    for message in said:
        at = when(message.get("created_at"), "created_at")
        if not since <= at < until:
            continue
        try:
            values: Values = message_values(message, conversation, at)
        except Skipped:
            continue
        values["interaction_id"] = identifier(conversation.get("id"), "conversation.id")
        made.append(record.event(source, channel_of(message, conversation), **values))
    # The list tells how things stand now, and no time of it but that of the last activity.
    if text(conversation.get("status"), "status") == "resolved":
        at = _active(conversation)
        number = identifier(conversation.get("id"), "conversation.id")
        resolved = {
            "event_id": f"conversation:{number}:resolved",
            "interaction_id": number,
            "kind": EventKind.STATUS,
            "role": Role.SYSTEM,
            "occurred_at": at,
            "resolved": True,
        }
        if since <= at < until:
            made.append(record.event(source, channel_of({}, conversation), **resolved))
    return made


# --- registration -------------------------------------------------------------------------------


def register(url: str, source: Source, credentials: Credentials, secret: str) -> Dialogue[str]:
    """Create the account's webhook, or find it; the server's own secret.

    A server too old to sign gives none: then `secret` is put into the URL as `key`.
    """
    base, headers = f"{_base(source)}/webhooks", _headers(credentials)
    answer = yield Call(base, headers=headers)
    listed = sections(section(json_of(answer, "Chatwoot's webhooks"), "payload"), "webhooks")
    webhook = next((one for one in listed if _same(one.get("url"), url)), None)
    if webhook is None:
        wanted = {"url": url, "name": "Oivallus", "subscriptions": list(SUBSCRIPTIONS)}
        answer = yield json_call(base, "POST", headers, {"webhook": wanted})
        created = section(json_of(answer, "creating the Chatwoot webhook"), "payload")
        webhook = optional_section(created, "webhook") or created
    own = text(webhook.get("secret"), "webhook.secret")
    if own:
        return own
    place = f"{base}/{quote(identifier(webhook.get('id'), 'webhook.id'), safe='')}"
    keyed = {"url": f"{url}?{urlencode({KEY: secret})}", "subscriptions": list(SUBSCRIPTIONS)}
    answer = yield json_call(place, "PATCH", headers, {"webhook": keyed})
    json_of(answer, "changing the Chatwoot webhook")
    return secret


def _same(listed: object, url: str) -> bool:
    return isinstance(listed, str) and listed.partition("?")[0] == url

"""Intercom's API: conversations of a period.

Source: developers.intercom.com/docs/references/rest-api/api.intercom.io/conversations (search,
retrieve) and Intercom-OpenAPI 2.13, read 2026-11. Times: Unix seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from chalicelib.connectors.base import Source
from chalicelib.connectors.parts import options
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    optional_identifier,
    optional_section,
    sections,
    unix_time,
)
from chalicelib.connectors.vendor_api import (
    Call,
    Credentials,
    Dialogue,
    Page,
    bearer,
    json_call,
    json_of,
)
from chalicelib.errors import Misconfigured, Skipped
from chalicelib.interaction import Event

CREDENTIALS = ("access_token",)
_HOSTS = {"us": "api.intercom.io", "eu": "api.eu.intercom.io", "au": "api.au.intercom.io"}
_DAY_S = 86_400


def check(source: Source) -> None:
    options.known(source, "region")
    _base(source)


def _base(source: Source) -> str:
    host = _HOSTS.get(str(source.options.get("region", "us")))
    if host is None:
        raise Misconfigured(f"sources.{source.name}.options.region must be us, eu or au")
    return f"https://{host}/conversations"


def page(
    source: Source,
    credentials: Credentials,
    since: datetime,
    until: datetime,
    cursor: str | None,
    read: Callable[[Source, Json], Sequence[Event]],
) -> Dialogue[Page]:
    """Fifty conversations, each asked for with its parts; the cursor is Intercom's own.

    `read` makes a conversation's events. Intercom may search by whole days: the period is
    widened by one at each end and narrowed again here.
    """
    base, headers = _base(source), bearer(credentials["access_token"])
    answer = yield json_call(f"{base}/search", "POST", headers, _search(since, until, cursor))
    body = json_of(answer, "Intercom's search for conversations")
    found: list[Event] = []
    for listed in sections(body, "conversations"):
        if _touches(listed, since, until):
            number = identifier(listed.get("id"), "conversations.id")
            answer = yield Call(f"{base}/{quote(number, safe='')}", headers=headers)
            try:
                conversation = json_of(answer, "an Intercom conversation")
            except Skipped:  # deleted since it was listed
                continue
            events = read(source, conversation)
            found += [event for event in events if since <= event.occurred_at < until]
    following = optional_section(optional_section(body, "pages"), "next")
    return Page(found, optional_identifier(following.get("starting_after"), "starting_after"))


def _search(since: datetime, until: datetime, cursor: str | None) -> object:
    period = [
        {"field": "updated_at", "operator": ">", "value": int(since.timestamp()) - _DAY_S},
        {"field": "created_at", "operator": "<", "value": int(until.timestamp()) + _DAY_S},
    ]
    pagination: dict[str, Any] = {"per_page": 50}
    if cursor:
        pagination["starting_after"] = cursor
    return {"query": {"operator": "AND", "value": period}, "pagination": pagination}


def _touches(listed: Json, since: datetime, until: datetime) -> bool:
    return (
        unix_time(listed.get("updated_at"), "conversations.updated_at") >= since
        and unix_time(listed.get("created_at"), "conversations.created_at") < until
    )

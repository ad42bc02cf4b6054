"""Crisp's list of conversations and their messages."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Source
from chalicelib.connectors.vendor_api import Answer
from chalicelib.errors import Misconfigured, Retryable
from tests.connectors.played import played, told
from tests.connectors.recordings import FIXTURES, load

WEBSITE = "8b1c9a04-0000-4000-8000-00000000c515"
SESSION = "session_4f2a7c1e-0000-4000-8000-00000000a001"
BASE = f"GET https://api.crisp.chat/v1/website/{WEBSITE}"
SOURCE = Source("chat", "crisp", options={"website_id": WEBSITE})
CREDENTIALS = {"identifier": "tunniste", "key": "avain"}
SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)
PERIOD = urlencode(
    {
        "filter_date_start": "2026-11-01T00:00:00Z",
        "filter_date_end": "2026-11-03T00:00:00Z",
        "per_page": 50,
    }
)
MESSAGES = f"{BASE}/conversation/{SESSION}/messages?timestamp_before="
UNTIL_MS = int(UNTIL.timestamp() * 1000)


def page(cursor: str | None = None, source: Source = SOURCE) -> Any:
    backfill = CONNECTORS["crisp"].backfill
    assert backfill is not None
    return backfill.page(source, CREDENTIALS, SINCE, UNTIL, cursor)


def listed(*conversations: Any) -> Answer:
    return told({"error": False, "reason": "listed", "data": list(conversations)}, status=206)


def conversation(**more: Any) -> dict[str, Any]:
    kept = {"session_id": SESSION, "state": "pending", "updated_at": 1793610960000}
    return {**kept, "meta": {"email": "sanna.korpi@posti.example"}, **more}


def pushed_data(name: str) -> dict[str, Any]:
    body = json.loads(load(FIXTURES / "crisp" / f"{name}.http").request.body)
    data: dict[str, Any] = body["data"]
    return data


def test_backfilled_messages_are_the_pushed_ones() -> None:
    names = ("visitor_message", "operator_message", "bot_message", "operator_note", "visitor_email")
    pushed = [
        event
        for one in (load(FIXTURES / "crisp" / f"{name}.http") for name in names)
        for event in one.connector.events(one.request, one.source, one.at)
    ]
    said = [pushed_data(name) for name in (*names, "conversation_notice")]
    result, calls = played(
        page(),
        (f"{BASE}/conversations/1?{PERIOD}", listed(conversation())),
        (f"{MESSAGES}{UNTIL_MS}", listed(*said)),
        (f"{MESSAGES}{said[0]['timestamp']}", listed()),
    )
    identities = [(e.event_id, e.message_id, e.interaction_key, e.role, e.text) for e in pushed]
    assert identities == [
        (e.event_id, e.message_id, e.interaction_key, e.role, e.text) for e in result.events
    ]
    assert {e.customer for e in result.events} == {"email:sanna.korpi@posti.example"}
    assert result.cursor == "2"
    assert calls[0].headers["x-crisp-tier"] == "plugin"


def test_a_cursor_goes_on_and_an_empty_page_is_the_last() -> None:
    result, _ = played(page("7"), (f"{BASE}/conversations/7?{PERIOD}", listed()))
    assert (list(result.events), result.cursor) == ([], None)


def test_messages_outside_the_period_are_left_out() -> None:
    old = pushed_data("operator_message") | {"timestamp": 1790000000000}
    result, _ = played(
        page(),
        (f"{BASE}/conversations/1?{PERIOD}", listed(conversation(state="resolved"))),
        (f"{MESSAGES}{UNTIL_MS}", listed(old, pushed_data("visitor_message"))),
    )
    assert [event.resolved for event in result.events] == [None, True]


def test_the_same_page_again_ends_the_conversation() -> None:
    late = pushed_data("visitor_message") | {"timestamp": UNTIL_MS + 1}
    result, _ = played(
        page(),
        (f"{BASE}/conversations/1?{PERIOD}", listed(conversation())),
        (f"{MESSAGES}{UNTIL_MS}", listed(late)),
    )
    assert not result.events


def test_a_conversation_removed_meanwhile_is_passed_over() -> None:
    result, _ = played(
        page(),
        (f"{BASE}/conversations/1?{PERIOD}", listed(conversation())),
        (f"{MESSAGES}{UNTIL_MS}", Answer(404)),
    )
    assert (list(result.events), result.cursor) == ([], "2")


@pytest.mark.parametrize(("status", "error"), [(401, Misconfigured), (429, Retryable)])
def test_refusals(status: int, error: type[Exception]) -> None:
    with pytest.raises(error, match="list of conversations"):
        played(page(), (f"{BASE}/conversations/1?{PERIOD}", Answer(status)))


def test_the_website_is_needed() -> None:
    bare = Source("chat", "crisp")
    CONNECTORS["crisp"].check(bare)
    with pytest.raises(Misconfigured, match=r"options\.website_id"):
        played(page(source=bare))
    for options in ({"website": "x"}, {"website_id": 5}, {"website_id": ""}):
        with pytest.raises(Misconfigured, match=r"sources\.chat\.options"):
            CONNECTORS["crisp"].check(Source("chat", "crisp", options=options))

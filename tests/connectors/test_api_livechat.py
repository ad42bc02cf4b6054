"""LiveChat's archive: pages, the cursor, and the same identities as the webhooks'."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Source
from chalicelib.connectors.vendor_api import Answer
from chalicelib.errors import Misconfigured, Retryable, Unreadable
from tests.connectors.played import played, told
from tests.connectors.recordings import FIXTURES, load

ARCHIVE = "POST https://api.livechatinc.com/v3.6/agent/action/list_archives"
SOURCE = Source("chat", "livechat", options={"region": "fra"})
CREDENTIALS = {"account_id": "a1b2", "token": "fra:tunnus"}
SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)


def page(cursor: str | None = None) -> Any:
    backfill = CONNECTORS["livechat"].backfill
    assert backfill is not None
    assert set(backfill.credentials) == set(CREDENTIALS)
    return backfill.page(SOURCE, CREDENTIALS, SINCE, UNTIL, cursor)


def pushed_chat() -> dict[str, Any]:
    body = json.loads(load(FIXTURES / "livechat" / "incoming_chat.http").request.body)
    chat: dict[str, Any] = body["payload"]["chat"]
    return chat


def test_the_archive_gives_what_the_webhook_gave() -> None:
    one = load(FIXTURES / "livechat" / "incoming_chat.http")
    pushed = list(one.connector.events(one.request, one.source, one.at))
    answer = told({"chats": [pushed_chat()], "found_chats": 101, "next_page_id": "MTU="})
    result, (call,) = played(page(), (ARCHIVE, answer))
    assert list(result.events) == pushed
    assert result.cursor == "MTU="
    assert json.loads(call.body) == {
        "filters": {
            "from": "2026-11-01T00:00:00.000000+00:00",
            "to": "2026-11-03T00:00:00.000000+00:00",
        },
        "sort_order": "asc",
        "limit": 100,
    }
    assert call.headers["x-region"] == "fra"
    assert call.headers["authorization"] == "Basic YTFiMjpmcmE6dHVubnVz"


def test_a_cursor_goes_on_where_it_was_and_the_last_page_has_none() -> None:
    result, (call,) = played(page("MTU="), (ARCHIVE, told({"chats": [], "found_chats": 101})))
    assert json.loads(call.body) == {"page_id": "MTU="}
    assert (list(result.events), result.cursor) == ([], None)


def test_a_rating_in_the_archive_is_the_pushed_one() -> None:
    one = load(FIXTURES / "livechat" / "rated_good.http")
    (pushed,) = one.connector.events(one.request, one.source, one.at)
    chat = pushed_chat()
    chat["thread"]["properties"] = json.loads(one.request.body)["payload"]["properties"]
    result, _ = played(page(), (ARCHIVE, told({"chats": [chat]})))
    rated = result.events[-1]
    assert (rated.event_id, rated.message_id, rated.ratings, rated.text) == (
        pushed.event_id,
        pushed.message_id,
        pushed.ratings,
        pushed.text,
    )


def test_what_was_said_outside_the_period_is_left_out() -> None:
    chat = pushed_chat()
    chat["thread"]["events"][1]["created_at"] = "2026-11-03T00:00:00.000000Z"
    result, _ = played(page(), (ARCHIVE, told({"chats": [chat]})))
    assert [event.message_id for event in result.events] == ["", "T600HVKKA8_0"]


@pytest.mark.parametrize(
    ("status", "error"), [(401, Misconfigured), (429, Retryable), (503, Retryable)]
)
def test_refusals(status: int, error: type[Exception]) -> None:
    with pytest.raises(error, match="LiveChat's archive"):
        played(page(), (ARCHIVE, Answer(status, b"{}")))


def test_an_answer_of_another_shape() -> None:
    with pytest.raises(Unreadable):
        played(page(), (ARCHIVE, told({"chats": [{"id": "x"}]})))

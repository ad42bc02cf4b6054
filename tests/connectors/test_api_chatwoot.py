"""Chatwoot's list of conversations, and its webhooks, old servers included."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Source
from chalicelib.connectors.vendor_api import Answer
from chalicelib.errors import Misconfigured, Retryable, Unreadable
from chalicelib.interaction import Role
from tests.connectors.played import played, told
from tests.connectors.recordings import FIXTURES, load

SOURCE = Source("chat", "chatwoot", options={"url": "https://chat.havuvakka.example", "account": 3})
CREDENTIALS = {"api_access_token": "tunnus"}
BASE = "https://chat.havuvakka.example/api/v1/accounts/3"
LIST = f"GET {BASE}/conversations?status=all&assignee_type=all&page="
SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)
CONTACT = {"id": 9, "email": "pekka.niemi@posti.example", "type": "contact"}


def page(cursor: str | None = None) -> Any:
    backfill = CONNECTORS["chatwoot"].backfill
    assert backfill is not None
    return backfill.page(SOURCE, CREDENTIALS, SINCE, UNTIL, cursor)


def conversation(number: int, active: datetime = datetime(2026, 11, 2, 12, tzinfo=UTC)) -> Any:
    return {
        "id": number,
        "created_at": 1793610300,
        "last_activity_at": int(active.timestamp()),
        "status": "resolved",
        "labels": ["maksu"],
        "first_reply_created_at": 0,
        "meta": {"sender": CONTACT, "channel": "Channel::WebWidget"},
    }


def message(number: int, words: str, at: int = 1793610900, **more: Any) -> Any:
    kept = {"id": number, "content": words, "message_type": 0, "created_at": at, "private": False}
    return {**kept, "sender": CONTACT, "content_type": "text", **more}


def listed(*conversations: Any) -> Answer:
    return told({"data": {"meta": {}, "payload": list(conversations)}})


def test_a_backfilled_message_is_the_pushed_one() -> None:
    one = load(FIXTURES / "chatwoot" / "customer_message.http")
    (pushed,) = one.connector.events(one.request, one.source, one.at)
    said = message(511, pushed.text, at=int(pushed.occurred_at.timestamp()))
    result, calls = played(
        page(),
        (LIST + "1", listed(conversation(77))),
        (f"GET {BASE}/conversations/77/messages", told({"payload": [said]})),
    )
    found = result.events[0]
    assert (found.event_id, found.message_id) == (pushed.event_id, pushed.message_id)
    assert (found.interaction_key, found.customer) == (pushed.interaction_key, pushed.customer)
    assert found.text == pushed.text
    assert found.role is Role.CUSTOMER
    assert result.events[1].resolved is True
    assert calls[0].headers["api_access_token"] == "tunnus"
    assert result.cursor == "2"


def test_paging_inside_a_conversation_and_what_is_outside_the_period() -> None:
    newer = [message(n, f"viesti {n}") for n in range(30, 50)]
    older = [message(9, "liian vanha", at=1790000000), message(29, "viesti 29")]
    activity = message(10, "Aino otti keskustelun", message_type=2)
    result, _ = played(
        page("4"),
        (LIST + "4", listed(conversation(77))),
        (f"GET {BASE}/conversations/77/messages", told({"payload": newer})),
        (
            f"GET {BASE}/conversations/77/messages?before=30",
            told({"payload": [activity, *older]}),
        ),
    )
    ids = [event.message_id for event in result.events if event.text]
    assert ids == ["29", *(str(n) for n in range(30, 50))]
    assert result.cursor == "5"


def test_the_list_ends_at_the_first_conversation_that_slept() -> None:
    result, _ = played(
        page(), (LIST + "1", listed(conversation(5, datetime(2026, 10, 1, tzinfo=UTC))))
    )
    assert (list(result.events), result.cursor) == ([], None)
    result, _ = played(page("9"), (LIST + "9", listed()))
    assert result.cursor is None


def test_a_conversation_deleted_meanwhile_is_passed_over() -> None:
    result, _ = played(
        page(),
        (LIST + "1", listed(conversation(77))),
        (f"GET {BASE}/conversations/77/messages", Answer(404)),
    )
    assert [event.resolved for event in result.events] == [True]


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, Misconfigured), (403, Misconfigured), (429, Retryable), (422, Unreadable)],
)
def test_refusals(status: int, error: type[Exception]) -> None:
    with pytest.raises(error, match="list of conversations"):
        played(page(), (LIST + "1", Answer(status)))


# --- registration -------------------------------------------------------------------------------

URL = "https://hub.havuvakka.example/webhooks/chat"
HOOKS = f"{BASE}/webhooks"


def register() -> Any:
    registration = CONNECTORS["chatwoot"].registration
    assert registration is not None
    return registration.register(URL, SOURCE, CREDENTIALS, "meidän")


def webhooks(*listed: Any) -> Answer:
    return told({"payload": {"webhooks": list(listed)}})


def test_the_server_s_own_secret() -> None:
    created = told({"payload": {"webhook": {"id": 8, "url": URL, "secret": "palvelimen"}}})
    secret, calls = played(register(), (f"GET {HOOKS}", webhooks()), (f"POST {HOOKS}", created))
    assert secret == "palvelimen"
    wanted = json.loads(calls[1].body)["webhook"]
    assert wanted["url"] == URL
    assert "message_updated" in wanted["subscriptions"]


def test_a_webhook_that_is_there_is_found() -> None:
    there = {"id": 8, "url": URL, "secret": "palvelimen"}
    secret, _ = played(register(), (f"GET {HOOKS}", webhooks({"id": 1, "url": "x"}, there)))
    assert secret == "palvelimen"


def test_a_server_that_does_not_sign_sends_our_secret_in_the_url() -> None:
    secret, calls = played(
        register(),
        (f"GET {HOOKS}", webhooks({"id": 8, "url": f"{URL}?key=vanha"})),
        (f"PATCH {HOOKS}/8", told({"payload": {}})),
    )
    assert secret == "meidän"
    assert json.loads(calls[1].body)["webhook"]["url"] == f"{URL}?key=meid%C3%A4n"


@pytest.mark.parametrize(
    "options",
    [
        {"account": "x"},
        {"account": 1, "url": "http://chat.example"},
        {"url": 5, "account": 1},
        {"host": "x"},
        {"url": "https://chat.example"},
    ],
)
def test_options(options: dict[str, Any]) -> None:
    source = Source("chat", "chatwoot", options=options)
    with pytest.raises(Misconfigured, match=r"sources\.chat\.options\."):
        CONNECTORS["chatwoot"].check(source)


def test_options_are_needed_only_for_the_api() -> None:
    bare = Source("chat", "chatwoot")
    CONNECTORS["chatwoot"].check(bare)
    backfill = CONNECTORS["chatwoot"].backfill
    assert backfill is not None
    with pytest.raises(Misconfigured, match=r"options\.account"):
        played(backfill.page(bare, CREDENTIALS, SINCE, UNTIL, None))

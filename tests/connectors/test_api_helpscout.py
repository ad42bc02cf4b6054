"""Help Scout's API by recorded answers, and what only Help Scout does."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.connectors import CONNECTORS, helpscout
from chalicelib.connectors.base import Source
from chalicelib.connectors.vendor_api import Answer, Call, Dialogue, Page, T, run
from chalicelib.errors import Misconfigured, Retryable, Skipped, Unreadable
from chalicelib.fold import fold
from chalicelib.interaction import Event, Role
from tests.connectors.recordings import FIXTURES, load

API = "https://api.helpscout.net/v2"
SINCE = datetime(2026, 11, 2, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=1)
SOURCE = Source("posti", "helpscout")
CREDENTIALS = {"app_id": "sovellus", "app_secret": "salaisuus"}
TOKEN = ("POST", f"{API}/oauth2/token", Answer(200, b'{"access_token":"tunnus"}'))

Exchange = tuple[str, str, Any]


def payload(name: str) -> Any:
    return json.loads(load(FIXTURES / "helpscout" / f"{name}.http").request.body)


def pushed(name: str) -> list[Event]:
    one = load(FIXTURES / "helpscout" / f"{name}.http")
    return list(one.connector.events(one.request, one.source, one.at))


def drive(dialogue: Dialogue[T], *exchanges: Exchange) -> tuple[T, list[Call]]:
    """Drive a dialogue; every call must be the next expected one. Returns its calls too."""
    left, made = list(exchanges), []

    def send(call: Call) -> Answer:
        method, place, answer = left.pop(0)
        assert (call.method, call.place) == (method, place)
        if place != TOKEN[1]:
            assert call.headers["authorization"] == "Bearer tunnus"
        made.append(call)
        return answer if isinstance(answer, Answer) else Answer(200, json.dumps(answer).encode())

    found = run(dialogue, send)
    assert not left
    return found, made


def page(answer: Any, cursor: str | None = None) -> tuple[Page, dict[str, str]]:
    backfill = CONNECTORS["helpscout"].backfill
    assert backfill
    dialogue = backfill.page(SOURCE, CREDENTIALS, SINCE, UNTIL, cursor)
    found, calls = drive(dialogue, TOKEN, ("GET", f"{API}/conversations", answer))
    asked = parse_qs(urlsplit(calls[-1].url).query)
    return found, {k: v[0] for k, v in asked.items()}


def listed(*conversations: Any, number: int = 1, pages: int = 1) -> dict[str, Any]:
    told = {"size": 25, "totalElements": 30, "totalPages": pages, "number": number}
    return {"_embedded": {"conversations": list(conversations)}, "page": told}


# --- backfill -----------------------------------------------------------------------------------


def test_a_conversation_has_the_identities_of_its_pushes() -> None:
    found, asked = page(listed(payload("customer_reply")))
    names = ("convo_created", "agent_reply", "customer_reply", "note")
    events = {e.event_id: e for name in names for e in pushed(name)}
    messages = [e for e in found.events if e.message_id]
    assert {e.message_id for e in messages} == {"881", "882", "883", "884"}
    assert all(replace(events[e.event_id], tags=e.tags) == e for e in messages)
    assert found.events[-1] == pushed("customer_reply")[-1]
    assert asked["modifiedSince"] == "2026-11-02T00:00:00Z"
    assert (asked["embed"], asked["status"], asked["page"]) == ("threads", "all", "1")


def test_the_cursor_is_the_next_page() -> None:
    first, _ = page(listed(payload("closed"), pages=2))
    assert first.cursor == "2"
    last, asked = page(listed(payload("closed"), number=2, pages=2), first.cursor)
    assert asked["page"] == "2"
    assert last.cursor is None
    empty, _ = page({"page": {"number": 3, "totalPages": 9}}, "3")
    assert (list(empty.events), empty.cursor) == ([], None)


def test_only_what_happened_in_the_range_is_told() -> None:
    conversation = payload("customer_reply")
    conversation["_embedded"]["threads"][0]["createdAt"] = "2026-11-03T00:00:00Z"
    conversation["_embedded"]["threads"][-1]["createdAt"] = "2026-11-01T23:59:59Z"
    found, _ = page(listed(conversation))
    assert [e.message_id for e in found.events] == ["884", "882", ""]


def test_spam_is_not_backfilled() -> None:
    found, _ = page(listed(payload("spam")))
    assert list(found.events) == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(Answer(401), Misconfigured, id="401"),
        pytest.param(Answer(429), Retryable, id="429"),
        pytest.param(Answer(404), Skipped, id="404"),
        pytest.param(Answer(400), Unreadable, id="400"),
        pytest.param({"page": {}}, Unreadable, id="no page number"),
        pytest.param(Answer(200, b"[]"), Unreadable, id="a list"),
    ],
)
def test_what_the_list_refuses(answer: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        page(answer)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(Answer(400, b'{"error":"invalid_client"}'), Misconfigured, id="400"),
        pytest.param(Answer(401), Misconfigured, id="401"),
        pytest.param(Answer(503), Retryable, id="503"),
        pytest.param({"token_type": "bearer"}, Unreadable, id="no token"),
        pytest.param({"access_token": "a\r\nb"}, Unreadable, id="a token that is two headers"),
    ],
)
def test_what_the_token_refuses(answer: Any, error: type[Exception]) -> None:
    backfill = CONNECTORS["helpscout"].backfill
    assert backfill
    dialogue = backfill.page(SOURCE, CREDENTIALS, SINCE, UNTIL, None)
    with pytest.raises(error):
        drive(dialogue, ("POST", TOKEN[1], answer))


# --- fetch --------------------------------------------------------------------------------------


def fetched(*exchanges: Exchange) -> list[Event]:
    fetch = CONNECTORS["helpscout"].fetch
    assert fetch
    (event,) = pushed("chat_without_messages")
    found, _ = drive(fetch.dialogue(event, SOURCE, CREDENTIALS), TOKEN, *exchanges)
    return list(found)


CHAT = f"{API}/chats/5a0da3c3-0001-4352-8db9-8fc47e14111f"


def test_a_chat_is_fetched_with_the_identities_of_its_pushes() -> None:
    found = fetched(("GET", CHAT, payload("chat_customer_replied")))
    names = ("chat_created", "chat_agent_replied", "chat_customer_replied")
    assert [e for e in found if e.role is not Role.NOTE] == [
        event for name in names for event in pushed(name)
    ]
    assert {e.interaction_id for e in found} == {pushed("chat_without_messages")[0].interaction_id}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(Answer(404), Skipped, id="the chat has ended"),
        pytest.param({"id": "1", "_embedded": {"events": []}}, Skipped, id="nothing written"),
        pytest.param(Answer(403), Misconfigured, id="403"),
    ],
)
def test_a_chat_that_cannot_be_fetched(answer: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        fetched(("GET", CHAT, answer))


def test_each_word_of_a_chat_asks_anew() -> None:
    """Else the second reply would be a duplicate, and never fetched."""
    one = load(FIXTURES / "helpscout" / "chat_without_messages.http")
    later = replace(one.request, body=one.request.body.replace(b'"Moi"', b'"Kiitos"'))
    (first,), (second,) = (
        helpscout.events(request, one.source, one.at) for request in (one.request, later)
    )
    assert first.event_id != second.event_id
    assert first.fetch == second.fetch


# --- registration -------------------------------------------------------------------------------


def registered(*exchanges: Exchange, secret: str = "s" * 40) -> list[Call]:
    registration = CONNECTORS["helpscout"].registration
    assert registration
    dialogue = registration.register("https://hub.example/w/posti", SOURCE, CREDENTIALS, secret)
    found, calls = drive(dialogue, *exchanges)
    assert found == secret
    return calls


HOOKS = f"{API}/webhooks"


def test_the_webhook_is_created_for_what_is_read() -> None:
    other = {"_embedded": {"webhooks": [{"id": 1, "url": "https://other.example"}]}}
    calls = registered(TOKEN, ("GET", HOOKS, other), ("POST", HOOKS, Answer(201)))
    wanted = json.loads(calls[-1].body)
    assert wanted["url"] == "https://hub.example/w/posti"
    assert wanted["secret"] == "s" * 40
    assert set(wanted["events"]) < set(helpscout._READERS)
    assert set(helpscout._READERS) - set(wanted["events"]) == {
        "beacon.chat.agent.replied",  # not in the API's list, only on the webhooks' page
        "convo.ai-answers.created",
    }


def test_the_webhook_that_is_there_gets_our_secret() -> None:
    there = {"_embedded": {"webhooks": [{"id": 25, "url": "https://hub.example/w/posti"}]}}
    registered(TOKEN, ("GET", HOOKS, there), ("PUT", f"{HOOKS}/25", Answer(204)))


def test_a_secret_that_help_scout_would_cut_is_refused() -> None:
    with pytest.raises(Misconfigured, match="40"):
        registered(secret="s" * 41)
    assert len(CONNECTORS["helpscout"].new_secret()) == 40


# --- pushes -------------------------------------------------------------------------------------


def test_a_conversation_folds() -> None:
    names = ("convo_created", "agent_reply", "note", "customer_reply", "closed", "rating_okay")
    interaction = fold((e for name in names for e in pushed(name)), {})
    assert [m.role for m in interaction.messages] == [
        Role.CUSTOMER,
        Role.AGENT,
        Role.CUSTOMER,
        Role.CUSTOMER,
    ]
    assert interaction.resolved is True
    assert interaction.ratings[0].normalised == 0.5


def test_a_changed_rating_replaces_the_first() -> None:
    both = [*pushed("rating_okay"), *pushed("rating_bad_changed_later")]
    assert [r.normalised for r in fold(both, {}).ratings] == [0.0]


def test_the_unsigned_event_name_cannot_make_a_note_public_nor_erase() -> None:
    """Whoever sends a captured delivery again under another name."""
    one = load(FIXTURES / "helpscout" / "note.http")
    for name in ("convo.created", "convo.customer.reply.created"):
        headers = {**one.request.headers, "x-helpscout-event": name}
        events = helpscout.events(replace(one.request, headers=headers), one.source, one.at)
        assert all(e.role is Role.NOTE for e in events if e.message_id == "884")
    headers = {**one.request.headers, "x-helpscout-event": "convo.deleted"}
    with pytest.raises(Unreadable):
        helpscout.events(replace(one.request, headers=headers), one.source, one.at)


def test_the_transcript_of_an_ended_chat_is_not_the_customers_voice() -> None:
    (event,) = pushed("ended_chat")
    assert event.text == ""
    assert not fold([event], {}).contacted

"""Slack's history by recorded answers, and what only Slack does."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.connectors import CONNECTORS, slack
from chalicelib.connectors.base import Source
from chalicelib.connectors.slack_messages import plain
from chalicelib.connectors.vendor_api import Answer, Call, Page, run
from chalicelib.errors import Misconfigured, Retryable, Skipped, Unreadable
from chalicelib.fold import fold
from chalicelib.interaction import Event, Role
from tests.connectors.recordings import FIXTURES, load

SINCE = datetime(2026, 11, 2, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=1)
OPTIONS = {"channels": ["C07TUKI0002", "C07TUKI0001"], "staff": ["U07AGENTTI1"]}
SOURCE = Source("slack", "slack", options=OPTIONS)
ROOT = "1793610000.000200"
MESSAGE = {"type": "message", "user": "U08ASIAKAS1", "team": "T08SISUSTUS"}

Expected = list[tuple[str, dict[str, str], Any]]


def pushed(name: str) -> Event:
    one = load(FIXTURES / "slack" / f"{name}.http")
    (event,) = one.connector.events(one.request, one.source, one.at)
    return event


def page(exchanges: Expected, cursor: str | None = None, source: Source = SOURCE) -> Page:
    """Drive one page; every call must be the next expected one, with its query."""
    backfill = CONNECTORS["slack"].backfill
    assert backfill
    left = list(exchanges)

    def send(call: Call) -> Answer:
        method, query, answer = left.pop(0)
        assert call.headers["authorization"] == "Bearer xoxb-1"
        assert call.place == f"https://slack.com/api/{method}"
        asked = {k: v[0] for k, v in parse_qs(urlsplit(call.url).query).items()}
        assert {k: asked.get(k, "") for k in query} == query
        return answer if isinstance(answer, Answer) else Answer(200, json.dumps(answer).encode())

    found = run(backfill.page(source, {"bot_token": "xoxb-1"}, SINCE, UNTIL, cursor), send)
    assert not left
    return found


def history(*messages: dict[str, Any], following: str = "") -> dict[str, Any]:
    told = {"ok": True, "messages": list(messages), "has_more": bool(following)}
    return {**told, "response_metadata": {"next_cursor": following}} if following else told


def test_a_thread_has_the_identities_of_its_pushes() -> None:
    root = {**MESSAGE, "ts": ROOT, "thread_ts": ROOT, "reply_count": 2, "text": "Tilaus puuttuu."}
    answer = {**MESSAGE, "user": "U07AGENTTI1", "thread_ts": ROOT, "text": "Huomenta!"}
    reply = {**MESSAGE, "ts": "1793610400.000400", "thread_ts": ROOT, "text": "Kiitos, mutta"}
    found = page(
        [
            (
                "conversations.history",
                {"channel": "C07TUKI0001", "cursor": "", "oldest": "1793577600.000000"},
                history(root),
            ),
            (
                "conversations.replies",
                {"channel": "C07TUKI0001", "ts": ROOT, "cursor": ""},
                history(root, {**answer, "ts": "1793610300.000300"}, following="bmV4dA=="),
            ),
            ("conversations.replies", {"ts": ROOT, "cursor": "bmV4dA=="}, history(reply)),
        ]
    )
    names = ("message", "reply_of_staff", "reply_of_customer")
    assert [(e.event_id, e.message_id, e.interaction_id, e.role) for e in found.events] == [
        (e.event_id, e.message_id, e.interaction_id, e.role) for e in map(pushed, names)
    ]
    assert found.cursor == "C07TUKI0002|"


def test_pages_follow_each_other_and_then_the_channels() -> None:
    call = "conversations.history"
    first = page([(call, {"channel": "C07TUKI0001"}, history(following="dGVhbQ=="))])
    assert first.cursor == "C07TUKI0001|dGVhbQ=="
    again = page([(call, {"cursor": "dGVhbQ=="}, history())], first.cursor)
    assert again.cursor == "C07TUKI0002|"
    last = page([(call, {"channel": "C07TUKI0002", "cursor": ""}, history())], again.cursor)
    assert last.cursor is None


def test_an_edited_message_has_both_identities() -> None:
    edited = {"user": "U08ASIAKAS1", "ts": "1793610120.000000"}
    message = {**MESSAGE, "ts": ROOT, "text": "Tilaus 88231 puuttuu.", "edited": edited}
    found = page([("conversations.history", {}, history(message))])
    assert [e.event_id for e in found.events] == [
        pushed("message").event_id,
        pushed("message_changed").event_id,
    ]
    interaction = fold(found.events, {})
    assert [m.text for m in interaction.messages] == ["Tilaus 88231 puuttuu."]
    assert interaction.started_at == pushed("message").occurred_at


def test_joins_and_replies_after_the_window_are_left_out() -> None:
    join = {**MESSAGE, "subtype": "channel_join", "ts": ROOT, "text": "joined"}
    root = {**MESSAGE, "ts": "1793663990.000100", "reply_count": 1, "text": "Vielä yksi asia"}
    late = {**MESSAGE, "ts": "1793664000.000000", "thread_ts": root["ts"], "text": "Huomenna"}
    found = page(
        [
            ("conversations.history", {}, history(join, root)),
            ("conversations.replies", {}, history(root, late)),
        ]
    )
    assert [e.text for e in found.events] == ["Vielä yksi asia"]


def test_a_thread_deleted_meanwhile_is_no_error() -> None:
    root = {**MESSAGE, "ts": ROOT, "reply_count": 1, "text": "Hei"}
    gone = {"ok": False, "error": "thread_not_found"}
    found = page(
        [("conversations.history", {}, history(root)), ("conversations.replies", {}, gone)]
    )
    assert [e.text for e in found.events] == ["Hei"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param({"ok": False, "error": "invalid_auth"}, Misconfigured, id="token"),
        pytest.param({"ok": False, "error": "not_in_channel"}, Misconfigured, id="not invited"),
        pytest.param({"ok": False, "error": "ratelimited"}, Retryable, id="too many"),
        pytest.param({"ok": False, "error": "something_new"}, Unreadable, id="unknown"),
        pytest.param({"messages": []}, Unreadable, id="neither"),
        pytest.param(Answer(401), Misconfigured, id="401"),
        pytest.param(Answer(500), Retryable, id="500"),
        pytest.param(Answer(404), Skipped, id="404"),
        pytest.param(Answer(200, b"<html>"), Unreadable, id="HTML"),
    ],
)
def test_what_slack_refuses(answer: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        page([("conversations.history", {}, answer)])


def test_a_cursor_of_a_channel_that_is_no_longer_chosen() -> None:
    with pytest.raises(Misconfigured):
        page([], "C07VANHA001|abc")


# --- pushes -------------------------------------------------------------------------------------


def test_a_whole_thread_folds() -> None:
    names = ["message", "reply_of_staff", "reply_of_customer", "message_changed", "message_deleted"]
    interaction = fold(map(pushed, names), {})
    assert [(m.role, m.text[:13]) for m in interaction.messages] == [
        (Role.CUSTOMER, "Tilauksemme 8"),
        (Role.AGENT, "Huomenta! Soi"),
        (Role.CUSTOMER, ""),
    ]
    assert "88231" in interaction.messages[0].text


def test_the_challenge_is_echoed() -> None:
    one = load(FIXTURES / "slack" / "url_verification.http")
    reply = slack.handshake(one.request)
    assert reply is not None
    assert reply.body == json.loads(one.request.body)["challenge"]
    assert reply.headers["Content-Type"].startswith("text/plain")


def test_the_old_token_is_scrubbed_and_nothing_else() -> None:
    one = load(FIXTURES / "slack" / "message.http")
    scrubbed = slack.scrub(one.request)
    assert b"vanha-tarkistussana" in one.request.body
    before, after = json.loads(one.request.body), json.loads(scrubbed.body)
    assert after == {**before, "token": ""}
    assert slack.events(scrubbed, one.source, one.at) == [pushed("message")]


def test_direct_messages_count_only_where_chosen() -> None:
    one = load(FIXTURES / "slack" / "message.http")
    body = json.loads(one.request.body)
    body["event"] |= {"channel": "D08SUORA001", "channel_type": "im"}
    request = replace(one.request, body=json.dumps(body).encode())
    with pytest.raises(Skipped):
        slack.events(request, one.source, one.at)
    options = {"direct_messages": True, "staff": ["U07AGENTTI1"]}
    (event,) = slack.events(request, replace(one.source, options=options), one.at)
    assert event.interaction_id == f"D08SUORA001:{ROOT}"


def test_a_customers_tick_resolves_nothing() -> None:
    one = load(FIXTURES / "slack" / "reaction_added.http")
    body = json.loads(one.request.body)
    body["event"]["user"] = "U08ASIAKAS1"
    with pytest.raises(Skipped):
        slack.events(replace(one.request, body=json.dumps(body).encode()), one.source, one.at)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        pytest.param("Hei <@U1|Aino>, kiitos", "Hei @Aino, kiitos", id="named person"),
        pytest.param("Kysy <@U1>!", "Kysy!", id="person without a name"),
        pytest.param("ks. <#C1|tuki>", "ks. #tuki", id="channel"),
        pytest.param("<!here> apua", "@here apua", id="everybody"),
        pytest.param("<!date^1^{date}|maanantaina>", "maanantaina", id="date"),
        pytest.param("<mailto:a@b.example|a@b.example>", "a@b.example", id="address"),
        pytest.param("<https://h.example>", "https://h.example", id="bare link"),
        pytest.param("3 &lt; 4 &amp;&amp; 5 &gt; 4", "3 < 4 && 5 > 4", id="escaped"),
        pytest.param("<" * 50_000, "<" * 50_000, id="never closed"),
    ],
)
def test_markup_reads_as_on_the_screen(words: str, shown: str) -> None:
    assert plain(words) == shown


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="none"),
        pytest.param({"channels": ["C1"]}, id="nobody is staff"),
        pytest.param({"staff": ["U1"]}, id="no channel"),
        pytest.param({"channels": "C1", "staff": ["U1"]}, id="text for a list"),
        pytest.param({"channels": [1], "staff": ["U1"]}, id="a number for an id"),
        pytest.param({"direct_messages": "yes", "staff": ["U1"]}, id="text for true"),
    ],
)
def test_options_that_cannot_work(options: dict[str, Any]) -> None:
    check: Callable[[Source], None] = CONNECTORS["slack"].check
    with pytest.raises(Misconfigured, match=r"sources\.slack\.options"):
        check(Source("slack", "slack", options=options))

"""Zendesk's export of tickets, with the identities of the webhooks; and the webhook itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Source
from chalicelib.connectors.vendor_api import Answer
from chalicelib.errors import Misconfigured, Retryable, Unreadable
from chalicelib.fold import fold
from chalicelib.interaction import Event, Role
from tests.connectors.played import played, told
from tests.connectors.recordings import FIXTURES, load

BASE = "https://havuvakka.zendesk.com/api/v2"
SOURCE = Source("support", "zendesk", options={"subdomain": "Havuvakka"})
CREDENTIALS = {"email": "integraatio@havuvakka.example", "api_token": "tunnus"}
SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)
EXPORT = f"GET {BASE}/incremental/tickets/cursor?"
FIRST_PAGE = f"{EXPORT}start_time={int(SINCE.timestamp())}&per_page=100"
COMMENTS = f"GET {BASE}/tickets/5158/comments?page%5Bsize%5D=100&include=users"
USERS = [{"id": 7001, "role": "end-user"}, {"id": 9001, "role": "admin"}]
TICKET: dict[str, Any] = {
    "id": 5158,
    "subject": "Lasku palautetusta tuotteesta",
    "description": "Sain laskun tuotteesta, jonka palautin jo lokakuussa.",
    "status": "open",
    "requester_id": 7001,
    "tags": ["lasku", "palautus"],
    "via": {"channel": "email"},
    "created_at": "2026-11-02T09:15:31Z",
    "updated_at": "2026-11-02T10:00:00Z",
}


def page(cursor: str | None = None) -> Any:
    backfill = CONNECTORS["zendesk"].backfill
    assert backfill is not None
    assert set(backfill.credentials) == set(CREDENTIALS)
    return backfill.page(SOURCE, CREDENTIALS, SINCE, UNTIL, cursor)


def export(*tickets: Any, end: bool = True) -> Answer:
    return told({"tickets": list(tickets), "after_cursor": "MTU=", "end_of_stream": end})


def comment(number: int, body: str, author: int = 7001, **more: Any) -> dict[str, Any]:
    kept = {"id": number, "author_id": author, "body": body, "public": True}
    return {**kept, "created_at": "2026-11-02T09:15:31Z", **more}


def comments(*listed: Any, after: str | None = None, users: Any = USERS) -> Answer:
    meta = {"has_more": after is not None, "after_cursor": after}
    return told({"comments": list(listed), "users": users, "meta": meta})


def pushed(name: str) -> Event:
    one = load(FIXTURES / "zendesk" / f"{name}.http")
    return one.connector.events(one.request, one.source, one.at)[0]


def test_backfilled_and_pushed_messages_are_one() -> None:
    opening, second = pushed("ticket_created"), pushed("comment_added_by_customer")
    result, calls = played(
        page(),
        (FIRST_PAGE, export(TICKET)),
        (COMMENTS, comments(comment(880010, TICKET["description"]), comment(880011, second.text))),
    )
    for event, same in zip(result.events, (opening, second), strict=True):
        assert event.message_id == same.message_id
        assert event.interaction_key == same.interaction_key
        assert (event.customer, event.text, event.role) == (same.customer, same.text, same.role)
        assert (event.channel, event.tags) == (same.channel, same.tags)
    both = fold([*result.events, opening, second], {})
    assert len(both.messages) == 2
    assert result.cursor is None
    # printf 'integraatio@havuvakka.example/token:tunnus' | base64
    expected = "Basic aW50ZWdyYWF0aW9AaGF2dXZha2thLmV4YW1wbGUvdG9rZW46dHVubnVz"
    assert calls[0].headers["authorization"] == expected


def test_pages_of_tickets_and_of_comments() -> None:
    result, _ = played(
        page("abc="),
        (f"{EXPORT}cursor=abc%3D&per_page=100", export(TICKET, end=False)),
        (COMMENTS, comments(comment(1, "eka"), after="xyz")),
        (f"{COMMENTS}&page%5Bafter%5D=xyz", comments(comment(2, "toka"))),
    )
    assert [event.message_id for event in result.events] == ["first", "2"]
    assert result.cursor == "MTU="


def test_roles() -> None:
    result, _ = played(
        page(),
        (FIRST_PAGE, export(TICKET)),
        (
            COMMENTS,
            comments(
                comment(1, "asiakas"),
                comment(2, "virkailija", author=9001),
                comment(3, "sisäinen", author=9001, public=False),
                comment(4, "poistunut asiakas", author=7001),
                comment(5, "poistunut virkailija", author=9999),
                users=[{"id": 9001, "role": "agent"}],
            ),
        ),
    )
    roles = [event.role for event in result.events]
    assert roles == [Role.CUSTOMER, Role.AGENT, Role.NOTE, Role.CUSTOMER, Role.AGENT]


def test_solved_and_rated() -> None:
    rated = pushed("satisfaction_bad")
    told_rating = {"score": "bad", "comment": rated.text}
    solved = {**TICKET, "status": "solved", "satisfaction_rating": told_rating}
    result, _ = played(page(), (FIRST_PAGE, export(solved)), (COMMENTS, comments()))
    status, rating = result.events
    assert status.resolved is True
    assert (rating.message_id, rating.ratings, rating.text) == (
        rated.message_id,
        rated.ratings,
        rated.text,
    )
    assert len(fold([rating, rated], {}).ratings) == 1


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"status": "deleted"}, id="deleted"),
        pytest.param({"created_at": "2026-11-03T00:00:00Z"}, id="later"),
        pytest.param({"via": {"channel": "native_messaging"}}, id="a transcript of messages"),
    ],
)
def test_tickets_whose_comments_are_not_asked_for(change: dict[str, Any]) -> None:
    result, _ = played(page(), (FIRST_PAGE, export({**TICKET, **change})))
    assert not result.events


def test_comments_outside_the_period_are_left_out() -> None:
    late = {**TICKET, "status": "solved", "updated_at": "2026-11-05T10:00:00Z"}
    early = comment(1, "vanha", created_at="2026-10-31T23:59:59Z")
    after = comment(3, "uusi", created_at="2026-11-03T00:00:00Z")
    result, _ = played(
        page(), (FIRST_PAGE, export(late)), (COMMENTS, comments(early, comment(2, "b"), after))
    )
    assert [(event.message_id, event.resolved) for event in result.events] == [("2", None)]


def test_a_ticket_deleted_meanwhile_is_passed_over() -> None:
    result, _ = played(page(), (FIRST_PAGE, export(TICKET)), (COMMENTS, Answer(404)))
    assert not result.events


@pytest.mark.parametrize(
    ("status", "error"), [(401, Misconfigured), (429, Retryable), (422, Unreadable)]
)
def test_refusals(status: int, error: type[Exception]) -> None:
    with pytest.raises(error, match="export of tickets"):
        played(page(), (FIRST_PAGE, Answer(status)))


# --- registration -------------------------------------------------------------------------------

URL = "https://hub.havuvakka.example/webhooks/support"
HOOKS = f"{BASE}/webhooks"
LISTED = f"GET {HOOKS}?page%5Bsize%5D=100"
SECRET = told({"signing_secret": {"algorithm": "SHA256", "secret": "zendeskin"}})


def register() -> Any:
    registration = CONNECTORS["zendesk"].registration
    assert registration is not None
    return registration.register(URL, SOURCE, CREDENTIALS, "meidän")


def test_the_webhook_is_created_and_its_secret_read() -> None:
    secret, calls = played(
        register(),
        (LISTED, told({"webhooks": [{"id": "01A", "endpoint": "https://muu.example"}]})),
        (f"POST {HOOKS}", told({"webhook": {"id": "01B"}}, status=201)),
        (f"GET {HOOKS}/01B/signing_secret", SECRET),
    )
    assert secret == "zendeskin"
    wanted = json.loads(calls[1].body)["webhook"]
    assert (wanted["endpoint"], wanted["http_method"]) == (URL, "POST")
    assert "zen:event-type:ticket.comment_added" in wanted["subscriptions"]
    assert "zen:event-type:messaging_ticket.message_added" in wanted["subscriptions"]


def test_a_webhook_that_is_there_is_found() -> None:
    secret, _ = played(
        register(),
        (LISTED, told({"webhooks": [{"id": "01B", "endpoint": URL}]})),
        (f"GET {HOOKS}/01B/signing_secret", SECRET),
    )
    assert secret == "zendeskin"


def test_an_account_without_messaging() -> None:
    _, calls = played(
        register(),
        (LISTED, told({"webhooks": []})),
        (f"POST {HOOKS}", Answer(422, b"{}")),
        (f"POST {HOOKS}", told({"webhook": {"id": "01B"}}, status=201)),
        (f"GET {HOOKS}/01B/signing_secret", SECRET),
    )
    kinds = json.loads(calls[2].body)["webhook"]["subscriptions"]
    assert kinds
    assert not any("messaging" in kind for kind in kinds)


@pytest.mark.parametrize(
    "options", [{"subdomain": "a.b"}, {"subdomain": "x/../y"}, {"subdomain": 5}, {"domain": "x"}]
)
def test_options(options: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured, match=r"sources\.support\.options\."):
        CONNECTORS["zendesk"].check(Source("support", "zendesk", options=options))

"""Intercom's conversations of a period, with the identities of the webhooks."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Source
from chalicelib.connectors.vendor_api import Answer
from chalicelib.errors import Misconfigured, Retryable
from chalicelib.fold import fold
from chalicelib.interaction import Event
from tests.connectors.played import played, told
from tests.connectors.recordings import FIXTURES, load

SOURCE = Source("chat", "intercom", options={"region": "eu"})
CREDENTIALS = {"access_token": "tunnus"}
SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)
BASE = "https://api.eu.intercom.io/conversations"
SEARCH = f"POST {BASE}/search"


def page(cursor: str | None = None, source: Source = SOURCE) -> Any:
    backfill = CONNECTORS["intercom"].backfill
    assert backfill is not None
    return backfill.page(source, CREDENTIALS, SINCE, UNTIL, cursor)


def item(name: str) -> dict[str, Any]:
    body = json.loads(load(FIXTURES / "intercom" / f"{name}.http").request.body)
    found: dict[str, Any] = body["data"]["item"]
    return found


def pushed(name: str) -> list[Event]:
    one = load(FIXTURES / "intercom" / f"{name}.http")
    return list(one.connector.events(one.request, one.source, one.at))


def listed(*items: Any, after: str | None = None) -> Answer:
    following = {"page": 2, "starting_after": after} if after else None
    short = [{key: one[key] for key in ("id", "created_at", "updated_at")} for one in items]
    return told({"type": "conversation.list", "pages": {"next": following}, "conversations": short})


def test_backfilled_and_pushed_messages_are_one() -> None:
    opening, reply, rating = (
        pushed(name)[0] for name in ("user_created", "user_replied", "rating_added")
    )
    whole = item("user_replied") | {
        "conversation_rating": item("rating_added")["conversation_rating"],
        "state": "closed",
        "statistics": {"last_close_at": 1793610898, "time_to_admin_reply": 120},
    }
    result, calls = played(page(), (SEARCH, listed(whole)), (f"GET {BASE}/2132", told(whole)))
    first, second, rated, closed = result.events
    for event, same in ((first, opening), (second, reply), (rated, rating)):
        assert event.message_id == same.message_id
        assert event.interaction_key == same.interaction_key
        assert (event.text, event.role, event.customer) == (same.text, same.role, same.customer)
        assert (event.channel, event.ratings) == (same.channel, same.ratings)
    assert closed.resolved is True
    assert closed.occurred_at == datetime.fromtimestamp(1793610898, UTC)
    assert len({event.event_id for event in result.events}) == 4
    both = fold([*result.events, opening, reply, rating], {})
    assert (len(both.messages), len(both.ratings), both.wait_s) == (3, 1, 120)
    assert result.cursor is None
    assert calls[0].headers["authorization"] == "Bearer tunnus"


def test_the_search_is_a_day_wider_than_the_period() -> None:
    _, (call,) = played(page("WzE="), (SEARCH, listed()))
    asked = json.loads(call.body)
    assert [part["value"] for part in asked["query"]["value"]] == [
        int(datetime(2026, 10, 31, tzinfo=UTC).timestamp()),
        int(datetime(2026, 11, 4, tzinfo=UTC).timestamp()),
    ]
    assert asked["pagination"] == {"per_page": 50, "starting_after": "WzE="}


def test_only_what_lies_in_the_period() -> None:
    quiet = item("user_created") | {"id": "1", "updated_at": int(SINCE.timestamp()) - 1}
    later = item("user_created") | {"id": "2", "created_at": int(UNTIL.timestamp())}
    old = item("user_replied") | {"created_at": int(SINCE.timestamp()) - 1}
    result, _ = played(
        page(), (SEARCH, listed(quiet, later, old, after="WzI=")), (f"GET {BASE}/2132", told(old))
    )
    assert [event.message_id for event in result.events] == ["28243"]  # not the opening
    assert result.cursor == "WzI="


def test_a_conversation_deleted_meanwhile_is_passed_over() -> None:
    whole = item("user_created")
    result, _ = played(page(), (SEARCH, listed(whole)), (f"GET {BASE}/2132", Answer(404)))
    assert not result.events


@pytest.mark.parametrize(
    ("status", "error"), [(401, Misconfigured), (429, Retryable), (500, Retryable)]
)
def test_refusals(status: int, error: type[Exception]) -> None:
    with pytest.raises(error, match="search for conversations"):
        played(page(), (SEARCH, Answer(status)))


def test_regions() -> None:
    for region, host in (("au", "api.au.intercom.io"), (None, "api.intercom.io")):
        options = {"region": region} if region else {}
        source = Source("chat", "intercom", options=options)
        CONNECTORS["intercom"].check(source)
        played(page(source=source), (f"POST https://{host}/conversations/search", listed()))
    for wrong in ({"region": "moon"}, {"area": "eu"}):
        with pytest.raises(Misconfigured, match=r"sources\.chat\.options\."):
            CONNECTORS["intercom"].check(Source("chat", "intercom", options=wrong))

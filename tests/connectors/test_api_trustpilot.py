"""Trustpilot's list of reviews, by recorded answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.connectors import CONNECTORS, trustpilot, vendor_api
from chalicelib.connectors.base import Source
from chalicelib.connectors.vendor_api import Answer, Call, Page
from chalicelib.errors import Misconfigured, Retryable, Unreadable
from tests.connectors.recordings import FIXTURES, load

SINCE, UNTIL = datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)
SOURCE = Source("reviews", "trustpilot")
CREDENTIALS = {"api_key": "avain", "api_secret": "salaisuus", "business_unit_id": "46d6a8900/x"}
TOKEN = Answer(200, b'{"access_token":"pass-1","expires_in":"359999"}')


def review(own: str, **changed: Any) -> dict[str, Any]:
    base = {
        "id": own,
        "consumer": {"id": "c1", "displayName": "Tuulikki"},
        "stars": 4,
        "title": "Hyvä",
        "text": "Hyvä palvelu.",
        "language": "fi",
        "createdAt": "2026-11-02T08:00:00Z",
        "updatedAt": None,
        "referralEmail": "tuulikki@posti.example",
    }
    return base | changed


def played(cursor: str | None, *answers: Answer) -> tuple[Page, list[Call]]:
    left, calls = list(answers), []

    def send(call: Call) -> Answer:
        calls.append(call)
        return left.pop(0)

    dialogue = trustpilot.page(SOURCE, CREDENTIALS, SINCE, UNTIL, cursor)
    page = vendor_api.run(dialogue, send)
    assert not left
    return page, calls


def listed(reviews: Sequence[Any]) -> Answer:
    return Answer(200, json.dumps({"reviews": reviews}).encode())


def test_pages_go_on_from_their_cursor() -> None:
    page, calls = played(None, TOKEN, listed([review(f"r{n}") for n in range(100)]))
    assert [call.method for call in calls] == ["POST", "GET"]
    assert calls[0].headers["authorization"] == (
        "Basic " + base64.b64encode(b"avain:salaisuus").decode()
    )
    assert calls[1].headers["authorization"] == "Bearer pass-1"
    assert calls[1].place.endswith("/private/business-units/46d6a8900%2Fx/reviews")
    assert "startDateTime=2026-11-02T00%3A00%3A00" in calls[1].url
    assert len(page.events) == 100
    assert page.cursor == "2"
    page, calls = played("2", TOKEN, listed([review("last")]))
    assert "page=2" in calls[1].url
    assert page.cursor is None
    assert [event.customer for event in page.events] == ["email:tuulikki@posti.example"]


def test_the_same_identity_as_the_push() -> None:
    pushed = []
    for name in ("service_review_created", "service_review_updated"):
        one = load(FIXTURES / "trustpilot" / f"{name}.http")
        (told,) = json.loads(one.request.body)["events"]
        pushed += list(one.connector.events(one.request, SOURCE, one.at))
    page, _ = played(None, TOKEN, listed([told["eventData"]]))
    assert [e.event_id for e in page.events] == [e.event_id for e in pushed]
    assert page.events[1] == pushed[1]


def test_only_the_period_is_taken() -> None:
    others = [
        review("a", createdAt="2026-11-01T23:59:59Z"),
        review("b", createdAt="2026-11-03T00:00:00Z"),
    ]
    page, _ = played(None, TOKEN, listed([*others, review("c", createdAt="2026-11-02T00:00:00Z")]))
    assert [event.interaction_id for event in page.events] == ["c"]


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([Answer(401)], Misconfigured),
        ([TOKEN, Answer(403)], Misconfigured),
        ([TOKEN, Answer(500)], Retryable),
        ([Answer(200, b"[]")], Unreadable),
        ([Answer(200, b"{}")], Unreadable),
        ([TOKEN, Answer(200, b'{"reviews":{}}')], Unreadable),
        ([TOKEN, listed([review("x", stars=11)])], Unreadable),
    ],
)
def test_what_goes_wrong_has_a_name(answers: list[Answer], error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        played(None, *answers)
    assert "salaisuus" not in str(caught.value)


@pytest.mark.parametrize("options", [{"reference": True}, {"reference_is_customer": "yes"}])
def test_options(options: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured, match=r"sources\.reviews\.options\.reference"):
        CONNECTORS["trustpilot"].check(Source("reviews", "trustpilot", options=options))

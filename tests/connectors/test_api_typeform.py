"""Typeform's API by recorded answers: responses listed and webhooks registered."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Source
from chalicelib.connectors.vendor_api import Page
from chalicelib.errors import Misconfigured, Retryable, Skipped
from tests.connectors.played import Step, played, told
from tests.connectors.recordings import FIXTURES, load

BASE = "https://api.typeform.com/forms"
SINCE = datetime(2026, 11, 1, tzinfo=UTC)
UNTIL = datetime(2026, 11, 3, tzinfo=UTC)
CREDENTIALS = {"token": "tfp_fixture"}
WINDOW = "since=2026-11-01T00%3A00%3A00Z&until=2026-11-03T00%3A00%3A00Z"
LIST = f"{BASE}/hvk123/responses?page_size=1000&{WINDOW}&response_type=completed"
PUSHED = load(FIXTURES / "typeform" / "nps_with_comment.http")


def source(**options: Any) -> Source:
    return Source("survey", "typeform", options={"forms": ["hvk123"], **options})


def item(**changes: Any) -> dict[str, Any]:
    """The pushed response as the API lists it: without its definition and its event_id."""
    response = json.loads(PUSHED.request.body)["form_response"]
    return {k: v for k, v in response.items() if k not in ("definition", "form_id")} | changes


def definition() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(PUSHED.request.body)["form_response"]["definition"]
    return found


def page(wired: Source, cursor: str | None, *steps: Step) -> Page:
    backfill = CONNECTORS["typeform"].backfill
    assert backfill
    found, calls = played(backfill.page(wired, CREDENTIALS, SINCE, UNTIL, cursor), *steps)
    assert all(call.headers["authorization"] == "Bearer tfp_fixture" for call in calls)
    return found


FORM = (f"GET {BASE}/hvk123", told(definition()))


def test_a_listed_response_is_the_pushed_event() -> None:
    found = page(source(), None, FORM, (f"GET {LIST}", told({"items": [item()]})))
    pushed = CONNECTORS["typeform"].events(PUSHED.request, PUSHED.source, PUSHED.at)
    assert found == Page(pushed, None)


def test_a_full_page_goes_on_behind_its_last_token() -> None:
    items = [item(token=f"tok{n}") for n in range(1000)]
    first = page(source(), None, FORM, (f"GET {LIST}", told({"items": items})))
    assert [e.interaction_id for e in first.events[:2]] == ["tok0", "tok1"]
    assert first.cursor == '[0, "tok999"]'
    rest = (f"GET {LIST}&before=tok999", told({"items": [item(token="tok1000")]}))
    last = page(source(), first.cursor, FORM, rest)
    assert [e.event_id for e in last.events] == ["tok1000"]
    assert last.cursor is None


def test_one_form_after_the_other() -> None:
    wired = source(forms=["hvk123", "a/b"], api="https://api.eu.typeform.com")
    base = "https://api.eu.typeform.com/forms"
    first = page(
        wired,
        None,
        (f"GET {base}/hvk123", told(definition())),
        (f"GET {LIST.replace(BASE, base)}", told({"items": []})),
    )
    assert (first.events, first.cursor) == ([], "[1]")
    second = page(
        wired,
        first.cursor,
        (f"GET {base}/a%2Fb", told(definition())),
        (f"GET {LIST.replace(BASE, base)}".replace("hvk123", "a%2Fb"), told({"items": [item()]})),
    )
    assert (len(second.events), second.cursor) == (1, None)


def test_the_window_ends_before_until_and_empty_responses_are_left_out() -> None:
    items = [
        item(token="at-since", submitted_at="2026-11-01T00:00:00Z"),
        item(token="at-until", submitted_at="2026-11-03T00:00:00Z"),
        item(token="early", submitted_at="2026-10-31T23:59:59Z"),
        item(token="empty", answers=[]),
    ]
    found = page(source(), None, FORM, (f"GET {LIST}", told({"items": items})))
    assert [e.interaction_id for e in found.events] == ["at-since"]


def test_partial_responses_are_listed_only_where_they_are_wanted() -> None:
    step = (f"GET {LIST}%2Cpartial", told({"items": [item(response_type="partial")]}))
    found = page(source(partial=True), None, FORM, step)
    assert [e.event_id for e in found.events] == ["partial:tok019f8e7d"]


@pytest.mark.parametrize(
    ("status", "error"), [(401, Misconfigured), (404, Skipped), (429, Retryable), (500, Retryable)]
)
def test_a_refusal_has_its_name(status: int, error: type[Exception]) -> None:
    with pytest.raises(error, match=f"the form.*{status}"):
        page(source(), None, (FORM[0], told({}, status)))


@pytest.mark.parametrize("cursor", ["", "x", "[7]", "{}", '["0"]', "[-1]", "[]", "3"])
def test_a_cursor_of_other_forms_is_refused(cursor: str) -> None:
    with pytest.raises(Misconfigured, match=r"sources\.survey: the backfill's cursor"):
        page(source(), cursor)


def test_the_token_must_be_there() -> None:
    backfill = CONNECTORS["typeform"].backfill
    assert backfill
    with pytest.raises(Misconfigured, match=r"api\.token"):
        played(backfill.page(source(), {}, SINCE, UNTIL, None))


def test_registration_puts_one_webhook_to_each_form() -> None:
    registration = CONNECTORS["typeform"].registration
    assert registration
    wired = source(forms=["hvk123", "hvk456"])
    secret, calls = played(
        registration.register("https://hub.example/webhooks/survey", wired, CREDENTIALS, "s3"),
        (f"PUT {BASE}/hvk123/webhooks/survey", told({"id": "1"})),
        (f"PUT {BASE}/hvk456/webhooks/survey", told({"id": "2"})),
    )
    assert secret == "s3"
    assert json.loads(calls[0].body) == {
        "url": "https://hub.example/webhooks/survey",
        "enabled": True,
        "secret": "s3",
        "verify_ssl": True,
        "event_types": {"form_response": True, "form_response_partial": False},
    }
    assert json.loads(calls[1].body) == json.loads(calls[0].body)


@pytest.mark.parametrize("forms", [None, [], "", [None], [True], {"a": 1}])
def test_forms_must_be_ids(forms: Any) -> None:
    with pytest.raises(Misconfigured, match=r"sources\.survey\.options\.forms"):
        CONNECTORS["typeform"].check(source(forms=forms))


@pytest.mark.parametrize("api", ["http://api.typeform.com", "api.typeform.com", 5, "https://a b"])
def test_the_api_must_be_https(api: Any) -> None:
    with pytest.raises(Misconfigured, match=r"sources\.survey\.options\.api"):
        CONNECTORS["typeform"].check(source(api=api))

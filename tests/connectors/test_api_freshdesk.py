"""Freshdesk's API by recorded answers, its two proofs, and what only Freshdesk does."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.connectors import CONNECTORS, freshdesk
from chalicelib.connectors.base import Source
from chalicelib.connectors.freshdesk_tickets import rating_of
from chalicelib.connectors.vendor_api import Answer, Call, Page, run
from chalicelib.errors import Misconfigured, Rejected, Retryable, Skipped, Unreadable
from chalicelib.fold import fold
from chalicelib.interaction import Channel, Event, EventKind, Role
from tests.connectors.recordings import FIXTURES, Recording, load

API = "https://havuvakka.freshdesk.com/api/v2"
SINCE = datetime(2026, 11, 2, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=1)
SOURCE = Source("tiketit", "freshdesk", options={"domain": "havuvakka"})
GUIDE = Path(__file__).parents[2] / "docs" / "connectors" / "freshdesk.md"

TICKET = {
    "id": 11,
    "subject": "Paketti hukassa",
    "description": "<div>Moikka!<br>Missä pakettini on? Seurannassa lukee jo viikon, että se on "
    "matkalla.<br><br>Lähetetty iPhonesta</div>",
    "status": 4,
    "source": 1,
    "tags": ["toimitus", "posti"],
    "created_at": "2026-11-02T09:00:00Z",
    "updated_at": "2026-11-02T12:00:00Z",
    "requester": {"id": 5, "name": "Matti Ojala", "email": "matti.ojala@posti.example"},
    "stats": {"first_responded_at": "2026-11-02T10:00:00Z"},
}
REPLIES = [
    {
        "id": 91,
        "body": "<p>Hei Matti,</p><p>olemme selvittäneet asiaa: paketti on jätetty naapuriin.</p>",
        "incoming": False,
        "private": False,
        "created_at": "2026-11-02T10:00:00Z",
    },
    {
        "id": 92,
        "body": "<div>Posti myöntää virheen, lisää korvauslistalle.</div>",
        "incoming": False,
        "private": True,
        "created_at": "2026-11-02T10:05:00Z",
    },
    {
        "id": 93,
        "body": "<div>Kiitos, se löytyi naapurista.</div>",
        "incoming": True,
        "private": False,
        "created_at": "2026-11-02T11:30:00Z",
    },
]
RATING = {
    "id": 7,
    "ticket_id": 11,
    "user_id": 5,
    "feedback": "Kolme päivää ilman vastausta.",
    "ratings": {"default_question": -103},
    "created_at": "2026-11-02T14:00:00Z",
}
Exchange = tuple[str, dict[str, str], Any]


def recording(name: str) -> Recording:
    return load(FIXTURES / "freshdesk" / f"{name}.http")


def pushed(name: str) -> Event:
    one = recording(name)
    (event,) = one.connector.events(one.request, one.source, one.at)
    return event


def page(*exchanges: Exchange, cursor: str | None = None, source: Source = SOURCE) -> Page:
    backfill = CONNECTORS["freshdesk"].backfill
    assert backfill
    left = list(exchanges)

    def send(call: Call) -> Answer:
        place, query, answer = left.pop(0)
        assert (call.method, call.place) == ("GET", f"{API}/{place}")
        assert call.headers["authorization"] == "Basic YXZhaW46WA=="  # avain:X
        asked = {k: v[0] for k, v in parse_qs(urlsplit(call.url).query).items()}
        assert {k: asked.get(k) for k in query} == query
        return answer if isinstance(answer, Answer) else Answer(200, json.dumps(answer).encode())

    found = run(backfill.page(source, {"api_key": "avain"}, SINCE, UNTIL, cursor), send)
    assert not left
    return found


# --- backfill -----------------------------------------------------------------------------------


def test_a_ticket_has_the_identities_of_its_pushes() -> None:
    found = page(
        ("tickets", {"updated_since": "2026-11-02T00:00:00Z", "page": "1"}, [TICKET]),
        ("tickets/11/conversations", {"page": "1"}, REPLIES),
    )
    first, state, *replies = found.events
    assert first == pushed("created")
    assert replies[0] == pushed("agent_reply")
    assert replies[1].event_id == pushed("note").event_id
    assert replies[2] == pushed("customer_reply")
    assert (state.kind, state.resolved, state.wait_s) == (EventKind.STATUS, True, 3600.0)
    assert found.cursor == "ratings|1"


def test_full_pages_go_on_and_the_last_possible_one_starts_anew() -> None:
    tickets = [{**TICKET, "id": number} for number in range(1, 31)]
    none: list[Exchange] = [(f"tickets/{n}/conversations", {}, []) for n in range(1, 31)]
    first = page(("tickets", {}, tickets), *none)
    assert first.cursor == "tickets|2026-11-02T00:00:00Z|2"
    asked = {"updated_since": "2026-11-02T00:00:00Z", "page": "300"}
    last = page(("tickets", asked, tickets), *none, cursor="tickets|2026-11-02T00:00:00Z|300")
    assert last.cursor == "tickets|2026-11-02T12:00:00Z|1"


def test_long_conversations_have_pages() -> None:
    rows = [{**REPLIES[2], "body": f"Rivi {number}"} for number in range(100)]
    found = page(
        ("tickets", {}, [TICKET]),
        ("tickets/11/conversations", {"page": "1"}, rows),
        ("tickets/11/conversations", {"page": "2"}, REPLIES[:1]),
    )
    assert len(found.events) == 2 + 100 + 1


def test_only_what_happened_in_the_range_is_told() -> None:
    early = {**TICKET, "created_at": "2026-11-01T09:00:00Z"}
    late = {**REPLIES[2], "created_at": "2026-11-03T00:00:00Z"}
    found = page(("tickets", {}, [early]), ("tickets/11/conversations", {}, [REPLIES[0], late]))
    assert [e.role for e in found.events] == [Role.SYSTEM, Role.AGENT]


def test_a_ticket_deleted_meanwhile_keeps_what_was_listed() -> None:
    found = page(("tickets", {}, [TICKET]), ("tickets/11/conversations", {}, Answer(404)))
    assert len(found.events) == 2


def test_ratings_come_last_and_join_their_pushes() -> None:
    asked = {"created_since": "2026-11-02T00:00:00Z", "page": "1"}
    place = "surveys/satisfaction_ratings"
    found = page((place, asked, [RATING]), cursor="ratings|1")
    (rated,) = found.events
    assert found.cursor is None
    assert rated.text == pushed("rating_unhappy").text
    interaction = fold([rated, pushed("rating_unhappy"), pushed("created")], {})
    assert [r.normalised for r in interaction.ratings] == [0.0]
    assert [m.message_id for m in interaction.messages] == ["first", "rating"]
    full = page((place, asked, [{**RATING, "id": n} for n in range(100)]), cursor="ratings|1")
    assert full.cursor == "ratings|2"


@pytest.mark.parametrize("status", [403, 404])
def test_a_plan_without_surveys_has_no_ratings(status: int) -> None:
    found = page(("surveys/satisfaction_ratings", {}, Answer(status)), cursor="ratings|1")
    assert (list(found.events), found.cursor) == ([], None)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(Answer(401), Misconfigured, id="401"),
        pytest.param(Answer(404), Skipped, id="404"),
        pytest.param(Answer(429), Retryable, id="429"),
        pytest.param(Answer(400), Unreadable, id="400"),
        pytest.param({"description": "x"}, Unreadable, id="an object"),
        pytest.param([1], Unreadable, id="a list of numbers"),
        pytest.param([{**TICKET, "id": "../agents"}], Unreadable, id="an id that is a path"),
    ],
)
def test_what_freshdesk_refuses(answer: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        page(("tickets", {}, answer))


@pytest.mark.parametrize("cursor", ["tickets|2026-11-02T00:00:00Z|0", "ratings|", "ratings|1000"])
def test_a_cursor_without_a_page(cursor: str) -> None:
    with pytest.raises(Unreadable, match="cursor"):
        page(cursor=cursor)


@pytest.mark.parametrize("domain", [None, "", "havuvakka.freshdesk.com", "evil.example/", 1])
def test_the_key_goes_to_the_accounts_own_address_alone(domain: Any) -> None:
    with pytest.raises(Misconfigured, match=r"options\.domain"):
        page(source=replace(SOURCE, options={"domain": domain}))


# --- proofs -------------------------------------------------------------------------------------


def test_the_token_may_come_as_an_api_key() -> None:
    one = recording("created")
    headers = {k: v for k, v in one.request.headers.items() if k != "x-oivallus-token"}
    as_key = freshdesk.sign(replace(one.request, headers=headers), f"{one.secret}:X", one.at)
    assert "x-oivallus-token" not in as_key.headers
    freshdesk.verify(as_key, ["another", one.secret], one.at)
    with pytest.raises(Rejected):
        freshdesk.verify(as_key, ["another"], one.at)


@pytest.mark.parametrize("name", ["created", "basic"])
def test_no_archive_holds_the_secret(name: str) -> None:
    one = recording(name)
    shown = one.request.headers.get("x-oivallus-token") or one.request.headers["authorization"]
    request = replace(one.request, url=one.request.url + f"?token={one.secret}")
    scrubbed = freshdesk.scrub(request)
    assert shown not in repr(scrubbed)
    assert one.secret not in repr(scrubbed)
    assert freshdesk.events(scrubbed, one.source, one.at) == [pushed(name)]


# --- tickets ------------------------------------------------------------------------------------


def test_a_ticket_folds() -> None:
    names = ("created", "agent_reply", "note", "customer_reply", "status_resolved")
    interaction = fold(map(pushed, names), {})
    assert [m.role for m in interaction.messages] == [Role.CUSTOMER, Role.AGENT, Role.CUSTOMER]
    assert interaction.resolved is True


def test_a_call_is_a_contact_whose_words_are_the_agents() -> None:
    one = recording("phone_ticket")
    interaction = fold(freshdesk.events(one.request, one.source, one.at), {})
    assert interaction.contacted
    assert interaction.channel is Channel.VOICE
    assert [m.role for m in interaction.messages] == [Role.AGENT]


@pytest.mark.parametrize(
    ("code", "normalised"),
    [(103, 1.0), ("102", 5 / 6), (101, 4 / 6), (100, 0.5), (-101, 2 / 6), (-103, 0.0)],
)
def test_codes_of_answers(code: object, normalised: float) -> None:
    assert rating_of(code, "rating").normalised == pytest.approx(normalised)


@pytest.mark.parametrize("code", [0, 1, 5, 104, -100, "happy", None, "", 1e308])
def test_codes_that_are_none(code: object) -> None:
    with pytest.raises(Unreadable):
        rating_of(code, "rating")


def test_the_guides_template_is_the_one_that_is_read() -> None:
    """As an administrator copies it, with its placeholders filled in."""
    found = re.search(r"```json\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    template = json.loads(found[1])
    assert set(template) == set(json.loads(recording("created").request.body))
    values = {"{{ticket.id}}": "11", "{{ticket.description}}": "<p>Moi</p>"}
    body = {name: values.get(value, value) for name, value in template.items()}
    one = recording("created")
    request = replace(one.request, body=json.dumps(body).encode())
    (event,) = freshdesk.events(request, one.source, one.at)
    assert (event.text, event.interaction_id, event.occurred_at) == ("Moi", "11", one.at)

"""Who is listed, why, and by what name."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib import privacy
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.world import World
from chalicelib.insights.weeks import IsoWeek
from chalicelib.interaction import Event, Rating
from chalicelib.pipeline.customer_lists import Listed, known_customers, silent_customers
from tests.conftest import NOW, take_in
from tests.events import event
from tests.twins import JudgingEndpoint

WEEK = IsoWeek(date(2026, 11, 2))
HELSINKI = ZoneInfo("Europe/Helsinki")


class Feeling(JudgingEndpoint):
    """Judges satisfaction by words: 'raivo' is clear, 'kiitos' is clear, all else is not."""

    def invoke(self, body: bytes) -> bytes:
        import json

        reply = json.loads(super().invoke(body))
        for text, result in zip(json.loads(body)["texts"], reply["results"], strict=True):
            said = text["text"]
            low, high = (1, 2) if "raivo" in said else (4, 5) if "kiitos" in said else (2, 4)
            result["satisfaction"] = {"score": (low + high) / 2, "low": low, "high": high}
        return json.dumps(reply).encode()


@pytest.fixture
def hub(world: World) -> World:
    return replace(world, endpoint=Feeling())


def _contact(name: str, customer: str, at: datetime, text: str, **more: Any) -> Event:
    return event(name, interaction_id=name, customer=customer, occurred_at=at, text=text, **more)


def _regular(name: str, customer: str, text: str, **last: Any) -> list[Event]:
    """Eight contacts, one a week, until 25 days before the week's end."""
    end = datetime(2026, 11, 8, 12, tzinfo=HELSINKI) - timedelta(days=25)
    days = [end - timedelta(days=7 * n) for n in range(8)]
    return [
        _contact(f"{name}{n}", customer, at, text, **(last if n == 0 else {}))
        for n, at in enumerate(days)
    ]


def _names(rows: tuple[Listed, ...]) -> list[str]:
    return [row.customer for row in rows]


def test_the_silent_are_listed_with_their_reason_and_the_unhappy_come_first(hub: World) -> None:
    take_in(
        hub,
        *_regular("g", "email:glad@a.example", "kiitos"),
        *_regular("s", "id:VK7", "toimitus on myöhässä", resolved=False),
        _contact("o", "email:once@a.example", datetime(2026, 1, 7, tzinfo=HELSINKI), "lasku"),
    )
    sad, glad = silent_customers(hub, WEEK)
    assert sad.customer == "id:VK7"  # the log still tells the source's own number
    assert glad.customer == privacy.pseudonym(
        "email:glad@a.example", hub.secrets.key("pseudonym-key")
    )
    assert sad.reason == (
        "Otti aiemmin yhteyttä noin 7 päivän välein, nyt hiljaa 25 päivää. "
        "Viimeisin viesti oli kielteinen. Asia jäi ratkaisematta."
    )
    assert (sad.last_contact, sad.theme, sad.suits) == (
        date(2026, 10, 14),
        "Toimitus myöhässä",
        "Prosessit",
    )
    assert "myönteinen" in glad.reason
    english = silent_customers(hub, WEEK, language="en")
    assert "left unresolved" in english[0].reason
    assert english[0].suits == "Processes"


def test_own_references_name_those_they_fit(hub: World) -> None:
    take_in(hub, *_regular("g", "email:Glad@a.example", "kiitos"))
    (row,) = silent_customers(hub, WEEK, ["email:glad@A.example", "id:other"])
    assert row.customer == "email:glad@A.example"


def test_an_address_is_not_written_out_unasked(hub: World) -> None:
    take_in(hub, *_regular("g", "email:glad@a.example", "kiitos"))
    assert "glad" not in repr(silent_customers(hub, WEEK))


def test_an_expired_log_leaves_the_pseudonym(hub: World) -> None:
    events = _regular("s", "id:VK7", "kiitos")
    take_in(hub, *events)
    for one in events:
        hub.log.discard(EventKey(one.interaction_key, one.event_id))
    assert _names(silent_customers(hub, WEEK)) == [
        privacy.pseudonym("id:VK7", hub.secrets.key("pseudonym-key"))
    ]


def test_those_who_told_clearly_are_known(hub: World) -> None:
    now = NOW.astimezone(HELSINKI)
    take_in(
        hub,
        _contact("a", "id:rated", now - timedelta(days=3), "lasku", ratings=(Rating.csat(2),)),
        _contact("b", "id:glad", now - timedelta(days=5), "suuri kiitos"),
        _contact("c", "id:angry", now - timedelta(days=5), "raivo: toimitus on myöhässä"),
        _contact("d", "id:unclear", now - timedelta(days=1), "lasku on väärin"),
        _contact("e", "id:longago", now - timedelta(days=31), "kiitos"),
        _contact("f", "id:glad", now - timedelta(days=9), "raivo"),
    )
    rows = known_customers(hub, days=30)
    assert _names(rows) == ["id:rated", "id:angry", "id:glad"]
    assert rows[0].reason == "Vastasi 15.11.2026: 2 asteikolla 1–5."
    assert "selvästi tyytymätön" in rows[1].reason
    assert "selvästi tyytyväinen" in rows[2].reason  # the latest word holds
    assert _names(known_customers(hub, days=4)) == ["id:rated"]
    assert "id:longago" in _names(known_customers(hub, days=32))


def test_an_erased_customer_is_on_no_list(hub: World) -> None:
    from chalicelib.pipeline.persons import erase

    take_in(hub, *_regular("s", "id:VK7", "kiitos"))
    erase(hub, ["id:VK7"])
    assert silent_customers(hub, WEEK) == ()
    assert known_customers(hub, days=365) == ()

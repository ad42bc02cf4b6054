"""The history and the live traffic: deterministic, true to the vendors, with the planted story."""

from __future__ import annotations

import base64
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import mean

import pytest

from chalicelib.basics import asked
from chalicelib.connectors import CONNECTORS, rows
from chalicelib.connectors.base import EARLIEST, Outcome, Source
from chalicelib.errors import Rejected, Skipped, Unreadable
from chalicelib.interaction import Channel, Event, Role
from chalicelib.organisation import Organisation, read
from infra.commands.demo import VOLUME
from infra.demo import earlier, plot, story
from infra.demo.contact import Contact
from infra.demo.delivery import Delivery
from infra.demo.simulate import ZONE, contacts, earlier_contacts, first_monday, midnight

TODAY = date(2026, 11, 23)  # a Monday
THURSDAY = date(2026, 11, 26)
SENDING = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def organisation() -> Organisation:
    return read((ROOT / "organisation.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def deliveries() -> list[Delivery]:
    return list(story.live(TODAY))


def secret_of(source: str, *, right: bool = True) -> str:
    word = f"{source}-{'right' if right else 'wrong'}-secret-of-24-bytes-or-more"
    if source == "shop-feedback":
        return "whsec_" + base64.b64encode(word.encode()).decode()
    return f"havuvakka:{word}" if source == "email" else word


def outcome_of(delivery: Delivery, organisation: Organisation) -> tuple[Outcome, tuple[Event, ...]]:
    """What the connector makes of a delivery that was signed a moment before."""
    config = organisation.sources[delivery.source]
    name = delivery.source
    source = Source(name, config.connector, config.touchpoint, config.channel, config.options)
    connector = CONNECTORS[config.connector]
    request = connector.sign(
        delivery.request(f"https://hub.havuvakka.example/webhooks/{name}"),
        secret_of(name, right=not delivery.forged),
        SENDING,
    )
    try:
        connector.verify(request, [secret_of(name)], SENDING + timedelta(seconds=1))
        return Outcome.ACCEPTED, tuple(connector.events(request, source, SENDING))
    except Rejected:
        return Outcome.REJECTED, ()
    except Skipped:
        return Outcome.SKIPPED, ()
    except Unreadable:
        return Outcome.UNREADABLE, ()


def by_week(theme: str) -> list[int]:
    counts = Counter(c.week for c in contacts(TODAY) if c.theme == theme)
    return [counts[week] for week in range(plot.CURRENT_WEEK)]


# --- the same every time ------------------------------------------------------------------------


def test_the_same_day_and_seed_give_the_same_story() -> None:
    once = (list(story.history(TODAY, 7)), list(story.live(TODAY, 7)))
    contacts.cache_clear()
    assert once == (list(story.history(TODAY, 7)), list(story.live(TODAY, 7)))


def test_another_seed_gives_another() -> None:
    assert list(story.live(TODAY, 1)) != list(story.live(TODAY, 2))


# --- history ------------------------------------------------------------------------------------


def test_every_row_is_an_event_of_its_source(organisation: Organisation) -> None:
    seen = set()
    same: rows.Seen = Counter()
    for number, row in enumerate(story.history(TODAY), start=1):
        source = Source(row["source"], "rows")
        assert row["source"] in organisation.sources
        event = rows.event(row, number, source, SENDING, same)
        assert event.occurred_at < midnight(TODAY - timedelta(days=14))
        assert event.customer == row["customer"]
        seen.add(event.event_id)
    assert len(seen) == number


def test_the_history_has_the_promised_size() -> None:
    conversations = {row["conversation"] for row in story.history(TODAY)}
    assert 2600 <= len(conversations) <= 3500


def test_history_and_live_traffic_name_a_person_alike(
    organisation: Organisation, deliveries: list[Delivery]
) -> None:
    live = {e.customer for d in deliveries for e in outcome_of(d, organisation)[1] if e.customer}
    before = {row["customer"] for row in story.history(TODAY)}
    assert len(live & before) > 50


def test_volume_scales_the_company() -> None:
    assert len(list(story.history(TODAY, volume=0.1))) < 600


# --- live ---------------------------------------------------------------------------------------


def test_every_delivery_ends_as_planned(
    organisation: Organisation, deliveries: list[Delivery]
) -> None:
    identities: set[tuple[str, str]] = set()
    for delivery in deliveries:
        outcome, events = outcome_of(delivery, organisation)
        found = {(event.source, event.event_id) for event in events}
        if outcome is Outcome.ACCEPTED and found <= identities:
            outcome = Outcome.DUPLICATE
        identities |= found
        assert outcome is delivery.expected, delivery.body[:200]


def test_the_traffic_holds_what_is_promised(deliveries: list[Delivery]) -> None:
    outcomes = Counter(delivery.expected for delivery in deliveries)
    assert 500 <= len(deliveries) <= 800
    assert outcomes[Outcome.REJECTED] == outcomes[Outcome.UNREADABLE] == 1
    assert outcomes[Outcome.SKIPPED] == 6
    assert 0.02 <= outcomes[Outcome.DUPLICATE] / len(deliveries) <= 0.07
    times = [delivery.occurred_at for delivery in deliveries]
    assert times != sorted(times)
    assert {delivery.source for delivery in deliveries} == {
        "zendesk", "chat", "email", "phone", "survey", "shop-feedback",
    }  # fmt: skip


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def test_normalized_events_say_what_the_contacts_did(
    organisation: Organisation, deliveries: list[Delivery]
) -> None:
    events = [e for d in deliveries for e in outcome_of(d, organisation)[1]]
    texts = {_on_one_line(event.text) for event in events if event.role is Role.CUSTOMER}
    for contact in (c for c in contacts(TODAY) if c.week >= plot.HISTORY_WEEKS):
        for turn in contact.turns[:1]:
            unsigned = turn.text.rpartition("\n\n")[0]  # a letter's sign-off is not its words
            words = [_on_one_line(text) for text in (turn.text, unsigned) if text]
            assert any(said in text for said in words for text in texts)
    assert {Role.AGENT, Role.NOTE, Role.BOT} <= {event.role for event in events}
    assert any(event.abandoned for event in events)
    assert any(event.resolved for event in events)
    assert {r.kind for e in events for r in e.ratings} == {"nps", "csat", "ces"}
    stamped = [event for event in events if event.channel is not Channel.SMS]
    dated = [e for e in stamped if midnight(TODAY - timedelta(14)) <= e.occurred_at < SENDING]
    assert len(dated) / len(events) > 0.9


def test_a_thursday_has_three_days_of_the_new_week() -> None:
    live = list(story.live(THURSDAY))
    this_week = midnight(date(2026, 11, 23))
    assert any(this_week <= d.occurred_at for d in live)
    assert all(d.occurred_at < midnight(THURSDAY) for d in live)
    assert min(d.occurred_at for d in live) >= this_week - timedelta(days=14)


@pytest.mark.parametrize(
    "today",
    [date(2026, 3, 30), date(2026, 10, 26), date(2027, 1, 4), date(2028, 2, 29)],
    ids=["summer time begins", "summer time ends", "Christmas", "leap day"],
)
def test_any_day_will_do(today: date) -> None:
    assert all(d.occurred_at < midnight(today) for d in story.live(today, volume=0.2))
    assert list(story.history(today, volume=0.2))


def test_nobody_calls_on_a_public_holiday() -> None:
    days = {
        contact.started_at.astimezone(ZONE).date()
        for contact in contacts(date(2027, 1, 4))
        if contact.source == "phone"
    }
    assert date(2026, 12, 25) not in days
    assert days & {date(2026, 12, day) for day in range(14, 24)}


# --- the planted story --------------------------------------------------------------------------


def test_late_deliveries_doubled() -> None:
    weeks = by_week("delivery-late")
    assert weeks[plot.DIGEST_WEEK] >= 1.8 * mean(weeks[: plot.DIGEST_WEEK])


def test_invoice_errors_fell_and_stayed_down() -> None:
    weeks = by_week("invoice-error")
    assert max(weeks[plot.INVOICE_FIXED :]) < mean(weeks[: plot.INVOICE_FIXED]) / 2


def test_assembling_became_easier() -> None:
    rated = [
        (c.week >= plot.NEW_INSTRUCTIONS, c.csat)
        for c in contacts(TODAY)
        if c.touchpoint == "assembly" and c.csat is not None
    ]
    before = mean(csat for after, csat in rated if not after)
    after = mean(csat for after, csat in rated if after)
    assert after - before > 0.8


def test_the_lamp_is_new() -> None:
    weeks = by_week(plot.LAMP)
    assert sum(weeks[: plot.LAMP_FIRST_HEARD]) == 0
    assert weeks[plot.DIGEST_WEEK] >= 8


def test_the_feedback_box_fell_silent(deliveries: list[Delivery]) -> None:
    last = max(d.occurred_at for d in deliveries if d.source == plot.SILENT_SOURCE)
    silent_from = first_monday(TODAY) + timedelta(
        weeks=plot.DIGEST_WEEK, days=plot.SILENT_FROM_WEEKDAY
    )
    assert last < midnight(silent_from)
    others = [d.occurred_at for d in deliveries if d.source != plot.SILENT_SOURCE]
    assert max(others) > midnight(TODAY - timedelta(days=1))


@pytest.mark.parametrize("days", range(7))
def test_no_other_source_seems_silent(days: int, organisation: Organisation) -> None:
    today = TODAY + timedelta(days=days)
    evening = midnight(today) + timedelta(hours=21)
    last: dict[str, datetime] = {}
    for delivery in story.live(today):
        last[delivery.source] = max(delivery.occurred_at, last.get(delivery.source, EARLIEST))
    silent = {
        source
        for source, at in last.items()
        if evening - at > timedelta(hours=organisation.sources[source].expected_every_h)
    }
    assert silent == {plot.SILENT_SOURCE}


def _live_or_just_before(source: str) -> list[Contact]:
    weeks = range(plot.HISTORY_WEEKS - 2, plot.CURRENT_WEEK)
    return [c for c in contacts(TODAY, 1, VOLUME) if c.source == source and c.week in weeks]


def test_firms_complain_and_new_customers_ask(organisation: Organisation) -> None:
    told = _live_or_just_before("chat") + _live_or_just_before("zendesk")
    negative = {
        persona.id: mean(c.mood == "negative" for c in told if set(c.tags) & set(persona.tags))
        for persona in organisation.personas
    }
    usual = mean(c.mood == "negative" for c in told)
    assert negative["new"] + 0.2 < usual < negative["business"] - 0.15
    assert abs(negative["regular"] - usual) < 0.15


def test_agents_ask_for_what_a_form_could_have_asked() -> None:
    chats = [c for c in _live_or_just_before("chat") if c.week >= plot.HISTORY_WEEKS]
    wanted = [c for c in chats if c.turns[1:] and asked(c.turns[1].text)]
    answered = [c for c in wanted if c.turns[2:] and c.turns[2].role is Role.CUSTOMER]
    assert 0.2 < len(wanted) / len(chats) < 0.6
    assert len(answered) >= 20
    for contact in answered:
        times = [turn.at for turn in contact.turns]
        assert times == sorted(times)
        assert contact.closed_at is None or contact.closed_at > times[-1]


def test_everything_else_only_varies() -> None:
    planted = {"delivery-late", "invoice-error", "assembly", "discount-code", plot.LAMP, ""}
    for theme in set(plot.TOPICS) - planted - {plot.RATING_ONLY}:
        weeks = by_week(theme)
        assert weeks[plot.DIGEST_WEEK] <= 2.6 * mean(weeks) + 2, theme


def test_the_command_writes_what_can_be_imported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story.main(["--today", "2026-11-23", "--out", str(tmp_path), "--volume", "0.1"])
    lines = (tmp_path / "history.jsonl").read_text(encoding="utf-8").splitlines()
    found = list(rows.json_lines(lines))
    assert len(found) == len(lines) > 100
    assert (tmp_path / "sample.txt").read_text(encoding="utf-8")
    assert "live deliveries" in capsys.readouterr().out


# --- the half year before -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def earlier_weeks() -> dict[str, list[int]]:
    """Theme -> contacts of weeks -26 to -1, at the demo's volume."""
    counts = Counter((c.theme, c.week) for c in earlier_contacts(TODAY, 1, VOLUME))
    return {
        theme: [counts[theme, week] for week in range(earlier.FIRST_WEEK, 0)]
        for theme in plot.TOPICS
    }


def test_refunds_were_slow_and_products_asked_about_more_and_more(
    earlier_weeks: dict[str, list[int]],
) -> None:
    refunds = earlier_weeks["refund"]
    first = earlier.SLOW_REFUNDS.start - earlier.FIRST_WEEK
    assert mean(refunds[first:]) >= 1.6 * mean(refunds[:first])
    asked = earlier_weeks[earlier.SLOW_RISE_THEME]
    assert mean(asked[-4:]) >= 2 * mean(asked[:8])


def test_one_week_was_busy_and_a_lamp_flickered(earlier_weeks: dict[str, list[int]]) -> None:
    whole = [sum(week) for week in zip(*earlier_weeks.values(), strict=True)]
    assert whole.index(max(whole)) == earlier.BUSY_WEEK - earlier.FIRST_WEEK
    flicker = dict(enumerate(earlier_weeks[earlier.FLICKER], start=earlier.FIRST_WEEK))
    assert {week for week, n in flicker.items() if n} == set(earlier.FLICKER_WEEKS)
    assert flicker[-7] <= 3
    assert flicker[-4] >= 6


def test_a_year_begins_earlier_and_ends_alike(organisation: Organisation) -> None:
    half = list(story.history(TODAY, volume=0.1))
    year = list(story.history(TODAY, volume=0.1, year=True))
    assert year[-len(half) :] == half
    assert len({row["id"] for row in year}) == len(year) > 1.8 * len(half)
    text = (ROOT / "organisation.yaml").read_text(encoding="utf-8")
    fixes = {one.id: one for one in read(story.organisation_at(text, TODAY, year=True)).actions}
    assert set(fixes) == {*earlier.FIXES, *plot.ACTIONS}
    assert fixes["refund-queue"].done < first_monday(TODAY)

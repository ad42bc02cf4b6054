"""What a source's deliveries say about its set-up, and how rarely that is wrong."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from chalicelib import notices, rhythm
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Outcome
from chalicelib.deliveries import Delivery, delivery_id
from chalicelib.organisation import SourceConfig
from chalicelib.source_tally import HOUR_S, Cause, Tally, cause_of, fold, hour_of
from chalicelib.sources_health import (
    BOTH_SIDES,
    ONE_SIDED_FROM,
    REFUSED_FROM,
    Finding,
    findings,
)

ZONE = ZoneInfo("Europe/Helsinki")
NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)  # a Wednesday, two o'clock in Helsinki
START = Tally(NOW - timedelta(days=60))
SOURCE = SourceConfig(connector="zendesk", expected_every_h=72)
GOLDEN = Path(__file__).parent / "golden_notices"


def delivery(at: datetime, outcome: Outcome = Outcome.ACCEPTED, **facts: object) -> Delivery:
    made = Delivery(delivery_id(at), at, "zendesk", outcome, 200, type="application/json")
    return replace(made, **facts)  # type: ignore[arg-type]


def tally(*deliveries: Delivery, now: datetime = NOW) -> Tally:
    return fold(START, deliveries, now)


def causes(found: Tally, now: datetime = NOW, config: SourceConfig = SOURCE) -> list[Cause]:
    return [finding.cause for finding in findings(found, config, now, ZONE)]


def minutes(n: float) -> datetime:
    return NOW - timedelta(minutes=n)


MISFIT = "the signature does not fit the body under any secret"


@pytest.mark.parametrize(
    ("outcome", "reason", "media_type", "cause"),
    [
        (Outcome.REJECTED, MISFIT, "application/json", Cause.SECRET),
        (Outcome.REJECTED, "the signature header is missing", "", Cause.UNSIGNED),
        (Outcome.REJECTED, "this source has no secret; add one", "", Cause.NO_SECRET),
        (
            Outcome.REJECTED,
            "the signed time is 900 s old, more than 300 s; a replay, or a clock that is wrong",
            "",
            Cause.CLOCK,
        ),
        (Outcome.MISCONFIGURED, "secret oivallus/x cannot be read", "", Cause.NO_SECRET),
        (Outcome.MISCONFIGURED, "the mapping has no text", "", Cause.SET_UP),
        (
            Outcome.UNREADABLE,
            "the body is not JSON at character 1",
            "text/plain",
            Cause.CONTENT_TYPE,
        ),
        (Outcome.UNREADABLE, "the body is not JSON", "application/json", Cause.UNREADABLE),
        (
            Outcome.UNREADABLE,
            "the body is not a URL-encoded form",
            "application/json",
            Cause.CONTENT_TYPE,
        ),
        (Outcome.UNREADABLE, "ticket.id is missing", "application/json", Cause.UNREADABLE),
        (Outcome.ACCEPTED, "", "application/json", None),
        (Outcome.RETRYABLE, "the table does not answer", "", None),
    ],
)
def test_a_fault_has_a_cause(
    outcome: Outcome, reason: str, media_type: str, cause: Cause | None
) -> None:
    assert cause_of(delivery(NOW, outcome, reason=reason, type=media_type)) is cause


def refused(n: int) -> list[Delivery]:
    return [delivery(minutes(60 - i), Outcome.REJECTED, reason=MISFIT) for i in range(n)]


@pytest.mark.parametrize(
    ("deliveries", "expected"),
    [
        pytest.param(refused(REFUSED_FROM - 1), [], id="strangers try a few times"),
        pytest.param(refused(REFUSED_FROM), [Cause.SECRET], id="a vendor comes again and again"),
        pytest.param([*refused(9), delivery(minutes(1))], [], id="one fits since"),
        pytest.param([delivery(minutes(90)), *refused(9)], [Cause.SECRET], id="one fitted before"),
        pytest.param(
            [*refused(9), delivery(minutes(1), Outcome.UNREADABLE, reason="ticket.id is missing")],
            [Cause.UNREADABLE],
            id="what cannot be read is signed all the same",
        ),
        pytest.param(
            [delivery(minutes(9), Outcome.UNREADABLE, reason="no id"), delivery(minutes(1))],
            [Cause.UNREADABLE],
            id="one unreadable is told though others are read",
        ),
    ],
)
def test_who_is_shut_out(deliveries: list[Delivery], expected: list[Cause]) -> None:
    assert causes(tally(*deliveries)) == expected


def test_a_fault_is_over_after_a_quiet_day() -> None:
    found = tally(*refused(9))
    assert causes(fold(found, [], NOW + timedelta(hours=23))) == [Cause.SECRET]
    assert causes(fold(found, [], NOW + timedelta(hours=25))) == []


def test_a_finding_says_since_when_and_how_many() -> None:
    (finding,) = findings(tally(*refused(7)), SOURCE, NOW, ZONE)
    assert finding == Finding(Cause.SECRET, minutes(60), 7, MISFIT)


def test_reading_a_log_in_parts_or_twice_is_the_same() -> None:
    deliveries = [
        delivery(minutes(600 - i), Outcome.REJECTED if i % 3 else Outcome.ACCEPTED, reason=MISFIT)
        for i in range(500)
    ]
    whole = fold(START, deliveries, NOW)
    parts = START
    for until in (minutes(400), minutes(300), minutes(300), NOW):
        parts = fold(parts, deliveries, until)
    assert parts == whole
    assert fold(whole, deliveries, NOW) == whole
    assert sum(whole.counts(NOW - timedelta(days=7)).values()) == 500


def spoken(customers: int, agents: int, days: float) -> Tally:
    first = NOW - timedelta(days=days)
    return tally(
        delivery(first, kinds={"message/customer": customers, "message/agent": agents}),
        delivery(minutes(1)),
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(spoken(ONE_SIDED_FROM, 0, 8), [Cause.NOT_SUBSCRIBED], id="no agent"),
        pytest.param(spoken(0, ONE_SIDED_FROM, 8), [Cause.NOT_SUBSCRIBED], id="no customer"),
        pytest.param(spoken(ONE_SIDED_FROM, 1, 8), [], id="one answer"),
        pytest.param(spoken(ONE_SIDED_FROM - 1, 0, 8), [], id="too few"),
        pytest.param(spoken(ONE_SIDED_FROM, 0, 6), [], id="too early"),
    ],
)
def test_half_of_the_events(found: Tally, expected: list[Cause]) -> None:
    assert causes(found) == expected
    assert causes(found, config=SourceConfig(connector="typeform")) == []


@pytest.mark.parametrize("name", sorted(BOTH_SIDES))
def test_both_sides_are_what_the_vendor_really_tells(name: str) -> None:
    assert name in CONNECTORS
    folder = Path(__file__).parent / "fixtures" / name
    events = [
        event
        for path in folder.glob("*.json")
        for event in json.loads(path.read_text(encoding="utf-8")).get("events", [])
    ]
    roles = {event.get("role", "customer") for event in events if event.get("text")}
    assert {"customer", "agent"} <= roles


# -- silence ---------------------------------------------------------------------------------


def test_a_source_that_never_spoke_is_not_silent() -> None:
    assert causes(tally()) == []
    assert causes(tally(*refused(1))) == []


def test_without_a_known_rhythm_the_organisation_file_decides() -> None:
    found = tally(delivery(NOW - timedelta(hours=72)))
    assert causes(found) == []
    assert causes(found, NOW + timedelta(minutes=1)) == [Cause.SILENT]


def weekly(last: datetime, rate: Callable[[int, int], float], weeks: int = 6) -> Tally:
    """A source that speaks in every hour whose rate is over a half, until a moment."""
    first = hour_of(last - timedelta(weeks=weeks))
    active = [h for h in range(first, hour_of(last) + 1) if rate(*_local(h)) > 0.5]
    return _active(active)


def _local(hour: int) -> tuple[int, int]:
    local = datetime.fromtimestamp(hour * HOUR_S, ZONE)
    return local.weekday(), local.hour


def _active(hours: list[int]) -> Tally:
    first, last = (datetime.fromtimestamp(h * HOUR_S, UTC) for h in (hours[0], hours[-1]))
    counted = {hour: {"accepted": 1} for hour in hours}
    return Tally(last, first, last, hours=counted)


def office(weekday: int, hour: int) -> float:
    return 6.0 if weekday < 5 and 8 <= hour < 17 else 0.0


def shop(weekday: int, hour: int) -> float:
    return 1.2 if 8 <= hour < 21 else 0.05


def survey(weekday: int, hour: int) -> float:
    return 0.25 if 7 <= hour < 22 else 0.01


def always(weekday: int, hour: int) -> float:
    return 40.0 if 8 <= hour < 22 else 2.0


def rare(weekday: int, hour: int) -> float:
    return 2 / 168


TUESDAY_EVENING = datetime(2026, 11, 17, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "silent"),
    [
        pytest.param("2026-11-17T23:00+02:00", False, id="the same night"),
        pytest.param("2026-11-18T10:30+02:00", False, id="two hours of the next morning"),
        pytest.param("2026-11-18T15:30+02:00", True, id="the next afternoon"),
    ],
)
def test_an_office_that_falls_silent(now: str, silent: bool) -> None:
    found = rhythm.silence(weekly(TUESDAY_EVENING, office), datetime.fromisoformat(now), ZONE)
    assert found is not None
    assert found.told is silent
    config = SourceConfig(connector="zendesk", expected_every_h=500)
    expected = [Cause.SILENT] if silent else []
    tally = weekly(TUESDAY_EVENING, office)
    assert causes(tally, datetime.fromisoformat(now), config) == expected


def test_a_weekend_is_no_silence_and_a_holiday_says_nothing() -> None:
    friday = datetime(2026, 12, 4, 14, 30, tzinfo=UTC)
    monday = datetime.fromisoformat("2026-12-07T08:30+02:00")
    found = rhythm.silence(weekly(friday, office), monday, ZONE)
    assert found is not None
    assert not found.told
    evening = monday + timedelta(hours=9)
    told = rhythm.silence(weekly(friday, office), evening, ZONE)
    off = rhythm.silence(weekly(friday, office), evening, ZONE, {date(2026, 12, 7)})
    assert told is not None
    assert off is not None
    assert told.told
    assert not off.told


def test_three_weeks_make_a_rhythm() -> None:
    now = TUESDAY_EVENING + timedelta(days=1)
    assert rhythm.silence(weekly(TUESDAY_EVENING, office, weeks=2), now, ZONE) is None
    assert rhythm.silence(weekly(TUESDAY_EVENING, office, weeks=4), now, ZONE) is not None


def year(rate: Callable[[int, int], float], seed: int) -> Iterator[tuple[int, int, list[int]]]:
    """The silences of a simulated year of uneven days: the hours before and after, and all hours.

    Deliveries come at random; each day has its own level, with a coefficient of variation of 0.4.
    """
    dice = random.Random(seed)
    first = hour_of(datetime(2026, 1, 5, tzinfo=UTC))
    active, level, today = [], 1.0, -1
    for hour in range(first, first + 168 * 54):
        weekday, clock = _local(hour)
        if weekday != today:
            today, level = weekday, dice.gammavariate(1 / 0.4**2, 0.4**2)
        if dice.random() < 1 - math.exp(-rate(weekday, clock) * level):
            active.append(hour)
    for before, after in pairwise(active):
        if after - before >= 4 and before - first > 168 * 3:
            yield before, after, active


@pytest.mark.parametrize("rate", [office, shop, survey, always, rare])
def test_a_source_that_keeps_its_rhythm_is_rarely_called_silent(
    rate: Callable[[int, int], float],
) -> None:
    """At most one false alarm in two years of a source whose days are quite uneven."""
    years, false = 2, 0
    for seed in range(years):
        for before, after, active in year(rate, seed):
            known = [hour for hour in active if before - 1008 <= hour <= before]
            now = datetime.fromtimestamp(after * HOUR_S, UTC)
            found = rhythm.silence(_active(known), now, ZONE)
            false += found is not None and found.told
    assert false <= years * 2 * rhythm.FALSE_ALARMS_A_YEAR


# -- the letters -----------------------------------------------------------------------------

ABOUT = notices.About(
    source="zendesk",
    title="Yhteydenottolomake",
    connector="zendesk",
    vendor="Zendesk",
    hint="Admin Center > Apps and integrations > Webhooks > the webhook > Reveal secret",
    retries="Repeats 409, and 429 and 503 whose Retry-After is under 60 s.",
    secret="oivallus/prod/sources/zendesk",
    url="https://hub.havuvakka.example/webhooks/zendesk",
    stage=" --stage prod",
    expected_every_h=48,
)
FINDINGS = {
    Cause.NO_SECRET: Finding(Cause.NO_SECRET, minutes(42), 1, "secret … cannot be read"),
    Cause.UNSIGNED: Finding(Cause.UNSIGNED, minutes(200), 8, "the signature header is missing"),
    Cause.SECRET: Finding(Cause.SECRET, minutes(1560), 31, MISFIT),
    Cause.CLOCK: Finding(Cause.CLOCK, minutes(90), 6, "the signed time is 900 s old"),
    Cause.CONTENT_TYPE: Finding(
        Cause.CONTENT_TYPE, minutes(90), 3, "the body is not JSON", "text/plain"
    ),
    Cause.UNREADABLE: Finding(Cause.UNREADABLE, minutes(5), 1, "detail.id is missing"),
    Cause.SET_UP: Finding(Cause.SET_UP, minutes(5), 2, "options.mapping names no text"),
    Cause.NOT_SUBSCRIBED: Finding(Cause.NOT_SUBSCRIBED, minutes(12000), 240, detail="agent"),
    Cause.SILENT: Finding(Cause.SILENT, minutes(1700), detail="rhythm"),
}


@pytest.mark.parametrize("language", sorted(notices.CATALOGUES))
@pytest.mark.parametrize("cause", list(Cause))
def test_the_letter_is_the_golden_one(cause: Cause, language: str) -> None:
    """`python -m tests.test_sources_health` writes them anew, to be read before committing."""
    assert _letter(cause, language) == (GOLDEN / f"{cause}-{language}.txt").read_text("utf-8")


def _letter(cause: Cause, language: str) -> str:
    made = notices.notice(FINDINGS[cause], ABOUT, NOW, ZONE, language)
    return f"Subject: {made.subject}\n\n{made.text}"


@pytest.mark.parametrize("cause", list(Cause))
def test_every_letter_says_since_when_and_what_to_do(cause: Cause) -> None:
    for language in notices.CATALOGUES:
        letter = _letter(cause, language)
        assert "{" not in letter.replace('{"secrets": [', "")
        assert "\n1. " in letter
        assert "hub " in letter
    line = notices.line(FINDINGS[cause], ABOUT, NOW, ZONE)
    assert line
    assert "\n" not in line
    assert "{" not in line


def test_a_language_without_a_catalogue_gets_english() -> None:
    made = notices.notice(FINDINGS[Cause.SILENT], ABOUT, NOW, ZONE, "sv")
    assert made.language == "en"


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for one in Cause:
        for spoken_in in notices.CATALOGUES:
            text = _letter(one, spoken_in)
            (GOLDEN / f"{one}-{spoken_in}.txt").write_text(text, encoding="utf-8")

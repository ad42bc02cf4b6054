"""The company's weeks, contact by contact: seeded, so that the same day gives the same weeks.

Counts are negative binomial around the plot's rates; a contact then gets its person, channel, day
and hour. Days on which a channel is closed (Sundays, Finnish public holidays) lose contacts
instead of moving them, as in life.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from chalicelib.interaction import Channel
from infra.demo import earlier, plot
from infra.demo.contact import Contact
from infra.demo.details import Details
from infra.demo.people import STRIKE_REGION, Person, population
from infra.demo.phrasing import Phrasing

ZONE = ZoneInfo("Europe/Helsinki")
CUSTOMERS = 1500
EARLIER_NUMBERS = 50_000  # above every contact of the later half

_OFFICE = {9: 9, 10: 10, 11: 9, 12: 7, 13: 8, 14: 8, 15: 8, 16: 6}
_CHAT = {9: 6, 10: 8, 11: 8, 12: 7, 13: 7, 14: 7, 15: 7, 16: 8, 17: 8, 18: 7, 19: 6}
_ANY_HOUR = {6: 1, 7: 3, 8: 5, 9: 6, 10: 6, 11: 6, 12: 6, 13: 5, 14: 5, 15: 5, 16: 6, 17: 7,
             18: 8, 19: 9, 20: 9, 21: 7, 22: 4, 23: 2}  # fmt: skip
#: source -> (weights of Monday to Sunday, of a public holiday beside its weekday, of hours)
_RHYTHM: dict[str, tuple[tuple[float, ...], float, dict[int, int]]] = {
    "phone": ((26, 21, 19, 18, 16, 0, 0), 0.0, _OFFICE),
    "chat": ((21, 18, 17, 16, 16, 12, 0), 0.0, _CHAT),
    "email": ((19, 17, 16, 15, 13, 9, 11), 0.6, _ANY_HOUR),
    "zendesk": ((18, 17, 16, 15, 13, 9, 12), 0.6, _ANY_HOUR),
    "survey": ((15, 15, 15, 15, 15, 12, 13), 0.7, _ANY_HOUR),
    "shop-feedback": ((14, 14, 14, 14, 14, 15, 15), 0.9, _ANY_HOUR),
}
_SMS_SHARE = 0.08  # of the telephone's contacts
_CHANNELS = {"zendesk": Channel.EMAIL, "chat": Channel.CHAT, "email": Channel.EMAIL,
             "phone": Channel.VOICE, "survey": Channel.SURVEY,
             "shop-feedback": Channel.FEEDBACK}  # fmt: skip
_REGISTERS = {"zendesk": "form", "chat": "chat", "email": "email", "phone": "voice",
              "survey": "survey", "shop-feedback": "feedback"}  # fmt: skip
_REPEAT_SOURCES = {"chat": 4, "email": 3, "phone": 3}


@dataclass(frozen=True)
class _Scene:
    """What decides a contact; `lines` is the part of the message bank it speaks from."""

    theme: str
    lines: str
    mood: str
    source: str
    touchpoint: str
    week: int
    person: Person
    at: datetime
    first: Contact | None = None  # the contact that this one repeats


def first_monday(today: date) -> date:
    """The Monday of week 0; the last full week before `today` is plot.DIGEST_WEEK."""
    this_monday = today - timedelta(days=today.weekday())
    return this_monday - timedelta(weeks=plot.CURRENT_WEEK)


def midnight(day: date) -> datetime:
    """The start of a local day, in UTC."""
    return datetime.combine(day, time(), ZONE).astimezone(UTC)


@lru_cache(maxsize=2)
def contacts(today: date, seed: int = 1, volume: float = 1.0) -> tuple[Contact, ...]:
    """Every contact from week 0 to the end of yesterday, in order of time."""
    company = _Company(today, random.Random(f"havuvakka {seed}"), volume)
    return _sorted(company.weeks(range(plot.CURRENT_WEEK + 1)))


@lru_cache(maxsize=1)
def earlier_contacts(today: date, seed: int = 1, volume: float = 1.0) -> tuple[Contact, ...]:
    """Every contact of the half year before week 0, of the same people, in order of time.

    Drawn by itself, so that whoever asks for a year sees the same later half as everybody.
    """
    company = _Company(today, random.Random(f"havuvakka {seed}"), volume, EARLIER_NUMBERS)
    company.redraw(random.Random(f"havuvakka {seed}, earlier"))
    return _sorted(company.weeks(range(earlier.FIRST_WEEK, 0)))


def _sorted(contacts: Iterator[Contact]) -> tuple[Contact, ...]:
    return tuple(sorted(contacts, key=lambda c: (c.started_at, c.number)))


@dataclass
class _Company:
    today: date
    rng: random.Random
    volume: float
    numbers: int = 0
    people: list[Person] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.people = population(self.rng, CUSTOMERS)
        self.redraw(self.rng)
        self.monday = first_monday(self.today)
        self.end = midnight(self.today)
        years = range(self.monday.year - 1, self.today.year + 1)
        self.holidays = frozenset(holidays.country_holidays("FI", years=years))

    def redraw(self, rng: random.Random) -> None:
        """Go on with another source of chance."""
        self.rng, self.details = rng, Details(rng, Phrasing(rng))

    def weeks(self, weeks: range) -> Iterator[Contact]:
        for week in weeks:
            for theme in plot.TOPICS:
                planted = plot.planted_count(theme, week)
                count = (
                    self._count(plot.weekly_rate(theme, week) * self.volume)
                    if planted is None
                    else round(planted * self.volume)
                )
                for _ in range(count):
                    yield from self._thread(theme, week)

    def _count(self, mean: float) -> int:
        """Negative binomial: a Poisson count whose mean varies a little from week to week."""
        if mean <= 0:
            return 0
        shape = 1 / plot.DISPERSION
        limit = math.exp(-mean * self.rng.gammavariate(shape, 1 / shape))
        count, product = 0, self.rng.random()
        while product > limit:
            count += 1
            product *= self.rng.random()
        return count

    def _thread(self, theme: str, week: int) -> Iterator[Contact]:
        """A contact and, now and then, the same customer again some days later."""
        scene = self._scene(theme, week)
        if scene is None:
            return
        first = self._made(scene)
        yield first
        if plot.repeats(theme, scene.mood) and self.rng.random() < plot.REPEAT_SHARE:
            again = self._again(scene, first)
            if again is not None:
                yield self._made(again)

    def _scene(self, theme: str, week: int) -> _Scene | None:
        """Who does what, or None where the channel was closed, silent or the day has not come."""
        rng, topic = self.rng, plot.TOPICS[theme]
        touchpoint = _pick(rng, plot.FORM_TOUCHPOINTS) if theme == plot.RATING_ONLY else ""
        touchpoint = touchpoint or topic.touchpoint
        mood = _pick(rng, plot.moods(theme, touchpoint, week))
        happy = mood == "positive" and theme != plot.RATING_ONLY
        source = _pick(rng, plot.TOPICS["nice-product"].sources if happy else topic.sources)
        if source == "survey" and mood == "neutral" and theme != plot.RATING_ONLY:
            source = "chat"  # a question waits for no survey
        lines = plot.lines(theme, mood, week, rng.random())
        at = self._moment(source, self.monday + timedelta(weeks=week))
        person = self._person(lines, mood, source)
        if theme in plot.BUSINESS_SUFFERS and mood == "negative" and lines != plot.STRIKE_LINES:
            person = self._perhaps_a_firm(person)
        if at is None:
            return None
        return _Scene(theme, lines, mood, source, touchpoint, week, person, at)

    def _again(self, scene: _Scene, first: Contact) -> _Scene | None:
        source = _pick(self.rng, _REPEAT_SOURCES)
        day = scene.at.astimezone(ZONE).date() + timedelta(days=self.rng.randint(1, 6))
        at = self._moment(source, day, exactly=True)
        if at is None:
            return None
        week = (at.astimezone(ZONE).date() - self.monday).days // 7
        return replace(scene, source=source, at=at, week=week, first=first)

    def _moment(self, source: str, monday: date, *, exactly: bool = False) -> datetime | None:
        """A time in the week of `monday` (or on that very day) when the source is open."""
        weekdays, on_holiday, hours = _RHYTHM[source]
        places = range(7)
        offset = 0 if exactly else self.rng.choices(places, weekdays)[0]
        day = monday + timedelta(days=offset)
        second = self.rng.choices(tuple(hours), tuple(hours.values()))[0] * 3600
        second += self.rng.randrange(3600)
        open_share = on_holiday if day in self.holidays else float(weekdays[day.weekday()] > 0)
        if self.rng.random() >= open_share:
            return None
        local = datetime.combine(day, time(), ZONE).replace(tzinfo=None)
        at = (local + timedelta(seconds=second)).replace(tzinfo=ZONE).astimezone(UTC)
        silent_from = self.monday + timedelta(weeks=plot.DIGEST_WEEK, days=plot.SILENT_FROM_WEEKDAY)
        silent = source == plot.SILENT_SOURCE and at >= midnight(silent_from)
        return None if silent or at >= self.end else at

    def _person(self, lines: str, mood: str, source: str) -> Person:
        """A customer whose language has something to say in that mood; the strike's live near."""
        for _ in range(10_000):
            person = self.rng.choice(self.people)
            if lines == plot.STRIKE_LINES and person.city not in STRIKE_REGION:
                continue
            if lines == plot.RATING_ONLY or self.details.phrasing.can_say(
                person.language, lines, mood, _REGISTERS[source]
            ):
                return person
        raise ValueError(f"the message bank has no {mood} lines of {lines} for {source}")

    def _perhaps_a_firm(self, person: Person) -> Person:
        """One private customer in plot.BUSINESS_EXTRA becomes a firm; draws nothing."""
        if person.number % plot.BUSINESS_EXTRA:
            return person
        firms = [p for p in self.people if p.business and p.language == person.language]
        return firms[person.number % len(firms)]

    def _made(self, scene: _Scene) -> Contact:
        self.numbers += 1
        sms = scene.source == "phone" and self.rng.random() < _SMS_SHARE
        first = scene.first
        bare = Contact(
            number=self.numbers,
            week=scene.week,
            source=scene.source,
            channel=Channel.SMS if sms else _CHANNELS[scene.source],
            person=scene.person,
            theme="" if scene.theme == plot.RATING_ONLY else scene.theme,
            mood=scene.mood,
            touchpoint=scene.touchpoint,
            order=first.order if first else f"HV-{300_000 + self.numbers * 17 % 600_000:06}",
            subject="",
            turns=(),
            started_at=scene.at,
            repeat_of=first.number if first else None,
        )
        return self.details.complete(bare, scene.lines, "sms" if sms else _REGISTERS[scene.source])


def _pick(rng: random.Random, weights: plot.Weights) -> str:
    return rng.choices(tuple(weights), tuple(weights.values()))[0]

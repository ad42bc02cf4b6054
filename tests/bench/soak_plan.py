"""What the shop of `soak.py` sends in its month, and what that must add up to."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.adapters.log import EventKey
from infra.cost.sample import week_profile

START = datetime(2026, 11, 2, tzinfo=UTC)  # a Monday
DAYS = 30
BURST, BURSTS = 20, 6  # times its share, and hours that bring so much
LATE, ERASED = 0.05, 0.01
SAID = {
    "late": "Toimitus on myöhässä, soittakaa 040 123 4567",
    "invoice": "Saamani lasku on väärin",
    "praise": "kiitos avusta",
    "": "Missä myymälänne sijaitsee?",
}


@dataclass(frozen=True, order=True)
class Sent:
    """One event as the shop's chat tells it; `due` is when it is first sent."""

    due: datetime
    body: bytes
    key: EventKey


@dataclass
class Expected:
    """What was sent adds up to; erased conversations count for nothing."""

    events: set[EventKey] = field(default_factory=set)
    themes: Counter[str] = field(default_factory=Counter)
    csat: list[int] = field(default_factory=list)
    contacts: int = 0
    erased: list[tuple[datetime, str]] = field(default_factory=list)


def conversations(contacts: int, rng: random.Random) -> tuple[list[Sent], Expected]:
    """The month's events in order of sending, and what they add up to."""
    profile = week_profile()
    hours = [profile[hour % 168] for hour in range(DAYS * 24)]
    for busy in rng.sample(range(8, len(hours)), BURSTS):
        hours[busy] *= BURST
    sent, expected = [], Expected()
    for number, hour in enumerate(rng.choices(range(len(hours)), hours, k=contacts)):
        began = START + timedelta(hours=hour, seconds=rng.uniform(0, 3599))
        gone = rng.random() < ERASED
        made = list(_conversation(number, began, gone, rng, expected))
        sent += made
        if gone:
            last = max(one.due for one in made) + timedelta(days=1)
            expected.erased.append((last, made[0].key.interaction))
    sent.sort(key=lambda one: one.due)
    return sent, expected


def _conversation(
    number: int, began: datetime, gone: bool, rng: random.Random, expected: Expected
) -> Iterator[Sent]:
    """A question, perhaps an answer and thanks, perhaps a rating a day later."""
    theme = rng.choice(list(SAID))
    steps: list[tuple[timedelta, dict[str, Any]]] = [(timedelta(), {"text": SAID[theme]})]
    if rng.random() < 0.7:
        steps.append((timedelta(minutes=20), {"text": "Selvitän asian", "role": "agent"}))
    if rng.random() < 0.4:
        steps.append((timedelta(minutes=50), {"text": f"{SAID[theme]} ({number})"}))
    score = rng.randint(1, 5) if rng.random() < 0.3 else None
    if score is not None:
        steps.append((timedelta(days=1), {"text": "", "csat": score}))
    for step, (after, facts) in enumerate(steps):
        told = {
            "id": f"{number}-{step}",
            "conversation": f"c{number}",
            "time": (began + after).isoformat(),
            "customer": f"id:{number % 997}",
            "role": "customer",
            **facts,
        }
        late = timedelta(hours=rng.uniform(1, 48)) if rng.random() < LATE else timedelta()
        key = EventKey(f"shop#c{number}", f"{number}-{step}")
        expected.events.add(key)
        yield Sent(began + after + late, json.dumps(told, ensure_ascii=False).encode(), key)
    if not gone:
        expected.contacts += 1
        expected.themes[theme] += 1
        expected.csat += [] if score is None else [score]

"""How a busy day's counts spread over cells, and how large a cell's row grows.

From the demo company's contacts as they were written (theme, mood, channel), judged by the truth
instead of a model, folded and counted by the real code. A row holds one number for each measure
that any of its contacts had, so it grows with the number of contacts, and then no more.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from chalicelib import organisation as organisations
from chalicelib.adapters.tables import COUNT_PREFIX
from chalicelib.fold import contribution, fold
from chalicelib.interaction import Enrichment, Event, EventKind, Rating
from chalicelib.organisation import Organisation
from chalicelib.summary import Cell, Measures
from infra.cost.meter import WRITE_UNIT_BYTES
from infra.demo.contact import Contact
from infra.demo.simulate import contacts
from infra.paths import ORGANISATION

#: Contacts in a row at which its size is measured.
ROW_CONTACTS = (1, 10, 100, 1000)
_FEELINGS = {"negative": (0.8, 0.1, 0.1), "neutral": (0.1, 0.8, 0.1), "positive": (0.1, 0.1, 0.8)}
#: Keys, version and expiry of a row, bytes: "2026-W47", a part of some 55 characters, two numbers.
_ROW_BASE_BYTES = 110

Place = tuple[str, str, str, str]  # theme, touchpoint, channel, demand


@dataclass(frozen=True)
class Cells:
    """Each cell's share of the contacts, and the mean write units of a row by its contacts."""

    shares: Mapping[Place, float]
    row_units: Mapping[int, float]

    def units(self, contacts_a_row: float) -> float:
        """Write units of one change of a row that holds so many contacts, outside a transaction."""
        known = sorted(self.row_units)
        size = min(max(contacts_a_row, known[0]), known[-1])
        upper = next(one for one in known if one >= size)
        lower = max(one for one in known if one <= size)
        if lower == upper:
            return self.row_units[lower]
        part = math.log(size / lower) / math.log(upper / lower)
        return self.row_units[lower] + part * (self.row_units[upper] - self.row_units[lower])


def cells(today: date, volume: float, every: int = 1) -> Cells:
    """Measure from each contact, or each `every`th; some seconds for twenty thousand."""
    organisation = organisations.read(ORGANISATION.read_text(encoding="utf-8"))
    held: dict[Place, list[Measures]] = {}
    for contact in contacts(today, 1, volume)[::every]:
        for cell, measures in _counted(contact, organisation):
            held.setdefault(cell[1:], []).append(measures)
    whole = sum(map(len, held.values()))
    shares = {place: len(of) / whole for place, of in held.items()}
    units = {
        number: sum(shares[place] * _row_units(of[:number]) for place, of in held.items())
        for number in ROW_CONTACTS
    }
    return Cells(shares, units)


def _row_units(held: Sequence[Measures]) -> int:
    names = {name for measures in held for name in measures}
    size = _ROW_BASE_BYTES + sum(len(COUNT_PREFIX) + len(name.encode()) + 3 for name in names)
    return math.ceil(size / WRITE_UNIT_BYTES)


def _counted(contact: Contact, organisation: Organisation) -> Iterator[tuple[Cell, Measures]]:
    events = list(_events(contact))
    feeling = _FEELINGS.get(contact.mood, _FEELINGS["neutral"])
    themes = ((contact.theme, 0.9),) if contact.theme in organisation.theme_by_id else ()
    judged = {
        event.event_id: Enrichment(
            "truth",
            organisation.hash,
            contact.person.language,
            *feeling,
            themes,
            0.9 if contact.mood == "negative" else 0.1,
            len(event.text),
        )
        for event in events
        if event.text
    }
    yield from contribution(fold(events, judged), organisation)


def _events(contact: Contact) -> Iterator[Event]:
    base: dict[str, Any] = {
        "source": contact.source,
        "interaction_id": str(contact.number),
        "channel": contact.channel,
        "customer": contact.vendor_customer,
    }
    scores = ((Rating.nps, contact.nps), (Rating.csat, contact.csat), (Rating.ces, contact.ces))
    yield Event(
        **base,
        event_id="rating",
        kind=EventKind.RATING,
        occurred_at=contact.started_at,
        ratings=tuple(make(score) for make, score in scores if score is not None),
        touchpoint=contact.touchpoint,
        wait_s=contact.wait_s,
        handle_time_s=contact.handle_time_s,
        abandoned=contact.abandoned,
        resolved=contact.resolved,
    )
    for place, turn in enumerate(contact.turns):
        yield Event(
            **base,
            event_id=str(place),
            kind=EventKind.MESSAGE,
            occurred_at=turn.at,
            role=turn.role,
            text=turn.text,
        )

"""Sources: when each was last heard from. A silent source is an alarm, not a good week."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.organisation import SourceConfig
from chalicelib.summary import Summary


@dataclass(frozen=True)
class SourceState:
    """One source: contacts counted this week, last event (aware UTC, None: never), silence.

    `silent` is longer than its own `expected_every_h` without an event; one without a rhythm
    (files that people import) never is.
    """

    source: str
    contacts: int
    last: datetime | None
    expected_every_h: float
    silent: bool


def source_states(
    sources: Mapping[str, SourceConfig],
    freshness: Mapping[str, datetime | None],
    week: Summary,
    now: datetime,
) -> tuple[SourceState, ...]:
    """Every source, the silent ones first, else in the order of the file.

    `freshness` names the watched sources; another one is told of only in a week that it fed.
    """
    counted = week.prefixed("source:")
    states = []
    for name, config in sources.items():
        contacts, hours, last = counted.get(name, 0), config.expected_every_h, freshness.get(name)
        if name not in freshness:
            if contacts:
                states.append(SourceState(name, contacts, None, hours, False))
            continue
        silent = last is None or now - last > timedelta(hours=hours)
        states.append(SourceState(name, contacts, last, hours, silent))
    return tuple(sorted(states, key=lambda state: not state.silent))

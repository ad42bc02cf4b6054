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

    `silent` is longer than its own `expected_every_h` without an event.
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
    """Every source of the organisation, the silent ones first, else in the order of the file."""
    counted = week.prefixed("source:")
    states = []
    for name, config in sources.items():
        last = freshness.get(name)
        limit = timedelta(hours=config.expected_every_h)
        silent = last is None or now - last > limit
        states.append(
            SourceState(name, counted.get(name, 0), last, config.expected_every_h, silent)
        )
    return tuple(sorted(states, key=lambda state: not state.silent))

"""Durations of a call that a vendor tells by moments: waiting, talking."""

from __future__ import annotations

from datetime import datetime

from chalicelib.connectors.parts.reading import duration_s


def between(start: datetime | None, end: datetime | None) -> float | None:
    """Seconds from start to end; None where one is not told, 0 where clocks put them in disorder.

    Raises Unreadable for more than a year.
    """
    if start is None or end is None:
        return None
    return duration_s(max(0.0, (end - start).total_seconds()), "the time between two timestamps")

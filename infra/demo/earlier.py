"""What was planted in the half year before the demo's, for who wants digests of a whole year.

Weeks count as in `plot.py`, so these are below 0. All of it is over by week 0.

- **Refunds doubled** for sixteen weeks, until a stuck queue was mended in the last of them: a fix
  that works.
- **Questions about products grew slowly**: by a tenth a week, from a third to what they are now.
- **A fix that does nothing**: a second look at the fabrics before packing. Complaints about quality
  stay as they were.
- **A busy week**: a campaign brings 60 % more contacts of every kind.
- **A new topic**: the Kehrä lamp flickers, from 2 to 8 contacts a week, until it was recalled.
- **Public holidays**, Christmas and Easter among them, and **quiet weeks**: nothing happens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FIRST_WEEK = -26
SLOW_REFUNDS = range(-16, 0)
SLOW_RISE = range(-14, -3)
SLOW_RISE_THEME, SLOW_RISE_FROM, SLOW_RISE_BY = "product-info", 0.35, 1.1
BUSY_WEEK, BUSY = -9, 1.6
FLICKER = "lamp-flicker"  # no theme of organisation.yaml either
FLICKER_WEEKS: Mapping[int, int] = {-7: 1, -6: 2, -5: 3, -4: 3, -3: 3, -2: 3, -1: 1}


@dataclass(frozen=True)
class Fix:
    """An action of the year: made on a weekday (0 is Monday) of a week."""

    theme: str
    department: str
    week: int
    weekday: int
    name: Mapping[str, str]


FIXES: Mapping[str, Fix] = {
    "refund-queue": Fix(
        "refund",
        "processes",
        -1,
        4,
        {
            "fi": "Hyvitysjono purettu",
            "en": "Queue of refunds cleared",
            "sv": "Återbetalningskön avarbetad",
        },
    ),
    "fabric-check": Fix(
        "product-quality",
        "product",
        -8,
        2,
        {
            "fi": "Kankaiden toinen tarkastus",
            "en": "Fabrics checked twice",
            "sv": "Tygerna kontrolleras två gånger",
        },
    ),
}


def factor(theme: str, week: int) -> float:
    """Times the theme's usual rate, in a week below 0."""
    times = BUSY if week == BUSY_WEEK else 1.0
    if theme == "refund" and week in SLOW_REFUNDS:
        times *= 2.0
    if theme == SLOW_RISE_THEME:
        grown = SLOW_RISE_FROM * SLOW_RISE_BY ** max(0, week - SLOW_RISE.start + 1)
        times *= min(1.0, grown)
    return times

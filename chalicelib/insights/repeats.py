"""First contact resolution and repeat contacts, of customers whom the sources name.

An issue starts where a customer contacts about a theme that they have not contacted about within
the window before. It was solved at first contact when the vendor did not say otherwise and the
customer did not come back about the theme within the window after, in any channel. So a week can
be told only once its window has passed: a week late, where the window is seven days.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from chalicelib.insights.proportion import Share, share
from chalicelib.insights.weeks import IsoWeek
from chalicelib.summary import UNSURE


@dataclass(frozen=True, order=True)
class Contact:
    """One contact of a known customer (a pseudonym); `theme` is the primary one."""

    customer: str
    theme: str
    day: date
    resolved: bool | None = None


@dataclass(frozen=True)
class Repeats:
    """One week. `solved` is of the issues that started in it, `repeated` of its contacts.

    `linked` is the share of all its contacts whose customer is known: the rest cannot be told.
    `sampled` (0..1) is the share of those customers who were counted; the counts are of them alone.
    """

    week: IsoWeek
    solved: Share | None
    repeated: Share | None
    linked: Share | None
    by_theme: Mapping[str, Share]  # theme -> solved at first contact
    sampled: float = 1.0


def repeats(
    contacts: Iterable[Contact],
    week: IsoWeek,
    window_days: int,
    all_contacts: int,
    sampled: float = 1.0,
) -> Repeats:
    """Count a week; `contacts` reach from the window before it to the window after it.

    `all_contacts` is how many the week had, of unknown customers too; `contacts` are of a random
    share `sampled` (0..1) of the customers, and hold all of theirs.
    """
    window = timedelta(days=window_days)
    starts: dict[str, list[bool]] = {}
    told = again = 0
    for one, before, after in _neighbours(contacts):
        if not week.monday <= one.day <= week.sunday:
            continue
        told += 1
        repeated = before is not None and one.day - before <= window
        again += repeated
        if not repeated:
            came_back = after is not None and after - one.day <= window
            solved = one.resolved is not False and not came_back
            starts.setdefault(one.theme, []).append(solved)
    every = [solved for of_theme in starts.values() for solved in of_theme]
    by_theme = {
        theme: found
        for theme, solved in sorted(starts.items())
        if theme != UNSURE and (found := share(sum(solved), len(solved)))
    }
    return Repeats(
        week,
        share(sum(every), len(every)),
        share(again, told),
        share(told, max(told, round(all_contacts * sampled))),
        by_theme,
        sampled,
    )


def _neighbours(
    contacts: Iterable[Contact],
) -> Iterable[tuple[Contact, date | None, date | None]]:
    """Each contact with the days of the same customer's and theme's one before and after it."""
    ordered = sorted(contacts, key=lambda c: (c.customer, c.theme, c.day, c.resolved is False))
    for place, one in enumerate(ordered):
        around = [
            other.day
            if 0 <= at < len(ordered)
            and (other := ordered[at]).customer == one.customer
            and other.theme == one.theme
            else None
            for at in (place - 1, place + 1)
        ]
        yield one, around[0], around[1]

"""IsoWeek: Monday to Sunday, the unit that digests speak of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self


@dataclass(frozen=True, order=True, slots=True)
class IsoWeek:
    """One ISO 8601 week, named by its Monday. Raises ValueError for any other weekday."""

    monday: date

    def __post_init__(self) -> None:
        if self.monday.weekday() != 0:
            raise ValueError(f"{self.monday} is not a Monday; use IsoWeek.of(day)")

    @classmethod
    def of(cls, day: date) -> Self:
        """The week that holds a day."""
        return cls(day - timedelta(days=day.weekday()))

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(self.monday + timedelta(days=number) for number in range(7))

    @property
    def number(self) -> int:
        """The ISO week number, 1..53."""
        return self.monday.isocalendar().week

    @property
    def year(self) -> int:
        """The ISO year, which differs from the calendar's around New Year."""
        return self.monday.isocalendar().year

    def back(self, weeks: int = 1) -> IsoWeek:
        return IsoWeek(self.monday - timedelta(weeks=weeks))

    def __str__(self) -> str:
        return f"{self.year}-W{self.number:02d}"

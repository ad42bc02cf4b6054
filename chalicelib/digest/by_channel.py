"""By channel: the week's work and waiting, one channel at a time and all together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from chalicelib.insights.forecast import Forecast, forecast
from chalicelib.insights.solicited import asked
from chalicelib.insights.waiting import Patience, Threshold, patience, threshold
from chalicelib.insights.weeks import IsoWeek
from chalicelib.summary import Cell, Measures, Summary, contacts_by_day

PATIENCE_WEEKS = 13  # pooled: few leave in one week


@dataclass(frozen=True)
class ChannelForecast:
    """`next` week of a channel; `told` is what was forecast for this week, `came` what came.

    `told` is forecast again from the days before this week, as the digest before did; the counts
    of those days change only where something of them came late.
    """

    channel: str
    next: Forecast
    told: Forecast | None
    came: int

    @property
    def missed(self) -> bool:
        """True where more or less came than the range that was told."""
        total = self.told.total if self.told else None
        if total is None or total.low is None or total.high is None:
            return False
        return not total.low <= self.came <= total.high


@dataclass(frozen=True)
class Wait:
    """One channel's patience and threshold, either None where it cannot be told."""

    channel: str
    patience: Patience | None
    threshold: Threshold | None


def daily_of(summary: Summary) -> dict[str, Counter[date]]:
    """Channel -> contacts of each local day; survey answers are nobody's work."""
    cells: dict[str, dict[Cell, Measures]] = {}
    for cell, measures in summary:
        if not asked(cell.channel):
            cells.setdefault(cell.channel, {})[cell] = measures
    return {channel: contacts_by_day(Summary(of)) for channel, of in cells.items()}


def forecasts(
    daily: Mapping[str, Mapping[date, int]], week: IsoWeek, closed: Collection[date]
) -> tuple[ChannelForecast, ...]:
    found = [
        one for channel, days in daily.items() if (one := _forecast(channel, days, week, closed))
    ]
    return tuple(sorted(found, key=lambda one: (-one.next.total.contacts, one.channel)))


def workload(
    daily: Mapping[str, Counter[date]], week: IsoWeek, closed: Collection[date]
) -> ChannelForecast | None:
    """All channels together: its interval comes from the errors of the sum."""
    every: Counter[date] = Counter()
    for days in daily.values():
        every.update(days)
    return _forecast("", every, week, closed)


def _forecast(
    channel: str, daily: Mapping[date, int], week: IsoWeek, closed: Collection[date]
) -> ChannelForecast | None:
    # A week's days come from whole days alone: a forecast knows nothing of what came later.
    ahead = forecast({d: n for d, n in daily.items() if d <= week.sunday}, week.back(-1), closed)
    if not ahead or ahead.total.contacts < 1:
        return None
    came = sum(daily.get(day, 0) for day in week.days)
    return ChannelForecast(channel, ahead, forecast(daily, week, closed), came)


def waits(summary: Summary, week: IsoWeek) -> tuple[Wait, ...]:
    """Channels of which either can be told: patience of 13 weeks, the threshold of all."""
    first = week.back(PATIENCE_WEEKS - 1).monday
    periods: tuple[dict[str, dict[str, int]], dict[str, dict[str, int]]] = ({}, {})
    for cell, measures in summary:
        if "wait:n" in measures and cell.day <= week.sunday:
            sums = periods[cell.day >= first].setdefault(cell.channel, {})
            for name, n in measures.items():
                if name.startswith("wait:"):
                    sums[name] = sums.get(name, 0) + n
    earlier, recent = periods
    every = {
        channel: Counter(earlier.get(channel, {})) + Counter(recent.get(channel, {}))
        for channel in {*earlier, *recent}
    }
    found = [
        Wait(channel, patience(recent.get(channel, {})), threshold(measures))
        for channel, measures in sorted(every.items())
    ]
    return tuple(one for one in found if one.patience or one.threshold)

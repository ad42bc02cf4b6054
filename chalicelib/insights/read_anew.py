"""Read anew: since when the same model has judged the messages.

Another model judges differently. Counts of themes, tones and demand before and after a change of
model differ although customers do not, so weeks that another model read are no history (decision
8). Contacts that were counted before models were noted pass for the same model's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.insights.history import BASELINE_WEEKS
from chalicelib.insights.weeks import IsoWeek
from chalicelib.summary import SEVERAL, Measures, Summary

PREFIX = "model:"
#: A week was read by a model when at most so many of its contacts were read by another: texts that
#: cannot be judged again, and conversations that went on while the model changed.
OTHERS_SHARE, OTHERS = 0.02, 2
_TONES = ("negative", "neutral", "positive")


@dataclass(frozen=True)
class ReadAnew:
    """Whole weeks just before this one that the week's model has read, 0..25.

    `since` is the week in which it took over; None while the weeks before are being read again.
    """

    weeks: int
    since: IsoWeek | None


Cells = Sequence[Measures]


def read_anew(summary: Summary, week: IsoWeek) -> ReadAnew | None:
    """Whether a change of model lies within a week and the 26 before it; None where none does."""
    by_age = _by_age(summary, week)
    models = _models(by_age.get(0, ()))
    del models[SEVERAL]
    if not models:
        return None
    own = max(sorted(models), key=lambda model: models[model])
    for age in range(BASELINE_WEEKS + 1):
        if _read_by_others(by_age.get(age, ()), own):
            newcomers = frozenset({own} if age else models)
            return ReadAnew(max(0, age - 1), _took_over(by_age, age, newcomers, week))
    return None


def _took_over(
    by_age: Mapping[int, Cells], age: int, newcomers: frozenset[str], week: IsoWeek
) -> IsoWeek | None:
    """When one of `newcomers` first read; None where they have read weeks long before too.

    `age` is that of the latest week that another model read, at least in part.
    """
    earlier = _models(m for other, cells in by_age.items() if other > age for m in cells)
    if all(earlier[model] > OTHERS for model in newcomers):
        return None
    began = not age or not newcomers.isdisjoint(_models(by_age[age]))
    return week.back(age if began else age - 1)


def _by_age(summary: Summary, week: IsoWeek) -> dict[int, list[Measures]]:
    by_age: dict[int, list[Measures]] = {}
    for cell, measures in summary:
        age = (week.sunday - cell.day).days // 7
        if 0 <= age <= BASELINE_WEEKS:
            by_age.setdefault(age, []).append(measures)
    return by_age


def _models(cells: Iterable[Measures]) -> Counter[str]:
    """Contacts by the model that read them, as far as that was noted."""
    models: Counter[str] = Counter()
    for measures in cells:
        for name, n in measures.items():
            if name.startswith(PREFIX):
                models[name.removeprefix(PREFIX)] += n
    return models


def _read_by_others(cells: Cells, own: str) -> bool:
    """Whether another model than `own` read more of a week than is allowed."""
    mark, allowed = PREFIX + own, _allowed(cells)
    # Most weeks are the own model's: only the others' names are looked for, which takes longer.
    if _heard(cells) - sum(measures.get(mark, 0) for measures in cells) <= allowed:
        return False
    return _others(_models(cells), own) > allowed


def _others(models: Mapping[str, int], own: str) -> int:
    return sum(n for model, n in models.items() if model != own)


def _allowed(cells: Cells) -> float:
    return max(OTHERS, OTHERS_SHARE * _heard(cells))


def _heard(cells: Cells) -> int:
    return sum(measures.get(tone, 0) for measures in cells for tone in _TONES)

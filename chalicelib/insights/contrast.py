"""Contrast: which groups of contacts differ from all the others, beyond chance.

Fisher's exact test (1935) of each group against the rest, p doubled where either direction counts,
then Benjamini and Hochberg (1995) over all of them at 1 % or less: where no group differs, at most
one digest in a hundred names any (Simes 1986).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from chalicelib.insights import PUBLISHED_FROM
from chalicelib.insights.discoveries import discoveries
from chalicelib.insights.proportion import Share, share

Group = TypeVar("Group", bound=Hashable)

FALSE_SHARE = 0.01
GROUP_FROM = 20  # contacts: fewer are no group to speak of
POINTS = 0.05  # a smaller difference is not worth a reader's time


@dataclass(frozen=True)
class Contrast(Generic[Group]):
    """`own` share of one group, `rest` of all other contacts."""

    group: Group
    own: Share
    rest: Share
    p: float

    @property
    def difference(self) -> float:
        return self.own.value - self.rest.value


def contrasts(
    groups: Mapping[Group, tuple[int, int]],
    whole: Mapping[Group, tuple[int, int]],
    *,
    higher_only: bool,
    q: float = FALSE_SHARE,
) -> tuple[Contrast[Group], ...]:
    """The groups that surely differ, the largest excess first.

    `groups` is group -> (k, n), `whole` the (k, n) of everything that it is compared with, itself
    included. Told from 20 contacts on either side, five of the kind counted, and five points.
    """
    tested = {}
    for group, (k, n) in groups.items():
        all_k, all_n = whole[group]
        own, rest = share(k, n), share(all_k - k, all_n - n)
        if own is None or rest is None or min(own.n, rest.n) < GROUP_FROM:
            continue
        upper = hypergeometric_tail(k, n, all_k, all_n)
        lower = hypergeometric_tail(n - k, n, all_n - all_k, all_n)
        p = upper if higher_only else min(1.0, 2 * min(upper, lower))
        tested[group] = Contrast(group, own, rest, p)
    sure = discoveries({group: one.p for group, one in tested.items()}, q)
    told = [
        one
        for group, one in tested.items()
        if group in sure and abs(one.difference) >= POINTS and _published(one)
    ]
    return tuple(sorted(told, key=lambda one: (-one.own.n * one.difference, str(one.group))))


def _published(one: Contrast[Group]) -> bool:
    return max(one.own.k, one.rest.k) >= PUBLISHED_FROM


def hypergeometric_tail(k: int, n: int, marked: int, everything: int) -> float:
    """P(at least k marked) among n drawn of `everything`, of which `marked` are marked."""
    least, most = max(0, n + marked - everything), min(n, marked)
    if k <= least:
        return 1.0
    if k > most:
        return 0.0

    def log_pmf(i: int) -> float:
        return (
            _log_choose(marked, i)
            + _log_choose(everything - marked, n - i)
            - _log_choose(everything, n)
        )

    # The mass falls off on both sides of the mean: start at k, and stop where nothing is left.
    term = tail = math.exp(log_pmf(k))
    mean = n * marked / everything
    for i in range(k, most):
        term *= (marked - i) * (n - i) / ((i + 1) * (everything - marked - n + i + 1))
        tail += term
        if i > mean and term < 1e-17 * tail:
            break
    return min(1.0, tail)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)

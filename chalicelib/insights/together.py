"""What goes together: themes that customers mention in the same contact, and the words that this
week's contacts use more than before. Hints at causes, not causes.

Pairs: lift n_ab·N / (n_a·n_b), tested by the log odds ratio of the 2×2 table with ½ added
(Haldane 1956). Words: log-odds with a Dirichlet prior taken from both periods (Monroe, Colaresi
and Quinn 2008, 'Fightin' Words') on counts of contacts, so that one customer who repeats a word
counts once.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.insights import PUBLISHED_FROM
from chalicelib.insights.discoveries import discoveries
from chalicelib.insights.distributions import normal_tail
from chalicelib.summary import Summary

LIFTED = 1.5  # the smallest lift worth a reader's time
FALSE_SHARE = 0.05


@dataclass(frozen=True)
class Pair:
    """`both` contacts mention both themes, `lift` times as many as if they had no connection."""

    first: str
    second: str
    both: int
    lift: float


@dataclass(frozen=True)
class Word:
    """A word in `now` contacts of the week, and in `before` of the earlier ones.

    `languages` are those of the week's texts that use it.
    """

    word: str
    now: int
    before: int
    z: float
    languages: frozenset[str] = frozenset()


def pairs(week: Summary) -> tuple[Pair, ...]:
    """Theme pairs of one week, the highest lift first."""
    mentions = week.prefixed("mention:")
    spoken = sum(week.count(tone) for tone in ("negative", "neutral", "positive"))
    found: dict[Pair, float] = {}
    for name, both in week.prefixed("pair:").items():
        a, _, b = name.partition("|")
        if both < PUBLISHED_FROM or a not in mentions or b not in mentions:
            continue
        alone_a, alone_b = mentions[a] - both, mentions[b] - both
        neither = spoken - both - alone_a - alone_b
        if min(alone_a, alone_b, neither) < 0:
            continue  # counted before pairs were
        lift = both * spoken / (mentions[a] * mentions[b])
        found[Pair(a, b, both, lift)] = normal_tail(log_odds_z(both, alone_a, alone_b, neither))
    told = [pair for pair in discoveries(found, FALSE_SHARE) if pair.lift >= LIFTED]
    return tuple(sorted(told, key=lambda pair: (-pair.lift, pair.first, pair.second)))


def log_odds_z(both: int, alone_a: int, alone_b: int, neither: int) -> float:
    """z of the log odds ratio of a 2×2 table with ½ added to each count."""
    table = [count + 0.5 for count in (both, alone_a, alone_b, neither)]
    odds = math.log(table[0] * table[3] / (table[1] * table[2]))
    return odds / math.sqrt(sum(1 / count for count in table))


def telling_words(
    now: Sequence[Collection[str]], before: Sequence[Collection[str]]
) -> tuple[Word, ...]:
    """Words that the week's contacts use more than earlier ones, the surest first.

    A contact is the set of its words, as whoever counts them wants them: lower case, lemmas.
    Under five contacts with a word, or ten contacts in either period, nothing is told.
    """
    if min(len(now), len(before)) < 2 * PUBLISHED_FROM:
        return ()
    counts = Counter(word for words in now for word in set(words))
    earlier = Counter(word for words in before for word in set(words))
    found = {
        word: _weighted(word, counts, earlier, len(now), len(before))
        for word, count in counts.items()
        if count >= PUBLISHED_FROM
    }
    accepted = discoveries({word: normal_tail(z) for word, z in found.items()}, FALSE_SHARE)
    told = [Word(word, counts[word], earlier[word], found[word]) for word in accepted]
    return tuple(sorted(told, key=lambda one: (-one.z, one.word)))


def _weighted(
    word: str, now: Mapping[str, int], before: Mapping[str, int], n_now: int, n_before: int
) -> float:
    """z of the difference of log-odds; the prior is worth as many contacts as the week has."""
    mass = n_now
    expected = mass * (now[word] + before.get(word, 0)) / (n_now + n_before)
    # The ½ is for words that every contact has.
    y, x = now[word] + expected + 0.5, before.get(word, 0) + expected + 0.5
    odds = math.log(y / (n_now + mass + 1 - y)) - math.log(x / (n_before + mass + 1 - x))
    return odds / math.sqrt(1 / y + 1 / x)

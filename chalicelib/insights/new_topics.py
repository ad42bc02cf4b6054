"""New topics: something that customers talk of this week and hardly did before.

The week's texts are gathered round leaders by the cosine of their weighted word stems, in two
passes (leader clustering; Hartigan 1975, chapter 3): the first finds leaders, the second moves
every text to its nearest centroid. A cluster is new where more texts lie near its centroid than
the eight weeks before would make likely: a Poisson tail with mean (h+½)·n/m, where h of the m
earlier texts and n of the week's were sampled; Bonferroni over the clusters tried.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalicelib.insights import PUBLISHED_FROM
from chalicelib.insights.distributions import poisson_tail
from chalicelib.insights.words import stems, usual_forms

NEAR = 0.3  # cosine of word stems; tuned on public questions: see docs/insights.md
GROWN = 4.0  # times as many as before
FALSE = 0.003  # chance of a cluster so large where it is no news; see docs/insights.md
NAMING_WORDS = 3

Vector = Mapping[str, float]


@dataclass(frozen=True)
class Text:
    """A redacted customer text; `customer` is a pseudonym or None, `key` its interaction."""

    key: str
    customer: str | None
    text: str


@dataclass(frozen=True)
class NewTopic:
    """`now` texts of the week by `customers` people; `before` in the eight weeks before it.

    `words` name it, the most telling first; `keys` are its interactions, the most typical first.
    """

    words: tuple[str, ...]
    now: int
    customers: int
    before: int
    keys: tuple[str, ...]


def new_topics(now: Sequence[Text], before: Sequence[Text]) -> tuple[NewTopic, ...]:
    """New topics, the largest first; `now` and `before` are uniform samples of their weeks."""
    told = [stems(text.text) for text in now]
    earlier = [stems(text.text) for text in before]
    rarity = _rarity([*told, *earlier])
    vectors = [_vector(one, rarity) for one in told]
    past = [_vector(one, rarity) for one in earlier]
    clusters = [members for members in _clusters(vectors) if len(members) >= PUBLISHED_FROM]
    found = []
    for members in clusters:
        centroid = _centroid([vectors[place] for place in members])
        near = sorted(
            (place for place, v in enumerate(vectors) if _cosine(v, centroid) >= NEAR),
            key=lambda place: (-_cosine(vectors[place], centroid), place),
        )
        known = sum(_cosine(vector, centroid) >= NEAR for vector in past)
        expected = (known + 0.5) * len(now) / max(len(before), len(now))
        surprising = poisson_tail(len(near), expected) * len(clusters) < FALSE
        people = {now[place].customer or now[place].key for place in near}
        if surprising and len(near) >= GROWN * expected and len(people) >= PUBLISHED_FROM:
            found.append((near, len(people), known, centroid))
    found.sort(key=lambda one: (-len(one[0]), one[0]))
    return _told_once(found, now, earlier)


def _told_once(
    found: Sequence[tuple[list[int], int, int, Vector]],
    now: Sequence[Text],
    earlier: Sequence[Sequence[str]],
) -> tuple[NewTopic, ...]:
    """The topics, without those that share most of their texts with a larger one."""
    forms = usual_forms(text.text for text in now)
    usual = Counter(stem for one in earlier for stem in set(one))
    topics: list[NewTopic] = []
    taken: set[int] = set()
    for near, people, known, centroid in found:
        if len(taken & set(near)) > len(near) / 2:
            continue
        taken |= set(near)
        telling = sorted(centroid, key=lambda s: (-centroid[s] / math.sqrt(1 + usual[s]), s))
        names = tuple(forms.get(stem, stem) for stem in telling[:NAMING_WORDS])
        keys = tuple(now[place].key for place in near)
        topics.append(NewTopic(names, len(near), people, known, keys))
    return tuple(topics)


def _rarity(texts: Sequence[Sequence[str]]) -> dict[str, float]:
    """Inverse document frequency; a stem of one text alone gathers nobody and is left out."""
    counts = Counter(stem for text in texts for stem in set(text))
    return {stem: math.log(len(texts) / count) for stem, count in counts.items() if count > 1}


def _vector(text: Sequence[str], rarity: Mapping[str, float]) -> Vector:
    counts = Counter(stem for stem in text if stem in rarity)
    return _unit({stem: (1 + math.log(n)) * rarity[stem] for stem, n in counts.items()})


def _unit(vector: Mapping[str, float]) -> Vector:
    length = math.sqrt(sum(value * value for value in vector.values()))
    return {stem: value / length for stem, value in vector.items()} if length else {}


def _cosine(a: Vector, b: Vector) -> float:
    if len(a) > len(b):
        a, b = b, a
    return sum(value * b[stem] for stem, value in a.items() if stem in b)


def _clusters(vectors: Sequence[Vector]) -> list[list[int]]:
    """Places of vectors, gathered; vectors that are near nothing stay out."""
    leaders: list[Vector] = []
    for vector in vectors:
        if vector and all(_cosine(vector, leader) < NEAR for leader in leaders):
            leaders.append(vector)
    for _ in range(2):  # the first leaders were whoever came first
        members = _nearest(vectors, leaders)
        leaders = [_centroid([vectors[place] for place in one]) for one in members if one]
    return _nearest(vectors, leaders)


def _nearest(vectors: Sequence[Vector], leaders: Sequence[Vector]) -> list[list[int]]:
    members: list[list[int]] = [[] for _ in leaders]
    for place, vector in enumerate(vectors):
        likeness = [_cosine(vector, leader) for leader in leaders]
        best = max(range(len(leaders)), key=likeness.__getitem__, default=None)
        if best is not None and likeness[best] >= NEAR:
            members[best].append(place)
    return members


def _centroid(vectors: Sequence[Vector]) -> Vector:
    sums: dict[str, float] = {}
    for vector in vectors:
        for stem, value in vector.items():
            sums[stem] = sums.get(stem, 0.0) + value
    return _unit(sums)

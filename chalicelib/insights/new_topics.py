"""New topics: something that customers talk of this week and hardly did before.

A term is a word stem, or two that stand near each other. Of a term's texts, this week's and those
of the eight weeks before, as many should be this week's as its share of all texts; where far more
are, the term is new: the exact conditional test of two rates (Przyborowski and Wilenski 1940),
Bonferroni over all terms that are frequent enough. New terms that stand in the same texts are one
topic.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.insights import PUBLISHED_FROM
from chalicelib.insights.distributions import binomial_tail
from chalicelib.insights.words import stems, usual_forms

NEAR = 5  # stems: so close, two make a term
READ = 80  # stems of a text: the rest of a long letter says little new
GROWN = 4.0  # times as many as before
FALSE = 0.05  # terms overlap, so fewer are invented; see docs/insights.md
NAMING_WORDS = 3
NAMED_BY = 1 / 3  # of a topic's texts hold a word that names it

Term = tuple[str, ...]


@dataclass(frozen=True)
class Text:
    """A redacted customer text; `customer` is a pseudonym or None, `key` its interaction."""

    key: str
    customer: str | None
    text: str


@dataclass(frozen=True)
class NewTopic:
    """`now` texts of the week by `customers` people; `before` in the eight weeks before it.

    `words` name it, the most telling first; `keys` are its interactions, the most typical first,
    and `quote` is what the first of them says.
    """

    words: tuple[str, ...]
    now: int
    customers: int
    before: int
    keys: tuple[str, ...]
    quote: str = ""


@dataclass(frozen=True)
class _Heard:
    """Each text's terms; `places` tells in which of this week's texts a term stands."""

    now: Sequence[frozenset[Term]]
    before: Sequence[frozenset[Term]]
    places: Mapping[Term, frozenset[int]]
    past: Mapping[Term, int]

    def expected(self, before: int) -> float:
        """Texts of this week, from those before it."""
        return (before + 0.5) * len(self.now) / len(self.before)


def new_topics(now: Sequence[Text], before: Sequence[Text]) -> tuple[NewTopic, ...]:
    """New topics, the largest first; `now` and `before` are uniform samples of their weeks.

    Empty with fewer texts before than now: what is new can only be told beside what was.
    """
    if not now or len(before) < len(now):
        return ()
    heard = _heard([_terms(one.text) for one in now], [_terms(one.text) for one in before])
    forms = usual_forms(text.text for text in now)
    topics: list[NewTopic] = []
    taken: set[int] = set()
    for group in _groups(heard, _new_terms(heard)):
        texts = {place for term in group for place in heard.places[term]}
        people = {now[place].customer or now[place].key for place in texts}
        known = sum(not one.isdisjoint(group) for one in heard.before)
        grown = len(texts) >= GROWN * heard.expected(known)
        # What shares most of its texts with a surer topic is the same one.
        if len(people) >= PUBLISHED_FROM and grown and 2 * len(taken & texts) <= len(texts):
            taken |= texts
            names = tuple(forms.get(stem, stem) for stem in _names(heard, group, texts))
            typical = sorted(texts, key=lambda at: (-len(heard.now[at] & group), at))
            keys = tuple(now[place].key for place in typical)
            quote = now[typical[0]].text
            topics.append(NewTopic(names, len(texts), len(people), known, keys, quote))
    return tuple(sorted(topics, key=lambda topic: (-topic.now, topic.words)))


def _terms(text: str) -> frozenset[Term]:
    said = stems(text)[:READ]
    pairs = (
        (min(one, other), max(one, other))
        for place, one in enumerate(said)
        for other in said[place + 1 : place + 1 + NEAR]
        if one != other
    )
    return frozenset([*((one,) for one in said), *pairs])


def _heard(now: Sequence[frozenset[Term]], before: Sequence[frozenset[Term]]) -> _Heard:
    places: dict[Term, set[int]] = {}
    for place, terms in enumerate(now):
        for term in terms:
            places.setdefault(term, set()).add(place)
    past = Counter(term for terms in before for term in terms)
    return _Heard(now, before, {term: frozenset(at) for term, at in places.items()}, past)


def _new_terms(heard: _Heard) -> list[Term]:
    """The terms that are surely new, the surest first."""
    share = len(heard.now) / (len(heard.now) + len(heard.before))
    late = {term: n for term, n in heard.past.items() if n >= PUBLISHED_FROM}
    # Whether a term is tested depends on its texts of all nine weeks, so the test stays exact.
    tried = len(late) + sum(
        term not in late and len(at) + heard.past.get(term, 0) >= PUBLISHED_FROM
        for term, at in heard.places.items()
    )
    found = []
    for term, at in heard.places.items():
        count, past = len(at), heard.past.get(term, 0)
        if count >= max(PUBLISHED_FROM, GROWN * heard.expected(past)):
            p = binomial_tail(count, count + past, share)
            if p * tried < FALSE:
                found.append((p, term))
    return [term for _, term in sorted(found)]


def _groups(heard: _Heard, terms: Sequence[Term]) -> Iterator[frozenset[Term]]:
    """Terms of one topic: those that stand mostly in the texts of the surest one left."""
    left = list(terms)
    while left:
        texts = heard.places[left[0]]
        group = {
            term for term in left if 2 * len(texts & heard.places[term]) >= len(heard.places[term])
        }
        left = [term for term in left if term not in group]
        yield frozenset(group)


def _names(heard: _Heard, group: frozenset[Term], texts: set[int]) -> list[str]:
    """The stems that name a topic: in many of its texts and few of the earlier ones."""
    held = {stem: len(texts & heard.places[stem,]) for term in group for stem in term}
    telling = sorted(held, key=lambda s: (-held[s] / math.sqrt(1 + heard.past.get((s,), 0)), s))
    usual = [stem for stem in telling if held[stem] >= NAMED_BY * len(texts)]
    return (usual or telling)[:NAMING_WORDS]

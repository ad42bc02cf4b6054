"""New topics: something that customers talk of this week and hardly did before.

A term is a word stem, or two that stand near each other. Of a term's texts, this week's and those
of the eight weeks before, as many should be this week's as its share of all texts; where far more
are, the term is new: the exact conditional test of two rates (Przyborowski and Wilenski 1940),
Bonferroni over all terms that are frequent enough. New terms that stand in the same texts are one
topic, which each language's texts name in their own words.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
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
    """A redacted customer text; `customer` is a pseudonym or None, `key` its interaction.

    `language` is its code; whoever knows none leaves all texts in one.
    """

    key: str
    customer: str | None
    text: str
    language: str = ""


@dataclass(frozen=True)
class Voice:
    """What one language's texts call a topic, the most telling word first; a typical one."""

    language: str
    words: tuple[str, ...]
    quote: str = ""


@dataclass(frozen=True)
class NewTopic:
    """`now` texts of the week by `customers` people; `before` in the eight weeks before it.

    `voices` are its languages, that of most texts first; `keys` are its interactions, the most
    typical first.
    """

    voices: tuple[Voice, ...]
    now: int
    customers: int
    before: int
    keys: tuple[str, ...]

    def voice(self, language: str) -> Voice:
        """The topic in a reader's language; in that of most texts where nobody used theirs."""
        own = (voice for voice in self.voices if voice.language == language)
        return next(own, self.voices[0])


@dataclass(frozen=True)
class _Heard:
    """Each text's terms; `places` tells in which of this week's texts a term stands."""

    now: Sequence[frozenset[Term]]
    before: Sequence[frozenset[Term]]
    places: Mapping[Term, frozenset[int]]
    past: Counter[Term]

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
            typical = sorted(texts, key=lambda at: (-len(heard.now[at] & group), at))
            keys = tuple(now[place].key for place in typical)
            voices = _voices(now, heard, group, typical)
            topics.append(NewTopic(voices, len(texts), len(people), known, keys))
    return tuple(sorted(topics, key=lambda topic: (-topic.now, topic.keys)))


def _voices(
    now: Sequence[Text], heard: _Heard, group: frozenset[Term], typical: Sequence[int]
) -> tuple[Voice, ...]:
    """A topic in each language of its texts; `typical` are its texts, the most typical first."""
    places: dict[str, list[int]] = {}
    for place in typical:
        places.setdefault(now[place].language, []).append(place)
    voices = []
    for language, own in sorted(places.items(), key=lambda one: (-len(one[1]), one[0])):
        forms = usual_forms(now[place].text for place in own)
        named = tuple(forms.get(stem, stem) for stem in _names(heard, group, frozenset(own)))
        voices.append(Voice(language, named, now[own[0]].text))
    return tuple(voices)


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
        term not in late and len(at) + heard.past[term] >= PUBLISHED_FROM
        for term, at in heard.places.items()
    )
    found = []
    for term, at in heard.places.items():
        count, past = len(at), heard.past[term]
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


def _names(heard: _Heard, group: frozenset[Term], texts: Set[int]) -> list[str]:
    """The stems that name a topic: in many of `texts`, its own, and few of the earlier ones.

    A language of few texts has words beside the `group` that would be new were there more of them.
    """
    held = Counter(stem for at in texts for stem in {s for term in heard.now[at] for s in term})
    sure = {stem for term in group for stem in term}
    new = {s for s, n in held.items() if n > 1 and n >= GROWN * heard.expected(heard.past[s,])}
    telling = sorted(
        new | (sure & held.keys()),
        key=lambda s: (-held[s] / math.sqrt(1 + heard.expected(heard.past[s,])), s not in sure, s),
    )
    usual = [stem for stem in telling if held[stem] >= NAMED_BY * len(texts)]
    return (usual or telling)[:NAMING_WORDS]

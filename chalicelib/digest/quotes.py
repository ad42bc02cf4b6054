"""Quotes: two typical and different customer texts of a theme.

Never from fewer than five customers, one at most from each, so that no quote points at a person
and no single voice speaks for a theme. The first quote is the most central text, the next one
by maximal marginal relevance (Carbonell and Goldstein 1998).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from chalicelib.digest.contents import Digest, Quote, QuoteCandidate, QuoteKey
from chalicelib.digest.spoken import said
from chalicelib.insights import PUBLISHED_FROM

QUOTES = 2  # one voice alone would stand for a whole theme
LONGEST, TELLING, SHORTEST = 180, 35, 15  # characters; under SHORTEST letters never quoted
DULL = 0.1  # cosine lost by texts outside TELLING..LONGEST
POOL = 40  # candidates compared with each other
CENTRAL_WEIGHT = 0.7  # λ: the rest rewards being different
ALIKE = 0.7  # cosine from which a second text only repeats the first
SURE = 0.5  # a text that the model itself doubts is no example

_WORD = re.compile(r"[^\W_]+")
_SENTENCE_END = re.compile(r"[.!?…](?=\s)")


def with_quotes(digest: Digest, candidates: Mapping[QuoteKey, Sequence[QuoteCandidate]]) -> Digest:
    """The digest with quotes for each request whose candidates allow it; texts are redacted."""
    chosen = {
        key: choose(candidates.get(key, ()), digest.language) for key in digest.quote_requests
    }
    return replace(digest, quotes={key: quotes for key, quotes in chosen.items() if quotes})


def choose(candidates: Sequence[QuoteCandidate], language: str) -> tuple[Quote, ...]:
    """Two quotes, or none; the reader's own language is preferred."""
    voices = _one_each(candidates)
    if len(voices) < PUBLISHED_FROM:
        return ()
    fit = [c for c in voices if c.p >= SURE and _letters(c.text) >= SHORTEST]
    own = [c for c in fit if c.language == language]
    pool = (own if len(own) >= QUOTES else fit)[:POOL]
    if len(pool) < QUOTES:
        return ()
    return tuple(Quote(shortened(c.text), c.language, c) for c in _typical_and_different(pool))


def with_links(digest: Digest, link: Callable[[str, Quote], str]) -> Digest:
    """The digest whose quotes link to their correction; `link` gives a quote's, by theme."""
    quotes = {
        (theme, feeling): tuple(replace(quote, link=link(theme, quote)) for quote in of)
        for (theme, feeling), of in digest.quotes.items()
    }
    return replace(digest, quotes=quotes)


def _one_each(candidates: Sequence[QuoteCandidate]) -> list[QuoteCandidate]:
    """Each customer's clearest text, the clearest first.

    An unknown customer counts as one per interaction, because nothing ties two of them
    together; but the same words twice are taken for the same person.
    """
    ordered = sorted(candidates, key=lambda c: (-c.p, -c.at.timestamp(), c.interaction_key))
    seen: set[str] = set()
    result = []
    for candidate in ordered:
        text = said(candidate.text)
        known = candidate.customer
        words = " ".join(_WORD.findall(text.casefold()))
        person = f"person {known}" if known is not None else f"contact {candidate.interaction_key}"
        marks = {person, f"words {words}"}
        if not marks & seen:
            result.append(replace(candidate, text=text))
        seen |= marks
    return result


def shortened(text: str, longest: int = LONGEST) -> str:
    """At most `longest` characters, cut after a sentence or else a word, with an ellipsis."""
    if len(text) <= longest:
        return text
    ends = [m.end() for m in _SENTENCE_END.finditer(text, 0, longest - 1)]
    if ends and ends[-1] >= longest // 3:
        return f"{text[: ends[-1]]} …"
    cut = text[: longest - 1]
    words, _, _ = cut.rpartition(" ")
    return f"{(words if len(words) >= longest // 2 else cut).rstrip(' ,;:–-')}…"


def _letters(text: str) -> int:
    """Letters outside redaction marks such as [NAME]: what is left to read."""
    return sum(ch.isalpha() for ch in re.sub(r"\[[^\]]*\]|<[^>]*>", "", text))


def _typical_and_different(pool: Sequence[QuoteCandidate]) -> list[QuoteCandidate]:
    vectors = [_trigrams(c.text) for c in pool]
    likeness = [[_cosine(a, b) for b in vectors] for a in vectors]
    central = [sum(row) / len(row) for row in likeness]
    # A text that must be cut, or that hardly says anything, tells less than a whole one.
    merit = [
        c - DULL * (not TELLING <= len(p.text) <= LONGEST)
        for c, p in zip(central, pool, strict=True)
    ]
    chosen: list[int] = []
    while len(chosen) < QUOTES:
        left = [i for i in range(len(pool)) if i not in chosen]
        rest = [i for i in left if all(likeness[i][j] < ALIKE for j in chosen)] or left
        chosen.append(
            max(
                rest,
                key=lambda i: (
                    CENTRAL_WEIGHT * merit[i]
                    - (1 - CENTRAL_WEIGHT) * max((likeness[i][j] for j in chosen), default=0.0)
                ),
            )
        )
    return [pool[i] for i in chosen]


def _trigrams(text: str) -> Mapping[str, float]:
    """Unit vector of the text's character trigrams, which bear Finnish inflection."""
    padded = f" {text[:400].casefold()} "
    counts = Counter(padded[i : i + 3] for i in range(len(padded) - 2))
    length = math.sqrt(sum(n * n for n in counts.values())) or 1.0
    return {gram: n / length for gram, n in counts.items()}


def _cosine(a: Mapping[str, float], b: Mapping[str, float]) -> float:
    small, large = (a, b) if len(a) < len(b) else (b, a)
    return sum(weight * large.get(gram, 0.0) for gram, weight in small.items())

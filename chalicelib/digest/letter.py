"""Letter: what a reader meets in about two minutes, and what stands behind it to be looked up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from chalicelib.digest.contents import Digest, Section
from chalicelib.digest.view import Part, Tile
from chalicelib.insights import PUBLISHED_FROM

MINUTES = 2
#: Words that a reader manages in a minute; Finnish words are long.
PACE = {"fi": 180, "sv": 200, "en": 230}
#: In every letter, however long: what was said, what is new, why a score moved, what fixes did.
ALWAYS = frozenset(
    {Section.NEWS, Section.NEGATIVE, Section.POSITIVE, Section.MOVED, Section.ACTIONS}
)
_WORD = re.compile(r"\S*\w\S*")


def divided(
    digest: Digest, parts: Mapping[Section, Part], spent: int, *, is_calm: bool
) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """The parts of the letter, and those behind it; `spent` words stand before them.

    What the department looks at first is in the letter while two minutes last. A calm week has
    no more than must be told; where a calm or tiny one has nothing of that, nothing is behind.
    """
    if not digest.contacts.now:
        return tuple(part for section, part in parts.items() if section is Section.SOURCES), ()
    told = set(ALWAYS & parts.keys())
    if not told and (is_calm or digest.contacts.now < PUBLISHED_FROM):
        return (), ()
    left = MINUTES * PACE[digest.language] - spent - sum(words(parts[one]) for one in told)
    for section in () if is_calm else parts:
        if section in digest.focus - told and words(parts[section]) <= left:
            told.add(section)
            left -= words(parts[section])
    return (
        tuple(part for section, part in parts.items() if section in told),
        tuple(part for section, part in parts.items() if section not in told),
    )


def words(*read: Part | Tile | str) -> int:
    """How many words a reader meets; a sign alone, such as a dash, is none."""
    return sum(len(_WORD.findall(text)) for one in read for text in _texts(one))


def _texts(one: Part | Tile | str) -> Iterator[str]:
    if isinstance(one, str):
        yield one
    elif isinstance(one, Tile):
        yield from (one.label, one.value, one.margin, *one.details)
    else:
        yield from (one.title, *one.intro, *one.notes)
        for row in one.table.rows if one.table else ():
            yield from (row.head, *row.cells, *row.details, *(quote.text for quote in row.quotes))
        if one.table:
            yield from one.table.columns

"""View: a digest in words, ready to be laid out. Both templates show exactly this."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.digest.contents import Quote


@dataclass(frozen=True)
class Bar:
    """A row's bar, whole percents of the table's widest: the part told of, and the rest."""

    part: int
    rest: int
    tone: str  # "bad" or "good"


@dataclass(frozen=True)
class Row:
    """`head` names the row, `cells` stand under the columns, `details` are sentences below."""

    head: str
    cells: tuple[str, ...]
    details: tuple[str, ...] = ()
    bar: Bar | None = None
    quotes: tuple[Quote, ...] = ()
    alert: bool = False


@dataclass(frozen=True)
class Table:
    """`columns` name the head and then each cell; none where the rows speak for themselves."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Part:
    """One section: title, sentences before the table, table, sentences after it."""

    title: str
    intro: tuple[str, ...] = ()
    table: Table | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tile:
    """One of the week's numbers."""

    label: str
    value: str
    margin: str = ""
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Link:
    label: str
    url: str


@dataclass(frozen=True)
class View:
    """The whole digest, in the reader's words."""

    language: str
    subject: str
    preheader: str
    department: str
    organisation: str
    week: str
    dates: str
    alerts: tuple[str, ...]
    headlines: tuple[str, ...]
    notes: tuple[str, ...]
    first: Part | None  # read before the week's numbers
    numbers_title: str
    numbers_note: str
    tiles: tuple[Tile, ...]
    parts: tuple[Part, ...]  # the letter's
    details_title: str
    details: tuple[Part, ...]  # behind the letter, to be looked up
    why: tuple[str, ...]
    links: tuple[Link, ...]
    wrong_theme: str = ""  # the words of a quote's link

    @property
    def numbered(self) -> dict[str, int]:
        """Each quote's link and its number: in plain text they stand below, as footnotes."""
        tables = [part.table for part in (*self.parts, *self.details) if part.table]
        links = [one.link for table in tables for row in table.rows for one in row.quotes]
        return {link: place for place, link in enumerate(filter(None, links), start=1)}

"""HTML bodies -> plain text, as a reader would see it."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

#: Above this many characters the tags are cut out without a parser: `html.parser` takes time in
#: the square of the length on hostile input, and such a body is no longer a person's message.
LONGEST_PARSED = 50_000

_BLOCKS = frozenset(
    "address article aside blockquote br dd div dl dt fieldset footer form h1 h2 h3 h4 h5 h6 "  # noqa: SIM905
    "header hr li main nav ol p pre section table td th tr ul".split()
)
_HIDDEN = frozenset({"head", "script", "style", "template", "title"})
_TAG = re.compile(r"<[^<>]*>")
_SPACES = re.compile(r"[^\S\n]+")
_SIMPLE = re.compile(r"<p>|</p>|<br ?/?>", re.IGNORECASE)


def html_text(body: str, *, quotes: bool = True) -> str:
    """The visible text of HTML; blocks start lines, runs of blanks are one.

    `quotes=False` leaves out blockquotes, in which mail programs put what is answered.
    """
    if "<" in body and len(body) <= LONGEST_PARSED:
        plain = _SIMPLE.sub("\n", body)  # what chat tools send: no need of a parser
        if "<" in plain:
            reader = _Reader(quotes)
            reader.feed(body)
            reader.close()
            plain = "".join(reader.parts)
        else:
            plain = html.unescape(plain)
    else:
        plain = html.unescape(_TAG.sub(" ", body))
    lines = (line.strip() for line in _SPACES.sub(" ", plain).split("\n"))
    return "\n".join(line for line in lines if line)


class _Reader(HTMLParser):
    def __init__(self, quotes: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._left_out = _HIDDEN if quotes else _HIDDEN | {"blockquote"}
        self._inside = 0  # how many left-out elements are open

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._left_out:
            self._inside += 1
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_startendtag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._left_out and self._inside:
            self._inside -= 1
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._inside:
            # A line end in the source is a blank on the page.
            self.parts.append(data.replace("\n", " "))

"""HTML bodies -> plain text, as a reader would see it.

Own tokens rather than `html.parser`, whose time grows with the square of a hostile body: in
Python 3.11.7 50 kB of '<a ' take it 16 s, a webhook's whole time and more. These patterns give
no character back (possessive), so any body takes time in proportion to its length.
"""

from __future__ import annotations

import html
import re

from chalicelib.connectors.reading import clean

_BLOCKS = frozenset(
    "address article aside blockquote br dd div dl dt fieldset footer form h1 h2 h3 h4 h5 h6 "  # noqa: SIM905
    "header hr li main nav ol p pre section table td th tr ul".split()
)
_HIDDEN = frozenset({"head", "script", "style", "template", "title"})
_QUOTED = _HIDDEN | {"blockquote"}
_MARKUP = re.compile(r"<!--|<(/?)([a-zA-Z][a-zA-Z0-9-]*+)[^<>]*+>|<[!?][^<>]*+>")
_SIMPLE = re.compile(r"<p>|</p>|<br ?/?>", re.IGNORECASE)
_BLANKS = re.compile(r"[^\S\n]+")


def html_text(body: str, *, quotes: bool = True) -> str:
    """The visible text of HTML; blocks start lines, runs of blanks are one.

    `quotes=False` leaves out blockquotes, in which mail programs put what is answered.
    """
    if "<" not in body and "&" not in body:
        return body.strip()  # not HTML: its line ends are the writer's own
    # A line end in the source is a blank on the page.
    plain = _SIMPLE.sub("\n", body.replace("\n", " "))
    if "<" in plain:
        plain = "".join(_visible(plain, _HIDDEN if quotes else _QUOTED))
    lines = (line.strip() for line in _BLANKS.sub(" ", html.unescape(plain)).split("\n"))
    return clean("\n".join(line for line in lines if line))  # a reference may name a control


def _visible(body: str, left_out: frozenset[str]) -> list[str]:
    """The text between the tags that a reader sees, with a line feed for each block."""
    parts: list[str] = []
    inside = 0  # how many left-out elements are open
    at = 0
    while found := _MARKUP.search(body, at):
        if not inside:
            parts.append(body[at : found.start()])
        at = found.end()
        if found[0] == "<!--":
            end = body.find("-->", at)
            at = len(body) if end < 0 else end + 3
            continue
        tag = (found[2] or "").lower()
        if tag in left_out:
            inside = max(0, inside + (-1 if found[1] else 1))
        elif tag == "body":
            inside = 0  # a head that was never closed ends here
        if tag in _BLOCKS:
            parts.append("\n")
    if not inside:
        parts.append(body[at:])
    return parts

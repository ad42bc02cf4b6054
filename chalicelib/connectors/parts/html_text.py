"""HTML bodies -> plain text, as a reader would see it.

Own tokens rather than `html.parser`, whose time grows with the square of a hostile body: in
Python 3.11.7 50 kB of '<a ' take it 16 s, a webhook's whole time and more. These patterns give
no character back (possessive), so any body takes time in proportion to its length.
"""

from __future__ import annotations

import html
import re
from functools import cache

from chalicelib.connectors.parts.reading import clean

_BLOCKS = frozenset(
    "address article aside blockquote br dd div dl dt fieldset footer form h1 h2 h3 h4 h5 h6 "  # noqa: SIM905
    "header hr li main nav ol p pre section table td th tr ul".split()
)
_HIDDEN = frozenset({"head", "script", "style", "template", "title"})
_QUOTED = _HIDDEN | {"blockquote"}
_VOID = frozenset({"area", "br", "col", "hr", "img", "input", "link", "meta", "wbr"})
_UNSEEN = r"display:\s*none|mso-hide:\s*all"
#: Elements into which mail programs put what is answered, and the line that introduces it.
_CITED = r"gmail_attr|moz-cite-prefix|yahoo_quoted|protonmail_quote|moz-email-headers-table"
#: Where Outlook's quotation begins; it closes nothing before the end of the page.
_BELOW = re.compile(
    r"divRplyFwdMsg|appendonsend|OLK_SRC_BODY_SECTION|stopSpelling|reference-message-container|"
    r"border-top:\s*solid #(?:E1E1E1|B5C4DF)",
    re.IGNORECASE,
)
_SIGNED = r"gmail_signature|moz-signature|outlook-mobile-signature|\bid=\W?(?:x_)?signature\b"
_LONGEST_TAG = 2_000  # characters of a tag that are looked at
_MARKUP = re.compile(r"<!--|<(/?)([a-zA-Z][a-zA-Z0-9-]*+)[^<>]*+>|<[!?][^<>]*+>")
_SIMPLE = re.compile(r"<p>|</p>|<br ?/?>", re.IGNORECASE)
_BLANKS = re.compile(r"[^\S\n]+")


def html_text(body: str, *, quotes: bool = True, signatures: bool = True) -> str:
    """The visible text of HTML; blocks start lines, runs of blanks are one.

    `quotes=False` leaves out blockquotes, in which mail programs put what is answered, and what
    Gmail, Outlook, Thunderbird, Yahoo and Proton mark as that. `signatures=False` leaves out
    what they mark as the sender's signature.
    """
    if "<" not in body and "&" not in body:
        return body.strip()  # not HTML: its line ends are the writer's own
    # A line end in the source is a blank on the page.
    plain = _SIMPLE.sub("\n", body.replace("\n", " "))
    if "<" in plain:
        plain = "".join(_visible(plain, quotes, signatures))
    lines = (line.strip() for line in _BLANKS.sub(" ", html.unescape(plain)).split("\n"))
    return clean("\n".join(line for line in lines if line))  # a reference may name a control


def _visible(body: str, quotes: bool, signatures: bool) -> list[str]:
    """The text between the tags that a reader sees, with a line feed for each block."""
    left_out = _HIDDEN if quotes else _QUOTED
    marked = _marked(quotes, signatures)
    parts: list[str] = []
    hidden, depth = "", 0  # the element that is left out, and how many of its name are open
    at = 0
    while found := _MARKUP.search(body, at):
        if not hidden:
            parts.append(body[at : found.start()])
        at = found.end()
        if found[0] == "<!--":
            end = body.find("-->", at)
            at = len(body) if end < 0 else end + 3
            continue
        tag, closing = (found[2] or "").lower(), bool(found[1])
        if hidden:
            depth += (-1 if closing else 1) * (tag == hidden)
            # A head that was never closed ends at the body.
            hidden = "" if depth < 1 or tag == "body" else hidden
        elif not closing and tag:
            if not quotes and _BELOW.search(found[0], 0, _LONGEST_TAG):
                return parts
            if tag in left_out or (tag not in _VOID and marked.search(found[0], 0, _LONGEST_TAG)):
                hidden, depth = tag, 1
        if tag in _BLOCKS:
            parts.append("\n")
    if not hidden:
        parts.append(body[at:])
    return parts


@cache
def _marked(quotes: bool, signatures: bool) -> re.Pattern[str]:
    """What the tag of an element says that is left out."""
    marks = [_UNSEEN, *[_CITED] * (not quotes), *[_SIGNED] * (not signatures)]
    return re.compile("|".join(marks), re.IGNORECASE)

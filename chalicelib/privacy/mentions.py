"""Whether something holds one of a person's addresses or numbers, however it is carried.

Completeness comes first: an address is also found inside a longer one, and a number by its last
nine digits wherever they stand. What is found is cut out or forgotten, never attributed.
"""

from __future__ import annotations

import base64
import html
import quopri
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote

FEWEST_DIGITS = 7  # of a telephone number that is looked for
_TAIL = 9  # the last digits, the same in '+358 40 …' and '040 …'
_LONGEST_NUMBER = 15  # ITU-T E.164
_DIALLED = re.compile(r"[\d\s().+/-]+")
_BETWEEN = r"[\s().+/\u2010-\u2015-]{0,3}"
#: How many encodings may lie in each other: a mail in base64 in JSON in JSON has four.
_DEPTH = 6

# Whole escapes alone: what another encoding has broken in two is whole once that is resolved.
_JSON_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([^u]))")
_HTML = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,31});")
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "b": " ", "f": " "}
_QUOTED = re.compile(r"=(?:[0-9A-Fa-f]{2}|[ \t]*\r?\n)")
# Lines of a mail, or one stretch.
_BASE64 = re.compile(
    r"(?:[A-Za-z0-9+/]{60,}+\r?\n)+[A-Za-z0-9+/]*={0,2}|[A-Za-z0-9+/_-]{20,}={0,2}"
)
_CONTROL = bytes({*range(32)} - {*b"\t\n\r"})
#: More control characters than this share of it, and a stretch of base64 is no text.
_NO_TEXT = 0.02


@dataclass(frozen=True)
class Mention:
    """What is looked for: addresses in lower case, and the last digits of numbers."""

    addresses: frozenset[str]
    numbers: frozenset[str]

    @classmethod
    def of(cls, names: Iterable[str]) -> Mention:
        """Of 'email:…' and 'phone:…'; other names of a person cannot be told from other words."""
        addresses, numbers = set(), set()
        for name in names:
            kind, _, value = name.partition(":")
            if kind == "email":
                addresses.add(value.strip().removeprefix("mailto:").strip("<> ").lower())
            elif kind == "phone":
                numbers.add(re.sub(r"\D", "", value)[-_TAIL:])
        return cls(
            frozenset(addresses - {""}),
            frozenset(number for number in numbers if len(number) >= FEWEST_DIGITS),
        )

    def __bool__(self) -> bool:
        return bool(self.addresses or self.numbers)

    def in_text(self, text: str) -> bool:
        """Whether a text holds one, however it is spaced and in whichever case."""
        lower = text.lower()
        return any(address in lower for address in self.addresses) or any(
            pattern.search(text) for pattern in self._patterns
        )

    def in_bytes(self, content: bytes) -> bool:
        """The same of bytes, through the encodings that deliveries and mails use."""
        if not self:
            return False
        # UTF-16 of what is looked for is the same bytes with zeros between.
        text = content.replace(b"\0", b"").decode("utf-8", "replace")
        return any(map(self.in_text, carried(text)))

    def is_whole(self, value: str) -> bool:
        """Whether a value is one of them and nothing else but its kind: 'email:a@b.example'.

        A number only as one is dialled: bare digits may be the number of a ticket.
        """
        kind, _, bare = value.strip().lower().rpartition(":")
        digits = re.sub(r"\D", "", bare)
        return bare in self.addresses or (
            (kind == "phone" or bare.startswith(("+", "0")))
            and _DIALLED.fullmatch(bare) is not None
            and len(digits) <= _LONGEST_NUMBER
            and digits[-_TAIL:] in self.numbers
        )

    def cut(self, text: str) -> str:
        """The text without them."""
        for address in self.addresses:
            text = re.sub(re.escape(address), "[email]", text, flags=re.IGNORECASE)
        for pattern in self._patterns:
            text = pattern.sub("[phone]", text)
        return text

    @cached_property
    def _patterns(self) -> Sequence[re.Pattern[str]]:
        return [re.compile(_BETWEEN.join(number)) for number in sorted(self.numbers)]


def carried(text: str, depth: int = _DEPTH) -> Iterator[str]:
    """The text, and what it says once its escapes, one kind after the other, are resolved.

    JSON, percent signs, quoted-printable, HTML, and stretches of base64, each inside any other.
    """
    yield text
    if depth == 0:
        return
    before = text
    for sign, resolve in _ESCAPES:
        if sign in text:
            resolved = resolve(text)
            if resolved != text:
                text = resolved
                yield text
    for match in _BASE64.finditer(text):
        inside = _decoded(match[0])
        if inside:
            yield from carried(inside, depth - 1)
    if text != before:
        yield from carried(text, depth - 1)


def _unescaped(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        code, character = match.groups()
        return chr(int(code, 16)) if code else _CONTROLS.get(character, character)

    return _JSON_ESCAPE.sub(one, text)


def _unquoted(text: str) -> str:
    if not _QUOTED.search(text):
        return text
    return quopri.decodestring(text.encode("utf-8", "replace")).decode("utf-8", "replace")


_ESCAPES: Sequence[tuple[str, Callable[[str], str]]] = (
    ("\\", _unescaped),
    ("%", unquote),
    ("=", _unquoted),
    ("&", lambda text: _HTML.sub(lambda match: html.unescape(match[0]), text)),
)


def _decoded(stretch: str) -> str:
    """What a stretch of base64 says; "" where it is none, or says no text."""
    plain = "".join(stretch.split()).rstrip("=").replace("-", "+").replace("_", "/")
    if len(plain) % 4 == 1:  # no base64 has such a length: the last one is of what follows
        plain = plain[:-1]
    content = base64.b64decode(plain + "=" * (-len(plain) % 4)).replace(b"\0", b"")
    if len(content) - len(content.translate(None, _CONTROL)) > _NO_TEXT * len(content):
        return ""
    return content.decode("utf-8", "replace")

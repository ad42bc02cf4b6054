"""Bytes of mail -> text, whatever their label says.

Labels lie: Outlook writes € under iso-8859-1, old web shops send UTF-8 under us-ascii, and a list
server cuts a letter in two. The rules are those of browsers (encoding.spec.whatwg.org, read
2026-11), with UTF-8 tried first: text of another single-byte set is hardly ever valid UTF-8.
"""

from __future__ import annotations

import binascii
import re
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import collapse_rfc2231_value

_LONGEST_HEADER = 10_000  # characters read of one header; a subject has 1,000 at the most
_LONGEST_PARAMETERS = 2_000
# Codecs of characters only: Python also knows `idna`, `unicode_escape`, `rot13`, ...
_KNOWN = re.compile(
    r"(utf|ucs|iso|latin|windows|cp|koi8|mac|gb|big5|shift|sjis|euc|ks_c|hz|tis|ascii|us|ansi)"
    r"[\w.:+-]*",
    re.IGNORECASE | re.ASCII,
)
# Seven-bit sets: their bytes are valid UTF-8 and mean something else.
_SEVEN_BIT = ("iso-2022", "iso2022", "hz", "utf-7", "utf7", "utf-16", "utf-32", "utf16", "utf32")
_WESTERN = frozenset(
    ["", "ascii", "us-ascii", "iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "latin-1"]
)
_ENCODED_WORD = re.compile(r"=\?[^?\s]{1,60}\?[bBqQ]\?")


def decoded(content: bytes, label: str = "") -> str:
    """Text of any bytes; what no character set explains becomes U+FFFD."""
    label = label.strip().strip("\"'").lower()
    if label.startswith(_SEVEN_BIT):
        return _as(label, content) or content.decode("utf-8", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    if label not in _WESTERN and not label.startswith("utf"):
        found = _as(label, content)
        if found is not None:
            return found
    return _utf8_or_western(content)


def _as(label: str, content: bytes) -> str | None:
    """In the character set of this name; None where it is unknown or does not fit."""
    if not _KNOWN.fullmatch(label):
        return None
    try:
        return content.decode(label)
    except (LookupError, ValueError):
        return None


def _utf8_or_western(content: bytes) -> str:
    """UTF-8 with a broken place or two, else Windows-1252, which holds all of iso-8859-1."""
    found = content.decode("utf-8", "replace")
    broken = found.count("\ufffd")
    whole = len(content.decode("utf-8", "ignore").encode()) - sum(b < 0x80 for b in content)
    return found if broken * 2 < whole else content.decode("cp1252", "replace")


def header_text(value: str) -> str:
    """A header without its RFC 2047 encoding: '=?iso-8859-1?Q?p=F6yt=E4?=' is 'pöytä'.

    What cannot be decoded stays as it was written.
    """
    value = value[:_LONGEST_HEADER]
    if not _ENCODED_WORD.search(value):
        return value
    try:
        parts = decode_header(value)
    except (HeaderParseError, binascii.Error, ValueError):
        return value
    return "".join(
        part if isinstance(part, str) else decoded(part, label or "") for part, label in parts
    )


def parameter(header: str, name: str) -> str:
    """A parameter of a Content-Type or Content-Disposition, RFC 2231 undone; empty if missing."""
    message = Message()
    message["content-type"] = header[:_LONGEST_PARAMETERS]
    try:
        found = message.get_param(name, "")
        # A tuple is (character set, language, value) of RFC 2231.
        return header_text(collapse_rfc2231_value(found)) if found else ""
    except (ValueError, TypeError, LookupError, AttributeError):
        return ""  # parameters that contradict each other


def transfer_decoded(content: bytes, encoding: str) -> bytes:
    """Undo a Content-Transfer-Encoding; junk between the characters is passed over."""
    encoding = encoding.partition(";")[0].strip().lower()
    if encoding == "quoted-printable":
        return binascii.a2b_qp(content)
    if encoding == "base64":
        kept = _NOT_BASE64.sub(b"", content.partition(b"=")[0])
        whole = len(kept) - (len(kept) % 4 == 1)  # one character alone holds no byte
        return binascii.a2b_base64(kept[:whole] + b"=" * (-whole % 4))
    return content


_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")


def unflowed(text: str, *, delete_space: bool = False) -> str:
    """format=flowed (RFC 3676): lines that end in a blank go on in the next one.

    Thunderbird and Apple Mail write so. A signature's "-- " and quoted lines end a paragraph.
    """
    paragraphs: list[list[str]] = []
    going_on = False
    for line in text.split("\n"):
        quoted = line.startswith(">")
        words = line if quoted else line.removeprefix(" ")  # space-stuffing
        signature = words == "-- "
        if not going_on or quoted or signature:
            paragraphs.append([])
        going_on = words.endswith(" ") and not signature and not quoted
        paragraphs[-1].append(words[:-1] if going_on and delete_space else words)
    return "\n".join("".join(words) for words in paragraphs)

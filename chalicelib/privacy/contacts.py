"""Email addresses, links with tokens, and telephone numbers.

Every pattern is linear: a run of characters is entered once (a lookbehind bars its middle) and
never given back (possessive quantifiers), or its length is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chalicelib.privacy.spans import Kind, Span

GAP = " \t\u00a0\u2009\u202f"  # blanks inside a number; HTML mail is full of no-break spaces

_EMAIL = re.compile(
    r"(?<![\w.+%'-])[\w.+%'-]++@(?:(?:[\w-]++\.)++[\w-]++|(?!\d)[\w-]{3,}+)", re.ASCII
)
_WIDE_EMAIL = re.compile(_EMAIL.pattern)  # åäö in names and domains
_SPELT_AT = re.compile(
    r"(?<![\w.+-])[\w.+-]++(?:[ ](?:piste|dot|punkt)[ ][\w-]++){0,3}"
    r"(?:[ ]?[(\[{][ ]?(?:at|ät|a|ät-merkki|snabel-a)[ ]?[)\]}][ ]?|[ ](?:at|ät|miukumauku)[ ])"
    r"[\w-]++(?:(?:\.|[ ]?[(\[{](?:piste|dot|punkt)[)\]}][ ]?|[ ](?:piste|dot|punkt)[ ])[\w-]++){1,4}",
    re.IGNORECASE,
)
# Two words round a bare 'at' may be plain English ("look at example.fi"): the domain must be spelt.
_PLAIN_AT = re.compile(r"[ ](?:at|ät|miukumauku)[ ]", re.IGNORECASE)
_SPELT_DOT = re.compile(r"[ ](?:piste|dot|punkt)[ ]", re.IGNORECASE)

_LINK = re.compile(r"(?<![\w.])(?:https?://|www\.)[^\s<>\"\[\]]++", re.IGNORECASE)
_QUERY = re.compile(r"(?<=\S)[?#&;](?=[\w.%-]{1,80}=[^\s=])[^\s<>\"\[\]]++")
_TOKEN = re.compile(
    r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
    r"|(?=[a-zA-Z]*\d)(?=\d*[a-zA-Z])[0-9a-zA-Z]{16,}"
    r"|(?=[^/]*\d)(?=[^/]*[a-z])(?=[^/]*[A-Z])[\w~.-]{20,}",
    re.ASCII,
)


def emails(text: str) -> Iterator[Span]:
    """Addresses with @; call where the text holds one."""
    pattern = _EMAIL if text.isascii() else _WIDE_EMAIL
    for match in pattern.finditer(text):
        yield Span(match.start(), match.end(), Kind.EMAIL)


def spelt_emails(text: str) -> Iterator[Span]:
    """'matti (at) example.fi' and 'matti piste virtanen ät example piste fi'."""
    for match in _SPELT_AT.finditer(text):
        if not _PLAIN_AT.search(match[0]) or _SPELT_DOT.search(match[0]):
            yield Span(match.start(), match.end(), Kind.EMAIL)


def links(text: str) -> Iterator[Span]:
    """Query strings, fragments, tokens and logins of links; host and page stay readable."""
    for match in _LINK.finditer(text):
        link = match[0].rstrip(".,;:!?)'")
        yield from _link_parts(link, match.start())
    for match in _QUERY.finditer(text):
        yield Span(match.start() + 1, match.end(), Kind.CUT)


def _link_parts(link: str, offset: int) -> Iterator[Span]:
    page_end = min((at for at in (link.find("?"), link.find("#")) if at >= 0), default=len(link))
    if page_end + 1 < len(link):
        yield Span(offset + page_end + 1, offset + len(link), Kind.CUT)
    at = link.find("//") + 2 if "//" in link[:8] else 0
    for part in link[at:page_end].split("/"):
        login = part.find("@")
        if login > 0 and ":" in part[:login]:
            yield Span(offset + at, offset + at + login, Kind.CUT)
        elif _TOKEN.fullmatch(part):
            yield Span(offset + at, offset + at + len(part), Kind.CUT)
        at += len(part) + 1


# --- telephone numbers ---------------------------------------------------------------------

_G = rf"[{GAP}]"
_S = rf"[{GAP}\-–./]"  # what may stand between two groups of digits
_INTERNATIONAL = re.compile(
    rf"(?<![\w+])(?:\+|(?<![\d.,])00(?=[1-9{GAP}])){_G}?[1-9]\d{{0,2}}(?:{_S}?\(0\))?"
    rf"(?:(?:{_S}{{0,2}}|{_G}?[()]{_G}?)\d){{5,12}}(?!\d)"
)
# Prefixes: Finland 04x/050 mobile; Sweden 07x; United Kingdom 07xxx.
_MOBILE = re.compile(
    rf"(?<![\d.,:/+\-–])(?<![^\W_])\(?0(?:4\d|50|7[02369]|7\d{{3}}){{1}}\)?"
    rf"(?:[{GAP}\-–]{{0,2}}\d){{5,8}}(?!\d)(?![:,]\d)"
    rf"|(?<![\d.,:/+\-–])(?<![^\W_])0(?:4\d|50)\.\d{{3}}\.?\d{{3,4}}(?!\d)"
)
# Area and service codes need groups as telephone numbers have them, so that '08-16' is a time.
_LANDLINE = re.compile(
    rf"(?<![\d.,:/+\-–])(?<![^\W_])(?:\(0[1-9]\d{{0,2}}\){_G}?|0[1-9]\d{{0,2}}[{GAP}\-–])"
    rf"\d{{3,4}}(?:[{GAP}\-]?\d{{2,4}}){{0,2}}(?!\d)(?![:.,]\d)"
    rf"|(?<![\d.,:/+\-–])(?<![^\W_])0[1-9]\d{{6,9}}(?!\d)(?![:.,]\d)"
)
_AMERICAN = re.compile(
    r"(?<![\w+-])(?:1[ -])?(?:\(\d{3}\) ?|\d{3}-)\d{3}-\d{4}(?![\w-])"
)
_CUED = re.compile(
    r"(?<![^\W_])(?:puh(?:elin\w{0,12})?|gsm|matkapuh\w{0,12}|kännykkä\w{0,4}|soit\w{1,6}|numero(?:ni|on|oni|ssa)"
    r"|(?:tele)?phone|tel|mobile|cell|call(?: me)?|mobil(?:nummer)?|tfn|ring|nås)(?![^\W_])"
    r"[^\d\n+]{0,20}?(?<![\d.,:])(\d(?:[ \u00a0\-–]?\d){6,11})(?!\d)(?![:.,%€]\d?)",
    re.IGNORECASE,
)
# Beyond this many finds in one text the shape alone decides: a hostile text stays fast, and what
# is doubtful is hidden.
_VALIDATED_AT_MOST = 64


def phones(text: str, lower: str) -> Iterator[Span]:
    """Telephone numbers. `lower` is the text in lower case, for cheap tests of cues only."""
    budget = _VALIDATED_AT_MOST
    if "+" in text or "00" in text:
        for match in _INTERNATIONAL.finditer(text):
            budget -= 1
            end = _valid_end(text, match.start(), match.end()) if budget > 0 else match.end()
            if end:
                yield Span(match.start(), end, Kind.PHONE)
    if "0" in text:
        for match in _MOBILE.finditer(text):
            yield Span(match.start(), match.end(), Kind.PHONE)
        for match in _LANDLINE.finditer(text):
            budget -= 1
            if budget <= 0 or _dialable(match[0]):
                yield Span(match.start(), match.end(), Kind.PHONE)
    if "-" in text:
        for match in _AMERICAN.finditer(text):
            yield Span(match.start(), match.end(), Kind.PHONE)
    if any(cue in lower for cue in _CUES):
        for match in _CUED.finditer(text):
            yield Span(match.start(1), match.end(1), Kind.PHONE)


_CUES = ("puh", "gsm", "kännykkä", "soit", "numero", "phone", "tel", "mobil", "cell", "call",
         "tfn", "ring", "nås")  # fmt: skip


def _valid_end(text: str, start: int, end: int) -> int:
    """Where an international number ends: trailing groups that do not belong to it fall off.

    0 when no part of it is a number that can be dialled.
    """
    from phonenumbers import NumberParseException, is_possible_number, parse

    while True:
        digits = re.sub(r"[^\d+]", "", text[start:end].replace("(0)", ""))
        number = "+" + digits[2:] if digits.startswith("00") else digits
        try:
            if is_possible_number(parse(number)):
                return end
        except NumberParseException:
            pass
        shorter = re.search(rf"{_S}[\d]*$", text[start:end])
        if shorter is None or shorter.start() == 0:
            return 0
        end = start + shorter.start()


def _dialable(found: str) -> bool:
    """Whether a number with a national prefix is one in Finland or Sweden."""
    from phonenumbers import NumberParseException, is_possible_number, is_valid_number, parse

    digits = re.sub(r"\D", "", found)
    try:
        if is_valid_number(parse(digits, "FI")):
            return True
        return digits.startswith("08") and is_possible_number(parse(digits, "SE"))
    except NumberParseException:
        return False


_DIGIT_WORDS = (
    "nolla|yksi|yks|kaksi|kaks|kolme|neljä|viisi|viis|kuusi|kuus|seitsemän|seittemän|kahdeksan"
    "|yhdeksän|zero|oh|one|two|three|four|five|six|seven|eight|nine"
    "|noll|ett|två|tre|fyra|fem|sex|sju|åtta|nio"
)
_SPOKEN = re.compile(
    rf"(?<![^\W_])(?:{_DIGIT_WORDS})(?:[ ,.-]{{1,2}}(?:{_DIGIT_WORDS}|\d)(?![^\W_])){{5,13}}",
    re.IGNORECASE,
)


def spoken_numbers(text: str) -> Iterator[Span]:
    """Six digits or more, spelt as words in a call transcript: 'nolla neljä nolla ...'."""
    for match in _SPOKEN.finditer(text):
        yield Span(match.start(), match.end(), Kind.PHONE)

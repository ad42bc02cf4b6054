"""Email addresses, links with tokens, and telephone numbers.

Every pattern is linear: a run of characters is entered once (a lookbehind bars its middle) and
never given back (possessive quantifiers), or its length is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from chalicelib.privacy.spans import Kind, Span

_EMAIL = re.compile(
    r"(?<![\w.+%'-])[\w.+%'-]++@(?:[\w-]++(?:\.[\w-]++)++|(?!\d)[\w-]{3,}+)", re.ASCII
)
_WIDE_EMAIL = re.compile(_EMAIL.pattern)  # åäö in names and domains
_DOT = r"(?:piste|dot|punkt)"
_SPELT_AT = re.compile(
    rf"(?<![\w.+-])[\w.+-]++(?:[ ]{_DOT}[ ][\w-]++){{0,3}}"
    r"(?:[ ]?[(\[{][ ]?(?:at|ät|a|ät-merkki|snabel-a)[ ]?[)\]}][ ]?|[ ](?:at|ät|miukumauku)[ ])"
    rf"[\w-]++(?:(?:\.|[ ]?[(\[{{]{_DOT}[)\]}}][ ]?|[ ]{_DOT}[ ])[\w-]++){{1,4}}",
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

_BLANK = " \t\u00a0\u2009\u202f"  # HTML mail is full of no-break spaces
_B = f"[{_BLANK}]"
_BETWEEN = rf"[{_BLANK}\-–]"
_START = r"(?:(?<![^\W_])|(?<=puh)|(?<=gsm)|(?<=tel))"
_INTERNATIONAL = re.compile(
    rf"(?<![\w+])(?:\+|(?<!\d[.,])00(?=[1-9{_BLANK}])){_B}?[1-9]\d{{0,2}}"
    rf"(?:{_BETWEEN}?\(0\))?"
    rf"(?:(?:[{_BLANK}\-–./]{{0,2}}|{_B}?[()]{_B}?)\d){{5,12}}(?!\d)"
)
# Finland 04x and 050, 0457; Sweden 07x; United Kingdom 07xxx. Dots only in groups of three.
_MOBILE = re.compile(
    rf"{_START}(?:\(?0(?:4\d|50)\)?(?:{_BETWEEN}{{0,2}}\d){{6,7}}"
    rf"|0457(?:{_BETWEEN}{{0,2}}\d){{7}}"
    rf"|0(?:7[02369]|7\d{{3}}(?=[^\d\n]?\d{{6}}))(?:{_BETWEEN}{{0,2}}\d){{6,7}}"
    r"|0(?:4\d|50)[./]\d{3}[.]?\d{3,4})(?!\d)",
    re.IGNORECASE,
)
# Area and service codes need groups as telephone numbers have them, so that '08-16' is a time.
_LANDLINE = re.compile(
    rf"{_START}(?<!\d[.,:])(?:(?:\(0[1-9]\d{{0,2}}\){_B}?|0[1-9]\d{{0,2}}{_BETWEEN})"
    rf"(?:\d{{3,8}}|\d{{2}}(?=[ ]\d\d[ ]\d\d))(?:{_BETWEEN}\d{{2,4}}){{0,3}}"
    r"|0[1-9]\d{6,9})(?!\d)(?![:.]\d)",
    re.IGNORECASE,
)
_AMERICAN = re.compile(r"(?<![\w+-])(?:1[ -])?(?:\(\d{3}\) ?|\d{3}-)\d{3}-\d{4}(?![\w-])")
_CUE = (
    r"puh(?:elin\w{0,12})?|gsm|matkapuh\w{0,12}|kännykkä\w{0,4}|soit\w{1,6}|numero(?:ni|on|oni|ssa)"
    r"|(?:tele)?phone|tel|mobile|cell|call(?: me)?|mobil(?:nummer)?|tfn|ring|nås"
)
_CUED = re.compile(
    rf"(?<![^\W_])(?:{_CUE})(?![^\W_])[^\d\n+]{{0,20}}(?<![\d.,:])"
    r"(\d(?:[ \u00a0\-–]?\d){6,11})(?!\d)(?![:.,%€]\d)",
    re.IGNORECASE,
)
_CUES = (
    "puh", "gsm", "kännykkä", "soit", "numero", "phone", "tel", "mobil", "cell", "call", "tfn",
    "ring", "nås",
)  # fmt: skip
# Beyond this many doubtful numbers in one text the shape alone decides: a hostile text stays
# fast, and what is doubtful is hidden.
_VALIDATED_AT_MOST = 64


def phones(text: str, lower: str) -> Iterator[Span]:
    """Telephone numbers. `lower` is the text in lower case, for cheap tests of cues."""
    doubtful: list[tuple[re.Match[str], Callable[[str], bool]]] = []
    if "+" in text or "00" in text:
        doubtful += [(match, _is_international) for match in _INTERNATIONAL.finditer(text)]
    if "0" in text:
        for match in _MOBILE.finditer(text):
            yield Span(match.start(), match.end(), Kind.PHONE)
        doubtful += [(match, _is_national) for match in _LANDLINE.finditer(text)]
    for index, (match, is_one) in enumerate(doubtful):
        sure = index >= _VALIDATED_AT_MOST
        length = len(match[0]) if sure else _dialled_length(match[0], is_one)
        if length:
            yield Span(match.start(), match.start() + length, Kind.PHONE)
    if "-" in text:
        for match in _AMERICAN.finditer(text):
            yield Span(match.start(), match.end(), Kind.PHONE)
    if any(cue in lower for cue in _CUES):
        for match in _CUED.finditer(text):
            yield Span(match.start(1), match.end(1), Kind.PHONE)


def _dialled_length(found: str, is_one: Callable[[str], bool]) -> int:
    """How much of what was found is a number: groups that follow it fall off; 0 if none is."""
    while found:
        if is_one(re.sub(r"[^\d+]", "", found.replace("(0)", ""))):
            return len(found)
        found = found[: max(found.rfind(sign) for sign in f"{_BLANK}-–./()") + 1].rstrip(
            f"{_BLANK}-–./("
        )
        if not re.search(r"\d", found):
            break
    return 0


def _is_international(digits: str) -> bool:
    from phonenumbers import NumberParseException, is_possible_number, parse

    number = digits.removeprefix("00").lstrip("+")
    if number.startswith(("3584", "35850")):  # Finnish plans allow more than is ever given out
        return re.fullmatch(r"358(?:4\d|50)\d{6,7}|358457\d{7}", number) is not None
    try:
        return is_possible_number(parse("+" + number))
    except NumberParseException:
        return False


def _is_national(digits: str) -> bool:
    """Whether figures with a national prefix are a number in Finland or Sweden.

    Eight figures at least: Finland has shorter ones, but '09 2024' is a month.
    """
    from phonenumbers import NumberParseException, is_possible_number, is_valid_number, parse

    if len(digits) < 8:
        return False
    try:
        finnish, swedish = parse(digits, "FI"), parse(digits, "SE")
    except NumberParseException:
        return False
    return is_valid_number(finnish) or (is_possible_number(swedish) and is_valid_number(swedish))


_DIGIT_WORDS = (
    "nolla|yksi|yks|kaksi|kaks|kolme|neljä|viisi|viis|kuusi|kuus|seitsemän|seittemän|kahdeksan"
    "|yhdeksän|yheksän|kaheksan|kakskyt|kolkyt|nelkyt|neljäkyt|viiskyt|viisikymmentä|kuuskyt|zero|oh|one|two|three|four|five|six|seven|eight|nine"
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

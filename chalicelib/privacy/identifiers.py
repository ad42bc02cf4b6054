"""Identity codes, accounts, cards, vehicle plates, dates of birth, and numbers with a cue.

Checksums: python-stdnum (fi.hetu, se.personnummer, iban, luhn), imported when a candidate
appears. Century marks of the Finnish code: decree 128/2010 as amended, in use since 2023
(U-Y for -, B-F for A).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chalicelib.privacy.spans import Kind, Span

# --- personal identity codes ---------------------------------------------------------------

_HETU = re.compile(
    r"(?<![^\W_])(?<!\d[-.])([0-3]\d[01]\d{3})[ \u00a0]?([-–—−‐+A-FU-Ya-fu-y]?)[ \u00a0]?"
    r"(\d{3}[0-9A-FHJ-NPR-Ya-fhj-npr-y])(?![^\W_])(?!-\d)"
)
_PERSONNUMMER = re.compile(r"(?<![\w-])(?:19|20)?\d{2}[01]\d[0-3]\d[-+]\d{4}(?![\w-])")
_IDENTITY_CUE = re.compile(
    r"hetu|henkilötunnu|sotu|sosiaaliturvatunnu|personbeteckning|personnummer|personsignum"
    r"|social security|identity code|personal id",
    re.IGNORECASE,
)
_CUE_REACH = 40  # characters before a candidate in which a cue word counts


def _cued(cue: re.Pattern[str], text: str, at: int, after: int = 0, reach: int = 0) -> bool:
    """Whether a cue word stands shortly before `at`, or within `reach` after `after`."""
    if cue.search(text, max(0, at - _CUE_REACH), at):
        return True
    return bool(reach and cue.search(text, after, after + reach))


# Who tells the last four characters has mostly told the birthday too.
_IDENTITY_TAIL = re.compile(
    r"(?:tunnuksen|hetun|sotun) loppu\w{0,12}[^\d\n]{0,12}?"
    r"(\d{3}[0-9A-FHJ-NPR-Ya-fhj-npr-y])(?![^\W_])"
)


def identity_codes(text: str) -> Iterator[Span]:
    """Finnish codes with a true checksum; with a wrong one, or no mark, only after a cue word."""
    from stdnum.fi import hetu
    from stdnum.se import personnummer

    for match in _HETU.finditer(text):
        date, mark, tail = match.groups()
        typed = mark.upper() if mark.isalpha() or mark == "+" else "-"
        code = f"{date}{typed}{tail}".upper()
        if not (1 <= int(date[:2]) <= 31 and 1 <= int(date[2:4]) <= 12):
            continue
        # Without its mark a code is ten figures like any other: its last must be a letter.
        whole = mark or tail[-1].isalpha()
        sure = whole and hetu.is_valid(code, allow_temporary=True)
        if sure or _cued(_IDENTITY_CUE, text, match.start(), match.end(), 30):
            yield Span(match.start(), match.end(), Kind.ID)
    for match in _PERSONNUMMER.finditer(text):
        if personnummer.is_valid(match[0]) or _cued(_IDENTITY_CUE, text, match.start()):
            yield Span(match.start(), match.end(), Kind.ID)


def identity_tails(text: str) -> Iterator[Span]:
    """The last four characters of a Finnish code, where the text calls them so."""
    for match in _IDENTITY_TAIL.finditer(text):
        yield Span(match.start(1), match.end(1), Kind.ID)


# --- accounts and cards --------------------------------------------------------------------

# Inside a lookahead, so that of two in a row the second is tried as well.
_IBAN = re.compile(r"(?<![^\W_])(?=([A-Za-z]{2}\d{2}(?:[ \u00a0-]?[A-Za-z0-9]){11,30}+))", re.ASCII)
_IN_FOURS = re.compile(r"\w{4}(?:[ \u00a0]\w{4}){2,7}(?:[ \u00a0]\w{1,3})?")
_IBAN_CUE = re.compile(r"iban|tili|konto|account", re.IGNORECASE)
_BBAN = re.compile(r"(?<![\w-])[1-8]\d{5}-\d{2,8}(?![\w-])")  # Finnish account before IBAN
# ISO 13616 registry: length of the whole account number.
_IBAN_LENGTH = {
    country: int(length)
    for length, countries in {
        "15": "NO", "16": "BE", "18": "FI DK NL FO GL", "19": "SI", "20": "EE LT AT LU BA XK",
        "21": "LV CH HR LI", "22": "DE IE GB BG GE ME RS", "23": "GI IL AE",
        "24": "SE ES CZ SK RO SA", "25": "PT", "26": "IS TR", "27": "FR IT GR MC SM",
        "28": "PL HU CY AL AZ", "29": "UA", "31": "MT",
    }.items()
    for country in countries.split()
}  # fmt: skip
_BLANK = re.compile(r"[ \u00a0-]")


def accounts(text: str) -> Iterator[Span]:
    """IBANs, and the older Finnish account numbers after a cue word."""
    from stdnum import iban

    for match in _IBAN.finditer(text):
        length = _IBAN_LENGTH.get(match[1][:2].upper())
        end = _nth_kept(match[1], length) if length else 0
        if not end or text[match.start() + end : match.start() + end + 1].isalnum():
            continue
        written = match[1][:end]
        number = _BLANK.sub("", written).upper()
        # FI and sixteen figures, or the right length in fours, is an account even if mistyped.
        if (
            (number.startswith("FI") and number[2:].isdigit())
            or _IN_FOURS.fullmatch(written)
            or iban.is_valid(number, check_country=False)
            or _cued(_IBAN_CUE, text, match.start())
        ):
            yield Span(match.start(), match.start() + end, Kind.IBAN)
    for match in _BBAN.finditer(text):
        if _cued(_IBAN_CUE, text, match.start()):
            yield Span(match.start(), match.end(), Kind.IBAN)


def _nth_kept(found: str, length: int) -> int:
    """The index just after the `length`-th character that is not a separator; 0 if too short."""
    kept = 0
    for index, character in enumerate(found):
        if not _BLANK.match(character):
            kept += 1
            if kept == length:
                return index + 1
    return 0


_CARD = re.compile(
    r"(?<![\d.,])(?<![^\W\d_])(?=[2-6])(?=("
    r"\d{13,19}|\d{4}[ \u00a0-]\d{6}[ \u00a0-]\d{4,5}"
    r"|\d{4}(?:[ \u00a0-]\d{4}){2}[ \u00a0-]\d{1,4}(?:[ \u00a0-]\d{1,3})?)(?!\d))",
    re.ASCII,
)
_CARD_CUE = re.compile(r"kort|visa|master|amex|credit|debit|card", re.IGNORECASE)
# ISO/IEC 7812 ranges in use: length -> leading figures.
_CARD_RANGE = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:34|37)\d{13}|3[068]\d{12}|35\d{14}"
    r"|(?:5[0-9]|6\d|2[2-7])\d{14}|6\d{16,18}|5[06-8]\d{15,17}"
)


# Beyond this many candidates in one text the shape decides, so that a hostile text stays fast.
_CARDS_TESTED = 500


def cards(text: str) -> Iterator[Span]:
    """Payment cards by range and Luhn; four fours with a wrong figure only after a cue word."""
    from stdnum import luhn

    for tested, match in enumerate(_CARD.finditer(text)):
        if tested >= _CARDS_TESTED:
            yield Span(match.start(), match.end(1), Kind.CARD)
            continue
        for end in _card_ends(match[1]):
            digits = _BLANK.sub("", match[1][:end])
            if not _CARD_RANGE.fullmatch(digits):
                continue
            cued = len(digits) == 16 and _cued(_CARD_CUE, text, match.start())
            if cued or luhn.is_valid(digits):
                yield Span(match.start(), match.start() + end, Kind.CARD)
                break


def _card_ends(found: str) -> Iterator[int]:
    """The whole, then without the last group (a security code, the month of expiry)."""
    yield len(found)
    yield max(found.rfind(blank) for blank in " -\u00a0")


# --- plates --------------------------------------------------------------------------------

_LETTER = "A-ZÅÄÖa-zåäö"
_PLATE = re.compile(
    rf"(?<![\w-])(?:[{_LETTER}]{{2,3}}-\d{{1,3}}|[{_LETTER}]{{3}} ?\d{{3}}"
    r"|[A-Za-z]{3} ?\d{2}[A-Za-z]|[A-Z]{2}\d{2} ?[A-Z]{3})(?![\w-])"
)
_FINNISH_PLATE = re.compile(r"[A-ZÅÄÖ]{2,3}-\d{1,3}")
_PLATE_CUE = re.compile(
    r"rekister(?:i|ö)|rekkari|rek\.|kilpi|kilve|plate|registration|reg\.? ?n|regnum|registrering",
    re.IGNORECASE,
)
_CAR_CUE = re.compile(
    r"(?<![^\W_])(?:auto(?:n|ni|nsa|a|lla|lle|lta|ssa|sta|on|mme|ani|oni)?|paku\w{0,4}"
    r"|pakettiauto\w{0,4}|ajoneuvo\w{0,5}|moottoripyörä\w{0,4}|pysäköi\w{0,8}|parkkee\w{0,8}"
    r"|parkki\w{0,10}|car|van|vehicle|parked|bil(?:en)?|fordon\w{0,3}|parkera\w{0,3})(?![^\W_])",
    re.IGNORECASE,
)
_PLATE_CUES = (
    "rek", "kilpi", "kilve", "plate", "reg", "auto", "paku", "ajoneuvo", "moottorip", "pysäk",
    "park", "car", "van", "vehicle", "bil", "fordon",
)  # fmt: skip
_NOT_PLATES = frozenset(
    {"bmw", "kia", "vw", "amg", "gti", "tdi", "suv", "usb", "led", "ean", "ip", "no", "nr", "ps",
     "xc", "hsl", "iso", "cov"}
)  # fmt: skip


def plates(text: str, lower: str) -> Iterator[Span]:
    """Vehicle plates next to a cue word: alone, ABC-123 is as likely a product code."""
    if not any(cue in lower for cue in _PLATE_CUES):
        return
    for match in _PLATE.finditer(text):
        found = match[0]
        letters = re.match(rf"[{_LETTER}]+", found)
        if not letters or letters[0].lower() in _NOT_PLATES:
            continue
        cued = _cued(_PLATE_CUE, text, match.start(), match.end(), 25)
        # 'on 123' after 'rekisterinumero' is a word and a number; 'abc-123' and 'abc123' are not.
        written = letters[0].isupper() or "-" in found or " " not in found
        if (cued and written) or (
            _FINNISH_PLATE.fullmatch(found)
            and _cued(_CAR_CUE, text, match.start(), match.end(), 20)
        ):
            yield Span(match.start(), match.end(), Kind.PLATE)


# --- dates of birth and numbers with a cue -------------------------------------------------

_MONTH = (
    "(?:tammi|helmi|maalis|huhti|touko|kesä|heinä|elo|syys|loka|marras|joulu|jan|feb|mar|mär|apr"
    r"|may|maj|jun|jul|aug|sep|oct|okt|nov|dec)\w{0,8}"
)
_YEAR = r"(?:19|20)\d{2}"
_DATE = (
    rf"(?:\d{{1,2}}[./-] ?\d{{1,2}}[./-] ?(?:19|20)?\d{{2}}|{_YEAR}-\d{{2}}-\d{{2}}"
    rf"|\d{{1,2}}(?:\.|st|nd|rd|th)? ?(?:of )?{_MONTH},? {_YEAR}"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? {_YEAR})"
)
_BORN = re.compile(
    r"(?<![^\W_])(?:synt(?:ynyt|ymäaika\w{0,4}|ymäpäivä\w{0,4}|\.)?|s\.|date of birth"
    r"|birth ?da(?:te|y)|dob|born|född|fött|födelsedatum\w{0,2}|f\.)"
    rf"(?:[ :=]|on|är|is|the|den|\w{{1,4}}ni){{0,6}}({_DATE})(?!\d)",
    re.IGNORECASE,
)
_BORN_CUES = ("synt", "s. ", "s.1", "s.2", "birth", "dob", "born", "född", "fött", "födelse", "f.")


def birthdates(text: str, lower: str) -> Iterator[Span]:
    """Full dates right after a word such as 'syntynyt', 'born', 'född'."""
    if any(cue in lower for cue in _BORN_CUES):
        for match in _BORN.finditer(text):
            yield Span(match.start(1), match.end(1), Kind.BIRTHDATE)


_THING = (
    "asiaka|tilau|sopimu|lasku|jäsen|lähety|seuranta|seuraamis|vakuutu|viite|varau|vahinko|paketi"
    "|tapau|käyttöpaik|mittari|liittym|passi|ajokort|henkilökort|kund|order|beställning|medlem|faktura|bokning|referens|kolli"
    "|ärende|customer|client|invoice|member|booking|tracking|reference|policy|account|claim|ticket"
    "|case|passport"
)
_NUMBERED = re.compile(
    rf"(?:(?:booking|order|payment|customer) reference|(?:{_THING})\w{{0,10}}"
    r"(?:[ -]?(?:numero|nro|number|nummer|tunnu|koodi)|[ -](?:id|no|nr|num|code)(?![^\W_])|nr)"
    r"\w{0,8})(?:[ \u00a0]?[.:#=\-–]|[ \u00a0](?:on|oli|is|was|är|var|nr|no|nro)(?![^\W_])){0,3}"
    r"[ \u00a0#]{0,2}"
    r"((?=[A-Z/_-]{0,8}\d)[A-Z0-9](?:[A-Z0-9/_-]|(?<=\d) (?=\d{3})){3,30}+"
    r"(?:(?<=\d{5} \d{5}) \d{1,2}(?!\d))?)",
    re.IGNORECASE,
)
_NUMBERED_CUES = ("nro", "numero", "numm", "numb", "nr", "tunnu", "koodi", " id", " no", "code",
                   " reference")  # fmt: skip


def cued_numbers(text: str, lower: str) -> Iterator[Span]:
    """Order, customer, invoice and like numbers that the customer names as such."""
    if any(cue in lower for cue in _NUMBERED_CUES):
        for match in _NUMBERED.finditer(text):
            if sum(c.isdigit() for c in match[1]) >= 3:
                yield Span(match.start(1), match.end(1), Kind.ID)

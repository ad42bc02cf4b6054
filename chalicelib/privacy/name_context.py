"""What stands around a capitalised word: whether it names a person, a company or a product.

A furniture shop sells the sofa Elsa, Mäkinen Oy delivers it, and 'pojalleni Onnille' is a boy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chalicelib.privacy.name_list import NOT_NAMES, NOT_SURNAMES
from chalicelib.privacy.spans import Kind, Span

_UPPER = "A-ZÅÄÖÉ"
_B = r"[ \u00a0]"
_END = r"(?![^\W_])"

# --- companies and products ----------------------------------------------------------------

_FORM = rf"(?:Oyj?|OY|Ab|AB|Ky|Ltd|Inc|GmbH|Plc|LLC|A/S){_END}"
_COMPANY = re.compile(
    rf"(?:{_B}[{_UPPER}][\w-]{{1,20}}){{0,2}}{_B}{_FORM}"
    rf"|{_B}&{_B}[{_UPPER}]|{_B}(?:och|ja|and){_B}(?:Kumppanit|Söner|Sons|Pojat|Co){_END}"
)
_PRODUCT_BEFORE = re.compile(
    r"(?:sohva|tuoli|pöytä|pöydä|hylly|sänky|sängy|matto|mato|valaisin|lamppu|lamput|kaappi|kaapi"
    r"|lipasto|jakkara|patja|penkki|penki|senkki|senki|malli|mallisto|sarja|kuosi)t?[ ]"
    r"|(?:soffan?|bordet|bord|stolen|stol|fåtölj(?:en)?|sängen|hyllan|lampan|mattan|byrån|skåpet"
    r"|modellen|serien)[ ](?:heter[ ])?",
    re.IGNORECASE,
)
_PRODUCT_AFTER = re.compile(
    rf"{_B}(?:(?:corner{_B})?(?:sofa|chair|armchair|table|bed|lamp|shelf|desk|rug|bench|stool"
    rf"|wardrobe|range|series|collection|soffan?|stolen|bordet|fåtöljen|sängen)s?{_END}"
    r"|-(?:sohv|tuol|nojatuol|pöy|hylly|mato|matto|mallist|malli|lasi|sark|säng|sänk))"
)
_NEAR = 24  # characters before a name in which the word before it begins


# Finnish writes 'Aino Aalto -lasit', 'Pekka ja Pätkä -elokuva', 'Martti Ahtisaaren aukio'.
_COMPOUND = re.compile(rf"(?:{_B}ja{_B}[{_UPPER}][\w]{{1,20}})?{_B}[-–](?!nimi)[a-zåäö]")
_MEMORIAL = re.compile(
    rf"{_B}(?:aukio|puisto|katu|kadu|tie|raitti|koulu|lukio|silta|sali|stadion|museo|säätiö|torg"
    rf"|park)\w{{0,6}}{_END}(?!{_B}\d)"
)


def is_named_after(text: str, end: int, *, full: bool) -> bool:
    """Whether text[..end] is part of the name of a thing or a place, not who is spoken of."""
    if _COMPOUND.match(text, end):
        return True
    return full and text[end - 1] in "ns" and _MEMORIAL.match(text, end) is not None


def is_company(text: str, end: int) -> bool:
    """Whether what follows makes text[..end] a company: 'Virtanen Oy', 'Johnson & Sons'."""
    return _COMPANY.match(text, end) is not None


def is_product(text: str, start: int, end: int) -> bool:
    """Whether a lone, uninflected first name names furniture: 'sohvamalli Elsa', 'the Emma sofa'.

    Finnish 'sohvan Elsa' is left to be a person: 'sohvan Elsa osti itse'.
    """
    if _PRODUCT_AFTER.match(text, end):
        return True
    near = text[max(0, start - _NEAR) : start]
    return any(found.end() == len(near) for found in _PRODUCT_BEFORE.finditer(near))


# --- what people do ------------------------------------------------------------------------

_DID = (
    r"(?:lupasi|lupaili|sanoi|kertoi|soitti|soitteli|neuvoi|auttoi|vastasi|väitti|ehdotti|opasti"
    r"|pahoitteli|hoiti|palveli|osasi|said|told|promised|helped|answered|replied|called|rang|apologised"
    r"|lovade|sade|sa|berättade|ringde|hjälpte|svarade)"
)
_DID_AFTER = re.compile(
    rf"{_B}(?:{_DID}|teiltä|chatista|asiakaspalvelusta|paikalla|tavattavissa){_END}"
)
_DID_BEFORE = re.compile(rf"(?<![^\W_])(?i:{_DID}){_B}$")


def acts(text: str, start: int, end: int) -> bool:
    """Whether text[start:end] did what only people do: 'Vesa lupasi', 'soitti Satu'."""
    if _DID_AFTER.match(text, end):
        return True
    return _DID_BEFORE.search(text, max(0, start - 14), start) is not None


# --- whose they are ------------------------------------------------------------------------

_KIN_STEM = (
    "poj|poik|tyttär|tytär|tyttö|tytö|sisko|velj|veli|vaimo|avovaimo|mieh|avomieh|puoliso|äiti"
    "|äidi|isä|mummo|ukki|vaari|naapuri|kaveri|työkaveri|ystävä|kolleg|laps|anop|ap[ip]|täti|tädi"
    "|setä|sedä|eno|serk|serku|kämppi|esimie|pom"
)
_KIN = re.compile(rf"(?:{_KIN_STEM})\w{{0,8}}(?:ni|nsa|nsä|mme|nne)", re.IGNORECASE)
_KIN_FOREIGN = re.compile(
    r"son|daughter|husband|wife|partner|fiancée?|mother|father|mum|mom|dad|brother|sister"
    r"|flatmate|roommate|neighbour|neighbor|friend|colleague|uncle|aunt|boss"
    r"|dotter|man|fru|sambo|mor|far|mamma|pappa|bror|syster|granne|vän|kollega|moster|faster",
    re.IGNORECASE,
)
_OWNER = re.compile(
    rf"(?<![^\W_])(?:my|our|his|her|their|late|min|mitt|vår|hans|hennes|deras)"
    rf"(?:{_B}[a-zåäö]{{2,12}})?{_B}$",
    re.IGNORECASE,
)
_ROLE = re.compile(
    r"(?:asiakas)?(?:palvelija|neuvoja|palveluhenkilö)(?:nne|mme)?|kuljettaja(?:nne|mme)?"
    r"|asentaja(?:nne)?|myyjä(?:nne)?|hoitaja(?:nne|mme)?|virkailija(?:nne)?|vuokralainen|potilas"
    r"|edunvalvoja(?:nne|ni)?|neuvonantaja|yhteyshenkilö(?:mme|nne|ni)?|isännöitsijä(?:mme)?"
    r"|vuokranantaja(?:ni|mme)?|montören|chauffören|kundtjänstens|rådgivaren|säljaren",
    re.IGNORECASE,
)
# A capital behind a word: the class first, so that a scan looks for one set of characters only.
_CAPITAL = re.compile(
    rf"[{_UPPER}](?:(?<=[^\W\d_]{_B}.)|(?<=[^\W\d_],{_B}.))[^\W\d_]++(?:['’-][^\W\d_]++)*+"
    rf"(?:{_B}[{_UPPER}][^\W\d_]++(?:['’-][^\W\d_]++)*+)?"
)
# 'Kuljettaja Turusta': the place-like cases of a word that no list calls a name.
_PLACE_CASE = re.compile(r".*(?:ss[aä]|st[aä]|lt[aä]|ll[aä]|een|aan|oon|uun|iin)")


_TITLES = ("Mr", "Mrs", "Ms", "Dr", "Fru", "Herr")  # the name comes after it, by its own rule


def related(text: str) -> Iterator[Span]:
    """Names after a relative, a friend or a role: 'mieheni Kari', 'kuljettajanne Tuomo Kärnä'."""
    for match in _CAPITAL.finditer(text):
        start, end = match.span()
        before = text[max(0, start - 50) : start].rstrip(", \u00a0")
        near, _, word = before.rpartition(" ")
        kin = _KIN.fullmatch(word) is not None
        theirs = _KIN_FOREIGN.fullmatch(word) and _OWNER.search(f"{near} ")
        if not kin and not theirs and not _ROLE.fullmatch(word):
            continue
        last = _name_end(text, start, end, kin=kin)
        if last:
            yield Span(start, last, Kind.NAME)


def _name_end(text: str, start: int, end: int, *, kin: bool) -> int:
    """Where the name of one or two capitalised words ends; 0 when it is none."""
    first, *more = text[start:end].split()
    if first.lower() in NOT_NAMES or first.isupper() or first in _TITLES:
        return 0
    if _PLACE_CASE.fullmatch(first.lower()) and not (
        kin and first.lower().endswith(("lta", "ltä"))
    ):
        return 0
    if is_company(text, end):
        return 0
    if more and (more[0].lower() in NOT_NAMES or more[0].lower() in NOT_SURNAMES):
        return start + len(first)
    return end

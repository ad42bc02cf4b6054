"""Street addresses: Finnish, Swedish and English.

A candidate is a word before a number (Nordic) or words after one (English); only then is the
word's ending looked at, so that a text without numbers costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chalicelib.privacy.spans import Kind, Span

_B = r"[ \u00a0]"
_PLACE = r"[A-ZÅÄÖ][\wåäöÅÄÖ-]{1,30}"
# 'Kotikatu 12-14 A 5', '3 b as 12'; a lone 'i', 'o' or 'å' after the number is a word.
_HOUSE = (
    rf"\d{{1,4}}(?!\d|[.,]\d)(?:{_B}?[-–]{_B}?\d{{1,4}}(?!\d))?"
    rf"(?:{_B}?[A-HJ-NP-Za-hj-np-z](?![^\W\d_])(?:{_B}?\d{{1,3}}(?!\d|[.,]\d))?)?"
    rf"(?:,?{_B}(?:as|asunto|lgh|bst|apt|krs|huoneisto)\.?{_B}?[A-H]?{_B}?\d{{1,3}}(?!\d))?"
)
_POSTAL = (
    rf"(?:[,;]?\s{{1,2}}|,)(?:(?:FI|FIN|SE|S)-)?\d{{3}}{_B}?\d{{2}}(?!\d),?{_B}{{0,2}}{_PLACE}"
)
_CITY = rf",{_B}{_PLACE}(?![^\W_])(?={_B}*(?:[.,;!?)\n]|$))"
_BEFORE_NUMBER = re.compile(rf"(?<![\w-])([^\W\d_][\w'’-]*+){_B}(?=\d)")
_NUMBER_ON = re.compile(rf"({_HOUSE})(?P<tail>{_POSTAL}|{_CITY})?")

# Finnish street words in both grades, with case endings.
_CASES = (
    "(?:n|a|ä|tä|ta|lla|llä|lle|lta|ltä|ssa|ssä|sta|stä|hun|uun|lle|een|ään|aan|ksi|kseen|rielle)?"
)
_FI_STREET = re.compile(
    rf".*(?:ka(?:tu|du)|ti(?:e|ellä|elle|eltä|en|etä|ehen|essä|estä)|kuja|pol(?:ku|u)|kaar(?:i|e)"
    rf"|rait(?:ti|i)|väylä|bulevardi|esplanadi){_CASES}"
)
# Words that also end other words ('monitori 27', 'raportti 5'): a capital and a further sign.
_FI_WEAK = re.compile(
    rf".*(?:tori|ran(?:ta|na)|rin(?:ne|tee)|mä(?:ki|e)|por(?:tti|ti)|piha|kulma|aukio"
    rf"|pen(?:ger|kere)|pui(?:sto|stikko)|laita|taival|linja|kallio|harju|niemi|lahti|pelto"
    rf"|metsä|suora|silta|kangas){_CASES}"
)
_SV_STREET = re.compile(r".*(?:gatan|vägen|gränden|stigen|allén|esplanaden|torget|bågen|gata|väg)")
_NOT_STREETS = re.compile(
    r".*(?:valta|moottori|kanta|maan|seutu|yhdys|kehä|rauta|ratkaisu|huolto|osake|yhtei)ti\w*"
    r"|.*(?:luonto|kävely|elämän|koulu|käyttö|asiakas|osto|palvelu)pol\w+"
    r"|.*sateenkaar\w+|.*(?:järn|motor|riks|stam|region|lands|huvud|luft)väg(?:en)?"
    r"|.*(?:moni|trak|moot|reak|projek|edi|au|sto|doh|insinöö)tori\w*|.*(?:rapor|pas|spor)t\w+"
)
_ADDRESS_CUE = re.compile(
    r"osoit|asu(?:n|mme|va|u|in|tte|mi)|muut(?:in|an|imme|to)|toimit|adress|bor(?![^\W_])|flytt"
    r"|kotiin",
    re.IGNORECASE,
)
#: Street words that stand alone: 'Otto Brandtin tie 5'.
_BARE = frozenset(
    {"katu", "kadulla", "kadulle", "kadulta", "kadun", "tie", "tiellä", "tielle", "tieltä", "tien",
     "polku", "polulla", "polun", "kuja", "kujalla", "kujan", "raitti", "raitilla", "kaari",
     "bulevardi", "väg", "gata", "gränd"}
)  # fmt: skip
# The name before it is a genitive; without one, 'Tie 51' is a road.
_BEFORE_BARE = re.compile(rf"(?:[A-ZÅÄÖ][\w'’-]{{1,25}}{_B})?[A-ZÅÄÖ][\w'’-]{{1,25}}[ns]{_B}$")
_ADJECTIVE = re.compile(
    r"(?<![^\W_])(?:iso|isolla|isolle|isolta|ison|pieni|pienellä|vanha\w*|uusi|uudella|pohjoi\w+"
    r"|etelä\w+|itäi\w+|länti\w+|läntise\w+|ylä|ala|pitkä\w*|kolmas|toinen|ensimmäinen|stora|lilla"
    rf"|norra|södra|östra|västra|gamla|nya|övre|nedre){_B}$",
    re.IGNORECASE,
)

# 'Koulukatu kakstoista', as a call is written down.
_TEENS = "toista|kymmentä(?:yks|kaks|kolme|neljä|viis|kuus)?i?"
_SPOKEN_NUMBER = re.compile(
    rf"(?<![\w-])([^\W\d_]{{6,40}}+){_B}"
    rf"(?:(?:yks|kaks|kolme|neljä|viis|kuus|seittemä|seitsemä|kaheksa|kahdeksa|yheksä|yhdeksä|kymmene)"
    rf"i?n?(?:{_TEENS})?)(?![^\W_])"
)

_EN_KIND = (
    "Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Close|Court|Ct|Way|Place|Crescent|Gardens"
    "|Terrace|Square|Boulevard|Blvd|Grove|Hill"
)
_EN_SIGNS = (
    " st", " road", " rd", " av", " lane", " ln", " dr", " close", " c", " way", " place",
    " gardens", " terrace", " square", " bl", " grove", " hill",
)  # fmt: skip
_FLAT = r"(?:Flat|Apt\.?|Apartment|Unit) \d{1,4}[A-Za-z]?"
_ENGLISH = re.compile(
    rf"(?<![\w.,:/-])(?:{_FLAT},? )?\d{{1,5}}[A-Za-z]? "
    rf"(?:(?:[A-Z][\w'’-]{{1,25}} ){{1,3}}(?:{_EN_KIND})(?![^\W_])"
    r"|(?!the |down |my |this |per |on |of |in |day)[a-z]{3,20} "
    r"(?:(?!the |this |my |down )[a-z]{3,20} )?(?:street|road|avenue|lane)(?![^\W_]))"
    rf"(?:,? {_FLAT})?(?:, {_PLACE}(?: {_PLACE})?(?=[,.;!?)\n]|$| [A-Z]{{1,2}}\d))?"
    r"(?:,? [A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2})?(?:,? [A-Z]{2} \d{5})?"
)


def addresses(text: str, lower: str) -> Iterator[Span]:
    """Street addresses with a house number, and the postal code and town after them.

    The ending of an inflected number stays: 'Kotikatu 3:ssa' -> '[address]:ssa'.
    """
    for match in _BEFORE_NUMBER.finditer(text):
        number = _NUMBER_ON.match(text, match.end())
        if number and _is_street(text, match, number):
            start = _with_first_words(match[1], text, match.start())
            yield Span(start, number.end(), Kind.ADDRESS)
    if any(sign in lower for sign in _EN_SIGNS):
        for match in _ENGLISH.finditer(text):
            yield Span(match.start(), match.end(), Kind.ADDRESS)


def spoken_addresses(text: str) -> Iterator[Span]:
    """Finnish streets with the house number in words, after a word such as 'osoite' or 'asun'."""
    for match in _SPOKEN_NUMBER.finditer(text):
        word = match[1].lower()
        near = max(0, match.start() - 40)
        street = _FI_STREET.fullmatch(word) and not _NOT_STREETS.fullmatch(word)
        if street and _ADDRESS_CUE.search(text, near, match.start()):
            yield Span(match.start(), match.end(), Kind.ADDRESS)


def _is_street(text: str, match: re.Match[str], number: re.Match[str]) -> bool:
    word = match[1].lower()
    near = max(0, match.start() - 40)
    if word in _BARE:
        return _BEFORE_BARE.search(text, near, match.start()) is not None
    # Three letters before the street word at least; longer than any street's name is no street.
    if not 6 <= len(word) <= 40 or _NOT_STREETS.fullmatch(word):
        return False
    if _FI_STREET.fullmatch(word) or _SV_STREET.fullmatch(word):
        return True
    if match[1][0].isupper() and _FI_WEAK.fullmatch(word):
        stairs = re.search(r"\d\W?[A-H](?!\w)", number[1])
        return bool(number["tail"] or stairs or _ADDRESS_CUE.search(text, near, match.start()))
    return False


def _with_first_words(word: str, text: str, start: int) -> int:
    """Where the street's name begins: 'Iso Roobertinkatu', 'Aleksis Kiven katu'."""
    pattern = _BEFORE_BARE if word.lower() in _BARE else _ADJECTIVE
    found = pattern.search(text, max(0, start - 40), start)
    return found.start() if found else start

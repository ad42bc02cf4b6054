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
_POSTAL = rf"(?:[,;]?\s{{1,2}}|,)(?:(?:FI|FIN|SE|S)-)?\d{{3}}{_B}?\d{{2}}(?!\d),?{_B}{{0,2}}{_PLACE}(?:{_B}as\.)?"
_CITY = rf",{_B}{_PLACE}(?![^\W_])(?={_B}*(?:[.,;!?)\n]|$))"
_NORDIC = re.compile(
    rf"(?<![\w-])([^\W\d_][\w'’-]{{0,40}}+){_B}({_HOUSE})(?P<tail>{_POSTAL}|{_CITY})?"
)

# Finnish street words: nominative, and weak-grade stem where it differs, with case endings.
_CASES = r"(?:n|a|ä|tä|ta|lla|llä|lle|lta|ltä|ssa|ssä|sta|stä|[aeiouyäö]n|hen|kse|ksi)?"
_FI_STREET = re.compile(
    rf"[\w'’-]*(?:ka(?:tu|du)|ti(?:e|ellä|elle|eltä|en|etä|ehen|essä|estä)|kuja|pol(?:ku|u)|kaar(?:i|e)"
    rf"|rait(?:ti|i)|väylä|bulevardi|esplanadi){_CASES}",
    re.IGNORECASE,
)
# Words that also end other words ('monitori 27', 'raportti 5'): a capital and a further sign.
_FI_WEAK = re.compile(
    rf"[\w'’-]*(?:tori|ran(?:ta|na)|rin(?:ne|tee)|mä(?:ki|e)|por(?:tti|ti)|piha|kulma|aukio|pen(?:ger|kere)"
    rf"|pui(?:sto|stikko)|laita|taival|linja|kallio|harju|niemi|lahti|pelto|metsä|suora|silta|kangas){_CASES}",
    re.IGNORECASE,
)
_NOT_STREETS = re.compile(
    r"(?:.*(?:valta|moottori|kanta|maan|seutu|yhdys|kehä|rauta|luonto|kävely|pyörä|ratkaisu|puheen|asian|luo|tär"
    r"|huoltotie|kaupun|pääs)ti\w*|.*(?:luonto|kaupin|kävely|elämän|koulu|käyttö|asiakas)pol\w+"
    r"|.*sateenkaar\w+|jär?nvägen|motorvägen|landsvägen|huvudvägen|på|(?:.*(?:osake|aineis|yksi|yhtei|ka|kor)|\w)tie\w*"
    r"|.*(?:moni|rapor|trak|moot|reak|projek|edi|au|sto|kor|par|spor)(?:tori|tti|ti|tor)\w*)",
    re.IGNORECASE,
)
_SV_STREET = re.compile(
    r"[\w'’-]*(?:gatan|vägen|gränden|stigen|allén|esplanaden|torget|gata|väg)", re.IGNORECASE
)
_ADDRESS_CUE = re.compile(
    r"osoit|asu(?:n|mme|va|u|in|tte|mi)|muut(?:in|an|imme|to)|toimit|adress|bor(?:\b| )|flytt|kotiin",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    rf"(?:(?:[A-ZÅÄÖ][\w'’-]{{1,25}}|von|af){_B}){{1,2}}$"
)
_ADJECTIVE = re.compile(
    rf"(?:iso|iso[nl]\w*|pieni|pienellä|vanha\w*|uusi|uudella|pohjoi\w+|etelä\w+|itäi\w+|länti\w+|läntise\w+|ylä|ala|pitkä\w*"
    rf"|kolmas|toinen|ensimmäinen|stora|lilla|norra|södra|östra|västra|gamla|nya|övre|nedre){_B}$",
    re.IGNORECASE,
)

_EN_KIND = (
    "Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Close|Court|Ct|Way|Place|Crescent|Gardens|Terrace|Square"
    "|Boulevard|Blvd|Grove|Hill"
)
_ENGLISH = re.compile(
    rf"(?<![\w.,:/-])(?:(?:Flat|Apt\.?|Apartment|Unit) \d{{1,4}}[A-Za-z]?,? )?\d{{1,5}}[A-Za-z]? "
    rf"(?:(?:[A-Z][\w'’-]{{1,25}} ){{1,3}}(?:{_EN_KIND})(?![^\W_])\.?"
    rf"|(?!the|down|my|this|per|on|of|in|day)(?:[a-z]{{3,20}} ){{1,2}}(?<!the )(?<!this )(?<!my )(?:street|road|avenue|lane)(?![^\W_]))"
    rf"(?:,? (?:Flat|Apt\.?|Apartment|Unit) \d{{1,4}}[A-Za-z]?)?"
    rf"(?:, {_PLACE}(?: {_PLACE})?(?=[,.;!?)\n]|$| [A-Z]{{1,2}}\d))?(?:,? [A-Z]{{1,2}}\d[A-Z\d]? \d[A-Z]{{2}})?(?:,? [A-Z]{{2}} \d{{5}})?"
)


def addresses(text: str) -> Iterator[Span]:
    """Street addresses with a house number, and the postal code and town after them.

    The ending of an inflected number stays: 'Kotikatu 3:ssa' -> '[address]:ssa'.
    """
    for match in _NORDIC.finditer(text):
        word = match[1]
        if _is_street(word, text, match):
            start = _with_first_words(word, text, match.start())
            yield Span(start, match.end(), Kind.ADDRESS)
    for match in _ENGLISH.finditer(text):
        yield Span(match.start(), match.end(), Kind.ADDRESS)


def _is_street(word: str, text: str, match: re.Match[str]) -> bool:
    bare = word.lower() in _BARE  # 'Otto Brandtin tie 5': the street word stands alone
    if bare:
        return bool(_BEFORE.search(text, max(0, match.start() - 40), match.start()))
    if _SV_STREET.fullmatch(word) and len(word) >= 6:
        return not _NOT_STREETS.fullmatch(word)
    if _FI_STREET.fullmatch(word) and len(word) >= 6:
        return not _NOT_STREETS.fullmatch(word)
    if word[0].isupper() and _FI_WEAK.fullmatch(word) and len(word) >= 6:
        further = match["tail"] or re.search(r"\d\W?[A-H](?!\w)", match[2])
        cued = further or _ADDRESS_CUE.search(text, max(0, match.start() - 40), match.start())
        return bool(cued) and not _NOT_STREETS.fullmatch(word)
    return False


_BARE = frozenset(
    "katu kadulla kadulle kadulta kadun tie tiellä tielle tieltä tien polku polulla polun kuja kujalla"
    " kujan raitti raitilla kaari bulevardi puistokatu väg gata gränd".split()
)


def _with_first_words(word: str, text: str, start: int) -> int:
    """Where the street's name begins: 'Iso Roobertinkatu', 'Aleksis Kiven katu'."""
    found = (_BEFORE if word.lower() in _BARE else _ADJECTIVE).search(
        text, max(0, start - 40), start
    )
    return found.start() if found else start

"""Names of people that the lists or the source know, also inflected ('Matille', 'Virtasen').

A word is a form of a name when taking off a case ending leaves a stem of that name; stems follow
the consonant gradation of pp, tt, kk, as Finnish inflects names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from chalicelib.privacy.name_context import acts, is_company, is_named_after, is_product
from chalicelib.privacy.name_list import (
    BRANDS,
    FIRST_NAMES,
    NOT_NAMES,
    NOT_SURNAMES,
    NOUN_NAMES,
    SURNAME_WORDS,
    SURNAMES,
    WORD_NAMES,
)
from chalicelib.privacy.spans import Kind, Span

UPPER = "A-ZÅÄÖÉ"
BLANK = r"[ \u00a0]"
WORD = r"[^\W\d_]++(?:['’-][^\W\d_]++)*+"

# The class before the lookbehind: a scan for capitals is then a scan for one set of characters.
_CAPITALISED = re.compile(rf"[{UPPER}](?<![\w'’@/#-].)(?:[^\W\d_]|['’-](?=[^\W\d_]))++")
# What may follow a first name: a capitalised word, also after 'von', or an initial.
_FOLLOWING = re.compile(
    rf"(?:{BLANK}(?:(?:von|af|de|van|der|la){BLANK}){{0,2}}([{UPPER}](?:[^\W\d_]|(?=['’][{UPPER}]))(?:[^\W\d_]|['’-](?=[^\W\d_]))*+)"
    rf"|{BLANK}([{UPPER}])(?![\w'’])\.?)"
)

_PARTICLE = r"(?:ko|kö|kin|kaan|kään|han|hän)"
_ENDING = re.compile(
    r"(?:(?:n|ll[aäe]|lt[aä]|ss[aä]|st[aä]|n[aä]|ksi|t[aä]|a|ä|an|än|en|in|on|un|yn|ön|aan|ään|een|iin)"
    rf"{_PARTICLE}?|{_PARTICLE}|['’]?s|:\w{{1,5}})"
)
_FOREIGN_ENDING = re.compile(r"['’]?s|:\w{1,5}|['’]\w{1,4}")
_VOWELS = "aeiouyäöåé"
_NEN = re.compile(
    r"(.+?)(?:sen|st[aä]|sell[aäe]|selt[aä]|sest[aä]|sess[aä]|seen|sen[aä]|seksi"
    r"|set|sten|si[aä]|sill[aäe]|silt[aä]|sist[aä]|siin)"  # the family: Korhoset, Mäkisille
    rf"{_PARTICLE}?"
)
_SURNAME_SHAPE = re.compile(
    r".{2,}(?:(?:nen|sen|sell[aäe]|selt[aä]|st[aä]|sson(?:in|ille|ilta)?)"
    r"|(?:ström|qvist|berg|lund|holm|gren|man|blom|smith|son|ley|ton)(?:i[nl]\w{0,3})?"
    r"|(?:koski|mäki|niemi|lahti|ranta|salo|järvi)(?:n|lle|lta|ltä|lla|llä)?)"
)


def _stems(name: str) -> Iterator[str]:
    """The stems that case endings follow: 'matti' -> 'matti', 'mati'."""
    yield name
    yield re.sub(r"(pp|tt|kk)(?=[aeiouyäö]$)", lambda pair: pair[0][0], name)
    if name[-1] not in _VOWELS:
        yield name + "i"  # Erik-i-lle, John-i-n
    if name.endswith(("as", "es", "is", "us")):
        yield name[:-1] + "kse"  # Hannes, Hannekse-n
        yield name[:-1] + name[-2]  # Tuomas, Tuomaa-n


@cache
def _stem_table(names: frozenset[str]) -> dict[str, str]:
    """stem -> name."""
    return {stem: name for name in sorted(names) for stem in _stems(name)}


#: first word -> the second words of brands that sound like people
_BRANDS = {
    first: frozenset(brand.split()[1] for brand in BRANDS if brand.split()[0] == first)
    for first in {brand.split()[0] for brand in BRANDS}
}

_AUNTS = frozenset({"täti", "tädin", "tädille", "tädiltä", "setä", "eno", "mummo", "ukki", "vaari",
                    "mamma", "pappa"})  # fmt: skip


@lru_cache(maxsize=4096)
def form_of(word: str, names: frozenset[str]) -> str | None:
    """The name in `names` of which a lower-case word is a form, or None."""
    if word in names:
        return word
    if word in NOT_NAMES:
        return None
    nen = _NEN.fullmatch(word)
    # 'Salosta' is from the town of Salo, not a Salonen.
    place = nen and (nen[1] in SURNAME_WORDS or nen[1] == "savo") and word[-3:] in ("sta", "stä")
    if nen and nen[1] + "nen" in names and not place:
        return nen[1] + "nen"
    table = _stem_table(names)
    for cut in range(1, min(9, len(word) - 2)):
        stem, ending = word[:-cut], word[-cut:]
        # Finnish endings follow a vowel (Erik-i-n); only -s and a colon follow a consonant.
        pattern = _ENDING if stem[-1] in _VOWELS else _FOREIGN_ENDING
        if stem in table and pattern.fullmatch(ending):
            return table[stem]
    first, hyphen, second = word.partition("-")  # Anna-Maija, Matti-Pekalle
    if hyphen and is_first(first) and (second in _AUNTS or form_of(second, names)):
        return word
    return None


def is_first(word: str) -> bool:
    """Whether a lower-case word is a form of any first name of the lists."""
    return bool(form_of(word, FIRST_NAMES) or form_of(word, WORD_NAMES))


def _two_first(word: str) -> bool:
    """Whether a lower-case word is two first names, uninflected: 'anna-maija'."""
    first, hyphen, second = word.partition("-")
    return bool(hyphen) and {first, second} <= FIRST_NAMES | WORD_NAMES


def is_surname(word: str) -> bool:
    """Whether a lower-case word is a form of a surname of the list."""
    return form_of(word, SURNAMES) is not None


def follows_first(word: str) -> bool:
    """Whether a lower-case word after a first name is a form of a surname of the lists."""
    return is_surname(word) or form_of(word, SURNAME_WORDS) is not None


def surname_like(word: str) -> bool:
    """Whether a word may follow a name that is a word: 'Onni Virtanen', not 'Onni Lounas'."""
    lower = word.lower()
    return follows_first(lower) or bool(_SURNAME_SHAPE.fullmatch(lower))


def _full_name(text: str, start: int, end: int) -> int:
    """Where the name that begins with the first name text[start:end] ends; `start` for a brand."""
    for count in range(3):
        following = _FOLLOWING.match(text, end)
        if not following or (following[1] and following[1].lower() in NOT_SURNAMES):
            break
        if count and following[1] and _is_whence(following[1].lower()):
            break
        if following[1] and _is_brand(text[start:end].lower(), following[1].lower()):
            return start
        end = following.end(2) if following[2] else following.end()
        if following[2]:
            break
    return end


def _is_brand(first: str, second: str) -> bool:
    """Whether two lower-case words are a form of a brand that sounds like a person."""
    seconds = _BRANDS.get(first)
    return seconds is not None and form_of(second, seconds) is not None


_WHENCE = re.compile(r".{3,}(?:lt[aä]|st[aä]|ss[aä])")


def _is_whence(word: str) -> bool:
    """Whether a lower-case word after a whole name tells a place: 'Toivo Ahonen Vehkaperältä'."""
    return bool(_WHENCE.fullmatch(word)) and not follows_first(word)


def listed(text: str) -> Iterator[Span]:
    """Capitalised first names of the lists with what goes with them, and lone surnames."""
    done = 0
    for match in _CAPITALISED.finditer(text):
        start, end = match.span()
        if start < done:
            continue
        last = _listed_end(text, start, end)
        if last > start and not _is_thing(text, start, end, last):
            done = last
            yield Span(_with_before(text, start, end), done, Kind.NAME)


def _listed_end(text: str, start: int, end: int) -> int:
    """Where the name that begins with the capitalised word text[start:end] ends; else `start`."""
    word = text[start:end].lower()
    if text[start:end].isupper():  # in capitals any word looks like a name: nominatives only
        return _shouted_end(text, start, end)
    if word in FIRST_NAMES or _two_first(word):
        return _full_name(text, start, end)
    if word in WORD_NAMES:  # before a surname Finnish leaves the first name uninflected
        following = _FOLLOWING.match(text, end)
        if following and following[1] and surname_like(following[1]):
            return _full_name(text, start, end)
        is_one = acts(text, start, end) or (word in NOUN_NAMES and _inside(text, start))
        is_one = is_one and not is_product(text, start, end)
    elif "-" not in word and form_of(word, WORD_NAMES):
        # 'kerroin Onnille': what is given to or had from is given to people.
        is_one = _inside(text, start) and word.endswith(("lle", "lta", "ltä"))
    else:  # 'Jussille Tampereen': an inflected first name stands alone
        is_one = form_of(word, FIRST_NAMES) is not None or is_surname(word)
        if word in SURNAMES:  # 'Virtanen Matti', as lists of customers have it
            following = _FOLLOWING.match(text, end)
            if following and following[1] and is_first(following[1].lower()):
                return following.end()
    return end if is_one else start


def _inside(text: str, start: int) -> bool:
    """Whether a lower-case word and a blank stand before, so that no sentence begins here."""
    return start > 1 and text[start - 1] == " " and text[start - 2].islower()


def _shouted_end(text: str, start: int, end: int) -> int:
    word = text[start:end].lower()
    if word not in FIRST_NAMES and word not in SURNAMES:
        return start
    following = _FOLLOWING.match(text, end)
    surname = following and following[1] and is_surname(following[1].lower())
    return following.end() if following and surname else end


def _is_thing(text: str, start: int, end: int, last: int) -> bool:
    """Whether the name text[start:last], first word ending at `end`, is of a firm or a sofa."""
    if is_named_after(text, last, full=last > end):
        return True
    if last > end:  # a company that bears somebody's whole name still tells who that is
        return False
    return is_company(text, end) or (
        text[start:end].lower() in FIRST_NAMES and is_product(text, start, end)
    )


_BEFORE = re.compile(
    rf"(?<![^\W_])(?:(?:[{UPPER}]\.{BLANK}?){{1,2}}|([{UPPER}][^\W\d_]{{2,24}}){BLANK})$"
)


def _with_before(text: str, start: int, end: int) -> int:
    """Where the name begins: 'A. Nieminen', 'Meikäläisen Matti', 'Koskisen Liisa'."""
    before = _BEFORE.search(text, max(0, start - 27), start)
    if not before:
        return start
    if before[1] is None:
        return before.start() if is_surname(text[start:end].lower()) else start
    owner = before[1].lower()
    genitive = owner.endswith("isen") and owner not in NOT_NAMES
    return before.start() if genitive and is_first(text[start:end].lower()) else start


_GIVEN = re.compile(r"(?<![\w-])[a-zåäö]{3,16}(?:lle|lt[aä])(?![\w-])")

# Days, fields and tea in the same cases as Päivi, Kent and Tea.
_OTHER_WORDS = frozenset({"päiville", "päiviltä", "kentille", "kentiltä", "teelle", "teeltä"})


def given(text: str) -> Iterator[Span]:
    """Lower-case first names in the cases of giving and having: 'matille', 'jarilta'."""
    for match in _GIVEN.finditer(text):
        if match[0] not in _OTHER_WORDS and form_of(match[0], FIRST_NAMES):
            yield Span(match.start(), match.end(), Kind.NAME)

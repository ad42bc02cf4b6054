"""Names of people, by safe signs: a known first name, a surname, a greeting, a signature.

Finnish names are met inflected ('Matille', 'Virtasen'). A word is a form of a name when taking
off a case ending leaves a stem of that name; stems follow consonant gradation of pp, tt, kk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

from chalicelib.privacy.name_list import (
    BRANDS,
    FIRST_NAMES,
    NOT_NAMES,
    NOT_SURNAMES,
    SURNAMES,
    WORD_NAMES,
)
from chalicelib.privacy.spans import Kind, Span

_B = r"[ \u00a0]"
_UP = "A-ZÅÄÖÉ"
_CAPITAL = rf"(?<![\w'’@/#-])[{_UP}](?:[^\W\d_]|(?<=\w)['’-](?=[^\W\d_]))++"
_ONE = re.compile(_CAPITAL)
# What may follow a first name: more capitalised words, 'von', an initial.
_REST = re.compile(
    rf"(?:{_B}(?:(?:von|af|de|van|der|la){_B}){{0,2}}([{_UP}][^\W\d_]{{1,30}}+(?:['’-][^\W\d_]{{1,30}}+)*)"
    rf"|{_B}([{_UP}])(?![\w'’])\.?)"
)

_ENDING = re.compile(
    r"(?:(?:n|lla|llä|lle|lta|ltä|ssa|ssä|sta|stä|na|nä|ksi|ta|tä|a|ä|an|än|en|in|on|un|yn|ön)"
    r"(?:ko|kö|kin|kaan|kään|han|hän)?|(?:ko|kö|kin|kaan|kään|han|hän)|'?s|’s|:\w{1,5})$"
)
_NEN = re.compile(
    r"(.+)(?:sen|sta|stä|selle|sella|sellä|selta|seltä|sesta|sestä|sessa|sessä|seen|sena|senä|seksi|set|sten|sille)"
    r"(?:ko|kö|kin|kaan|kään|han|hän)?"
)


def _stems(name: str) -> Iterator[str]:
    """The stems that case endings follow: 'matti' -> 'matti', 'mati'."""
    yield name
    weak = re.sub(r"(pp|tt|kk)(?=[aeiouyäö]$)", lambda m: m[0][0], name)
    weak = re.sub(r"(?<=[rlnh])k(?=[aou]$)", "", weak) if name == weak else weak
    yield weak
    yield re.sub(r"nt(?=[aeiouyäö]$)", "nn", re.sub(r"rt(?=[tu]$)", "rr", weak))
    if name[-1] not in "aeiouyäö":
        yield name + "i"  # Erik-i-lle, John-i-n
    if name.endswith(("as", "es", "is", "us")):
        yield name[:-1] + "kse"  # Hannes, Hannekse-n
        yield name[:-1] + name[-2]  # Tuomas, Tuomaa-n


@cache
def _stem_table(names: frozenset[str]) -> dict[str, str]:
    """stem -> name."""
    return {stem: name for name in sorted(names) for stem in _stems(name)}


@lru_cache(maxsize=4096)
def _form_of(word: str, names: frozenset[str]) -> str | None:
    """The name in `names` of which a word is a form, or None. `word` is in lower case."""
    if word in names:
        return word
    table = _stem_table(names)
    nen = _NEN.fullmatch(word)
    if nen and nen[1] + "nen" in names:
        return nen[1] + "nen"
    for cut in range(1, min(9, len(word) - 2)):
        if _ENDING.match(word, len(word) - cut) and word[:-cut] in table:
            return table[word[:-cut]]
    head, hyphen, tail = word.partition("-")  # Anna-Maija, Aho-Virtanen
    if hyphen and _form_of(head, names) and _form_of(tail, names):
        return word
    return None


def _surname_like(word: str) -> bool:
    """Whether a capitalised word may follow a word name: 'Onni Virtanen', not 'Onni Lounas'."""
    low = word.lower()
    return bool(_form_of(low, SURNAMES)) or bool(_SURNAME_SHAPE.fullmatch(low))


_SURNAME_SHAPE = re.compile(
    r".{2,}(?:nen|sen|selle|sella|sellä|selta|seltä|sta|stä|lainen|läinen|sson(?:in|ille|ilta)?|ström|qvist"
    r"|berg|lund|holm|gren|man|blom|koski|mäki|niemi|lahti|ranta|salo|järvi|maa|pää|la|lä|smith|son|ley|ton)"
)


def _full_name(text: str, start: int, end: int) -> int:
    """Where the name that begins with a first name ends: at most three words more."""
    for _ in range(3):
        match = _REST.match(text, end)
        if not match or (match[1] and match[1].lower() in NOT_SURNAMES):
            break
        if f"{text[start:end]} {match[1]}".lower() in BRANDS:
            return start
        end = match.end(2) if match[2] else match.end()
        if match[2]:
            break
    return end


def listed(text: str) -> Iterator[Span]:
    """Capitalised first names of the list with what follows them, and lone surnames."""
    done = 0
    for match in _ONE.finditer(text):
        start, end = match.span()
        if start < done:
            continue
        word = match[0].lower()
        if _form_of(word, WORD_NAMES) and word not in FIRST_NAMES:
            after = _REST.match(text, end)
            if after and after[1] and _surname_like(after[1]):
                done = _full_name(text, start, end)
        elif _form_of(word, FIRST_NAMES):
            done = _full_name(text, start, end)
        elif _form_of(word, SURNAMES):
            done = end
        if done > start:
            yield Span(start, done, Kind.NAME)


# --- cues ----------------------------------------------------------------------------------

_WORD = r"[^\W\d_]+(?:['’-][^\W\d_]+)*+"
_CAPS = rf"[{_UP}]{_WORD[:9]}*+"
_SAYS = re.compile(
    rf"(?<![^\W_])(?:(?:mun |minun )?nimeni on|mun nimi on|nimi ?:|(?:etu|suku)nimi ?:|my name(?:'s| is)|name ?:"
    rf"|jag heter|mitt namn är|namn ?:|täällä|tässä|olen|oon|mä oon|i am|i'm|this is|det här är|jag är)"
    rf"{_B}{{1,2}}(?P<name>{_WORD}(?:{_B}{_WORD}){{0,2}})",
    re.IGNORECASE,
)
_SURE = re.compile(r"nim|name|namn|heter", re.IGNORECASE)
_SIGNED = re.compile(
    r"(?:(?<![^\W_])(?:(?:ystävällisin |parhain |kiittäen |terkuin )?(?:terveisin|terveisiä|terv\.?|terkuin|terkut|yst\.? ?terv\.?)"
    r"|ystävällisesti|kunnioittavasti|kunnioittaen|mvh|(?:med )?vänlig(?:a)? hälsning(?:ar)?|hälsningar|hälsar"
    r"|(?:best |kind |warm )?regards|sincerely(?: yours)?|yours (?:sincerely|faithfully|truly)|cheers|br|yt)(?![^\W_])[,.:!]?"
    r"|(?:(?<=[.!?\n)] )|(?<=[.!?\n)])|^)(?:t|yt|terv)[.:]"
    r"|(?:kiitos|kiitos jo etukäteen|thanks|thank you|tack|kiitoksia)[,.!]?(?=\n)|\n-{1,2}(?=[ A-Za-zÅÄÖåäö]))"
    rf"(?:[ \t]*\n){{0,3}}[ \t]{{0,4}}(?P<name>{_WORD}(?:{_B}(?:{_WORD}\.?)){{0,3}})",
    re.IGNORECASE | re.MULTILINE,
)
_GREETED = re.compile(
    rf"(?<![^\W_])(?:hei|moi|moikka|terve|morjens|hyvä|arvoisa|hej|hejsan|bästa|hi|hello|dear|kiitos|kiitokset|tack|thanks"
    rf"|thank you)(?:,|{_B}vaan|{_B}taas|{_B}again)?{_B}(?P<name>{_WORD}(?:{_B}{_WORD})?){_B}?[,!.\n:)?]",
    re.IGNORECASE,
)
_TITLED = re.compile(
    rf"(?<![^\W_])(?:[Mm]rs?|[Mm]s|[Mm]iss|[Dd]r|[Hh]erra\w{{0,3}}|[Rr]ouva\w{{0,3}}|[Nn]eiti|[Hh]ra|[Rr]va|[Hh]err|[Ff]ru)\.?{_B}"
    rf"(?P<name>[{_UP}][^\W\d_]+(?:{_B}[{_UP}][^\W\d_]+)?)"
)

_CUE_WORDS = ("nim", "nam", "heter", "ässä", "äällä", "olen", "oon", "i am", "i'm", "this is",
              "här är", "jag är", "terv", "terk", "ystäv", "kunnioitt", "mvh", "häls", "regards",
              "sincerely", "yours", "cheers", "br", "yt", "t.", "t:", "\n")  # fmt: skip


def cued(text: str, lower: str) -> Iterator[Span]:
    """Names after an introduction, a signature, a greeting or a title, in any case."""
    if any(cue in lower for cue in _CUE_WORDS):
        for match in _SAYS.finditer(text):
            sure = _SURE.search(text, match.start(), match.start("name")) is not None
            yield from _spoken_name(text, *match.span("name"), sure=sure)
        for match in _SIGNED.finditer(text):
            yield from _signature(text, *match.span("name"))
    for match in _GREETED.finditer(text):
        if any(_is_first(word) for word in match["name"].lower().split()):
            yield from _spoken_name(text, *match.span("name"), sure=False)
    for match in _TITLED.finditer(text):
        yield Span(*match.span("name"), Kind.NAME)


def _is_first(word: str) -> bool:
    return bool(_form_of(word, FIRST_NAMES) or _form_of(word, WORD_NAMES))


def _spoken_name(text: str, start: int, end: int, *, sure: bool) -> Iterator[Span]:
    """The words of text[start:end] that are the name, from the first word on.

    In capitals after a sure cue any word is one; in lower case the lists decide.
    """
    words = list(re.finditer(_WORD, text[start:end]))
    last = -1
    for index, word in enumerate(words):
        low = word[0].lower()
        capital = word[0][0].isupper() and low not in NOT_NAMES and low not in NOT_SURNAMES
        if index == 0:
            fits = (sure and capital) or (
                _is_first(low) and (capital or low not in WORD_NAMES or sure)
            )
        else:
            fits = capital or bool(_form_of(low, SURNAMES)) or bool(_form_of(low, FIRST_NAMES))
        if not fits:
            break
        last = index
    if last >= 0:
        yield Span(start + words[0].start(), start + words[last].end(), Kind.NAME)


def _signature(text: str, start: int, end: int) -> Iterator[Span]:
    """Up to four words after a closing: capitalised ones, or lower-case ones of the lists."""
    stop = start
    for index, word in enumerate(re.finditer(rf"{_WORD}\.?", text[start:end])):
        low = word[0].rstrip(".").lower()
        if low in NOT_NAMES or (low in NOT_SURNAMES and index):
            break
        known = _is_first(low) or bool(_form_of(low, SURNAMES)) or (index and len(low) == 1)
        if not (known or (word[0][0].isupper() and (index or _ends_line(text, start, end)))):
            break
        stop = start + len(word[0].rstrip(".")) + word.start()
    if stop > start:
        yield Span(start, stop, Kind.NAME)


def _ends_line(text: str, start: int, end: int) -> bool:
    """Whether at most a few words stand on the line: a signature, not a sentence."""
    rest = text[end : end + 80].split("\n", 1)[0]
    return len(text[start:end].split()) <= 3 and len(rest.split()) <= 3


# --- names that the source told us ---------------------------------------------------------


def known(text: str, names: Sequence[str]) -> Iterator[Span]:
    """Forms of the given names and their parts of three letters or more, in any case."""
    pattern = _known_pattern(tuple(names))
    if pattern:
        for match in pattern.finditer(text):
            yield Span(match.start(), match.end(), Kind.NAME)


@lru_cache(maxsize=256)
def _known_pattern(names: tuple[str, ...]) -> re.Pattern[str] | None:
    parts = {part.lower() for name in names for part in re.findall(_WORD, name) if len(part) >= 3}
    if not parts:
        return None
    forms: set[str] = set()
    for part in parts:
        stems = set(_stems(part))
        if part.endswith("nen"):
            stems |= {part[:-3] + "se", part[:-3] + "s"}
        forms |= {re.escape(stem) for stem in stems}
    # A part that is a word of its own ('Onni', 'Meri') counts with a capital only.
    words = sorted(f for f in forms if f in WORD_NAMES)
    plain = sorted(forms - set(words), key=len, reverse=True)
    ending = r"(?:'?s|n|a|ä|ta|tä|ll[aäe]|lt[aä]|ss[aä]|st[aä]|[aeiouyäö]n|na|nä|ksi|:\w{1,4})?"
    either = [rf"(?i:(?:{'|'.join(plain)}){ending})"] if plain else []
    either += [rf"(?:{'|'.join(w.capitalize() for w in words)}){ending}"] if words else []
    joined = rf"(?:{'|'.join(either)})"
    return re.compile(rf"(?<![^\W_]){joined}(?:[ -]{joined})*(?![^\W_])")

"""Names of people by what stands before them: an introduction, a greeting, a title, a signature.

Cues are found with str.find in the lower-case text, whose places are those of the text; only
where one stands is a pattern tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chalicelib.privacy.name_list import FIRST_NAMES, NOT_NAMES, NOT_SURNAMES, WORD_NAMES
from chalicelib.privacy.names import (
    BLANK,
    UPPER,
    WORD,
    follows_first,
    form_of,
    is_first,
    is_surname,
    surname_like,
)
from chalicelib.privacy.spans import Kind, Span

#: After these any capitalised word is a name.
_INTRODUCTIONS = (
    "nimeni on", "mun nimi on", "minun nimi on", "nimi:", "nimi :", "etunimi:", "sukunimi:",
    "my name is", "my name's", "name:", "jag heter", "mitt namn är", "namn:",
)  # fmt: skip
#: After these a name of the lists is a name, also in lower case.
_PRESENTATIONS = (
    "täällä", "tässä", "olen", "oon", "nimellä", "i am", "i'm", "this is", "det här är", "jag är",
)  # fmt: skip
_GREETINGS = (
    "hei", "moi", "moikka", "terve", "morjens", "hyvä", "arvoisa", "hej", "hejsan", "bästa", "hi",
    "hello", "dear", "kiitos", "kiitokset", "tack", "thanks", "thank you",
)  # fmt: skip
_CLOSINGS = (
    "terveisin", "terveisiä", "terv", "terkuin", "terkut", "ystävällisesti", "kunnioittavasti",
    "kunnioittaen", "mvh", "vänlig hälsning", "vänliga hälsningar", "hälsningar", "hälsar",
    "regards", "rgds", "sincerely", "yours truly", "faithfully", "cheers", "br", "yt",
)  # fmt: skip
#: Closings that also begin or end other lines: only a name of the lists follows them.
_SOFT_CLOSINGS = (
    "best",
    "best wishes",
    "kiitos",
    "kiitoksia",
    "etukäteen",
    "thanks",
    "thank you",
    "tack",
    "yours",
)
_TITLES = (
    "mr", "mrs", "ms", "miss", "dr", "herra", "herran", "herralle", "rouva", "rouvan", "rouvalle",
    "neiti", "hra", "rva", "herr", "fru",
)  # fmt: skip

_ONE_WORD = re.compile(WORD)
_WORD_OR_INITIAL = re.compile(rf"{WORD}\.?")
_WORDS_AFTER = re.compile(rf"{BLANK}{{1,2}}({WORD}(?:{BLANK}{WORD}){{0,2}})")
_GREETED = re.compile(
    rf"(?:,|{BLANK}(?:vaan|taas|again|there))?{BLANK}({WORD}(?:{BLANK}{WORD})?){BLANK}?(?:[,!.\n:)?]|$)"
)
_SIGNATURE = rf"({WORD}\.?(?:{BLANK}{WORD}\.?){{0,3}})"
_SIGNED = re.compile(rf"[,.:!]?(?:[ \t]*\n){{0,3}}[ \t]{{0,4}}(?:-{{1,2}} ?)?{_SIGNATURE}")
_SOFTLY_SIGNED = re.compile(rf"[,.!]{{0,3}}[ \t]*(?:\r?\n[ \t]*){{1,3}}{_SIGNATURE}")
# 't. Maija', '- Maija', '-Maija', '/Maija' after a sentence or on a line of its own.
_INITIAL = re.compile(
    rf"(?:(?<=[.!?\n)] )|(?<=[.!?\n)])|^)(?:[tT][.:]|--?|[–—/]){BLANK}?{_SIGNATURE}"
)
_TITLED = re.compile(rf"\.?{BLANK}([{UPPER}][^\W\d_]++(?:{BLANK}[{UPPER}][^\W\d_]++)?)")


def cued(text: str, lower: str) -> Iterator[Span]:
    """Names after a cue, in any case. `lower` is the text in lower case, place by place."""
    for end in _ends(lower, _INTRODUCTIONS):
        if match := _WORDS_AFTER.match(text, end):
            yield from _introduced(text, *match.span(1), sure=True)
    for end in _ends(lower, _PRESENTATIONS):
        if match := _WORDS_AFTER.match(text, end):
            yield from _introduced(text, *match.span(1), sure=False)
    for end in _ends(lower, _GREETINGS):
        match = _GREETED.match(text, end)
        if match and any(is_first(word) for word in match[1].lower().split()):
            yield from _introduced(text, *match.span(1), sure=False)
    for end in _ends(lower, _TITLES):
        match = _TITLED.match(text, end)
        if text[end - 4 : end] == "miss":  # 'I miss London'
            continue
        if match and match[1].split()[0].lower() not in NOT_NAMES:
            yield Span(*match.span(1), Kind.NAME)
    yield from _present(text, lower)
    yield from _signatures(text, lower)


# 'Zxyq Qwerty täällä terve', 'moi Zxyq täällä', 'Zxyq Qwerty här'
_PRESENT = re.compile(
    rf"(?:(?:[Hh]ei|[Mm]oi|[Mm]oro|[Tt]erve|[Jj]oo|[Nn]o|[Hh]ej|[Hh]allå),?{BLANK})?"
    rf"([{UPPER}][^\W\d_]++(?:-[^\W\d_]++)*+)({BLANK}[{UPPER}][^\W\d_]++)?"
    rf"{BLANK}(?:täällä|täältä|tässä|här)(?![^\W_])"
)
_NATIONALITY = re.compile(r".*(?:ish|ese|ian|ean|can|man|nch|tch|nsk|ch)")
_I_AM = re.compile(
    rf"(?<![^\W_])(?:[Ii]['’]m|[Ii] am|[Jj]ag är){BLANK}([{UPPER}][^\W\d_]{{2,20}})(?=[,.])"
)


_THANKED = re.compile(
    rf"(?<![^\W_])(?:[Tt]hanks|[Tt]hank you|[Cc]heers|[Bb]est),{BLANK}?\n?"
    rf"([{UPPER}][^\W\d_]{{2,20}})\.?\s*\Z"
)


def _present(text: str, lower: str) -> Iterator[Span]:
    """Names at the start of a message that say who speaks, and after 'I'm' before a comma."""
    match = _PRESENT.match(text) if "tä" in lower or "här" in lower or "tässä" in lower else None
    if match and match[1].lower() not in NOT_NAMES and (match[2] or is_first(match[1].lower())):
        yield Span(match.start(1), match.end(2) if match[2] else match.end(1), Kind.NAME)
    thanks = any(cue in lower for cue in ("thank", "cheers,", "best,"))
    thanked = _THANKED.search(text) if thanks else None
    if thanked and thanked[1].lower() not in NOT_NAMES:
        yield Span(*thanked.span(1), Kind.NAME)
    speaks = any(cue in lower for cue in ("i'm ", "i’m ", "i am ", "jag är "))
    for found in _I_AM.finditer(text) if speaks else ():
        word = found[1].lower()
        if word not in NOT_NAMES and not _NATIONALITY.fullmatch(word):
            yield Span(*found.span(1), Kind.NAME)


def _signatures(text: str, lower: str) -> Iterator[Span]:
    for end in _ends(lower, _CLOSINGS):
        if match := _SIGNED.match(text, end):
            yield from _signed(text, *match.span(1), sure=True)
    if "\n" in text:
        for end in _ends(lower, _SOFT_CLOSINGS):
            if match := _SOFTLY_SIGNED.match(text, end):
                yield from _signed(text, *match.span(1), sure=False)
    for sign in ("t.", "t:", "-", "–", "—", "/"):
        if sign in lower:
            for match in _INITIAL.finditer(text):
                yield from _signed(text, *match.span(1), sure=False)
            break


def _ends(lower: str, cues: tuple[str, ...]) -> Iterator[int]:
    """Where each of the cues ends, as a whole word."""
    for cue in cues:
        at = lower.find(cue)
        while at >= 0:
            end = at + len(cue)
            if not (at and lower[at - 1].isalnum()) and not lower[end : end + 1].isalnum():
                yield end
            at = lower.find(cue, end)


def _introduced(text: str, start: int, end: int, *, sure: bool) -> Iterator[Span]:
    """The words of text[start:end] that are the name, from the first word on.

    After a sure cue any capitalised word is one; otherwise, and in lower case, the lists decide.
    """
    last = 0
    first = ""
    for index, word in enumerate(_ONE_WORD.finditer(text[start:end])):
        lower = word[0].lower()
        first = first or lower
        capital = word[0][0].isupper() and lower not in NOT_NAMES and lower not in NOT_SURNAMES
        if index and not sure and first not in FIRST_NAMES and first not in WORD_NAMES:
            break  # 'Jussille Tampereen': an inflected first name stands alone
        if index:
            fits = capital or follows_first(lower)
            fits = fits or (sure and (is_first(lower) or surname_like(lower)))
        elif sure and capital:
            fits = True
        else:
            fits = is_first(lower) and (capital or not form_of(lower, WORD_NAMES))
            fits = fits or (sure and lower in WORD_NAMES)
        if not fits:
            break
        last = word.end()
    if last:
        yield Span(start, start + last, Kind.NAME)


def _signed(text: str, start: int, end: int, *, sure: bool) -> Iterator[Span]:
    """Up to four words after a closing: capitalised ones, or lower-case ones of the lists."""
    last = 0
    alone: bool | None = None if sure else False
    for index, word in enumerate(_WORD_OR_INITIAL.finditer(text[start:end])):
        bare = word[0].rstrip(".")
        lower = bare.lower()
        if lower in NOT_NAMES or lower in NOT_SURNAMES:
            break
        capital = bare[0].isupper()
        known = is_first(lower) or is_surname(lower)
        known = known or (index > 0 and (len(lower) == 1 or follows_first(lower)))
        if not known and not capital:
            break
        if alone is None:
            alone = _ends_line(text, start, end)
        if not (known or alone or index) or (not capital and not alone and lower in WORD_NAMES):
            break
        last = word.start() + len(bare)
        if word[0].endswith(".") and len(bare) > 1:  # the sentence ends here
            break
    if last:
        yield Span(start, start + last, Kind.NAME)


def _ends_line(text: str, start: int, end: int) -> bool:
    """Whether only a few words stand on the line: a signature, not a sentence."""
    rest = text[end : end + 80].split("\n", 1)[0]
    return len(text[start:end].split()) <= 3 and len(rest.split()) <= 3

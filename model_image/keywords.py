"""Keywords of a taxonomy found in inflected text, by their possible beginnings.

Finnish changes a word's end and often the consonant before it (hinta : hinnan, tilaus :
tilauksen). Beginnings that survive inflection are made by rule; short ones must be followed by
an ending and the word's end, so that "osa" finds "osan" and not "osasto".
"""

from __future__ import annotations

import re
from collections.abc import Iterable

SHORT = 4  # letters; shorter beginnings occur in too many other words

_MARKS = re.compile(r"[^\w\s]|_")

FI_ENDINGS = (
    "", "n", "a", "ä", "t", "ta", "tä", "ssa", "ssä", "sta", "stä", "an", "än", "en", "on",
    "un", "in", "lla", "llä", "lta", "ltä", "lle", "na", "nä", "ksi", "ja", "jä", "ia", "iä",
    "issa", "issä", "ista", "istä", "ihin", "illa", "ille", "ien", "iden", "jen", "ni", "nsa",
    "nsä", "mme", "nne", "kin", "kaan", "kään", "ni", "ssani", "stani", "lleni", "llani",
)  # fmt: skip
SV_ENDINGS = ("", "n", "en", "et", "t", "ar", "er", "or", "na", "arna", "erna", "s", "a", "e")
EN_ENDINGS = ("", "s", "es", "d", "ed", "ing", "r", "ly")
ENDINGS = {"fi": FI_ENDINGS, "sv": SV_ENDINGS, "en": EN_ENDINGS}

# Strong grade : weak grade, longest first.
GRADES = (
    ("kk", "k"), ("pp", "p"), ("tt", "t"), ("nt", "nn"), ("nk", "ng"), ("mp", "mm"),
    ("lt", "ll"), ("rt", "rr"), ("t", "d"), ("p", "v"), ("k", ""),
)  # fmt: skip
VOWELS = "aeiouyäöå"
UNGRADED = ("sk", "st", "tk", "sp", "ht", "hk")  # clusters that keep their k, t, p, mostly


def patterns(keyword: str, language: str) -> list[str]:
    """Beginnings to look for; one that ends in a space is a whole word."""
    words = _MARKS.sub(lambda mark: f" {mark.group()} ", keyword.lower()).split()
    if not words:
        return []
    *before, last = words
    if language == "fi":
        stems = finnish_stems(last)
    elif language in ("sv", "en"):
        stems = {_suffix_stem(last, language)}
    else:
        stems = {last}
    lead = " ".join([*before, ""])
    return sorted({lead + form for stem in stems for form in _forms(stem, last, language)})


def finnish_stems(word: str) -> set[str]:
    """Beginnings of a Finnish word's inflected forms, given its dictionary form."""
    if len(word) < 3 or word[-1] not in VOWELS + "sn":
        return {word}
    if word.endswith("nen"):
        return {word[:-2], word[:-3] + "s"}  # punainen : punaisen
    if word.endswith(("as", "äs", "is")):
        return {word[:-1], *_other_grades(word[:-1])}  # asiakas : asiakkaan
    if word.endswith(("us", "ys", "os", "ös", "es", "in")):
        return {word[:-1]}  # tilaus : tilauksen, puhelin : puhelimen
    if word[-1] not in VOWELS:
        return {word}
    if len(word) > SHORT + 1 and word[-2] in VOWELS and word[-1] in "aä":
        word = word[:-1]  # infinitives and adjectives: kirjautua, nopea
    stems = {word, *_other_grades(word)}
    # Final a, ä, i change in plurals and past tenses: hinta : hintoja, ovi : ovet.
    return {stem[:-1] if word[-1] in "aäi" else stem for stem in stems}


def _other_grades(word: str) -> Iterable[str]:
    """The word with the consonants before its last vowel in the other grade."""
    body, vowel = word[:-1], word[-1:]
    if body.endswith(UNGRADED):
        return
    for strong, weak in GRADES:
        if body.endswith(strong) and len(body) > len(strong) + 1:
            yield body[: len(body) - len(strong)] + weak + vowel
            break
    if vowel == "e" or word.endswith(("ka", "kä", "pa", "pä", "ta", "tä")):
        for strong, weak in GRADES[:3]:  # tuote : tuotteen, asiaka(s) : asiakkaan
            if body.endswith(weak) and not body.endswith(strong):
                yield body[: len(body) - len(weak)] + strong + vowel


def _suffix_stem(word: str, language: str) -> str:
    if language == "en":
        for ending in ("ing", "ies", "ed", "es", "s", "y", "e"):
            if word.endswith(ending) and len(word) - len(ending) > SHORT:
                return word[: len(word) - len(ending)]
        return word
    for ending in ("erna", "arna", "en", "et", "ar", "er", "a", "e"):
        if word.endswith(ending) and len(word) - len(ending) > SHORT:
            return word[: len(word) - len(ending)]
    return word


def _forms(stem: str, word: str, language: str) -> list[str]:
    if len(stem) > SHORT or (len(stem) == SHORT and language == "fi" and len(word) > SHORT):
        return [stem]
    endings = ENDINGS.get(language, ("",))
    forms = {f"{base}{ending} " for base in {stem, word} for ending in endings}
    return sorted(forms)

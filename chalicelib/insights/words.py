"""Words of a text, for counting: lower case, without what every text has, inflection cut off.

Finnish inflects: 'kortti', 'kortin' and 'korteilla' are one word to a reader. A dictionary would be
tens of megabytes in every function, so a stem is the first six letters; a topic is named by the
form of the stem that customers used most.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

STEM_LETTERS = 6
_WORD = re.compile(r"[^\W\d_]{3,40}")
_INSIDE = re.compile(r"(?<=[^\W\d_] )[^\W\d_]{3,40}")  # a sentence, where only names have capitals
_PLACEHOLDER = re.compile(r"\[[a-z]+\]")  # '[name]': what redaction left is nobody's word

#: Words that say nothing of a topic, in Finnish, Swedish and English.
_TEXT = """
että ette eikä eivät emme olla olen olet olemme olette ovat ole oli olin olit olisi olivat ollut
olleet tämä tämän tätä tässä tästä tähän nämä näitä näistä tuo tuon tuota nuo ne niitä niistä
hän hänen hei moi moikka terve päivää hyvää huomenta joo tota kiitos kiitoksia terveisin
ystävällisin minä minun minua minulla
minulle sinä teidän teillä teille teiltä teitä meidän meillä meille itse joka jotka jonka joita
josta jossa mikä mitä missä mistä mihin miksi miten milloin koska kuin kun mutta myös niin nyt
sekä vaan vain vielä voi voin voisi voiko voitte vai vaikka yhä taas jo sitten siis siitä siinä
siihen sitä sille sen onko oliko kanssa ilman ennen jälkeen aina ihan hyvin kyllä ehkä tai jos
heti kohta pian enää edelleen tänään eilen huomenna lähtee lähti tulee tuli menee meni alkoi alkanut
och att det den detta denna dessa som för med till från har hade kan kunde ska skulle inte men
jag mig min mina mitt du ni era ert vår våra man var vara varit blev blir när där här hur vad
varför eller också bara mycket grund alltså redan igen efter innan hej tack hälsningar mvh
genast snart idag igår imorgon fortfarande kommer kom går gick började
the and for you your that this with have has had was were are not but from they them will would
can could should been what when where why how who there here just also very much any all get
gets got about into out our his her its than then too hello thanks thank please regards
soon still now today yesterday tomorrow comes came goes went started
"""
_COMMON = frozenset(_TEXT.split())


def words(text: str) -> list[str]:
    """The words of a text that tell something, lower case, in order."""
    own = _PLACEHOLDER.sub(" ", text.lower())
    return [word for word in _WORD.findall(own) if word not in _COMMON]


def stem(word: str) -> str:
    return word[:STEM_LETTERS]


def stems(text: str) -> list[str]:
    return [stem(word) for word in words(text)]


def usual_forms(texts: Iterable[str]) -> dict[str, str]:
    """Stem -> the form that most texts use, the shorter one of equals; a name with its capital."""
    forms: dict[str, Counter[str]] = {}
    capitals: Counter[str] = Counter()  # how many more times with a capital than without
    for text in texts:
        for word in set(words(text)):
            forms.setdefault(stem(word), Counter())[word] += 1
        for word in _INSIDE.findall(text):
            capitals[stem(word.lower())] += 1 if word.istitle() else -1
    usual = {
        of: min(counts, key=lambda form: (-counts[form], len(form), form))
        for of, counts in forms.items()
    }
    return {of: form.title() if capitals[of] > 0 else form for of, form in usual.items()}

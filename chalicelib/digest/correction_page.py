"""The page behind a quote's link: what a message is about, for its reader to put right.

Works without a script, in the light and in the dark, and at a telephone's width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.digest.contents import Quote
from chalicelib.digest.correction_words import BROKEN, CORRECTION
from chalicelib.digest.palette import DARK, LIGHT
from chalicelib.digest.rendering import templates
from chalicelib.digest.sentences import quoted
from chalicelib.digest.speech import Speech


@dataclass(frozen=True)
class Question:
    """What the page asks. `text` is a digest's quote, `themes` are (id, name).

    `now` is the name of the theme that it stood under.
    """

    language: str
    organisation: str
    text: str
    text_language: str
    now: str
    themes: Sequence[tuple[str, str]]
    chosen: str  # id of a theme, or "none"
    demand: str
    saved: bool = False
    unclear: bool = False


def page(question: Question) -> str:
    """HTML; the customer's words are those of the digest, and escaped."""
    words = CORRECTION[question.language]
    speech = Speech(question.language)
    quote = quoted(speech, Quote(question.text, question.text_language))
    demands = (
        ("failure", words.failure),
        ("value", words.value),
        ("none", words.neither),
        ("", words.unknown),
    )
    return _rendered(
        language=question.language,
        title=words.title,
        question=question,
        quote=quote,
        words=words,
        demands=demands,
        now=words.now.format(theme=question.now),
        told=(words.saved,) if question.saved else (words.unclear,) if question.unclear else (),
    )


def apology(language: str | None) -> str:
    """The page without a question: the message is gone, or (None) the link is not valid."""
    told = (CORRECTION[language].gone,) if language else BROKEN
    return _rendered(language=language or "fi", title="Oivallus", question=None, told=told)


def _rendered(**words: object) -> str:
    template = templates().get_template("correction.html")
    return template.render(light=LIGHT, dark=DARK, **words)

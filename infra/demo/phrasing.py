"""The message bank: infra/demo/messages/*.yaml -> one customer's words on one channel.

A core line is chosen for theme, mood and register, its slots are filled with correctly inflected
words, and what surrounds it depends on the register: a mail has a greeting and a signature, a chat
line loses its capitals, a call starts the way people start calls. Lines are dealt like cards: none
comes again before all have been used.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from infra.demo.people import CITIES, IBANS, STRIKE_REGION, Person, city_in
from infra.demo.vocabulary import AGENTS, PRODUCTS, SERIES, WEEKDAYS

_MESSAGES = Path(__file__).parent / "messages"
_SLOT = re.compile(r"\{(\w+)\}")
LANGUAGES = ("fi", "en", "sv")

#: What else somebody who writes about a theme may mention in passing.
_RELATED: Mapping[str, tuple[str, ...]] = {
    "delivery-late": ("queue-time", "no-reply"),
    "delivery-strike": ("no-reply",),
    "invoice-error": ("no-reply", "queue-time"),
    "refund": ("no-reply", "queue-time"),
    "missing-parts": ("assembly",),
    "delivery-damage": ("no-reply",),
    "product-quality": ("assembly",),
    "fast-delivery": ("nice-product", "easy-shopping", "friendly-service"),
    "nice-product": ("fast-delivery", "friendly-service"),
    "friendly-service": ("fast-delivery",),
    "easy-shopping": ("fast-delivery", "nice-product"),
}
#: Themes of people who need not have ordered anything yet.
_BEFORE_ORDERING = frozenset(
    {"product-info", "stock", "pricing", "discount-code", "website", "login", "newsletter"}
)
#: How often a text gets a second sentence, by register.
_MORE = {"email": 0.7, "form": 0.55, "feedback": 0.35, "voice": 0.3, "sms": 0.3, "chat": 0.22,
         "survey": 0.15}  # fmt: skip
_ALSO = {"email": 0.14, "form": 0.12, "feedback": 0.18, "voice": 0.1, "survey": 0.16}
#: Where a register finds its core lines, beside `any`.
_OWN = {"email": "email", "form": "email", "chat": "chat", "sms": "chat", "voice": "voice",
        "survey": "survey", "feedback": "survey"}  # fmt: skip

Bank = Mapping[str, Any]


@cache
def bank(language: str) -> Bank:
    """theme -> mood -> register -> lines, of one language."""
    paths = (_MESSAGES / f"{language}.yaml", *sorted((_MESSAGES / language).glob("*.yaml")))
    found: dict[str, Any] = {}
    for path in paths:
        if path.exists() and path.stem != "phrases":
            found |= _lines(yaml.safe_load(path.read_text(encoding="utf-8")))
    return found


@cache
def phrases(language: str) -> Bank:
    """Greetings, signatures, further sentences, replies, subjects, of one language."""
    paths = (_MESSAGES / f"{language}-phrases.yaml", _MESSAGES / language / "phrases.yaml")
    path = next(path for path in paths if path.exists())
    loaded: Bank = _lines(yaml.safe_load(path.read_text(encoding="utf-8")))
    return loaded


def _lines(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {key: _lines(value) for key, value in node.items()}
    return tuple(line.replace("\\n", "\n") for line in node.splitlines() if line.strip())


@dataclass
class Phrasing:
    """Deals lines from the bank; the same random source gives the same words."""

    rng: random.Random
    _decks: dict[Any, list[str]] = field(default_factory=dict)

    def can_say(self, language: str, theme: str, mood: str, register: str) -> bool:
        """Whether the bank has lines of the language for that theme, mood and register."""
        lines = bank(language).get(theme, {}).get(mood, {})
        return bool(lines.get("any") or lines.get(_OWN[register]))

    def message(
        self,
        person: Person,
        theme: str,
        mood: str,
        register: str,
        order: str,
        *,
        again: bool = False,
    ) -> str:
        """What the person writes or says first; `again` says that it is not the first time."""
        language = person.language
        own = _OWN[register]
        lines = bank(language)[theme][mood]
        fitting = (*lines.get("any", ()), *lines.get(own, ()))
        text = self._deal((language, theme, mood, own), fitting)
        mentioned = self._mentioned(language, theme, mood, register)
        if len(text) < 300 and mentioned:
            text = f"{_ended(text)} {mentioned}"
        # Who answers a survey expects no answer: only thanks follow the comment.
        alone = register == "survey" and mood != "positive"
        if not alone and len(text) < 300 and self.rng.random() < _MORE[register]:
            text = f"{_ended(text)} {self._more(language, theme, mood, text)}"
        if again and not _opens_a_call(text):
            text = f"{self.rng.choice(phrases(language)['again'])} {text}"
        text = self._dress(text, person, register)
        return self._scribble(self.fill(text, person, order, theme), register)

    def _mentioned(self, language: str, theme: str, mood: str, register: str) -> str:
        related = [t for t in _RELATED.get(theme, ()) if mood in bank(language).get(t, {})]
        if not related or self.rng.random() >= _ALSO.get(register, 0):
            return ""
        other = self.rng.choice(related)
        lines: Sequence[str] = bank(language)[other][mood].get("any", ())
        return self._deal((language, other, mood, "any"), lines) if lines else ""

    def _more(self, language: str, theme: str, mood: str, text: str) -> str:
        held: Sequence[str] = phrases(language)["more"][mood]
        lines = [one for one in held if not _same_slot(one, text)]
        if theme in _BEFORE_ORDERING:
            lines = [one for one in lines if "{order}" not in one]
        return self.rng.choice(lines)

    def _dress(self, text: str, person: Person, register: str) -> str:
        held = phrases(person.language)
        if register in ("email", "form"):
            greeting, signature = self.rng.choice(held["greetings"]), ""
            if register == "email" or self.rng.random() < 0.4:
                signature = "\n\n" + self.rng.choice(held["signatures"])
            if text.startswith(("Hei", "Hi", "Moi")) or self.rng.random() < 0.15:
                return text + signature
            return f"{greeting}\n\n{text}{signature}"
        # A line that already opens with a greeting is not greeted twice.
        if register == "voice" and not _opens_a_call(text):
            filler = self.rng.choice(held["voice_fillers"])
            if filler.endswith(",") and not text.startswith("{"):
                text = text[:1].lower() + text[1:]
            return f"{filler} {text}"
        return text

    def _scribble(self, text: str, register: str) -> str:
        """Haste: lost capitals and full stops in chats, a slip of the finger here and there."""
        if register in ("chat", "sms") and self.rng.random() < 0.45:
            text = text[:1].lower() + text[1:].rstrip(".")
        if register in ("chat", "sms", "survey", "feedback") and self.rng.random() < 0.1:
            text = _slip(text, self.rng)
        if register == "chat" and self.rng.random() < 0.04:
            text = text.upper() if len(text) < 60 else text.rstrip(".!?") + "!!!"
        return text

    def phrase(self, kind: str, person: Person, order: str, *, within: str = "") -> str:
        """A line of phrases such as ('agent', within='open'), filled for the person."""
        held = phrases(person.language)[kind]
        lines: Sequence[str] = held[within] if within else held
        return self.fill(self.rng.choice(lines), person, order)

    def answer(self, said: str, person: Person, order: str, mood: str) -> str:
        """An agent's first answer; it does not ask for the order number that was just given."""
        held: Sequence[str] = phrases(person.language)["agent"][mood]
        lines = [one for one in held if order not in said or "tilausnumero" not in one]
        return self.fill(self.rng.choice(lines), person, order)

    def subject(self, person: Person, theme: str, order: str) -> str:
        held = phrases(person.language)["subjects"]
        return self.fill(self.rng.choice(held.get(theme, held["other"])), person, order)

    def _deal(self, key: Any, lines: Sequence[str]) -> str:
        deck = self._decks.get(key)
        if not deck:
            deck = self._decks[key] = self.rng.sample(lines, len(lines))
        return deck.pop()

    def fill(self, text: str, person: Person, order: str, theme: str = "") -> str:
        """Fill the slots; a slot with a capital starts a sentence."""
        if "{" not in text:
            return text
        words = self._words(person, order, theme)

        def word(match: re.Match[str]) -> str:
            name = match[1]
            found = words[name[:1].lower() + name[1:]]
            return found[:1].upper() + found[1:] if name[:1].isupper() else found

        return _SLOT.sub(word, text)

    def _words(self, person: Person, order: str, theme: str) -> dict[str, str]:
        rng, language = self.rng, person.language
        city = rng.choice(STRIKE_REGION) if theme == "delivery-strike" else person.city
        within, to, off, of = CITIES[city]
        agent = rng.choice(AGENTS)
        words = {
            "city": city_in(language, city), "cityin": within, "cityto": to, "cityfrom": off,
            "cityof": of, "name": person.first, "full": person.full, "phone": person.phone,
            "email": person.email, "hetu": person.identity_code, "iban": rng.choice(IBANS),
            "custno": person.customer_number, "order": order, "agent": agent,
            "n": str(rng.randint(2, 6)), "mins": str(rng.choice((25, 30, 35, 40, 45, 50, 55))),
            "eur": str(rng.choice((39, 49, 59, 69, 89, 119, 149, 189, 229, 249, 349))),
        }  # fmt: skip
        weekday = rng.randrange(6)  # nobody delivers on Sundays
        words["wd"], words["wdk"] = WEEKDAYS[language][weekday], WEEKDAYS["fi-to"][weekday]
        for slot, flat in (("p", False), ("k", True)):
            words |= _product_words(rng, language, slot, flat)
        return words


def _product_words(rng: random.Random, language: str, slot: str, flat: bool) -> dict[str, str]:
    """The forms of one product: {p} {pg} {pp} in Finnish, {p} {pi} in Swedish, {p} in English."""
    forms = rng.choice([one for one in PRODUCTS[language] if one.flat or not flat]).forms
    series = rng.choice(SERIES) if rng.random() < 0.25 else ""
    if language == "fi":
        prefix = f"{series}-" if series else ""
        return dict(zip((slot, slot + "g", slot + "p"), (prefix + f for f in forms), strict=True))
    if language == "sv":
        return {slot: forms[0], slot + "i": forms[1]}
    return {slot: f"{series} {forms[0]}".strip()}


def _ended(text: str) -> str:
    return text if text[-1] in '.!?:)…"' else text + "."


def _same_slot(one: str, text: str) -> bool:
    """Whether a further sentence would repeat a slot, such as a second order number."""
    return bool(set(_SLOT.findall(one)) & set(_SLOT.findall(text)))


_CALL_OPENINGS = ("hei", "moi", "joo", "no ", "tota", "terve", "päivää", "hyvää", "hi", "hello",
                  "yes", "ja ", "hej", "moikka")  # fmt: skip


def _opens_a_call(text: str) -> bool:
    return text.lower().startswith(_CALL_OPENINGS)


def _slip(text: str, rng: random.Random) -> str:
    """One typing mistake inside a longer word: two letters swapped, one lost or one doubled."""
    words = [m for m in re.finditer(r"[a-zåäö]{5,}", text) if "@" not in text]
    if not words:
        return text
    chosen = rng.choice(words)
    at = rng.randrange(chosen.start() + 1, chosen.end() - 2)
    kind = rng.randrange(3)
    if kind == 0:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if kind == 1:
        return text[:at] + text[at + 1 :]
    return text[: at + 1] + text[at:]

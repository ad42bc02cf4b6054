"""What the invented company's customers talk about in each week: the planted story in numbers.

Weeks count from 0; DIGEST_WEEK is the last full one, which the digests report. `story.py` tells
the story in words. Weeks below 0 are the half year before, which `earlier.py` tells: it is made
only for who wants the digests of a whole year.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from infra.demo import earlier
from infra.demo.contact import Contact

HISTORY_WEEKS = 24
DIGEST_WEEK = HISTORY_WEEKS + 1  # weeks 24 and 25 are live, 26 is the one that has just begun
CURRENT_WEEK = DIGEST_WEEK + 1

INVOICE_FIXED = DIGEST_WEEK - 4  # the first week of five with correct invoices
NEW_INSTRUCTIONS = DIGEST_WEEK - 5
#: The fixes of organisation.yaml: the week and weekday (0 is Monday) when each was made. The first
#: works; of the second it is too early to say.
ACTIONS = {"invoice-fix": (INVOICE_FIXED - 1, 4), "parts-check": (DIGEST_WEEK - 1, 2)}
STRIKE = DIGEST_WEEK
LAMP_FIRST_HEARD = DIGEST_WEEK - 1
BROKEN_CODE_WEEK = 13
SILENT_SOURCE = "shop-feedback"
SILENT_FROM_WEEKDAY = 3  # Thursday of the digest's week

#: Of the week that has just begun only this share is sent: no digest reports it, and a demo that
#: runs on a Sunday should not take twice as long as one that runs on a Monday.
THIS_WEEK_SHARE = 0.6

#: The variance of weekly counts beyond Poisson: Var = mean + DISPERSION * mean².
DISPERSION = 0.03

Weights = Mapping[str, float]

_CONTACT: Weights = {"zendesk": 26, "chat": 28, "email": 16, "phone": 18, "survey": 5,
                     "shop-feedback": 6}  # fmt: skip
_ASKED: Weights = {"zendesk": 7, "chat": 10, "email": 6, "phone": 3, "survey": 60,
                   "shop-feedback": 14}  # fmt: skip
_LIVED: Weights = {"zendesk": 20, "chat": 18, "email": 10, "phone": 12, "survey": 34,
                   "shop-feedback": 6}  # fmt: skip
_ONLINE: Weights = {"zendesk": 24, "chat": 38, "email": 10, "phone": 8, "survey": 3,
                    "shop-feedback": 16}  # fmt: skip
_SURVEY: Weights = {"survey": 1}

_FAILS: Weights = {"negative": 85, "neutral": 15}
_ASKS: Weights = {"neutral": 86, "negative": 14}
_PRAISES: Weights = {"positive": 1}
_MIXED: Weights = {"negative": 58, "neutral": 42}
_ANGERS: Weights = {"negative": 1}


@dataclass(frozen=True)
class Topic:
    """One theme of organisation.yaml (or none): contacts a week, where and in what mood."""

    touchpoint: str
    weekly: float
    sources: Weights
    moods: Weights


RATING_ONLY = "rating-only"  # survey answers without a word
LAMP = "lamp-hum"  # no theme of organisation.yaml: the hub must notice it by itself
UNTHEMED = frozenset({LAMP, earlier.FLICKER})
STRIKE_LINES = "delivery-strike"  # lines of delivery-late

TOPICS: Mapping[str, Topic] = {
    "product-info": Topic("browse", 6.8, _ONLINE, _ASKS),
    "stock": Topic("browse", 3.9, _ONLINE, _ASKS),
    "pricing": Topic("browse", 3.2, _ONLINE, {**_MIXED, "positive": 5}),
    "discount-code": Topic("order", 3.0, _ONLINE, _FAILS),
    "website": Topic("order", 3.6, _ONLINE, _FAILS),
    "login": Topic("order", 2.8, _ONLINE, {"negative": 70, "neutral": 30}),
    "order-change": Topic("order", 5.0, _CONTACT, _ASKS),
    "easy-shopping": Topic("order", 3.6, _ASKED, _PRAISES),
    "payment": Topic("payment", 3.2, _CONTACT, _MIXED),
    "invoice-error": Topic("payment", 8.5, _CONTACT, _FAILS),
    "delivery-late": Topic("delivery", 9.5, _CONTACT, _FAILS),
    "delivery-tracking": Topic("delivery", 4.6, _CONTACT, {"negative": 60, "neutral": 40}),
    "delivery-slot": Topic("delivery", 4.8, _CONTACT, _ASKS),
    "delivery-damage": Topic("delivery", 4.2, _LIVED, {"negative": 90, "neutral": 10}),
    "fast-delivery": Topic("delivery", 6.4, _ASKED, _PRAISES),
    "missing-parts": Topic("assembly", 4.2, _LIVED, _FAILS),
    "assembly": Topic("assembly", 7.0, _LIVED, {"negative": 80, "neutral": 12, "positive": 8}),
    "assembly-service": Topic("assembly", 2.2, _CONTACT, {"neutral": 60, "negative": 40}),
    "product-quality": Topic("use", 5.0, _LIVED, _FAILS),
    "nice-product": Topic("use", 6.2, _ASKED, _PRAISES),
    "returns": Topic("return", 4.2, _CONTACT, _ASKS),
    "refund": Topic("return", 4.2, _CONTACT, _FAILS),
    "queue-time": Topic("service", 3.0, _CONTACT, _ANGERS),
    "no-reply": Topic("service", 2.6, _CONTACT, _ANGERS),
    "friendly-service": Topic("service", 5.4, {**_ASKED, "phone": 8, "chat": 18}, _PRAISES),
    "newsletter": Topic("service", 1.4, _ONLINE, _MIXED),
    RATING_ONLY: Topic("delivery", 13.0, _SURVEY, {"negative": 2, "neutral": 4, "positive": 5}),
    LAMP: Topic("use", 12.0, _CONTACT, _ANGERS),
    earlier.FLICKER: Topic("use", 0.0, _CONTACT, _ANGERS),
}

#: Where answers without words belong: what the form asked about.
FORM_TOUCHPOINTS: Weights = {"delivery": 5, "assembly": 6, "order": 2, "use": 1}
_REPEATING = frozenset({"invoice-error", "delivery-late", "delivery-tracking", "refund", "payment",
                        "missing-parts", "product-quality", "no-reply",
                        "delivery-damage"})  # fmt: skip
REPEAT_SHARE = 0.13

#: Firms order much at once: what goes wrong with an order reaches them more often. Every second
#: customer of these complaints is one, beside their usual sixteenth.
BUSINESS_SUFFERS = frozenset({"delivery-late", "delivery-tracking", "delivery-damage",
                              "missing-parts", "refund", "invoice-error", "no-reply",
                              "queue-time", "product-quality", LAMP})  # fmt: skip
BUSINESS_EXTRA = 2
#: What new customers mostly ask about.
FIRST_QUESTIONS = frozenset({"product-info", "stock", "pricing", "order-change", "delivery-slot"})


def weekly_rate(theme: str, week: int) -> float:
    """Contacts expected in a week without holidays."""
    rate = TOPICS[theme].weekly
    if week < 0:
        return 0.0 if theme in UNTHEMED else rate * earlier.factor(theme, week)
    factor = 1.0
    if theme == "delivery-late" and week >= STRIKE:
        factor = 2.3
    elif theme == "invoice-error" and week >= INVOICE_FIXED:
        factor = 0.15
    elif theme == "discount-code" and week == BROKEN_CODE_WEEK:
        factor = 4.0
    elif theme == LAMP:
        factor = 0.0 if week < LAMP_FIRST_HEARD else 0.25 if week == LAMP_FIRST_HEARD else 1.0
    return rate * factor * (THIS_WEEK_SHARE if week == CURRENT_WEEK else 1.0)


def planted_count(theme: str, week: int) -> int | None:
    """Contacts where the story wants a certain number and chance may not spoil it."""
    if theme == earlier.FLICKER:
        return earlier.FLICKER_WEEKS.get(week, 0)
    return {
        ("delivery-late", STRIKE): 25,
        ("discount-code", BROKEN_CODE_WEEK): 13,
        (LAMP, LAMP_FIRST_HEARD): 3,
        (LAMP, DIGEST_WEEK): 14,
    }.get((theme, week))


def expected(theme: str, week: int) -> float:
    """Contacts of a week that chance does not decide, at volume 1."""
    planted = planted_count(theme, week)
    return weekly_rate(theme, week) if planted is None else float(planted)


def moods(theme: str, touchpoint: str, week: int) -> Weights:
    """How people feel about a theme in a week; `touchpoint` matters for answers without words."""
    if theme == "assembly" and week >= NEW_INSTRUCTIONS:
        return {"negative": 15, "neutral": 10, "positive": 75}
    if theme == RATING_ONLY and touchpoint == "assembly":
        if week >= NEW_INSTRUCTIONS:
            return {"negative": 1, "neutral": 3, "positive": 10}
        return {"negative": 5, "neutral": 4, "positive": 2}
    if theme == RATING_ONLY and touchpoint == "delivery" and week >= STRIKE:
        return {"negative": 5, "neutral": 4, "positive": 3}
    return TOPICS[theme].moods


def repeats(theme: str, mood: str) -> bool:
    """Whether such a contact may be followed by another about the same thing."""
    return mood == "negative" and theme in _REPEATING


def customer_tags(contact: Contact) -> tuple[str, ...]:
    """What tickets and chats are tagged with by who writes: the personas of organisation.yaml.

    Firms, members of the loyalty programme, and new customers: the others who ask what comes before
    a delivery, and one in twenty of those who write of anything else.
    """
    if contact.person.business:
        return ("yritysasiakas",)
    if contact.person.regular:
        return ("kanta-asiakas",)
    new = contact.theme in FIRST_QUESTIONS or contact.number % 20 == 0
    return ("uusi-asiakas",) if new else ()


def lines(theme: str, mood: str, week: int, chance: float) -> str:
    """The part of the message bank that a theme speaks from; `chance` is uniform in 0..1."""
    if theme == "delivery-late" and mood == "negative" and week >= STRIKE and chance < 0.6:
        return STRIKE_LINES
    return theme

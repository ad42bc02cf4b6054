"""The nouns: Event, Interaction, Rating, Channel, Role, Enrichment.

Plain frozen data that every step shares; no step logic and no I/O. An Event is one thing a
vendor told us; an Interaction is the fold of its events (see `fold.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Self

#: What stands for words that an item was too small for, and for those that were erased.
WORDS_CUT, WORDS_ERASED = "…", "[…]"
WORDLESS = frozenset({WORDS_CUT, WORDS_ERASED})


class Channel(StrEnum):
    """How the customer reached us."""

    CHAT = "chat"
    EMAIL = "email"
    VOICE = "voice"
    SMS = "sms"
    SURVEY = "survey"
    REVIEW = "review"
    FEEDBACK = "feedback"  # a form or a feedback board: unasked, not a conversation

    @property
    def solicited(self) -> bool:
        """True where the company asked first; the rest is what customers say by themselves."""
        return self is Channel.SURVEY


class Role(StrEnum):
    """Who wrote or spoke. Only CUSTOMER text is the voice of the customer."""

    CUSTOMER = "customer"
    AGENT = "agent"
    BOT = "bot"
    SYSTEM = "system"
    NOTE = "note"  # internal: never leaves the event, never counted as anybody's voice


class EventKind(StrEnum):
    """What happened."""

    MESSAGE = "message"
    RATING = "rating"
    CALL = "call"
    STATUS = "status"
    ERASURE = "erasure"


class RatingKind(StrEnum):
    """The question that was answered."""

    NPS = "nps"  # 0-10, how likely to recommend
    CSAT = "csat"  # 1-5, how satisfied
    CES = "ces"  # 1-7, how easy
    STARS = "stars"  # a public review, 1-5
    THUMB = "thumb"  # 0 or 1


@dataclass(frozen=True, slots=True)
class Rating:
    """One answer on its own scale: `scale_min <= value <= scale_max`.

    Raises ValueError outside the scale, so that a rating of 11 is never counted.
    """

    kind: RatingKind
    value: float
    scale_min: float
    scale_max: float
    question: str = ""  # the vendor's id of the question, where one response holds several

    def __post_init__(self) -> None:
        if not self.scale_min < self.scale_max:
            raise ValueError(f"rating scale {self.scale_min}..{self.scale_max} is empty")
        if not self.scale_min <= self.value <= self.scale_max:
            raise ValueError(
                f"rating {self.value} is outside its scale {self.scale_min}..{self.scale_max}"
            )

    @property
    def normalised(self) -> float:
        """0 (worst) to 1 (best), whatever the scale."""
        return (self.value - self.scale_min) / (self.scale_max - self.scale_min)

    @classmethod
    def nps(cls, value: float, question: str = "") -> Self:
        return cls(RatingKind.NPS, value, 0, 10, question)

    @classmethod
    def csat(cls, value: float, question: str = "") -> Self:
        return cls(RatingKind.CSAT, value, 1, 5, question)

    @classmethod
    def ces(cls, value: float, question: str = "") -> Self:
        return cls(RatingKind.CES, value, 1, 7, question)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing a vendor told us. Identity is `(source, event_id)`, taken from signed content.

    `source` is the name in organisation.yaml, `interaction_id` the vendor's conversation, ticket,
    call or response, `occurred_at` aware UTC. `customer` is the vendor's word for the person,
    prefixed by its kind ("email:", "phone:", "id:"); it becomes a pseudonym before it is stored
    in an interaction. Durations are seconds. What the vendor did not say is None or empty.
    """

    source: str
    event_id: str
    interaction_id: str
    kind: EventKind
    occurred_at: datetime
    channel: Channel
    role: Role = Role.CUSTOMER
    text: str = ""
    message_id: str = ""  # identity of the message inside the interaction; event_id when empty
    language: str | None = None
    customer: str | None = None
    ratings: tuple[Rating, ...] = ()
    touchpoint: str | None = None  # a touchpoint id of organisation.yaml, where the source knows it
    tags: tuple[str, ...] = ()
    wait_s: float | None = None
    talk_s: float | None = None
    hold_s: float | None = None
    handle_time_s: float | None = None  # talk + hold + after-call work
    abandoned: bool | None = None  # the customer left before anybody answered
    resolved: bool | None = None
    erases: str | None = None  # ERASURE only: a message_id, or None for the whole interaction
    fetch: str = ""  # what the vendor must be asked for, in its connector's own form
    recording: str = ""  # of a call that shall be written down, in its connector's own form

    @property
    def interaction_key(self) -> str:
        return interaction_key(self.source, self.interaction_id)


def interaction_key(source: str, interaction_id: str) -> str:
    """The key of an interaction in every table and queue; source names hold no '#'."""
    return f"{source}#{interaction_id}"


@dataclass(frozen=True, slots=True)
class Enrichment:
    """What the endpoint says of one customer message. Probabilities are 0..1.

    `model` and `taxonomy` (the organisation's hash) say what judged it, so that a change of
    either is visible and can be re-run. `themes` is sorted by score and empty when unsure.
    `characters` is the length of the judged text: a long message weighs more than a greeting.

    What an endpoint may leave out: `felt` is (emotion, share of all emotions), the strongest
    first; `effort` is "low", "medium", "high", or "" where the text does not tell; `satisfaction`
    is (score 1..5, lowest, highest step of its interval). `personal` are the places
    (start, end, kind) of personal data in the judged text: never stored, see `masking`.
    """

    model: str
    taxonomy: str
    language: str
    negative: float
    neutral: float
    positive: float
    themes: tuple[tuple[str, float], ...] = ()
    p_failure: float | None = None
    characters: int = 0
    felt: tuple[tuple[str, float], ...] = ()
    effort: str = ""
    satisfaction: tuple[float, int, int] | None = None
    personal: tuple[tuple[int, int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """One message of an interaction, its text redacted."""

    message_id: str
    role: Role
    at: datetime
    text: str
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Interaction:
    """One conversation, ticket, call or survey response: the fold of its events.

    `started_at` is the first customer contact (the first event where no customer spoke).
    `customer` is a pseudonym. `erased` interactions hold no text, customer or rating and
    contribute nothing.
    """

    source: str
    interaction_id: str
    channel: Channel
    started_at: datetime
    last_at: datetime
    customer: str | None = None
    language: str | None = None
    messages: tuple[Message, ...] = ()
    ratings: tuple[Rating, ...] = ()
    touchpoint: str | None = None
    tags: tuple[str, ...] = ()
    wait_s: float | None = None
    talk_s: float | None = None
    hold_s: float | None = None
    handle_time_s: float | None = None
    abandoned: bool | None = None
    resolved: bool | None = None
    erased: bool = False
    contacted: bool = True  # a customer said or did something; else there is nothing to count
    enrichments: Mapping[str, Enrichment] = field(default_factory=dict)  # message_id -> Enrichment

    @property
    def key(self) -> str:
        return interaction_key(self.source, self.interaction_id)

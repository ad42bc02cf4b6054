"""Contact: what one customer did once, before it is told as a row or as a vendor's requests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.interaction import Channel, Role
from infra.demo.people import Person


@dataclass(frozen=True)
class Turn:
    """One message of the conversation; `at` is aware UTC."""

    role: Role
    at: datetime
    text: str


@dataclass(frozen=True)
class Contact:
    """One conversation, ticket, call or answer.

    `source` is a name of organisation.yaml. `theme` and `mood` are the truth that the texts were
    written from: "" and the answerer's mood where there are no words. Durations are seconds.
    `repeat_of` is the contact it returns to.
    """

    number: int
    week: int
    source: str
    channel: Channel
    person: Person
    theme: str
    mood: str
    touchpoint: str
    order: str
    subject: str
    turns: tuple[Turn, ...]
    started_at: datetime
    nps: int | None = None
    csat: int | None = None
    ces: int | None = None
    rated_at: datetime | None = None
    wait_s: int | None = None
    handle_time_s: int | None = None
    abandoned: bool | None = None
    resolved: bool | None = None
    closed_at: datetime | None = None
    note: str = ""  # an internal note between colleagues
    tags: tuple[str, ...] = ()
    repeat_of: int | None = None

    @property
    def vendor_customer(self) -> str:
        """The person as this source's connector names them."""
        person = self.person
        if self.source == "zendesk":
            return f"id:zendesk:{zendesk_user(person)}"
        if self.source == "phone":
            return f"phone:{person.phone_e164}"
        if self.source == "shop-feedback":
            return f"id:{person.customer_number}"
        return f"email:{person.email}"


def zendesk_user(person: Person) -> str:
    """The requester id that Zendesk gave the person."""
    return str(36_000_000 + person.number * 11)

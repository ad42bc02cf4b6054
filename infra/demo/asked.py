"""Chats in which the agent asks for basics before helping: the planted case for asking beforehand.

Drawn from each contact's own number: what else the story draws stays as it is.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.basics import asked
from chalicelib.interaction import Role
from infra.demo.contact import Contact, Turn
from infra.demo.phrasing import Phrasing

#: Of the chats that could be about an order: in how many the agent starts with a question.
SHARE = 0.7
#: The phrases of each theme's questions; a theme that is not here needs no basics.
_ORDER, _PLACE, _SIGHT = ("order",), ("order", "address"), ("order", "picture")
QUESTIONS = {
    "order-change": _PLACE, "payment": _ORDER, "invoice-error": _ORDER, "delivery-late": _ORDER,
    "delivery-tracking": _ORDER, "delivery-slot": _PLACE, "delivery-damage": _SIGHT,
    "missing-parts": _SIGHT, "assembly-service": _PLACE, "product-quality": _SIGHT,
    "lamp-hum": _ORDER, "returns": _PLACE, "refund": _ORDER, "no-reply": _ORDER,
}  # fmt: skip


def asked_first(contact: Contact) -> Contact:
    """The chat with a question and its answer before the agent's help, or as it was."""
    rng = random.Random(f"asked {contact.number}")
    kinds = [
        kind
        for kind in QUESTIONS.get(contact.theme, ())
        if kind != "order" or contact.order not in contact.turns[0].text
    ]
    if not kinds or rng.random() >= SHARE or asked(contact.turns[1].text):
        return contact
    kind = rng.choice(kinds)
    phrasing = Phrasing(rng)
    first, helped = contact.turns[0], contact.turns[1].at
    answered = helped + timedelta(seconds=rng.lognormvariate(4.4, 0.6))
    later = answered - helped + timedelta(seconds=rng.uniform(20, 90))
    question = phrasing.phrase("ask", contact.person, contact.order, within=kind)
    given = phrasing.phrase("given", contact.person, contact.order, within=kind)
    return replace(
        contact,
        turns=(
            first,
            Turn(Role.AGENT, helped, question),
            Turn(Role.CUSTOMER, answered, given),
            *(replace(turn, at=turn.at + later) for turn in contact.turns[1:]),
        ),
        closed_at=_shifted(contact.closed_at, later),
        rated_at=_shifted(contact.rated_at, later),
    )


def _shifted(at: datetime | None, by: timedelta) -> datetime | None:
    return None if at is None else at + by

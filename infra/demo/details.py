"""The particulars of a contact: words, answers, waiting, ratings, the end of it."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.interaction import Channel, Role
from infra.demo import plot
from infra.demo.asked import asked_first
from infra.demo.contact import Contact, Turn
from infra.demo.phrasing import Phrasing

#: Answers by mood: (value, weight).
_CSAT = {
    "negative": ((1, 45), (2, 33), (3, 17), (4, 5)),
    "neutral": ((2, 6), (3, 34), (4, 45), (5, 15)),
    "positive": ((3, 3), (4, 32), (5, 65)),
}
#: After the conversation: help lifts the mood of a complaint.
_CHAT_CSAT = {
    "negative": ((1, 27), (2, 20), (3, 22), (4, 20), (5, 11)),
    "neutral": ((3, 10), (4, 40), (5, 50)),
    "positive": ((4, 15), (5, 85)),
}
_NPS = {
    "negative": ((0, 12), (1, 8), (2, 14), (3, 18), (4, 16), (5, 17), (6, 10), (7, 5)),
    "neutral": ((5, 8), (6, 14), (7, 32), (8, 32), (9, 14)),
    "positive": ((7, 6), (8, 22), (9, 32), (10, 40)),
}
_CES = {
    "negative": ((1, 20), (2, 32), (3, 30), (4, 14), (5, 4)),
    "neutral": ((3, 12), (4, 34), (5, 38), (6, 16)),
    "positive": ((5, 14), (6, 40), (7, 46)),
}
#: What each form of the survey asks, by the touchpoint it is about.
_ASKED = {"assembly": ("csat", "ces"), "order": ("nps", "ces")}
_TAGS = {"browse": "valinta", "order": "tilaus", "payment": "maksu", "delivery": "toimitus",
         "assembly": "kokoaminen", "use": "tuote", "return": "palautus",
         "service": "asiakaspalvelu"}  # fmt: skip
_TAGGED = 0.7


@dataclass
class Details:
    """Completes a bare contact; the same random source gives the same particulars."""

    rng: random.Random
    phrasing: Phrasing

    def complete(self, contact: Contact, lines: str, register: str) -> Contact:
        """The contact with its words, its service figures and its ratings."""
        if contact.source in ("zendesk", "chat") and self.rng.random() < _TAGGED:
            contact = replace(contact, tags=(_TAGS[contact.touchpoint],))
        if contact.source in ("zendesk", "chat"):
            contact = replace(contact, tags=(*contact.tags, *plot.customer_tags(contact)))
        if contact.theme:
            contact = self._spoken(contact, lines, register)
        steps = {
            "zendesk": self._ticket,
            "chat": self._chat,
            "phone": self._call,
            "email": self._mail,
            "survey": self._answers,
            "shop-feedback": self._stars,
        }
        return steps[contact.source](contact)

    def _spoken(self, contact: Contact, lines: str, register: str) -> Contact:
        person, order = contact.person, contact.order
        again = contact.repeat_of is not None and self.rng.random() < 0.7
        words = self.phrasing.message(person, lines, contact.mood, register, order, again=again)
        subject = self.phrasing.subject(person, contact.theme, order)
        turn = Turn(Role.CUSTOMER, contact.started_at, words)
        return replace(
            contact,
            turns=(turn,),
            subject=subject if register in ("email", "form") else "",
        )

    def _ticket(self, contact: Contact) -> Contact:
        answered = contact.started_at + timedelta(hours=self.rng.lognormvariate(1.9, 0.7))
        contact = self._conversed(contact, answered, timedelta(hours=6), back=0.35)
        if self.rng.random() < 0.08:
            contact = replace(
                contact, note=self.phrasing.phrase("note", contact.person, contact.order)
            )
        return self._closed(contact, timedelta(hours=self.rng.uniform(2, 20)), 0.72)

    def _chat(self, contact: Contact) -> Contact:
        wait = round(self.rng.lognormvariate(3.6, 0.8))
        answered = contact.started_at + timedelta(seconds=wait)
        contact = self._conversed(contact, answered, timedelta(minutes=3), back=0.55)
        contact = self._closed(contact, timedelta(minutes=self.rng.uniform(2, 12)), 0.65)
        contact = replace(contact, wait_s=wait)
        if self.rng.random() < 0.35:
            last = contact.closed_at or contact.turns[-1].at
            contact = replace(
                contact,
                csat=self._drawn(_CHAT_CSAT, contact),
                rated_at=last + timedelta(minutes=self.rng.uniform(0.5, 30)),
            )
        # The history has no agents' messages: nobody asks there.
        return asked_first(contact) if contact.week >= plot.HISTORY_WEEKS else contact

    def _conversed(
        self, contact: Contact, answered: datetime, pause: timedelta, *, back: float
    ) -> Contact:
        """Adds an agent's answer and, with probability `back`, the customer's reply to it."""
        person, order = contact.person, contact.order
        reply = self.phrasing.answer(contact.turns[0].text, person, order, contact.mood)
        turns = [*contact.turns, Turn(Role.AGENT, answered, reply)]
        if self.rng.random() < back:
            # A complaint may stay one; praise and questions end in thanks.
            still = contact.mood == "negative" and self.rng.random() < 0.55
            mood = "negative" if still else "positive" if contact.mood == "positive" else "neutral"
            words = self.phrasing.phrase("follow_up", person, order, within=mood)
            at = answered + pause * self.rng.uniform(0.3, 2)
            turns.append(Turn(Role.CUSTOMER, at, words))
        return replace(contact, turns=tuple(turns))

    def _closed(self, contact: Contact, after: timedelta, share: float) -> Contact:
        if self.rng.random() >= share:
            return contact
        return replace(contact, resolved=True, closed_at=contact.turns[-1].at + after)

    def _call(self, contact: Contact) -> Contact:
        if contact.channel is Channel.SMS:
            return contact
        rush = 1.6 if contact.started_at.weekday() == 0 else 1.0
        wait = round(self.rng.lognormvariate(4.5, 0.9) * rush)
        if self.rng.random() < min(0.6, wait / 1200):
            # Nobody heard what it was about.
            return replace(contact, turns=(), theme="", wait_s=wait, abandoned=True)
        talk = round(self.rng.lognormvariate(5.5, 0.5))
        turns = contact.turns
        if self.rng.random() < 0.25:
            words = self.phrasing.answer(turns[0].text, contact.person, contact.order, contact.mood)
            at = contact.started_at + timedelta(seconds=wait + min(talk, 60))
            turns = (*turns, Turn(Role.AGENT, at, words))
        # The caller speaks when the queue is over.
        spoken = turns[0].at + timedelta(seconds=wait + 8)
        turns = (replace(turns[0], at=spoken), *turns[1:])
        ended = contact.started_at + timedelta(seconds=wait + talk)
        return replace(
            contact, turns=turns, wait_s=wait, handle_time_s=talk, abandoned=False,
            closed_at=ended,
        )  # fmt: skip

    def _mail(self, contact: Contact) -> Contact:
        if self.rng.random() < 0.2:
            answered = contact.started_at + timedelta(hours=self.rng.lognormvariate(2.2, 0.6))
            return self._conversed(contact, answered, timedelta(hours=8), back=1.0)
        return contact

    def _answers(self, contact: Contact) -> Contact:
        asked = _ASKED.get(contact.touchpoint, ("nps", "csat"))
        scales = {"nps": _NPS, "csat": _CSAT, "ces": _CES}
        given = {kind: self._drawn(scales[kind], contact) for kind in asked}
        return replace(contact, rated_at=contact.started_at, nps=given.get("nps"),
                       csat=given.get("csat"), ces=given.get("ces"))  # fmt: skip

    def _stars(self, contact: Contact) -> Contact:
        return replace(contact, csat=self._drawn(_CSAT, contact), rated_at=contact.started_at)

    def _drawn(self, scale: dict[str, tuple[tuple[int, int], ...]], contact: Contact) -> int:
        values, weights = zip(*scale[contact.mood], strict=True)
        return int(self.rng.choices(values, weights)[0])

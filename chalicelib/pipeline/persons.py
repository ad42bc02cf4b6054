"""A person's request under the GDPR: everything about them told (article 15), or erased (17).

A person is named by what sources call them: 'email:a@b.example', 'phone:+358401234567',
'id:VENDOR:7', or by a pseudonym. Erasing goes through the fold: an erasure is logged for each
interaction and understood like a vendor's own, so counts go down exactly, and what a late delivery,
a replay or a backfill brings stays erased. Then the log's events and deliveries are removed. Every
step may be repeated; a run that died is run again.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from chalicelib import privacy
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.person import Person
from chalicelib.adapters.secrets import PSEUDONYM_KEY
from chalicelib.adapters.world import World
from chalicelib.errors import Retryable
from chalicelib.interaction import Channel, Event, EventKind, Role, interaction_key
from chalicelib.pipeline.understand import understand
from chalicelib.privacy.mentions import Mention
from chalicelib.privacy.own_ids import impersonal
from chalicelib.privacy.pseudonyms import is_pseudonym, rekeyed, under_each

#: A received mail that nobody could read for so long: its reading failed (`pipeline/jobs.py`).
UNREAD_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Receipt:
    """What an erasure did; it names nobody.

    Of the person: `interactions`, their `events`, and the `deliveries` that held these. Of others,
    but with the person's address or number in it: `texts` that were redacted, `mentions`, kept
    deliveries that were forgotten, and `unreadable`, what nobody could read, deliveries and
    received mails alike.
    """

    id: str
    at: datetime
    interactions: int
    events: int
    deliveries: int
    texts: int
    unreadable: int
    mentions: int = 0
    left_to_do: int = 0  # interactions and mails that another worker was at: run it again


@dataclass(frozen=True)
class _Who:
    """A person: every name that is known, and the pseudonyms of each key (one may be rotated)."""

    names: tuple[str, ...]
    pseudonyms: frozenset[str]
    mention: Mention
    keys: tuple[bytes, ...]

    @classmethod
    def of(cls, world: World, person: Person, names: Sequence[str]) -> _Who:
        """With the addresses that stand behind a named pseudonym, where the log still has them."""
        keys = tuple(world.secrets.keys(PSEUDONYM_KEY))
        wanted = frozenset(one for name in names for one in under_each(name, keys))
        behind = (
            str(event.customer)
            for of in wanted
            for interaction in world.interactions.of_customer(of)
            for _, event in person.events_of(interaction)
            if event.customer and not wanted.isdisjoint(under_each(event.customer, keys))
        )
        known = tuple(dict.fromkeys((*names, *behind)))
        return cls(known, wanted, Mention.of(known), keys)

    def owns(self, event: Event) -> bool:
        """Whether an event is of the person's conversation, and not of one erased before.

        A source may name it by an address: as a customer of any kind, or as the conversation.
        """
        if _erases_all(event):
            return False
        if event.customer and not self.pseudonyms.isdisjoint(under_each(event.customer, self.keys)):
            return True
        named = filter(None, (event.customer, event.interaction_id))
        return event.interaction_id in self.called(event.source) or any(
            map(self.mention.is_whole, named)
        )

    def called(self, source: str) -> frozenset[str]:
        """What a conversation of a source is called that is mapped to the person's address."""
        return _called(source, self.names)


@lru_cache(maxsize=64)
def _called(source: str, names: tuple[str, ...]) -> frozenset[str]:
    addresses = [name for name in names if name.startswith(("email:", "phone:"))]
    return frozenset(impersonal(source, name) for name in addresses) - set(addresses)


def _erases_all(event: Event) -> bool:
    return event.kind is EventKind.ERASURE and event.erases is None


@dataclass(frozen=True)
class _Found:
    """What an erasure goes for: the person's own, and what mentions the person."""

    interactions: frozenset[str]
    own: tuple[tuple[EventKey, Event], ...]
    typed: tuple[tuple[EventKey, Event], ...] = ()
    deliveries: tuple[EventKey, ...] = ()
    unreadable: tuple[EventKey, ...] = ()
    mails: tuple[str, ...] = ()
    waiting: int = 0  # mails that are about to be read


def pseudonyms(world: World, names: Sequence[str]) -> list[str]:
    """What the hub calls these people now: for records that must not name them."""
    keys = world.secrets.keys(PSEUDONYM_KEY)
    found = [name if is_pseudonym(name) else privacy.pseudonym(name, keys[0]) for name in names]
    return [rekeyed(one, keys) for one in found]


def erase(world: World, names: Sequence[str], *, dry_run: bool = False) -> Receipt:
    """Erase a person; a dry run counts what would go. Raises Retryable when a table is silent."""
    person = Person(world.log.archive)
    who = _Who.of(world, person, names)
    found = _find_all(world, person, who)
    receipt = Receipt(
        id="erasure-" + secrets.token_hex(8),
        at=world.clock(),
        interactions=len(found.interactions),
        events=len(found.own),
        deliveries=0,
        texts=len(found.typed),
        unreadable=len(found.unreadable) + len(found.mails),
        mentions=len(found.deliveries),
        left_to_do=found.waiting,
    )
    if dry_run:
        return receipt
    left = _erase_interactions(world, receipt, found)
    # Behind the logged erasure, which keeps a worker from bringing one back.
    for interaction in found.interactions:
        world.recordings.forget(interaction)
    person.forget_questions(found.interactions)
    deliveries = sum(
        person.forget_event(key)
        for key, event in found.own
        if key.interaction not in left and event.kind is not EventKind.ERASURE
    )
    receipt = replace(
        receipt,
        deliveries=deliveries,
        mentions=_forget_mentions(world, person, who.mention, found),
        left_to_do=len(left) + found.waiting,
    )
    world.registry.keep_receipt(receipt.id, asdict(receipt), receipt.at)
    return receipt


def _forget_mentions(world: World, person: Person, mention: Mention, found: _Found) -> int:
    """Take the person out of what is others'; how many deliveries went. Harmless to repeat."""
    forgotten = sum(map(person.forget_delivery, found.deliveries))
    redacts = privacy.redactor(world.organisation().redact)
    for key, event in found.typed:
        tags = tuple(tag for tag in event.tags if not mention.in_text(tag))
        text = mention.cut(redacts(event.text)) if mention.in_text(event.text) else event.text
        person.redact_event(key, replace(event, text=text, tags=tags))
    for key in found.unreadable:
        person.forget_event(key)
    for mail in found.mails:
        world.inbound.forget(mail)
    return forgotten


def export(world: World, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Everything about a person, one interaction after another, as plain data.

    `understood` is what is kept (redacted), `corrected` what readers said it is about, `received`
    what sources told within the retention of raw events.
    """
    person = Person(world.log.archive)
    found = _find(world, person, _Who.of(world, person, names))
    # What has expired is not told, though the tables delete it some days later.
    now = world.clock()
    states = world.interactions.alive(sorted(found.interactions), now)
    logged = person.unexpired([of for of, _ in found.own], now)
    for key in sorted(found.interactions):
        state = states.get(key)
        received = [e for of, e in found.own if of.interaction == key and of in logged]
        if state is None and not received:
            continue
        yield {
            "interaction": key,
            "understood": asdict(state) | {"contribution": state.contribution.totals()}
            if state
            else None,
            "corrected": [asdict(one) for one in world.corrections.of(key, now)],
            "received": [asdict(event) for event in received],
        }


def _find(world: World, person: Person, who: _Who) -> _Found:
    """The person's own interactions and events."""
    logged = (row.key for row in person.logged(raw=False) if row.event and who.owns(row.event))
    found = _indexed(world, who) | {key.interaction for key in logged}
    return _Found(frozenset(found), _events(person, found))


def _find_all(world: World, person: Person, who: _Who) -> _Found:
    """The same, and where others' events, deliveries and unread mails mention the person.

    Reads every row of the log once, with its delivery: what is kept in memory is what is found.
    """
    interactions = _indexed(world, who)
    typed: list[tuple[EventKey, Event]] = []
    deliveries: list[EventKey] = []
    unreadable: list[EventKey] = []
    for key, event, raw in person.logged(raw=True):
        if event is not None and who.owns(event):
            interactions.add(key.interaction)
        elif event is not None and any(map(who.mention.in_text, (event.text, *event.tags))):
            typed.append((key, event))
        if who.mention.in_bytes(raw):
            (unreadable if event is None else deliveries).append(key)
    own = _events(person, interactions)
    mails, waiting = _mails(world, own, who.mention)
    return _Found(
        frozenset(interactions),
        own,
        tuple(one for one in typed if one[0].interaction not in interactions),
        tuple(key for key in deliveries if key.interaction not in interactions),
        tuple(unreadable),
        mails,
        waiting,
    )


def _indexed(world: World, who: _Who) -> set[str]:
    """Interactions that need no search: by pseudonym, and those called by the person's address."""
    found = {one for of in who.pseudonyms for one in world.interactions.of_customer(of)}
    called = {
        interaction_key(source, one)
        for source in world.organisation().sources
        for one in who.called(source)
    }
    states = world.interactions.read(sorted(called - found))
    return found | {key for key, state in states.items() if not any(map(_erases_all, state.events))}


def _events(person: Person, interactions: Iterable[str]) -> tuple[tuple[EventKey, Event], ...]:
    return tuple(one for of in sorted(interactions) for one in person.events_of(of))


def _mails(
    world: World, own: Sequence[tuple[EventKey, Event]], mention: Mention
) -> tuple[tuple[str, ...], int]:
    """Received mails to be removed, and how many are still being read.

    A mail of an erased interaction goes. Whose another is will be known when it is read, so it
    stays until then; after UNREAD_AFTER nobody will.
    """
    waiting, gone = 0, []
    awaited = {event.event_id for _, event in own if event.fetch}
    for letter in world.inbound.letters():
        # SES names the object as the mail, which is the identity of the event.
        if letter.key.rpartition("/")[2] in awaited:
            gone.append(letter.key)
        elif mention.in_bytes(letter.content):
            if world.clock() - letter.received_at > UNREAD_AFTER:
                gone.append(letter.key)
            else:
                waiting += 1
    return tuple(gone), waiting


def _erase_interactions(world: World, receipt: Receipt, found: _Found) -> set[str]:
    """Log and understand an erasure of each interaction; those that could not be finished."""
    days = world.organisation().retention.raw_days
    channels = {of.interaction: event.channel for of, event in found.own}
    keys = []
    for interaction in sorted(found.interactions):
        source, _, interaction_id = interaction.partition("#")
        erasure = Event(
            source=source,
            event_id=receipt.id,
            interaction_id=interaction_id,
            kind=EventKind.ERASURE,
            occurred_at=receipt.at,
            channel=channels.get(interaction, Channel.FEEDBACK),
            role=Role.SYSTEM,
        )
        world.log.add(erasure, receipt.at, days, None)
        keys.append(EventKey(interaction, erasure.event_id))
    left: set[str] = set()
    for start in range(0, len(keys), 50):
        part = keys[start : start + 50]
        try:
            left |= {key.interaction for key in understand(world, part)}
        except Retryable:
            left |= {key.interaction for key in part}
    return left

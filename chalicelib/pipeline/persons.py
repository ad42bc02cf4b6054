"""A person's request under the GDPR: everything about them told (article 15), or erased (17).

A person is named by what sources call them: 'email:a@b.example', 'phone:+358401234567',
'id:VENDOR:7', or by a pseudonym. Erasing goes through the fold: an erasure is logged for each
interaction and understood like a vendor's own, so counts go down exactly, and what a late delivery,
a replay or a backfill brings stays erased. Then the log's events and deliveries are removed. Every
step may be repeated; a run that died is run again.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from chalicelib import privacy
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.person import Person
from chalicelib.adapters.world import World
from chalicelib.errors import Retryable
from chalicelib.interaction import Channel, Event, EventKind, Role
from chalicelib.pipeline.understand import understand
from chalicelib.privacy.pseudonyms import is_pseudonym, rekeyed, under_each

FEWEST_DIGITS = 7  # of a telephone number that is looked for in texts


@dataclass(frozen=True)
class Receipt:
    """What an erasure did; it names nobody. `texts` are others' messages that held an address."""

    id: str
    at: datetime
    interactions: int
    events: int
    deliveries: int
    texts: int
    unreadable: int
    left_to_do: int = 0  # interactions that another worker was writing: run it again


@dataclass(frozen=True)
class _Found:
    interactions: frozenset[str]
    own: tuple[tuple[EventKey, Event], ...]
    typed: tuple[tuple[EventKey, Event], ...]
    unreadable: tuple[EventKey, ...]


def pseudonyms(world: World, names: Sequence[str]) -> list[str]:
    """What the hub calls these people now: for records that must not name them."""
    keys = world.secrets.keys("pseudonym-key")
    found = [name if is_pseudonym(name) else privacy.pseudonym(name, keys[0]) for name in names]
    return [rekeyed(one, keys) for one in found]


def erase(world: World, names: Sequence[str], *, dry_run: bool = False) -> Receipt:
    """Erase a person; a dry run counts what would go. Raises Retryable when a table is silent."""
    person = Person(world.log.archive)
    found = _find(world, person, names)
    receipt = Receipt(
        "erasure-" + secrets.token_hex(8),
        world.clock(),
        len(found.interactions),
        len(found.own),
        0,
        len(found.typed),
        len(found.unreadable),
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
    own_patterns = world.organisation().redact
    for key, event in found.typed:
        person.redact_event(key, replace(event, text=privacy.redact(event.text, own_patterns)))
    for key in found.unreadable:
        world.log.discard(key)
    receipt = replace(receipt, deliveries=deliveries, left_to_do=len(left))
    world.registry.keep_receipt(receipt.id, asdict(receipt), receipt.at)
    return receipt


def export(world: World, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Everything about a person, one interaction after another, as plain data.

    `understood` is what is kept (redacted), `corrected` what readers said it is about, `received`
    what sources told within the retention of raw events.
    """
    person = Person(world.log.archive)
    found = _find(world, person, names)
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


def _find(world: World, person: Person, names: Sequence[str]) -> _Found:
    keys = world.secrets.keys("pseudonym-key")
    # While a key is being rotated, a person has a pseudonym of each.
    wanted = {one for name in names for one in under_each(name, keys)}
    indexed = {one for of in wanted for one in world.interactions.of_customer(of)}
    logged = list(person.events())
    theirs = {
        of.interaction
        for of, event in logged
        if event.customer and not wanted.isdisjoint(under_each(event.customer, keys))
    }
    holds = mention(names)
    interactions = frozenset(indexed | theirs)
    return _Found(
        interactions,
        tuple(one for one in logged if one[0].interaction in interactions),
        tuple(
            (of, event)
            for of, event in logged
            if of.interaction not in interactions and holds(event.text)
        ),
        tuple(person.unreadable_with(lambda raw: holds(raw.decode("utf-8", "replace")))),
    )


def mention(names: Iterable[str]) -> Callable[[str], bool]:
    """Whether a text holds one of a person's addresses or numbers, however it is spaced."""
    addresses, numbers = set(), set()
    for name in names:
        kind, _, value = name.partition(":")
        if kind == "email":
            addresses.add(value.strip().lower())
        elif kind == "phone":
            # The last nine digits are the same in '+358 40 …' and '040 …'.
            numbers.add(re.sub(r"\D", "", value)[-9:])

    def holds(text: str) -> bool:
        if any(address in text.lower() for address in addresses):
            return True
        digits = re.sub(r"[\s().–-]", "", text) if numbers else ""
        return any(number in digits for number in numbers if len(number) >= FEWEST_DIGITS)

    return holds


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

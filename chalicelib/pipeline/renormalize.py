"""renormalize: what kept requests give after their connector was mended, against what is stored.

The order of writing lets it be stopped at any moment and run again: the log first, then the
interaction (in one transaction with its counts), then the queue, which judges new words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from chalicelib import privacy
from chalicelib.adapters import codec, kept
from chalicelib.adapters.codec import State
from chalicelib.adapters.kept import Kept
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.secrets import PSEUDONYM_KEY
from chalicelib.adapters.world import World
from chalicelib.errors import Retryable, Skipped, Unreadable
from chalicelib.fold import fold, message_id, unique, unjudged
from chalicelib.interaction import WORDLESS, Event, EventKind, Role
from chalicelib.pipeline.receive import queue
from chalicelib.pipeline.replay import read_again
from chalicelib.pipeline.understand import ATTEMPTS, refold


@dataclass(frozen=True)
class Change:
    """One event that reads differently now; None for what was not there, or is no more."""

    before: Event | None
    after: Event | None

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of what differs."""
        if self.before is None or self.after is None:
            return ()
        return tuple(
            f.name
            for f in fields(Event)
            if getattr(self.before, f.name) != getattr(self.after, f.name)
        )


@dataclass(frozen=True)
class Difference:
    """What the present connector makes of a kept delivery, beside what is stored.

    `events` are its own: what another delivery brought first is that one's. `unreadable` is why
    it cannot be read now: then nothing of it is ever changed.
    """

    kept: Kept
    events: Sequence[Event] = ()
    changes: tuple[Change, ...] = ()
    unreadable: str = ""


def difference(world: World, delivery: Kept) -> Difference:
    """Compare; nothing is written. A delivery that is skipped now takes its events away."""
    try:
        events = read_again(world, delivery)
    except Unreadable as error:
        return Difference(delivery, unreadable=str(error))
    except Skipped:
        events = ()
    stored = delivery.stored
    now = {_key(event): event for event in events}
    elsewhere = world.log.read([key for key in now if key not in stored])
    own = {key: event for key, event in now.items() if key not in elsewhere}
    changes = [Change(stored.get(k), event) for k, event in own.items() if stored.get(k) != event]
    changes += [Change(event, None) for key, event in stored.items() if key not in own]
    return Difference(delivery, tuple(own.values()), tuple(changes))


def apply(world: World, found: Difference) -> bool:
    """Make what is stored what the present connector reads; True when something was written.

    Also finishes what an earlier run left half done. Raises Retryable when an interaction
    changes again and again meanwhile: run it again.
    """
    if found.unreadable:
        return False
    if found.changes:
        _write_log(world, found)
    gone = [change.before for change in found.changes if change.before and not change.after]
    moved = _write_interactions(world, found.events, gone)
    if found.changes or moved:
        queue(world, found.events)
    return bool(found.changes or moved)


def _write_log(world: World, found: Difference) -> None:
    delivery = found.kept
    raw = codec.dump_request(delivery.request)
    days = world.organisation().retention.raw_days
    removed = {_key(c.before) for c in found.changes if c.before is not None and c.after is None}
    for change in found.changes:
        if change.after is None:
            continue
        if change.before is None:
            holder = raw if delivery.holder in removed else delivery.holder
            world.log.add(change.after, delivery.received_at, days, holder)
        else:
            kept.rewrite(_key(change.after), change.after)
    left = [key for key in delivery.stored if key not in removed]
    if delivery.holder in removed and left:
        kept.hold(left[0], raw)
    for key in removed:
        kept.remove(key)


def _write_interactions(world: World, events: Sequence[Event], gone: Sequence[Event]) -> bool:
    """Let the interactions that are understood already hold these events, and those no more."""
    organisation = world.organisation()
    pseudonym_key = world.secrets.key(PSEUDONYM_KEY)
    wanted = _Wanted.of(
        [privacy.redacted_event(event, organisation.redact, pseudonym_key) for event in events],
        gone,
    )
    moved = False
    for _ in range(ATTEMPTS):
        states = world.interactions.read(wanted.keys())
        changes = [
            refold(organisation, state, after)
            for state in states.values()
            if (after := wanted.state(state)) != state
        ]
        if not changes:
            unfinished = [s for s in states.values() if unjudged(fold(s.events, s.enrichments))]
            return moved or bool(unfinished)
        written = world.interactions.commit(changes)
        moved = moved or bool(written)
    raise Retryable("interactions changed again and again meanwhile; run it again to finish")


@dataclass
class _Wanted:
    """The redacted events that interactions should have, and the identities they should not."""

    events: Mapping[str, list[Event]] = field(default_factory=dict)
    gone: Mapping[str, set[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Sequence[Event], gone: Sequence[Event]) -> _Wanted:
        wanted, unwanted = defaultdict(list), defaultdict(set)
        for event in events:
            wanted[event.interaction_key].append(event)
        for event in gone:
            unwanted[event.interaction_key].add(event.event_id)
        return cls(wanted, unwanted)

    def keys(self) -> list[str]:
        return sorted({*self.events, *self.gone})

    def state(self, state: State) -> State:
        """The state with its events replaced; the same state where it has them all as they are."""
        known = {event.event_id: event for event in state.events}
        erased = any(e.kind is EventKind.ERASURE and e.erases is None for e in state.events)
        new = {
            event.event_id: event
            for event in self.events.get(state.key, ())
            if event.event_id not in known or _differs(known[event.event_id], event, erased)
        }
        old = set(self.gone.get(state.key, ())) & known.keys()
        if all(_is_husk(known[event_id]) for event_id in old):
            old = set()
        if not new and not old:
            return state
        stay = [e for e in state.events if e.event_id not in new and e.event_id not in old]
        # An interaction cannot be empty: what is left of it says nothing and counts nothing.
        together = [*stay, *new.values()] or [_husk(known[event_id]) for event_id in sorted(old)]
        reworded = {message_id(known[event_id]) for event_id in (*new, *old) if event_id in known}
        enrichments = {k: v for k, v in state.enrichments.items() if k not in reworded}
        return replace(state, events=unique(together), enrichments=enrichments)


def _differs(stored: Event, event: Event, erased: bool) -> bool:
    """True where a stored event is not this one, apart from what erasure or length took away."""
    if erased:
        event = replace(event, text="", customer=None, ratings=(), tags=())
    elif stored.text in WORDLESS:
        event = replace(event, text=stored.text)
    return stored != event


def _husk(event: Event) -> Event:
    return Event(
        event.source,
        event.event_id,
        event.interaction_id,
        EventKind.STATUS,
        event.occurred_at,
        event.channel,
        role=Role.SYSTEM,
    )


def _is_husk(event: Event) -> bool:
    return event == _husk(event)


def _key(event: Event) -> EventKey:
    return EventKey(event.interaction_key, event.event_id)

"""understand: queued events -> redacted -> enriched -> folded -> counted, in one transaction."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from chalicelib import enrich, masking, privacy
from chalicelib.adapters.codec import State
from chalicelib.adapters.interactions import Change
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.secrets import PSEUDONYM_KEY
from chalicelib.adapters.telemetry import warn
from chalicelib.adapters.world import World
from chalicelib.deliveries import time_digits
from chalicelib.errors import HubError, Retryable, Unreadable
from chalicelib.fold import (
    contribution,
    fold,
    iso_week,
    message_id,
    sample_of,
    unique,
    unjudged,
)
from chalicelib.interaction import WORDS_ERASED, Enrichment, Event, EventKind, Interaction
from chalicelib.organisation import Organisation
from chalicelib.pipeline import asking

#: How often a batch reads again what another worker wrote first, before the queue's turn.
ATTEMPTS = 5

Judged = dict[tuple[str, str], Enrichment]  # (interaction key, message id) -> enrichment


@dataclass
class _Batch:
    """What one call works on. `failed` interactions stay in the queue.

    `deliveries` are the times in the ids of the deliveries that the events came with, `days` those
    whose counts changed, `states` what is written of the interactions.
    """

    events: Mapping[str, Sequence[Event]]
    deliveries: Collection[str]
    judged: Judged = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    states: dict[str, State] = field(default_factory=dict)
    days: set[date] = field(default_factory=set)


def understand(world: World, keys: Sequence[EventKey]) -> frozenset[EventKey]:
    """Understand a batch of stored events; the keys that are not done and must come again.

    Idempotent: an event that was counted before changes nothing. Raises Retryable when the
    tables do not answer at all.
    """
    organisation = world.organisation()
    started = time.perf_counter()
    batch = _read(world, organisation, keys)
    _work(world, organisation, batch)
    if world.asynchronous is not None:
        _ask_later(world, organisation, batch)
    failed = frozenset(key for key in keys if key.interaction in batch.failed)
    facts = {
        "message": "understood",
        "deliveries": sorted(batch.deliveries),
        "interactions": len(batch.events),
        "failed": len(failed),
        "weeks": sorted({iso_week(day) for day in batch.days}),
        "ms": round((time.perf_counter() - started) * 1000, 1),
    }
    world.count("events_understood", len(keys) - len(failed), facts=facts)
    if failed:
        world.count("events_failed", len(failed))
    return failed


def settle(world: World, judged: Judged) -> None:
    """Count enrichments that came later than their events; those of forgotten ones are dropped.

    Raises Retryable when not all could be counted; repeating is harmless.
    """
    batch = _Batch({key: () for key, _ in judged}, (), judged)
    _work(world, world.organisation(), batch)
    if batch.failed:
        raise Retryable(f"the judgements of {len(batch.failed)} interactions could not be written")


def _work(world: World, organisation: Organisation, batch: _Batch) -> None:
    """Rounds, until every interaction of the batch is written or has failed."""
    pending = sorted(batch.events.keys() - batch.failed)
    for _ in range(ATTEMPTS):
        if not pending:
            break
        pending = _advance(world, organisation, batch, pending)
    batch.failed.update(pending)


def _ask_later(world: World, organisation: Organisation, batch: _Batch) -> None:
    """Ask an asynchronous endpoint about the messages that this batch brought."""
    brought = {(key, message_id(event)) for key in batch.states for event in batch.events[key]}
    wanted = [
        (key, message)
        for key, state in batch.states.items()
        for message in unjudged(fold(state.events, state.enrichments))
        if (key, message.message_id) in brought
    ]
    try:
        asking.ask(world, organisation, wanted)
    except HubError as error:
        warn("the model endpoint was not asked", messages=len(wanted), why=str(error))
        batch.failed.update(key for key, _ in wanted)


def _read(world: World, organisation: Organisation, keys: Sequence[EventKey]) -> _Batch:
    """The stored events of a batch by interaction, without personal data.

    A key without an event was erased or has expired: there is nothing left to do for it. An
    event that cannot be read back fails its interaction, and nothing else.
    """
    pseudonym_key = world.secrets.key(PSEUDONYM_KEY)
    events: dict[str, list[Event]] = defaultdict(list)
    deliveries: set[str] = set()
    broken: set[EventKey] = set()
    for key, (event, received_at) in world.log.arrivals(keys, broken).items():
        events[key.interaction].append(
            privacy.redacted_event(event, organisation.redact, pseudonym_key)
        )
        deliveries.add(time_digits(received_at))
        if event.kind is EventKind.ERASURE:
            world.corrections.forget(key.interaction)  # before the words they quote
    return _Batch(events, deliveries, failed={key.interaction for key in broken})


def _advance(
    world: World, organisation: Organisation, batch: _Batch, pending: Sequence[str]
) -> list[str]:
    """One round: read, enrich, fold and commit; the interactions that somebody else changed."""
    states = world.interactions.read(pending, batch.failed)
    befores = {key: states.get(key, State(key)) for key in pending if key not in batch.failed}
    merged = {key: merge(state, batch.events[key]) for key, state in befores.items()}
    merged = {key: state for key, state in merged.items() if state.events}
    if world.asynchronous is None:
        _judge(world, organisation, batch, merged)
    changes = [
        change
        for key in merged
        if key not in batch.failed
        and (change := _change(organisation, befores[key], merged[key], batch.judged))
    ]
    written = world.interactions.commit(changes)
    for change in changes:
        if change.after.key in written:
            for state in (change.before, change.after):
                batch.days.update(cell.day for cell in state.contribution.cells)
    late = {change.after.key for change in changes} - written
    batch.states.update((key, merged[key]) for key in merged.keys() - late)
    return sorted(late)


def merge(state: State, events: Iterable[Event]) -> State:
    """The state with more events; the same state when it has them all."""
    held = {event.event_id: event for event in state.events}
    # What was masked since must not become readable when it is delivered again.
    arrived = (
        event
        for event in events
        if event.event_id not in held or not masking.known_again(held[event.event_id], event)
    )
    together = unique([*state.events, *arrived])
    return state if together == state.events else replace(state, events=together)


def _judge(
    world: World, organisation: Organisation, batch: _Batch, merged: Mapping[str, State]
) -> None:
    """Enrich what no enrichment covers, in as few calls as the endpoint's limits allow."""
    wanted = [
        ((key, message.message_id), message.text)
        for key, state in merged.items()
        for message in unjudged(fold(state.events, state.enrichments))
        if (key, message.message_id) not in batch.judged
    ]
    for positions in enrich.batches([text for _, text in wanted]):
        part = [wanted[position] for position in positions]
        for (who, _), enrichment in zip(part, _ask(world, organisation, part), strict=True):
            if enrichment is None:
                batch.failed.add(who[0])
            else:
                batch.judged[who] = enrichment


def _ask(
    world: World, organisation: Organisation, part: Sequence[tuple[tuple[str, str], str]]
) -> Iterator[Enrichment | None]:
    """One call to the endpoint; None for the texts that it did not judge.

    A refused request is halved until the text that it refuses stands alone.
    """
    texts = [text for _, text in part]
    try:
        reply = world.endpoint.invoke(enrich.request(texts, organisation, world.heads.text()))
        yield from enrich.read(reply, texts)
    except Unreadable as error:
        if len(part) == 1:
            warn("the model endpoint refuses a message", interaction=part[0][0][0], why=str(error))
            yield None
        else:
            middle = len(part) // 2
            yield from _ask(world, organisation, part[:middle])
            yield from _ask(world, organisation, part[middle:])
    except HubError as error:
        warn("the model endpoint did not judge", messages=len(part), why=str(error))
        yield from (None for _ in part)


def _change(
    organisation: Organisation, before: State, merged: State, judged: Judged
) -> Change | None:
    """The new version of an interaction, or None when nothing changes.

    What a message was judged already stands: a late answer of an older model changes nothing.
    """
    new = {message: e for (key, message), e in judged.items() if key == merged.key}
    change = refold(
        organisation, before, replace(merged, enrichments={**new, **merged.enrichments})
    )
    done = (
        change.after.events == before.events
        and change.after.enrichments == before.enrichments
        and change.after.contribution == before.contribution
    )
    return None if done else change


def refold(organisation: Organisation, before: State, state: State) -> Change:
    """Fold a state's events and enrichments into its next version."""
    events, enrichments = masking.masked(state.events, state.enrichments)
    interaction = fold(events, enrichments)
    after = State(
        state.key,
        before.version + 1,
        _stored_events(interaction, events),
        interaction.enrichments,
        contribution(interaction, organisation),
        organisation.hash,
    )
    retention, last_at = organisation.retention, interaction.last_at
    return Change(
        before,
        after,
        interaction,
        sample_of(interaction, organisation),
        last_at + timedelta(days=retention.interactions_days),
        last_at + timedelta(days=retention.summaries_days),
    )


def _stored_events(interaction: Interaction, events: Sequence[Event]) -> tuple[Event, ...]:
    """The events to keep: without the words and the person that an erasure took away."""
    if interaction.erased:
        return tuple(
            replace(event, text="", customer=None, ratings=(), tags=()) for event in events
        )
    gone = {message.message_id for message in interaction.messages if message.erased}
    return tuple(
        replace(event, text=WORDS_ERASED)
        if (event.message_id or event.event_id) in gone and event.text
        else event
        for event in events
    )

"""rotate: customers' pseudonyms moved to a new key, without knowing the customers (decision 7).

New contacts get pseudonyms of the new key at once, and readers take both for one person. The pass
over what is stored may be stopped and repeated, and changes no count. `finish` makes one more when
nobody can use the old key any more, and takes it out.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.adapters.codec import State
from chalicelib.adapters.interactions import Change
from chalicelib.adapters.secrets import PSEUDONYM_KEY
from chalicelib.adapters.world import World
from chalicelib.errors import Misconfigured, Retryable
from chalicelib.fold import fold, sample_of
from chalicelib.organisation import Organisation
from chalicelib.pipeline.passes import batches, rewrite
from chalicelib.privacy.pseudonyms import rekeyed

WORK = "rotate-pseudonym-key"  # whose place is remembered
#: Functions keep a secret for five minutes and work for two on a batch; then nobody has it.
SETTLED = timedelta(minutes=10)


@dataclass(frozen=True)
class Rekeyed:
    """Interactions that were looked at, and of them those whose pseudonyms moved."""

    looked_at: int
    moved: int


def rotate(world: World, each: Callable[[int], None] = lambda _: None) -> Rekeyed:
    """Put a new key before the old one and move every stored pseudonym to it.

    Again, a rotation that was begun is gone on with, where it was stopped. `each` hears how many
    interactions were looked at. Raises Retryable when a table does not answer: run it again.
    """
    since = world.secrets.add_key(PSEUDONYM_KEY, secrets.token_urlsafe(32), world.clock())
    return _pass(world, since, each)


def finish(world: World, each: Callable[[int], None] = lambda _: None) -> Rekeyed:
    """Move what was written meanwhile, and take the old keys out.

    Raises Retryable while a function may still use one, saying until when, and Misconfigured
    where no rotation was begun.
    """
    if len(world.secrets.keys(PSEUDONYM_KEY)) == 1:
        raise Misconfigured("there is one pseudonym-key and nothing to finish")
    since = world.secrets.add_key(PSEUDONYM_KEY, "", world.clock())
    settled_at = since + SETTLED
    if world.clock() < settled_at:
        raise Retryable(
            f"functions may use the old key for some minutes; finish after {settled_at:%H:%M} UTC"
        )
    world.registry.forget_place(WORK)  # what was written behind an earlier pass counts too
    done = _pass(world, since, each)
    world.secrets.drop_older_keys(PSEUDONYM_KEY)
    return done


def _pass(world: World, since: datetime, each: Callable[[int], None]) -> Rekeyed:
    keys, organisation = world.secrets.keys(PSEUDONYM_KEY), world.organisation()
    looked_at = moved = 0
    for batch in batches(world, WORK, {"newest_since": since.isoformat()}):
        states = world.interactions.read(batch).values()
        moved += rewrite(world, states, lambda state: _moved(state, keys, organisation))
        looked_at += len(batch)
        each(looked_at)
    return Rekeyed(looked_at, moved)


def _moved(state: State, keys: Sequence[bytes], organisation: Organisation) -> Change | None:
    """The same interaction under the newest key, its contribution untouched."""
    events = tuple(
        replace(event, customer=rekeyed(event.customer, keys)) if event.customer else event
        for event in state.events
    )
    if events == state.events:
        return None
    after = replace(state, version=state.version + 1, events=events)
    interaction = fold(events, state.enrichments)
    keep = timedelta(days=organisation.retention.interactions_days)
    return Change(
        state, after, interaction, sample_of(interaction, organisation), interaction.last_at + keep
    )

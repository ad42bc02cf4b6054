"""A pass over every interaction: bounded in memory, stopped at any moment, gone on with later."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

from chalicelib.adapters.codec import State
from chalicelib.adapters.interactions import Change
from chalicelib.adapters.world import World
from chalicelib.errors import Retryable
from chalicelib.pipeline.understand import ATTEMPTS

#: Interactions that are read and written together.
BATCH = 100


def batches(
    world: World, work: str, about: Mapping[str, str], weeks: tuple[str, str] | None = None
) -> Iterator[list[str]]:
    """Keys of interactions, behind the place where the same work was stopped.

    A batch is done when the next is asked for: then the place is remembered. Another `about`
    (what the work is to do) begins anew. `weeks` as in `Interactions.all_keys`.
    """
    keys = world.interactions.all_keys(_after(world, work, about), weeks)
    while batch := list(islice(keys, BATCH)):
        yield batch
        place = json.dumps({"about": about, "after": batch[-1]})
        world.registry.keep_place(work, place, world.clock())
    world.registry.forget_place(work)


def _after(world: World, work: str, about: Mapping[str, str]) -> str:
    kept = json.loads(world.registry.place(work) or "{}")
    return str(kept["after"]) if kept.get("about") == dict(about) else ""


def rewrite(world: World, states: Iterable[State], change: Callable[[State], Change | None]) -> int:
    """Write what `change` makes of each state, of None nothing; how many were written.

    What somebody else wrote first is read again and changed again. Raises Retryable when that
    goes on and on: what was written stays, and the pass may be repeated.
    """
    left, written = list(states), 0
    for _ in range(ATTEMPTS):
        changes = [made for state in left if (made := change(state))]
        if not changes:
            return written
        done = world.interactions.commit(changes)
        written += len(done)
        late = [made.after.key for made in changes if made.after.key not in done]
        left = list(world.interactions.read(late).values()) if late else []
    if left:
        raise Retryable("interactions changed again and again meanwhile; run it again to finish")
    return written

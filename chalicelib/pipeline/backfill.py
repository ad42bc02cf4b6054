"""backfill: a vendor's list API -> stored -> understood, page by page, from where it stopped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from chalicelib.adapters.world import World
from chalicelib.pipeline.vendors import Send


@dataclass(frozen=True)
class Progress:
    """How far a backfill is; the sums are over all of its runs. `oldest` is None without events."""

    events: int = 0
    new: int = 0
    oldest: datetime | None = None
    pages: int = 0


def run(
    world: World,
    source_name: str,
    since: datetime,
    until: datetime,
    send: Send | None = None,
    *,
    restart: bool = False,
) -> Iterator[Progress]:
    """Bring in what a source's vendor has of [since, until); yields after each page.

    Identities are those of a push: running it twice, or over what was pushed, changes nothing.
    An interrupted run with the same `since` goes on where it stopped, for a day; `restart` begins
    anew. `send` does the I/O; by default over the network. Raises Misconfigured for an unknown
    source, a vendor without a list API, or credentials that do not do; Retryable when the vendor
    or our tables do not answer: run it again to go on.
    """
    raise NotImplementedError

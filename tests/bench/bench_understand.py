"""Understanding a batch: calls to the outside, and CPU per event beside the endpoint's own work.

`python -m tests.bench.bench_understand` understands batches of 10 and 100 new events on a moto
server. The floor is the model call for the same texts plus the four AWS calls of a batch done
with bare clients on one item each; what grows with the batch is ours.
"""

from __future__ import annotations

import logging
import os
import statistics
import time
from collections import Counter
from dataclasses import replace
from typing import Any

from botocore.client import BaseClient
from rich.console import Console
from rich.table import Table

from chalicelib.adapters.log import EventKey
from chalicelib.adapters.world import World, build
from chalicelib.pipeline.understand import understand
from tests.bench.local_aws import local_aws
from tests.conftest import NOW
from tests.events import event
from tests.twins import JudgingEndpoint, Metrics

ROUNDS = 7
TEXT = (
    "Hei, tilasin sohvan kolme viikkoa sitten ja toimitus on taas myöhässä. Soitatteko "
    "numeroon 040 123 4567? Terveisin Aino Esimerkki"
)


def stored(world: World, size: int, round_: int) -> list[EventKey]:
    """A batch of new events, half of them in conversations of two."""
    events = [
        event(
            f"{round_}-{n}",
            interaction_id=f"{size}-{round_}-{n // 2 if n % 4 < 2 else n}",
            customer=f"id:{n}",
            text=f"{TEXT} {n}",
        )
        for n in range(size)
    ]
    for start in range(0, size, 100):
        world.log.add_many(events[start : start + 100], NOW, 30)
    return [EventKey(e.interaction_key, e.event_id) for e in events]


def main() -> None:
    logging.getLogger("oivallus").handlers[0].setStream(open(os.devnull, "w"))  # type: ignore[attr-defined]  # noqa: SIM115
    calls: Counter[str] = Counter()
    original = BaseClient._make_api_call

    def counted(self: Any, operation: str, arguments: Any) -> Any:
        calls[operation] += 1
        return original(self, operation, arguments)

    BaseClient._make_api_call = counted
    table = Table("batch", title=f"Understanding new events, median of {ROUNDS} batches")
    for heading in ("CPU ms per batch", "CPU ms per event", "AWS calls", "endpoint calls"):
        table.add_column(heading, justify="right")
    with local_aws() as settings:
        for size in (1, 10, 100):
            endpoint = JudgingEndpoint()
            world = replace(build(settings), endpoint=endpoint, count=Metrics())
            understand(world, stored(world, size, -1))
            spent, made = [], []
            for round_ in range(ROUNDS):
                keys = stored(world, size, round_)
                calls.clear()
                asked, started = endpoint.calls, time.process_time_ns()
                assert understand(world, keys) == frozenset()
                spent.append((time.process_time_ns() - started) / 1e6)
                made.append((sum(calls.values()), endpoint.calls - asked))
            ms = statistics.median(spent)
            aws, model = made[-1]
            table.add_row(str(size), f"{ms:.1f}", f"{ms / size:.2f}", str(aws), str(model))
    Console().print(table)


if __name__ == "__main__":
    main()

"""A load run in two phases: several processes send, then the tables are asked what arrived.

`python -m tests.bench.load_run --events 20000` signs N unique events by Standard Webhooks, sends
each at least once, a fifth of them twice and a few with a broken body, out of order, from several
processes at once; waits until all are understood; and proves that the log holds exactly the N, and
the summaries exactly the conversations. Exit status 1 when a number differs.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import yaml
from rich.console import Console
from rich.table import Table

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Request
from infra.local.hub import LocalHub
from infra.paths import ORGANISATION

SOURCE = "load"
TWICE, BROKEN = 0.2, 0.01
DAY = datetime.now(UTC).date()
TURNS = 4  # events of one conversation
WORDS = ("Toimitus on myöhässä", "Lasku on väärin", "Kiitos avusta", "Missä tilaukseni viipyy?")


def deliveries(events: int, seed: int) -> Iterator[tuple[int, bool]]:
    """(number of the event, broken), shuffled: each at least once whole."""
    rng = random.Random(seed)
    sent = [(number, False) for number in range(events)]
    sent += [(number, False) for number in range(events) if rng.random() < TWICE]
    sent += [(number, True) for number in range(events) if rng.random() < BROKEN]
    rng.shuffle(sent)
    yield from sent


def body(number: int) -> bytes:
    told = {
        "id": f"load-{number}",
        "conversation": f"load-{number // TURNS}",
        "text": f"{WORDS[number % len(WORDS)]} ({number})",
        "time": f"{DAY}T10:00:00+02:00",
        "channel": "chat",
    }
    return json.dumps({"type": "feedback.created", "data": told}, ensure_ascii=False).encode()


def sender(url: str, secret: str, part: list[tuple[int, bool]], answers: Any) -> None:
    """One process: sign, send, count the statuses and the milliseconds."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.netloc, timeout=60)
    statuses: Counter[int] = Counter()
    ms = []
    for number, broken in part:
        unsigned = Request("POST", url, {"content-type": "application/json"}, body(number))
        request = CONNECTORS["standard"].sign(unsigned, secret, datetime.now(UTC))
        sent = request.body[:-1] + b" " if broken else request.body
        started = time.perf_counter()
        connection.request("POST", place.path, sent, dict(request.headers))
        with connection.getresponse() as answer:
            answer.read()
            statuses[answer.status] += 1
        ms.append((time.perf_counter() - started) * 1000)
    answers.put((statuses, ms))


def run(events: int, processes: int, seed: int) -> bool:
    """The run and its table; True when exactly what was sent arrived."""
    with LocalHub(organisation_text()) as hub:
        sent = list(deliveries(events, seed))
        started = time.perf_counter()
        statuses, ms = send_all(hub, sent, processes)
        received_s = time.perf_counter() - started
        hub.drain(900)
        understood_s = time.perf_counter() - started
        logged = sum(key.interaction.startswith(SOURCE) for key in hub.world.log.all_keys())
        today = hub.organisation.local_day(datetime.now(UTC))
        day = timedelta(days=1)
        counted = hub.world.summaries.read(today - day, today + day).count(f"source:{SOURCE}")
    told = Counter(status for status, number in statuses.items() for _ in range(number))
    forged = sum(broken for _, broken in sent)
    conversations = -(-events // TURNS)
    table = Table("", "sent", "arrived", title=f"{processes} processes, {len(ms):,} requests")
    table.add_row("accepted or duplicate (200)", f"{len(sent) - forged:,}", f"{told[200]:,}")
    table.add_row("broken, refused (401)", f"{forged:,}", f"{told[401]:,}")
    table.add_row("unique events in the log", f"{events:,}", f"{logged:,}")
    table.add_row("conversations in the summaries", f"{conversations:,}", f"{counted:,}")
    console = Console()
    console.print(table)
    middle, high = ms[len(ms) // 2], ms[int(len(ms) * 0.99)]
    console.print(
        f"received {len(ms) / received_s:,.0f} requests/s (median {middle:.1f} ms, 99 % within "
        f"{high:.0f} ms); all understood after {understood_s:.0f} s, "
        f"{events / understood_s:,.0f} events/s"
    )
    return (told[200], told[401], logged, counted) == (
        len(sent) - forged,
        forged,
        events,
        conversations,
    )


def send_all(
    hub: LocalHub, sent: list[tuple[int, bool]], processes: int
) -> tuple[Counter[int], list[float]]:
    """Statuses, and the milliseconds of every request, sorted."""
    spawn = multiprocessing.get_context("spawn")
    answers: Any = spawn.Queue()
    url, secret = f"{hub.url}/webhooks/{SOURCE}", hub.secret(SOURCE)
    senders = [
        spawn.Process(target=sender, args=(url, secret, sent[place::processes], answers))
        for place in range(processes)
    ]
    for process in senders:
        process.start()
    found = [answers.get() for _ in senders]
    for process in senders:
        process.join()
    statuses: Counter[int] = sum((part for part, _ in found), Counter())
    return statuses, sorted(ms for _, part in found for ms in part)


def organisation_text() -> str:
    """The example company with one more source, whose events belong to conversations."""
    plain = yaml.safe_load(ORGANISATION.read_text(encoding="utf-8"))
    columns = ("id", "conversation", "text", "time", "channel")
    mapping = {column: f"data.{column}" for column in columns}
    plain["sources"][SOURCE] = {"connector": "standard", "options": {"mapping": mapping}}
    return str(yaml.safe_dump(plain, allow_unicode=True))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=5_000)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    sys.exit(0 if run(given.events, given.processes, given.seed) else 1)

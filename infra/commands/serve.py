"""`hub serve`: the local hub, until Ctrl-C; deliveries show as they come."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType

from rich.console import Console
from rich.table import Table
from rich.text import Text

from chalicelib.organisation import read
from infra.commands import samples
from infra.local.cloudwatch import Log
from infra.local.hub import LocalHub
from infra.paths import STATE

COLOURS = {
    "accepted": "green",
    "duplicate": "cyan",
    "skipped": "bright_black",
    "rejected": "red",
    "unreadable": "yellow",
    "retryable": "magenta",
    "misconfigured": "bold red",
}


def serve(organisation_text: str, port: int, console: Console) -> None:
    """Run the hub and show its deliveries until SIGINT or SIGTERM; its data stay in .hub/.

    Where a source has `recordings: true`, recordings are heard too: see `LocalHub`.
    """
    listens = any(source.recordings for source in read(organisation_text).sources.values())
    with (
        _asked_to_stop() as stopping,
        LocalHub(organisation_text, STATE, port, clockwork=True, listens=listens) as hub,
    ):
        console.print(sources(hub))
        for line in curl_lines(hub):
            # Not wrapped, so that it can be copied whole.
            console.print(Text(line), soft_wrap=True)
        console.print(
            "\nSignatures that carry a time hold for five minutes: `hub sample SOURCE EVENT "
            "--curl` signs anew. Data stay in .hub/. Ctrl-C stops.\n"
        )
        logs: queue.Queue[Log] = queue.Queue()
        hub.cloudwatch.listeners.append(logs.put)
        while not stopping.is_set():
            try:
                shown_line = shown(logs.get(timeout=0.2))
            except queue.Empty:
                continue
            if shown_line is not None:
                console.print(shown_line)
        console.print("saving…")


@contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set."""
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def sources(hub: LocalHub) -> Table:
    """Each source's webhook URL."""
    table = Table(title=f"{hub.organisation.name}: webhooks", title_justify="left")
    for column in ("source", "connector", "webhook URL"):
        table.add_column(column, no_wrap=True)
    for name in samples.webhook_sources(hub.organisation):
        connector = hub.organisation.sources[name].connector
        table.add_row(name, connector, f"{hub.url}/webhooks/{name}")
    return table


def curl_lines(hub: LocalHub) -> Iterator[str]:
    """A signed sample delivery of each source, as a command."""
    for name in samples.webhook_sources(hub.organisation):
        line = samples.curl(hub.organisation, name, hub.url, hub.secret(name), STATE / "samples")
        if line:
            yield f"\n{line}"


def shown(log: Log) -> Text | None:
    """A log record as a line; None for what needs no eye."""
    at = _clock(log)
    if log.get("message") == "delivery":
        outcome = str(log["outcome"])
        line = Text(f"{at}  {log['source']:<16}")
        line.append(f"{outcome:<14}", COLOURS.get(outcome, ""))
        line.append(f"{log['status']}  {log.get('ms', 0):>7} ms  {log.get('events', 0)} event(s)")
        if log.get("reason"):
            line.append(f"  {log['reason']}", "bright_black")
        return line
    if log.get("level") in ("WARNING", "ERROR", "CRITICAL"):
        words = f"{at}  {log.get('function', '')}: {log.get('message', '')} {log.get('why', '')}"
        return Text(words, "yellow" if log["level"] == "WARNING" else "red")
    if log.get("message") == "digest sent":
        return Text(f"{at}  digest sent: {log.get('digest')}", "green")
    return None


def _clock(log: Log) -> str:
    """Local time of a record: a metric's own milliseconds, or the logger's stamp."""
    if "_aws" in log:
        when = datetime.fromtimestamp(log["_aws"]["Timestamp"] / 1000, UTC)
    else:
        try:
            when = datetime.strptime(str(log.get("timestamp")), "%Y-%m-%d %H:%M:%S,%f%z")
        except ValueError:
            return "--:--:--"
    return when.astimezone().strftime("%H:%M:%S")

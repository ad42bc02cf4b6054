"""`hub serve`: the local hub, until Ctrl-C; deliveries show as they come."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from types import FrameType

from rich.console import Console
from rich.table import Table
from rich.text import Text

from chalicelib import deliveries
from chalicelib.organisation import read
from infra.commands import arrivals, letters, samples
from infra.local.cloudwatch import Log
from infra.local.hub import LocalHub
from infra.local.mailbox import Mail
from infra.paths import STATE

MAILS = STATE / "mail"


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
        zone, read_mails = hub.organisation.zone, len(hub.known_mails())
        while not stopping.is_set():
            for mail in hub.known_mails()[read_mails:]:
                read_mails += 1
                console.print(_mail_line(hub, mail, read_mails), soft_wrap=True)
            try:
                record = shown(logs.get(timeout=0.2), zone)
            except queue.Empty:
                continue
            if record is not None:
                # Not wrapped: a line is a delivery, also where a file takes them.
                console.print(record, soft_wrap=True)
        console.print("saving…")


def _mail_line(hub: LocalHub, mail: Mail, number: int) -> Text:
    """A mail that left, now a page to be opened: nobody gets what the local hub sends."""
    page = letters.page(mail, MAILS / f"{number:04}.html")
    at = hub.clock().astimezone(hub.organisation.zone)
    told = f"{at:%H:%M:%S}  mail to {mail.recipient}: {letters.subject(mail)}  {page}"
    return Text(told, "green")


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


def shown(log: Log, zone: tzinfo | None = None) -> Text | None:
    """A log record as a line, in a zone or this machine's; None for what needs no eye."""
    delivery = deliveries.read(log)
    if delivery is not None:
        return arrivals.shown(delivery, zone)
    if log.get("level") in ("WARNING", "ERROR", "CRITICAL"):
        told = f"{log.get('function', '')}: {log.get('message', '')} {log.get('why', '')}"
        colour = "yellow" if log["level"] == "WARNING" else "red"
        return Text(f"{_clock(log, zone)}  {told}", colour)
    return None


def _clock(log: Log, zone: tzinfo | None) -> str:
    """The time of a record: a metric's own milliseconds, or the logger's stamp."""
    if "_aws" in log:
        when = datetime.fromtimestamp(log["_aws"]["Timestamp"] / 1000, UTC)
    else:
        try:
            when = datetime.strptime(str(log.get("timestamp")), "%Y-%m-%d %H:%M:%S,%f%z")
        except ValueError:
            return "--:--:--"
    return when.astimezone(zone).strftime("%H:%M:%S")

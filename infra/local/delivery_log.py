"""CloudWatch Logs' twin of the webhooks' log group: the deliveries' lines, readable by its API."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

from moto.logs.models import LogEvent, LogStream, logs_backends

from chalicelib.adapters.clients import client
from chalicelib.deliveries import read
from infra.local.cloudwatch import Log
from infra.local.references import ACCOUNT

#: Lines that are kept. AWS keeps them for days; this many are the demo's and some weeks of tries.
KEPT = 20_000
_STREAM = "deliveries"


class DeliveryLog:
    """The log group of one local hub. moto reads its events straight from here."""

    def __init__(self, log_group: str, region: str) -> None:
        logs = client("logs")
        logs.create_log_group(logGroupName=log_group)
        logs.create_log_stream(logGroupName=log_group, logStreamName=_STREAM)
        group = logs_backends[ACCOUNT][region].groups[log_group]
        self._stream: LogStream = group.streams[_STREAM]
        self._lock = threading.Lock()

    def take(self, log: Log) -> None:
        """Keep a record that tells of a delivery."""
        delivery = read(log)
        if delivery is not None:
            self.restore(json.dumps(log), int(delivery.at.timestamp() * 1000))

    def lines(self) -> Iterator[tuple[str, int]]:
        """Every kept line with its time in milliseconds since 1970."""
        with self._lock:
            events = list(self._stream.events)
        for event in events:
            yield event.message, event.timestamp

    def restore(self, line: str, at_ms: int) -> None:
        """Keep a line; the oldest go when there are too many."""
        now_ms = int(datetime.now(UTC).timestamp() * 1000)
        with self._lock:
            # The API would cost a webhook a third of its time.
            self._stream.events.append(LogEvent(now_ms, {"timestamp": at_ms, "message": line}))
            if len(self._stream.events) > KEPT + KEPT // 10:
                del self._stream.events[:-KEPT]

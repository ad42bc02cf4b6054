"""CloudWatch's twin: metrics and log lines, from what the handlers print."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO
from unittest import mock

Log = Mapping[str, Any]
Dimensions = tuple[tuple[str, str], ...]

_KEPT_LOGS = 10_000


class Metrics(dict[tuple[str, Dimensions], int]):
    """Sums by (metric, sorted dimensions)."""

    def total(self, metric: str, /, **dimensions: str) -> int:
        """The sum over every series of a metric that has these dimensions."""
        wanted = set(dimensions.items())
        return sum(
            value for (name, held), value in self.items() if name == metric and wanted <= set(held)
        )


class CloudWatch:
    """Collects what every invocation printed. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._metrics = Metrics()
        self.logs: deque[Log] = deque(maxlen=_KEPT_LOGS)
        self.listeners: list[Callable[[Log], None]] = []

    def metrics(self) -> Metrics:
        """A copy of the sums so far."""
        with self._lock:
            return Metrics(self._metrics)

    def take(self, function: str, printed: str) -> None:
        """Sort the lines that one invocation printed into metrics and logs."""
        for line in printed.splitlines():
            record = _parsed(line)
            if "_aws" in record:
                self._add(_counts(record))
            if record and ("_aws" not in record or "message" in record):
                log = {"function": function, **record}
                self.logs.append(log)
                for listener in self.listeners:
                    listener(log)

    def _add(self, counts: Mapping[tuple[str, Dimensions], int]) -> None:
        with self._lock:
            for series, value in counts.items():
                self._metrics[series] = self._metrics.get(series, 0) + value


def _parsed(line: str) -> dict[str, Any]:
    """A log line as a dict; what is not JSON becomes a message."""
    if not line.strip():
        return {}
    try:
        record = json.loads(line)
    except ValueError:
        return {"level": "PRINT", "message": line}
    return record if isinstance(record, dict) else {"level": "PRINT", "message": line}


def _counts(record: Mapping[str, Any]) -> dict[tuple[str, Dimensions], int]:
    """The metrics of one line in CloudWatch's embedded metric format."""
    counts: dict[tuple[str, Dimensions], int] = {}
    for directive in record["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = tuple(sorted((name, str(record[name])) for name in names))
            for metric in directive["Metrics"]:
                value = record[metric["Name"]]
                total = sum(value) if isinstance(value, list) else value
                counts[metric["Name"], dimensions] = int(total)
    return counts


class _Stdout(io.TextIOBase):
    """Standard output, except inside an invocation: there it is the function's own."""

    def __init__(self, outside: TextIO) -> None:
        self.outside = outside
        self._own = threading.local()

    def write(self, text: str) -> int:
        own = getattr(self._own, "buffer", None)
        return int((own or self.outside).write(text))

    def flush(self) -> None:
        if getattr(self._own, "buffer", None) is None:
            self.outside.flush()

    def isatty(self) -> bool:
        return self.outside.isatty()

    def fileno(self) -> int:
        return self.outside.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self.outside.encoding

    @contextmanager
    def own(self) -> Iterator[io.StringIO]:
        self._own.buffer = io.StringIO()
        try:
            yield self._own.buffer
        finally:
            self._own.buffer = None


class Capture:
    """While entered, `invocation()` gives what the calling thread prints and logs."""

    def __init__(self, logger: str) -> None:
        self._logger = logging.getLogger(logger)

    def __enter__(self) -> Capture:
        self._stdout = _Stdout(sys.stdout)
        self._patch = mock.patch.object(sys, "stdout", self._stdout)
        self._patch.start()
        # A handler holds the stream that was standard output when it was made.
        self._streams = [
            (handler, handler.setStream(self._stdout))
            for handler in self._logger.handlers
            if isinstance(handler, logging.StreamHandler)
        ]
        return self

    def __exit__(self, *_: object) -> None:
        for handler, stream in self._streams:
            if stream is not None:
                handler.setStream(stream)
        self._patch.stop()

    @contextmanager
    def invocation(self) -> Iterator[io.StringIO]:
        with self._stdout.own() as printed:
            yield printed

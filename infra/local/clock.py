"""The clock of the local twin: real time, unless a thread is told another moment."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime


class Clock:
    """Call it for the time, aware UTC. A told moment holds for the telling thread alone."""

    def __init__(self) -> None:
        self._told = threading.local()

    def __call__(self) -> datetime:
        return getattr(self._told, "moment", None) or datetime.now(UTC)

    @contextmanager
    def at(self, moment: datetime | None) -> Iterator[None]:
        """Let this thread believe that it is `moment`; None changes nothing."""
        before = getattr(self._told, "moment", None)
        self._told.moment = moment or before
        try:
            yield
        finally:
            self._told.moment = before

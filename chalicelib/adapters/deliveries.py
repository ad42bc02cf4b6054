"""The deliveries' log: what CloudWatch keeps of each, read back by time, source and outcome."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib.adapters.clients import calling, client
from chalicelib.connectors.base import Outcome
from chalicelib.deliveries import Delivery, read, received_at
from chalicelib.errors import Misconfigured

#: A line is printed when the delivery is done, at most a function's timeout after it came.
LATE = timedelta(seconds=60)
_READ_TIMEOUT_S = 30  # a page of 10 000 lines


@dataclass(frozen=True)
class Deliveries:
    """CloudWatch Logs. Every method raises Retryable or Misconfigured when it does not answer."""

    log_group: str = ""

    def between(
        self,
        since: datetime,
        until: datetime,
        source: str | None = None,
        outcomes: Collection[Outcome] = (),
    ) -> Iterator[Delivery]:
        """Deliveries that came in [since, until), about the oldest first; all outcomes if none."""
        for line in self._lines(since, until + LATE, _pattern(source, outcomes)):
            delivery = _parsed(line)
            if (
                delivery is not None
                and since <= delivery.at < until
                and source in (None, delivery.source)
                and (not outcomes or delivery.outcome in outcomes)
            ):
                yield delivery

    def find(self, delivery_id: str) -> Delivery | None:
        """The delivery of an id; None when its line has expired. Raises ValueError for no id."""
        at = received_at(delivery_id)
        pattern = f'{{ $.id = "{delivery_id}*" }}'
        for line in self._lines(at, at + LATE, pattern):
            delivery = _parsed(line)
            if delivery is not None and delivery.id.startswith(delivery_id):
                return delivery
        return None

    def _lines(self, since: datetime, until: datetime, pattern: str) -> Iterator[str]:
        if not self.log_group:
            raise Misconfigured("DELIVERY_LOG is not set; deploy the present template")
        wanted: dict[str, Any] = {
            "logGroupName": self.log_group,
            "startTime": _ms(since),
            "endTime": _ms(until),
            "filterPattern": pattern,
        }
        while True:
            with calling("read the log of deliveries"):
                page = client("logs", _READ_TIMEOUT_S).filter_log_events(**wanted)
            for event in page["events"]:
                yield event["message"]
            if not page.get("nextToken"):
                return
            wanted["nextToken"] = page["nextToken"]


def _pattern(source: str | None, outcomes: Collection[Outcome]) -> str:
    """What CloudWatch may leave out; what it lets pass is looked at again.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    """
    parts = ['$.message = "delivery"']
    if source is not None:
        parts.append(f'$.source = "{source}"')
    if outcomes:
        either = " || ".join(f'$.outcome = "{outcome}"' for outcome in sorted(outcomes))
        parts.append(f"({either})")
    return f"{{ {' && '.join(parts)} }}"


def _parsed(line: str) -> Delivery | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return read(record) if isinstance(record, dict) else None


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)

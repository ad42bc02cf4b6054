"""The audit log: rows of the registry that are added, and never changed or removed by hand.

The functions' roles are denied these rows altogether; a row that exists is not written over.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from pynamodb.exceptions import PutError, PynamoDBException

from chalicelib.adapters.tables import RegistryRow
from chalicelib.audit import KEPT, Look
from chalicelib.errors import Retryable

#: The beginning of the rows' kind; the UTC day follows. The roles' policies know it too.
KIND = "audit#"


@dataclass(frozen=True)
class AuditLog:
    """DynamoDB's registry table. Methods raise Retryable when it does not answer."""

    def add(self, entry: Look) -> None:
        """Write one look down, for KEPT."""
        at = entry.at.astimezone(UTC)
        row = RegistryRow(
            KIND + at.date().isoformat(),
            f"{at.isoformat(timespec='microseconds')}#{secrets.token_hex(4)}",
            body=json.dumps([entry.who, entry.command, *entry.seen]),
            expires_at=at + KEPT,
        )
        try:
            row.save(condition=RegistryRow.id.does_not_exist())
        except PutError as error:
            raise Retryable(
                f"could not write down who looks ({error.cause_response_code}): nothing is shown; "
                "check that you may put items into the registry table"
            ) from error

    def between(self, since: datetime, until: datetime, now: datetime) -> Iterator[Look]:
        """Looks in [since, until), the oldest first; none whose time is over."""
        day, last = max(since, now - KEPT).astimezone(UTC).date(), until.astimezone(UTC).date()
        while day <= last:
            yield from (
                entry
                for entry in self._of(day)
                if since <= entry.at < until and entry.at + KEPT > now
            )
            day += timedelta(days=1)

    def _of(self, day: date) -> Iterator[Look]:
        try:
            for row in RegistryRow.query(KIND + day.isoformat(), consistent_read=True):
                who, command, *about = json.loads(str(row.body))
                at = datetime.fromisoformat(row.id.partition("#")[0])
                yield Look(at, who, command, tuple(about))
        except PynamoDBException as error:
            raise Retryable(f"could not read who looked: {error.cause_response_code}") from error

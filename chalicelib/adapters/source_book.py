"""The source book: what is remembered of each source, and which notices were sent."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from pynamodb.exceptions import DoesNotExist, PutError, PynamoDBException

from chalicelib.adapters.tables import RegistryRow, stamp
from chalicelib.errors import Retryable

if TYPE_CHECKING:
    from chalicelib.source_tally import Tally

_TALLY, _NOTICE = "source", "notice"
_KEEP = timedelta(days=90)


@dataclass(frozen=True)
class SourceBook:
    """DynamoDB's registry table. Methods raise Retryable when it does not answer."""

    def tally(self, source: str) -> Tally | None:
        """What is remembered of a source; None before the first watch, or of another form."""
        try:
            row = RegistryRow.get(_TALLY, source, consistent_read=True)
        except DoesNotExist:
            return None
        except PynamoDBException as error:
            raise Retryable(f"could not read a tally: {error.cause_response_code}") from error
        try:
            found: Tally = _adapter().validate_json(zlib.decompress(base64.b64decode(row.body)))
        except (ValueError, TypeError, zlib.error):
            return None  # counted anew from the log
        return found

    def keep(self, source: str, tally: Tally, now: datetime) -> None:
        body = base64.b64encode(zlib.compress(_adapter().dump_json(tally))).decode()
        row = RegistryRow(_TALLY, source, body=body, changed_at=stamp(now), expires_at=now + _KEEP)
        try:
            row.save()
        except PutError as error:
            raise Retryable(f"could not keep a tally: {error.cause_response_code}") from error

    def claim_notice(self, source: str, cause: str, now: datetime, again: timedelta) -> bool:
        """Take the telling of one cause; False when it was told within `again`."""
        long_ago = RegistryRow.changed_at <= stamp(now - again)
        row = RegistryRow(
            _NOTICE, f"{source}#{cause}", changed_at=stamp(now), expires_at=now + _KEEP
        )
        try:
            row.save(condition=RegistryRow.id.does_not_exist() | long_ago)
        except PutError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                return False
            raise Retryable(f"could not claim a notice: {error.cause_response_code}") from error
        return True

    def release_notice(self, source: str, cause: str) -> None:
        """Give a claim back after no mail left: the next run tries again."""
        RegistryRow(_NOTICE, f"{source}#{cause}").delete()


@cache
def _adapter() -> Any:
    from pydantic import TypeAdapter

    from chalicelib.source_tally import Tally  # no webhook's cold start needs it

    return TypeAdapter(Tally)

"""One conditional transaction over our tables, with DynamoDB's reasons when it is refused."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from pynamodb.connection import Connection
from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.adapters.tables import EventRow
from chalicelib.errors import Retryable

MAX_ITEMS = 100  # DynamoDB's limit of one transaction

_THROTTLED = frozenset({"ThrottlingError", "ProvisionedThroughputExceeded"})

Put = tuple[Model, Condition | None]
Update = tuple[Model, list[Action]]
Delete = tuple[Model, Condition | None]


class Cancelled(Exception):
    """Nothing of the transaction was written.

    `failed_conditions` holds the positions of the items whose condition failed, counted over
    deletes, then puts, then updates; empty when another writer or a limit was the reason.
    """

    def __init__(self, failed_conditions: Sequence[int], codes: Sequence[str]) -> None:
        super().__init__(", ".join(sorted(set(codes))))
        self.failed_conditions = tuple(failed_conditions)


def write(
    puts: Sequence[Put] = (), updates: Sequence[Update] = (), deletes: Sequence[Delete] = ()
) -> None:
    """Write all or nothing. Raises Cancelled, or Retryable when DynamoDB does not answer."""
    try:
        with TransactWrite(connection=_connection(EventRow.Meta.region)) as transaction:
            for row, condition in deletes:
                transaction.delete(row, condition=condition)
            for row, condition in puts:
                transaction.save(row, condition=condition)
            for row, actions in updates:
                transaction.update(row, actions=actions)
    except TransactWriteError as error:
        codes = [reason.code if reason else "None" for reason in error.cancellation_reasons]
        if not codes:
            raise Retryable(f"a transaction failed: {error.cause_response_code}") from error
        if _THROTTLED & set(codes):
            # Not a conflict: to try each item alone would add load where there is too much.
            raise Retryable("a transaction was throttled") from error
        failed = [i for i, code in enumerate(codes) if code == "ConditionalCheckFailed"]
        raise Cancelled(failed, [code for code in codes if code != "None"]) from error
    except PynamoDBException as error:
        raise Retryable(f"a transaction failed: {type(error).__name__}") from error


@cache
def _connection(region: str) -> Any:
    meta = EventRow.Meta
    return Connection(
        region=region,
        connect_timeout_seconds=meta.connect_timeout_seconds,
        read_timeout_seconds=meta.read_timeout_seconds,
        max_retry_attempts=meta.max_retry_attempts,
    )

"""A transaction for a DynamoDB without: item by item, and back again when one is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pynamodb.exceptions import DeleteError, PutError, UpdateError
from pynamodb.models import Model

from chalicelib.adapters.transact import MAX_ITEMS, Cancelled, Delete, Put, Update


def write(
    puts: Sequence[Put] = (), updates: Sequence[Update] = (), deletes: Sequence[Delete] = ()
) -> None:
    """As `transact.write`, for one worker at a time."""
    rows = [row for row, _ in (*deletes, *puts, *updates)]
    assert len(rows) <= MAX_ITEMS
    before = [_stored(row) for row in rows]
    done = 0
    try:
        for row, condition in deletes:
            row.delete(condition=condition)
            done += 1
        for row, condition in puts:
            row.save(condition=condition)
            done += 1
        for row, actions in updates:
            row.update(actions=actions)
            done += 1
    except (PutError, UpdateError, DeleteError) as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        for row, item in zip(rows[:done], before[:done], strict=True):
            _restore(row, item)
        raise Cancelled([done], ["ConditionalCheckFailed"]) from error


def _stored(row: Model) -> dict[str, Any] | None:
    found = _table(row, "get_item", Key=_key(row), ConsistentRead=True)
    item: dict[str, Any] | None = found.get("Item")
    return item


def _restore(row: Model, item: dict[str, Any] | None) -> None:
    if item is None:
        _table(row, "delete_item", Key=_key(row))
    else:
        _table(row, "put_item", Item=item)


def _table(row: Model, call: str, **parameters: Any) -> Any:
    connection: Any = type(row)._get_connection()
    return getattr(connection.connection.client, call)(
        TableName=connection.table_name, **parameters
    )


def _key(row: Model) -> dict[str, Any]:
    keys: dict[str, str] = row._get_keys()  # type: ignore[no-untyped-call]
    return {name: {"S": value} for name, value in keys.items()}

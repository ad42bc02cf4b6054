"""What moto holds, copied and put back: a millisecond, where creating it takes forty."""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.ses.models import ses_backends
from moto.sqs.models import sqs_backends

from infra.local import speedups

REGION = "eu-north-1"
#: What `take` gives: the attributes of each service's backend, by the service's place below.
State = list[dict[str, Any]]


def _backends() -> list[Any]:
    """What serves this region's tables, secrets, mail and queues, and the buckets of all."""
    regional = (dynamodb_backends, secretsmanager_backends, ses_backends, sqs_backends)
    found: list[Any] = [backends[DEFAULT_ACCOUNT_ID][REGION] for backends in regional]
    return [*found, s3_backends[DEFAULT_ACCOUNT_ID]["aws"]]


def take() -> State:
    """A copy of all that moto holds now."""
    return [_copied(vars(backend)) for backend in _backends()]


def put_back(state: State) -> None:
    """Make moto hold what it held when `state` was taken; the copy itself stays as it is."""
    for backend, held in zip(_backends(), state, strict=True):
        vars(backend).update(_copied(held))
        for name in held.get("buckets", ()):
            s3_backends.bucket_accounts[name] = (backend.partition, DEFAULT_ACCOUNT_ID)
    speedups.changed()


def items(table: str) -> Any:
    """A copy of a table's items, in moto's own form."""
    return copy.deepcopy(_backends()[0].tables[table].items)


def put_items(table: str, held: Any) -> None:
    """Make a table hold these items and no others; they are copied."""
    _backends()[0].tables[table].items = copy.deepcopy(held)
    speedups.changed()


def _copied(held: Mapping[str, Any]) -> dict[str, Any]:
    # A lock cannot be copied: each queue gets its own.
    locks = [queue._messages_lock for queue in held.get("queues", {}).values()]
    return copy.deepcopy(dict(held), {id(lock): threading.Condition() for lock in locks})

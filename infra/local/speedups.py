"""moto, corrected where it is slow or not safe for threads. Measured in tests/infra.

* A transaction copies every table it touches, whole, in case it must roll back: 10 ms per
  thousand items. Here it remembers only the items that the transaction names.
* An update of counts is parsed and walked for 8 ms (see quick_update.py).
* An answer looks for each of an attribute's ten possible types under two names: 4 ms a row.
* A query sorts the whole table before it looks for its partition, also of an index. A scan sorts it
  for each page, and walks it from its beginning.
* A queue walks all its messages, asking the time for each, several times for each send, receive
  and delete; for each message received it gathers all its attributes again.
* Nothing locks: two threads at once can lose a message or roll back each other's writes. Here
  one request is served at a time; under Python's own lock that costs nothing.
"""

from __future__ import annotations

import copy
import functools
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import moto.backends
import moto.dynamodb.models as dynamodb
import moto.sqs.models as sqs
from moto.core.models import botocore_stubber
from moto.core.serialize import BaseJSONSerializer
from moto.core.utils import camelcase_to_underscores, unix_time_millis
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.sqs.exceptions import ReceiptHandleIsInvalid

from infra.local import quick_update

LOCK = threading.RLock()
_READS = ("Get", "List", "Describe", "Query", "Scan", "BatchGet", "Receive")
_PLAIN = frozenset(("S", "N", "B", "BOOL", "NULL"))
_changing = 0  # requests so far that may have changed something


def changed() -> None:
    """Something was changed past the API: what is kept of the tables' indexes is out of date."""
    global _changing  # noqa: PLW0603 - as in _counted
    _changing += 1


def changes() -> int:
    """A number that grows with every request that may change what moto holds."""
    return _changing


def _noted(target: str) -> None:
    """Count a request by its action ('AmazonSQS.SendMessage'; empty for S3 and SES)."""
    global _changing  # noqa: PLW0603 - moto is global too
    if not target.rpartition(".")[2].startswith(_READS):
        _changing += 1


@contextmanager
def applied(on_message: Callable[[], None]) -> Iterator[None]:
    """Patch moto while the block runs; `on_message` is called for each message queued."""
    queue, backend = sqs.Queue, dynamodb.DynamoDBBackend
    patches: list[Any] = [
        mock.patch.object(botocore_stubber, "process_request", _locked_stub()),
        mock.patch.object(
            DomainDispatcherApplication,
            "__call__",
            _locked_server(DomainDispatcherApplication.__call__),
        ),
        # 140 stat calls for each request to the server.
        mock.patch.object(
            moto.backends,
            "list_of_moto_modules",
            return_value=tuple(moto.backends.list_of_moto_modules()),
        ),
        mock.patch.object(backend, "transact_write_items", _transact(backend.transact_write_items)),
        mock.patch.object(backend, "update_item", _updated(backend.update_item)),
        mock.patch.object(
            BaseJSONSerializer,
            "_serialize_type_map",
            _attributes_at_once(BaseJSONSerializer._serialize_type_map),
        ),
        mock.patch.object(dynamodb, "copy", _ShallowTables),
        mock.patch.object(Table, "query", _narrowed(Table.query)),
        mock.patch.object(Table, "scan", _from_its_start(Table.scan)),
        mock.patch.object(Table, "all_items", _all_items),
        mock.patch.object(queue, "messages", property(_messages)),
        mock.patch.object(queue, "approximate_number_of_messages", property(_visible)),
        mock.patch.object(queue, "approximate_number_of_messages_delayed", property(_delayed)),
        mock.patch.object(queue, "approximate_number_of_messages_not_visible", property(_hidden)),
        mock.patch.object(queue, "delete_message", _delete_message),
        mock.patch.object(queue, "add_message", _noticed(queue.add_message, on_message)),
        mock.patch.object(
            sqs.SQSBackend, "receive_message", _at_once(sqs.SQSBackend.receive_message)
        ),
        mock.patch.object(
            sqs.SQSBackend, "is_message_valid_based_on_retention_period", _is_retained
        ),
        mock.patch.object(
            sqs, "camelcase_to_underscores", functools.cache(camelcase_to_underscores)
        ),
    ]
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in reversed(patches):
            patch.stop()


def _locked_server(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(application: Any, environ: Any, start_response: Any) -> Any:
        with LOCK:
            _noted(environ.get("HTTP_X_AMZ_TARGET", ""))
            return function(application, environ, start_response)

    return call


def _text(header: str | bytes) -> str:
    return header.decode() if isinstance(header, bytes) else header


def _locked_stub() -> Callable[..., Any]:
    process = type(botocore_stubber).process_request

    def call(request: Any) -> Any:
        # The model server is not moto's, and waiting for it must not hold the lock.
        if "://127.0.0.1" in request.url:
            return None
        with LOCK:
            _noted(_text(request.headers.get("X-Amz-Target", "")))
            return process(botocore_stubber, request)

    return call


def _updated(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def update_item(
        backend: Any,
        table_name: str,
        key: dict[str, Any],
        update_expression: str,
        expression_attribute_names: dict[str, str] | None = None,
        expression_attribute_values: dict[str, Any] | None = None,
        **conditions: Any,
    ) -> Any:
        named = (update_expression, expression_attribute_names, expression_attribute_values)
        if update_expression and not any(conditions.values()):
            item = quick_update.attempt(backend.get_table(table_name), key, *named)
            if item is not None:
                return item
        return original(backend, table_name, key, *named, **conditions)

    return update_item


def _attributes_at_once(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def serialize_map(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.value.name != "AttributeValue" or not all(map(_is_plain, value.values())):
            original(serializer, serialized, value, shape, key)
            return
        plain = {
            name: {"B": serializer._base64(held["B"])} if "B" in held else dict(held)
            for name, held in value.items()
        }
        serializer._default_serialize(serialized, plain, shape, key)

    return serialize_map


def _is_plain(held: Any) -> bool:
    return isinstance(held, dict) and len(held) == 1 and not held.keys().isdisjoint(_PLAIN)


class _ShallowTables:
    """Stands for `copy` in moto's DynamoDB module: tables are never copied whole."""

    copy = staticmethod(copy.copy)

    @staticmethod
    def deepcopy(value: Any, memo: Any = None) -> Any:
        return value if isinstance(value, Table) else copy.deepcopy(value, memo)


def _transact(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def transact_write_items(backend: Any, transact_items: list[dict[str, Any]]) -> None:
        before = [_remember(backend, item) for item in transact_items]
        try:
            original(backend, transact_items)
        except Exception:
            for restore in reversed(before):
                restore()
            raise

    return transact_write_items


def _remember(backend: Any, transact_item: dict[str, Any]) -> Callable[[], None]:
    """How to put back the one item that a part of a transaction names."""
    operation = next(iter(transact_item.values()))
    table = backend.tables.get(operation.get("TableName"))
    named = operation.get("Key") or operation.get("Item") or {}
    if table is None or table.hash_key_attr not in named:
        return lambda: None  # moto refuses it and changes nothing
    hash_key = DynamoType(named[table.hash_key_attr])
    if table.range_key_attr is None:
        held, place = table.items, hash_key
    elif table.range_key_attr in named:
        held, place = table.items[hash_key], DynamoType(named[table.range_key_attr])
    else:
        return lambda: None
    item = copy.deepcopy(held[place]) if place in held else None

    def restore() -> None:
        if item is None:
            held.pop(place, None)
        else:
            held[place] = item

    return restore


def _narrowed(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def query(table: Any, hash_key: Any, *rest: Any, **named: Any) -> Any:
        index_name = named.get("index_name") or (rest[6] if len(rest) > 6 else None)
        if index_name:
            attribute, wanted = named["hash_key_conditions"][0]
            found = _grouped(table, attribute).get(wanted.value, [])
        else:
            partition = table.items.get(hash_key, {})
            found = list(partition.values()) if table.range_key_attr else [partition]
        table.narrowed_to = found
        try:
            return original(table, hash_key, *rest, **named)
        finally:
            del table.narrowed_to

    return query


def _grouped(table: Any, attribute: str) -> dict[Any, list[Any]]:
    """The items by an index's key, kept until something may have changed."""
    kept: tuple[int, dict[str, dict[Any, list[Any]]]] = getattr(table, "grouped", (-1, {}))
    if kept[0] != _changing:
        kept = table.grouped = (_changing, {})
    by_attribute = kept[1]
    if attribute not in by_attribute:
        groups: dict[Any, list[Any]] = {}
        for item in _items(table):
            held = item.attrs.get(attribute)
            if held is not None:
                groups.setdefault(held.value, []).append(item)
        by_attribute[attribute] = groups
    return by_attribute[attribute]


def _items(table: Any) -> Iterator[Any]:
    for held in table.items.values():
        if table.range_key_attr:
            yield from held.values()
        else:
            yield held


def _from_its_start(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def scan(table: Any, filters: Any, limit: Any, start: Any, *rest: Any, **named: Any) -> Any:
        if not start or named.get("index_name") or (len(rest) > 1 and rest[1]):
            return original(table, filters, limit, start, *rest, **named)
        items, keys = _ordered(table)
        names = filter(None, (table.hash_key_attr, table.range_key_attr))
        last = tuple(DynamoType(start[name]).value for name in names)
        table.narrowed_to = items[bisect_right(keys, last) :]
        try:
            return original(table, filters, limit, start, *rest, **named)
        finally:
            del table.narrowed_to

    return scan


def _ordered(table: Any) -> tuple[list[Any], list[tuple[Any, ...]]]:
    """The items in the order of their keys, and these; kept until something may have changed."""
    kept: tuple[int, list[Any], list[Any]] = getattr(table, "ordered", (-1, [], []))
    if kept[0] != _changing:
        items = sorted(_items(table), key=_key)
        kept = table.ordered = (_changing, items, [_key(item) for item in items])
    return kept[1], kept[2]


def _key(item: Any) -> tuple[Any, ...]:
    ranged = item.range_key
    return (item.hash_key.value, ranged.value) if ranged else (item.hash_key.value,)


def _all_items(table: Any) -> list[Any]:
    """The items in the order of their keys, or those that a query or a page can find."""
    narrowed: list[Any] | None = getattr(table, "narrowed_to", None)
    return narrowed if narrowed is not None else _ordered(table)[0]


def _messages(queue: Any) -> list[Any]:
    now = unix_time_millis()
    return [m for m in queue._messages if m.visible_at < now and m.delayed_until <= now]


def _visible(queue: Any) -> int:
    return len(_messages(queue))


def _hidden(queue: Any) -> int:
    now = unix_time_millis()
    return sum(m.visible_at >= now for m in queue._messages)


def _delayed(queue: Any) -> int:
    now = unix_time_millis()
    return sum(m.delayed_until > now for m in queue._messages)


def _is_retained(backend: Any, queue_name: str, message: Any) -> bool:
    retention_ms = backend.get_queue(queue_name).message_retention_period * 1000
    return bool(message.sent_timestamp + retention_ms > unix_time_millis())


def _delete_message(queue: Any, receipt_handle: str) -> None:
    if receipt_handle in queue.deleted_messages:
        return
    for position, message in enumerate(queue._messages):
        if message.receipt_handle == receipt_handle or message.had_receipt_handle(receipt_handle):
            queue.pending_messages.discard(message)
            queue.deleted_messages.update(message.all_receipt_handles)
            del queue._messages[position]
            return
    raise ReceiptHandleIsInvalid


def _noticed(original: Callable[..., None], on_message: Callable[[], None]) -> Callable[..., None]:
    @functools.wraps(original)
    def add_message(queue: Any, message: Any) -> None:
        original(queue, message)
        on_message()

    return add_message


def _at_once(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def receive_message(backend: Any, queue: str, count: int, _wait_s: int, *rest: Any) -> Any:
        # A long poll would hold the lock and let nobody send.
        return original(backend, queue, count, 0, *rest)

    return receive_message

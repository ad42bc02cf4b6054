"""Any JSON -> our own columns, by JMESPath expressions of organisation.yaml.

Shared by the generic connectors (`standard`, `cloudevents`, `hmac`, `json`):

    options:
      only: "type == 'feedback.created'"       # other deliveries are skipped
      foreach: data.answers                    # one record for each; without it one for all
      mapping:
        text: comment
        time: $.timestamp                      # '$.' starts at the payload, also under foreach
        csat: score
        channel: "'feedback'"                  # a constant

Without `mapping`, the payload's `data` (or the payload itself) holds the columns of `columns.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jmespath
from jmespath.exceptions import JMESPathError

from chalicelib.connectors.base import Source
from chalicelib.connectors.parts import options
from chalicelib.connectors.parts.columns import COLUMNS, from_columns, time_zone
from chalicelib.connectors.parts.reading import unreadable
from chalicelib.errors import Misconfigured, Skipped, Unreadable
from chalicelib.interaction import Event

_PAYLOAD = "$."
OPTIONS = frozenset({"mapping", "foreach", "only", "time_zone"})
_NAMES = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_NOTHING: tuple[Any, ...] = (None, False, "", [], {})  # what JMESPath itself calls false
#: Records of one delivery. More is a file: use `hub import`.
MAX_RECORDS = 1000


def events(
    payload: Any, source: Source, delivery: str, received_at: datetime, sent: object = None
) -> Sequence[Event]:
    """The records of one delivery; `delivery` makes their identity.

    `sent` dates what the mapping does not. Raises Skipped where no record is wanted, Unreadable,
    and Misconfigured as `check`.
    """
    records = _records(payload, source)
    if len(records) > MAX_RECORDS:
        raise Unreadable(f"the delivery holds {len(records)} records, more than {MAX_RECORDS}")
    found = [
        from_columns(
            _dated(columns, sent),
            source,
            event_id=delivery if len(records) == 1 else f"{delivery}:{place}",
            received_at=received_at,
        )
        for place, columns in records
    ]
    if not found:
        why = "none fits options.only" if source.options.get("only") else "it holds none"
        raise Skipped(f"no record of this delivery is wanted: {why}")
    return found


def sent_at(payload: Any) -> object:
    """The `timestamp` beside the data, where generic payloads have one."""
    return payload.get("timestamp") if isinstance(payload, dict) else None


def _dated(columns: Mapping[str, Any], sent: object) -> Mapping[str, Any]:
    if columns.get("time", columns.get("occurred_at")):
        return columns
    return {**columns, "time": sent}


def _records(payload: Any, source: Source) -> list[tuple[int, Mapping[str, Any]]]:
    """(place, columns) of each record that `only` lets through."""
    mapping, foreach, only = _plan(source)
    items = _search(foreach[0], payload, payload, foreach[1]) if foreach[0] else [payload]
    if items is None:
        items = []
    if not isinstance(items, list):
        unreadable(f"what {foreach[1]} finds", "a list", items)
    wanted = (
        (place, item)
        for place, item in enumerate(items)
        if not only[0] or _search(only[0], item, payload, only[1]) not in _NOTHING
    )
    return [
        (place, {name: _search(said[0], item, payload, said[1]) for name, said in mapping.items()})
        if mapping
        else (place, _own_record(item))
        for place, item in wanted
    ]


def _own_record(item: Any) -> Mapping[str, Any]:
    """A payload in our own columns: {type, timestamp, data: {...}}, or the columns alone."""
    held = item.get("data", item) if isinstance(item, dict) else item
    if not isinstance(held, dict):
        unreadable("data", "an object", held)
    return held


def _search(expression: str, item: Any, payload: Any, where: str) -> Any:
    """What the expression finds; `where` names it in organisation.yaml."""
    search = compiled(expression, where)
    try:
        return search(payload if expression.startswith(_PAYLOAD) else item)
    except (JMESPathError, TypeError, ValueError, RecursionError, OverflowError) as error:
        # The types of the payload do not fit a function of the expression. The error's own
        # message may quote the payload.
        raise Unreadable(f"{where}: {expression!r} does not fit the payload") from error


@lru_cache(maxsize=1024)
def compiled(expression: str, where: str) -> Callable[[Any], Any]:
    """The expression as a function of a JSON value. Raises Misconfigured when it is no JMESPath."""
    path = expression.removeprefix(_PAYLOAD)
    if _NAMES.fullmatch(path):
        # data.comment, as nearly all are: JMESPath's own meaning without its interpreter (6 µs).
        return partial(_follow, tuple(path.split(".")))
    try:
        parsed: Callable[[Any], Any] = jmespath.compile(path).search
    except (JMESPathError, RecursionError) as error:
        place = getattr(error, "lex_position", None)
        at = f" near character {place + 1}" if isinstance(place, int) else ""
        raise Misconfigured(
            f"{where}: {expression!r} is not a JMESPath expression{at}; names with other "
            'characters than letters, digits and _ stand in double quotes: data."order-id"'
        ) from error
    return parsed


def _follow(names: tuple[str, ...], value: Any) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


class _Plan(NamedTuple):
    """The options, validated: column -> (expression, where it stands)."""

    mapping: Mapping[str, tuple[str, str]]
    foreach: tuple[str, str]
    only: tuple[str, str]


def _plan(source: Source) -> _Plan:
    """Raises Misconfigured for an unknown column or what is no expression."""
    mapping = source.options.get("mapping") or {}
    where = f"sources.{source.name}.options"
    if not isinstance(mapping, Mapping):
        raise Misconfigured(f"{where}.mapping must map each column to a JMESPath expression")
    unknown = mapping.keys() - COLUMNS
    if unknown:
        raise Misconfigured(
            f"{where}.mapping.{min(map(str, unknown))} is not a column; write one of "
            f"{', '.join(sorted(COLUMNS))}"
        )
    return _Plan(
        {name: _expression(said, f"{where}.mapping.{name}") for name, said in mapping.items()},
        _expression(source.options.get("foreach") or "", f"{where}.foreach"),
        _expression(source.options.get("only") or "", f"{where}.only"),
    )


def _expression(said: object, where: str) -> tuple[str, str]:
    if not isinstance(said, str):
        raise Misconfigured(f"{where} must be text, a JMESPath expression such as data.comment")
    if said or ".mapping." in where:
        compiled(said, where)
    return said, where


def check(source: Source, more: frozenset[str] = frozenset()) -> None:
    """Raises Misconfigured when the options cannot work; `more` are the connector's own."""
    options.known(source, *OPTIONS, *more)
    _plan(source)
    time_zone(source)

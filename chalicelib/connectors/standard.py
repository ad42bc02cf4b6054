"""Standard Webhooks: any tool that signs by the standard, mapped by organisation.yaml.

Source: standard-webhooks/standard-webhooks `spec/standard-webhooks.md`, read 2026-11.
Signed: `v1,` base64 HMAC-SHA256 of id.time.body; Svix's header names are read too.

Without `mapping`, the payload's `data` (or the payload itself) holds our own columns, those of
`columns.py`. With it, each column is a JMESPath expression:

    options:
      only: "type == 'feedback.created'"       # other deliveries are skipped
      foreach: data.answers                    # one record for each; without it one for all
      mapping:
        text: comment
        time: $.timestamp                      # '$.' starts at the payload, also under foreach
        csat: score
        channel: "'feedback'"                  # a constant
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jmespath
from jmespath.exceptions import JMESPathError

from chalicelib import signatures
from chalicelib.connectors.base import Connector, Outcome, Request, Source
from chalicelib.connectors.columns import COLUMNS, from_columns, time_zone
from chalicelib.connectors.reading import identifier, json_value, unreadable
from chalicelib.errors import Misconfigured, Skipped, Unreadable
from chalicelib.interaction import Channel, Event

_PAYLOAD = "$."
_OPTIONS = frozenset({"mapping", "foreach", "only", "time_zone"})
_NAMES = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_NOTHING: tuple[Any, ...] = (None, False, "", [], {})  # what JMESPath itself calls false
#: Records of one delivery. More is a file: use `hub import`.
MAX_RECORDS = 1000


def verify(request: Request, secrets: Sequence[str], now: datetime) -> None:
    signatures.check_standard(request.body, request.headers, secrets, now)


def sign(request: Request, secret: str, now: datetime) -> Request:
    """Signs with the request's own webhook-id, or with one made of its body."""
    identity = request.headers.get("webhook-id") or _made_id(request.body)
    signature, stamp = signatures.sign_standard(request.body, secret, identity, now)
    return request.with_headers(
        webhook_id=identity, webhook_timestamp=stamp, webhook_signature=signature
    )


def events(request: Request, source: Source, received_at: datetime) -> Sequence[Event]:
    """The records of one delivery; its signed webhook-id makes their identity."""
    payload = json_value(request.body, request.headers.get("content-type", ""))
    delivery = _delivery_id(request)
    records = _records(payload, source)
    if len(records) > MAX_RECORDS:
        raise Unreadable(f"the delivery holds {len(records)} records, more than {MAX_RECORDS}")
    found = [
        from_columns(
            _defaults(payload, columns),
            source,
            event_id=delivery if len(records) == 1 else f"{delivery}:{place}",
            received_at=received_at,
        )
        for place, columns in records
    ]
    if not found:
        raise Skipped("no record of this delivery is wanted")
    return found


def _delivery_id(request: Request) -> str:
    """The id that was signed, the same on every retry. An unsigned source has only its body.

    Of the family of headers that `check_standard` proved: an id of the other family could be
    added to a captured request by anybody, and would count it again.
    """
    headers = request.headers
    svix = "webhook-signature" not in headers and "svix-signature" in headers
    given = headers.get("svix-id" if svix else "webhook-id")
    return identifier(given, "webhook-id") if given else _made_id(request.body)


def _made_id(body: bytes) -> str:
    return "body_" + hashlib.sha256(body).hexdigest()[:32]


def _defaults(payload: Any, columns: Mapping[str, Any]) -> Mapping[str, Any]:
    """The standard's own `timestamp` dates what the mapping does not."""
    if not isinstance(payload, dict) or columns.get("time", columns.get("occurred_at")):
        return columns
    return {**columns, "time": payload.get("timestamp")}


# --- the mapping --------------------------------------------------------------------------------


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
    search = _compiled(expression, where)
    try:
        return search(payload if expression.startswith(_PAYLOAD) else item)
    except (JMESPathError, TypeError, ValueError, RecursionError, OverflowError) as error:
        # The types of the payload do not fit a function of the expression. The error's own
        # message may quote the payload.
        raise Unreadable(f"{where}: {expression!r} does not fit the payload") from error


@lru_cache(maxsize=1024)
def _compiled(expression: str, where: str) -> Callable[[Any], Any]:
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
        _compiled(said, where)
    return said, where


def check(source: Source) -> None:
    """Raises Misconfigured when the options cannot work."""
    unknown = source.options.keys() - _OPTIONS
    if unknown:
        raise Misconfigured(
            f"sources.{source.name}.options.{min(map(str, unknown))} is not known; write one of "
            f"{', '.join(sorted(_OPTIONS))}"
        )
    _plan(source)
    time_zone(source)


CONNECTOR = Connector(
    name="standard",
    title="Standard Webhooks",
    channel=Channel.FEEDBACK,
    verify=verify,
    events=events,
    signs_time=True,
    new_secret=lambda: "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode(),
    sign=sign,
    check=check,
    # 410 tells the sender to disable the endpoint: never sent. 503 is retried by the standard's
    # table for a day, and so is 401, which is right while a secret is being changed.
    status={Outcome.RETRYABLE: 503, Outcome.MISCONFIGURED: 503},
    secret_hint="The tool's webhook page: the signing secret, whsec_…",  # noqa: S106
)

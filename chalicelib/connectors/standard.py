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

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult

from chalicelib import signatures
from chalicelib.connectors.base import Connector, Outcome, Request, Source
from chalicelib.connectors.columns import COLUMNS, from_columns, time_zone
from chalicelib.connectors.reading import identifier, json_value, unreadable
from chalicelib.errors import Misconfigured, Skipped, Unreadable
from chalicelib.interaction import Channel, Event

_PAYLOAD = "$."
_OPTIONS = frozenset({"mapping", "foreach", "only", "time_zone"})
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
    """webhook-id is signed and the same on every retry. An unsigned source has only its body."""
    headers = request.headers
    given = headers.get("webhook-id") or headers.get("svix-id")
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
    options = source.options
    mapping, foreach, only = _settings(source)
    items = _search(foreach, payload, payload) if foreach else [payload]
    if items is None:
        items = []
    if not isinstance(items, list):
        unreadable(f"what options.foreach ({options['foreach']}) finds", "a list", items)
    wanted = [
        (place, item)
        for place, item in enumerate(items)
        if not only or _search(only, item, payload) not in (None, False, "", [], {})
    ]
    return [
        (place, {name: _search(at, item, payload) for name, at in mapping.items()})
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


def _search(expression: str, item: Any, payload: Any) -> Any:
    whole = expression.startswith(_PAYLOAD)
    try:
        return _compiled(expression.removeprefix(_PAYLOAD)).search(payload if whole else item)
    except (JMESPathError, TypeError, ValueError, RecursionError, OverflowError) as error:
        # The types of the payload do not fit a function of the expression. Its own message may
        # quote the payload.
        raise Unreadable(f"the expression {expression!r} does not fit the payload") from error


def _settings(source: Source) -> tuple[Mapping[str, str], str, str]:
    """(mapping, foreach, only), validated and compiled; raises Misconfigured."""
    options, where = source.options, f"sources.{source.name}.options"
    mapping = options.get("mapping") or {}
    if not isinstance(mapping, Mapping):
        raise Misconfigured(f"{where}.mapping must map each column to a JMESPath expression")
    unknown = sorted(str(name) for name in mapping if name not in COLUMNS)
    if unknown:
        raise Misconfigured(
            f"{where}.mapping.{unknown[0]} is not a column; write one of "
            f"{', '.join(sorted(COLUMNS))}"
        )
    foreach, only = options.get("foreach") or "", options.get("only") or ""
    for name, expression in {**mapping, "foreach": foreach, "only": only}.items():
        at = f"{where}.{name}" if name in ("foreach", "only") else f"{where}.mapping.{name}"
        _validate(expression, at, may_be_empty=name in ("foreach", "only"))
    return mapping, foreach, only


def _validate(expression: object, where: str, *, may_be_empty: bool) -> None:
    if may_be_empty and expression == "":
        return
    if not isinstance(expression, str):
        raise Misconfigured(f"{where} must be text, a JMESPath expression such as data.comment")
    try:
        _compiled(expression.removeprefix(_PAYLOAD))
    except (JMESPathError, RecursionError) as error:
        place = getattr(error, "lex_position", None)
        at = f" near character {place + 1}" if isinstance(place, int) else ""
        raise Misconfigured(
            f"{where}: {expression!r} is not a JMESPath expression{at}; names with other "
            'characters than letters, digits and _ stand in double quotes: data."order-id"'
        ) from error


@lru_cache(maxsize=1024)
def _compiled(expression: str) -> ParsedResult:
    return jmespath.compile(expression)


def check(source: Source) -> None:
    """Raises Misconfigured when the options cannot work."""
    unknown = sorted(str(key) for key in source.options if key not in _OPTIONS)
    if unknown:
        raise Misconfigured(
            f"sources.{source.name}.options.{unknown[0]} is not known; write one of "
            f"{', '.join(sorted(_OPTIONS))}"
        )
    _settings(source)
    time_zone(source)


CONNECTOR = Connector(
    name="standard",
    title="Standard Webhooks",
    channel=Channel.FEEDBACK,
    verify=verify,
    events=events,
    sign=sign,
    check=check,
    # 410 tells the sender to disable the endpoint: never sent. 503 is retried by the standard's
    # table for a day, and so is 401, which is right while a secret is being changed.
    status={Outcome.RETRYABLE: 503, Outcome.MISCONFIGURED: 503},
    secret_hint="The tool's webhook page: the signing secret, whsec_…",  # noqa: S106
)

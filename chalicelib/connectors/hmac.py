"""Any JSON that is signed by HMAC, as GitHub signs it: mapped by organisation.yaml.

Source: docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries, read 2026-11.
Signed: `X-Hub-Signature-256: sha256=` hex HMAC-SHA256 of the body. Another header, algorithm,
encoding, prefix, or a signed time is written in front of the key; see `proofs.py`.

A delivery's identity is its body: a delivery id in an unsigned header could be changed by anybody
who caught a request, and would count it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chalicelib.connectors.base import Connector, Outcome, Request, Source
from chalicelib.connectors.parts import mapping, proofs
from chalicelib.connectors.parts.reading import json_value
from chalicelib.connectors.parts.record import body_identity
from chalicelib.interaction import Channel, Event

_DEFAULT = "hmac"


def verify(request: Request, secrets: Sequence[str], now: datetime) -> None:
    proofs.verify(request, secrets, now, _DEFAULT)


def sign(request: Request, secret: str, now: datetime) -> Request:
    return proofs.sign(request, secret, now, _DEFAULT)


def events(request: Request, source: Source, received_at: datetime) -> Sequence[Event]:
    """The records of one delivery; its body makes their identity."""
    payload = json_value(request.body, request.headers.get("content-type", ""))
    delivery = body_identity(request.body)
    return mapping.events(payload, source, delivery, received_at, mapping.sent_at(payload))


CONNECTOR = Connector(
    name="hmac",
    title="Any JSON signed by HMAC",
    channel=Channel.FEEDBACK,
    verify=verify,
    events=events,
    sign=sign,
    check=mapping.check,
    scrub=proofs.scrub,
    # Most senders repeat 5xx and nothing else, and switch off on 410: what is kept is a success.
    status={Outcome.RETRYABLE: 503, Outcome.MISCONFIGURED: 503},
    retries="as the sender does; GitHub does not repeat by itself, a person redelivers",
    secret_hint="The secret that you set with the webhook; other schemes: docs/connectors/hmac.md",  # noqa: S106
)

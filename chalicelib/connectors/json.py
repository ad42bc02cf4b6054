"""Any JSON behind a token: mapped by organisation.yaml.

For tools that can send JSON and a header of your choice, and sign nothing. Proof: a bearer token,
HTTP Basic, a header or a parameter of the URL, as the secret's form says; see `proofs.py`.
Whoever sees the token can invent deliveries: prefer `standard` or `hmac` where the tool signs.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chalicelib.connectors.base import Connector, Outcome, Proof, Request, Source
from chalicelib.connectors.parts import mapping, proofs
from chalicelib.connectors.parts.reading import json_value
from chalicelib.connectors.parts.record import body_identity
from chalicelib.interaction import Channel, Event

_DEFAULT = "bearer"


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
    name="json",
    title="Any JSON",
    channel=Channel.FEEDBACK,
    verify=verify,
    events=events,
    sign=sign,
    check=mapping.check,
    proof=Proof.TOKEN,
    scrub=proofs.scrub,
    # Most senders repeat 5xx and nothing else, and switch off on 410: what is kept is a success.
    status={Outcome.RETRYABLE: 503, Outcome.MISCONFIGURED: 503},
    retries="as the sender does",
    secret_hint="A token that you make up and give to the tool; forms: docs/connectors/json.md",  # noqa: S106
)

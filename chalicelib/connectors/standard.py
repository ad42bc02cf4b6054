"""Standard Webhooks: any tool that signs by the standard, mapped by organisation.yaml.

Source: standard-webhooks/standard-webhooks `spec/standard-webhooks.md`, read 2026-11.
Signed: `v1,` base64 HMAC-SHA256 of id.time.body; Svix's header names are read too.

The payload is read through `mapping.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chalicelib.connectors.base import Connector, Outcome, Request, Source
from chalicelib.connectors.parts import mapping, standard_webhooks
from chalicelib.connectors.parts.reading import identifier, json_value
from chalicelib.connectors.parts.record import body_identity
from chalicelib.interaction import Channel, Event


def events(request: Request, source: Source, received_at: datetime) -> Sequence[Event]:
    """The records of one delivery; its signed webhook-id makes their identity."""
    payload = json_value(request.body, request.headers.get("content-type", ""))
    sent = mapping.sent_at(payload)  # the standard's own `timestamp`
    return mapping.events(payload, source, _delivery_id(request), received_at, sent)


def _delivery_id(request: Request) -> str:
    """The id that was signed, the same on every retry. An unsigned source has only its body.

    Of the family of headers that `check_standard` proved: an id of the other family could be
    added to a captured request by anybody, and would count it again.
    """
    headers = request.headers
    svix = "webhook-signature" not in headers and "svix-signature" in headers
    given = headers.get("svix-id" if svix else "webhook-id")
    return identifier(given, "webhook-id") if given else body_identity(request.body)


CONNECTOR = Connector(
    name="standard",
    title="Standard Webhooks",
    channel=Channel.FEEDBACK,
    verify=standard_webhooks.verify,
    events=events,
    signs_time=True,
    new_secret=standard_webhooks.new_secret,
    sign=standard_webhooks.sign,
    check=mapping.check,
    # 410 tells the sender to disable the endpoint: never sent. 503 is retried by the standard's
    # table for a day, and so is 401, which is right while a secret is being changed.
    status={Outcome.RETRYABLE: 503, Outcome.MISCONFIGURED: 503},
    retries="again after 5 s, 5 min, 30 min, and then at growing intervals for a day or more",
    secret_hint="The tool's webhook page: the signing secret, whsec_…",  # noqa: S106
)

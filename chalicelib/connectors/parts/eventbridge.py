"""Amazon EventBridge and SNS as messengers: Amazon Connect, Genesys Cloud.

EventBridge signs nothing. Its API destination sends what the connection holds: a header with a key
(ours is X-Webhook-Token), or HTTP Basic. That is a shared secret sent along, so the proof is a
token: whoever sees one delivery can invent another. TLS and a private event bus keep it unseen.

SNS signs its messages (`sns.py`), unless they are delivered raw; then the token stands in the URL
that was subscribed. A topic's ARN among the source's secrets admits that topic's signed messages;
it is no secret, and so never a token.

Source: docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html and
docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html, read 2026-11.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from chalicelib import signatures
from chalicelib.connectors.base import Request, Source
from chalicelib.connectors.parts import record, sns
from chalicelib.connectors.parts.reading import identifier, iso_time, json_body, json_value, text
from chalicelib.connectors.vendor_api import Call, Dialogue, checked
from chalicelib.errors import Rejected, Skipped, Unreadable
from chalicelib.interaction import Channel, Event, EventKind, Role

TOKEN_HEADER = "x-webhook-token"  # noqa: S105 - the header's name
_QUERY = "token"
_FROM_SNS = "x-amz-sns-message-type"
_CONFIRM = "confirm:"

RETRIES = (
    "EventBridge tries 401, 409, 429 and 5xx again for 24 hours, 185 times at most, and heeds "
    "Retry-After; then the rule's dead-letter queue"
)
RETRY_AFTER_S = 30


def verify(request: Request, secrets: Sequence[str], _now: datetime) -> None:
    headers = request.headers
    tokens = [one for one in secrets if not sns.TOPIC.search(one) and "-----BEGIN" not in one]
    if TOKEN_HEADER in headers:
        signatures.check_token(headers[TOKEN_HEADER], tokens)
    elif "authorization" in headers:
        signatures.check_basic(headers["authorization"], tokens)
    elif token := _query_token(request.url):
        signatures.check_token(token, tokens)
    elif _FROM_SNS in headers:
        sns.check(request, secrets)
    else:
        raise Rejected(f"the token is missing: neither {TOKEN_HEADER} nor Authorization was sent")


def key_url(request: Request) -> str | None:
    """Where SNS publishes the certificate of a message that no token proves."""
    signed = _FROM_SNS in request.headers and not _query_token(request.url)
    return sns.key_url(request) if signed else None


def sign(request: Request, secret: str, _now: datetime) -> Request:
    """The same way as the request proves itself already; a bare one gets the header."""
    if "authorization" in request.headers:
        return request.with_headers(authorization=signatures.sign_basic(secret))
    if _query_token(request.url):
        return replace(request, url=_with_token(request.url, secret))
    return request.with_headers(**{TOKEN_HEADER: secret})


def scrub(request: Request) -> Request:
    """Without the token in URL or header."""
    secret = (TOKEN_HEADER, "authorization")
    headers = {k: v for k, v in request.headers.items() if k not in secret}
    url = _with_token(request.url, "") if _query_token(request.url) else request.url
    return replace(request, url=url, headers=headers)


def body(request: Request) -> dict[str, Any]:
    """The event, taken out of an SNS notification where it came in one.

    Raises Unreadable for a subscription's confirmation that `subscription` did not take before.
    """
    found = json_body(request)
    kind = found.get("Type")
    if kind == "SubscriptionConfirmation":
        raise Unreadable(
            "an SNS topic asks to be confirmed: open the SubscribeURL of this delivery once"
        )
    if kind == "UnsubscribeConfirmation":
        raise Skipped("the topic's subscription was cancelled; subscribe again if it should not be")
    if kind != "Notification" or "Message" not in found:
        return found
    inner = json_value(text(found["Message"], "Message").encode())
    if not isinstance(inner, dict):
        raise Unreadable("the message of the SNS notification is not a JSON object")
    return inner


def subscription(request: Request, source: Source, channel: Channel) -> Event | None:
    """What must be asked of SNS before it sends anything: that we want the topic's messages."""
    if b'"SubscriptionConfirmation"' not in request.body:
        return None  # spares every other delivery a second parsing
    envelope = json_body(request)
    if envelope.get("Type") != "SubscriptionConfirmation":
        return None
    topic, token = text(envelope.get("TopicArn"), "TopicArn"), text(envelope.get("Token"), "Token")
    sns.confirmation_url(topic, token)  # raises for another form
    named = identifier(envelope.get("MessageId"), "MessageId")
    return record.event(
        source,
        channel,
        event_id=f"subscription:{named}",
        interaction_id="subscription:" + hashlib.sha256(topic.encode()).hexdigest()[:32],
        kind=EventKind.STATUS,
        role=Role.SYSTEM,
        occurred_at=iso_time(envelope.get("Timestamp"), "Timestamp"),
        fetch=f"{_CONFIRM}{topic} {token}",
    )


def confirmed(event: Event) -> Dialogue[None]:
    """Confirm the subscription that the event waits for; nothing for any other event.

    Raises Skipped when it is done, for a confirmation holds no event.
    """
    if not event.fetch.startswith(_CONFIRM):
        return
    topic, _, token = event.fetch.removeprefix(_CONFIRM).partition(" ")
    checked((yield Call(sns.confirmation_url(topic, token))), "the subscription")
    raise Skipped("the topic's subscription is confirmed")


def _query_token(url: str) -> str:
    try:
        return dict(parse_qsl(urlsplit(url).query)).get(_QUERY, "")
    except ValueError:
        return ""


def _with_token(url: str, token: str) -> str:
    """The URL with its token replaced, or taken out where `token` is empty."""
    parts = urlsplit(url)
    pairs = [(k, v) for k, v in parse_qsl(parts.query) if k != _QUERY]
    pairs += [(_QUERY, token)] * bool(token)
    return urlunsplit(parts._replace(query=urlencode(pairs)))

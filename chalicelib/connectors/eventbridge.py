"""Amazon EventBridge and SNS as messengers: Amazon Connect, Genesys Cloud.

EventBridge signs nothing. Its API destination sends what the connection holds: a header with a key
(ours is X-Webhook-Token), or HTTP Basic. SNS takes neither; there the token stands in the URL that
was subscribed. Each is a shared secret sent along, so the proof is a token: whoever sees one
delivery can invent another. TLS and a private event bus are what keeps it unseen.

Source: docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html and
docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from chalicelib import signatures
from chalicelib.connectors.base import Request
from chalicelib.connectors.reading import json_body, json_value, text
from chalicelib.errors import Rejected, Skipped, Unreadable

TOKEN_HEADER = "x-webhook-token"  # noqa: S105 - the header's name
_QUERY = "token"

RETRIES = (
    "EventBridge tries 401, 409, 429 and 5xx again for 24 hours, 185 times at most, and heeds "
    "Retry-After; then the rule's dead-letter queue"
)
RETRY_AFTER_S = 30


def verify(request: Request, secrets: Sequence[str], _now: datetime) -> None:
    headers = request.headers
    if TOKEN_HEADER in headers:
        signatures.check_token(headers[TOKEN_HEADER], secrets)
    elif "authorization" in headers:
        signatures.check_basic(headers["authorization"], secrets)
    elif token := _query_token(request.url):
        signatures.check_token(token, secrets)
    else:
        raise Rejected(f"the token is missing: neither {TOKEN_HEADER} nor Authorization was sent")


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

    Raises Unreadable for a subscription's confirmation: a person has to open its SubscribeURL,
    and the kept body holds it.
    """
    found = json_body(request)
    kind = found.get("Type")
    if kind == "SubscriptionConfirmation":
        raise Unreadable(
            "an SNS topic asks to be confirmed: open the SubscribeURL of this delivery once"
        )
    if kind == "UnsubscribeConfirmation":
        raise Skipped("an SNS topic was unsubscribed")
    if kind != "Notification" or "Message" not in found:
        return found
    inner = json_value(text(found["Message"], "Message").encode())
    if not isinstance(inner, dict):
        raise Unreadable("the message of the SNS notification is not a JSON object")
    return inner


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

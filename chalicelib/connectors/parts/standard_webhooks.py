"""Standard Webhooks as its senders share it: proof, samples and secrets."""

from __future__ import annotations

import base64
import secrets as random
from collections.abc import Sequence
from datetime import datetime

from chalicelib import signatures
from chalicelib.connectors.base import Request
from chalicelib.connectors.parts.record import body_identity


def verify(request: Request, secrets: Sequence[str], now: datetime) -> None:
    signatures.check_standard(request.body, request.headers, secrets, now)


def sign(request: Request, secret: str, now: datetime) -> Request:
    """Signs with the request's own webhook-id, or with one made of its body."""
    identity = request.headers.get("webhook-id") or body_identity(request.body)
    signature, stamp = signatures.sign_standard(request.body, secret, identity, now)
    return request.with_headers(
        webhook_id=identity, webhook_timestamp=stamp, webhook_signature=signature
    )


def new_secret() -> str:
    return "whsec_" + base64.b64encode(random.token_bytes(32)).decode()

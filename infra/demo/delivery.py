"""Delivery: one HTTP request of a vendor, not yet signed, and the ids that its parts carry."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.connectors.base import Outcome, Request
from infra.demo.contact import Contact


@dataclass(frozen=True)
class Delivery:
    """A request as the vendor makes it, before signing.

    `source` is a name of organisation.yaml, `occurred_at` when it would have been sent (aware UTC).
    `expected` is what the hub should make of it. A `forged` one must be signed with a secret that
    is not the source's.
    """

    source: str
    occurred_at: datetime
    headers: Mapping[str, str]
    body: bytes
    expected: Outcome = Outcome.ACCEPTED
    forged: bool = False

    def request(self, webhook_url: str) -> Request:
        """The unsigned request to the source's webhook URL; sign it with its connector."""
        return Request("POST", webhook_url, dict(self.headers), self.body)


def as_json(source: str, at: datetime, content: Mapping[str, Any], **headers: str) -> Delivery:
    """A JSON delivery; '_' in a header's name stands for '-'."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Delivery(source, at, {"content-type": "application/json", **named}, body)


def reference(contact: Contact) -> str:
    """Digits that no other contact of any day's demo has: the vendors' own numbers."""
    return f"{int(contact.started_at.timestamp()) % 10**9}{contact.number:05}"


def made_uuid(contact: Contact, step: str) -> str:
    """A UUID of one step of a contact, the same in every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"havuvakka/{reference(contact)}/{step}"))


def made_hex(contact: Contact, step: str, length: int = 32) -> str:
    """Hex digits of one step of a contact, the same in every run."""
    return hashlib.sha256(f"{reference(contact)}/{step}".encode()).hexdigest()[:length]

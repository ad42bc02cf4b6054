"""Corrections: what a reader says a customer's message was about, and the link that lets them.

A link is sealed, not only signed (AES-GCM by the link key): vendors' ids stay out of logs and mail
scanners, and it fits one message, one department and LINK_DAYS. The customer's words are never in
it. No I/O here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

LINK_DAYS = 60
MAX_TOKEN_CHARS = 2000
NONE = "none"  # the choice "none of these themes"

Demand = Literal["failure", "value", "none", ""]  # "": not told
DEMANDS: tuple[Demand, ...] = ("failure", "value", "none", "")


@dataclass(frozen=True, slots=True)
class Link:
    """What a correction link names: one message, one department, until `expires_at` (aware)."""

    interaction: str
    message: str
    department: str
    theme: str  # under which the message was quoted
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Quoted:
    """What a page may show of a message: its quote, as the digest has it. Kept until `keep_until`.

    The function behind the page faces the internet and reads no interaction.
    """

    interaction: str
    message: str
    department: str
    text: str
    language: str
    channel: str
    model: str
    keep_until: datetime  # when its interaction expires

    @property
    def id(self) -> str:
        return place(self.interaction, self.message, self.department)


@dataclass(frozen=True, slots=True)
class Correction:
    """One label of one message. `themes` best first; () says that none fits, None was not asked.

    `text` is redacted: the quote, until `pipeline.corrections.labels` puts the whole message of the
    interaction in its place. `taxonomy` is the hash of the
    themes that there were to choose from, `model` what had judged the message.
    """

    interaction: str
    message: str
    text: str
    language: str
    channel: str
    themes: tuple[str, ...] | None
    demand: Demand
    department: str  # of the digest; "" in a terminal or a file
    at: datetime
    taxonomy: str
    model: str
    origin: str  # "digest", "terminal" or "file"

    @property
    def id(self) -> str:
        """The same for the same message and department: the last word replaces the first."""
        return place(self.interaction, self.message, self.department)


def place(interaction: str, message: str, department: str) -> str:
    """The id of what is stored of a message for a department; it begins with the interaction's."""
    rest = hashlib.sha256(f"{message}\0{department}".encode()).hexdigest()[:24]
    return f"{interaction}#{rest}"


def seal(link: Link, key: bytes) -> str:
    """The link's token, safe in a URL; the same link gives the same token."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    until = int(link.expires_at.timestamp())
    content = json.dumps(
        [link.interaction, link.message, link.department, link.theme, until],
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()
    secret = _key(key)
    # From the content: two different links never share a nonce, and none must be kept.
    nonce = hmac.new(secret, content, hashlib.sha256).digest()[:12]
    sealed = nonce + AESGCM(secret).encrypt(nonce, content, _PURPOSE)
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def unseal(token: str, keys: Sequence[bytes], now: datetime) -> Link | None:
    """The link of a token; None when it was not made with one of `keys`, or is over."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if len(token) > MAX_TOKEN_CHARS:
        return None
    try:
        sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    for key in keys if len(sealed) > 12 else ():
        try:
            content = AESGCM(_key(key)).decrypt(sealed[:12], sealed[12:], _PURPOSE)
        except InvalidTag:
            continue
        interaction, message, department, theme, until = json.loads(content)
        expires_at = datetime.fromtimestamp(until, UTC)
        link = Link(interaction, message, department, theme, expires_at)
        return link if now < link.expires_at else None
    return None


_PURPOSE = b"oivallus correction link 1"


def _key(link_key: bytes) -> bytes:
    """A key of its own: what another kind of link signs can never be taken for one of these."""
    return hmac.new(link_key, _PURPOSE, hashlib.sha256).digest()


def expiry(now: datetime) -> datetime:
    """When a link that is made now ends: at a day's end, so that a letter made anew is the same."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=LINK_DAYS + 1)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a reader chose on the page."""

    themes: tuple[str, ...]
    demand: Demand


def choice(form: Mapping[str, str], themes: Sequence[str]) -> Choice | None:
    """The choice of a form; None when it names what is not there to choose."""
    theme, demand = form.get("theme", ""), form.get("demand", "")
    known = {name: name for name in DEMANDS}
    if demand not in known or (theme != NONE and theme not in themes):
        return None
    return Choice(() if theme == NONE else (theme,), known[demand])


def settled(corrections: Sequence[Correction]) -> list[Correction]:
    """One correction a message: the last word, oldest first."""
    last: dict[tuple[str, str], Correction] = {}
    for one in sorted(corrections, key=lambda c: (c.at, c.department)):
        last[one.interaction, one.message] = one
    return sorted(last.values(), key=lambda c: (c.at, c.id))

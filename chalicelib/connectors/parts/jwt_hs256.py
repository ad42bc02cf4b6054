"""JSON Web Tokens signed with HMAC-SHA256 (RFC 7515, 7519): Dialpad's bodies, Vonage's headers.

Only HS256 is read: a token that names another algorithm, or none, is refused before anything is
computed. The signature is compared as text, so that two spellings of it are two signatures.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Sequence
from typing import Any

from chalicelib.connectors.parts.reading import json_value
from chalicelib.errors import Rejected, Unreadable

#: A token as text; a transcript of an hour is 100 kB.
_LONGEST = 6_000_000


def check(token: str, secrets: Sequence[str], what: str = "token") -> None:
    """Raises Rejected unless a secret's HMAC-SHA256 of the token fits."""
    if not token:
        raise Rejected(f"the {what} is missing")
    if not any(secrets):
        raise Rejected("this source has no secret; add one before the vendor sends")
    signed, dot, given = token.rpartition(".")
    head, second, _ = signed.partition(".")
    if not dot or not second or len(token) > _LONGEST or not token.isascii():
        raise Rejected(f"the {what} is not a signed JSON Web Token")
    if _algorithm(head) != "HS256":
        raise Rejected(f"the {what} is not signed with HS256")
    # A list: every secret is compared, so that the time does not tell which one nearly fitted.
    fits = [hmac.compare_digest(given, _mac(signed, secret)) for secret in secrets if secret]
    if not any(fits):
        raise Rejected(f"the signature of the {what} does not fit under any secret")


def claims(token: str) -> dict[str, Any]:
    """The payload of a token that `check` accepted. Raises Unreadable when it is no JSON object."""
    parts = token.split(".")
    if len(parts) != 3:
        raise Unreadable("the body is not a JSON Web Token")
    try:
        raw = _decoded(parts[1])
    except ValueError:
        raise Unreadable("the token's payload is not base64url") from None
    found = json_value(raw)
    if not isinstance(found, dict):
        raise Unreadable("the token's payload is not a JSON object")
    return found


def sign(payload: bytes, secret: str) -> str:
    """The token that a vendor would send."""
    head = _encoded(json.dumps({"alg": "HS256", "typ": "JWT"}, separators=(",", ":")).encode())
    signed = f"{head}.{_encoded(payload)}"
    return f"{signed}.{_mac(signed, secret)}"


def payload(token: str) -> bytes | None:
    """The payload's bytes where this is a token; None where it is something else."""
    parts = token.split(".")
    try:
        return _decoded(parts[1]) if len(parts) == 3 and _algorithm(parts[0]) else None
    except ValueError:
        return None


def _algorithm(head: str) -> str | None:
    try:
        found = json_value(_decoded(head)[:1000])
    except (ValueError, Unreadable):
        return None
    name = found.get("alg") if isinstance(found, dict) else None
    return name if isinstance(name, str) else None


def _mac(signed: str, secret: str) -> str:
    key = secret.encode("utf-8", "surrogatepass")
    return _encoded(hmac.digest(key, signed.encode("ascii"), "sha256"))


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decoded(part: str) -> bytes:
    """Raises ValueError; binascii.Error and UnicodeEncodeError are such."""
    text = part.encode("ascii").translate(bytes.maketrans(b"-_", b"+/"))
    return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)

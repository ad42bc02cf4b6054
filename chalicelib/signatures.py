"""Every signature scheme: pure functions on the raw bytes that were signed.

    scheme            header                       signed               MAC, as text
    body_hex          X-Hub-Signature              body                 "sha1=" hex
    body_base64       Typeform-Signature           body                 "sha256=" base64
    time_then_body    X-Zendesk-Webhook-Signature  time + body          sha256 base64
    url_and_form      X-Twilio-Signature           URL + sorted fields  sha1 base64
    standard          webhook-, svix-signature     id.time.body         sha256 "v1," base64
    basic             Authorization                nothing              user:password
    token             any                          nothing              the secret itself

Each `check_*` returns when any of the secrets fits and otherwise raises Rejected, whatever the
bytes; each `sign_*` gives what the vendor would send. Every secret is compared, in constant time.
The MAC is checked before the time is read, so that only the vendor's own times are ever parsed.
Empty secrets never fit: a missing secret fails closed. Messages hold neither secrets nor
expected values.

Standard Webhooks `v1a` (ed25519) is not here: every sender seen so far also signs `v1`, and
`cryptography` takes longer to load than a webhook takes to answer.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote_to_bytes, urlsplit

from chalicelib.errors import Rejected

WINDOW_S = 300
_LONGEST_HEADER = 8192  # API Gateway takes 10,240 bytes of headers in all
_LONGEST_PROOF = 1000  # of one signature or one time
_MOST_SIGNATURES = 16  # a rotation lists two or three; more is a stranger buying our CPU time

# --- hex and base64 of the body alone -----------------------------------------------------------


def signature_of(headers: Mapping[str, str], name: str) -> str:
    """The header that holds a signature. Raises Rejected naming it where it is missing."""
    found = headers.get(name)
    if not found:
        raise Rejected(f"the signature header {name} is missing")
    return found


def time_of(headers: Mapping[str, str], name: str) -> str:
    """The header that holds the signed time. Raises Rejected naming it where it is missing."""
    found = headers.get(name, "").strip()
    if not found:
        raise Rejected(f"the time header {name} is missing")
    return found


def header_bytes(headers: Mapping[str, str], name: str) -> bytes:
    """A header without its blanks. Raises Rejected where it is missing, too long or not ASCII."""
    given = _present(headers.get(name), name)
    if len(given) > _LONGEST_PROOF:
        raise Rejected(f"the {name} header is longer than {_LONGEST_PROOF} characters")
    return given


def check_body_hex(
    body: bytes, header: str | None, secrets: Sequence[str], *, algorithm: str = "sha1"
) -> None:
    """`algorithm=hex` of the body: Intercom and older Meta (sha1), GitHub and Meta (sha256)."""
    given = _after(f"{algorithm}=", _present(header))
    _any_fits(given, (sign_body_hex(body, s, algorithm=algorithm) for s in _usable(secrets)))


def sign_body_hex(body: bytes, secret: str, *, algorithm: str = "sha1") -> str:
    return f"{algorithm}={_mac(_bytes(secret), body, algorithm).hex()}"


def check_body_base64(
    body: bytes,
    header: str | None,
    secrets: Sequence[str],
    *,
    algorithm: str = "sha256",
    prefix: str = "sha256=",
) -> None:
    """`prefix` + base64 of the body's MAC: Typeform."""
    given = _after(prefix, _present(header))
    _base64_shape(given.removeprefix(prefix.encode()))
    _any_fits(
        given,
        (sign_body_base64(body, s, algorithm=algorithm, prefix=prefix) for s in _usable(secrets)),
    )


def sign_body_base64(
    body: bytes, secret: str, *, algorithm: str = "sha256", prefix: str = "sha256="
) -> str:
    return prefix + _base64(_mac(_bytes(secret), body, algorithm))


# --- a signed time, then the body ---------------------------------------------------------------


def check_time_then_body(
    body: bytes,
    header: str | None,
    time_header: str | None,
    secrets: Sequence[str],
    now: datetime,
) -> None:
    """base64 of SHA-256 over time + body without a separator: Zendesk.

    The time is RFC 3339 and opaque to the MAC; it must lie within WINDOW_S of `now`.
    """
    given = _present(header)
    _base64_shape(given)
    sent = _present(time_header, "time")
    expected = (_base64(_mac(_bytes(s), sent + body, "sha256")) for s in _usable(secrets))
    _any_fits(given, expected)
    check_age(_rfc3339(sent), now)


def sign_time_then_body(body: bytes, secret: str, sent: datetime) -> tuple[str, str]:
    """(signature, time) as the two headers carry them."""
    stamp = sent.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return _base64(_mac(_bytes(secret), stamp.encode() + body, "sha256")), stamp


# --- Twilio: the public URL and the form's fields -----------------------------------------------


def check_url_and_form(
    url: str,
    body: bytes,
    header: str | None,
    secrets: Sequence[str],
    *,
    form: bool,
    algorithm: str = "sha1",
) -> None:
    """base64 of the URL followed by each field's name and value, sorted: Twilio.

    `form` says that the body is a URL-encoded form. Any other body is proven by the signed query
    parameter `bodySHA256` and must be empty without it. The vendor's port is inconsistent, so
    the URL is tried with and without its default port.
    Source: twilio-python `request_validator.py` 9.13.0.
    """
    given = _present(header)
    _base64_shape(given)
    usable = _usable(secrets)
    fields = _sorted_fields(body) if form else _body_proven_by(url, body)
    expected = (
        _base64(_mac(_bytes(secret), variant + fields, algorithm))
        for secret in usable
        for variant in _port_variants(url)
    )
    _any_fits(given, expected)


def sign_url_and_form(
    url: str, body: bytes, secret: str, *, form: bool, algorithm: str = "sha1"
) -> str:
    fields = _sorted_fields(body) if form else b""
    return _base64(_mac(_bytes(secret), _bytes(url) + fields, algorithm))


def form_fields(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The decoded (name, value) pairs of a URL-encoded form, blank values kept, in order."""
    for pair in body.split(b"&"):
        if pair:
            name, _, value = pair.partition(b"=")
            yield (
                unquote_to_bytes(name.replace(b"+", b" ")),
                unquote_to_bytes(value.replace(b"+", b" ")),
            )


def _sorted_fields(body: bytes) -> bytes:
    # A repeated name contributes each different value once: hence the set.
    return b"".join(name + value for name, value in sorted(set(form_fields(body))))


def _body_proven_by(url: str, body: bytes) -> bytes:
    try:
        claimed = parse_qs(urlsplit(url).query).get("bodySHA256", [""])[0]
    except ValueError as error:
        raise Rejected("the URL that was signed cannot be read") from error
    if not claimed and not body:
        return b""
    if not hmac.compare_digest(hashlib.sha256(body).hexdigest().encode(), _bytes(claimed.lower())):
        raise Rejected("the body does not match the bodySHA256 of the signed URL")
    return b""


def _port_variants(url: str) -> tuple[bytes, ...]:
    """The URL as configured, and with its default port added or its port taken away."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Rejected("the URL that was signed cannot be read") from error
    default = 443 if parts.scheme == "https" else 80
    host = parts.netloc.rpartition(":")[0] if port else f"{parts.netloc}:{default}"
    before, _, after = url.partition(parts.netloc) if parts.netloc else (url, "", "")
    return (_bytes(url), _bytes(before + host + after)) if parts.netloc else (_bytes(url),)


# --- Standard Webhooks --------------------------------------------------------------------------


def check_standard(
    body: bytes,
    headers: Mapping[str, str],
    secrets: Sequence[str],
    now: datetime,
) -> None:
    """Standard Webhooks 1.0, `v1`: any listed signature may fit any secret (rotation).

    `headers` have lower-case names; both the `webhook-` and the `svix-` prefix are read, never
    a mixture. Secrets are base64, with or without `whsec_` and with or without padding.
    """
    both = ("webhook-", "svix-")
    prefix = next((one for one in both if f"{one}signature" in headers), both[0])
    listed = _present(signature_of(headers, prefix + "signature")).split(b" ")
    identity = _present(headers.get(prefix + "id"), f"{prefix}id")
    sent = _present(time_of(headers, prefix + "timestamp"), "time")
    given = [item[3:] for item in listed if item.startswith(b"v1,")][:_MOST_SIGNATURES]
    if not given:
        raise Rejected("the signature header lists no v1 signature")
    content = b".".join((identity, sent, body))
    keys = [key for key in map(_standard_key, _usable(secrets)) if key]
    if not keys:
        raise Rejected("no secret of this source is base64 after whsec_; copy it again")
    expected = [_base64(_mac(key, content, "sha256")) for key in keys]
    fits = [_same(one, expectation) for one in given for expectation in expected]
    if not any(fits):
        raise Rejected("the signature does not fit the body under any secret")
    check_age(unix_seconds(sent), now)


def sign_standard(body: bytes, secret: str, identity: str, sent: datetime) -> tuple[str, str]:
    """(signature, time) for the headers `webhook-signature` and `webhook-timestamp`.

    Raises Rejected when the secret is not base64.
    """
    key = _standard_key(secret)
    if not key:
        raise Rejected("the secret is not base64 after whsec_")
    stamp = str(int(sent.timestamp()))
    content = b".".join((identity.encode(), stamp.encode(), body))
    return "v1," + _base64(_mac(key, content, "sha256")), stamp


def _standard_key(secret: str) -> bytes:
    """The key's bytes; empty when the secret is not base64."""
    text = secret.removeprefix("whsec_").rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:  # binascii.Error is one; so is a non-ASCII secret
        return b""


# --- equality: vendors that do not sign ---------------------------------------------------------


def check_basic(header: str | None, secrets: Sequence[str]) -> None:
    """HTTP Basic (RFC 7617); a secret is `user:password`."""
    given = _present(header, "Authorization")
    scheme, _, encoded = given.partition(b" ")
    if scheme.lower() != b"basic":
        raise Rejected("the Authorization header is not HTTP Basic")
    try:
        pair = base64.b64decode(encoded.strip(), validate=True)
    except binascii.Error as error:
        raise Rejected("the Authorization header is not base64") from error
    _any_fits(pair, _usable(secrets), "the user and password do not fit")


def sign_basic(secret: str) -> str:
    return "Basic " + _base64(_bytes(secret))


def check_token(header: str | None, secrets: Sequence[str], name: str = "token") -> None:
    """The header is the secret itself; `name` it where it may be missing."""
    _any_fits(_present(header, name), _usable(secrets), "the token does not fit")


# --- the age of a signed time -------------------------------------------------------------------


def unix_seconds(stamp: str | bytes) -> int:
    """A signed time that is written in whole Unix seconds. Raises Rejected."""
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise Rejected("the signed time is not a whole number of Unix seconds")
    return int(stamp)


def check_age(
    sent: float, now: datetime, oldest_s: float = WINDOW_S, ahead_s: float = WINDOW_S
) -> None:
    """Raise Rejected when a signed time, in Unix seconds, is too long ago or too far ahead."""
    age_s = now.timestamp() - sent
    if not -ahead_s <= age_s <= oldest_s:
        when, most_s = ("old", oldest_s) if age_s > 0 else ("in the future", ahead_s)
        raise Rejected(
            f"the signed time is {abs(age_s):.0f} s {when}, more than {most_s:.0f} s; "
            "a replay, or a clock that is wrong"
        )


# --- what they share ----------------------------------------------------------------------------


def _usable(secrets: Sequence[str]) -> list[str]:
    usable = [secret for secret in secrets if secret]
    if not usable:
        raise Rejected("this source has no secret; add one before the vendor sends")
    return usable


def _present(header: str | None, what: str = "signature") -> bytes:
    if not header or not header.strip():
        raise Rejected(f"the {what} header is missing")
    if len(header) > _LONGEST_HEADER:
        raise Rejected(f"the {what} header is longer than {_LONGEST_HEADER} characters")
    try:
        return header.strip().encode("ascii")
    except UnicodeEncodeError as error:
        raise Rejected(f"the {what} header is not ASCII") from error


def _after(prefix: str, given: bytes) -> bytes:
    if not given.startswith(prefix.encode()):
        raise Rejected(f"the signature header does not start with {prefix}")
    return given


def _base64_shape(given: bytes) -> None:
    """Only for the reason's sake: the comparison alone would refuse it too."""
    try:
        base64.b64decode(given, validate=True)
    except binascii.Error as error:
        raise Rejected("the signature header is not base64") from error


def _any_fits(
    given: bytes,
    expected: Iterable[str],
    reason: str = "the signature does not fit the body under any secret",
) -> None:
    # A list: every secret is compared, so that the time does not tell which one nearly fitted.
    fits = [_same(given, one) for one in expected]
    if not any(fits):
        raise Rejected(reason)


def _same(given: bytes, expected: str) -> bool:
    return hmac.compare_digest(given, _bytes(expected))


def _rfc3339(stamp: bytes) -> float:
    try:
        moment = datetime.fromisoformat(stamp.decode("ascii"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise Rejected("the signed time is not RFC 3339") from error


def _mac(key: bytes, content: bytes, algorithm: str) -> bytes:
    return hmac.digest(key, content, algorithm)


def _bytes(text: str) -> bytes:
    # A lone surrogate in a URL or a secret must not stop us: it only has to differ.
    return text.encode("utf-8", "surrogatepass")


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode("ascii")

"""How a generic source proves itself, written in front of its key, as the source's secret.

    KEY                            the connector's own default
    bearer#KEY                     Authorization: Bearer KEY (RFC 6750)
    basic#user:password            Authorization: Basic (RFC 7617)
    header?name=X-Api-Key#KEY      that header is the key itself
    query?name=access_token#KEY    so is that parameter of the URL
    hmac?header=X-Acme-Signature&algorithm=sha512&encoding=base64#KEY

Of `hmac`, with what stands when it is left out:

    header      X-Hub-Signature-256         where the signature is
    algorithm   sha256                      sha1, sha256 or sha512
    encoding    hex                         hex or base64
    prefix      algorithm= ; empty with a `header`     what stands before the signature
    time        (none)                      the header with the time of sending: Unix seconds or
                                            milliseconds, or RFC 3339; it must be near ours
    signed      {body}; {time}.{body} with a `time`    {body}, {time} and any other header's name
    window      300                         seconds that the time may be off
    key         text                        text or base64: how the key is written

Values are URL-encoded, so a plus sign is %2B. Proof and key are one value because they change
together: while a sender moves from SHA-1 to SHA-256, both proofs are among the source's secrets.
Several lists of one header (a comma-separated `t=…,v1=…`) are not read.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit

from chalicelib import signatures
from chalicelib.connectors.base import Request
from chalicelib.errors import Rejected

_WRITTEN = re.compile(r"(bearer|basic|header|query|hmac)(?:\?([^#]*))?#(.+)", re.DOTALL)
_PARTS = {
    "bearer": frozenset[str](),
    "basic": frozenset[str](),
    "header": frozenset({"name"}),
    "query": frozenset({"name"}),
    "hmac": frozenset(
        {"header", "algorithm", "encoding", "prefix", "time", "signed", "window", "key"}
    ),
}
_ALGORITHMS = ("sha1", "sha256", "sha512")
_PLACE = re.compile(r"\{([A-Za-z0-9-]+)\}")
_LONGEST = 8192
_LATEST_SECONDS = 1e11  # a larger Unix time counts milliseconds


@dataclass(frozen=True)
class Proof:
    """One way to prove a delivery, with its key. `said` are the parts, URL-decoded."""

    kind: str
    key: str
    said: Mapping[str, str]

    @property
    def signed(self) -> str:
        """The template of what is signed; empty where nothing is."""
        if self.kind != "hmac":
            return ""
        return self.said.get("signed") or ("{time}.{body}" if self.time_header else "{body}")

    @property
    def time_header(self) -> str:
        return self.said.get("time", "").lower()

    @property
    def header(self) -> str:
        """The header that carries the proof; empty for a parameter of the URL."""
        if self.kind == "hmac":
            return self.said.get("header", "X-Hub-Signature-256").lower()
        if self.kind == "query":
            return ""
        return self.said.get("name", "").lower() if self.kind == "header" else "authorization"


def verify(request: Request, secrets: Sequence[str], now: datetime, default: str) -> None:
    """Return when any of the written proofs fits; `default` is how a bare key proves.

    Raises Rejected, with the reason of the last one that does not fit.
    """
    usable = [secret for secret in secrets if secret]
    if not usable:
        raise Rejected("this source has no secret; add one before the tool sends")
    fits, reason = False, ""
    for secret in usable:  # every one, so that the time does not tell which nearly fitted
        try:
            _check(request, read(secret, default), now)
            fits = True
        except Rejected as error:
            reason = str(error)
    if not fits:
        raise Rejected(reason)


@lru_cache(maxsize=64)
def read(secret: str, default: str) -> Proof:
    """The proof that a secret writes. Raises Rejected for a part that is not known."""
    written = _WRITTEN.fullmatch(secret) or _WRITTEN.fullmatch(f"{default}#{secret}")
    if written is None:
        raise Rejected("the secret's form is not known; see docs/connectors/hmac.md")
    kind, parts, key = written.groups()
    said = dict(parse_qsl(parts or "", keep_blank_values=True))
    unknown = said.keys() - _PARTS[kind]
    if unknown:
        raise Rejected(
            f"the secret's form {kind}?…#KEY has no part {min(unknown)[:20]!r}; write some of "
            f"{', '.join(sorted(_PARTS[kind])) or 'none'}"
        )
    if "name" in _PARTS[kind] and not said.get("name"):
        raise Rejected(f"the secret's form {kind} needs a name: {kind}?name=X-Api-Key#KEY")
    if (
        said.get("algorithm", "sha256") not in _ALGORITHMS
        or said.get("encoding", "hex") not in ("hex", "base64")
        or said.get("key", "text") not in ("text", "base64")
        or not said.get("window", "300").isdecimal()
    ):
        raise Rejected(
            "the secret's form hmac takes algorithm sha1, sha256 or sha512, encoding hex or "
            "base64, key text or base64, and window in whole seconds"
        )
    return Proof(kind, key, said)


def sign(request: Request, secret: str, now: datetime, default: str) -> Request:
    """The request as the tool would send it. Raises Rejected for an empty secret."""
    if not secret:
        raise Rejected("an empty secret cannot sign")
    proof = read(secret, default)
    if proof.kind == "hmac":
        if proof.time_header:
            request = request.with_headers(**{proof.time_header: str(int(now.timestamp()))})
        return request.with_headers(**{proof.header: _mac(request, proof)})
    if proof.kind == "query":
        return replace(request, url=_with_parameter(request.url, proof.said["name"], proof.key))
    shown = {"bearer": f"Bearer {proof.key}", "basic": signatures.sign_basic(proof.key)}
    return request.with_headers(**{proof.header: shown.get(proof.kind, proof.key)})


def scrub(request: Request, *kept: str) -> Request:
    """Without query and without headers but the content type and `kept` (prefixes).

    Which header or parameter holds the key is written in the secret alone, so all go.
    """
    names = ("content-type", *kept)
    headers = {k: v for k, v in request.headers.items() if k.startswith(names)}
    return replace(request, url=request.url.partition("?")[0], headers=headers)


def _check(request: Request, proof: Proof, now: datetime) -> None:
    given = request.headers.get(proof.header)
    if proof.kind == "hmac":
        _check_hmac(request, proof, now)
    elif proof.kind == "basic":
        signatures.check_basic(given, [proof.key])
    elif proof.kind == "header":
        _same(given, proof.key, f"the {_named(proof.header)} header")
    elif proof.kind == "bearer":
        scheme, _, token = (given or "").strip().partition(" ")
        if given and scheme.lower() != "bearer":
            raise Rejected("the Authorization header is not a bearer token")
        _same(token.strip(), proof.key, "the Authorization header")
    else:
        name = proof.said["name"]
        _same(_parameter(request.url, name), proof.key, f"the URL's parameter {_named(name)}")


def _same(given: str | None, key: str, where: str) -> None:
    if not given:
        raise Rejected(f"{where} is missing")
    if len(given) > _LONGEST:
        raise Rejected(f"{where} is longer than {_LONGEST} characters")
    if not hmac.compare_digest(_bytes(given), _bytes(key)):
        raise Rejected(f"{where} does not hold the secret")


def _parameter(url: str, name: str) -> str | None:
    try:
        return dict(parse_qsl(urlsplit(url).query)).get(name)
    except ValueError as error:
        raise Rejected("the URL cannot be read") from error


def _with_parameter(url: str, name: str, value: str) -> str:
    path, _, query = url.partition("?")
    others = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != name]
    return f"{path}?{urlencode([*others, (name, value)])}"


def _check_hmac(request: Request, proof: Proof, now: datetime) -> None:
    given = request.headers.get(proof.header, "").strip()
    if not given:
        raise Rejected(f"the signature header {_named(proof.header)} is missing")
    if len(given) > _LONGEST:
        raise Rejected(f"the signature header is longer than {_LONGEST} characters")
    expected = _mac(request, proof)
    if proof.said.get("encoding", "hex") == "hex":
        given, expected = given.lower(), expected.lower()
    if not hmac.compare_digest(_bytes(given), _bytes(expected)):
        raise Rejected("the signature does not fit the body under any secret")
    if proof.time_header:
        sent = _moment(request.headers.get(proof.time_header, "").strip())
        window_s = int(proof.said.get("window", signatures.WINDOW_S))
        signatures.check_age(sent, now, window_s, window_s)


def _mac(request: Request, proof: Proof) -> str:
    """The signature as its header writes it. Raises Rejected when a signed header is missing."""
    algorithm = proof.said.get("algorithm", "sha256")
    key = _bytes(proof.key)
    if proof.said.get("key") == "base64":
        try:
            key = base64.b64decode(proof.key, validate=True)
        except ValueError as error:
            raise Rejected("the secret's key is not base64, as its form says it is") from error
    mac = hmac.digest(key, _signed(request, proof), algorithm)
    text = mac.hex() if proof.said.get("encoding", "hex") == "hex" else _base64(mac)
    prefix = "" if "header" in proof.said else f"{algorithm}="
    return proof.said.get("prefix", prefix) + text


def _signed(request: Request, proof: Proof) -> bytes:
    """The template with its places filled in."""
    content, at = b"", 0
    for place in _PLACE.finditer(proof.signed):
        content += _bytes(proof.signed[at : place.start()])
        at = place.end()
        name = proof.time_header if place[1] == "time" and proof.time_header else place[1].lower()
        if name == "body":
            content += request.body
        elif name in request.headers:
            content += _bytes(request.headers[name])
        else:
            raise Rejected(f"the header {_named(name)}, which is signed too, is missing")
    return content + _bytes(proof.signed[at:])


def _moment(sent: str) -> float:
    """Unix seconds of a time as senders write it."""
    try:
        if re.fullmatch(r"\d{1,14}(\.\d{1,9})?", sent, re.ASCII):
            seconds = float(sent)
            return seconds / 1000 if seconds > _LATEST_SECONDS else seconds
        moment = datetime.fromisoformat(sent)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise Rejected("the signed time is neither Unix time nor RFC 3339") from error


def _named(name: str) -> str:
    return "-".join(part.capitalize() for part in name[:60].split("-"))


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode("ascii")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")

"""What a connector is: how one vendor signs, what it sends, and what its status codes mean."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from chalicelib.interaction import Channel, Event

if TYPE_CHECKING:  # which needs Source from here
    from chalicelib.connectors.vendor_api import Backfill, Fetch, Recordings, Registration


@dataclass(frozen=True)
class Request:
    """One HTTP request as the vendor sent it.

    `url` is the public URL, scheme to query, as configured at the vendor (some sign it).
    `headers` have lower-case names; `body` is the raw bytes that were signed.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """The media type alone, lower case: 'application/json'."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def with_headers(self, **headers: str) -> Self:
        """The same request with headers added; '_' in a name stands for '-'."""
        added = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **added})


@dataclass(frozen=True)
class Reply:
    """An HTTP answer: a handshake's challenge, or an outcome's status."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """One wired tool of organisation.yaml, as a connector sees it.

    `options` are the connector's own settings (a mapping, a form's question ids, ...).
    """

    name: str
    connector: str
    touchpoint: str | None = None
    channel: Channel | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    recordings: bool = False  # the hub listens to this source's recordings itself


class Outcome(StrEnum):
    """What became of a delivery."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    SKIPPED = "skipped"
    UNREADABLE = "unreadable"
    RETRYABLE = "retryable"
    MISCONFIGURED = "misconfigured"


DEFAULT_STATUS: Mapping[Outcome, int] = MappingProxyType(
    {
        Outcome.ACCEPTED: 200,
        Outcome.DUPLICATE: 200,
        Outcome.REJECTED: 401,
        Outcome.SKIPPED: 204,
        Outcome.UNREADABLE: 202,
        Outcome.RETRYABLE: 503,
        Outcome.MISCONFIGURED: 500,
    }
)

Verify = Callable[[Request, Sequence[str], datetime], None]
ToEvents = Callable[[Request, Source, datetime], Sequence[Event]]
Handshake = Callable[[Request], Reply | None]
Challenge = Callable[[Request, Sequence[str]], Reply | None]
Sign = Callable[[Request, str, datetime], Request]
Check = Callable[[Source], None]
Scrub = Callable[[Request], Request]
KeyUrl = Callable[[Request], str | None]


class Proof(StrEnum):
    """How a delivery proves where it comes from; the strongest that the vendor offers."""

    SIGNATURE = "signature"  # of the body: nobody can change or invent a delivery
    TOKEN = "token"  # noqa: S105 - a shared secret sent along: whoever sees it can invent one
    IMPORT = "import"  # nothing is received: a person imports a file


def no_handshake(_request: Request) -> Reply | None:
    return None


def no_challenge(_request: Request, _secrets: Sequence[str]) -> Reply | None:
    return None


def no_check(_source: Source) -> None:
    return None


def nothing_to_scrub(request: Request) -> Request:
    return request


def random_secret() -> str:
    """192 bits as hex, which every vendor takes that lets the company choose."""
    return secrets.token_hex(24)


def no_key_url(_request: Request) -> str | None:
    return None


@dataclass(frozen=True)
class Connector:
    """One vendor.

    verify(request, secrets, now): returns when any secret fits, else raises Rejected. Never
        raises anything else, whatever the bytes.
    events(request, source, received_at): the events in the body, at least one. Raises Skipped
        or Unreadable, and Misconfigured where `check` would, nothing else. `received_at` dates
        what the vendor did not date.
    handshake(request): the answer to a vendor's set-up request, or None. Called after verify,
        except for methods in `open_methods` (a vendor that probes the URL with HEAD).
    challenge(request, secrets): as handshake, where the answer itself proves that we know the
        secret.
    sign(request, secret, now): the request as the vendor would send it. For samples and tests.
    status: answers that differ from DEFAULT_STATUS, because of how the vendor reads them.
    retry_after_s: sent as Retry-After with RETRYABLE, where the vendor heeds it.
    check(source): raises Misconfigured when the source's options cannot work; for the command
        that validates organisation.yaml and for start-up.
    proof: how strong verify is; `signs_time` where the vendor signs a time that verify checks.
    new_secret(): a secret of this vendor's form, for samples, tests and the local hub. Where the
        vendor signs with a key pair it is a private key; verify takes its public half from it.
    retries: the vendor's retry rule in a few plain words, for people; empty when not known.
    scrub(request): without the secrets that the vendor puts into URL or body, before the request
        is archived. `events` must read the scrubbed request the same.
    key_url(request): where the vendor publishes the key that this delivery is signed with, or
        None. What is found there is given to verify as the last secret. Raises Rejected for an
        address that is not the vendor's own.
    fetch, backfill, registration, recordings: what the vendor's API offers beyond webhooks; see
        `vendor_api.py`.
    """

    name: str
    title: str
    channel: Channel
    verify: Verify
    events: ToEvents
    sign: Sign
    handshake: Handshake = no_handshake
    challenge: Challenge = no_challenge
    status: Mapping[Outcome, int] = field(default_factory=dict)
    open_methods: frozenset[str] = frozenset({"HEAD"})
    secret_hint: str = ""  # where the integrator finds the secret at the vendor
    retry_after_s: int | None = None
    check: Check = no_check
    proof: Proof = Proof.SIGNATURE
    signs_time: bool = False
    new_secret: Callable[[], str] = random_secret
    retries: str = ""
    scrub: Scrub = nothing_to_scrub
    key_url: KeyUrl = no_key_url
    fetch: Fetch | None = None
    backfill: Backfill | None = None
    registration: Registration | None = None
    recordings: Recordings | None = None

    def status_for(self, outcome: Outcome) -> int:
        return self.status.get(outcome, DEFAULT_STATUS[outcome])

    def reply_for(self, outcome: Outcome) -> Reply:
        """The status with its headers; the body stays empty, for some vendors read it aloud."""
        wait = outcome is Outcome.RETRYABLE and self.retry_after_s
        return Reply(self.status_for(outcome), headers={"Retry-After": str(wait)} if wait else {})


#: Years a vendor's clock may plausibly name; outside them a date is unreadable, not data.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)

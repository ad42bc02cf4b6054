"""What a connector is: how one vendor signs, what it sends, and what its status codes mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self

from chalicelib.interaction import Channel, Event


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
Sign = Callable[[Request, str, datetime], Request]
Check = Callable[[Source], None]


def no_handshake(_request: Request) -> Reply | None:
    return None


def no_check(_source: Source) -> None:
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
    sign(request, secret, now): the request as the vendor would send it. For samples and tests.
    status: answers that differ from DEFAULT_STATUS, because of how the vendor reads them.
    retry_after_s: sent as Retry-After with RETRYABLE, where the vendor heeds it.
    check(source): raises Misconfigured when the source's options cannot work; for the command
        that validates organisation.yaml and for start-up.
    """

    name: str
    title: str
    channel: Channel
    verify: Verify
    events: ToEvents
    sign: Sign
    handshake: Handshake = no_handshake
    status: Mapping[Outcome, int] = field(default_factory=dict)
    open_methods: frozenset[str] = frozenset({"HEAD"})
    secret_hint: str = ""  # where the integrator finds the secret at the vendor
    retry_after_s: int | None = None
    check: Check = no_check

    def status_for(self, outcome: Outcome) -> int:
        return self.status.get(outcome, DEFAULT_STATUS[outcome])

    def reply_for(self, outcome: Outcome) -> Reply:
        """The status with its headers; the body stays empty, for some vendors read it aloud."""
        wait = outcome is Outcome.RETRYABLE and self.retry_after_s
        return Reply(self.status_for(outcome), headers={"Retry-After": str(wait)} if wait else {})


#: Years a vendor's clock may plausibly name; outside them a date is unreadable, not data.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)

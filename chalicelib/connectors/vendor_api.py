"""What a connector asks of its vendor's API: as plain data, so that nothing here does I/O.

A dialogue is a generator: it yields a Call, is sent the Answer, and returns its result. Whoever
drives it (`pipeline/fetch.py`, the command line, a test with recorded answers) does the I/O, keeps
the vendor's rate limit and repeats what a 429 or 5xx put off; a dialogue sees neither.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from chalicelib.connectors.base import Source
from chalicelib.connectors.parts.reading import Json, json_value
from chalicelib.errors import Misconfigured, Retryable, Skipped, Unreadable
from chalicelib.interaction import Event

T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """One request to a vendor's API, or, with the url `s3://bucket/key`, an object to read.

    `headers` hold the credentials: never log a call, only its method and `place`.
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def place(self) -> str:
        """Where it goes, without query and fragment, which may hold a token or an address."""
        return self.url.partition("?")[0].partition("#")[0]


@dataclass(frozen=True)
class Answer:
    """What came back. `headers` have lower-case names."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Dialogue = Generator[Call, Answer, T]
#: The source's secret holds them beside the signing secrets: {"secrets": […], "api": {…}}.
Credentials = Mapping[str, str]


@dataclass(frozen=True)
class Fetch:
    """How to complete an event whose delivery only named what happened (`Event.fetch`).

    dialogue(event, source, credentials): the events that the vendor's answer adds, in the same
        interaction. Raises Skipped where there is nothing (more) to fetch, Unreadable, and
        Misconfigured where the credentials do not do; nothing else. The same event gives the
        same identities whenever it is fetched.
    """

    dialogue: Callable[[Event, Source, Credentials], Dialogue[Sequence[Event]]]
    credentials: tuple[str, ...]  # the names that `credentials` must have
    calls_per_minute: int  # the vendor's limit, or what is polite


@dataclass(frozen=True)
class Sound:
    """Where a recording lies, and which of its channels (from 0) is the customer's.

    None where the vendor mixes them or does not say: then nobody's words are counted as a
    customer's.
    """

    call: Call
    customer: int | None = None


@dataclass(frozen=True)
class Recordings:
    """How to hear a call that the vendor recorded (`Event.recording`).

    A connector tells of a recording only where `Source.recordings` is set, and then leaves the
    vendor's own transcript alone: a call is written down once.

    find(event, source, credentials): where the sound lies. Raises as `Fetch.dialogue`; Retryable
        where the vendor is not ready yet.
    hosts: the sound is read from these alone, wherever an answer or a redirect leads; ".example"
        stands for every host below it. An object on S3 needs no host.
    """

    find: Callable[[Event, Source, Credentials], Dialogue[Sound]]
    credentials: tuple[str, ...]
    calls_per_minute: int
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """Part of a backfill. `cursor` opens the next page; None after the last."""

    events: Sequence[Event]
    cursor: str | None = None


@dataclass(frozen=True)
class Backfill:
    """The vendor's list API, with the identities that a push would have given.

    page(source, credentials, since, until, cursor): the events of [since, until) by pages; the
        first has cursor None. A cursor is plain text that stays valid for a day, so that an
        interrupted backfill goes on where it was. Where the vendor numbers notifications and not
        messages, `message_id` is what must be the same as the push's: the fold joins them.
    """

    page: Callable[[Source, Credentials, datetime, datetime, str | None], Dialogue[Page]]
    credentials: tuple[str, ...]
    calls_per_minute: int


@dataclass(frozen=True)
class Registration:
    """The vendor's API that creates the webhook.

    register(url, source, credentials, secret): creates it, or finds it there, for the events
        that `events` reads; returns the signing secret to store: the vendor's own, or `secret`
        (fresh and random) where the vendor takes ours.
    """

    register: Callable[[str, Source, Credentials, str], Dialogue[str]]
    credentials: tuple[str, ...]


def json_of(answer: Answer, what: str) -> Json:
    """The JSON object of a successful answer. `what` is told in errors: "the survey response".

    Raises Misconfigured for 401 and 403, Skipped for 404 and 410 (deleted since), Retryable for
    408, 429 and 5xx (a driver repeats those first), Unreadable for anything else.
    """
    body = json_value(checked(answer, what).body)
    if not isinstance(body, dict):
        raise Unreadable(f"{what}: the vendor's answer is not a JSON object")
    return body


def checked(answer: Answer, what: str) -> Answer:
    """The answer when it is a success. Raises as `json_of`."""
    status = answer.status
    if 200 <= status < 300:
        return answer
    if status in (401, 403):
        raise Misconfigured(f"{what}: the vendor refuses our API credentials ({status})")
    if status in (404, 410):
        raise Skipped(f"{what}: not there (any more) at the vendor ({status})")
    if status in (408, 429) or status >= 500:
        raise Retryable(f"{what}: the vendor's API answered {status}")
    raise Unreadable(f"{what}: the vendor's API answered {status}")


def page_number(cursor: str | None, first: int = 1) -> int:
    """The number that a cursor is; `first` where there is none. Raises Misconfigured for another.

    Ten digits at most: a page, or a Unix time until the year 2286.
    """
    if cursor is None:
        return first
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 10):
        raise Misconfigured("the backfill's cursor is not one of this vendor's; start it anew")
    return int(cursor)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}", "accept": "application/json"}


def basic(user: str, password: str) -> dict[str, str]:
    """RFC 7617."""
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"authorization": f"Basic {pair}", "accept": "application/json"}


def json_call(url: str, method: str, headers: Mapping[str, str], body: object) -> Call:
    """A call with a JSON body."""
    content = {"content-type": "application/json"}
    return Call(url, method, {**headers, **content}, json.dumps(body).encode())


def run(dialogue: Dialogue[T], send: Callable[[Call], Answer]) -> T:
    """Drive a dialogue to its result with `send`, which does the I/O."""
    try:
        call = next(dialogue)
        while True:
            call = dialogue.send(send(call))
    except StopIteration as done:
        result: T = done.value
        return result

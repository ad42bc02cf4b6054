"""Standard Webhooks' own case list, asked of every connector's verifier.

Source: standard-webhooks/standard-webhooks `libraries/javascript/src/webhook.test.ts`, read
2026-11: the names of the cases are the list's. Which header is the id, the time and the signature
is found out, not told: a header is signed where changing it makes the verifier refuse, and it is
the signature where another secret gives another value. A case that a vendor's scheme has nothing
of (an id, a time) is not asked of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from chalicelib import signatures
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Connector, Proof, Request
from chalicelib.errors import Rejected
from tests.connectors.recordings import Recording, recordings

#: What the list calls the tolerance; both of its sides are asked.
TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True)
class Verifier:
    """One connector's verifier with a request that it accepts."""

    recording: Recording
    other: str  # a secret of the same form
    signatures: tuple[str, ...]  # the headers that hold the proof
    signed: tuple[str, ...]  # the other headers that it covers

    @property
    def connector(self) -> Connector:
        return self.recording.connector

    @property
    def request(self) -> Request:
        return self.recording.request

    @property
    def times(self) -> tuple[str, ...]:
        return tuple(name for name in self.signed if "time" in name)

    def accepts(self, request: Request, *secrets: str, late: timedelta = timedelta()) -> bool:
        try:
            self.connector.verify(request, secrets, self.recording.at + late)
        except Rejected:
            return False
        return True

    def refuses(self, request: Request) -> str:
        """The reason."""
        with pytest.raises(Rejected) as caught:
            self.connector.verify(request, [self.recording.secret], self.recording.at)
        return str(caught.value)

    def without(self, name: str) -> Request:
        headers = {k: v for k, v in self.request.headers.items() if k != name}
        return replace(self.request, headers=headers)

    def changed(self, name: str, value: str) -> Request:
        return replace(self.request, headers={**self.request.headers, name: value})


@cache
def verifiers() -> tuple[Verifier, ...]:
    """One for each connector that receives."""
    first: dict[str, Recording] = {}
    for recording in recordings():
        if recording.connector.proof is not Proof.IMPORT and "events" in recording.expected:
            first.setdefault(recording.connector.name, recording)
    return tuple(examined(recording) for recording in first.values())


def examined(recording: Recording) -> Verifier:
    connector, request = recording.connector, recording.request
    other = connector.new_secret()
    resigned = connector.sign(request, other, recording.at).headers
    proof = tuple(
        name
        for name in request.headers
        if name != "content-length" and request.headers[name] != resigned.get(name)
    )
    bare = Verifier(recording, other, proof, ())
    covered = tuple(
        name
        for name, value in request.headers.items()
        if name not in proof
        and name not in ("host", "content-type", "content-length")
        and not bare.accepts(bare.changed(name, value + "1"), recording.secret)
    )
    return replace(bare, signed=covered)


# --- the list -----------------------------------------------------------------------------------


def empty_key(given: Verifier) -> None:
    assert not given.accepts(given.request, "")
    assert not given.accepts(given.request)


def missing_id(given: Verifier) -> None:
    for name in set(given.signed) - set(given.times):
        assert "missing" in given.refuses(given.without(name))
        given.refuses(given.changed(name, ""))


def missing_timestamp(given: Verifier) -> None:
    for name in given.times:
        assert "missing" in given.refuses(given.without(name))
        given.refuses(given.changed(name, ""))


def invalid_timestamp(given: Verifier) -> None:
    for name in given.times:
        given.refuses(given.changed(name, "hello"))


def missing_signature(given: Verifier) -> None:
    for name in given.signatures:
        assert "missing" in given.refuses(given.without(name))
    if not given.signatures:  # it stands in the URL or in the body
        stripped = given.connector.scrub(given.request)
        bodiless = replace(given.request, body=b"", url=given.request.url.partition("?")[0])
        given.refuses(bodiless)
        assert stripped == given.request or given.refuses(stripped)


def invalid_signature(given: Verifier) -> None:
    """Of the right form and length, under another key."""
    for late in (timedelta(), timedelta(seconds=1)):
        at = given.recording.at + late
        given.refuses(given.connector.sign(given.request, given.other, at))


def partial_signature(given: Verifier) -> None:
    for name in given.signatures:
        value = given.request.headers[name]
        for length in (0, 1, 3, 8, len(value) // 2, len(value) - 1):
            given.refuses(given.changed(name, value[:length]))
            given.refuses(given.changed(name, value[length + 1 :]))


def valid_signature(given: Verifier) -> None:
    assert given.accepts(given.request, given.recording.secret)
    again = given.connector.sign(given.request, given.recording.secret, given.recording.at)
    assert given.accepts(again, given.recording.secret)


def old_timestamp(given: Verifier) -> None:
    assert given.accepts(given.request, given.recording.secret, late=TOLERANCE / 2)
    assert not given.accepts(given.request, given.recording.secret, late=timedelta(hours=1))


def new_timestamp(given: Verifier) -> None:
    assert not given.accepts(given.request, given.recording.secret, late=-timedelta(hours=1))


def multi_sig_payload(given: Verifier) -> None:
    """While a secret is changed both count, in any order, and a third does not."""
    own, third = given.recording.secret, given.connector.new_secret()
    assert given.accepts(given.request, given.other, own, third)
    assert given.accepts(given.request, own, given.other)
    assert not given.accepts(given.request, given.other, third)


def sign_function_works(given: Verifier) -> None:
    """Signing anew gives what was recorded: the header does not depend on anything untold."""
    secret, at = given.recording.secret, given.recording.at
    once, again = (given.connector.sign(given.request, secret, at).headers for _ in range(2))
    for name in given.signatures:
        # ECDSA and tokens with an id of their own differ every time, as they should.
        assert once[name] != again[name] or once[name] == given.request.headers[name]


Case = Callable[[Verifier], None]
OF_EVERY: tuple[Case, ...] = (
    empty_key,
    missing_signature,
    invalid_signature,
    valid_signature,
    multi_sig_payload,
)
OF_HEADERS: tuple[Case, ...] = (partial_signature, sign_function_works)
OF_TIMES: tuple[Case, ...] = (missing_timestamp, invalid_timestamp, old_timestamp, new_timestamp)


def asked() -> Iterator[tuple[Verifier, Case]]:
    for given in verifiers():
        for case in OF_EVERY:
            yield given, case
        for case in OF_HEADERS * bool(given.signatures):
            yield given, case
        for case in OF_TIMES * given.connector.signs_time:
            yield given, case
        if set(given.signed) - set(given.times):
            yield given, missing_id


@pytest.mark.parametrize(
    ("given", "case"),
    [pytest.param(g, c, id=f"{g.connector.name}-{c.__name__}") for g, c in asked()],
)
def test_case(given: Verifier, case: Case) -> None:
    case(given)


def test_every_verifier_is_asked() -> None:
    received = {name for name in CONNECTORS if CONNECTORS[name].proof is not Proof.IMPORT}
    assert {given.connector.name for given in verifiers()} == received


def test_headers_are_told_apart() -> None:
    """The standard's own three, so that no case passes by finding nothing to ask."""
    (standard,) = (given for given in verifiers() if given.connector.name == "standard")
    assert standard.signatures == ("webhook-signature",)
    assert set(standard.signed) == {"webhook-id", "webhook-timestamp"}
    assert standard.times == ("webhook-timestamp",)
    for given in verifiers():
        assert not given.connector.signs_time or given.times or not given.signatures


def test_published_vector() -> None:
    """ "sign function works" of the list, with its secret, id, time and payload."""
    signature, stamp = signatures.sign_standard(
        b'{"test": 2432232314}',
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert stamp == "1614265330"

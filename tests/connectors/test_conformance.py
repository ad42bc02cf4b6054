"""The promises that every connector keeps, on every recorded request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Outcome, Proof, Request
from chalicelib.errors import Rejected
from tests.connectors.recordings import Recording, dumped, load, outcome, parsed, recordings
from tests.connectors.validity import assert_valid

ALL = recordings()
IMPORTED = [r for r in ALL if r.connector.proof is Proof.IMPORT]
SIGNED = [r for r in ALL if r.connector.proof is not Proof.IMPORT]
BODY_SIGNED = [r for r in SIGNED if r.connector.proof is Proof.SIGNATURE]
TIME_SIGNED = [r for r in SIGNED if r.connector.signs_time]


@cache
def other_secret(connector: str) -> str:
    """A secret of the right form that is not the recordings'; new in every run."""
    return CONNECTORS[connector].new_secret()


def each(chosen: Sequence[Recording]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("recording", [pytest.param(r, id=r.name) for r in chosen])


def accepted(recording: Recording, *secrets: str, request: Request | None = None) -> None:
    recording.connector.verify(request or recording.request, secrets, recording.at)


def another(recording: Recording) -> str:
    return other_secret(recording.connector.name)


def refused(
    recording: Recording, *secrets: str, request: Request | None = None, what: str = "it"
) -> str:
    """The reason, which must hold no secret and no signature that would fit."""
    given = request or recording.request
    try:
        recording.connector.verify(given, secrets, recording.at)
    except Rejected as error:
        reason = str(error)
    else:
        pytest.fail(f"{what} was accepted")
    assert not any(secret and secret in reason for secret in secrets)
    proofs = (recording.request.headers[name] for name in proof_headers(recording))
    assert not any(len(proof) > 12 and proof in reason for proof in proofs)
    return reason


def proof_headers(recording: Recording) -> list[str]:
    """The headers that signing with another secret would change; the length is no proof."""
    return _proof_headers(recording.path)


@cache
def _proof_headers(path: Path) -> list[str]:
    recording = load(path)
    other = recording.connector.sign(recording.request, another(recording), recording.at)
    changed = [k for k, v in other.headers.items() if recording.request.headers[k] != v]
    return [name for name in changed if name != "content-length"]


def time_headers(recording: Recording) -> list[str]:
    """The headers that hold a signed time."""
    times = [name for name in recording.request.headers if "-time" in name]
    return times * recording.connector.signs_time


def with_header(request: Request, name: str, value: str | None) -> Request:
    headers = {k: v for k, v in request.headers.items() if k != name}
    return replace(request, headers=headers if value is None else {**headers, name: value})


def test_every_connector_is_recorded() -> None:
    assert {r.connector.name for r in ALL} == set(CONNECTORS)
    assert all(CONNECTORS[name].name == name for name in CONNECTORS)
    with pytest.raises(KeyError):
        CONNECTORS["importlib"]


@each(ALL)
def test_recording_is_byte_exact(recording: Recording) -> None:
    assert dumped(parsed(recording.path.read_bytes())) == recording.path.read_bytes()
    assert recording.request.headers["content-length"] == str(len(recording.request.body))


@each(ALL)
def test_outcome_is_the_expected_one(recording: Recording) -> None:
    assert outcome(recording) == recording.expected


@each([r for r in ALL if "events" in r.expected])
def test_events_are_valid_and_theirs(recording: Recording) -> None:
    events = recording.connector.events(recording.request, recording.source, recording.at)
    assert events
    for event in events:
        assert_valid(event)
        assert event.source == recording.source.name
    ids = [event.event_id for event in events]
    assert len(set(ids)) == len(ids)


@each([r for r in ALL if "events" in r.expected])
def test_the_same_delivery_has_the_same_identity(recording: Recording) -> None:
    later = recording.at + timedelta(hours=3)
    once, again = (
        recording.connector.events(recording.request, recording.source, at)
        for at in (recording.at, later)
    )
    assert [(e.event_id, e.interaction_key) for e in once] == [
        (e.event_id, e.interaction_key) for e in again
    ]


@each(SIGNED)
def test_good_signature(recording: Recording) -> None:
    accepted(recording, recording.secret)


@each(SIGNED)
def test_second_secret(recording: Recording) -> None:
    accepted(recording, another(recording), recording.secret)
    accepted(recording, recording.secret, another(recording))


@each(SIGNED)
def test_wrong_secret(recording: Recording) -> None:
    refused(recording, another(recording))
    refused(recording, recording.secret[:-1] + "0")
    refused(recording, recording.secret + "0000")


@each(SIGNED)
def test_no_secret_fails_closed(recording: Recording) -> None:
    assert "no secret" in refused(recording)
    refused(recording, "")
    try:
        forged = recording.connector.sign(recording.request, "", recording.at)
    except Rejected:
        return  # Standard Webhooks: an empty key cannot even sign
    assert forged != recording.request
    refused(recording, "", request=forged)
    refused(recording, "", recording.secret, request=forged)


@each(BODY_SIGNED)
def test_one_changed_byte(recording: Recording) -> None:
    body = recording.request.body
    for place in {0, len(body) // 2, len(body) - 1}:
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        refused(recording, recording.secret, request=replace(recording.request, body=changed))
    if proof_headers(recording):  # a signature inside a JSON body is of its fields, not of blanks
        refused(recording, recording.secret, request=replace(recording.request, body=body + b" "))
    refused(recording, recording.secret, request=replace(recording.request, body=b""))


def without_proof(recording: Recording) -> list[Request]:
    """The request without each header that proves it; without its token in URL or body.

    Where the body is itself the signed token, without the body.
    """
    names = proof_headers(recording)
    if not names:
        scrubbed = recording.connector.scrub(recording.request)
        bare = scrubbed if scrubbed != recording.request else replace(scrubbed, body=b"")
        return [bare]
    return [with_header(recording.request, name, None) for name in names]


@each(SIGNED)
def test_missing_proof(recording: Recording) -> None:
    for request in without_proof(recording):
        assert request != recording.request
        reason = refused(recording, recording.secret, request=request)
        assert "missing" in reason or "no v1" in reason


@each(SIGNED)
def test_a_missing_header_is_named(recording: Recording) -> None:
    """The integrator who reads the refusal learns which header a proxy took away."""
    for name in proof_headers(recording) + time_headers(recording):
        request = with_header(recording.request, name, None)
        assert name in refused(recording, recording.secret, request=request).lower()


@each([r for r in ALL if "events" in r.expected])
def test_what_is_archived_reads_the_same_and_holds_no_secret(recording: Recording) -> None:
    kept = recording.connector.scrub(recording.request)
    assert recording.connector.scrub(kept) == kept
    if recording.connector.proof is not Proof.IMPORT:
        assert recording.secret.encode() not in dumped(kept)
    once, again = (
        recording.connector.events(request, recording.source, recording.at)
        for request in (recording.request, kept)
    )
    assert once == again


#: What a stranger may write into a header: what it is -> the value.
MALFORMED = {
    "empty": "",
    "blank": " ",
    "one letter": "x",
    "prefix alone": "sha1=",
    "other prefix alone": "sha256=",
    "not hex": "sha1=zz",
    "not base64": "sha256=%%%",
    "version alone": "v1,",
    "no comma": "v1",
    "unknown versions": "v1a,AAAA v2,AAAA",
    "hundreds of signatures": " ".join(["v1,AAAA"] * 900),
    "basic without a pair": "Basic",
    "basic not base64": "Basic ????",
    "basic not UTF-8": "Basic /////w==",
    "bearer": "Bearer abc",
    "not ASCII": "ä" * 40,
    "half a surrogate pair": "\ud800",
    "NUL": "\x00",
    "very long": "A" * 100_000,
}


@each([r for name in CONNECTORS for r in SIGNED if r.connector.name == name][::9])
def test_malformed_header(recording: Recording) -> None:
    names = proof_headers(recording) + time_headers(recording)
    for what, value in MALFORMED.items():
        for name in names:
            request = with_header(recording.request, name, value)
            refused(recording, recording.secret, request=request, what=f"{name}: {what}")


@each(TIME_SIGNED)
def test_stale_time(recording: Recording) -> None:
    verify = recording.connector.verify
    for seconds in (-299, 0, 299):
        verify(recording.request, [recording.secret], recording.at + timedelta(seconds=seconds))
    for seconds in (-302, 302, 86_400):
        with pytest.raises(Rejected, match=r"old|in the future"):
            verify(recording.request, [recording.secret], recording.at + timedelta(seconds=seconds))


@each(IMPORTED)
def test_rows_are_never_received(recording: Recording) -> None:
    refused(recording, "none")
    refused(recording)


@pytest.mark.parametrize("name", CONNECTORS)
def test_every_answer_is_one_that_does_no_harm(name: str) -> None:
    connector = CONNECTORS[name]
    kept = (Outcome.ACCEPTED, Outcome.DUPLICATE, Outcome.SKIPPED, Outcome.UNREADABLE)
    assert all(200 <= connector.status_for(outcome) < 300 for outcome in kept)
    assert connector.status_for(Outcome.RETRYABLE) == 503
    # 503 where the vendor drops at once what any 4xx refuses, a key being changed or not.
    assert connector.status_for(Outcome.REJECTED) in (401, 403, 503)
    assert connector.status_for(Outcome.MISCONFIGURED) in (500, 503)
    assert not {404, 406, 410, 429} & {connector.status_for(outcome) for outcome in Outcome}
    assert connector.reply_for(Outcome.ACCEPTED).body == ""
    assert connector.secret_hint


@pytest.mark.parametrize(
    ("name", "outcome_", "status"),
    [
        pytest.param("postmark", Outcome.SKIPPED, 200, id="postmark sends again on 204"),
        pytest.param("postmark", Outcome.UNREADABLE, 200, id="postmark sends again on 202"),
        pytest.param("postmark", Outcome.REJECTED, 401, id="postmark gives up on 403"),
        pytest.param("mailgun", Outcome.SKIPPED, 200, id="mailgun sends again on 204"),
        pytest.param("sendgrid", Outcome.REJECTED, 503, id="sendgrid drops the mail on any 4xx"),
        pytest.param("ses", Outcome.REJECTED, 503, id="sns gives up on any 4xx"),
        pytest.param("twilio", Outcome.ACCEPTED, 204, id="twilio reads a body as TwiML"),
        pytest.param("twilio", Outcome.UNREADABLE, 204, id="twilio: 202 would need TwiML"),
        pytest.param("typeform", Outcome.RETRYABLE, 503, id="typeform tries 503 for 10 hours"),
        pytest.param("typeform", Outcome.MISCONFIGURED, 503, id="typeform tries 500 five times"),
    ],
)
def test_statuses_that_vendors_read_their_own_way(
    name: str, outcome_: Outcome, status: int
) -> None:
    assert CONNECTORS[name].status_for(outcome_) == status


def test_retry_after_is_sent_where_the_vendor_heeds_it() -> None:
    assert CONNECTORS["zendesk"].reply_for(Outcome.RETRYABLE).headers == {"Retry-After": "30"}
    assert CONNECTORS["zendesk"].reply_for(Outcome.ACCEPTED).headers == {}
    assert CONNECTORS["typeform"].reply_for(Outcome.RETRYABLE).headers == {}

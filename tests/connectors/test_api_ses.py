"""What SES's notifications only name: the mail on S3, and the subscription to confirm."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Source
from chalicelib.connectors.vendor_api import Answer, Call, run
from chalicelib.errors import Misconfigured, Retryable, Skipped, Unreadable
from chalicelib.fold import fold
from chalicelib.interaction import Event, Role
from tests.connectors.letters import LETTERS
from tests.connectors.recordings import FIXTURES, load
from tests.connectors.validity import assert_valid

SES = CONNECTORS["ses"]
SOURCE = Source("email", "ses", options={"own_domains": ["havuvakka.example"]})


def pushed(name: str, **action: Any) -> Event:
    one = load(FIXTURES / "ses" / f"{name}.http")
    envelope = json.loads(one.request.body)
    if action:
        message = json.loads(envelope["Message"])
        message["receipt"]["action"] |= action
        envelope["Message"] = json.dumps(message)
    body = json.dumps(envelope).encode()
    (event,) = SES.events(replace(one.request, body=body), one.source, one.at)
    return event


def fetched(event: Event, answer: Answer, source: Source = SOURCE) -> tuple[Sequence[Event], Call]:
    calls: list[Call] = []

    def send(call: Call) -> Answer:
        calls.append(call)
        return answer

    assert SES.fetch is not None
    assert SES.fetch.credentials == ()
    events = run(SES.fetch.dialogue(event, source, {}), send)
    (call,) = calls
    return events, call


def letter(name: str) -> Answer:
    return Answer(200, (LETTERS / f"{name}.eml").read_bytes())


def test_the_mail_comes_from_its_object() -> None:
    waiting = pushed("on_s3")
    assert (waiting.role, waiting.text, waiting.customer) == (Role.SYSTEM, "", None)
    events, call = fetched(waiting, letter("gmail_fi_reply"))
    assert (call.method, call.url) == ("GET", "s3://havuvakka-mail/in/o3vrnil0e2ic28tr0004")
    (event,) = events
    assert_valid(event)
    assert event.text == "Kuva lähti äsken. Kauanko korjaus kestää?"
    assert event.customer == "email:maija.merilainen@posti.example"
    assert event.interaction_id == waiting.interaction_id
    assert event.event_id == "o3vrnil0e2ic28tr0004:mail"
    again, _ = fetched(waiting, letter("gmail_fi_reply"))
    assert again == events
    together = fold([waiting, event], {})
    assert [message.text for message in together.messages] == [event.text]


def test_a_thread_of_pushed_and_fetched_mail_is_one_conversation() -> None:
    first = pushed("inline")
    (reply,), _ = fetched(pushed("on_s3"), letter("gmail_fi_reply"))
    (answer,), _ = fetched(pushed("agent_on_s3"), letter("agent_reply"))
    together = fold([reply, answer, first], {})
    assert [message.role for message in together.messages] == [
        Role.CUSTOMER,
        Role.AGENT,
        Role.CUSTOMER,
    ]


def test_cut_headers_keep_the_conversation_that_was_stored() -> None:
    waiting = pushed("on_s3_truncated")
    (event,), _ = fetched(waiting, letter("iphone_fi_reply"))
    assert event.interaction_id == waiting.interaction_id


@pytest.mark.parametrize("key", ["in/ä ö?x#y%2F", "in//a", "x" * 1024])
def test_odd_keys_arrive_as_they_are(key: str) -> None:
    _, call = fetched(pushed("on_s3", objectKey=key), letter("gmail_fi_reply"))
    assert call.url == f"s3://havuvakka-mail/{key}"


@pytest.mark.parametrize("bucket", ["", "UPPER", "a/b", "../x", "x"])
def test_no_bucket_that_is_none(bucket: str) -> None:
    with pytest.raises(Unreadable):
        pushed("on_s3", bucketName=bucket)


def test_only_the_bucket_of_the_options() -> None:
    assert pushed("on_s3_truncated").fetch.startswith("s3:havuvakka-mail/")
    with pytest.raises(Misconfigured, match=r"options\.bucket"):
        pushed("on_s3_truncated", bucketName="another-bucket")
    narrow = replace(SOURCE, options={"bucket": "another-bucket"})
    with pytest.raises(Misconfigured, match=r"options\.bucket"):
        fetched(pushed("on_s3"), letter("gmail_fi_reply"), narrow)
    with pytest.raises(Misconfigured, match=r"options\.bucket"):
        SES.check(replace(SOURCE, options={"bucket": 5}))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(404), Skipped),
        (Answer(403), Misconfigured),
        (Answer(503), Retryable),
        (letter("away_fi"), Skipped),
        (letter("pgp_encrypted"), Skipped),
        (letter("tnef_alone"), Unreadable),
        (Answer(200, b"\x00\xff" * 50), Unreadable),
    ],
)
def test_what_may_lie_on_s3_instead(answer: Answer, error: type[Exception]) -> None:
    with pytest.raises(error):
        fetched(pushed("on_s3"), answer)


def test_a_subscription_is_confirmed_at_sns_itself() -> None:
    event = pushed("subscription")
    calls: list[Call] = []

    def send(call: Call) -> Answer:
        calls.append(call)
        return Answer(200, b"<ConfirmSubscriptionResponse/>")

    assert SES.fetch is not None
    with pytest.raises(Skipped, match="confirmed"):
        run(SES.fetch.dialogue(event, SOURCE, {}), send)
    (call,) = calls
    assert call.place == "https://sns.eu-north-1.amazonaws.com/"
    assert "Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-north-1:111122223333" in call.url


@pytest.mark.parametrize(
    "changes",
    [
        {"TopicArn": "arn:aws:sns:evil.example/:111122223333:inbound"},
        {"TopicArn": "x"},
        {"Token": "a b"},
        {"Token": "a&Action=Unsubscribe"},
        {"Token": None},
    ],
)
def test_nothing_else_is_called_in_its_name(changes: dict[str, Any]) -> None:
    one = load(FIXTURES / "ses" / "subscription.http")
    body = json.dumps({**json.loads(one.request.body), **changes}).encode()
    with pytest.raises(Unreadable):
        SES.events(replace(one.request, body=body), one.source, one.at)

"""Amazon Connect: the Contact Lens file that S3 named, and what is refused."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib import asymmetric
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Request, Source
from chalicelib.connectors.parts import sns, turns
from chalicelib.connectors.vendor_api import Answer
from chalicelib.errors import Misconfigured, Rejected, Retryable, Skipped, Unreadable
from chalicelib.interaction import Event, EventKind, Role
from tests.connectors.played import played, told
from tests.connectors.recordings import FIXTURES, load
from tests.connectors.validity import assert_valid

CONNECT = CONNECTORS["connect"]
ANALYSIS: dict[str, Any] = {
    "Version": "1.1.0",
    "Channel": "VOICE",
    "LanguageCode": "fi-FI",
    "JobStatus": "COMPLETED",
    "ContentMetadata": {"Output": "Redacted"},
    "CustomerMetadata": {"ContactId": "6f1d2a40-0000-4000-8000-00000000c001"},
    "Participants": [
        {"ParticipantId": "p-a", "ParticipantRole": "AGENT"},
        {"ParticipantId": "p-c", "ParticipantRole": "CUSTOMER"},
    ],
    "Categories": {"MatchedCategories": ["Peruutus"], "MatchedDetails": {}},
    "ConversationCharacteristics": {
        "TotalConversationDurationMillis": 480_000,
        "Sentiment": {"OverallSentiment": {"AGENT": 0.4, "CUSTOMER": -2.3}},
    },
    "Transcript": [
        {
            "Id": "t1",
            "ParticipantId": "p-a",
            "BeginOffsetMillis": 900,
            "Content": "Havuvakka, Kaisa puhelimessa.",
        },
        {
            "Id": "t2",
            "ParticipantId": "p-c",
            "BeginOffsetMillis": 3200,
            "Content": "No moi, tilasin lipaston kuukausi sitten.",
            "Sentiment": "NEGATIVE",
        },
        {
            "Id": "t3",
            "ParticipantId": "p-c",
            "BeginOffsetMillis": 6100,
            "Content": "Se ei ole vieläkään tullut ja haluan perua koko tilauksen.",
            "Sentiment": "NEGATIVE",
        },
    ],
}


def fetched(name: str, answer: Answer) -> list[Event]:
    one = load(FIXTURES / "connect" / f"{name}.http")
    (named,) = CONNECT.events(one.request, one.source, one.at)
    assert CONNECT.fetch is not None
    dialogue = CONNECT.fetch.dialogue(named, one.source, {})
    result, _ = played(dialogue, (f"GET {named.fetch}", answer))
    for event in result:
        assert_valid(event)
        assert event.interaction_key == named.interaction_key
    return list(result)


def test_turns_of_a_call_by_participant() -> None:
    agent, customer, status = fetched("voice_analysis", told(ANALYSIS))
    assert (agent.role, customer.role) == (Role.AGENT, Role.CUSTOMER)
    assert customer.text.endswith(
        "kuukausi sitten. Se ei ole vieläkään tullut ja haluan perua koko tilauksen."
    )
    # The name of the file tells when the conversation began: 9.05.30.
    assert customer.occurred_at == datetime(2026, 11, 2, 9, 5, 33, 200_000, tzinfo=UTC)
    assert customer.language == "fi"
    assert (status.kind, status.tags) == (EventKind.STATUS, ("Peruutus",))
    assert not any(event.ratings for event in (agent, customer, status))  # sentiment is no rating


def test_the_original_and_the_redacted_file_hold_the_same_messages() -> None:
    other = copy.deepcopy(ANALYSIS)
    for said in other["Transcript"]:
        said["Id"] += "-original"
    ids = [
        [event.message_id for event in fetched("voice_analysis", told(one))]
        for one in (ANALYSIS, other)
    ]
    assert ids[0] == ids[1]


def test_a_file_that_names_roles_as_participants() -> None:
    old = copy.deepcopy(ANALYSIS)
    del old["Participants"]
    for said, who in zip(old["Transcript"], ("AGENT", "CUSTOMER", "CUSTOMER"), strict=True):
        said["ParticipantId"] = who
    agent, customer, _ = fetched("voice_analysis", told(old))
    assert (agent.role, customer.role) == (Role.AGENT, Role.CUSTOMER)


def test_a_chat_is_dated_by_its_messages_and_its_events_say_nothing() -> None:
    chat = {
        "Channel": "CHAT",
        "LanguageCode": "fi-FI",
        "Participants": ANALYSIS["Participants"],
        "Transcript": [
            {
                "Id": "m0",
                "ParticipantId": "p-c",
                "AbsoluteTime": "2026-11-02T09:04:00.000Z",
                "ContentType": "application/vnd.amazonaws.connect.event.participant.joined",
                "Content": "",
            },
            {
                "Id": "m1",
                "ParticipantId": "p-c",
                "AbsoluteTime": "2026-11-02T09:04:10.500Z",
                "ContentType": "text/plain",
                "Content": "Onko tuo tuoli heti saatavilla?",
            },
        ],
    }
    (message,) = fetched("chat_analysis_by_sns", told(chat))
    assert message.message_id.endswith(":said:m1")
    assert message.occurred_at == datetime(2026, 11, 2, 9, 4, 10, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(Answer(404), Skipped, id="deleted since"),
        pytest.param(Answer(403), Misconfigured, id="the role may not read the bucket"),
        pytest.param(Answer(503), Retryable, id="S3 is slow"),
        pytest.param(Answer(200, b"RIFF"), Unreadable, id="no JSON"),
        pytest.param(told([]), Unreadable, id="a list"),
        pytest.param(told({"Transcript": []}), Skipped, id="nobody spoke"),
        pytest.param(told({"Transcript": [{"Content": 5}]}), Unreadable, id="another shape"),
        pytest.param(
            told({"Transcript": [{"Content": "a", "BeginOffsetMillis": -1}]}), Unreadable, id="time"
        ),
    ],
)
def test_what_is_not_an_analysis(answer: Answer, error: type[Exception]) -> None:
    with pytest.raises(error):
        fetched("voice_analysis", answer)


def test_hours_of_talk_are_cut_and_say_so() -> None:
    long = copy.deepcopy(ANALYSIS)
    long["Transcript"] = [
        {"ParticipantId": f"p-{'ac'[n % 2]}", "BeginOffsetMillis": n * 1000, "Content": f"rivi {n}"}
        for n in range(turns.MOST_TURNS + 5)
    ]
    *spoken, _ = fetched("voice_analysis", told(long))
    assert len(spoken) == turns.MOST_TURNS
    assert spoken[-1].tags == ("text-cut",)


def test_token_in_the_subscribed_url_is_not_archived() -> None:
    one = load(FIXTURES / "connect" / "chat_analysis_by_sns.http")
    clean = CONNECT.scrub(one.request)
    assert one.secret in one.request.url
    assert one.secret not in clean.url
    assert CONNECT.events(clean, one.source, one.at) == CONNECT.events(
        one.request, one.source, one.at
    )
    with pytest.raises(Rejected, match="missing"):
        CONNECT.verify(clean, [one.secret], one.at)


def test_a_header_is_never_outdone_by_the_url() -> None:
    request = Request(
        "POST",
        "https://hub.example/webhooks/phone?token=oikea",
        {"x-webhook-token": "väärä"},
        b"{}",
    )
    now = datetime(2026, 11, 2, tzinfo=UTC)
    with pytest.raises(Rejected):
        CONNECT.verify(request, ["oikea"], now)
    CONNECT.verify(replace(request, headers={}), ["oikea"], now)


@pytest.mark.parametrize("options", [{"buckets": "havuvakka"}, {"buckets": [1]}, {"bucket": []}])
def test_options(options: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured, match=r"sources\.phone\.options"):
        CONNECT.check(Source("phone", "connect", options=options))


# --- SNS ----------------------------------------------------------------------------------------

TOPIC = "arn:aws:sns:eu-west-2:123456789012:contact-lens"
BARE = {"content-type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": "Notification"}


def signed_by_sns(secret: str, **envelope: str) -> Request:
    told_ = {
        "Type": "Notification",
        "MessageId": "22b80b92-0000-4000-8000-000000000009",
        "TopicArn": TOPIC,
        "Timestamp": "2026-11-02T09:24:01.000Z",
        "SignatureVersion": "2",
        **envelope,
    }
    body = json.dumps(told_).encode()
    return sns.sign(Request("POST", "https://hub.example/webhooks/phone", BARE, body), secret)


@pytest.fixture(scope="module")
def key() -> str:
    """A key that stands for SNS's: the certificate is fetched and given as the last secret."""
    return asymmetric.new_rsa_key()


def test_a_message_that_sns_signed_for_our_topic(key: str) -> None:
    request = signed_by_sns(f"{TOPIC}\n{key}", Message="{}")
    now = datetime(2026, 11, 2, tzinfo=UTC)
    CONNECT.verify(request, ["tunnus", TOPIC, key], now)
    for secrets in (["tunnus", key], [TOPIC + "-2", key], [TOPIC]):
        with pytest.raises(Rejected):
            CONNECT.verify(request, secrets, now)
    changed = replace(request, body=request.body.replace(b"{}", b"[]"))
    with pytest.raises(Rejected):
        CONNECT.verify(changed, [TOPIC, key], now)


def test_a_topics_name_is_not_a_token(key: str) -> None:
    now = datetime(2026, 11, 2, tzinfo=UTC)
    for header in (TOPIC, key.replace("\n", " ")):
        request = Request("POST", "https://hub.example", {"x-webhook-token": header}, b"{}")
        with pytest.raises(Rejected, match="no secret"):
            CONNECT.verify(request, [TOPIC, key, header], now)


def test_the_certificates_address() -> None:
    url = "https://sns.eu-west-2.amazonaws.com/SimpleNotificationService-0123456789abcdef0123.pem"
    body = json.dumps({"SigningCertURL": url}).encode()
    request = Request("POST", "https://hub.example/webhooks/phone", BARE, body)
    assert CONNECT.key_url(request) == url
    assert CONNECT.key_url(replace(request, headers={})) is None  # EventBridge signs nothing
    assert CONNECT.key_url(replace(request, url=request.url + "?token=tunnus")) is None
    with pytest.raises(Rejected):
        CONNECT.key_url(replace(request, body=body.replace(b"sns.", b"evil.")))


def test_a_subscription_is_confirmed_where_sns_is() -> None:
    one = load(FIXTURES / "connect" / "sns_confirmation.http")
    (asked,) = CONNECT.events(one.request, one.source, one.at)
    assert CONNECT.fetch is not None
    url = "https://sns.eu-west-2.amazonaws.com/?Action=ConfirmSubscription"
    url += f"&TopicArn={TOPIC}&Token={'2336' * 8}&Version=2010-03-31"
    with pytest.raises(Skipped, match="confirmed"):
        played(CONNECT.fetch.dialogue(asked, one.source, {}), (f"GET {url}", Answer(200)))

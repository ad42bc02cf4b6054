"""What one vendor does and the others do not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import jmespath
import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Request, Source
from chalicelib.connectors.parts import mapping
from chalicelib.errors import Misconfigured, Rejected, Unreadable
from chalicelib.interaction import Event, RatingKind, Role
from tests.connectors.recordings import changed, recording

NOW = datetime(2026, 11, 2, 9, 15, tzinfo=UTC)


def form(**fields: str) -> Event:
    body = urlencode(fields).encode()
    kind = {"content-type": "application/x-www-form-urlencoded"}
    request = Request("POST", "https://hub.example/webhooks/phone", kind, body)
    (event,) = CONNECTORS["twilio"].events(request, Source("phone", "twilio"), NOW)
    return event


# --- Zendesk ------------------------------------------------------------------------------------


@pytest.mark.parametrize("public", [False, "false"])
def test_zendesk_private_comment_of_a_customer_is_a_note(public: object) -> None:
    (event,) = changed(
        "zendesk/comment_added_by_customer",
        lambda p: p["event"]["comment"].update(is_public=public),
    )
    assert event.role is Role.NOTE


def test_zendesk_tags_as_one_text_and_empty_ids() -> None:
    (event,) = changed(
        "zendesk/ticket_created",
        lambda p: p["detail"].update(tags="lasku palautus", requester_id="", submitter_id="0"),
    )
    assert event.tags == ("lasku", "palautus")
    assert event.customer is None


def test_zendesk_first_message_is_one_however_it_arrives() -> None:
    created = changed("zendesk/ticket_created", lambda p: None)[0]
    comment = changed("zendesk/comment_added_first", lambda p: None)[0]
    assert created.message_id == comment.message_id
    assert created.text == comment.text


# --- Intercom -----------------------------------------------------------------------------------


def part(payload: Any) -> Any:
    return payload["data"]["item"]["conversation_parts"]["conversation_parts"][0]


def test_intercom_a_note_is_a_note_under_any_topic() -> None:
    (event,) = changed("intercom/user_replied", lambda p: part(p).update(part_type="note"))
    assert event.role is Role.NOTE
    (event,) = changed("intercom/admin_noted", lambda p: part(p).update(part_type="comment"))
    assert event.role is Role.NOTE


def test_intercom_several_parts_have_their_own_identity() -> None:
    def twice(payload: Any) -> None:
        held = payload["data"]["item"]["conversation_parts"]["conversation_parts"]
        held.append({**held[0], "id": "28299", "body": "<p>Vielä yksi asia</p>"})

    first, second = changed("intercom/user_replied", twice)
    assert second.event_id == f"{first.event_id}:28299"
    assert (first.message_id, second.message_id) == ("28243", "28299")


def test_intercom_reply_without_its_part_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="without its message"):
        changed("intercom/user_replied", lambda p: p["data"]["item"].pop("conversation_parts"))


def test_intercom_own_customer_number_when_no_address() -> None:
    def anonymous(payload: Any) -> None:
        payload["data"]["item"]["source"]["author"].pop("email")
        part(payload)["author"].pop("email")

    (event,) = changed("intercom/user_replied", anonymous)
    assert event.customer == "id:VK1000077"


def test_intercom_handshakes() -> None:
    intercom = CONNECTORS["intercom"]
    head = Request("HEAD", "https://hub.example/webhooks/chat", {}, b"")
    reply = intercom.handshake(head)
    assert reply is not None
    assert reply.status == 200
    assert "HEAD" in intercom.open_methods
    assert intercom.handshake(recording("intercom/user_replied").request) is None
    quoting = Request(
        "POST", "https://hub.example", {}, b'{"topic":"x","text":"\\"ping\\" "ping""}'
    )
    assert intercom.handshake(quoting) is None


# --- Postmark -----------------------------------------------------------------------------------


def test_postmark_token_header_instead_of_basic() -> None:
    one = recording("postmark/new_mail")
    request = replace(one.request, headers={"x-webhook-token": "tunnus"})
    one.connector.verify(request, ["vanha", "tunnus"], NOW)
    with pytest.raises(Rejected):
        one.connector.verify(request, ["toinen"], NOW)


def test_postmark_a_date_ahead_of_us_is_the_time_of_receipt() -> None:
    date = "Fri, 31 Dec 2027 11:00:00 +0200"
    (event,) = changed("postmark/new_mail", lambda p: p.update(Date=date))
    assert event.occurred_at == recording("postmark/new_mail").at


@pytest.mark.parametrize(
    "options", [{"own_domains": "havuvakka.example"}, {"own_domains": [1]}, {"thread": "subject"}]
)
def test_postmark_options(options: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured, match=r"sources\.email\.options"):
        CONNECTORS["postmark"].check(Source("email", "postmark", options=options))


# --- Twilio -------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["+266696687", "+8656696", "anonymous", ""])
def test_twilio_withheld_numbers_are_nobody(number: str) -> None:
    assert form(MessageSid="SM1", From=number, Body="Hei").customer is None
    call = form(CallSid="CA1", From=number, CallStatus="completed", CallDuration="5")
    assert call.customer is None


@pytest.mark.parametrize(
    ("status", "direction", "abandoned"),
    [
        ("no-answer", "inbound", True),
        ("canceled", "inbound", True),
        ("busy", "inbound", None),
        ("failed", "inbound", None),
        ("completed", "inbound", None),
        ("no-answer", "outbound-api", None),
    ],
)
def test_twilio_abandoned(status: str, direction: str, abandoned: bool | None) -> None:
    event = form(CallSid="CA1", From="+358401112233", Direction=direction, CallStatus=status)
    assert event.abandoned is abandoned


@pytest.mark.parametrize(
    ("direction", "track", "role"),
    [
        ("inbound", "inbound_track", Role.CUSTOMER),
        ("inbound", "outbound_track", Role.AGENT),
        ("outbound-api", "inbound_track", Role.AGENT),
        ("outbound-api", "outbound_track", Role.CUSTOMER),
    ],
)
def test_twilio_who_speaks(direction: str, track: str, role: Role) -> None:
    event = form(
        TranscriptionEvent="transcription-content",
        TranscriptionSid="GT1",
        SequenceId="2",
        CallSid="CA1",
        Direction=direction,
        Track=track,
        TranscriptionData='{"transcript":"Hei"}',
    )
    assert event.role is role


def test_twilio_sha256_of_a_shared_key() -> None:
    one = recording("twilio/sms")
    settings = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
    request = one.request.with_headers(x_twilio_webhooks_signature_settings=settings)
    signed = one.connector.sign(request, "s", NOW)
    one.connector.verify(signed, ["s"], NOW)
    with pytest.raises(Rejected):
        one.connector.verify(one.connector.sign(one.request, "s", NOW), ["other"], NOW)
    with pytest.raises(Rejected):  # the SHA-1 signature under the other algorithm's name
        one.connector.verify(request, [one.secret], NOW)


# --- Typeform -----------------------------------------------------------------------------------


def test_typeform_options_say_the_scale() -> None:
    (event,) = changed(
        "typeform/rating_of_unknown_scale",
        lambda p: p["form_response"]["answers"][0].update(number=9),
        questions={"service": {"kind": "csat", "min": 1, "max": 10}},
    )
    assert (event.ratings[0].kind, event.ratings[0].scale_max) == (RatingKind.CSAT, 10)


@pytest.mark.parametrize(
    "questions",
    [["nps"], {"q": "best"}, {"q": {"kind": "csat", "min": 5, "max": 1}}, {"q": {"max": 5}}],
)
def test_typeform_options(questions: Any) -> None:
    source = Source("survey", "typeform", options={"questions": questions})
    with pytest.raises(Misconfigured, match=r"sources\.survey\.options\.questions"):
        CONNECTORS["typeform"].check(source)


def test_typeform_a_touchpoint_that_is_no_id_is_only_a_tag() -> None:
    (event,) = changed(
        "typeform/nps_alone",
        lambda p: p["form_response"]["hidden"].update(touchpoint="../Toimitus!"),
    )
    assert event.touchpoint is None
    assert event.tags == ("../Toimitus!",)


# --- Standard Webhooks --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({"mapping": {"txt": "a"}}, "mapping.txt is not a column", id="column"),
        pytest.param({"mapping": {"text": "a["}}, "mapping.text: 'a\\['", id="expression"),
        pytest.param({"mapping": {"text": "order-id"}}, "double quotes", id="hyphen"),
        pytest.param({"mapping": {"text": 5}}, "mapping.text must be text", id="no text"),
        pytest.param({"mapping": {"text": ""}}, "mapping.text", id="empty"),
        pytest.param({"mapping": ["text"]}, "must map each column", id="list"),
        pytest.param({"foreach": "]"}, "options.foreach", id="foreach"),
        pytest.param({"only": "a ="}, "options.only", id="only"),
        pytest.param({"maping": {}}, "options.maping is not known", id="option"),
        pytest.param({"time_zone": "Mars/Olympus"}, "time_zone", id="zone"),
    ],
)
def test_standard_options(options: dict[str, Any], words: str) -> None:
    with pytest.raises(Misconfigured, match=words) as caught:
        CONNECTORS["standard"].check(Source("shop", "standard", options=options))
    assert "sources.shop.options" in str(caught.value)


def test_standard_a_bad_mapping_is_our_fault_at_delivery_too() -> None:
    for said in ({"text": "a["}, {"txt": "a"}):
        with pytest.raises(Misconfigured):
            changed("standard/mapped", lambda p: None, mapping=said)


def test_standard_an_expression_that_does_not_fit_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="does not fit") as caught:
        changed("standard/mapped", lambda p: None, mapping={"text": "join('', data.stars)"})
    assert "Haku" not in str(caught.value)


@pytest.mark.parametrize(
    "payload", [{}, {"a": {"b": 1}}, {"a": {"b": None}}, {"a": [1]}, [], 1, None]
)
def test_standard_plain_names_mean_what_jmespath_means(payload: Any) -> None:
    for path in ("a", "a.b", "a.b.c", "_x", "a.a"):
        assert mapping.compiled(path, "x")(payload) == jmespath.search(path, payload)


def test_standard_events_own_names() -> None:
    names = {
        "event_id": "id",
        "interaction_id": "conv",
        "message_id": "m",
        "occurred_at": "at",
        "text": "t",
    }

    def whole(payload: Any) -> None:
        payload.update(id="E1", conv="C1", m="M1", at="2026-11-02T08:00:00Z", t="Hei")

    (event,) = changed("standard/mapped", whole, mapping=names)
    assert (event.event_id, event.interaction_id, event.message_id) == ("E1", "C1", "M1")
    assert event.occurred_at == datetime(2026, 11, 2, 8, tzinfo=UTC)


def test_standard_an_unsigned_source_is_known_by_its_body() -> None:
    one = recording("standard/own_columns")
    request = replace(one.request, headers={"content-type": "application/json"})
    first, again = (one.connector.events(request, one.source, NOW)[0] for _ in range(2))
    assert first.event_id == again.event_id
    assert first.event_id.startswith("body_")
    other = replace(request, body=request.body + b" ")
    assert one.connector.events(other, one.source, NOW)[0].event_id != first.event_id


def test_standard_an_unsigned_id_beside_a_signed_one_changes_nothing() -> None:
    one = recording("standard/own_columns")
    svix = {k.replace("webhook-", "svix-"): v for k, v in one.request.headers.items()}
    replayed = {**svix, "webhook-id": "msg_forged"}
    for headers in (svix, replayed, {**one.request.headers, "svix-id": "msg_forged"}):
        request = replace(one.request, headers=headers)
        one.connector.verify(request, [one.secret], one.at)
        (event,) = one.connector.events(request, one.source, one.at)
        assert event.event_id == "msg_2KAfixture0000000000000001"


def test_standard_a_file_is_no_delivery() -> None:
    with pytest.raises(Unreadable, match="1001 records"):
        changed(
            "standard/for_each_answer",
            lambda p: p.update(answers=[{"said": "x", "score": 3}] * 1001),
        )

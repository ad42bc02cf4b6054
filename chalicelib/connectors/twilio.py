"""Twilio (SMS, WhatsApp, calls): messages, call status, queue results, transcripts.

Source: twilio.com/docs/usage/webhooks, /docs/voice/twiml/{dial,enqueue,transcription},
/docs/conversations/conversations-webhooks, /docs/conversation-intelligence-classic and
twilio-python `request_validator.py` 9.13.0, read 2026-11. Bodies are URL-encoded forms; those of
Conversation Intelligence are JSON, proven by the signed query parameter bodySHA256.
Signed: base64 HMAC-SHA1 (or SHA256, by X-Twilio-Webhooks-Signature-Settings) of the public URL
and the sorted fields, without a time. Times: RFC 2822 or none. An SMS carries no conversation:
each is an interaction of its own, for an id made of the two numbers would be personal data.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from chalicelib import signatures
from chalicelib.connectors import twilio_api
from chalicelib.connectors.base import Connector, Outcome, Request, Source
from chalicelib.connectors.parts import record
from chalicelib.connectors.parts.reading import (
    Json,
    clean,
    duration_s,
    identifier,
    iso_time,
    json_body,
    json_value,
    language,
    mail_time,
    optional_identifier,
    text,
    unreadable,
)
from chalicelib.connectors.vendor_api import Backfill, Fetch, Recordings
from chalicelib.errors import Skipped, Unreadable
from chalicelib.interaction import Channel, Event, EventKind, Role

_SIGNATURE = "x-twilio-signature"
_SETTINGS = "x-twilio-webhooks-signature-settings"
_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 1000
_UNANSWERED = frozenset({"busy", "failed", "no-answer", "canceled"})
_LEFT = frozenset({"no-answer", "canceled"})  # busy and failed were not the caller's decision
#: What Twilio writes for a withheld number: nobody, or all such callers would be one customer.
_WITHHELD = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"})
#: What a conversation's state says of its end; "inactive" says nothing.
_STATES: Mapping[str, bool] = {"closed": True, "active": False}
_CALL = re.compile(r"CA[0-9a-zA-Z]{2,64}")
_TERMINAL = _UNANSWERED | {"completed"}

Form = Mapping[str, str]
Values = dict[str, Any]


def verify(request: Request, secrets: Sequence[str], _now: datetime) -> None:
    signatures.check_url_and_form(
        request.url,
        request.body,
        signatures.signature_of(request.headers, _SIGNATURE),
        secrets,
        form=request.content_type == _FORM,
        algorithm=_algorithm(request),
    )


def sign(request: Request, secret: str, _now: datetime) -> Request:
    if request.content_type != _FORM and request.body:
        request = replace(request, url=_with_digest(request.url, request.body))
    signature = signatures.sign_url_and_form(
        request.url,
        request.body,
        secret,
        form=request.content_type == _FORM,
        algorithm=_algorithm(request),
    )
    return request.with_headers(**{_SIGNATURE: signature})


def _with_digest(url: str, body: bytes) -> str:
    """The URL with the digest of a body that is no form, as Twilio adds it."""
    parts = urlsplit(url)
    pairs = [(k, v) for k, v in parse_qsl(parts.query) if k != "bodySHA256"]
    pairs.append(("bodySHA256", hashlib.sha256(body).hexdigest()))
    return urlunsplit(parts._replace(query=urlencode(pairs)))


def _algorithm(request: Request) -> str:
    """SHA1 with the Auth Token, SHA256 with a SharedKey; the header says which."""
    settings = request.headers.get(_SETTINGS, "").upper()
    return "sha256" if "ALGORITHM=HMAC_SHA256" in settings else "sha1"


def events(request: Request, source: Source, received_at: datetime) -> Sequence[Event]:
    """One callback: a message, a finished call, a queue's result or a piece of transcript."""
    if request.content_type == "application/json":
        channel, values = _written_down(json_body(request), received_at)
        if source.recordings:
            raise Skipped(_LISTENS)
        return [record.event(source, channel, **values)]
    form = _form(request)
    for field, read in _READERS.items():
        if field in form:
            if source.recordings and field in _WRITTEN:
                raise Skipped(_LISTENS)
            channel, values = read(form, received_at)
            return [record.event(source, channel, **_heard(source, values))]
    raise Unreadable("none of Twilio's known fields is in the form")


def _form(request: Request) -> Form:
    if request.content_type != _FORM:
        raise Unreadable("the body is not a URL-encoded form")
    fields: dict[str, str] = {}
    for number, (name, value) in enumerate(signatures.form_fields(request.body)):
        if number >= _MOST_FIELDS:
            raise Unreadable(f"the form has more than {_MOST_FIELDS} fields")
        fields.setdefault(name.decode(errors="replace"), clean(value.decode(errors="replace")))
    return fields


def _message(form: Form, received_at: datetime) -> tuple[Channel, Values]:
    """An inbound SMS or WhatsApp message; status callbacks of our own messages are unused."""
    if form.get("MessageStatus") not in (None, "received"):
        raise Skipped("status of a message that the company sent")
    sid = identifier(form.get("MessageSid"), "MessageSid")
    sender = form.get("From", "")
    words = text(form.get("Body"), "Body")
    whatsapp = sender.startswith("whatsapp:")
    values = {
        "event_id": sid,
        "message_id": sid,
        "interaction_id": sid,
        "kind": EventKind.MESSAGE,
        "occurred_at": received_at,  # Twilio does not date messages
        "text": words,
        "customer": _person(sender.removeprefix("whatsapp:")),
    }
    return Channel.CHAT if whatsapp else Channel.SMS, values


def _call(form: Form, received_at: datetime) -> tuple[Channel, Values]:
    """The end of a call, or of one of its legs.

    `completed` alone does not tell that an agent spoke: a menu or hold music answers too, and a
    caller who waited for minutes and left was not handled. The leg to an agent does
    (ParentCallSid), and so does the result of <Dial>: what lasted there is talk and handling.
    """
    status = form.get("CallStatus", "").lower()
    dialled = form.get("DialCallStatus", "").lower()
    if not dialled and status not in _TERMINAL:
        raise Skipped("a call that has not ended")
    values = _base(form, received_at)
    seconds = duration_s(form.get("CallDuration"), "CallDuration")
    if dialled:
        talk = duration_s(form.get("DialCallDuration"), "DialCallDuration")
        values |= {"talk_s": talk, "handle_time_s": talk}
        values["abandoned"] = dialled in _UNANSWERED if dialled != "busy" else None
        if values["abandoned"] is not False:
            values |= {"talk_s": None, "handle_time_s": None}
    elif "ParentCallSid" in form:
        if status == "completed":
            values |= {"talk_s": seconds, "handle_time_s": seconds, "abandoned": False}
    elif status in _LEFT and values["role"] is Role.CUSTOMER:
        values["abandoned"] = True
    leg = identifier(form.get("CallSid"), "CallSid")
    # A leg ends once, so its number in the sequence of callbacks adds nothing; the list of calls,
    # which a backfill reads, does not tell it.
    state = f"dial-{dialled}" if dialled else status
    values["event_id"] = identifier(f"{leg}:{state}", "CallSid")
    return Channel.VOICE, values


def _queue(form: Form, received_at: datetime) -> tuple[Channel, Values]:
    """The action callback of <Enqueue>: how long the caller waited and why that ended."""
    result = form["QueueResult"].lower()
    values = _base(form, received_at)
    values |= {
        "event_id": identifier(f"{form.get('CallSid', '')}:queue:{result}", "QueueResult"),
        "wait_s": duration_s(form.get("QueueTime"), "QueueTime"),
    }
    if result in ("hangup", "bridged", "redirected-from-bridged"):
        values["abandoned"] = result == "hangup"
    return Channel.VOICE, values


def _transcript(form: Form, received_at: datetime) -> tuple[Channel, Values]:
    """A recording's transcript (<Record transcribe>): a voicemail, the caller's words."""
    if form.get("TranscriptionStatus", "completed") != "completed":
        raise Skipped("a transcription that failed")
    values = _base(form, received_at)
    sid = identifier(form.get("TranscriptionSid"), "TranscriptionSid")
    values |= {
        "event_id": sid,
        "message_id": sid,
        "kind": EventKind.MESSAGE,
        "role": Role.CUSTOMER,
        "text": form.get("TranscriptionText", ""),
    }
    return Channel.VOICE, values


def _live(form: Form, received_at: datetime) -> tuple[Channel, Values]:
    """One utterance of <Transcription>. The inbound track is the caller of this leg."""
    if form["TranscriptionEvent"] != "transcription-content":
        raise Skipped("start or end of a transcription")
    if form.get("Final", "true").lower() == "false":
        raise Skipped("a guess that a final text follows")
    said = json_value(form.get("TranscriptionData", "").encode())
    if not isinstance(said, dict):
        unreadable("TranscriptionData", "a JSON object", said)
    values = _base(form, received_at)
    inbound = form.get("Track", "inbound_track") == "inbound_track"
    caller_is_customer = values["role"] is Role.CUSTOMER
    sid = identifier(form.get("TranscriptionSid"), "TranscriptionSid")
    piece = identifier(f"{sid}:{form.get('SequenceId', '')}", "TranscriptionSid")
    values |= {
        "event_id": piece,
        "message_id": piece,
        "kind": EventKind.MESSAGE,
        "role": Role.CUSTOMER if inbound is caller_is_customer else Role.AGENT,
        "text": text(said.get("transcript"), "TranscriptionData.transcript"),
        "language": language(form.get("LanguageCode"), "LanguageCode"),
    }
    return Channel.VOICE, values


def _recorded(form: Form, received_at: datetime) -> tuple[Channel, Values]:
    """A recording: its transcript is looked for, or its sound."""
    if form["RecordingStatus"] != "completed":
        raise Skipped("a recording that is not there (yet)")
    recording = identifier(form.get("RecordingSid"), "RecordingSid")
    values = _base(form, received_at)
    started = form.get("RecordingStartTime")
    values |= {
        "event_id": f"{recording}:recorded",
        "kind": EventKind.STATUS,
        "role": Role.SYSTEM,
        "occurred_at": mail_time(started, "RecordingStartTime") if started else received_at,
        "fetch": twilio_api.RECORDING + recording,
        "recording": recording + (":2" if form.get("RecordingChannels") == "2" else ""),
    }
    return Channel.VOICE, values


def _heard(source: Source, values: Values) -> Values:
    """A recording is listened to by us, or its transcript is looked for at Twilio: never both."""
    given = values.get("recording", "") if source.recordings else ""
    return values | {"recording": given, "fetch": "" if given else values.get("fetch", "")}


def _written_down(body: Json, received_at: datetime) -> tuple[Channel, Values]:
    """Conversation Intelligence has written a recording down; what was said is fetched.

    The notification names no call. Where `customer_key` does, it is used; else the recording's
    own callback finds the same transcript, in the call that it belongs to.
    """
    transcript = optional_identifier(body.get("transcript_sid"), "transcript_sid")
    if transcript is None:
        raise Unreadable("JSON without a transcript_sid")
    call = text(body.get("customer_key"), "customer_key")
    if not _CALL.fullmatch(call):
        raise Skipped("a transcript whose customer_key is no call: its recording brings it")
    return Channel.VOICE, {
        "event_id": f"{transcript}:written",
        "interaction_id": call,
        "kind": EventKind.STATUS,
        "role": Role.SYSTEM,
        "occurred_at": received_at,
        "fetch": twilio_api.INTELLIGENCE + transcript,
    }


def _conversation(form: Form, received_at: datetime) -> tuple[Channel, Values]:
    """Twilio Conversations: messages with a conversation of their own, removals, closing."""
    what = form.get("EventType", "")
    values: Values = {
        "interaction_id": identifier(form.get("ConversationSid"), "ConversationSid"),
        "occurred_at": received_at,
        "role": Role.SYSTEM,
    }
    named = form.get("MessageSid", "")
    if what == "onMessageAdded":
        author = form.get("Author", "").removeprefix("whatsapp:")
        # Who has a number is a customer; who has a name at Twilio writes for the company.
        outside = author.startswith("+") or form.get("Author", "").startswith("messenger:")
        made = form.get("DateCreated")
        values |= {
            "kind": EventKind.MESSAGE,
            "message_id": identifier(named, "MessageSid"),
            "role": Role.CUSTOMER if outside else Role.AGENT,
            "occurred_at": iso_time(made, "DateCreated") if made else received_at,
            "text": text(form.get("Body"), "Body"),
            "customer": _person(author) if outside else None,
        }
    elif what in ("onMessageRemoved", "onConversationRemoved"):
        gone = identifier(named, "MessageSid") if what == "onMessageRemoved" else None
        values |= {"kind": EventKind.ERASURE, "erases": gone}
    elif what == "onConversationStateUpdated" and form.get("StateTo") in _STATES:
        state = form["StateTo"]
        values |= {"kind": EventKind.STATUS, "resolved": _STATES[state]}
        # A conversation may be closed twice; the time, where it is told, parts the two.
        what += f":{state}:{form.get('DateUpdated', '')}"
    else:
        raise Skipped(f"twilio conversation event {what[:60]!r}")
    values["event_id"] = identifier(f"{named or values['interaction_id']}:{what}", "MessageSid")
    return Channel.CHAT, values


def _base(form: Form, received_at: datetime) -> Values:
    """What every callback of a call tells. The interaction is the caller's own leg."""
    call = optional_identifier(form.get("ParentCallSid"), "ParentCallSid")
    outbound = form.get("Direction", "inbound").startswith("outbound-api")
    return {
        "interaction_id": call or identifier(form.get("CallSid"), "CallSid"),
        "kind": EventKind.CALL,
        "role": Role.AGENT if outbound else Role.CUSTOMER,
        "occurred_at": _when(form.get("Timestamp"), received_at),
        # On the leg to an agent, From is the company's number or the customer's: not reliable.
        "customer": None if call else _person(form.get("To" if outbound else "From")),
    }


def _person(number: str | None) -> str | None:
    return None if number in _WITHHELD else record.customer(phone=number)


def _when(stamp: str | None, received_at: datetime) -> datetime:
    if not stamp:
        return received_at
    # RFC 2822 in status callbacks, ISO 8601 in live transcripts.
    return iso_time(stamp, "Timestamp") if stamp[:1].isdigit() else mail_time(stamp, "Timestamp")


# In this order: a transcript's form holds the call's fields too, and a call's may hold a queue's.
_READERS: Mapping[str, Callable[[Form, datetime], tuple[Channel, Values]]] = {
    "ConversationSid": _conversation,
    "TranscriptionEvent": _live,
    "TranscriptionSid": _transcript,
    "QueueResult": _queue,
    "RecordingStatus": _recorded,
    "DialCallStatus": _call,
    "CallStatus": _call,
    "MessageSid": _message,
}

#: What Twilio itself wrote down.
_WRITTEN = frozenset({"TranscriptionEvent", "TranscriptionSid"})
_LISTENS = "a transcript of Twilio's, while the hub listens to recordings itself"
_NO_CONTENT = 204

CONNECTOR = Connector(
    name="twilio",
    title="Twilio",
    channel=Channel.VOICE,
    verify=verify,
    events=events,
    sign=sign,
    # Twilio runs what we answer as TwiML: any other body is an error that the customer hears or
    # receives. 204 says nothing and is allowed everywhere. An HTTP error is not sent again unless
    # the webhook's URL ends in #rp=5xx,ct,rt&rc=3, and then only for 5xx.
    status={
        Outcome.ACCEPTED: _NO_CONTENT,
        Outcome.DUPLICATE: _NO_CONTENT,
        Outcome.SKIPPED: _NO_CONTENT,
        Outcome.UNREADABLE: _NO_CONTENT,
        Outcome.REJECTED: 403,
    },
    retries="a failed connection once; with #rc=3&rp=5xx,ct,rt in the URL 5xx too, three times",
    fetch=Fetch(twilio_api.fetch, twilio_api.CREDENTIALS, twilio_api.PER_MINUTE),
    recordings=Recordings(
        twilio_api.find, twilio_api.CREDENTIALS, twilio_api.PER_MINUTE, twilio_api.HOSTS
    ),
    backfill=Backfill(
        twilio_api.backfill(_message, _call), twilio_api.CREDENTIALS, twilio_api.PER_MINUTE
    ),
    secret_hint="Console > Account > API keys & tokens > Auth Token (live, primary)",  # noqa: S106
)

"""Twilio (SMS, WhatsApp, calls): messages, call status, queue results, transcripts.

Source: twilio.com/docs/usage/webhooks, /docs/voice/twiml/{dial,enqueue,transcription} and
twilio-python `request_validator.py` 9.13.0, read 2026-11. Bodies are URL-encoded forms.
Signed: base64 HMAC-SHA1 (or SHA256, by X-Twilio-Webhooks-Signature-Settings) of the public URL
and the sorted fields, without a time. Times: RFC 2822 or none. An SMS carries no conversation:
each is an interaction of its own, for an id made of the two numbers would be personal data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib import signatures
from chalicelib.connectors import record
from chalicelib.connectors.base import Connector, Outcome, Request, Source
from chalicelib.connectors.reading import (
    clean,
    duration_s,
    identifier,
    iso_time,
    json_value,
    language,
    mail_time,
    optional_identifier,
    text,
    unreadable,
)
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
_TERMINAL = _UNANSWERED | {"completed"}

Form = Mapping[str, str]
Values = dict[str, Any]


def verify(request: Request, secrets: Sequence[str], _now: datetime) -> None:
    signatures.check_url_and_form(
        request.url,
        request.body,
        request.headers.get(_SIGNATURE),
        secrets,
        form=request.content_type == _FORM,
        algorithm=_algorithm(request),
    )


def sign(request: Request, secret: str, _now: datetime) -> Request:
    signature = signatures.sign_url_and_form(
        request.url,
        request.body,
        secret,
        form=request.content_type == _FORM,
        algorithm=_algorithm(request),
    )
    return request.with_headers(**{_SIGNATURE: signature})


def _algorithm(request: Request) -> str:
    """SHA1 with the Auth Token, SHA256 with a SharedKey; the header says which."""
    settings = request.headers.get(_SETTINGS, "").upper()
    return "sha256" if "ALGORITHM=HMAC_SHA256" in settings else "sha1"


def events(request: Request, source: Source, received_at: datetime) -> Sequence[Event]:
    """One callback: a message, a finished call, a queue's result or a piece of transcript."""
    form = _form(request)
    for field, read in _READERS.items():
        if field in form:
            channel, values = read(form, received_at)
            return [record.event(source, channel, **values)]
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

    `completed` alone does not tell that an agent spoke: a menu or hold music answers too. The
    leg to an agent does (ParentCallSid), and so does the result of <Dial>.
    """
    status = form.get("CallStatus", "").lower()
    dialled = form.get("DialCallStatus", "").lower()
    if not dialled and status not in _TERMINAL:
        raise Skipped("a call that has not ended")
    values = _base(form, received_at)
    seconds = duration_s(form.get("CallDuration"), "CallDuration")
    if dialled:
        values["talk_s"] = duration_s(form.get("DialCallDuration"), "DialCallDuration")
        values["abandoned"] = dialled in _UNANSWERED if dialled != "busy" else None
    elif "ParentCallSid" in form:
        if status == "completed":
            values |= {"talk_s": seconds, "abandoned": False}
    elif status == "completed":
        # The whole call, its menu and queue included: the longest that handling can have been.
        values["handle_time_s"] = seconds
    elif status in _LEFT and values["role"] is Role.CUSTOMER:
        values["abandoned"] = True
    sequence = form.get("SequenceNumber", "")
    leg = identifier(form.get("CallSid"), "CallSid")
    state = f"dial-{dialled}" if dialled else status
    values["event_id"] = identifier(":".join(filter(None, (leg, state, sequence))), "CallSid")
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


def _recorded(_: Form, __: datetime) -> tuple[Channel, Values]:
    raise Skipped("a recording without words")


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
    "TranscriptionEvent": _live,
    "TranscriptionSid": _transcript,
    "QueueResult": _queue,
    "RecordingStatus": _recorded,
    "DialCallStatus": _call,
    "CallStatus": _call,
    "MessageSid": _message,
}

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
    secret_hint="Console > Account > API keys & tokens > Auth Token (live, primary)",  # noqa: S106
)

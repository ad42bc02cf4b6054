"""Mail, calls, surveys and the feedback box: contacts -> the requests of their vendors.

The shapes are those of the vendors' documentation; see chalicelib/connectors/postmark.py,
twilio.py, typeform.py and standard.py for the pages.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from chalicelib.interaction import Channel, Role
from infra.demo.contact import Contact, Turn
from infra.demo.conversations import zulu
from infra.demo.delivery import Delivery, as_json, made_hex, made_uuid, reference

_ZONE = ZoneInfo("Europe/Helsinki")
_MAILBOX = "asiakaspalvelu@havuvakka.example"
_COMPANY_NUMBER = "+358100000100"
_LANGUAGE_CODES = {"fi": "fi-FI", "en": "en-GB", "sv": "sv-SE"}

# --- Postmark -----------------------------------------------------------------------------------


def postmark(contact: Contact) -> Iterator[Delivery]:
    """The customer's mail; where the exchange went on, our answer (by copy) and the reply to it."""
    for place, turn in enumerate(contact.turns):
        before = contact.turns[place - 1] if place else None
        yield as_json(contact.source, turn.at, _mail(contact, turn, place, before))


def automatic_reply(contact: Contact) -> Delivery:
    """An out-of-office answer to our mail, which no person wrote."""
    at = contact.turns[0].at + timedelta(minutes=1)
    words = "Olen poissa toimistolta, palaan asiaan ensi viikolla."
    mail = _mail(contact, Turn(Role.CUSTOMER, at, words), 70, contact.turns[0])
    mail["Headers"].append({"Name": "Auto-Submitted", "Value": "auto-replied"})
    return as_json(contact.source, at, mail)


def _mail(contact: Contact, turn: Turn, place: int, before: Turn | None) -> dict[str, Any]:
    person, ours = contact.person, turn.role is Role.AGENT
    sender, name = (_MAILBOX, "Havuvakka") if ours else (person.email, person.full)
    to = person.email if ours else _MAILBOX
    first, own = _message_id(contact, 0), _message_id(contact, place)
    headers = [{"Name": "Message-ID", "Value": own}, {"Name": "MIME-Version", "Value": "1.0"}]
    body = turn.text
    if before is not None:
        headers += [{"Name": "In-Reply-To", "Value": first}, {"Name": "References", "Value": first}]
        when = before.at.astimezone(_ZONE).strftime("%d.%m.%Y klo %H.%M")
        author = person.full if before.role is Role.CUSTOMER else "Havuvakka"
        quoted = "\n".join(f"> {line}" for line in before.text.splitlines())
        body = f"{turn.text}\n\n{when} {author} kirjoitti:\n{quoted}"
    return {
        "FromName": name,
        "MessageStream": "inbound",
        "From": sender,
        "FromFull": {"Email": sender, "Name": name, "MailboxHash": ""},
        "To": to,
        "ToFull": [{"Email": to, "Name": "", "MailboxHash": ""}],
        "CcFull": [],
        "BccFull": [],
        "OriginalRecipient": "8f1c2d@inbound.postmarkapp.example",
        "Subject": f"Re: {contact.subject}" if place else contact.subject,
        "MessageID": made_uuid(contact, f"mail {place}"),
        "ReplyTo": "",
        "MailboxHash": "",
        "Date": format_datetime(turn.at.astimezone(_ZONE).replace(microsecond=0)),
        "TextBody": body,
        "HtmlBody": "",
        "StrippedTextReply": turn.text if before is not None else "",
        "Tag": "",
        "Headers": headers,
        "Attachments": [],
    }


def _message_id(contact: Contact, place: int) -> str:
    host = contact.person.email.rpartition("@")[2]
    return f"<{made_hex(contact, f'mail {place}')}@{host}>"


# --- Twilio -------------------------------------------------------------------------------------


def twilio(contact: Contact) -> Iterator[Delivery]:
    """A text message, or a call: the queue's result, what was said, and the end."""
    if contact.channel is Channel.SMS:
        yield _text_message(contact)
        return
    wait, talk = contact.wait_s or 0, contact.handle_time_s or 0
    call = _call(contact)
    answered = contact.started_at + timedelta(seconds=wait)
    ended = answered + timedelta(seconds=talk)
    queue = {
        "QueueSid": "QU" + "7c" * 16,
        "QueueResult": "hangup" if contact.abandoned else "bridged",
        "QueueTime": str(wait),
        "CallStatus": "in-progress",
    }
    yield _form(contact, answered, {**call, **queue})
    for place, turn in enumerate(contact.turns, start=1):
        yield _form(contact, turn.at, {**call, **_utterance(contact, turn, place)})
    if not contact.abandoned:
        leg = {"CallSid": "CA" + made_hex(contact, "leg"), "ParentCallSid": call["CallSid"]}
        yield _form(contact, ended, {**call, **leg, **_ended(ended, talk), "SequenceNumber": "4"})
    yield _form(contact, ended, {**call, **_ended(ended, wait + talk), "SequenceNumber": "3"})


def _ended(at: datetime, seconds: int) -> dict[str, str]:
    return {
        "CallStatus": "completed",
        "CallDuration": str(seconds),
        "Duration": str(max(1, round(seconds / 60))),
        "Timestamp": format_datetime(at.replace(microsecond=0)),
        "CallbackSource": "call-progress-events",
    }


def ringing(contact: Contact) -> Delivery:
    """The progress of a call that has not ended, which the hub does not use."""
    at = contact.started_at
    stamp = format_datetime(at.replace(microsecond=0))
    return _form(contact, at, {**_call(contact), "CallStatus": "ringing", "Timestamp": stamp})


def _call(contact: Contact) -> dict[str, str]:
    return {
        "CallSid": "CA" + made_hex(contact, "call"),
        "AccountSid": "AC" + "51" * 16,
        "From": contact.person.phone_e164,
        "To": _COMPANY_NUMBER,
        "Direction": "inbound",
        "ApiVersion": "2010-04-01",
        "CallerCountry": "FI",
    }


def _utterance(contact: Contact, turn: Turn, place: int) -> dict[str, str]:
    said = {"transcript": turn.text, "confidence": 0.93}
    by_customer = turn.role is Role.CUSTOMER
    return {
        "TranscriptionSid": "GT" + made_hex(contact, "transcription"),
        "TranscriptionEvent": "transcription-content",
        "TranscriptionData": json.dumps(said, ensure_ascii=False),
        "LanguageCode": _LANGUAGE_CODES[contact.person.language],
        "Track": "inbound_track" if by_customer else "outbound_track",
        "SequenceId": str(place + 1),
        "Final": "true",
        "Timestamp": zulu(turn.at),
    }


def _text_message(contact: Contact) -> Delivery:
    sid = "SM" + made_hex(contact, "sms")
    fields = {
        "MessageSid": sid,
        "SmsSid": sid,
        "AccountSid": "AC" + "51" * 16,
        "From": contact.person.phone_e164,
        "To": _COMPANY_NUMBER,
        "Body": contact.turns[0].text,
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsStatus": "received",
        "FromCountry": "FI",
        "ApiVersion": "2010-04-01",
    }
    return _form(contact, contact.started_at, fields)


def _form(contact: Contact, at: datetime, fields: dict[str, str]) -> Delivery:
    kind = "application/x-www-form-urlencoded"
    return Delivery(contact.source, at, {"content-type": kind}, urlencode(fields).encode())


# --- Typeform -----------------------------------------------------------------------------------

_QUESTIONS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "recommend": ("nps", "Kuinka todennäköisesti suosittelet meitä?", {}),
    "satisfied": ("rating", "Kuinka tyytyväinen olet?", {"steps": 5}),
    "easy": ("opinion_scale", "Kuinka helppoa se oli?", {"steps": 7, "start_at_one": True}),
    "why": ("long_text", "Miksi?", {}),
}


def typeform(contact: Contact, kind: str = "form_response") -> Delivery:
    """One completed response: its scales, and a comment where there is one."""
    given = {"recommend": contact.nps, "satisfied": contact.csat, "easy": contact.ces}
    answers: list[dict[str, Any]] = [
        {"type": "number", "number": value, "field": _field(ref)}
        for ref, value in given.items()
        if value is not None
    ]
    if contact.turns:
        answers.append({"type": "text", "text": contact.turns[0].text, "field": _field("why")})
    asked = [answer["field"]["ref"] for answer in answers]
    at = contact.started_at
    response = {
        "form_id": "hv" + contact.touchpoint,
        "token": made_hex(contact, "response"),
        "landed_at": zulu(at - timedelta(seconds=70)),
        "submitted_at": zulu(at),
        "hidden": {
            "customer_id": contact.person.customer_number,
            "email": contact.person.email,
            "lang": contact.person.language,
            "touchpoint": contact.touchpoint,
        },
        "definition": {
            "id": "hv" + contact.touchpoint,
            "title": "Miten meni?",
            "fields": [_definition(ref) for ref in asked],
        },
        "answers": answers,
    }
    event_id = "01K" + made_hex(contact, kind, 23).upper()
    content = {"event_id": event_id, "event_type": kind, "form_response": response}
    return as_json(contact.source, at, content)


def _field(ref: str) -> dict[str, str]:
    return {"id": f"q-{ref}", "type": _QUESTIONS[ref][0], "ref": ref}


def _definition(ref: str) -> dict[str, Any]:
    _, title, properties = _QUESTIONS[ref]
    return {**_field(ref), "title": title, "properties": properties}


# --- Standard Webhooks --------------------------------------------------------------------------


def feedback(contact: Contact, kind: str = "feedback.created") -> Delivery:
    """One entry of the shop's feedback box, in the shop's own JSON."""
    at = contact.started_at
    data: dict[str, Any] = {
        "feedback_id": f"fb-{reference(contact)}",
        "sent_at": zulu(at),
        "comment": contact.turns[0].text,
        "lang": contact.person.language,
        "customer_no": contact.person.customer_number,
        "page": contact.touchpoint,
        "stars": contact.csat,
        "topics": [],
    }
    content = {"type": kind, "timestamp": zulu(at), "data": data}
    return as_json(contact.source, at, content, webhook_id=f"msg_{made_hex(contact, kind, 24)}")

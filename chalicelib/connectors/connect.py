"""Amazon Connect (calls, chats): contact events, and Contact Lens analysis files on S3.

Source: docs.aws.amazon.com/connect/latest/adminguide/{contact-events,
contact-lens-example-output-files}.html, read 2026-11. Both come through EventBridge (an API
destination) or SNS: contact events from the default bus, files as S3's "Object Created". Proof: a
token sent along, see `eventbridge.py`. Times: ISO 8601. Contact events are unordered and may be
lost; DISCONNECTED and COMPLETED each tell the whole contact. Sentiment scores are a model's
opinion, not a customer's rating: they are not read.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

from chalicelib.connectors.base import Connector, Proof, Request, Source
from chalicelib.connectors.parts import eventbridge, options, record, turns
from chalicelib.connectors.parts.reading import (
    Json,
    duration_s,
    identifier,
    iso_time,
    labels,
    language,
    number,
    optional_section,
    section,
    sections,
    text,
)
from chalicelib.connectors.parts.spans import between
from chalicelib.connectors.vendor_api import (
    Answer,
    Call,
    Credentials,
    Dialogue,
    Fetch,
    Recordings,
    Sound,
    json_of,
)
from chalicelib.errors import Misconfigured, Skipped, Unreadable
from chalicelib.interaction import Channel, Event, EventKind, Role

_CHANNELS: Mapping[str, Channel] = {
    "VOICE": Channel.VOICE,
    "CHAT": Channel.CHAT,
    "EMAIL": Channel.EMAIL,
}
_ROLES: Mapping[str, Role] = {
    "CUSTOMER": Role.CUSTOMER,
    "AGENT": Role.AGENT,
    "CUSTOM_BOT": Role.BOT,
    "SYSTEM": Role.BOT,
}
#: How a contact begins when the customer turned to the company.
_INWARD = frozenset({"INBOUND", "TRANSFER", "QUEUE_TRANSFER", "API"})
#: Why a waiting contact ended, where that was the customer's doing. Old events give no reason.
_LEFT = frozenset({"", "CUSTOMER_DISCONNECT"})
_READ = frozenset({"INITIATED", "DISCONNECTED", "COMPLETED"})
_ANALYSIS = re.compile(
    r"Analysis/(Voice|Chat|Email)/(?:[^/]+/)*"
    r"([0-9A-Fa-f-]{36})_analysis(?:_redacted)?(?:_(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ))?[^/]*\.json$"
)
_RECORDING = re.compile(r"CallRecordings/(?:[^/]+/)*([0-9A-Fa-f-]{36})_(\d{8}T\d\d:\d\d)_UTC\.wav$")
_S3 = "s3://"
Values = dict[str, Any]


def events(request: Request, source: Source, _received_at: datetime) -> Sequence[Event]:
    """A contact event, or the analysis files that S3 names: then each is fetched."""
    asked = eventbridge.subscription(request, source, Channel.VOICE)
    if asked:
        return [asked]
    body = eventbridge.body(request)
    kind = text(body.get("detail-type"), "detail-type")
    if kind == "Amazon Connect Contact Event":
        return [_contact(section(body, "detail"), body, source)]
    if kind == "Object Created":
        detail = section(body, "detail")
        return [_named(section(detail, "bucket"), section(detail, "object"), body, source)]
    if "Records" in body:
        return _notified(body, source)
    if body.get("Event") == "s3:TestEvent":
        raise Skipped("the test of an S3 notification")
    if not kind:
        raise Unreadable("neither an EventBridge event nor an S3 notification")
    raise Skipped(f"connect event {kind[:60]!r}")


# --- contact events -----------------------------------------------------------------------------


def _contact(detail: Json, envelope: Json, source: Source) -> Event:
    what = text(detail.get("eventType"), "detail.eventType").upper()
    if what not in _READ:
        raise Skipped(f"connect contact event {what[:60]!r}")
    named = text(detail.get("channel"), "detail.channel").upper()
    if named not in _CHANNELS:
        raise Skipped(f"a contact of the channel {named[:60]!r}")
    channel = _CHANNELS[named]
    method = text(detail.get("initiationMethod"), "detail.initiationMethod").upper()
    begun = what == "INITIATED"
    # The text of a chat or mail is the customer's contact; its frame alone is not.
    spoken = channel is Channel.VOICE
    contact = identifier(detail.get("contactId"), "detail.contactId")
    start = detail.get("initiationTimestamp") if begun else None
    values: Values = {
        "event_id": f"{contact}:{what.lower()}",
        "interaction_id": contact,
        "kind": EventKind.CALL if spoken else EventKind.STATUS,
        "role": (Role.CUSTOMER if method in _INWARD else Role.AGENT) if spoken else Role.SYSTEM,
        "occurred_at": iso_time(start or envelope.get("time"), "time"),
        "customer": _customer(detail),
        "tags": _tags(detail),
    }
    if not begun:
        values |= _durations(detail, inward=method in _INWARD, completed=what == "COMPLETED")
    if not spoken:
        values |= {"talk_s": None, "hold_s": None}
    return record.event(source, channel, **values)


def _durations(detail: Json, *, inward: bool, completed: bool) -> Values:
    """Wait until an agent or the end; talk and hold with the agent; after-contact work."""
    queue, agent = optional_section(detail, "queueInfo"), optional_section(detail, "agentInfo")
    queued = _time(queue, "enqueueTimestamp")
    met = _time(agent, "connectedToAgentTimestamp")
    ended = _time(detail, "disconnectTimestamp")
    values: Values = {}
    if queued and inward:
        values["wait_s"] = between(queued, met or ended)
        reason = text(detail.get("disconnectReason"), "detail.disconnectReason").upper()
        if met:
            values["abandoned"] = False
        elif reason in _LEFT:
            values["abandoned"] = True
    together = between(met, ended)
    if together is None:
        return values
    hold = duration_s(agent.get("customerHoldDuration"), "agentInfo.customerHoldDuration")
    hold = min(hold, together) if hold is not None else None
    work = duration_s(agent.get("afterContactWorkDuration"), "agentInfo.afterContactWorkDuration")
    # COMPLETED comes after the work that follows a contact, DISCONNECTED before it.
    after = (work or 0.0) if completed else 0.0
    talk = together - (hold or 0.0)
    return values | {"talk_s": talk, "hold_s": hold, "handle_time_s": together + after}


def _time(part: Json, key: str) -> datetime | None:
    value = part.get(key)
    return None if value is None else iso_time(value, key)


def _customer(detail: Json) -> str | None:
    """The endpoint where the event tells it, else the profile's id; often neither."""
    endpoint = optional_section(detail, "customerEndpoint")
    kind = text(endpoint.get("type"), "customerEndpoint.type").upper()
    address = text(endpoint.get("address"), "customerEndpoint.address")
    return record.customer(
        email=address if kind == "EMAIL_ADDRESS" else None,
        phone=address if kind == "TELEPHONE_NUMBER" else None,
        vendor="connect",
        vendor_id=text(detail.get("customerId"), "detail.customerId")[:200] or None,
    )


def _tags(detail: Json) -> tuple[str, ...]:
    """The organisation's own tags, as key:value; those of AWS say nothing of the contact."""
    tags = optional_section(detail, "tags")
    own = ((k, v) for k, v in tags.items() if not k.startswith("aws:") and isinstance(v, str))
    return labels([f"{key}:{value}"[:200] for key, value in own], "detail.tags")


# --- Contact Lens -------------------------------------------------------------------------------


def _notified(body: Json, source: Source) -> list[Event]:
    """S3's own notification, as SNS hands it on: keys are URL-encoded, and several may come."""
    found, reason = [], "an S3 notification without records"
    for entry in sections(body, "Records")[:100]:
        s3 = section(entry, "s3")
        thing = dict(section(s3, "object"))
        thing["key"] = unquote_plus(text(thing.get("key"), "s3.object.key"))
        try:
            named = _named(section(s3, "bucket"), thing, {"time": entry.get("eventTime")}, source)
        except Skipped as error:
            reason = str(error)
            continue
        found.append(named)
    if not found:
        raise Skipped(reason)
    return list({event.event_id: event for event in found}.values())


def _named(bucket: Json, thing: Json, envelope: Json, source: Source) -> Event:
    name = identifier(bucket.get("name"), "bucket.name")
    key = text(thing.get("key"), "object.key")
    if source.recordings and _RECORDING.search(key):
        return _recorded(name, key, source)
    match = _ANALYSIS.search(key)
    if match is None:
        raise Skipped("a file on S3 that is no Contact Lens analysis")
    if name not in source.options.get("buckets", [name]):
        raise Skipped("an analysis in a bucket that options.buckets does not name")
    if source.recordings and match[1] == "Voice":
        raise Skipped("Contact Lens heard a call that the hub listens to itself")
    version = text(thing.get("version-id") or thing.get("etag") or thing.get("eTag"), "object.etag")
    contact = match[2]
    digest = hashlib.sha256(f"{name}/{key}#{version}".encode()).hexdigest()[:24]
    return record.event(
        source,
        _CHANNELS[match[1].upper()],
        event_id=f"{contact}:analysis:{digest}",
        interaction_id=contact,
        kind=EventKind.STATUS,
        role=Role.SYSTEM,
        occurred_at=iso_time(envelope.get("time"), "time"),
        fetch=f"{_S3}{name}/{key}",
    )


def _recorded(bucket: str, key: str, source: Source) -> Event:
    """A call's recording; its name tells the contact, and the minute when it began."""
    if bucket not in source.options.get("buckets", [bucket]):
        raise Skipped("a recording in a bucket that options.buckets does not name")
    match = _RECORDING.search(key)
    assert match is not None  # noqa: S101 - the caller has looked
    return record.event(
        source,
        Channel.VOICE,
        event_id=f"{match[1]}:recorded:{match[2]}",
        interaction_id=match[1],
        kind=EventKind.STATUS,
        role=Role.SYSTEM,
        occurred_at=iso_time(f"{match[2]}+00:00", "the time in the file's name"),
        recording=f"{_S3}{bucket}/{key}",
    )


def find(
    event: Event, _source: Source, _credentials: Credentials
) -> Generator[Call, Answer, Sound]:
    """The object itself. The customer is on the left channel, the agent on the right."""
    yield from ()  # nothing needs to be asked
    return Sound(Call(event.recording), customer=0)


def fetch(event: Event, source: Source, _credentials: Credentials) -> Dialogue[Sequence[Event]]:
    """The analysis file's transcript, by turns; its categories become tags."""
    yield from eventbridge.confirmed(event)
    if not event.fetch.startswith(_S3):
        raise Unreadable("the event names no analysis on S3 to fetch")
    answer = yield Call(event.fetch)
    analysis = json_of(answer, "the Contact Lens analysis")
    spoken_in = language(analysis.get("LanguageCode"), "LanguageCode")
    matched = optional_section(analysis, "Categories").get("MatchedCategories")
    made = turns.spoken(event, source, _lines(analysis, event), language=spoken_in)
    tags = labels(matched, "Categories.MatchedCategories")
    if tags:
        status: Values = {
            "event_id": f"{event.event_id}:categories",
            "interaction_id": event.interaction_id,
            "kind": EventKind.STATUS,
            "role": Role.SYSTEM,
            "occurred_at": event.occurred_at,
            "tags": tags,
        }
        made.append(record.event(source, event.channel, **status))
    return made


def _lines(analysis: Json, event: Event) -> Iterator[turns.Line]:
    """Each line of the transcript: dated by itself (chat), or by its offset (voice)."""
    roles = {
        text(one.get("ParticipantId"), "ParticipantId"): text(one.get("ParticipantRole"), "role")
        for one in sections(analysis, "Participants")
    }
    start = _start(analysis, event)
    for said in sections(analysis, "Transcript"):
        content = text(said.get("ContentType"), "Transcript.ContentType").lower()
        if content and not content.startswith("text/"):
            continue  # somebody joined, a file was sent
        who = text(said.get("ParticipantId"), "Transcript.ParticipantId")
        # Files of 2021 name the role itself as the participant.
        role = _ROLES.get(roles.get(who, who).upper(), Role.SYSTEM)
        words = text(said.get("Content"), "Transcript.Content")
        if said.get("AbsoluteTime") is not None:
            at = iso_time(said["AbsoluteTime"], "Transcript.AbsoluteTime")
            yield turns.Line(role, at, identifier(said.get("Id"), "Transcript.Id"), words)
            continue
        passed = number(said.get("BeginOffsetMillis", 0), "Transcript.BeginOffsetMillis")
        at = turns.after(start, passed / 1000, "Transcript.BeginOffsetMillis")
        # The offset and not the Id: the redacted and the original file then hold one message.
        yield turns.Line(role, at, f"{passed:.0f}{role.value[0]}", words)


def _start(analysis: Json, event: Event) -> datetime:
    """The file's name tells when the conversation began; without, its end less its length."""
    match = _ANALYSIS.search(event.fetch)
    if match and match[3]:
        return iso_time(match[3], "the time in the file's name")
    traits = optional_section(analysis, "ConversationCharacteristics")
    length = number(traits.get("TotalConversationDurationMillis") or 0, "TotalConversationDuration")
    seconds = duration_s(length / 1000, "TotalConversationDurationMillis") or 0.0
    return event.occurred_at - timedelta(seconds=seconds)


def check(source: Source) -> None:
    """Raises Misconfigured for options that cannot work."""
    options.known(source, "buckets")
    for name, value in source.options.items():
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise Misconfigured(
                f"sources.{source.name}.options.{name} must be a list of bucket names"
            )


CONNECTOR = Connector(
    name="connect",
    title="Amazon Connect",
    channel=Channel.VOICE,
    verify=eventbridge.verify,
    events=events,
    sign=eventbridge.sign,
    # 401 is tried again too, so a token that was entered late loses nothing.
    secret_hint="EventBridge > Connections > API key, header X-Webhook-Token; of SNS: topic ARN",  # noqa: S106
    key_url=eventbridge.key_url,
    retry_after_s=eventbridge.RETRY_AFTER_S,
    retries=eventbridge.RETRIES,
    proof=Proof.TOKEN,
    check=check,
    scrub=eventbridge.scrub,
    # The role of the function that fetches reads the bucket: no credentials of Connect's own.
    fetch=Fetch(fetch, credentials=(), calls_per_minute=600),
    recordings=Recordings(find, credentials=(), calls_per_minute=600),
)

"""Twilio's API: transcripts of recordings, and the lists of messages and calls.

Source: twilio.com/docs/voice/api/recording-transcription, /docs/messaging/api/message-resource,
/docs/voice/api/call-resource, /docs/conversation-intelligence-classic/api, read 2026-11. Lists name
their next page by its path. Dates are RFC 2822 in the older API, offsets in seconds in the newer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from chalicelib.connectors.base import Source
from chalicelib.connectors.parts import record, turns
from chalicelib.connectors.parts.reading import (
    Json,
    clean,
    identifier,
    iso_time,
    language,
    mail_time,
    optional_section,
    sections,
    text,
)
from chalicelib.connectors.vendor_api import (
    Answer,
    Call,
    Credentials,
    Dialogue,
    Page,
    Sound,
    basic,
    json_of,
)
from chalicelib.errors import Misconfigured, Retryable, Skipped
from chalicelib.interaction import Channel, Event, EventKind, Role

CREDENTIALS = ("account_sid", "api_key", "api_secret")
PER_MINUTE = 300
RECORDING = "recording:"
INTELLIGENCE = "transcript:"
_API = "https://api.twilio.com"
_TRANSCRIPTS = "https://intelligence.twilio.com/v2/Transcripts"
_WAITING = frozenset({"queued", "in-progress"})
#: Pages of 1,000 sentences: more than a working day of talk.
_MOST_PAGES = 10
#: What Twilio's addresses of pages consist of: no blank, no control.
_PLACE = re.compile(r"[!-~]{1,2000}")
Form = Mapping[str, str]
Values = dict[str, Any]
Read = Callable[[Form, datetime], tuple[Channel, Values]]


def _authorization(credentials: Credentials) -> dict[str, str]:
    return basic(credentials["api_key"], credentials["api_secret"])


# --- transcripts --------------------------------------------------------------------------------


def fetch(event: Event, source: Source, credentials: Credentials) -> Dialogue[Sequence[Event]]:
    """What was said: by Conversation Intelligence, else by the recording's own transcription."""
    headers = _authorization(credentials)
    if event.fetch.startswith(INTELLIGENCE):
        named = quote(event.fetch.removeprefix(INTELLIGENCE), safe="")
        answer = yield Call(f"{_TRANSCRIPTS}/{named}", headers=headers)
        found = json_of(answer, "the transcript")
        return (yield from _sentences(found, event, source, headers))
    recording = quote(event.fetch.removeprefix(RECORDING), safe="")
    answer = yield Call(f"{_TRANSCRIPTS}?SourceSid={recording}&PageSize=20", headers=headers)
    if answer.status not in (401, 403, 404):  # refused where Intelligence was never bought
        listed = sections(json_of(answer, "the recording's transcripts"), "transcripts")
        done = [one for one in listed if one.get("status") == "completed"]
        if done:
            return (yield from _sentences(done[0], event, source, headers))
        if any(one.get("status") in _WAITING for one in listed):
            raise Retryable("the recording's transcript is not ready at Twilio")
    account = quote(credentials["account_sid"], safe="")
    place = f"{_API}/2010-04-01/Accounts/{account}/Recordings/{recording}/Transcriptions.json"
    answer = yield Call(place, headers=headers)
    said = sections(json_of(answer, "the recording's transcriptions"), "transcriptions")
    made = [_voicemail(one, event, source) for one in said if one.get("status") == "completed"]
    if not made:
        raise Skipped("a recording that Twilio has not written down")
    return made


def _voicemail(said: Json, event: Event, source: Source) -> Event:
    """<Record transcribe>: the caller's words, with the identity of its own callback."""
    sid = identifier(said.get("sid"), "transcriptions.sid")
    return record.event(
        source,
        event.channel,
        event_id=sid,
        message_id=sid,
        interaction_id=event.interaction_id,
        kind=EventKind.MESSAGE,
        role=Role.CUSTOMER,
        occurred_at=event.occurred_at,
        text=text(said.get("transcription_text"), "transcriptions.transcription_text"),
    )


def _sentences(
    transcript: Json, event: Event, source: Source, headers: Mapping[str, str]
) -> Dialogue[Sequence[Event]]:
    sid = identifier(transcript.get("sid"), "transcripts.sid")
    if transcript.get("status") in _WAITING:
        raise Retryable("the transcript is not ready at Twilio")
    own = f"{_TRANSCRIPTS}/{quote(sid, safe='')}/Sentences?"
    following, found = f"{own}PageSize=1000", list[Json]()
    for _ in range(_MOST_PAGES):
        answer = yield Call(following, headers=headers)
        body = json_of(answer, "the transcript's sentences")
        found += sections(body, "sentences")
        following = text(optional_section(body, "meta").get("next_page_url"), "next_page_url")
        if not following.startswith(own):
            break
    spoken_in = language(transcript.get("language_code"), "language_code")
    lines = _lines(found, _roles(transcript), _began(transcript, event), sid)
    return turns.spoken(event, source, lines, language=spoken_in)


def _roles(transcript: Json) -> dict[object, Role]:
    """Who speaks on which channel, where the transcript says so; else the caller on the first."""
    roles: dict[object, Role] = {1: Role.CUSTOMER, 2: Role.AGENT}
    for one in sections(optional_section(transcript, "channel"), "participants"):
        named = text(one.get("role"), "participants.role").lower()
        role = {"customer": Role.CUSTOMER, "agent": Role.AGENT}.get(named)
        place = one.get("channel_participant")
        if role and isinstance(place, int):
            roles[place] = role
    return roles


def _began(transcript: Json, event: Event) -> datetime:
    began = transcript.get("media_start_time")
    return iso_time(began, "media_start_time") if began else event.occurred_at


def _lines(
    sentences: Sequence[Json], roles: Mapping[object, Role], start: datetime, sid: str
) -> Iterator[turns.Line]:
    for place, said in enumerate(sentences):
        channel = said.get("media_channel")
        role = roles.get(channel, Role.SYSTEM) if isinstance(channel, int) else Role.SYSTEM
        at = turns.after(start, said.get("start_time") or 0, "sentences.start_time")
        yield turns.Line(role, at, f"{sid}:{place}", text(said.get("transcript"), "sentences"))


# --- recordings ---------------------------------------------------------------------------------

#: Where the sound of api.twilio.com may be sent on to.
HOSTS = ("api.twilio.com", ".twilio.com")


def find(event: Event, _source: Source, credentials: Credentials) -> Generator[Call, Answer, Sound]:
    """The sound of a recording, "SID" or "SID:2" with its channels apart.

    The first channel is the leg that was recorded, the caller's; the second is what that leg hears.
    """
    yield from ()  # nothing needs to be asked
    sid, _, channels = event.recording.partition(":")
    account, recording = (quote(one, safe="") for one in (credentials["account_sid"], sid))
    place = f"{_API}/2010-04-01/Accounts/{account}/Recordings/{recording}.wav"
    if channels != "2":
        return Sound(Call(place, headers=_authorization(credentials)))
    apart = f"{place}?RequestedChannels=2"
    return Sound(Call(apart, headers=_authorization(credentials)), customer=0)


# --- backfill -----------------------------------------------------------------------------------

Backfilling = Callable[[Source, Credentials, datetime, datetime, str | None], Dialogue[Page]]


def backfill(message: Read, call: Read) -> Backfilling:
    """What lists messages and then calls, read as their callbacks are.

    A cursor is the path of the next page.
    """

    def page(
        source: Source,
        credentials: Credentials,
        since: datetime,
        until: datetime,
        cursor: str | None,
    ) -> Dialogue[Page]:
        account = f"/2010-04-01/Accounts/{quote(credentials['account_sid'], safe='')}/"
        place = cursor or _first(account, "Messages", "DateSent", since, until)
        if not place.startswith(account) or not _PLACE.fullmatch(place):
            raise Misconfigured("backfill: the cursor is not one of twilio's; start without it")
        answer = yield Call(_API + place, headers=_authorization(credentials))
        body = json_of(answer, "the list of messages or calls")
        found: list[Event] = []
        for one in sections(body, "messages"):
            found += _listed(source, message, _as_message(one), one.get("date_sent"), since, until)
        for one in sections(body, "calls"):
            found += _listed(source, call, _as_call(one), one.get("end_time"), since, until)
        following = text(body.get("next_page_uri"), "next_page_uri")
        if not following and place.startswith(f"{account}Messages.json"):
            following = _first(account, "Calls", "StartTime", since, until)
        return Page(found, following or None)

    return page


def _first(account: str, what: str, date: str, since: datetime, until: datetime) -> str:
    span = {f"{date}>": _stamp(since), f"{date}<": _stamp(until), "PageSize": 200}
    return f"{account}{what}.json?{urlencode(span)}"


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _listed(
    source: Source, read: Read, form: Form | None, when: object, since: datetime, until: datetime
) -> Iterator[Event]:
    """The event that the callback would have given; nothing for what has none."""
    if form is None or when is None:
        return
    at = mail_time(when, "date_sent or end_time")
    try:
        channel, values = read(form, at)
    except Skipped:
        return
    if since <= at < until:
        yield record.event(source, channel, **values)


def _as_message(one: Json) -> Form | None:
    """A listed message in the words of its callback; the company's own have none."""
    if one.get("direction") != "inbound":
        return None
    return _form({"MessageSid": one.get("sid"), "From": one.get("from"), "Body": one.get("body")})


def _as_call(one: Json) -> Form:
    return _form(
        {
            "CallSid": one.get("sid"),
            "ParentCallSid": one.get("parent_call_sid"),
            "CallStatus": one.get("status"),
            "CallDuration": one.get("duration"),
            "Direction": one.get("direction"),
            "From": one.get("from"),
            "To": one.get("to"),
            "Timestamp": one.get("end_time"),
        }
    )


def _form(fields: Mapping[str, object]) -> Form:
    """What is not there is left out, as in a callback."""
    return {name: clean(str(value)) for name, value in fields.items() if value not in (None, "")}

"""Genesys Cloud's API: one conversation's details and transcript, and the list of conversations.

Source: developer.genesys.cloud (authorization client-credentials, analytics conversation details,
speech and text analytics), read 2026-11. Both ways of asking give the same shape, hence the same
events. Durations are milliseconds, times ISO 8601.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from chalicelib.connectors.base import Source
from chalicelib.connectors.parts import options, record, turns
from chalicelib.connectors.parts.reading import (
    Json,
    duration_s,
    identifier,
    iso_time,
    language,
    number,
    sections,
    text,
    unix_time,
)
from chalicelib.connectors.vendor_api import (
    Call,
    Credentials,
    Dialogue,
    Page,
    basic,
    bearer,
    json_call,
    json_of,
    page_number,
)
from chalicelib.errors import Misconfigured, Skipped, Unreadable
from chalicelib.interaction import Channel, Event, EventKind, RatingKind, Role

CREDENTIALS = ("client_id", "client_secret")
PER_MINUTE = 200  # of the 300 that one token may make
CONVERSATION = "conversation:"
_REGION = re.compile(r"(?:[a-z0-9-]+\.)?pure\.cloud|mypurecloud\.(?:com|com\.au|de|ie|jp)")
_PAGE = 100
_OUTSIDE = frozenset({"customer", "external"})
#: Whose communications are asked for a transcript, the customer's first; most calls have one.
_MOST_COMMUNICATIONS = 4
_CHANNELS: Mapping[str, Channel] = {
    "voice": Channel.VOICE,
    "callback": Channel.VOICE,
    "email": Channel.EMAIL,
}
Values = dict[str, Any]


def contact(media: str, direction: str) -> Values:
    """A call is a contact by itself; a chat or mail only by what is written in it."""
    if media.lower() not in ("voice", ""):
        return {}
    outward = direction.upper() == "OUTBOUND"
    return {"kind": EventKind.CALL, "role": Role.AGENT if outward else Role.CUSTOMER}


def person(address: str) -> str | None:
    """'tel:+358…', 'sip:…' or an email address; what a telephone line calls nobody is nobody."""
    scheme, _, rest = address.rpartition(":")
    if scheme not in ("", "tel"):
        return None
    return record.customer(email=rest) if "@" in rest else record.customer(phone=rest)


# --- fetch --------------------------------------------------------------------------------------


def fetch(event: Event, source: Source, credentials: Credentials) -> Dialogue[Sequence[Event]]:
    """The conversation's durations and survey, and what was said where it was written down."""
    api = f"https://api.{_region(source)}/api/v2"
    headers = yield from _authorized(source, credentials)
    conversation = quote(event.fetch.removeprefix(CONVERSATION), safe="")
    answer = yield Call(f"{api}/analytics/conversations/{conversation}/details", headers=headers)
    found = json_of(answer, "the conversation's details")
    made = list(_details(found, event.interaction_id, source))
    for communication in _communications(found):
        place = f"{api}/speechandtextanalytics/conversations/{conversation}"
        place += f"/communications/{quote(communication, safe='')}/transcripturl"
        answer = yield Call(place, headers=headers)
        if answer.status == 404:
            continue  # this leg was not recorded
        try:
            url = text(json_of(answer, "the transcript's address").get("url"), "url")
            if not url.startswith("https://"):
                raise Unreadable("the transcript's address is not https")
            # Signed by itself: our token is not for the store.
            answer = yield Call(url)
            made += _spoken(json_of(answer, "the transcript"), event, source)
        except Skipped:
            continue
        break
    if not made:
        raise Skipped("a conversation without durations, survey and transcript")
    return made


def _authorized(source: Source, credentials: Credentials) -> Dialogue[dict[str, str]]:
    form = {"content-type": "application/x-www-form-urlencoded"}
    headers = basic(credentials["client_id"], credentials["client_secret"]) | form
    url = f"https://login.{_region(source)}/oauth/token"
    answer = yield Call(url, "POST", headers, b"grant_type=client_credentials")
    if answer.status == 400:
        raise Misconfigured("Genesys refuses our client id and secret (400)")
    token = json_of(answer, "the access token").get("access_token")
    return bearer(identifier(token, "access_token"))


def _communications(conversation: Json) -> list[str]:
    """The sessions that may have a transcript, the customer's before the agents'."""
    found: dict[str, bool] = {}
    for who in sections(conversation, "participants"):
        purpose = text(who.get("purpose"), "purpose")
        if purpose not in _OUTSIDE and purpose not in ("agent", "user"):
            continue
        for session in sections(who, "sessions"):
            named = identifier(session.get("sessionId"), "sessionId")
            found[named] = found.get(named, False) or purpose in _OUTSIDE
    return sorted(found, key=lambda one: not found[one])[:_MOST_COMMUNICATIONS]


def _spoken(transcript: Json, event: Event, source: Source) -> list[Event]:
    parts = sections(transcript, "transcripts")
    spoken_in = next((language(p.get("language"), "language") for p in parts), None)
    return turns.spoken(event, source, _lines(parts), language=spoken_in)


def _lines(parts: Sequence[Json]) -> Iterator[turns.Line]:
    phrases = [phrase for part in parts for phrase in sections(part, "phrases")]
    dated = [(number(p.get("startTimeMs"), "phrases.startTimeMs"), p) for p in phrases]
    for milliseconds, phrase in sorted(dated, key=lambda one: one[0]):
        outside = text(phrase.get("participantPurpose"), "participantPurpose") == "external"
        role = Role.CUSTOMER if outside else Role.AGENT
        words = text(phrase.get("decoratedText") or phrase.get("text"), "phrases.text")
        at = unix_time(milliseconds / 1000, "phrases.startTimeMs")
        yield turns.Line(role, at, f"{milliseconds:.0f}{role.value[0]}", words)


# --- a conversation's details -------------------------------------------------------------------


def _details(conversation: Json, interaction: str, source: Source) -> Iterator[Event]:
    """The durations, and the answer to a survey where there is one."""
    metrics, latest = _metrics(conversation)
    inward = text(conversation.get("originatingDirection"), "originatingDirection") != "outbound"
    values = _durations(metrics) if inward else _durations(metrics) | {"abandoned": None}
    values["customer"] = _customer(conversation)
    base: Values = {"interaction_id": interaction, "role": Role.SYSTEM}
    channel = _channel(conversation)
    started = _time(conversation, "conversationStart")
    at = latest or _time(conversation, "conversationEnd") or started
    if at and any(value is not None for value in values.values()):
        # The same details are the same event, however and whenever they were asked for.
        digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]
        status = {"event_id": f"{interaction}:details:{digest}", "kind": EventKind.STATUS}
        yield record.event(source, channel, **base, **status, **values, occurred_at=at)
    for survey in sections(conversation, "surveys"):
        if survey.get("surveyPromoterScore") is None or at is None:
            continue
        named = identifier(survey.get("surveyId"), "surveys.surveyId")
        score = number(survey["surveyPromoterScore"], "surveys.surveyPromoterScore")
        where = "surveys.surveyPromoterScore"
        rated: Values = {
            "event_id": f"{interaction}:survey:{named}",
            "message_id": f"survey:{named}",
            "kind": EventKind.RATING,
            "role": Role.CUSTOMER,
            "occurred_at": _time(survey, "surveyCompletedDate") or at,
            "ratings": (record.rating(RatingKind.NPS, score, (0, 10), where),),
        }
        yield record.event(source, channel, **(base | rated))


def _metrics(conversation: Json) -> tuple[dict[str, float], datetime | None]:
    """Seconds by name, added up over all sessions, and when the last was told."""
    sums: dict[str, float] = {}
    latest: datetime | None = None
    for who in sections(conversation, "participants"):
        for session in sections(who, "sessions"):
            for metric in sections(session, "metrics"):
                name = text(metric.get("name"), "metrics.name")
                if not name.startswith("t"):
                    continue  # counts, not times
                value = number(metric.get("value"), f"metrics.{name[:40]}") / 1000
                sums[name] = sums.get(name, 0.0) + (duration_s(value, name[:40]) or 0.0)
                told = _time(metric, "emitDate")
                latest = max(filter(None, (latest, told)), default=None)
    return sums, latest


def _durations(metrics: Mapping[str, float]) -> Values:
    """`tAcd` is the time in queues; only an agent's session has talk, hold and after-call work."""
    talk = metrics.get("tTalkComplete", metrics.get("tTalk"))
    hold = metrics.get("tHeldComplete", metrics.get("tHeld"))
    handled = metrics.get("tHandle")
    if handled is None and talk is not None:
        handled = talk + (hold or 0.0) + metrics.get("tAcw", 0.0)
    answered = talk is not None or handled is not None
    return {
        "wait_s": metrics.get("tAcd", metrics.get("tAbandon")),
        "talk_s": talk,
        "hold_s": hold,
        "handle_time_s": handled,
        "abandoned": False if answered else True if "tAbandon" in metrics else None,
    }


def _channel(conversation: Json) -> Channel:
    for who in sections(conversation, "participants"):
        if who.get("purpose") in _OUTSIDE:
            for session in sections(who, "sessions"):
                media = text(session.get("mediaType"), "mediaType").lower()
                return _CHANNELS.get(media, Channel.CHAT)
    return Channel.VOICE


def _customer(conversation: Json) -> str | None:
    for who in sections(conversation, "participants"):
        if who.get("purpose") not in _OUTSIDE:
            continue
        for session in sections(who, "sessions"):
            # Of an outbound call the customer is the one who was dialled.
            out = text(session.get("direction"), "direction") == "outbound"
            for key in ("dnis" if out else "ani", "addressFrom"):
                known = person(text(session.get(key), key))
                if known:
                    return known
        own = text(who.get("externalContactId"), "externalContactId")[:200]
        if own:
            return record.customer(vendor="genesys", vendor_id=own)
    return None


def _time(part: Json, key: str) -> datetime | None:
    return None if part.get(key) is None else iso_time(part[key], key)


# --- backfill -----------------------------------------------------------------------------------


def backfill(
    source: Source, credentials: Credentials, since: datetime, until: datetime, cursor: str | None
) -> Dialogue[Page]:
    """Ended conversations, by days of 100 a page. A cursor is 'day in Unix seconds:page'."""
    day, _, rest = (cursor or f"{int(since.timestamp())}:1").partition(":")
    start, page = datetime.fromtimestamp(page_number(day), UTC), page_number(rest)
    stop = min(start + timedelta(days=1), until.astimezone(UTC))
    headers = yield from _authorized(source, credentials)
    wanted = {
        "interval": f"{start:%Y-%m-%dT%H:%M:%SZ}/{stop:%Y-%m-%dT%H:%M:%SZ}",
        "order": "asc",
        "orderBy": "conversationStart",
        "paging": {"pageSize": _PAGE, "pageNumber": page},
    }
    url = f"https://api.{_region(source)}/api/v2/analytics/conversations/details/query"
    answer = yield json_call(url, "POST", headers, wanted)
    listed = sections(json_of(answer, "the list of conversations"), "conversations")
    found = [event for one in listed for event in _listed(one, source)]
    if len(listed) == _PAGE:
        return Page(found, f"{day}:{page + 1}")
    return Page(found, f"{stop.timestamp():.0f}:1" if stop < until else None)


def _listed(conversation: Json, source: Source) -> Iterator[Event]:
    """The end of the conversation, as pushed, and what a fetch would have added."""
    ended = _time(conversation, "conversationEnd")
    if ended is None:
        return
    named = identifier(conversation.get("conversationId"), "conversationId")
    channel = _channel(conversation)
    direction = text(conversation.get("originatingDirection"), "originatingDirection")
    values: Values = {
        "event_id": f"{named}:customer.end",
        "interaction_id": named,
        "kind": EventKind.STATUS,
        "role": Role.SYSTEM,
        "occurred_at": ended,
        "customer": _customer(conversation),
    }
    if channel is Channel.VOICE:
        values |= contact("voice", direction)
    if source.options.get("transcripts"):
        values["fetch"] = CONVERSATION + named
    yield record.event(source, channel, **values)
    yield from _details(conversation, named, source)


# --- options ------------------------------------------------------------------------------------


def _region(source: Source) -> str:
    region = source.options.get("region")
    if not isinstance(region, str) or not _REGION.fullmatch(region):
        raise Misconfigured(
            f"sources.{source.name}.options.region must be where your Genesys organisation lives, "
            "such as mypurecloud.ie or euw2.pure.cloud"
        )
    return region


def check(source: Source) -> None:
    """Raises Misconfigured for options that cannot work."""
    options.known(source, "region", "transcripts")
    options.true_or_false(source, "transcripts")
    _region(source)

"""Zoom's API: transcripts of recorded calls, and event subscriptions.

Source: developers.zoom.us (server-to-server OAuth, phone recording transcript, marketplace event
subscriptions) and public consumers of them, read 2026-11. A transcript is JSON: a `timeline` of
lines, each with its text, its offset and its speakers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from urllib.parse import quote, urlencode, urlsplit

from chalicelib.connectors.base import Source
from chalicelib.connectors.parts import options, turns
from chalicelib.connectors.parts.reading import Json, identifier, iso_time, sections, text
from chalicelib.connectors.vendor_api import (
    Call,
    Credentials,
    Dialogue,
    basic,
    bearer,
    checked,
    json_call,
    json_of,
)
from chalicelib.errors import Misconfigured, Retryable, Unreadable
from chalicelib.interaction import Event, Role

_API = "https://api.zoom.us/v2"
_TOKEN = "https://zoom.us/oauth/token"  # noqa: S105 - the address
CREDENTIALS = ("account_id", "client_id", "client_secret")
#: The secret token is the app's own and no API tells it.
TO_REGISTER = (*CREDENTIALS, "secret_token")
PER_MINUTE = 600  # heavy calls: 10 a second on the smallest plan
TRANSCRIPT = "transcript:"
_REDIRECTS = (301, 302, 303, 307, 308)


def fetch(event: Event, source: Source, credentials: Credentials) -> Dialogue[Sequence[Event]]:
    """What was said in a recorded call, by turns."""
    headers = yield from _authorized(credentials, "account_credentials")
    named = quote(event.fetch.removeprefix(TRANSCRIPT), safe="")
    answer = yield Call(f"{_API}/phone/recording_transcript/download/{named}", headers=headers)
    if answer.status in _REDIRECTS:
        answer = yield Call(_own(answer.headers.get("location", "")), headers=headers)
    if answer.status == 400:  # 12002: not written down yet
        raise Retryable("the transcript is not ready at Zoom")
    transcript = json_of(answer, "the recording's transcript")
    return turns.spoken(event, source, _lines(transcript, event))


def _own(url: str) -> str:
    """The address of a redirect. Raises Unreadable unless it is Zoom's: it gets our token."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise Unreadable("the transcript's redirect cannot be read") from None
    if parts.scheme != "https" or not (host == "zoom.us" or host.endswith(".zoom.us")):
        raise Unreadable("the transcript's redirect does not lead to Zoom")
    return url


def _lines(transcript: Json, event: Event) -> Iterator[turns.Line]:
    began = transcript.get("recording_start")
    start = iso_time(began, "recording_start") if began else event.occurred_at
    for place, said in enumerate(sections(transcript, "timeline")):
        stamp = text(said.get("ts"), "timeline.ts")
        at = turns.after(start, turns.clock(stamp, "timeline.ts") if stamp else 0, "timeline.ts")
        piece = f"{event.fetch.rpartition(':')[2]}:{place}"
        yield turns.Line(_role(said), at, piece, text(said.get("text"), "timeline.text"))


def _role(said: Json) -> Role:
    """A speaker with a Zoom user is an agent. The customer has a name or a number at most."""
    speakers = sections(said, "users") or [said]
    known = any(
        one.get(key)
        for one in speakers
        for key in ("zoom_userid", "user_id", "email_address", "userId")
    )
    return Role.AGENT if known else Role.CUSTOMER


def _authorized(credentials: Credentials, grant: str) -> Dialogue[dict[str, str]]:
    form = {"content-type": "application/x-www-form-urlencoded"}
    headers = basic(credentials["client_id"], credentials["client_secret"]) | form
    fields = {"grant_type": grant, "account_id": credentials["account_id"]}
    answer = yield Call(_TOKEN, "POST", headers, urlencode(fields).encode())
    if answer.status == 400:
        raise Misconfigured("Zoom refuses our account id, client id or client secret (400)")
    token = json_of(answer, "the access token").get("access_token")
    return bearer(identifier(token, "access_token"))


Register = Callable[[str, Source, Credentials, str], Dialogue[str]]


def registration(names: Sequence[str]) -> Register:
    """What registers an address for these events."""

    def register(url: str, source: Source, credentials: Credentials, _secret: str) -> Dialogue[str]:
        headers = yield from _authorized(credentials, "client_credentials")
        place = f"{_API}/marketplace/app/event_subscription"
        answer = yield Call(place, headers=headers)
        listed = json_of(answer, "the list of event subscriptions")
        for one in sections(listed, "event_subscriptions"):
            if one.get("event_webhook_url") == url:
                return credentials["secret_token"]
        wanted = {
            "events": list(names),
            "event_subscription_name": source.name,
            "event_webhook_url": url,
            "subscription_scope": "account",
            "account_id": credentials["account_id"],
        }
        answer = yield json_call(place, "POST", headers, wanted)
        made = json_of(checked(answer, "the event subscription"), "the event subscription")
        identifier(made.get("event_subscription_id"), "event_subscription_id")
        return credentials["secret_token"]

    return register


def check(source: Source) -> None:
    """Raises Misconfigured: Zoom Phone has no options."""
    options.known(source)

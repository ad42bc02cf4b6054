"""Front (shared inboxes of email, SMS and chat): application webhooks and rule webhooks.

Source: dev.frontapp.com/docs/application-webhooks, /docs/rule-webhooks and /reference/events, read
2026-11. One event a delivery.
Signed, application: `X-Front-Signature`: base64 HMAC-SHA256 of the time, ":" and the body, with the
app's signing key; `X-Front-Request-Timestamp` in milliseconds. Rule: base64 HMAC-SHA1 of the body
with the company's API secret, without a time. Which of the two it is, the time's header tells.
"""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime

from chalicelib import signatures
from chalicelib.connectors import front_api
from chalicelib.connectors.base import Connector, Outcome, Reply, Request, Source
from chalicelib.connectors.front_events import KINDS, event_values
from chalicelib.connectors.parts import record
from chalicelib.connectors.parts.reading import json_body, section, text
from chalicelib.errors import Rejected, Skipped, Unreadable
from chalicelib.interaction import Channel, Event

_SIGNATURE = "x-front-signature"
_TIME = "x-front-request-timestamp"
_CHALLENGE = "x-front-challenge"
_LONGEST = 1000  # characters of a challenge

#: Application webhooks have names of their own, beside the type of the event that they hold.
_APPLICATION: Mapping[str, str] = {
    "inbound_received": "inbound",
    "outbound_sent": "outbound",
    "conversation_archived": "archive",
    "conversation_reopened": "reopen",
    "conversation_deleted": "trash",
    "new_comment_added": "comment",
    "tag_added": "tag",
    "tag_removed": "untag",
}


def verify(request: Request, secrets: Sequence[str], now: datetime) -> None:
    """Raises Rejected. A rule's webhook has no time: an old one can come again, as a duplicate."""
    usable = [secret for secret in secrets if secret]
    if not usable:
        raise Rejected("this source has no secret; add the app's signing key")
    if _TIME not in request.headers:
        _check_rule(request, usable)
        return
    signature, stamp = (signatures.header_bytes(request.headers, n) for n in (_SIGNATURE, _TIME))
    fits = [hmac.compare_digest(signature, _timed(stamp, request.body, one)) for one in usable]
    if not any(fits):
        raise Rejected("the signature does not fit the body under any secret")
    if not stamp.isdigit() or len(stamp) > 15:
        raise Rejected("the signed time is not a whole number of milliseconds")
    signatures.check_age(int(stamp) / 1000, now)


def _check_rule(request: Request, secrets: Sequence[str]) -> None:
    given = signatures.signature_of(request.headers, _SIGNATURE)
    try:
        signatures.check_body_base64(request.body, given, secrets, algorithm="sha1", prefix="")
    except Rejected as error:
        raise Rejected(f"{error}; an application's webhook needs the {_TIME} header too") from error


def sign(request: Request, secret: str, now: datetime) -> Request:
    """As an application webhook where the request has its time's header, else as a rule's."""
    if _TIME not in request.headers:
        signature = signatures.sign_body_base64(request.body, secret, algorithm="sha1", prefix="")
        return request.with_headers(**{_SIGNATURE: signature})
    stamp = str(int(now.timestamp() * 1000))
    signature = _timed(stamp.encode(), request.body, secret).decode()
    return request.with_headers(**{_SIGNATURE: signature, _TIME: stamp})


def _timed(stamp: bytes, body: bytes, secret: str) -> bytes:
    key = secret.encode("utf-8", "surrogatepass")
    return b64encode(hmac.digest(key, stamp + b":" + body, "sha256"))


def handshake(request: Request) -> Reply | None:
    """The challenge of the header, echoed when the address is saved at Front."""
    challenge = request.headers.get(_CHALLENGE, "")
    if not 0 < len(challenge) <= _LONGEST or not (challenge.isascii() and challenge.isprintable()):
        return None
    try:
        if json_body(request).get("type") != "sync":  # the header is not signed, the type is
            return None
    except Unreadable:
        return None
    answer = json.dumps({"challenge": challenge})
    return Reply(200, answer, {"Content-Type": "application/json"})


def events(request: Request, source: Source, _received_at: datetime) -> Sequence[Event]:
    """One message, note, state, set of tags or deletion."""
    body = json_body(request)
    name = text(body.get("type"), "type")
    event = section(body, "payload") if "payload" in body else body
    kind = text(event.get("type"), "payload.type") or _APPLICATION.get(name, name)
    if kind not in KINDS:
        raise Skipped(f"front event {(kind or name)[:60]!r}")
    values, channel = event_values(event, kind)
    return [record.event(source, channel, **values)]


CONNECTOR = Connector(
    name="front",
    title="Front",
    channel=Channel.EMAIL,
    verify=verify,
    events=events,
    handshake=handshake,
    sign=sign,
    # Rule webhooks are never sent again, whatever we answer: what we keep is a plain success.
    status={Outcome.UNREADABLE: 200, Outcome.SKIPPED: 200},
    retries="application webhooks up to three times; rule webhooks never: backfill what was lost",
    secret_hint="Settings > Developers > the app > Signing key; for rules: Company > Webhooks > API secret",  # noqa: S106, E501
    fetch=front_api.FETCH,
    backfill=front_api.BACKFILL,
)

"""Meta (WhatsApp Cloud API, Messenger, Instagram messages): many events in one delivery.

Source: developers.facebook.com/documentation/business-messaging (whatsapp/webhooks/reference,
whatsapp/business-scoped-user-ids, messenger-platform/webhooks), read 2026-11.
Signed: `X-Hub-Signature-256: sha256=` hex HMAC-SHA256 of the body with the app secret, no time.
Set-up: GET with `hub.challenge`, proven by a token of its own (see VERIFY).
Times: WhatsApp in seconds as text, Messenger and Instagram in milliseconds.

Meta knows no conversation, only an endless thread. One customer's messages of one day (UTC) are
an interaction here. Its id is a digest, and so is a message's: Meta's ids of WhatsApp messages
hold the telephone number, merely encoded.
"""

from __future__ import annotations

import hashlib
import re
import secrets as randomness
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from chalicelib import signatures
from chalicelib.connectors.base import Connector, Outcome, Reply, Request, Source
from chalicelib.connectors.parts import options, record
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    json_body,
    number,
    optional_identifier,
    optional_section,
    section,
    sections,
    text,
    unix_time,
    unreadable,
)
from chalicelib.errors import Misconfigured, Rejected, Skipped
from chalicelib.interaction import Channel, Event, EventKind, Rating, RatingKind, Role

_SIGNATURE = "x-hub-signature-256"
#: What stands before the verify token among the source's secrets. The token travels in a URL, so
#: it must never be able to sign: what starts so answers the handshake and nothing else.
VERIFY = "verify:"
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{1,128}")  # repeated to a stranger: never markup

#: Days back in which a message that is taken back may have been written: WhatsApp allows two.
_REVOKED_WITHIN = 2
_UNSENT_WITHIN = 7

_SCALES: Mapping[str, tuple[RatingKind, tuple[float, float]]] = {
    "csat": (RatingKind.CSAT, (1, 5)),
    "nps": (RatingKind.NPS, (0, 10)),
    "ces": (RatingKind.CES, (1, 7)),
}
_GOOD = frozenset("👍❤🧡💛💚💙💜🖤🤍🤎♥😍🥰😊😀😃😄😁🙂🎉🙏👏🤩💯") | {"love", "like", "smile"}
_BAD = frozenset("👎😡😠🤬😢😭😞😟🙁☹😤💩") | {"angry", "sad", "dislike"}
Values = dict[str, Any]


# --- proof --------------------------------------------------------------------------------------


def verify(request: Request, secrets: Sequence[str], _now: datetime) -> None:
    """A delivery by the app secret, the set-up request by the verify token."""
    if request.method == "GET":
        tokens = [s.removeprefix(VERIFY) for s in secrets if s.startswith(VERIFY)]
        signatures.check_token(_query(request).get("hub.verify_token"), tokens)
        return
    keys = [secret for secret in secrets if not secret.startswith(VERIFY)]
    header = signatures.signature_of(request.headers, _SIGNATURE)
    signatures.check_body_hex(request.body, header, keys, algorithm="sha256")


def sign(request: Request, secret: str, _now: datetime) -> Request:
    signature = signatures.sign_body_hex(request.body, secret, algorithm="sha256")
    return request.with_headers(**{_SIGNATURE: signature})


def handshake(request: Request) -> Reply | None:
    """The challenge of a verified GET; HEAD is answered as well."""
    if request.method == "HEAD":
        return Reply(200)
    if request.method != "GET":
        return None
    challenge = _query(request).get("hub.challenge", "")
    return Reply(200, challenge) if _CHALLENGE.fullmatch(challenge) else Reply(400)


def _query(request: Request) -> dict[str, str]:
    try:
        return dict(parse_qsl(urlsplit(request.url).query))
    except ValueError as error:
        raise Rejected("the URL cannot be read") from error


def scrub(request: Request) -> Request:
    """Without the verify token, which stands in the URL of a set-up request."""
    if "hub.verify_token" not in request.url:
        return request
    kept = {k: v for k, v in _query(request).items() if k != "hub.verify_token"}
    url = request.url.partition("?")[0] + "?" + urlencode(kept)
    return Request(request.method, url, request.headers, request.body)


# --- events -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Thread:
    """Our number, page or account, and the customer whom it talks to."""

    account: str
    person: str
    customer: str | None

    def interaction(self, day: datetime) -> str:
        return f"{day:%Y%m%d}-{_digest(self.account, self.person)}"


def events(request: Request, source: Source, _received_at: datetime) -> Sequence[Event]:
    """Every message, rating and deletion of a delivery; receipts are skipped."""
    reactions = _reactions(source)
    body = json_body(request)
    kind = text(body.get("object"), "object")
    read = _READERS.get(kind)
    if read is None:
        raise Skipped(f"meta object {kind[:60]!r}")
    made = {
        values["event_id"]: record.event(source, Channel.CHAT, **values)
        for entry in sections(body, "entry")
        for values in read(entry, kind)
        if reactions or not values["event_id"].startswith("reaction:")
    }
    if not made:
        raise Skipped(f"meta {kind} delivery without messages (receipts, or reactions not used)")
    return list(made.values())


def check(source: Source) -> None:
    _reactions(source)
    options.known(source, "reactions")


def _reactions(source: Source) -> bool:
    wanted = source.options.get("reactions", "ignore")
    if wanted not in ("ignore", "thumbs"):
        raise Misconfigured(f"sources.{source.name}.options.reactions must be 'thumbs' or 'ignore'")
    return bool(wanted == "thumbs")


# --- WhatsApp -----------------------------------------------------------------------------------


def _whatsapp(entry: Json, _kind: str) -> Iterator[Values]:
    for change in sections(entry, "changes"):
        value = optional_section(change, "value")
        ours = text(optional_section(value, "metadata").get("phone_number_id"), "phone_number_id")
        contacts = sections(value, "contacts")
        for message in sections(value, "messages"):
            thread = _number(message, "from", ours, contacts)
            yield from _whatsapp_message(message, thread, Role.CUSTOMER)
        # What the company wrote in the WhatsApp Business app on its telephone.
        for message in sections(value, "message_echoes"):
            thread = _number(message, "to", ours, contacts)
            yield from _whatsapp_message(message, thread, Role.AGENT)


def _number(message: Json, key: str, account: str, contacts: list[Json]) -> _Thread:
    """The customer: the business-scoped id that Meta adds since 2026, and the number.

    The id is what the thread is known by, for a number can be guessed from a digest and may be
    left out. A message without either names nobody and is a thread of its own.
    """
    written = optional_identifier(message.get(key), f"messages.{key}") or ""
    phone = written if written.isdecimal() else ""
    known = [one for one in contacts if not phone or text(one.get("wa_id"), "wa_id") == phone]
    scoped = [message.get(f"{key}_user_id"), *(one.get("user_id") for one in known[:1])]
    found = (optional_identifier(one, "user_id") for one in scoped)
    user_id = next((one for one in found if one), None) or (written if not phone else None)
    person = user_id or phone or _mid(message.get("id"), "messages.id")
    customer = record.customer(phone=phone, vendor="whatsapp", vendor_id=user_id)
    return _Thread(account, person, customer)


def _whatsapp_message(message: Json, thread: _Thread, role: Role) -> Iterator[Values]:
    kind = text(message.get("type"), "messages.type")
    at = unix_time(message.get("timestamp"), "messages.timestamp")
    common = _common(thread, _mid(message.get("id"), "messages.id"), at)
    if kind == "reaction":
        reaction = section(message, "reaction")
        target = _mid(reaction.get("message_id"), "reaction.message_id")
        if role is Role.CUSTOMER:
            yield from _reacted(common, target, text(reaction.get("emoji"), "reaction.emoji"))
    elif kind == "revoke":
        original = section(message, "revoke").get("original_message_id")
        yield from _taken_back(common, thread, _mid(original, "revoke"), _REVOKED_WITHIN)
    elif kind == "edit":
        edit = section(message, "edit")
        original = _mid(edit.get("original_message_id"), "edit.original_message_id")
        words = _whatsapp_words(section(edit, "message"))
        yield common | {"role": role, "text": words, "message_id": original}
    elif kind not in ("unsupported", "unknown", "system", "request_welcome"):
        yield common | {"role": role, "text": _whatsapp_words(message)}


def _whatsapp_words(message: Json) -> str:
    """The words of a message of any type; empty for a picture or a voice message without any."""
    kind = text(message.get("type"), "messages.type")
    part = message.get(kind)
    if not isinstance(part, dict):
        # A location or a list of contacts says nothing; a text without its words is not a text.
        return (
            ""
            if kind not in ("text", "button", "interactive")
            else unreadable(kind, "an object", part)
        )
    if kind == "interactive":
        chosen = optional_section(part, text(part.get("type"), "interactive.type"))
        return text(chosen.get("title"), "interactive.title")
    key = {"text": "body", "button": "text", "order": "text"}.get(kind, "caption")
    return text(part.get(key), f"{kind}.{key}")


# --- Messenger and Instagram --------------------------------------------------------------------


def _pages(entry: Json, kind: str) -> Iterator[Values]:
    """`standby` holds the same while another app has the conversation."""
    network = "instagram" if kind == "instagram" else "messenger"
    for item in [*sections(entry, "messaging"), *sections(entry, "standby")]:
        read = next((read for key, read in _ITEMS.items() if item.get(key) is not None), None)
        if read is None:
            continue  # read, delivered, opted in, …
        part = next(section(item, key) for key in _ITEMS if item.get(key) is not None)
        echo = part.get("is_echo") is True
        ours, theirs = ("sender", "recipient") if echo else ("recipient", "sender")
        person = identifier(section(item, theirs).get("id"), f"{theirs}.id")
        account = identifier(optional_section(item, ours).get("id", entry.get("id")), f"{ours}.id")
        customer = record.customer(vendor=network, vendor_id=person)
        at = _milliseconds(item.get("timestamp"), "messaging.timestamp")
        yield from read(part, _Thread(account, person, customer), at)


def _page_message(message: Json, thread: _Thread, at: datetime) -> Iterator[Values]:
    common = _common(thread, _mid(message.get("mid"), "message.mid"), at)
    if message.get("is_deleted") is True:
        yield from _taken_back(common, thread, common["message_id"], _UNSENT_WITHIN)
    elif message.get("is_unsupported") is not True:
        role = Role.AGENT if message.get("is_echo") is True else Role.CUSTOMER
        yield common | {"role": role, "text": text(message.get("text"), "message.text")}


def _edited(edit: Json, thread: _Thread, at: datetime) -> Iterator[Values]:
    common = _common(thread, _mid(edit.get("mid"), "message_edit.mid"), at)
    times = identifier(edit.get("num_edit", 1), "message_edit.num_edit")
    yield common | {
        "event_id": f"edit:{common['message_id']}:{_digest(times)}",
        "text": text(edit.get("text"), "message_edit.text"),
    }


def _pressed(postback: Json, thread: _Thread, at: datetime) -> Iterator[Values]:
    """A button or menu that the customer chose: what was written on it."""
    mid = postback.get("mid")
    own = _mid(mid, "postback.mid") if mid else _digest(thread.person, at.isoformat())
    yield _common(thread, own, at) | {"text": text(postback.get("title"), "postback.title")}


def _page_reaction(reaction: Json, thread: _Thread, at: datetime) -> Iterator[Values]:
    target = _mid(reaction.get("mid"), "reaction.mid")
    if text(reaction.get("action"), "reaction.action") == "react":
        emoji = text(reaction.get("emoji"), "reaction.emoji")
        name = text(reaction.get("reaction"), "reaction.reaction")
        common = _common(thread, _digest(target, at.isoformat()), at)
        yield from _reacted(common, target, emoji or name)


def _feedback(feedback: Json, thread: _Thread, at: datetime) -> Iterator[Values]:
    """The answers to Messenger's customer feedback template."""
    ratings: list[Rating] = []
    words: list[str] = []
    for screen in sections(feedback, "feedback_screens"):
        for name, answer in optional_section(screen, "questions").items():
            if not isinstance(answer, dict):
                unreadable("feedback question", "an object", answer)
            kind, scale = _SCALES.get(text(answer.get("type"), "question.type"), (None, (0, 1)))
            if kind:
                question = text(name, "question")[:64]
                value = number(answer.get("payload"), "question.payload")
                ratings.append(record.rating(kind, value, scale, "question.payload", question))
            follow_up = optional_section(answer, "follow_up")
            words.append(text(follow_up.get("payload"), "follow_up.payload"))
    if ratings:
        own = _digest(thread.account, thread.person, at.isoformat())
        yield _common(thread, f"feedback:{own}", at) | {
            "kind": EventKind.RATING,
            "text": "\n".join(filter(None, words)),
            "ratings": tuple(ratings),
        }


# --- what they share ----------------------------------------------------------------------------


def _common(thread: _Thread, own: str, at: datetime) -> Values:
    return {
        "event_id": own,
        "message_id": own,
        "interaction_id": thread.interaction(at),
        "kind": EventKind.MESSAGE,
        "occurred_at": at,
        "customer": thread.customer,
    }


def _reacted(common: Values, target: str, emoji: str) -> Iterator[Values]:
    """A reaction that can only be meant well or badly, as a thumb on the message reacted to."""
    sign = emoji.rstrip("\ufe0f")[:1] if not emoji.isascii() else emoji
    if sign in _GOOD or sign in _BAD:
        thumb = record.rating(RatingKind.THUMB, int(sign in _GOOD), (0, 1), "reaction", target)
        own = f"reaction:{common['event_id']}"
        yield common | {
            "event_id": own,
            "message_id": own,
            "kind": EventKind.RATING,
            "ratings": (thumb,),
        }


def _taken_back(common: Values, thread: _Thread, message_id: str, days: int) -> Iterator[Values]:
    """An erasure for each day on which the message may have been written: Meta does not say."""
    for back in range(days + 1):
        day = common["occurred_at"] - timedelta(days=back)
        yield {
            "event_id": f"erase:{message_id}:{back}",
            "interaction_id": thread.interaction(day),
            "kind": EventKind.ERASURE,
            "role": Role.SYSTEM,
            "occurred_at": common["occurred_at"],
            "erases": message_id,
        }


def _mid(value: object, where: str) -> str:
    """A digest of Meta's id of a message, which may be long and may hold a telephone number."""
    found = text(value, where)
    return _digest(found) if found else unreadable(where, "an id", None)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _milliseconds(value: object, where: str) -> datetime:
    return unix_time(number(value, where) / 1000, where)


_ITEMS: Mapping[str, Callable[[Json, _Thread, datetime], Iterator[Values]]] = {
    "message": _page_message,
    "message_edit": _edited,
    "postback": _pressed,
    "reaction": _page_reaction,
    "messaging_feedback": _feedback,
}
_READERS: Mapping[str, Callable[[Json, str], Iterator[Values]]] = {
    "whatsapp_business_account": _whatsapp,
    "page": _pages,
    "instagram": _pages,
}

CONNECTOR = Connector(
    name="meta",
    title="WhatsApp, Messenger, Instagram (Meta)",
    channel=Channel.CHAT,
    verify=verify,
    events=events,
    sign=sign,
    handshake=handshake,
    check=check,
    scrub=scrub,
    # Meta asks for 200 and takes any other answer as a failure to be repeated.
    status={Outcome.SKIPPED: 200, Outcome.UNREADABLE: 200},
    new_secret=lambda: randomness.token_hex(16),
    secret_hint="App Dashboard > App settings > Basic > App secret",  # noqa: S106
    retries=(
        "Repeats what is not answered with 200 at growing intervals, WhatsApp for up to 7 days, "
        "Messenger and Instagram for up to 36 hours; switches off a webhook that goes on failing."
    ),
)

"""Tickets and chats: contacts -> the requests that Zendesk and Intercom send of them.

The shapes are those of the vendors' documentation; see chalicelib/connectors/zendesk.py and
intercom.py for the pages.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from chalicelib.interaction import Role
from infra.demo.contact import Contact, Turn, zendesk_user
from infra.demo.delivery import Delivery, as_json, made_hex, made_uuid, reference

_AGENT = {"id": "9001", "name": "Havuvakan asiakaspalvelu"}


def zulu(at: datetime, *, nanoseconds: bool = False) -> str:
    """RFC 3339 in UTC, as vendors write it."""
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{stamp}.{at.microsecond:06}000Z" if nanoseconds else f"{stamp}Z"


# --- Zendesk ------------------------------------------------------------------------------------


def zendesk(contact: Contact) -> Iterator[Delivery]:
    """ticket.created, each further comment, an internal note, and the solving."""
    yield zendesk_event(contact, "ticket.created", contact.started_at, {})
    for place, turn in enumerate(contact.turns[1:], start=1):
        yield zendesk_event(
            contact, "ticket.comment_added", turn.at, {"comment": _comment(contact, turn, place)}
        )
    last = contact.turns[-1].at
    if contact.note:
        note = Turn(Role.NOTE, last + timedelta(minutes=3), contact.note)
        yield zendesk_event(
            contact, "ticket.comment_added", note.at, {"comment": _comment(contact, note, 90)}
        )
    if contact.closed_at is not None:
        change = {"current": "SOLVED", "previous": "OPEN"}
        yield zendesk_event(contact, "ticket.status_changed", contact.closed_at, change)


def zendesk_event(contact: Contact, kind: str, at: datetime, event: dict[str, Any]) -> Delivery:
    """One event-subscription webhook about the contact's ticket."""
    ticket, user = reference(contact), zendesk_user(contact.person)
    step = f"{kind} {at.isoformat()}"
    content = {
        "type": f"zen:event-type:{kind}",
        "account_id": 22129848,
        "id": made_uuid(contact, step),
        "time": zulu(at, nanoseconds=True),
        "zendesk_event_version": "2022-11-06",
        "subject": f"zen:ticket:{ticket}",
        "detail": {
            "actor_id": user,
            "assignee_id": _AGENT["id"],
            "brand_id": "361",
            "created_at": zulu(contact.started_at),
            "description": contact.turns[0].text,
            "external_id": None,
            "form_id": "77",
            "group_id": "42",
            "id": ticket,
            "is_public": True,
            "organization_id": None,
            "priority": "NORMAL",
            "requester_id": user,
            "status": event.get("current", "NEW" if kind == "ticket.created" else "OPEN"),
            "subject": contact.subject,
            "submitter_id": user,
            "tags": list(contact.tags),
            "type": "TICKET",
            "updated_at": zulu(at),
            "via": {"channel": "web_form"},
        },
        "event": event,
    }
    return as_json(
        contact.source,
        at,
        content,
        x_zendesk_account_id="22129848",
        x_zendesk_webhook_id="01KAWEBHOOKHAVUVAKKA",
        x_zendesk_webhook_invocation_id=made_hex(contact, step, 26).upper(),
    )


def _comment(contact: Contact, turn: Turn, place: int) -> dict[str, Any]:
    staff = turn.role is not Role.CUSTOMER
    author = {"id": zendesk_user(contact.person), "name": contact.person.full}
    return {
        "id": f"{reference(contact)}{place:02}",
        "body": turn.text,
        "is_public": turn.role is not Role.NOTE,
        "author": {**(_AGENT if staff else author), "is_staff": staff},
    }


# --- Intercom -----------------------------------------------------------------------------------


def intercom(contact: Contact, greeting: str = "") -> Iterator[Delivery]:
    """conversation.user.created, the bot's greeting, replies, the closing and the rating."""
    yield intercom_topic(contact, "conversation.user.created", contact.started_at, {})
    if greeting:
        bot = Turn(Role.BOT, contact.started_at + timedelta(seconds=2), greeting)
        yield _part(contact, "conversation.operator.replied", bot, 80)
    for place, turn in enumerate(contact.turns[1:], start=1):
        by_agent = turn.role is Role.AGENT
        topic = "conversation.admin.replied" if by_agent else "conversation.user.replied"
        yield _part(contact, topic, turn, place)
    if contact.closed_at is not None:
        yield intercom_topic(contact, "conversation.admin.closed", contact.closed_at, {})
    if contact.csat is not None and contact.rated_at is not None:
        rating = {
            "rating": contact.csat,
            "remark": None,
            "created_at": int(contact.rated_at.timestamp()),
            "contact": {"type": "contact", "id": made_hex(contact, "contact", 24)},
            "teammate": {"type": "admin", "id": 9001},
        }
        yield intercom_topic(
            contact,
            "conversation.rating.added",
            contact.rated_at,
            {"conversation_rating": rating},
        )


def _part(contact: Contact, topic: str, turn: Turn, place: int) -> Delivery:
    part = {
        "type": "conversation_part",
        "id": f"{reference(contact)}{place:02}",
        "part_type": "comment",
        "body": _paragraphs(turn.text),
        "created_at": int(turn.at.timestamp()),
        "author": _author(contact, turn.role),
        "attachments": [],
        "redacted": False,
    }
    parts = {"type": "conversation_part.list", "total_count": 1, "conversation_parts": [part]}
    held: dict[str, Any] = {"conversation_parts": parts}
    if turn.role is Role.AGENT and contact.wait_s is not None:
        held["statistics"] = {
            "type": "conversation_statistics",
            "time_to_admin_reply": contact.wait_s,
        }
    return intercom_topic(contact, topic, turn.at, held)


def intercom_topic(contact: Contact, topic: str, at: datetime, held: dict[str, Any]) -> Delivery:
    """One notification about the contact's conversation."""
    opening = contact.turns[0]
    item: dict[str, Any] = {
        "type": "conversation",
        "id": reference(contact),
        "created_at": int(contact.started_at.timestamp()),
        "updated_at": int(at.timestamp()),
        "source": {
            "type": "conversation",
            "id": f"{reference(contact)}00",
            "delivered_as": "customer_initiated",
            "subject": "",
            "body": _paragraphs(opening.text),
            "author": _author(contact, Role.CUSTOMER),
            "url": "https://www.havuvakka.example/",
        },
        "contacts": _contacts(contact),
        "tags": {
            "type": "tag.list",
            "tags": [{"type": "tag", "id": "9", "name": name} for name in contact.tags],
        },
        "conversation_parts": {
            "type": "conversation_part.list",
            "total_count": 0,
            "conversation_parts": [],
        },
        **held,
    }
    moment = int(at.timestamp())
    content = {
        "type": "notification_event",
        "app_id": "hv9k2d1q",
        "id": f"notif_{made_uuid(contact, f'{topic} {at.isoformat()}')}",
        "topic": topic,
        "created_at": moment,
        "first_sent_at": moment,
        "delivered_at": 0,
        "delivery_attempts": 1,
        "delivery_status": "pending",
        "links": {},
        "self": None,
        "data": {"type": "notification_event_data", "item": item},
    }
    return as_json(contact.source, at, content)


def _contacts(contact: Contact) -> dict[str, Any]:
    own_id = _author(contact, Role.CUSTOMER)["id"]
    one = {"type": "contact", "id": own_id, "external_id": contact.person.customer_number}
    return {"type": "contact.list", "contacts": [one]}


def _author(contact: Contact, role: Role) -> dict[str, Any]:
    person = contact.person
    if role is Role.CUSTOMER:
        own_id = f"6570{person.number:020x}"
        return {"type": "user", "id": own_id, "name": person.full, "email": person.email}
    if role is Role.BOT:
        return {"type": "bot", "id": "8000", "name": "Havuvakan apuri", "email": None}
    email = "chat@havuvakka.example"
    return {"type": "admin", "id": "9001", "name": "Asiakaspalvelu", "email": email}


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{html.escape(part, quote=False)}</p>" for part in text.split("\n") if part)

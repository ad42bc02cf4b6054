"""Amazon SES (email): receipt rules that publish to an SNS topic, which posts to us.

Source: docs.aws.amazon.com/ses/latest/dg/receiving-email-notifications-contents.html and
/receiving-email-action-s3.html, read 2026-11; the envelope and its signature: `sns.py`. One mail a
delivery: inside the notification (SNS action, up to 150 kB), or on S3 (S3 action), from where it
is fetched. Times: RFC 3339.

options.own_domains: [havuvakka.example]   # mail from these is an agent's answer
options.bucket: havuvakka-mail             # the only bucket that mail is fetched from
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote, unquote

from chalicelib import asymmetric
from chalicelib.connectors.base import Connector, Outcome, Request, Source
from chalicelib.connectors.parts import mail, record, sns
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    iso_time,
    json_body,
    json_value,
    optional_section,
    section,
    sections,
    text,
)
from chalicelib.connectors.vendor_api import Call, Credentials, Dialogue, Fetch, checked
from chalicelib.errors import Misconfigured, Skipped, Unreadable
from chalicelib.interaction import Event, EventKind, Role

SETUP = "AMAZON_SES_SETUP_NOTIFICATION"
_VALIDATED = "Successfully validated SNS topic"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_CONFIRM = "confirm:"
_OBJECT = "s3:"
_SAMPLE_TOPIC = "arn:aws:sns:eu-north-1:111122223333:inbound"


def verify(request: Request, secrets: Sequence[str], _now: datetime) -> None:
    sns.check(request, secrets)


def sign(request: Request, secret: str, _now: datetime) -> Request:
    return sns.sign(request, secret)


def events(request: Request, source: Source, received_at: datetime) -> Sequence[Event]:
    """A mail, a mail that waits on S3, or a subscription that waits to be confirmed."""
    envelope = json_body(request)
    kind = text(envelope.get("Type"), "Type")
    if kind == "SubscriptionConfirmation":
        return [_subscription(envelope, source)]
    if kind == "UnsubscribeConfirmation":
        raise Skipped("the topic's subscription was cancelled; subscribe again if it should not be")
    if kind != "Notification":
        raise Skipped(f"sns message {kind[:60]!r}")
    words = text(envelope.get("Message"), "Message")
    if words.startswith(_VALIDATED):
        raise Skipped("SES validated the topic")
    told = json_value(words.encode())
    if not isinstance(told, dict):
        raise Unreadable("Message is not a JSON object")
    return _received(told, source, received_at)


def _received(told: Json, source: Source, received_at: datetime) -> Sequence[Event]:
    kind = text(told.get("notificationType"), "notificationType")
    if kind != "Received":
        raise Skipped(f"ses notification {kind[:60]!r}")
    sent, receipt = section(told, "mail"), section(told, "receipt")
    if text(sent.get("messageId"), "mail.messageId") == SETUP:
        raise Skipped("SES's set-up notification")
    for verdict in ("spamVerdict", "virusVerdict"):
        status = text(optional_section(receipt, verdict).get("status"), f"receipt.{verdict}")
        if status == "FAIL":
            raise Skipped("spam" if verdict == "spamVerdict" else "a virus")
    action = optional_section(receipt, "action")
    content = told.get("content")
    if content is not None:
        letter = mail.of_bytes(_content(text(content, "content"), action))
        identity = mail.Identity(identifier(sent.get("messageId"), "mail.messageId"))
        return mail.events(letter, source, received_at, identity)
    if text(action.get("type"), "receipt.action.type") != "S3":
        raise Unreadable("the notification holds no mail, and its action names no S3 object")
    return [_waiting(sent, action, source, received_at)]


def _content(written: str, action: Json) -> bytes:
    if text(action.get("encoding"), "receipt.action.encoding").upper() != "BASE64":
        return written.encode("utf-8", "replace")
    try:
        return base64.b64decode(written)
    except ValueError as error:
        raise Unreadable("content says that it is base64, and is not") from error


def _waiting(sent: Json, action: Json, source: Source, received_at: datetime) -> Event:
    """The mail that lies on S3, without its words; what its headers rule out is skipped at once."""
    bucket = identifier(action.get("bucketName"), "receipt.action.bucketName")
    # Up to 1,024 bytes, so no identifier.
    key = text(action.get("objectKey"), "receipt.action.objectKey")
    if not _BUCKET.fullmatch(bucket) or not 0 < len(key.encode()) <= 1024:
        raise Unreadable("receipt.action names no object of S3")
    _check_bucket(source, bucket)
    letter = mail.of_parts(_headers(sent), "", "")
    identity = identifier(sent.get("messageId"), "mail.messageId")
    (full,) = mail.events(letter, source, received_at, mail.Identity(identity))
    return replace(
        full,
        kind=EventKind.STATUS,
        role=Role.SYSTEM,
        text="",
        tags=(),
        customer=None,
        message_id="",
        occurred_at=iso_time(sent.get("timestamp"), "mail.timestamp"),
        fetch=f"{_OBJECT}{bucket}/{quote(key)}",
    )


def _headers(sent: Json) -> dict[str, str]:
    """`mail.headers`, filled up by `mail.commonHeaders` where SES cut them at 10 kB."""
    found: dict[str, str] = {}
    for header in sections(sent, "headers"):
        name = text(header.get("name"), "mail.headers.name").lower()
        found.setdefault(name, text(header.get("value"), "mail.headers.value"))
    common = optional_section(sent, "commonHeaders")
    senders = common.get("from")
    first = senders[0] if isinstance(senders, list) and senders else sent.get("source")
    for name, value in (
        ("from", first),
        ("subject", common.get("subject")),
        ("message-id", common.get("messageId")),
    ):
        found.setdefault(name, text(value, f"mail.commonHeaders.{name}"))
    return found


def _subscription(envelope: Json, source: Source) -> Event:
    """What must be asked of SNS before it sends anything: that we want the topic's messages."""
    topic = text(envelope.get("TopicArn"), "TopicArn")
    token = text(envelope.get("Token"), "Token")
    sns.confirmation_url(topic, token)  # raises for another form
    return record.event(
        source,
        mail.CHANNEL,
        event_id=identifier(envelope.get("MessageId"), "MessageId"),
        interaction_id="subscription:" + mail.hashed(topic),
        kind=EventKind.STATUS,
        role=Role.SYSTEM,
        occurred_at=iso_time(envelope.get("Timestamp"), "Timestamp"),
        fetch=f"{_CONFIRM}{topic} {token}",
    )


# --- what is fetched ----------------------------------------------------------------------------


def fetch(event: Event, source: Source, _credentials: Credentials) -> Dialogue[Sequence[Event]]:
    """The mail of an S3 object, or a subscription's confirmation, which holds no event."""
    if event.fetch.startswith(_CONFIRM):
        topic, _, token = event.fetch.removeprefix(_CONFIRM).partition(" ")
        checked((yield Call(sns.confirmation_url(topic, token))), "the subscription")
        raise Skipped("the topic's subscription is confirmed")
    bucket, _, key = event.fetch.removeprefix(_OBJECT).partition("/")
    _check_bucket(source, bucket)
    answer = checked((yield Call(f"s3://{bucket}/{unquote(key)}")), "the mail on S3")
    identity = mail.Identity(f"{event.event_id}:mail", interaction_id=event.interaction_id)
    return mail.events(mail.of_bytes(answer.body), source, event.occurred_at, identity)


def _check_bucket(source: Source, bucket: str) -> None:
    wanted = source.options.get("bucket")
    if wanted is not None and wanted != bucket:
        raise Misconfigured(
            f"sources.{source.name}.options.bucket is another one than the receipt rule's"
        )


def check(source: Source) -> None:
    """Raises Misconfigured when the options cannot work."""
    mail.check(source)
    bucket = source.options.get("bucket")
    if bucket is not None and not (isinstance(bucket, str) and _BUCKET.fullmatch(bucket)):
        raise Misconfigured(f"sources.{source.name}.options.bucket must be a bucket's name")


def _new_secret() -> str:
    return f"{_SAMPLE_TOPIC}\n{asymmetric.new_rsa_key()}"


CONNECTOR = Connector(
    name="ses",
    title="Amazon SES",
    channel=mail.CHANNEL,
    verify=verify,
    events=events,
    sign=sign,
    check=check,
    key_url=sns.key_url,
    new_secret=_new_secret,
    # SNS gives up at once on a 4xx and tries for up to an hour after a 5xx. What is refused
    # because the secret lacks the topic comes again, so that the confirmation is not lost.
    status={Outcome.REJECTED: 503},
    retries="A 5xx is sent again up to 50 times within an hour; a 4xx ends it at once.",
    secret_hint="The ARN of the SNS topic: SNS > Topics > the topic; several on several lines",  # noqa: S106
    fetch=Fetch(fetch, (), calls_per_minute=600),
)

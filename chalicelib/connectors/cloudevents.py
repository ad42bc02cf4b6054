"""CloudEvents 1.0 over HTTP (Azure Event Grid, Knative, own systems): mapped by organisation.yaml.

Source: cloudevents/spec `cloudevents/bindings/http-protocol-binding.md`, `formats/json-format.md`
and `http-webhook.md`, read 2026-11. Binary, structured and batched mode; the JSON format alone.
Proof: the specification's bearer token, or what the secret's form says; see `proofs.py`.

Whatever the mode, a mapping sees the event as structured JSON: `type`, `subject`, `data.comment`.
`source` and `id` together are the identity. In binary mode both are headers, which an HMAC of the
body does not cover: there an HMAC must sign `{ce-id}` and `{ce-source}` too, or is refused.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from chalicelib.connectors.base import Connector, Outcome, Proof, Reply, Request, Source
from chalicelib.connectors.parts import mapping, proofs
from chalicelib.connectors.parts.reading import Json, identifier, json_value, text, unreadable
from chalicelib.errors import Rejected, Skipped, Unreadable
from chalicelib.interaction import Channel, Event

_DEFAULT = "bearer"
_STRUCTURED = "application/cloudevents"
_BATCH = "application/cloudevents-batch"
_ORIGIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_MOST_PER_MINUTE = 6000  # what one queue and one table take without being asked first
_LONGEST_READABLE = 200  # characters of an identity that is kept as it is; longer ones are hashed


def verify(request: Request, secrets: Sequence[str], now: datetime) -> None:
    usable = [secret for secret in secrets if secret]
    if _mode(request) == "binary":
        covered = [secret for secret in usable if _covers_identity(secret)]
        if usable and not covered:
            raise Rejected(
                "the signature does not cover ce-id and ce-source; send structured mode, or sign "
                "{ce-id}.{ce-source}.{body}"
            )
        usable = covered
    proofs.verify(request, usable, now, _DEFAULT)


def _covers_identity(secret: str) -> bool:
    try:
        signed = proofs.read(secret, _DEFAULT).signed.lower()
    except Rejected:
        return True  # verify tells what is wrong with it
    return not signed or ("{ce-id}" in signed and "{ce-source}" in signed)


def sign(request: Request, secret: str, now: datetime) -> Request:
    return proofs.sign(request, secret, now, _DEFAULT)


def handshake(request: Request) -> Reply | None:
    """The abuse protection of `http-webhook.md`: a sender asks whether it may deliver here.

    Consent is not trust: what it then delivers must still prove itself.
    """
    if request.method != "OPTIONS":
        return None
    origin = request.headers.get("webhook-request-origin", "").strip()
    if not _ORIGIN.fullmatch(origin):
        return Reply(200, headers={"Allow": "POST"})  # not a handshake, or no host name: no consent
    headers = {"Allow": "POST", "WebHook-Allowed-Origin": origin}
    rate = request.headers.get("webhook-request-rate", "").strip()
    if rate:
        asked = int(rate) if rate.isascii() and rate.isdigit() and len(rate) < 9 else 0
        headers["WebHook-Allowed-Rate"] = str(min(asked or _MOST_PER_MINUTE, _MOST_PER_MINUTE))
    return Reply(200, headers=headers)


def events(request: Request, source: Source, received_at: datetime) -> Sequence[Event]:
    """The events of one delivery; each is known by its own source and id."""
    found: dict[str, Event] = {}  # a repeated source and id is one event, says the specification
    reason = "an empty batch"
    for cloud in _cloud_events(request):
        try:
            made = mapping.events(cloud, source, _identity(cloud), received_at, cloud.get("time"))
        except Skipped as error:
            reason = str(error)
        else:
            for event in made:
                found.setdefault(event.event_id, event)
    if not found:
        raise Skipped(reason)
    return list(found.values())


# --- the three modes ----------------------------------------------------------------------------


def _mode(request: Request) -> str:
    kind = request.content_type
    if kind.startswith(_BATCH):
        return "batch"
    return "structured" if kind.startswith(_STRUCTURED) else "binary"


def _cloud_events(request: Request) -> list[Json]:
    mode = _mode(request)
    if mode == "binary":
        return [_binary(request)]
    if not request.content_type.endswith("+json"):
        raise Unreadable("the delivery is in another event format than JSON")
    value = json_value(request.body, request.headers.get("content-type", ""))
    if mode == "structured":
        return [_structured(value)]
    if not isinstance(value, list):
        unreadable("the batch", "a list", value)
    if len(value) > mapping.MAX_RECORDS:
        raise Unreadable(f"the batch holds {len(value)} events, more than {mapping.MAX_RECORDS}")
    return [_structured(one) for one in value]


def _structured(cloud: Any) -> Json:
    """An event of the JSON format, its `data_base64` as `data`."""
    if not isinstance(cloud, dict):
        unreadable("the event", "an object", cloud)
    encoded = cloud.get("data_base64")
    if encoded is None:
        return {**cloud, "data": _data(cloud.get("data"))}
    if not isinstance(encoded, str):
        unreadable("data_base64", "text", encoded)
    try:
        content = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise Unreadable("data_base64 is not base64") from None
    kind = text(cloud.get("datacontenttype"), "datacontenttype")
    return {**cloud, "data": _content(content, kind)}


def _binary(request: Request) -> Json:
    """The attributes from the headers, the data from the body."""
    if "ce-specversion" not in request.headers:
        raise Unreadable(
            "the delivery is no CloudEvent: its content type is not application/cloudevents+json "
            "and it has no header ce-specversion"
        )
    attributes: dict[str, Any] = {
        name.removeprefix("ce-"): unquote(value, errors="replace")
        for name, value in request.headers.items()
        if name.startswith("ce-")
    }
    return {**attributes, "data": _content(request.body, request.headers.get("content-type", ""))}


def _content(content: bytes, content_type: str) -> Any:
    """JSON as it is, plain text as our column `text`."""
    kind = content_type.partition(";")[0].strip().lower()
    if not content:
        return {}
    if kind in ("", "application/json", "text/json") or kind.endswith("+json"):
        return _data(json_value(content, content_type))
    if kind == "text/plain":
        try:
            return {"text": content.decode("utf-8")}
        except UnicodeDecodeError:
            raise Unreadable("the data is not UTF-8") from None
    raise Unreadable("the event's data is neither JSON nor plain text")


def _data(data: Any) -> Any:
    return {"text": data} if isinstance(data, str) else {} if data is None else data


# --- identity -----------------------------------------------------------------------------------


def _identity(cloud: Mapping[str, Any]) -> str:
    """source and id, which are required, as is the type; raises Unreadable without them."""
    version = text(cloud.get("specversion"), "specversion")
    if not version.startswith("1."):
        raise Unreadable("specversion is not 1.0")
    identifier(cloud.get("type"), "type")
    of = identifier(cloud.get("source"), "source")
    own = identifier(cloud.get("id"), "id")
    plain = f"{of} {own}"
    if len(plain) <= _LONGEST_READABLE and not re.search(r"\s", of):
        return plain
    return "ce_" + hashlib.sha256(json.dumps([of, own]).encode()).hexdigest()[:40]


CONNECTOR = Connector(
    name="cloudevents",
    title="CloudEvents",
    channel=Channel.FEEDBACK,
    verify=verify,
    events=events,
    sign=sign,
    handshake=handshake,
    open_methods=frozenset({"HEAD", "OPTIONS"}),
    check=mapping.check,
    proof=Proof.TOKEN,
    scrub=lambda request: proofs.scrub(request, "ce-"),
    # 410 makes the sender stop, 415 and other 4xx lose the event at most senders: never sent.
    # 503 with Retry-After is repeated.
    status={Outcome.RETRYABLE: 503, Outcome.MISCONFIGURED: 503},
    retry_after_s=30,
    retries="as the sender does; Azure Event Grid repeats for a day, at growing intervals",
    secret_hint="A token that you make up and give to the sender: Authorization: Bearer …",  # noqa: S106
)

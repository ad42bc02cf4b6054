"""Chalice <-> our plain requests and replies."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from urllib.parse import urlencode

from chalice.app import Chalice, Response, SQSEvent

from chalicelib.adapters.telemetry import described, warn, wordless
from chalicelib.connectors.base import Reply, Request
from chalicelib.errors import Unreadable

T = TypeVar("T")

# Any content type: a connector decides what it reads, and a refusal must be the connector's.
CONTENT_TYPES = ["*/*"]

# API Gateway hands these over base64-encoded, so that the bytes are those that were signed.
# text/plain is not among them, because our answers have that type, and Chalice refuses a binary
# answer to a request without a matching Accept header.
BINARY_TYPES = [
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/octet-stream",
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
    "application/jwt",
    "application/vnd.surveymonkey.response.v1+json",
    "message/rfc822",
]


def read(app: Chalice, public_url: str) -> Request:
    """The current request, as the vendor sent it to the public URL."""
    current = app.current_request
    assert current is not None, "called outside a request"  # noqa: S101 - Chalice's own promise
    raw = current.raw_body
    query = urlencode(list(_pairs(current.query_params)))
    path = current.context.get("path") or current.path
    stage = current.context.get("stage")
    if stage and path.startswith(f"/{stage}/"):
        path = path[len(stage) + 1 :]  # the public URL already holds the stage
    return Request(
        method=current.method,
        url=f"{public_url}{path}{'?' + query if query else ''}",
        headers={name.lower(): value for name, value in current.headers.items()},
        body=raw.encode() if isinstance(raw, str) else raw,
    )


def _pairs(params: Any) -> Iterable[tuple[str, str]]:
    for name in params or ():
        for value in params.getlist(name):
            yield name, value


def safely(work: Callable[[], Reply]) -> Response:
    """The answer of a route: 503, come again, where it could not even begin.

    Left to Chalice such an error would be a 400, for its own answer is of a binary type; and a 4xx
    is where some vendors drop a delivery for good.
    """
    try:
        return answer(work())
    except Exception as error:
        warn("a request could not be answered", why=described(error))
        return answer(Reply(503))


def answer(reply: Reply) -> Response:
    headers: dict[str, str | list[str]] = {"Content-Type": "text/plain; charset=utf-8"}
    headers.update(reply.headers)
    return Response(body=reply.body, status_code=reply.status, headers=headers)


def batch_failures(
    event: SQSEvent, work: Callable[[list[T]], Iterable[T]], read: Callable[[str], T]
) -> dict[str, Any]:
    """Run `work` on what `read` finds in the messages of a batch; name to Lambda those not done.

    Lambda deletes the rest from the queue (ReportBatchItemFailures).
    """
    found: dict[str, T] = {}
    failed_ids: list[str] = []
    for record in event.to_dict()["Records"]:
        try:
            found[record["messageId"]] = read(record["body"])
        except Unreadable as error:
            warn("a queue message is not ours", message_id=record["messageId"], reason=str(error))
            failed_ids.append(record["messageId"])
    with wordless():
        failed = set(work(list(dict.fromkeys(found.values()))))
    failed_ids += [message for message, item in found.items() if item in failed]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed_ids]}

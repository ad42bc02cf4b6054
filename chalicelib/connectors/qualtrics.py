"""Qualtrics (survey): event subscriptions that hold ids only; the answers are fetched.

Source: api.qualtrics.com (event subscriptions, single response, response export), and for the
signature kyma-incubator/connector-tools `qualtrics-event-gw/pkg/hmac`, read 2026-11.
One response a delivery, as a form: `MSG` is JSON, `HMAC` the hex HMAC-SHA512 of the decoded MSG
with the subscription's sharedKey. `Topic` is not signed and not read.

A subscription without a sharedKey (a workflow's web service task, too) sends the same fields as a
plain form and proves nothing: there the secret is `query?name=token#KEY` (see proofs.py), with
`?token=KEY` behind the publication URL.

`fetch` of an event is "<survey id>/<response id>". Times of the API: ISO 8601, UTC.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote_plus

from chalicelib import signatures
from chalicelib.connectors import qualtrics_api
from chalicelib.connectors.base import Connector, Outcome, Request, Source
from chalicelib.connectors.parts import answers, proofs, survey_api
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    json_value,
    optional_identifier,
    text,
    unreadable,
)
from chalicelib.errors import Rejected, Skipped, Unreadable
from chalicelib.interaction import Channel, Event

_SIGNED, _MAC = b"MSG", b"HMAC"
_WRITTEN_PROOF = re.compile(r"(bearer|basic|header|query)(\?[^#]*)?#.+", re.DOTALL)
_FINISHED = frozenset({"complete", "completed", "finished", ""})


# --- the delivery -------------------------------------------------------------------------------


def verify(request: Request, secrets: Sequence[str], now: datetime) -> None:
    tokens = [secret for secret in secrets if _WRITTEN_PROOF.fullmatch(secret)]
    if tokens and _field(request.body, _MAC) is None:
        return proofs.verify(request, tokens, now, "query?name=token")
    return _check(request.body, [secret for secret in secrets if secret not in tokens])


def _check(body: bytes, secrets: Sequence[str]) -> None:
    usable = [secret.encode("utf-8", "surrogatepass") for secret in secrets if secret]
    if not usable:
        raise Rejected("this source has no secret; add the subscription's sharedKey")
    message, mac = _field(body, _SIGNED), _field(body, _MAC)
    if message is None or mac is None:
        raise Rejected(
            "the form's field MSG or HMAC is missing; create the subscription with a sharedKey"
        )
    fits = [hmac.compare_digest(mac.lower(), _hex(message, secret)) for secret in usable]
    if not any(fits):
        raise Rejected("the HMAC does not fit MSG under any secret")


def _hex(message: bytes, key: bytes) -> bytes:
    return hmac.digest(key, message, "sha512").hex().encode()


def _field(body: bytes, name: bytes) -> bytes | None:
    return next((value for key, value in signatures.form_fields(body) if key == name), None)


def sign(request: Request, secret: str, now: datetime) -> Request:
    """Signs the form's MSG; a body without one is itself what is signed."""
    if _WRITTEN_PROOF.fullmatch(secret):
        return proofs.sign(request, secret, now, "query?name=token")
    message = _field(request.body, _SIGNED)
    others = [pair for pair in request.body.split(b"&") if not pair.startswith(_MAC + b"=")]
    if message is None:
        message = request.body
        others = [_SIGNED + b"=" + quote_plus(message).encode()]
    mac = _hex(message, secret.encode("utf-8", "surrogatepass"))
    return replace(request, body=b"&".join([_MAC + b"=" + mac, *others]))


def scrub(request: Request) -> Request:
    """Without the URL's token and without the signature, which is of no more use."""
    kept = [pair for pair in request.body.split(b"&") if not pair.startswith(_MAC + b"=")]
    return replace(proofs.scrub(request), body=b"&".join(kept))


def events(request: Request, source: Source, received_at: datetime) -> Sequence[Event]:
    """A response to fetch. `CompletedDate` names no zone, so that the time of arrival stands."""
    body = _message(request)
    if body.get("ResponseID") is None:
        raise Skipped("qualtrics event that names no response")
    status = text(body.get("Status"), "Status")
    answers.finished_or_wanted(source, status.lower() in _FINISHED)
    response_id = identifier(body.get("ResponseID"), "ResponseID")
    survey_id = identifier(body.get("SurveyID"), "SurveyID")
    # The same response may be completed again: a retake, an edit.
    change = optional_identifier(body.get("CompletedDate"), "CompletedDate") or ""
    return [
        answers.waiting(
            source,
            f"{survey_id}/{response_id}",
            event_id=f"{response_id}:{status}:{change}"[:255],
            interaction_id=response_id,
            occurred_at=received_at,
        )
    ]


def _message(request: Request) -> Json:
    """The signed JSON, or the plain form's fields."""
    message = _field(request.body, _SIGNED)
    if message is not None:
        found = json_value(message)
        return found if isinstance(found, dict) else unreadable("MSG", "a JSON object", found)
    try:
        return {k.decode(): v.decode() for k, v in signatures.form_fields(request.body)}
    except UnicodeDecodeError:
        raise Unreadable("the form is not UTF-8") from None


def check(source: Source) -> None:
    """Raises Misconfigured when the options cannot be read."""
    answers.check(source, *survey_api.OPTIONS)
    survey_api.check(source)


CONNECTOR = Connector(
    name="qualtrics",
    title="Qualtrics",
    channel=Channel.SURVEY,
    verify=verify,
    events=events,
    sign=sign,
    scrub=scrub,
    check=check,
    # What Qualtrics does with a subscription that fails is not documented.
    status={Outcome.SKIPPED: 200, Outcome.UNREADABLE: 200, Outcome.MISCONFIGURED: 503},
    secret_hint="The sharedKey that the event subscription was created with",  # noqa: S106
    fetch=qualtrics_api.FETCH,
    backfill=qualtrics_api.BACKFILL,
    registration=qualtrics_api.REGISTRATION,
)

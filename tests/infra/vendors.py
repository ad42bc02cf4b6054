"""What vendors do: sign a delivery, and post it."""

from __future__ import annotations

import http.client
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Request
from infra.commands import samples
from infra.local.hub import LocalHub
from infra.paths import ORGANISATION


def text() -> str:
    return ORGANISATION.read_text(encoding="utf-8")


def signed(hub: LocalHub, source: str, secret: str | None = None) -> Request:
    """The demo's newest delivery of a source, signed now."""
    connector = CONNECTORS[hub.organisation.sources[source].connector]
    unsigned = samples.samples()[source].request(f"{hub.url}/webhooks/{source}")
    return connector.sign(unsigned, secret or hub.secret(source), datetime.now(UTC))


def post(request: Request) -> int:
    url = urlsplit(request.url)
    connection = http.client.HTTPConnection(url.netloc, timeout=30)
    target = f"{url.path}?{url.query}" if url.query else url.path
    connection.request(request.method, target, request.body, dict(request.headers))
    status = connection.getresponse().status
    connection.close()
    return status


def next_monday() -> date:
    """The Monday after today: digests that leave then tell of the week of today."""
    today = datetime.now(UTC).date()
    return today - timedelta(days=today.weekday()) + timedelta(weeks=1)

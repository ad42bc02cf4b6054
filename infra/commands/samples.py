"""A signed sample delivery of each source, and the `curl` line that sends it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Outcome
from chalicelib.organisation import Organisation
from infra.demo import story
from infra.demo.delivery import Delivery

_SUFFIXES = {"application/json": ".json", "application/x-www-form-urlencoded": ".form"}


@cache
def samples() -> Mapping[str, Delivery]:
    """The demo's newest delivery of each source, unsigned."""
    found: dict[str, Delivery] = {}
    for delivery in story.live(datetime.now(UTC).date()):
        if delivery.expected is Outcome.ACCEPTED:
            found[delivery.source] = delivery
    return found


def webhook_sources(organisation: Organisation) -> list[str]:
    """The sources that deliver over HTTP."""
    return [name for name, source in organisation.sources.items() if source.connector != "rows"]


def curl(
    organisation: Organisation, source: str, url: str, secret: str, folder: Path
) -> str | None:
    """A command that delivers a sample, signed now; None where there is no sample.

    The body goes to a file in `folder`: its bytes are what is signed.
    """
    sample = samples().get(source)
    if sample is None:
        return None
    connector = CONNECTORS[organisation.sources[source].connector]
    unsigned = sample.request(f"{url}/webhooks/{source}")
    request = connector.sign(unsigned, secret, datetime.now(UTC))
    folder.mkdir(parents=True, exist_ok=True)
    body = folder / f"{source}{_SUFFIXES.get(request.content_type, '.body')}"
    body.write_bytes(request.body)
    headers = [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in request.headers.items()]
    return " ".join(
        ["curl -i", *headers, f"--data-binary @{shlex.quote(str(body))}", shlex.quote(request.url)]
    )

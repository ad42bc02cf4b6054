"""A signed sample delivery of each source, and the `curl` line that sends it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Outcome
from chalicelib.organisation import Organisation
from infra.commands.curl import curl_line
from infra.demo import story
from infra.demo.delivery import Delivery


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
    """A command that delivers a sample, signed now; None where there is no sample."""
    sample = samples().get(source)
    if sample is None:
        return None
    connector = CONNECTORS[organisation.sources[source].connector]
    unsigned = sample.request(f"{url}/webhooks/{source}")
    request = connector.sign(unsigned, secret, datetime.now(UTC))
    return curl_line(request, source, folder)

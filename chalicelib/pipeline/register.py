"""register: a vendor's API creates the webhook, and its signing secret is stored."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS, vendor_api
from chalicelib.errors import Misconfigured, Skipped
from chalicelib.pipeline.receive import as_source
from chalicelib.pipeline.vendors import Paced, Send, Sleep

#: Calls a minute: a handful of calls, once; every vendor takes as many.
_PER_MINUTE = 60
_PATIENCE_S = 120.0
_PUBLIC = re.compile(r"https://|http://127\.0\.0\.1[:/]")


@dataclass(frozen=True)
class Registered:
    """A webhook that the vendor now calls. `secrets` is how many fit, older ones included."""

    source: str
    url: str
    secrets: int


def run(
    world: World,
    source_name: str,
    url: str,
    send: Send | None = None,
    *,
    sleep: Sleep = time.sleep,
) -> Registered:
    """Create the webhook of a source at its vendor, or find it there; `url` is the public one.

    The signing secret is stored as the newest, and the older ones still fit. Functions read it
    within five minutes; the vendor's retries bridge them. Safe to repeat. `send` does the I/O; by
    default over the network. Raises Misconfigured for an unknown source, a vendor without such an
    API, a URL that is not https, or credentials that do not do; Retryable when the vendor does
    not answer.
    """
    if not _PUBLIC.match(url):
        raise Misconfigured("a vendor calls an https address alone; set public_url to yours")
    config = world.organisation().sources.get(source_name)
    if config is None:
        raise Misconfigured(f"organisation.yaml has no source {source_name!r}")
    connector = CONNECTORS[config.connector]
    way = connector.registration
    if way is None:
        raise Misconfigured(
            f"{connector.title} has no API that creates its webhook; docs/connectors/"
            f"{connector.name}.md says how to set it up by hand"
        )
    credentials = world.secrets.credentials(source_name, way.credentials)
    # Before the vendor knows it: its first delivery may come before its answer.
    ours = world.secrets.offer(source_name, connector.new_secret())
    paced = Paced(world, source_name, _PER_MINUTE, send or world.vendors.send, _PATIENCE_S, sleep)
    dialogue = way.register(url, as_source(source_name, config, world.listens), credentials, ours)
    try:
        theirs = vendor_api.run(dialogue, paced)
    except Skipped as error:
        raise Misconfigured(f"sources.{source_name}: {error}") from error
    count = world.secrets.settle(source_name, ours, theirs)
    return Registered(source_name, url, count)

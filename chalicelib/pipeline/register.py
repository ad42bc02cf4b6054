"""register: a vendor's API creates the webhook, and its signing secret is stored."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.adapters.world import World
from chalicelib.pipeline.vendors import Send


@dataclass(frozen=True)
class Registered:
    """A webhook that the vendor now calls. `secrets` is how many fit, older ones included."""

    source: str
    url: str
    secrets: int


def run(world: World, source_name: str, url: str, send: Send | None = None) -> Registered:
    """Create the webhook of a source at its vendor, or find it there; `url` is the public one.

    The signing secret is stored as the newest, and the older ones still fit. Safe to repeat.
    `send` does the I/O; by default over the network. Raises Misconfigured for an unknown source,
    a vendor without such an API, a URL that is not https, or credentials that do not do;
    Retryable when the vendor does not answer.
    """
    raise NotImplementedError

"""`hub curl`: sample deliveries for the local hub that runs."""

from __future__ import annotations

from chalicelib.organisation import Organisation
from infra.commands import samples, worlds
from infra.paths import STATE


def lines(organisation: Organisation, source: str | None) -> list[str]:
    """A signed `curl` command for one source or each.

    Raises NoHub without a running hub, KeyError when there is no sample of the source.
    """
    world = worlds.connect(cloud=False)
    names = [source] if source else samples.webhook_sources(organisation)
    found = []
    for name in names:
        if name not in organisation.sources:
            raise KeyError(name)
        secret = world.secrets.of_source(name)[0]
        line = samples.curl(organisation, name, world.url(), secret, STATE / "samples")
        if line:
            found.append(line)
    if source and not found:
        raise KeyError(source)
    return found

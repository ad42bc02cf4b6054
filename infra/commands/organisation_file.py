"""An organisation file as a person wrote it: every fault with its line, connectors' options too."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from chalicelib import connectors, organisation, organisation_faults
from chalicelib.connectors import CONNECTORS
from chalicelib.errors import Misconfigured
from chalicelib.organisation import BadOrganisation, Organisation
from chalicelib.pipeline.receive import as_source

_PLACE = re.compile(r"(sources(?:\.[\w-]+)+): ")


def read(text: str) -> tuple[Organisation | None, list[str]]:
    """The organisation, where the file alone is without a fault, and all faults.

    A fault is 'line N, key: what; remedy'. An organisation with faults has a source whose connector
    or options cannot work.
    """
    try:
        found = organisation.read(text)
    except BadOrganisation as error:
        return None, str(error).splitlines()
    root = yaml.compose(text)
    assert root is not None  # noqa: S101 - an empty file has faults
    return found, [_placed(root, fault) for fault in _source_faults(found)]


def _source_faults(found: Organisation) -> Iterator[str]:
    for name, source in found.sources.items():
        if source.connector not in CONNECTORS:
            yield (
                f"sources.{name}.connector: {source.connector!r} is not one of "
                f"{', '.join(sorted(CONNECTORS))}"
            )
            continue
        try:
            connectors.check(as_source(name, source, listens=True))
        except Misconfigured as error:
            # Some name their place in the file themselves.
            yield str(error) if _PLACE.match(str(error)) else f"sources.{name}: {error}"


def _placed(root: yaml.Node, fault: str) -> str:
    """A fault that begins with its key, with its line before it."""
    place = _PLACE.match(fault)
    path = place[1].split(".") if place else []
    return f"line {organisation_faults.line(root, path)}, {fault}"

"""What every connector asks of its source's options: that it knows them."""

from __future__ import annotations

from chalicelib.connectors.base import Source
from chalicelib.errors import Misconfigured


def known(source: Source, *names: str) -> None:
    """Raises Misconfigured for an option that is none of `names`."""
    unknown = source.options.keys() - set(names)
    if unknown:
        raise Misconfigured(
            f"sources.{source.name}.options.{min(map(str, unknown))[:40]} is not known; "
            f"{source.connector} knows: {', '.join(sorted(names)) or 'none'}"
        )


def true_or_false(source: Source, name: str) -> None:
    """Raises Misconfigured for an option that is written and neither true nor false."""
    if not isinstance(source.options.get(name, False), bool):
        raise Misconfigured(f"sources.{source.name}.options.{name} must be true or false")

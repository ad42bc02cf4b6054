"""What can stand behind the server: each backend turns texts into results its own way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from model_image.wire import Result, Taxonomy, Text


class Backend(Protocol):
    """A loaded model. Calls come from one thread at a time."""

    @property
    def model(self) -> str:
        """Name, version and weights hash: what an enrichment records as its origin."""

    def warm_up(self) -> None:
        """Run once over every part, so that the first customer does not wait."""

    def understand(self, texts: Sequence[Text], taxonomy: Taxonomy) -> list[Result]:
        """One result a text, in order; the same for a text whatever its neighbours."""


def load(name: str) -> Backend:
    """The backend of that name. Imports late: each brings its own libraries."""
    if name == "compact":
        from model_image.backends.compact import Compact

        return Compact.load()
    raise ValueError(f"unknown backend {name!r}; known: compact")

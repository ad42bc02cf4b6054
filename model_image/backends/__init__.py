"""What can stand behind the server: each backend turns texts into results its own way."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

from model_image.wire import Request, Result, Taxonomy, Text

KNOWN = ("compact", "encoder")
SAGEMAKER_MODEL = Path("/opt/ml/model")  # where SageMaker unpacks the endpoint's own artefact
BAKED_MODEL = Path("/opt/program/model")  # where the Dockerfile puts the pinned weights


class Backend(Protocol):
    """A loaded model. Calls come from one thread at a time."""

    @property
    def model(self) -> str:
        """Name, version and weights hash: what an enrichment records as its origin."""

    def warm_up(self) -> None:
        """Run once over every part, so that the first customer does not wait."""

    def understand(self, texts: Sequence[Text], taxonomy: Taxonomy) -> list[Result]:
        """One result a text, in order; the same for a text whatever its neighbours."""


@dataclass(frozen=True, slots=True)
class Item:
    """A piece of work for the device: a text, or a window of a long one."""

    tokens: int
    content: Any  # what the backend's `launch` reads


class Outputs(NamedTuple):
    """What a step gave: one output an item, and the tokens computed, padding included."""

    each: Sequence[Any]
    computed: int


@runtime_checkable
class Staged(Protocol):
    """A backend whose work is parted, so that the device never waits for texts or JSON.

    `prepare` and `finish` run on any thread, several at once; `launch` and `collect` on the one
    device thread. With `overlaps`, `launch` returns before the device is done and the next step
    is launched before the last is collected.
    """

    model: str
    step_tokens: int  # a step takes at most as much, but always one item
    waiting_tokens: int  # more than this may not wait
    overlaps: bool

    def warm_up(self) -> None:
        """As Backend's; also the question whether the device still works."""

    def estimate(self, text: str) -> int:
        """Tokens of a text before it is tokenised; the items' own count from then on."""

    def known(self, taxonomy: Taxonomy) -> Any:
        """The taxonomy as `finish` wants it; None if its wordings must be read first."""

    def wordings(self, taxonomy: Taxonomy) -> Sequence[Text]:
        """What must be read to know the taxonomy."""

    def learn(self, taxonomy: Taxonomy, outputs: Sequence[Sequence[Any]]) -> Any:
        """Its wordings' outputs -> the taxonomy as `finish` wants it, which is also kept."""

    def prepare(self, texts: Sequence[Text], request: Request) -> list[list[Item]]:
        """Each text's items, at least one."""

    def launch(self, items: Sequence[Item]) -> Any:
        """Begin a step."""

    def collect(self, launched: Any) -> Outputs:
        """Wait for a step; an output that is an Exception fails that item alone."""

    def finish(
        self, texts: Sequence[Text], outputs: Sequence[Sequence[Any]], request: Request, known: Any
    ) -> list[Result]:
        """Each text's outputs -> its result."""


def load(name: str, directory: Path | None = None) -> Backend:
    """The backend of that name. Imports late: each brings its own libraries.

    `directory` is the encoder's model; see `model_directory` for where it is looked for.
    """
    if name == "compact":
        from model_image.backends.compact import Compact

        return Compact.load()
    if name == "encoder":
        os.environ.setdefault("HF_HUB_OFFLINE", "1")  # read when the library is imported
        from model_image.backends.encoder import Encoder

        return Encoder.load(directory or model_directory())
    raise ValueError(f"unknown backend {name!r}; known: {', '.join(KNOWN)}")


def model_directory() -> Path:
    """MODEL_DIR, else what SageMaker mounted, else what the image was built with."""
    named = os.environ.get("MODEL_DIR")
    if named:
        return Path(named)
    if (SAGEMAKER_MODEL / "heads.json").exists():
        return SAGEMAKER_MODEL
    return BAKED_MODEL

"""A transcriber without a model: it says where in a window there is talk, and how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from model_image.speech.activity import Kind, spans
from model_image.speech.listen import Segment
from model_image.speech.resample import Samples


@dataclass
class Hearer:
    """Says of each stretch of talk how long it is; refuses windows of more than 30 s."""

    model: str = "hearer-1"
    batch: int = 2
    windows: list[Samples] = field(default_factory=list)
    spoken_in: list[str] = field(default_factory=list)
    among: list[Sequence[str]] = field(default_factory=list)
    stops_after_s: float = 1e9  # of a window, as a model does that ends too soon

    def languages(self, windows: Sequence[Samples], among: Sequence[str]) -> list[str]:
        self.among.append(tuple(among))
        return [(tuple(among) or ("en",))[0]] * len(windows)

    def transcribe(
        self, windows: Sequence[Samples], languages: Sequence[str]
    ) -> list[list[Segment]]:
        self.windows += windows
        self.spoken_in += languages
        return [self._heard(window) for window in windows]

    def _heard(self, window: Samples) -> list[Segment]:
        assert len(window) <= 30 * 16_000 + 1
        return [
            Segment(one.start_s, one.end_s, f"puhetta {one.seconds:.0f} s", 0.9)
            for one in spans(window)
            if one.kind is Kind.SPEECH and one.start_s < self.stops_after_s
        ]


def loudness(samples: Samples) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(samples**2)))

"""What the server counts, in Prometheus' text format at /metrics.

SageMaker scrapes the path when the endpoint's ContainerMetricsConfig names it. Never a text's
words: counts, tokens and seconds alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST
PREFIX = "oivallus_model"
STEP_TOKENS = (64, 256, 1024, 2048, 4096, 8192, 16384, 32768, 65536)


class Meter:
    """One server's instruments; each server has its own registry."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.real = self.computed = 0

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"{PREFIX}_{name}", text, labels, registry=registry)

        self.waiting_tokens = Gauge(
            f"{PREFIX}_waiting_tokens", "Accepted and not yet answered.", registry=registry
        )
        self.step_tokens = Histogram(
            f"{PREFIX}_step_tokens", "Tokens of a step.", buckets=STEP_TOKENS, registry=registry
        )
        self.real_tokens = counter("real_tokens", "Tokens of texts that were read.")
        self.computed_tokens = counter("computed_tokens", "The same with padding, if any.")
        ratio = Gauge(
            f"{PREFIX}_computed_to_real", "Computed tokens for each real one.", registry=registry
        )
        ratio.set_function(lambda: self.computed / self.real if self.real else 1.0)
        self.seconds = counter("stage_seconds", "Wall seconds of work, summed.", "stage")
        self.answers = counter("answers", "Answers by HTTP status.", "status")
        self.refused = counter("refused", "Requests turned away.", "reason")
        self.texts = counter("texts", "Texts by what became of them.", "outcome")
        for stage in ("tokenise", "device", "format"):
            self.seconds.labels(stage)

    def step(self, real: int, computed: int) -> None:
        """One step of the model: `real` tokens of texts, `computed` with padding."""
        self.real, self.computed = self.real + real, self.computed + computed
        self.real_tokens.inc(real)
        self.computed_tokens.inc(computed)
        self.step_tokens.observe(real)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the block's wall seconds to a stage."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds.labels(stage).inc(time.perf_counter() - began)

    def text(self) -> bytes:
        """The page."""
        return generate_latest(self.registry)

"""In-memory twins of what moto cannot be: a model endpoint that judges by words, and metrics."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.errors import Retryable, Unreadable

WORDS = {"late": "myöhässä", "invoice": "lasku", "praise": "kiitos"}


@dataclass
class JudgingEndpoint:
    """Speaks the endpoint's schema. A text with 'MYRKKY' is refused; `down` answers nothing."""

    name: str = "twin"
    down: bool = False
    calls: int = 0
    texts: list[str] = field(default_factory=list)

    def invoke(self, body: bytes) -> bytes:
        self.calls += 1
        request = json.loads(body)
        if self.down:
            raise Retryable("the twin is down")
        if any("MYRKKY" in text["text"] for text in request["texts"]):
            raise Unreadable("the twin refuses a text")
        self.texts += [text["text"] for text in request["texts"]]
        return json.dumps(
            {
                "schema": "oivallus.enrichment.1",
                "model": "twin-1",
                "taxonomy": request["taxonomy"]["hash"],
                "results": [judge(text) for text in request["texts"]],
            }
        ).encode()


def judge(text: dict[str, Any]) -> dict[str, Any]:
    said = text["text"].lower()
    themes = [{"id": theme, "score": 0.9} for theme, word in WORDS.items() if word in said]
    negative, positive = (0.1, 0.8) if "kiitos" in said else (0.8, 0.1)
    return {
        "id": text["id"],
        "language": {"code": "fi", "p": 1.0},
        "sentiment": {"negative": negative, "neutral": 0.1, "positive": positive},
        "themes": themes,
        "demand": {"p_failure": 0.9 if "myöhässä" in said else 0.1},
    }


class Metrics(Counter[tuple[str, ...]]):
    """Counts by metric name and dimension values: `metrics["deliveries", "shop", "accepted"]`."""

    def __call__(
        self,
        metric: str,
        value: int = 1,
        /,
        facts: Mapping[str, Any] | None = None,
        **dimensions: str,
    ) -> None:
        self[metric, *dimensions.values()] += value

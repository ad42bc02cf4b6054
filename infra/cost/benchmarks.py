"""What the benchmarks measured, read from the pages that tell it: each stands in one place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from infra.paths import ROOT

PERFORMANCE = ROOT / "docs" / "performance.md"
MODEL = ROOT / "model_image" / "README.md"


@dataclass(frozen=True)
class Benchmarks:
    """CPU milliseconds on the machine of docs/performance.md."""

    webhook_ms: float
    batch_ms: dict[int, float]  # of understanding a batch, by its size
    digest_ms: float
    cold_ms: float  # importing what a webhook needs
    lone_text_ms: float  # of the model, a text alone
    text_ms: float  # of the model, a text among thousands
    encoder_texts_s: float  # of the encoder, in bf16 on one core


def benchmarks(performance: str | None = None, model: str | None = None) -> Benchmarks:
    """Read the two pages. Raises ValueError naming the row that is missing."""
    of_hub = performance or PERFORMANCE.read_text(encoding="utf-8")
    of_model = model or MODEL.read_text(encoding="utf-8")
    return Benchmarks(
        webhook_ms=_cell(of_hub, PERFORMANCE, "## A webhook", "CPU µs", 2) / 1000,
        batch_ms={
            size: _cell(of_hub, PERFORMANCE, "## Understanding", str(size), 1)
            for size in (1, 10, 100)
        },
        digest_ms=_cell(of_hub, PERFORMANCE, "## A digest", "1,000,000", 4),
        cold_ms=_cell(of_hub, PERFORMANCE, "## Cold start", "a webhook (`app`)", 1) * 1000,
        lone_text_ms=_cell(of_model, MODEL, "## Speed", "a lone text", 1) / 1000,
        text_ms=_cell(of_model, MODEL, "## Speed", "read, understand, write", 1) / 1000,
        encoder_texts_s=_cell(
            of_model, MODEL, "## Speed of the encoder", "packed, all heads, JSON, bf16", 1
        ),
    )


def _cell(text: str, page: Path, heading: str, row: str, column: int) -> float:
    """The number in a table's row below a heading."""
    section = text.partition(f"\n{heading}")[2].partition("\n## ")[0]
    found = re.search(rf"^\| *{re.escape(row)} *\|(.*)\|$", section, re.MULTILINE)
    if not found:
        raise ValueError(
            f"{page.relative_to(ROOT)} has no row {row!r} below {heading!r}: run the benchmark, "
            "write its table there, or teach infra/cost/benchmarks.py where it went"
        )
    return float(found[1].split("|")[column - 1].replace(",", ""))

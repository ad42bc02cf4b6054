"""Markdown for docs/cost.md: filled paragraphs, and tables of numbers."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence


def wrapped(text: str) -> str:
    """The same Markdown with its paragraphs and list items filled to 100 columns."""

    def filled(line: str) -> str:
        indent = "  " if line.startswith("- ") else ""
        return textwrap.fill(
            line, 100, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        )

    blocks = []
    for block in text.split("\n\n"):
        if not block.startswith(("|", "#")):
            items = re.sub(r"\n(?!- )\s*", " ", block).split("\n")
            block = "\n".join(map(filled, items))  # noqa: PLW2901
        blocks.append(block)
    return "\n\n".join(blocks)


def table(head: Sequence[str], rows: Iterator[Sequence[str]] | Sequence[Sequence[str]]) -> str:
    """A Markdown table; all but the first column are numbers."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)

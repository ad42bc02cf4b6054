"""The table at the end of a demo, for people and as JSON."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from infra.commands import letters
from infra.commands.demo import Report


def as_json(report: Report) -> dict[str, Any]:
    """The report as plain data: counts, seconds of each stage, files of each digest."""
    return {
        "counts": report.counts,
        "unexpected": report.unexpected,
        "seconds": {name: round(s, 2) for name, s in report.stages.items()},
        "refused": report.refused,
        "digests": [
            {
                "week": letter.week,
                "department": letter.department,
                "subject": letter.subject,
                "readers": list(letter.readers),
                "eml": _short(letter.eml),
                "html": _short(letter.html),
                "png": _short(letter.picture) if letter.picture else None,
            }
            for letter in report.letters
        ],
    }


def show(report: Report, console: Console) -> None:
    """Print what happened, how long it took, and where the digests are."""
    console.print(_counts(report))
    for reason in report.refused:
        console.print(f"  refused: {reason}", style="yellow", markup=False)
    console.print("\nDigests", style="italic")
    for letter in report.letters:
        readers = f", {len(letter.readers)} readers" if len(letter.readers) > 1 else ""
        console.print(
            f"\n{letter.week} {letter.department}{readers}: {letter.subject}", markup=False
        )
        for file in (letter.eml, letter.html, letter.picture):
            if file:
                # Not wrapped, so that it can be copied or clicked.
                console.print(f"  {_short(file)}", markup=False, highlight=False, soft_wrap=True)
    if not letters.browser():
        console.print(
            "\nNo Chromium is on PATH, so there are no pictures; the .html shows the same."
        )


def _counts(report: Report) -> Table:
    table = Table(title="What happened", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, count in report.counts.items():
        table.add_row(name, f"{count:,}".replace(",", " "))
    table.add_section()
    for name, seconds in report.stages.items():
        table.add_row(f"seconds to {name}", f"{seconds:.1f}")
    table.add_row("seconds in all", f"{sum(report.stages.values()):.1f}")
    return table


def _short(path: Path) -> str:
    return os.path.relpath(path)

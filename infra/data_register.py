"""The register of data: every stored field, why it is held, on what legal basis, and how long.

`python -m infra.data_register` writes docs/data-register.md from `data_register.toml`. A test fails
when a stored field is missing from the register, or the register names one that is not stored.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from chalicelib.adapters import tables
from chalicelib.adapters.codec import State
from chalicelib.audit import Look
from chalicelib.corrections import Correction, Quoted
from chalicelib.interaction import Enrichment, Event, Rating
from chalicelib.organisation import Retention

HERE = Path(__file__).parent
SOURCE = HERE / "data_register.toml"
PAGE = HERE.parent / "docs/data-register.md"


@dataclass(frozen=True)
class Place:
    """Where fields are stored, as the register calls it."""

    name: str
    fields: tuple[str, ...]


def places() -> Iterator[Place]:
    """Every place of personal or other data, with its fields, read from the code itself."""
    for model in (tables.EventRow, tables.InteractionRow, tables.SummaryRow, tables.RegistryRow):
        yield Place(model.__name__, tuple(sorted(model.get_attributes())))
    for kept in (Event, Rating, Enrichment, State, Quoted, Correction, Look):
        yield Place(kept.__name__, tuple(field.name for field in fields(kept)))


def register() -> dict[str, dict[str, str]]:
    """place -> field -> 'purpose', with the place's own facts under 'about', 'basis', 'kept'."""
    found: dict[str, dict[str, str]] = tomllib.loads(SOURCE.read_text(encoding="utf-8"))
    return found


def page() -> str:
    """docs/data-register.md."""
    told = register()
    days = Retention()
    lines = [
        "# The register of data",
        "",
        "Written by `python -m infra.data_register`; a test keeps it complete. Legal bases are",
        "those of article 6 of the GDPR; your own assessment decides. The days are the defaults",
        f"of `retention` in organisation.yaml: raw {days.raw_days}, interactions",
        f"{days.interactions_days}, summaries {days.summaries_days}.",
        "",
        "A person's request is answered by `hub person export` and `hub person erase`: see",
        "[promises.md](promises.md).",
    ]
    for place in places():
        about = told[place.name]
        lines += ["", f"## {place.name}: {about['about']}", ""]
        lines += [f"Basis: {about['basis']}. Kept: {about['kept']}.", ""]
        lines += ["| field | what for |", "|---|---|"]
        lines += [f"| `{field}` | {about[field]} |" for field in place.fields]
    elsewhere = told["elsewhere"]
    lines += ["", "## Elsewhere", "", "| where | what, and how long |", "|---|---|"]
    lines += [f"| {where} | {what} |" for where, what in elsewhere.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

"""The register of data: every stored field, why it is held, on what legal basis, and how long.

`python -m infra.data_register` writes docs/data-register.md from `data_register.toml`. A test fails
when a stored field is missing from the register, or the register names one that is not stored.
"""

from __future__ import annotations

import ast
import importlib
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from chalicelib.adapters import tables
from chalicelib.adapters.codec import State
from chalicelib.adapters.queue import Job
from chalicelib.audit import Look
from chalicelib.corrections import Correction, Quoted
from chalicelib.deliveries import Delivery
from chalicelib.interaction import Enrichment, Event, Message, Rating, Role
from chalicelib.organisation import Retention, read
from chalicelib.pipeline import asking, backfill
from chalicelib.pipeline.persons import Receipt
from chalicelib.source_tally import Run, Tally

HERE = Path(__file__).parent
CODE = HERE.parent / "chalicelib"
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
    for kept in (Event, Rating, Enrichment, State, Quoted, Correction, Look, *_SMALL_STATE):
        yield Place(kept.__name__.lstrip("_"), tuple(field.name for field in fields(kept)))
    yield Place("Job", Job._fields)
    yield Place("Question", _question())


#: What rows of the registry hold besides corrections and looks.
_SMALL_STATE: tuple[Any, ...] = (
    Receipt,
    Tally,
    Run,
    Delivery,
    backfill._Place,
    backfill.Progress,
)


def _question() -> tuple[str, ...]:
    """The fields of a question to an asynchronous endpoint, of one that is asked."""
    asked: list[dict[str, Any]] = []
    endpoint = SimpleNamespace(ask=lambda _key, body: asked.append(json.loads(body)))
    world: Any = SimpleNamespace(heads=SimpleNamespace(text=lambda: ""), asynchronous=endpoint)
    organisation = read((HERE.parent / "organisation.yaml").read_text(encoding="utf-8"))
    message = Message("m", Role.CUSTOMER, datetime(2026, 1, 1, tzinfo=UTC), "words")
    asking.ask(world, organisation, [("shop#1", message)])
    return tuple(asked[0])


def kinds() -> set[str]:
    """Every kind of RegistryRow that the code writes, without the day behind '#'.

    Raises AttributeError or TypeError for a kind that stands neither as text nor as a constant.
    """
    found = set()
    for path in CODE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "RegistryRow":
                found.add(_kind(node.args[0], path).rstrip("#"))
    return found


def _kind(said: ast.expr, path: Path) -> str:
    if isinstance(said, ast.Constant):
        return str(said.value)
    if isinstance(said, ast.BinOp):
        return _kind(said.left, path)
    if not isinstance(said, ast.Name):
        raise TypeError(f"{path.name}:{said.lineno}: name the kind of this row by a constant")
    module = ".".join(path.relative_to(HERE.parent).with_suffix("").parts)
    return str(getattr(importlib.import_module(module), said.id))


def register() -> dict[str, dict[str, Any]]:
    """place -> field -> 'purpose', with the place's own facts under 'about', 'basis', 'kept'.

    Under 'kinds', kind of RegistryRow -> its 'about' and 'kept'.
    """
    found: dict[str, dict[str, Any]] = tomllib.loads(SOURCE.read_text(encoding="utf-8"))
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
    lines += ["", "## Kinds of RegistryRow", "", "| kind | what | how long |", "|---|---|---|"]
    lines += [f"| `{k}` | {of['about']} | {of['kept']} |" for k, of in told["kinds"].items()]
    elsewhere = told["elsewhere"]
    lines += ["", "## Elsewhere", "", "| where | what, and how long |", "|---|---|"]
    lines += [f"| {where} | {what} |" for where, what in elsewhere.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

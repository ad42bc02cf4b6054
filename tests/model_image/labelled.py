"""The labelled messages of five invented organisations (docs/annotation.md tells the labels)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.organisation import Organisation, read

LABELLED = Path(__file__).parents[1] / "data" / "labelled"
SHOP = "havuvakka"  # its themes are those of the repository's organisation.yaml
OTHERS = ("kajovalo", "koivuharju", "aarnipankki", "sointulinkki")
LEARN_STYLES = frozenset({"polite", "blunt", "colloquial", "short"})
TEST_STYLES = frozenset({"dialect", "typos", "rambling", "sarcasm", "spoken", "emoji"})


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `themes` best first, empty where none fits; `split` is learn or test."""

    id: str
    organisation: str
    language: str
    channel: str
    style: str
    split: str
    text: str
    themes: tuple[str, ...]
    sentiment: str  # negative, neutral, positive
    demand: str  # failure, value, none
    effort: str  # low, medium, high, unknown
    spans: tuple[tuple[int, int, str], ...] = ()  # personal data: start, end, kind


def messages() -> list[Message]:
    """All messages of one language each, in the order of the file."""
    return _read("messages.jsonl")


def mixed() -> list[Message]:
    """Messages that mix languages; `language` is that of their grammar. For testing alone."""
    return _read("mixed.jsonl")


def _read(name: str) -> list[Message]:
    lines = (LABELLED / name).read_text(encoding="utf-8").splitlines()
    return [_message(json.loads(line)) for line in lines]


def organisations() -> dict[str, Organisation]:
    """The five organisations by the name that messages give."""
    files = {name: LABELLED / f"{name}.yaml" for name in OTHERS}
    files[SHOP] = Path(__file__).parents[2] / "organisation.yaml"
    return {name: read(path.read_text(encoding="utf-8")) for name, path in files.items()}


def _message(row: dict[str, Any]) -> Message:
    spans = tuple((start, end, kind) for start, end, kind in row.pop("spans", ()))
    return Message(**{**row, "themes": tuple(row["themes"]), "spans": spans})

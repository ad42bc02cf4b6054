"""Labels in a terminal: what to show, what the keys mean, and rows of a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from chalicelib import privacy
from chalicelib.corrections import DEMANDS, Correction, Demand
from chalicelib.organisation import Organisation
from chalicelib.pipeline.corrections import Stored, checked
from infra.commands.private_files import private, read_table, write_table
from model_image import learned, wire
from model_image.learned import Heads
from model_image.learning import fit
from model_image.learning.choose import choose, uncertainty
from model_image.learning.refit import Example
from model_image.reading import Readable, joined, only

NONE, SKIP, UNDO, QUIT = "0", ".", "<", "!"
KEYS = "123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
DEMAND_KEYS: Mapping[str, Demand] = {
    "f": "failure",
    "v": "value",
    "n": "none",
    "\r": "",
    "\n": "",
    SKIP: "",
}
COLUMNS = ("text", "themes", "demand", "language", "channel", "interaction", "message", "at")


@dataclass(frozen=True)
class Shown:
    """A message to label, with what the model makes of it now."""

    stored: Stored
    themes: tuple[tuple[str, float], ...]
    p_failure: float


def taxonomy_of(organisation: Organisation, heads: str) -> wire.Taxonomy:
    """The organisation's themes as the model reads them."""
    body = {"schema": wire.REQUEST_SCHEMA, "taxonomy": organisation.taxonomy | {"heads": heads}}
    return wire.read(json.dumps(body | {"texts": []}).encode()).taxonomy


def most_useful(
    model: Readable,
    taxonomy: wire.Taxonomy,
    stored: Sequence[Stored],
    labelled: Sequence[Correction],
    count: int,
) -> list[Shown]:
    """The messages to label next: least sure, unlike each other and what was labelled."""
    done = {(one.interaction, one.message) for one in labelled}
    left = [one for one in stored if (one.interaction.key, one.message.message_id) not in done]
    if not left:
        return []
    reading = joined(model.readings(_texts([one.message.text for one in left]), taxonomy))
    heads = published(model, taxonomy.heads)
    ids = [theme.id for theme in taxonomy.themes]
    about, floor, failing = reading.judged(ids, heads)
    known = None
    if labelled:
        before = joined(model.readings(_texts([one.text for one in labelled[-500:]]), taxonomy))
        known = fit.matrix(before.vectors) if before.vectors else None
    strata = [(one.judged.language, one.interaction.channel) for one in left]
    rows = choose(reading, uncertainty(about, failing, floor), count, strata, known)
    judged = only(reading, rows).judged(ids, heads)
    return [
        Shown(
            left[row],
            tuple(sorted(zip(ids, judged[0][place].tolist(), strict=True), key=_by_score)[:3]),
            float(judged[2][place]),
        )
        for place, row in enumerate(rows.tolist())
    ]


def published(model: Readable, text: str) -> Heads | None:
    """The published heads, where `model` applies them; None without."""
    try:
        heads = learned.load(text) if text else None
    except learned.BadHeads:
        return None
    return heads if heads and heads.model == model.model else None


def _by_score(pair: tuple[str, float]) -> float:
    return -pair[1]


def _texts(texts: Sequence[str]) -> list[wire.Text]:
    return [wire.Text(str(i), text, None) for i, text in enumerate(texts)]


def examples(labels: Iterable[Correction]) -> list[Example]:
    """Labels as a refit reads them; failure demand or not."""
    return [
        Example(one.text, one.themes, None if one.demand == "" else one.demand == "failure")
        for one in labels
    ]


def rows(labels: Iterable[Correction]) -> Iterator[dict[str, Any]]:
    """Labels as rows of a file; themes are joined by a space, 'none' where none fits."""
    for one in labels:
        told = "" if one.themes is None else " ".join(one.themes) or "none"
        yield {
            "text": one.text,
            "themes": told,
            "demand": one.demand,
            "language": one.language,
            "channel": one.channel,
            "interaction": one.interaction,
            "message": one.message,
            "at": one.at.isoformat(timespec="seconds"),
        }


def write(file: Path, labels: Iterable[Correction]) -> int:
    """Write .csv or JSON Lines, for its owner alone; how many."""
    found = list(rows(labels))
    if file.suffix == ".csv":
        write_table(file, COLUMNS, found)
    else:
        with private(file) as out:
            out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in found)
    return len(found)


def read(file: Path, organisation: Organisation, now: datetime) -> list[Correction]:
    """Labels of a .csv or JSON Lines file: text, themes, demand; texts are redacted.

    Raises ValueError naming the row, Misconfigured naming an unknown theme.
    """
    redact = privacy.redactor(organisation.redact)
    found: Sequence[Mapping[str, Any]]
    if file.suffix == ".csv":
        found = read_table(file)
    else:
        lines = file.read_text(encoding="utf-8-sig").split("\n")
        found = [json.loads(line) for line in lines if line.strip()]
    return [
        _label(number, row, organisation, redact(str(row.get("text") or "")), now)
        for number, row in enumerate(found, 1)
    ]


def _label(
    number: int, row: Mapping[str, Any], organisation: Organisation, text: str, now: datetime
) -> Correction:
    told = row.get("themes")
    names = told.split() if isinstance(told, str) else list(told or ())
    demand = next((name for name in DEMANDS if name == str(row.get("demand") or "")), None)
    if not text.strip() or demand is None:
        raise ValueError(
            f"row {number}: write a text, and failure, value, none or nothing as demand"
        )
    return Correction(
        interaction=str(row.get("interaction") or ""),
        message=str(row.get("message") or learned.name_of(text)),
        text=text,
        language=str(row.get("language") or ""),
        channel=str(row.get("channel") or ""),
        themes=None if not names else checked(organisation, [n for n in names if n != "none"]),
        demand=demand,
        department="",
        at=datetime.fromisoformat(row["at"]) if row.get("at") else now,
        taxonomy=organisation.taxonomy["hash"],
        model="",
        origin="file",
    )


def loose(label: Correction) -> Correction:
    """A file's label of a message that is not stored here, known by its own words."""
    return replace(label, interaction="", message=learned.name_of(label.text))

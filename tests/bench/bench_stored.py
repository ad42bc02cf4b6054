"""Bytes and counts of a stored conversation, and what of them experience takes (effort, emotion,
inferred satisfaction, what agents asked for): `python -m tests.bench.bench_stored`.

Conversations of the demo's company, judged by the compact model.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

from rich.console import Console
from rich.table import Table

from chalicelib import enrich
from chalicelib.adapters import codec
from chalicelib.adapters.codec import State
from chalicelib.fold import contribution, fold, message_id
from chalicelib.interaction import Enrichment, Event, Role
from chalicelib.organisation import Organisation, read
from chalicelib.summary import Summary
from infra.cost.cells import _events
from infra.demo.simulate import contacts
from infra.demo.story import organisation_at
from infra.paths import ORGANISATION
from model_image import wire
from model_image.backends import Backend, load

TODAY = date(2026, 11, 23)
CONTACTS = 600
EXPERIENCE = ("effort:", "inferred:", "felt:", "agent:", "basics:", "persona_heard:")


def conversations() -> Iterator[tuple[State, State]]:
    """Each as it is stored, and as it would be without experience."""
    organisation = read(organisation_at(ORGANISATION.read_text(encoding="utf-8"), TODAY))
    model = load("compact")
    for contact in contacts(TODAY, volume=0.1)[:CONTACTS]:
        events = tuple(_events(contact))
        judged = _judged(model, organisation, events)
        if not judged:
            continue
        counts = contribution(fold(events, judged), organisation)
        bare = {
            key: replace(one, felt=(), effort="", satisfaction=None) for key, one in judged.items()
        }
        without = Summary(
            {
                cell: {name: n for name, n in of.items() if not name.startswith(EXPERIENCE)}
                for cell, of in counts
            }
        )
        yield (
            State("k", 1, events, judged, counts, organisation.hash),
            State("k", 1, events, bare, without, organisation.hash),
        )


def _judged(
    model: Backend, organisation: Organisation, events: tuple[Event, ...]
) -> Mapping[str, Enrichment]:
    said = [event for event in events if event.text and event.role is Role.CUSTOMER]
    if not said:
        return {}
    texts = [event.text for event in said]
    asked = wire.read(enrich.request(texts, organisation))
    reply = wire.write(model.model, asked, model.understand(asked.texts, asked.taxonomy))
    return {message_id(e): one for e, one in zip(said, enrich.read(reply, texts), strict=True)}


def main() -> None:
    pairs = list(conversations())
    table = Table("", "stored", "without experience", title=f"{len(pairs)} conversations")
    sizes = [[len(codec.dump_state(of)) for of in pair] for pair in pairs]
    counts = [[sum(len(m) for _, m in of.contribution) for of in pair] for pair in pairs]
    for name, rows, digits in (("bytes each", sizes, 0), ("counts each", counts, 1)):
        means = (statistics.mean(column) for column in zip(*rows, strict=True))
        table.add_row(name, *(f"{mean:,.{digits}f}" for mean in means))
    Console().print(table)


if __name__ == "__main__":
    main()

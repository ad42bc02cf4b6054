"""The corpus of letters: `tests/fixtures/letters/<name>.eml` and what must come of it, `.json`.

Written by hand, people invented, as the mail programs named in each `client` write.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chalicelib.connectors.base import Source
from chalicelib.connectors.parts import mail
from chalicelib.errors import Skipped, Unreadable

LETTERS = Path(__file__).parent.parent / "fixtures" / "letters"
SOURCE = Source("email", "ses", options={"own_domains": ["havuvakka.example"]})
NOW = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Fixture:
    """One letter and its expectation: event, skipped or unreadable."""

    name: str
    raw: bytes
    expected: dict[str, Any]


def letters() -> list[Fixture]:
    return [
        Fixture(
            path.stem,
            path.read_bytes(),
            {
                key: value
                for key, value in json.loads(path.with_suffix(".json").read_text("utf-8")).items()
                if key != "client"
            },
        )
        for path in sorted(LETTERS.glob("*.eml"))
    ]


def outcome(raw: bytes) -> dict[str, Any]:
    """What comes of a letter, as the `.json` writes it."""
    try:
        letter = mail.of_bytes(raw)
        (event,) = mail.events(letter, SOURCE, NOW, mail.Identity("e1"))
    except Skipped as error:
        return {"skipped": str(error)}
    except Unreadable as error:
        return {"unreadable": str(error)}
    told: dict[str, Any] = {"role": event.role.value, "text": event.text}
    if event.customer:
        told["customer"] = event.customer
    if event.tags:
        told["tags"] = list(event.tags)
    return {"event": told, "interaction": event.interaction_id}


def expected(fixture: Fixture) -> dict[str, Any]:
    """The expectation in the same form: the root's Message-ID as its hash."""
    if "event" not in fixture.expected:
        return fixture.expected
    event = dict(fixture.expected["event"])
    return {"interaction": mail.hashed(event.pop("root")), "event": event}

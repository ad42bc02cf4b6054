"""docs/security.md names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DOCUMENT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", DOCUMENT)))


HEAD = "| Threat | What stops it | Test |\n"
#: The tables whose rows name a test in the last column.
TABLES = re.findall(re.escape(HEAD) + r"\|[-|]+\|\n((?:\|.*\n)+)", DOCUMENT)
ROWS = [row for table in TABLES for row in table.splitlines()]
#: Why a row has no test, where there can be none.
_REASON = re.compile(r"no test: \w+(?: \S+){2,}")


def test_it_names_many() -> None:
    assert len(NAMED) > 40


@pytest.mark.parametrize(("file", "function"), NAMED)
def test_what_it_names_is_there(file: str, function: str) -> None:
    name = file.removeprefix("tests/")
    text = (ROOT / "tests" / name).read_text(encoding="utf-8")
    assert not function or f"\ndef {function}(" in text


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:40])
def test_every_threat_has_a_test_or_a_reason(row: str) -> None:
    _, _, stops, test, _ = row.split("|")
    assert stops.strip()
    assert re.search(r"`[\w/]+\.py(?:::\w+)?`", test) or _REASON.search(test), row


def test_every_table_of_threats_is_read() -> None:
    assert len(TABLES) == DOCUMENT.count("| Threat |") > 4


def test_it_names_every_file_beside_this() -> None:
    for path in Path(__file__).parent.glob("test_*.py"):
        assert f"security/{path.name}" in DOCUMENT, path.name

"""docs/security.md names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DOCUMENT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", DOCUMENT)))


def test_it_names_many() -> None:
    assert len(NAMED) > 40


@pytest.mark.parametrize(("file", "function"), NAMED)
def test_what_it_names_is_there(file: str, function: str) -> None:
    name = file.removeprefix("tests/")
    text = (ROOT / "tests" / name).read_text(encoding="utf-8")
    assert not function or f"\ndef {function}(" in text


def test_it_names_every_file_beside_this() -> None:
    for path in Path(__file__).parent.glob("test_*.py"):
        assert f"security/{path.name}" in DOCUMENT, path.name

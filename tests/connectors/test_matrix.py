"""The tables of the docs are what the recordings show, and grades follow from them."""

from __future__ import annotations

import pytest

from chalicelib.connectors import CONNECTORS
from tests.connectors import matrix


def test_the_matrix_is_up_to_date() -> None:
    remedy = "run `python -m tests.connectors.matrix` and read the difference"
    assert matrix.MATRIX.read_text(encoding="utf-8") == matrix.matrix_page(), remedy
    for page in matrix.TABLES:
        assert page.read_text(encoding="utf-8") == matrix.with_table(page), remedy


@pytest.mark.parametrize("name", CONNECTORS)
def test_every_connector_has_its_guide(name: str) -> None:
    guide = matrix.ROOT / f"docs/connectors/{name}.md"
    assert guide.exists(), f"write {guide.name}: set-up, what becomes of the events, gaps"


@pytest.mark.parametrize("name", CONNECTORS)
def test_recordings_hold_what_the_connector_is_for(name: str) -> None:
    events, run = matrix.recorded()[name]
    assert any(event.text for event in events) or CONNECTORS[name].fetch
    assert run > 0.5


def test_a_letter_for_each_gap() -> None:
    assert matrix.letter({"a": True, "b": None}) == "A"
    assert matrix.letter({"a": True, "b": False}) == "B"
    assert matrix.letter(dict.fromkeys("abcdef", False)) == "E"

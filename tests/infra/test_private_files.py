"""Files that name people: no spreadsheet finds a formula in them, and nobody else reads them."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from infra.commands import cli
from infra.commands.private_files import guarded, private, read_table, unguarded, write_table
from infra.paths import ROOT

#: What a formula begins with, what parts cells, and what the guard itself is made of.
HOSTILE = st.text(st.sampled_from("=+-@\t＝＋;,\"'\r\n a"), max_size=12)
FORMULAS = ("=", "+", "-", "@", "\t", "＝", "＋", "－", "＠")


@given(st.lists(st.tuples(HOSTILE, HOSTILE), min_size=1, max_size=3))
def test_no_cell_is_a_formula_and_all_come_back(cells: list[tuple[str, str]]) -> None:
    """Parted at commas, or at semicolons as a spreadsheet in Finnish or Swedish does."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "table.csv"
        rows = [{"text": text, "id": name} for text, name in cells]
        write_table(file, ("text", "id"), rows)
        assert read_table(file) == rows
        text = file.read_bytes().decode("utf-8-sig")
    for mark in ",;":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark):
            # Line ends that an unlike parting leaves at the start of a cell hide nothing.
            assert not any(cell.lstrip("\r\n").startswith(FORMULAS) for cell in row), row


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ('=HYPERLINK("http://x";"klikkaa")', '\'=HYPERLINK("http://x";"klikkaa")'),
        ("+358 40 123 4567", "'+358 40 123 4567"),
        ("'=1", "''=1"),
        ("\r\n=1", "'\r\n'=1"),
        ("hei;=1", "hei;'=1"),
        ("hinta 5,-", "hinta 5,-"),
        ("Hei\n\nLasku on väärin", "Hei\n\nLasku on väärin"),
        ("'lainaus'", "'lainaus'"),
    ],
)
def test_the_guard(cell: str, shown: str) -> None:
    assert guarded(cell) == shown
    assert unguarded(shown) == cell


def test_no_other_module_writes_csv() -> None:
    """So that no table is without the guard."""
    sources = [p for f in ("chalicelib", "infra", "model_image") for p in (ROOT / f).rglob("*.py")]
    writer = re.compile(r"\bcsv\.(writer|DictWriter)|from csv import|\.to_csv\(")
    writers = {path.name for path in sources if writer.search(path.read_text(encoding="utf-8"))}
    assert writers == {"private_files.py"}


def test_a_file_that_anybody_could_read_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "old"
    file.write_text("a longer text of last year")
    file.chmod(0o666)
    with private(file) as out:
        assert file.stat().st_mode & 0o777 == 0o600  # before the first word is in it
        out.write("new")
    assert file.read_text() == "new"


def test_a_file_that_cannot_be_written_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as stopped, private(tmp_path / "no" / "x.csv"):
        raise AssertionError("there is no such folder")
    assert stopped.value.exit_code == cli.REFUSED
    assert "cannot be written: No such file or directory" in " ".join(
        capsys.readouterr().err.split()
    )

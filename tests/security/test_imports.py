"""A file that somebody was sent ends in rows or in a polite sentence, whatever is inside it."""

from __future__ import annotations

import io
import json
import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from chalicelib.errors import Unreadable
from infra.commands import rows as reading
from infra.commands import workbook_reader
from infra.commands.rows import read
from tests.connectors.workbooks import workbook

GOOD = [["teksti", "aika"], ["Sohva on hieno", "2.11.2026"]]
SHEET = "xl/worksheets/sheet1.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
MEBIBYTE = 1024 * 1024


def replaced(part: str, content: bytes) -> bytes:
    """A good workbook, one of whose parts is another, packed."""
    held = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook({"Taul1": GOOD}))) as good,
        zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made,
    ):
        for name in good.namelist():
            if name == part:
                with made.open(name, "w", force_zip64=True) as file:
                    file.write(content)
            else:
                made.writestr(name, good.read(name))
    return held.getvalue()


def zip_bomb() -> bytes:
    """A cell of more than 1 GiB: some 5 MB packed."""
    held = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook({"Taul1": GOOD}))) as good,
        zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made,
    ):
        for name in good.namelist():
            if name != SHEET:
                made.writestr(name, good.read(name))
        with made.open(SHEET, "w", force_zip64=True) as file:
            head = f'<worksheet xmlns="{MAIN}"><sheetData><row r="1">'
            file.write(f'{head}<c r="A1" t="inlineStr"><is><t>'.encode())
            for _ in range(68):
                file.write(b"a" * 16 * MEBIBYTE)
            file.write(b"</t></is></c></row></sheetData></worksheet>")
    return held.getvalue()


def far_cell() -> bytes:
    """Two cells, the second in the last row of the last column: 17 thousand million between."""
    sheet = (
        f'<worksheet xmlns="{MAIN}"><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>teksti</t></is></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    )
    return replaced(SHEET, sheet.encode())


def ten(level: int) -> str:
    return f"&l{level - 1};" * 10


def laughing() -> bytes:
    """Ten entities, each ten of the one before: a thousand million laughs, if anybody expands."""
    levels = "".join(f'<!ENTITY l{n} "{ten(n)}">' for n in range(1, 10))
    sheet = (
        f'<!DOCTYPE worksheet [<!ENTITY l0 "hah">{levels}]><worksheet xmlns="{MAIN}"><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>teksti</t></is></c></row>'
        '<row r="2"><c r="A2" t="inlineStr"><is><t>&l9;</t></is></c></row>'
        "</sheetData></worksheet>"
    )
    return replaced(SHEET, sheet.encode())


def outside() -> bytes:
    """An entity that names a file of this machine."""
    sheet = (
        '<!DOCTYPE worksheet [<!ENTITY own SYSTEM "file:///etc/hostname">]>'
        f'<worksheet xmlns="{MAIN}"><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>teksti</t></is></c></row>'
        '<row r="2"><c r="A2" t="inlineStr"><is><t>&own;</t></is></c></row>'
        "</sheetData></worksheet>"
    )
    return replaced(SHEET, sheet.encode())


def written(folder: Path, content: bytes, name: str = "kysely.xlsx") -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


def test_the_good_workbook_is_read(tmp_path: Path) -> None:
    ((number, row),) = read(written(tmp_path, workbook({"Taul1": GOOD})))
    assert (number, row["text"]) == (2, "Sohva on hieno")  # as the spreadsheet numbers it


@pytest.mark.parametrize("bomb", [zip_bomb, far_cell])
def test_a_bomb_is_refused_and_this_process_stays_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bomb: Callable[[], bytes]
) -> None:
    monkeypatch.setattr(reading, "_MOST_MEMORY", 1 << 30)
    file = written(tmp_path, bomb())
    assert file.stat().st_size < 16 * MEBIBYTE
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB on Linux
    with pytest.raises(Unreadable, match=r"^kysely\.xlsx unpacks to more than the 1 GiB"):
        read(file)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_a_workbook_that_says_too_much_is_refused_and_not_half_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_MOST_BYTES", 2000)
    many = [GOOD[0], *([f"Sohva {n}", "2.11.2026"] for n in range(100))]
    with pytest.raises(Unreadable, match="unpacks to more"):
        read(written(tmp_path, workbook({"Taul1": many})))


def test_a_reader_that_never_ends_is_stopped() -> None:
    script = (
        "import runpy, sys; reader = runpy.run_path(sys.argv[1]);"
        "reader['_limit'](1 << 30, 1)\nwhile True: pass"
    )
    command = [sys.executable, "-c", script, workbook_reader.__file__]
    done = subprocess.run(command, timeout=60, check=False)
    assert done.returncode < 0  # killed by a signal
    assert "seconds that a workbook may take" in reading._why(done.returncode)


@pytest.mark.parametrize("trick", [laughing, outside])
def test_entities_are_neither_expanded_nor_opened(
    tmp_path: Path, trick: Callable[[], bytes]
) -> None:
    try:
        found = read(written(tmp_path, trick()))
    except Unreadable as error:
        assert str(error).startswith("kysely.xlsx")  # noqa: PT017 - refused or read as a name
    else:
        said = str(found)
        assert "hahhah" not in said
        assert Path("/etc/hostname").read_text(encoding="utf-8").strip() not in said


def test_a_name_that_climbs_out_of_the_archive_writes_nothing(tmp_path: Path) -> None:
    held = io.BytesIO(workbook({"Taul1": GOOD}))
    with zipfile.ZipFile(held, "a") as archive:
        archive.writestr("../../out.txt", "x")
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert len(read(written(inner, held.getvalue()))) == 1
    assert not (tmp_path / "out.txt").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("k.csv", b"teksti\n" + b'"' + b"a" * 17 * MEBIBYTE + b'"\n', id="one cell"),
        pytest.param("k.csv", b"teksti" + b";" * 2_000_000 + b"\n", id="two million columns"),
        pytest.param("k.csv", b"\x00" * 1000, id="NUL bytes"),
        pytest.param("k.csv", b"PK\x03\x04" + b"\x00" * 100, id="a workbook named .csv"),
        pytest.param("k.csv", b"\x1f\x8b\x08\x00" + b"\xff" * 100, id="gzip named .csv"),
        pytest.param("k.xlsx", b"\x1f\x8b\x08\x00" + b"\xff" * 100, id="gzip named .xlsx"),
        pytest.param("k.ods", b"PK\x03\x04", id="a broken .ods"),
        pytest.param("k.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 512, id="a loop"),
    ],
)
def test_other_hostile_files(tmp_path: Path, name: str, content: bytes) -> None:
    try:
        found = read(written(tmp_path, content, name))
    except Unreadable as error:
        assert len(str(error)) < 300  # noqa: PT017 - refused, or read as an empty table
    else:
        assert found == []


def test_a_deeply_nested_line_is_one_refused_row(tmp_path: Path) -> None:
    deep = '{"text":' + "[" * 100_000 + "]" * 100_000 + "}"
    good = json.dumps({"text": "Sohva on hieno"})
    found = read(written(tmp_path, f"{deep}\n{good}\n".encode(), "k.jsonl"))
    assert len(found) == 2
    assert found[1][1]["text"] == "Sohva on hieno"

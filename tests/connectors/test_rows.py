"""Files as people have them: CSV, JSON Lines and workbooks, with Finnish and Swedish columns."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.connectors import rows
from chalicelib.connectors.base import Source
from chalicelib.connectors.parts import column_names
from chalicelib.connectors.parts.columns import COLUMNS
from chalicelib.errors import Unreadable
from chalicelib.interaction import Channel, Event, Role
from infra.commands.rows import read
from tests.connectors.workbooks import workbook

NOW = datetime(2026, 11, 2, 9, 15, tzinfo=UTC)

SOURCE = Source("import", "rows", options={"time_zone": "Europe/Helsinki"})


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("2026-11-02", "2026-11-02T10:00"),
        ("2.11.2026", "2026-11-02T10:00"),
        ("2.11.2026 8.05", "2026-11-02T06:05"),
        ("02.11.2026 klo 8:05:30", "2026-11-02T06:05"),
        ("2026-11-02 08:05", "2026-11-02T06:05"),
        ("2026-11-02T08:05:00Z", "2026-11-02T08:05"),
        ("2026-07-02 08:05", "2026-07-02T05:05"),
        (1793606700, "2026-11-02T08:05"),
        (1793606700000, "2026-11-02T08:05"),
    ],
)
def test_row_times(stamp: object, expected: str) -> None:
    event = rows.event({"text": "x", "time": stamp}, 1, SOURCE, NOW)
    assert event.occurred_at.isoformat().startswith(expected)


def test_a_bad_row_is_named_and_the_others_are_read() -> None:
    lines = ['{"text":"a"}', "not json", "", '{"text":"b","nps":11}', "[1]", '{"text":"c"}']
    good, bad = [], []
    for number, row in rows.json_lines(lines):
        try:
            good.append(rows.event(row, number, SOURCE, NOW).text)
        except Unreadable as error:
            bad.append(str(error))
    assert good == ["a", "c"]
    assert [reason[:6] for reason in bad] == ["row 2:", "row 4:", "row 5:"]


def test_the_same_file_twice_is_the_same_events() -> None:
    content = "text,time\nKiitos,2026-11-02\nKiitos,2026-11-02\n"
    once, again = ids(content), ids(content)
    assert once == again
    assert len(set(once)) == 2  # two people said the same on the same day


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "the file is empty"),
        ("\ufeff", "the file is empty"),
        ("sep=;\r\n", "the file is empty"),
        (" \n\n", "the file is empty"),
        ("a,b\n1,2\n", "names no column"),
        ("\ntext\nHei\n", "names no column"),
    ],
)
def test_a_file_without_known_columns(content: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        list(rows.csv_rows(content.splitlines(keepends=True)))


@pytest.mark.parametrize("name", ["kysely.csv", "kysely.jsonl", "kysely.xlsx"])
def test_a_file_without_rows_says_so(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(workbook({"Taul1": [["teksti", "aika"]]}))
    if not name.endswith("xlsx"):
        file.write_text("\n" if name.endswith("jsonl") else "teksti;aika\n")
    with pytest.raises(Unreadable, match=f"{name} holds no rows"):
        read(file)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            "Palaute;Päivämäärä\nHei;11/2/2026\n",
            "row 2: column 'Päivämäärä' (time) is none that is read; write 2026-11-02, 2.11.2026",
        ),
        ("text,time\n\nHei,eilen\n", "row 3: time is none that is read"),
        ("pvm;kello;viesti\nx;9:05;Hei", "row 2: column 'pvm' (time) is none"),
        ("Arvosana;viesti\nhyvä;Hei", "row 2: column 'Arvosana' (rating) should be a number"),
        ("Arvosana;viesti\n11;Hei", "row 2: column 'Arvosana' (rating): "),
        ("teksti;ratkaistu\nHei;ehkä", "row 2: column 'ratkaistu' (resolved) should be true or"),
        ("teksti;tagit\n ;x", "row 2: the record holds no text"),
    ],
)
def test_a_refused_row_is_named_as_its_spreadsheet_shows_it(content: str, expected: str) -> None:
    with pytest.raises(Unreadable) as caught:
        events(content)
    assert str(caught.value).startswith(expected)


def test_empty_rows_above_a_table_count(tmp_path: Path) -> None:
    cells = [[], [], ["Kysely"], ["teksti", "aika"], ["Hei", "eilen"]]
    ((number, _),) = read(book(tmp_path, {"Taul1": cells}))
    assert number == 5


def test_a_cell_of_a_megabyte() -> None:
    ((_, row),) = rows.csv_rows(["text,time\n", f'"{"a" * 1_000_000}",2026-11-02\n'])
    assert rows.event(row, 1, SOURCE, NOW).tags == ("text-cut",)


def test_quoted_line_ends_belong_to_the_cell() -> None:
    lines = ["\ufefftext;nps\r\n", '"eka\r\n', 'toka";9\r\n']
    ((number, row),) = rows.csv_rows(lines)
    assert number == 2
    assert rows.event(row, number, SOURCE, NOW).text == "eka\ntoka"


def test_only_line_ends_part_lines() -> None:
    content = '{"text":"eka\u2028toka\x85kolmas"}\r\n{"text":"b"}'
    found = [
        rows.event(row, n, SOURCE, NOW).text
        for n, row in rows.json_lines(rows.lines(content.encode()))
    ]
    assert found == ["eka\u2028toka\x85kolmas", "b"]


def local(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 - as a spreadsheet's times


def events(content: bytes | str) -> list[Event]:
    held = content.encode() if isinstance(content, str) else content
    seen: rows.Seen = Counter()
    return [rows.event(row, n, SOURCE, NOW, seen) for n, row in rows.csv_rows(rows.lines(held))]


def ids(content: str) -> list[str]:
    return [event.event_id for event in events(content)]


def test_a_row_put_in_between_shifts_nobody() -> None:
    lines = ["Kiitos,2026-11-02", "Hidas toimitus,2026-11-01", "Kiitos,2026-11-02"]
    before = ids("text,time\n" + "\n".join(lines))
    after = ids("text,time\n" + "\n".join(["Uusi,2026-11-02", "", *lines[:2], "Toinen,", lines[2]]))
    assert set(before) < set(after)
    assert len(set(after)) == 5
    assert sorted(before) == sorted(ids("text,time\n" + "\n".join(reversed(lines))))


def test_identity_is_what_is_read_and_nothing_else() -> None:
    plain = ids("text,time\nKiitos,2026-11-02")
    assert ids("aika;teksti;vienti\n2026-11-02; Kiitos ;ajo 7\n") == plain
    assert ids("text,time,csat\nKiitos,2026-11-02,") == plain
    assert ids("text,time,csat\nKiitos,2026-11-02,5") != plain
    assert ids("id,text\nA1,Kiitos") == ids("id,text\nA1,Kiitoksia") == ["row:A1"]


def test_rows_of_two_sources_are_counted_apart() -> None:
    seen: rows.Seen = Counter()
    other = Source("toinen", "rows")
    first, second = (rows.event({"text": "Kiitos"}, 1, of, NOW, seen) for of in (SOURCE, other))
    assert first.event_id == second.event_id


FINNISH = """Vastaus-ID;Päivämäärä;Kellonaika;Kanava;Asiakasnumero;Arvosana;Avoin palaute;Odotusaika
7001;2.11.2026;8.05;Sähköposti;VK1000101;4,0;Toimitus tuli ajallaan;1:05
7002;31.10.2026;;Puhelu;;2;"Jono oli pitkä; luovutin";0:12:30
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_finnish_export(encoding: str, end: str) -> None:
    first, second = events(FINNISH.replace("\n", end).encode(encoding))
    assert first.occurred_at == datetime(2026, 11, 2, 6, 5, tzinfo=UTC)
    assert first.text == "Toimitus tuli ajallaan"
    assert (first.channel, second.channel) == (Channel.EMAIL, Channel.VOICE)
    assert first.customer == "id:VK1000101"
    assert [r.value for e in (first, second) for r in e.ratings] == [4.0, 2.0]
    assert second.occurred_at == datetime(2026, 10, 31, 10, 0, tzinfo=UTC)
    assert second.text == "Jono oli pitkä; luovutin"
    assert (first.wait_s, second.wait_s) == (65, 750)


def test_a_swedish_export() -> None:
    content = "Datum\tKanal\tRoll\tNPS-betyg\tÖppet svar\n2026-11-02\tEnkät\tKund\t9\tSnabbt!\n"
    (event,) = events(content)
    assert (event.channel, event.role, event.text) == (Channel.SURVEY, Role.CUSTOMER, "Snabbt!")
    assert event.ratings[0].kind == "nps"


def test_excels_hint_and_a_delimiter_inside_a_name() -> None:
    assert events("sep=;\nteksti;aika\nHei, taas;2.11.2026\n")[0].text == "Hei, taas"
    quoted = '"Teksti";"Aika";"Muuta, sekalaista, yhtä ja toista"\n"Hei";"2.11.2026";""\n'
    assert events(quoted)[0].text == "Hei"


def test_two_columns_of_one_meaning() -> None:
    found = events("palaute,teksti,aika\n,toinen,2026-11-02\neka,toinen,2026-11-02\n")
    assert [event.text for event in found] == ["toinen", "eka"]


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("46328", "2026-11-02T10:00"),
        (46328, "2026-11-02T10:00"),
        (46328.0, "2026-11-02T10:00"),
        ("46328,336806", "2026-11-02T06:05"),
        (46328.336806, "2026-11-02T06:05"),
        ("1793606700", "2026-11-02T08:05"),
        (1793606700.0, "2026-11-02T08:05"),
        (local(2026, 11, 2, 8, 5), "2026-11-02T06:05"),
        (date(2026, 11, 2), "2026-11-02T10:00"),
    ],
)
def test_serial_numbers_are_times(stamp: Any, expected: str) -> None:
    row = column_names.row([("aika", stamp), ("teksti", "x")])
    assert rows.event(row, 1, SOURCE, NOW).occurred_at.isoformat().startswith(expected)


@pytest.mark.parametrize(
    ("day", "clock"),
    [
        ("2.11.2026", "8.05"),
        ("2.11.2026", "klo 8:05"),
        ("2026-11-02", "8.05"),
        ("2026-11-02", "08:05:00"),
        ("46328", "0,336806"),
        (46328, 0.336806),
        (local(2026, 11, 2), "8:05"),
    ],
)
def test_day_and_time_of_day_in_two_columns(day: Any, clock: Any) -> None:
    row = column_names.row([("pvm", day), ("kello", clock), ("teksti", "x")])
    event = rows.event(row, 1, SOURCE, NOW)
    assert event.occurred_at == datetime(2026, 11, 2, 6, 5, tzinfo=UTC)


def test_every_alias_means_one_column() -> None:
    words = [word for said in column_names._SAID.values() for word in said.split()]
    assert len(words) == len(set(map(column_names._key, words)))
    assert not {column_names._key(word) for word in words} & {
        column_names._key(str(name)) for name in COLUMNS
    }


@pytest.mark.parametrize("mark", ["\u2028", "\x0b", "\x0c", "\x1c", "\x85", "\u2029"])
def test_a_file_is_parted_at_line_ends_alone(tmp_path: Path, mark: str) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(f'text,time\n"eka{mark}toka",2026-11-02\n', encoding="utf-8")
    ((_, row),) = read(file)
    assert row["text"] == f"eka{mark}toka"
    lines = tmp_path / "rows.jsonl"
    lines.write_text(json.dumps({"text": f"eka{mark}toka"}, ensure_ascii=False), encoding="utf-8")
    ((_, row),) = read(lines)
    assert rows.event(row, 1, SOURCE, NOW).text.startswith("eka")


def test_a_column_nested_deeply_is_unreadable() -> None:
    for depth in (10, 900, 100_000):
        line = '{"text":"x","tags":' + "[" * depth + "]" * depth + "}"
        ((number, row),) = rows.json_lines([line])
        with pytest.raises(Unreadable, match="row 1"):
            rows.event(row, number, SOURCE, NOW)


# --- workbooks ----------------------------------------------------------------------------------

TABLE = [
    ["Kyselyn tulokset, lokakuu", None],
    [],
    ["Tunniste", "Aika", "Arvosana", "Palaute", "Odotusaika", "Ratkaistu"],
    [1001, local(2026, 11, 2, 8, 5), 4.0, "Sohva on hieno", timedelta(minutes=3), True],
    [None, None, None, None, None, None],
    ["1002", date(2026, 10, 31), 2, " <Myöhässä & rikki> ", None, False],
    [None, 46328.336806, 5, None, None, None],
]


def book(tmp_path: Path, sheets: dict[str, Any], name: str = "kysely.xlsx") -> Path:
    file = tmp_path / name
    file.write_bytes(workbook(sheets))
    return file


def test_a_workbook_is_read(tmp_path: Path) -> None:
    found = read(book(tmp_path, {"Ohje": [["Lue minut"]], "Vastaukset": TABLE}))
    seen: rows.Seen = Counter()
    first, second, third = (rows.event(row, n, SOURCE, NOW, seen) for n, row in found)
    assert [n for n, _ in found] == [4, 6, 7]
    assert first.event_id == "row:1001"
    assert first.occurred_at == datetime(2026, 11, 2, 6, 5, tzinfo=UTC)
    assert (first.wait_s, first.resolved, second.resolved) == (180, True, False)
    assert second.occurred_at == datetime(2026, 10, 31, 10, 0, tzinfo=UTC)
    assert second.text == "<Myöhässä & rikki>"
    assert (third.text, third.ratings[0].value) == ("", 5)
    assert third.occurred_at == first.occurred_at


def test_a_workbook_and_its_csv_are_the_same_rows(tmp_path: Path) -> None:
    cells = [["teksti", "aika", "nps"], ["Hyvä", "2.11.2026", 9]]
    (csv_event,) = events("teksti;aika;nps\nHyvä;2.11.2026;9\n")
    ((number, row),) = read(book(tmp_path, {"Taul1": cells}))
    event = rows.event(row, number, SOURCE, NOW)
    assert (event.text, event.occurred_at, event.ratings) == (
        csv_event.text,
        csv_event.occurred_at,
        csv_event.ratings,
    )
    assert event.event_id == csv_event.event_id


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no workbook"),
        (b"PK\x03\x04 broken", "no workbook"),
        (b"teksti;aika\nHei;2.11.2026", "no workbook"),
        (workbook({"Taul1": [["a", "b"], [1, 2]]}), "names no column"),
        (workbook({"Taul1": []}), "names no column"),
    ],
)
def test_what_is_no_workbook_says_so(tmp_path: Path, content: bytes, reason: str) -> None:
    file = tmp_path / "kysely.xlsx"
    file.write_bytes(content)
    with pytest.raises(Unreadable, match=reason):
        read(file)

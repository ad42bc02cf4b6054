"""A workbook's cells as lines of JSON: run as a script, in a process with bounded memory and time.

`python -I workbook_reader.py FILE MEMORY_BYTES CPU_S`. A few kilobytes of workbook may unpack to
gigabytes, or name one cell in the last row of the last column: then this process dies, and the
command that asked says so. It imports nothing of ours: `-I` keeps the caller's folder out.

    [sheet number, number of its first row, [cells]]     a row
    "end"                                                the last line; without it it died before

A cell is text, number, truth, null or {"date": "2026-11-02"}.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

PROTECTED, NO_WORKBOOK = 3, 4  # exit statuses
_KINDS: dict[str, Callable[[str], object]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
}


def _limit(memory_bytes: int, cpu_s: int) -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    except (ImportError, ValueError, OSError):
        pass  # Windows has no such limits, and macOS takes none of memory


def _told(value: object) -> dict[str, object]:
    """What JSON has no form for; `cell` reads it."""
    if isinstance(value, timedelta):
        return {"seconds": value.total_seconds()}
    if isinstance(value, (datetime, date, time)):
        return {type(value).__name__: value.isoformat()}
    raise TypeError(type(value).__name__)


def cell(told: dict[str, object]) -> object:
    """What `_told` said, as `object_hook` of the reader."""
    ((kind, value),) = told.items()
    if isinstance(value, float):
        return timedelta(seconds=value)
    return _KINDS[kind](str(value))


def main(file: str, memory_bytes: int, cpu_s: int) -> int:
    _limit(memory_bytes, cpu_s)
    from python_calamine import CalamineError, PasswordError, load_workbook

    try:
        with load_workbook(file) as book:
            for number, name in enumerate(book.sheet_names):
                sheet = book.get_sheet_by_name(name)
                top = (sheet.start or (0, 0))[0] + 1  # empty rows above it are left out
                for cells in sheet.to_python():
                    print(json.dumps([number, top, cells], default=_told))
    except PasswordError:
        return PROTECTED
    except CalamineError:
        return NO_WORKBOOK
    print('"end"')
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))

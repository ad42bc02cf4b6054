"""What each connector reads, proven by its recordings: the tables of docs/connectors.

`python -m tests.connectors.matrix` writes them anew; a test fails when they are out of date. A
mark means that a recorded request gives the field, not that the code has a name for it.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

from chalicelib import connectors
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Connector, Proof
from chalicelib.errors import HubError
from chalicelib.interaction import Event, EventKind, Role
from tests.connectors.recordings import Recording, recordings

ROOT = Path(__file__).parent.parent.parent
MATRIX = ROOT / "docs/connectors/matrix.md"
TABLES = (ROOT / "README.md", ROOT / "docs/connectors/README.md")
MODULES = Path(connectors.__file__).parent
RECORDED = 0.85  # of a connector's lines run by its recordings: an event without one shows

Reads = Callable[[Event], bool]

FIELDS: dict[str, Reads] = {
    "customer's words": lambda e: e.role is Role.CUSTOMER and bool(e.text),
    "agent's": lambda e: e.role is Role.AGENT and bool(e.text),
    "bot's": lambda e: e.role is Role.BOT and bool(e.text),
    "notes": lambda e: e.role is Role.NOTE,
    "ratings": lambda e: bool(e.ratings),
    "wait": lambda e: e.wait_s is not None,
    "talk, handling": lambda e: e.talk_s is not None or e.handle_time_s is not None,
    "abandoned": lambda e: e.abandoned is not None,
    "resolved": lambda e: e.resolved is not None,
    "language": lambda e: e.language is not None,
    "customer": lambda e: e.customer is not None,
    "tags": lambda e: bool(e.tags),
    "touchpoint": lambda e: e.touchpoint is not None,
    "erasure": lambda e: e.kind is EventKind.ERASURE,
}


def events_of(recording: Recording) -> Sequence[Event]:
    """The events of one recording; none where it is a handshake, skipped or unreadable."""
    connector = recording.connector
    try:
        if connector.handshake(recording.request):
            return ()
        connector.challenge(recording.request, [recording.secret])
        return connector.events(recording.request, recording.source, recording.at)
    except HubError:
        return ()


@cache
def recorded() -> dict[str, tuple[list[Event], float]]:
    """Connector -> the events of its recordings, and the share of its lines that they run."""
    by_name: dict[str, list[Recording]] = {name: [] for name in CONNECTORS}
    for recording in recordings():
        by_name[recording.connector.name].append(recording)
    found = {}
    for name, mine in by_name.items():
        path = str(MODULES / f"{name}.py")
        run: set[int] = set()
        events = [event for one in mine for event in _traced(one, path, run)]
        found[name] = (events, len(run) / max(1, len(_lines_of_reading(Path(path)))))
    return found


def _traced(recording: Recording, path: str, run: set[int]) -> Sequence[Event]:
    """The events of a recording; adds the lines of `path` that reading it ran to `run`."""

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename != path:
            return None
        if event == "line" and frame.f_lineno in _lines_of_reading(Path(path)):
            run.add(frame.f_lineno)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        return events_of(recording)
    finally:
        sys.settrace(before)


@cache
def _lines_of_reading(path: Path) -> frozenset[int]:
    """Lines of the functions that reading a delivery can reach: not verify, not the API's.

    A line that only raises is not counted: the hostile tests are there for those.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    lines: set[int] = set()
    for function in _reached(tree):
        for node in ast.walk(function):
            if isinstance(node, ast.stmt) and not isinstance(node, ast.Raise | ast.FunctionDef):
                lines.add(node.lineno)
        if ast.get_docstring(function):
            lines.discard(function.body[0].lineno)
    return frozenset(lines)


def _reached(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """The functions that `events` calls, by itself or through tables such as `_READERS`."""
    named: dict[str, ast.stmt] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            named[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            named |= {target.id: node for target in targets if isinstance(target, ast.Name)}
    seen: set[str] = set()
    waiting = ["events", "handshake"]
    while waiting:
        name = waiting.pop()
        if name in seen or name not in named:
            continue
        seen.add(name)
        waiting += [one.id for one in ast.walk(named[name]) if isinstance(one, ast.Name)]
    for name in sorted(seen):
        found = named[name]
        if isinstance(found, ast.FunctionDef):
            yield found


# --- grades -------------------------------------------------------------------------------------


#: What a vendor's deliveries or API have not got, by their documentation; each guide says so.
NOTHING_TO_HAVE: dict[str, frozenset[str]] = {
    **dict.fromkeys(("ses", "postmark", "mailgun", "sendgrid"), frozenset({"ratings", "erasure"})),
    **dict.fromkeys(("slack", "twilio", "zoom_phone", "fider", "canny"), frozenset({"ratings"})),
    **dict.fromkeys(("freshchat", "crisp", "giosg"), frozenset({"ratings"})),
    **dict.fromkeys(("aircall", "vonage", "connect"), frozenset({"ratings", "erasure"})),
    **dict.fromkeys(
        ("typeform", "qualtrics", "delighted", "tally", "formbricks", "google_forms"),
        frozenset({"erasure"}),
    ),
    # Google's form sends its older answers itself, by the guide's script.
    "google_forms": frozenset({"erasure", "backfill"}),
    **dict.fromkeys(("standard", "hmac", "cloudevents", "json"), frozenset({"backfill"})),
    "rows": frozenset({"erasure"}),
}
#: Ratings that come with the answer to a fetch, as the tests of the vendor's API show.
RATED_BY_FETCH = frozenset({"surveymonkey", "qualtrics", "genesys"})


def grade(connector: Connector) -> dict[str, bool | None]:
    """What an integrator can count on; None where the vendor has no such thing."""
    name = connector.name
    events, run = recorded()[name]
    imported = connector.proof is Proof.IMPORT
    marks: dict[str, bool | None] = {
        "signed": None if imported else connector.proof is Proof.SIGNATURE,
        "recorded": run >= RECORDED,
        "backfill": None if imported else connector.backfill is not None,
        "retries told": None if imported else bool(connector.retries),
        "ratings": any(event.ratings for event in events) or name in RATED_BY_FETCH,
        "erasure": any(event.kind is EventKind.ERASURE for event in events),
    }
    absent = NOTHING_TO_HAVE.get(name, frozenset())
    return {mark: None if mark in absent and not held else held for mark, held in marks.items()}


def letter(marks: dict[str, bool | None]) -> str:
    """A for all six, one letter down for each that is missing; E at the lowest."""
    missing = sum(mark is False for mark in marks.values())
    return "ABCDE"[min(4, missing)]


# --- pages --------------------------------------------------------------------------------------

_MARK = {True: "●", False: "", None: "–"}


def matrix_page() -> str:
    """docs/connectors/matrix.md."""
    names = list(CONNECTORS)
    grades = {name: grade(CONNECTORS[name]) for name in names}
    lines = [
        "# What each connector gives",
        "",
        "Written by `python -m tests.connectors.matrix` from the recorded requests: a mark means",
        "that a recording gives the field. An empty place is a gap of the connector or of what its",
        "vendor sends; the guide says which.",
        "",
        "## Grades",
        "",
        "A has all six; each that is missing is a letter less, down to E. *Signed*: the vendor",
        "signs the body, so that nobody can invent or change a delivery. *Recorded*: recordings",
        f"run at least {RECORDED:.0%} of the lines that read deliveries. *Backfill*: older",
        "contacts can be fetched. *Retries told*: we know what the vendor does when we do not",
        "answer. *Ratings* and *erasure* are read. A dash: the vendor has no such thing.",
        "",
        *_table(["connector", "grade", *next(iter(grades.values()))], _grade_rows(grades)),
        "",
        "## Fields",
        "",
        *_table(["connector", *FIELDS], _field_rows(names)),
        "",
        "## The vendor's API",
        "",
        "*Completes*: deliveries that only name what happened are completed. *Registers*: `hub",
        "register` creates the webhook.",
        "",
        *_table(["connector", "completes", "backfill", "registers", "retries"], _api_rows(names)),
    ]
    return "\n".join(lines) + "\n"


def _grade_rows(grades: dict[str, dict[str, bool | None]]) -> Iterator[list[str]]:
    for name, marks in grades.items():
        yield [_linked(name), f"**{letter(marks)}**", *(_MARK[mark] for mark in marks.values())]


def _field_rows(names: Sequence[str]) -> Iterator[list[str]]:
    for name in names:
        events, _ = recorded()[name]
        yield [_linked(name), *(_MARK[any(map(reads, events))] for reads in FIELDS.values())]


def _api_rows(names: Sequence[str]) -> Iterator[list[str]]:
    for name in names:
        one = CONNECTORS[name]
        offers = (one.fetch, one.backfill, one.registration)
        if one.proof is not Proof.IMPORT:
            yield [_linked(name), *(_MARK[offer is not None] for offer in offers), one.retries]


def _linked(name: str) -> str:
    return f"[{name}]({name}.md)"


def _table(heads: Sequence[str], rows: Iterator[list[str]]) -> list[str]:
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def connector_table(folder: str) -> str:
    """The table of README.md and docs/connectors/README.md; `folder` is where the guides lie."""
    rows = (
        [
            one.title,
            f"`{name}`",
            one.channel.value,
            f"[guide]({folder}{name}.md)",
            letter(grade(one)),
        ]
        for name, one in CONNECTORS.items()
    )
    return "\n".join(_table(["tool", "connector", "mostly", "set up", "grade"], rows))


def with_table(page: Path) -> str:
    """A page with its table, between two marks, as it should be."""
    folder = "docs/connectors/" if page.parent == ROOT else ""
    text = page.read_text(encoding="utf-8")
    return re.sub(
        r"(<!-- connectors -->\n)(?:.*\n)?(<!-- /connectors -->)",
        lambda found: found[1] + connector_table(folder) + "\n" + found[2],
        text,
        flags=re.DOTALL,
    )


if __name__ == "__main__":
    MATRIX.write_text(matrix_page(), encoding="utf-8")
    for page in TABLES:
        page.write_text(with_table(page), encoding="utf-8")

"""What every command shares: the app, exit codes, options, and how results are shown."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup

from chalicelib.errors import HubError
from chalicelib.organisation import BadOrganisation
from infra.commands import worlds
from infra.commands.worlds import Hub, NoHub, Where

OK, FAULTS, USAGE, NO_HUB, REFUSED = 0, 1, 2, 3, 4

#: Every exit status and what it means; docs/commands.md has the same table.
EXITS: Mapping[int, str] = {
    OK: "done",
    FAULTS: "done, and something is wrong: rows were refused, a check failed, nothing was found",
    USAGE: "wrong usage: the command line could not be understood",
    NO_HUB: "no hub to talk to: none runs here, or the stage cannot be reached",
    REFUSED: "not done: the hub, AWS or the vendor refused; the message says whether to try again",
}

out = Console()
err = Console(stderr=True)

PANELS = ("Run", "Set up", "See what arrives", "Bring in", "Mend")
RUN, SET_UP, SEE, FILL, MEND = PANELS


class _Group(TyperGroup):
    """Turns what commands raise into a message and an exit status."""

    def __init__(self, **said: Any) -> None:
        super().__init__(**said)
        _without_type_of_flags(self)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except NoHub as error:
            stop(str(error), NO_HUB)
        except BadOrganisation as error:
            stop(str(error), FAULTS)
        except HubError as error:
            stop(f"{type(error).__name__.lower()}: {error}", REFUSED)


def _without_type_of_flags(command: Any) -> None:
    """Help writes `--yes`, not `--yes <bool>`: a flag takes no value."""
    for option in (*command.params, command.get_help_option(typer.Context(command))):
        if getattr(option, "is_flag", False):
            option.metavar = ""
    for own in getattr(command, "commands", {}).values():
        _without_type_of_flags(own)


_STATUSES = "\n\n".join(f"{status}  {meaning}" for status, meaning in EXITS.items())

app = typer.Typer(
    cls=_Group,
    help="Oivallus: what customers say, week by week, to the department that can act on it.\n\n"
    "Commands work on the local hub that `hub serve` runs, or with --stage on a deployed one.",
    epilog=f"Exit status:\n\n{_STATUSES}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

OrganisationFile = Annotated[
    Path, typer.Option("--organisation", "-o", help="The organisation file.", dir_okay=False)
]
Stage = Annotated[
    str,
    typer.Option(
        help="A deployed stage such as prod (stack oivallus-prod); without it, the local hub.",
        envvar="HUB_STAGE",
        show_default=False,
    ),
]
Profile = Annotated[
    str, typer.Option(help="The AWS profile that reaches the stage.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Since = Annotated[
    str, typer.Option(help="From when: 30m, 24h, 7d, 2026-11-20 or 2026-11-20T09:00.")
]
Until = Annotated[str, typer.Option(help="To when, in the same forms.", show_default="now")]
SourceName = Annotated[str, typer.Argument(help="A source of organisation.yaml.")]


def connect(stage: str, profile: str) -> Hub:
    """The hub that the options mean. Raises NoHub."""
    return worlds.connect(Where(stage, profile))


_SPAN = re.compile(r"(\d+)([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str, now: datetime, zone: tzinfo) -> datetime:
    """'24h' ago, a date or a time of the organisation's zone. Raises typer.BadParameter."""
    span = _SPAN.fullmatch(text.strip())
    if span:
        return now - timedelta(**{_UNITS[span[2]]: int(span[1])})
    if text == "now":
        return now
    try:
        told = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is no time; write 30m, 24h, 7d, 2026-11-20 or 2026-11-20T09:00"
        ) from error
    return (told if told.tzinfo else told.replace(tzinfo=zone)).astimezone(UTC)


def show_json(value: Any) -> None:
    """Print a result as JSON on standard output, whatever the width of the terminal."""
    typer.echo(json.dumps(plain(value), ensure_ascii=False, indent=2))


def plain(value: Any) -> Any:
    """A result as JSON has it: records as objects, times as ISO 8601."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(of) for key, of in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    return value.isoformat() if isinstance(value, date | datetime) else value


_WHOLE = frozenset({"id", "when", "source", "outcome", "queue", "delivery", "event"})


def table(*columns: str, title: str = "") -> Table:
    """An empty table; cells are text, never markup."""
    made = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        # What is copied and compared stays in one piece.
        made.add_column(column, overflow="fold", no_wrap=column in _WHOLE)
    return made


def clock(at: datetime | None, zone: tzinfo) -> str:
    """A moment as a person of the organisation reads it; '-' for none."""
    return "-" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def many(n: int, one: str, more: str = "") -> str:
    """'1 digest', '2 digests'; `more` where an s does not make it."""
    return f"{n} {one if n == 1 else more or one + 's'}"


def ago(at: datetime | None, now: datetime) -> str:
    """How long ago, in one unit; 'never' for None."""
    if at is None:
        return "never"
    seconds = max(0, int((now - at).total_seconds()))
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length or (unit == "min" and seconds >= length):
            return f"{seconds // length} {unit} ago"
    return f"{seconds} s ago"


def valid_text(file: Path) -> str:
    """The text of a valid organisation file; stops with its faults otherwise."""
    from infra.commands import organisation_file

    text = read_text(file)
    _, faults = organisation_file.read(text)
    for fault in faults:
        err.print(f"{file}: {fault}", style="red", markup=False, soft_wrap=True)
    if faults:
        raise typer.Exit(FAULTS)
    return text


def read_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        stop(f"{file} cannot be read: {error.strerror}", FAULTS)
    except UnicodeDecodeError as error:
        stop(f"{file} cannot be read: it is not UTF-8 at byte {error.start}", FAULTS)


def known_source(hub: Hub, name: str) -> str:
    """The name of a source that organisation.yaml has; stops otherwise."""
    sources = hub.world.organisation().sources
    if name not in sources:
        stop(f"organisation.yaml has no source {name!r}; it has {', '.join(sources)}", FAULTS)
    return name


def note(text: str) -> None:
    """Say something beside the result."""
    err.print(text, style="bright_black", markup=False, highlight=False, soft_wrap=True)


def stop(why: str, status: int) -> NoReturn:
    err.print(why, style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(status)

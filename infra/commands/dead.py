"""`hub dead list|show|redrive|discard`: what no worker could finish."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any

import typer
from rich.text import Text

from infra.commands import cli, dead_letters
from infra.commands.audit import write_down
from infra.commands.cli import FAULTS, OK, AsJson, Profile, Stage
from infra.commands.dead_letters import DeadQueue, Letter
from infra.commands.worlds import Hub, quiet

dead = typer.Typer(no_args_is_help=True)
cli.app.add_typer(
    dead,
    name="dead",
    rich_help_panel=cli.MEND,
    help="What no worker could finish: every dead-letter queue of the stack.",
)

QueueName = Annotated[
    str, typer.Argument(help="A queue as `hub dead list` names it, such as events-dead.")
]
Ids = Annotated[
    list[str] | None, typer.Argument(help="Messages' ids, or how they begin; default: all.")
]


@dead.command("list")
def list_(stage: Stage = "", profile: Profile = "", as_json: AsJson = False) -> None:
    """Every dead-letter queue and how much it holds. Exit status 1 when one holds something."""
    hub = cli.connect(stage, profile)
    depths = {queue.name: queue.depth() for queue in dead_letters.queues(hub)}
    if as_json:
        cli.show_json([{"queue": name, "messages": depth} for name, depth in depths.items()])
    else:
        table = cli.table("queue", "messages")
        for name, depth in depths.items():
            table.add_row(Text(name), Text(str(depth), "red" if depth else ""))
        cli.out.print(table)
    raise typer.Exit(FAULTS if any(depths.values()) else OK)


@dead.command()
def show(
    queue: QueueName,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    text: Annotated[bool, typer.Option("--text", help="Show the messages' bodies too.")] = False,
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """Messages of a dead-letter queue: what each is about, since when, and why it was given up."""
    hub = cli.connect(stage, profile)
    found = _first(_named(hub, queue), limit)
    if text and found:
        write_down(hub, "dead show --text", queue, *(letter.id for letter in found))
    if as_json:
        cli.show_json([_plain(letter, body=text) for letter in found])
        return
    zone = hub.world.organisation().zone
    table = cli.table("id", "since", "tries", "what", "why")
    for letter in found:
        table.add_row(
            letter.id[:8],
            cli.clock(letter.sent_at, zone),
            str(letter.received),
            Text(letter.what),
            Text(letter.reason, "bright_black"),
        )
        if text:
            table.add_row("", "", "", Text(letter.body, "bright_black"), "")
    cli.out.print(table if found else f"{queue} is empty")


@dead.command()
def redrive(
    queue: QueueName,
    ids: Ids = None,
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """Give messages back to work, after the cause is mended. What was done before stays done.

    Events and fetches go to their queue; mail events are noted at once. A failed schedule runs
    again by itself and is left. Exit status 1 when something is left.
    """
    hub = cli.connect(stage, profile)
    place = _named(hub, queue)
    done: dict[str, str] = {}
    left: list[Letter] = []
    with quiet("redrive"):
        for letter in dead_letters.chosen(place, ids or ()):
            done[letter.id] = dead_letters.redrive(hub.world, place, letter)
            if done[letter.id].startswith("left"):
                left.append(letter)
        for letter in left:
            dead_letters.release(place, letter)
    _finish(queue, done, as_json=as_json)


@dead.command()
def discard(
    queue: QueueName,
    ids: Ids = None,
    everything: Annotated[bool, typer.Option("--all", help="All that the queue holds.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """Throw messages away: the named ones, or with --all every one. Asks first, unless --yes.

    The events themselves stay in the log; they are only not worked off.
    """
    if not ids and not everything:
        raise typer.BadParameter("name the messages, or say --all")
    hub = cli.connect(stage, profile)
    place = _named(hub, queue)
    if not yes:
        which = f"{len(ids)} messages" if ids else f"all {place.depth()} messages"
        typer.confirm(f"Throw away {which} of {queue} of {hub.where}?", abort=True, err=True)
    done: dict[str, str] = {}
    for letter in dead_letters.chosen(place, ids or ()):
        dead_letters.discard(place, letter)
        done[letter.id] = "discarded"
    _finish(queue, done, as_json=as_json)


def _finish(queue: str, done: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        cli.show_json(done)
    elif not done:
        cli.out.print(f"{queue} holds no such message")
    else:
        for letter, became in done.items():
            cli.out.print(Text(f"{letter[:8]}  {became}"), soft_wrap=True)
    left = [became for became in done.values() if became.startswith("left")]
    raise typer.Exit(FAULTS if left or not done else OK)


def _named(hub: Hub, name: str) -> DeadQueue:
    found = {queue.name: queue for queue in dead_letters.queues(hub)}
    if name not in found:
        raise typer.BadParameter(f"{name!r} is not one of {', '.join(found)}")
    return found[name]


def _first(queue: DeadQueue, limit: int) -> list[Letter]:
    """Up to `limit` messages, which others see again afterwards."""
    found = list(islice(dead_letters.letters(queue), limit))
    for letter in found:
        dead_letters.release(queue, letter)
    return found


def _plain(letter: Letter, *, body: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": letter.id,
        "since": letter.sent_at,
        "tries": letter.received,
        "what": letter.what,
        "reason": letter.reason,
    }
    return {**told, "body": letter.body} if body else told

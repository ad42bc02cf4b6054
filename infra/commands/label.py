"""`hub label`: say what messages are about, so that the organisation's heads can learn it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import click
import typer

from chalicelib.corrections import Correction, Demand
from chalicelib.organisation import Organisation
from chalicelib.pipeline import corrections
from infra.commands import cli, labelling
from infra.commands.audit import write_down
from infra.commands.cli import FAULTS, AsJson, Profile, Stage
from infra.commands.labelling import DEMAND_KEYS, KEYS, NONE, QUIT, SKIP, UNDO, Shown
from infra.commands.worlds import Hub, quiet

POOL = 1000
SHORTENED = 72

label = typer.Typer(invoke_without_command=True)
cli.app.add_typer(
    label,
    name="label",
    rich_help_panel=cli.MEND,
    help="Say what messages are about: the most useful ones are shown, redacted.",
)

LabelFile = Annotated[
    Path, typer.Argument(help="A .csv or .jsonl file: text, themes, demand.", dir_okay=False)
]


@label.callback()
def ask(
    context: typer.Context,
    count: Annotated[int, typer.Option(min=1, help="How many messages.")] = 20,
    weeks: Annotated[int, typer.Option(min=1, help="From how many weeks back.")] = 8,
    stage: Stage = "",
    profile: Profile = "",
) -> None:
    """Show messages one by one and take a key each: the theme, then failure or value demand.

    The least certain are shown, spread over languages and channels. '.' skips, '<' goes back,
    '!' ends; labels are stored as they are given.
    """
    if context.invoked_subcommand is not None:
        return
    from infra.commands.readings import readable

    hub = cli.connect(stage, profile)
    world, organisation = hub.world, hub.world.organisation()
    with quiet("label"):
        labelled = corrections.labels(world)
        stored = list(corrections.pool(world, weeks, POOL))
        taxonomy = labelling.taxonomy_of(organisation, world.heads.text())
        shown = labelling.most_useful(readable(world), taxonomy, stored, labelled, count)
    if not shown:
        cli.stop("there is no message to label: nothing is stored, or all is labelled", FAULTS)
    write_down(hub, "label", *sorted({one.stored.interaction.key for one in shown}))
    given = _session(hub, organisation, shown)
    told = f"{cli.many(given, 'label')} stored; {len(labelled) + given} in all"
    cli.note(f"{told}. `hub learn` learns from them")


def _session(hub: Hub, organisation: Organisation, shown: Sequence[Shown]) -> int:
    """Ask about each; a label is stored when its message is left, so '<' takes it back."""
    names = [(theme.id, theme.called(organisation.languages[0])) for theme in organisation.themes]
    themes = dict(zip(KEYS, names, strict=False))
    given: dict[int, Correction] = {}
    place = 0
    while place < len(shown):
        one = shown[place]
        _show(place, len(shown), one, dict(names))
        key = _key(themes)
        if key == QUIT:
            break
        if key == UNDO:
            place = max(0, place - 1)
            if place in given:
                hub.world.corrections.remove(given.pop(place))
            continue
        if key != SKIP:
            chosen = () if key == NONE else (themes[key][0],)
            made = one.stored.corrected(organisation, chosen, _demand(), hub.world.clock())
            with quiet("label"):
                corrections.keep(hub.world, organisation, one.stored, made)
            given[place] = made
        place += 1
    return len(given)


def _show(place: int, count: int, one: Shown, names: dict[str, str]) -> None:
    cli.out.rule(f"{place + 1}/{count}  {one.stored.interaction.channel.value}", align="left")
    cli.out.print(one.stored.message.text, markup=False, highlight=False)
    guesses = ", ".join(f"{names.get(theme, theme)} {p:.2f}" for theme, p in one.themes)
    cli.note(f"the model: {guesses}; failure demand {one.p_failure:.2f}")


def _key(themes: dict[str, tuple[str, str]]) -> str:
    lines = [f"{key} {name}" for key, (_, name) in themes.items()]
    for start in range(0, len(lines), 3):
        cli.note("   ".join(f"{line:<32.32}" for line in lines[start : start + 3]).rstrip())
    cli.note(f"{NONE} none of these   {SKIP} skip   {UNDO} back   {QUIT} end")
    while True:
        key = _pressed()
        if key in themes or key in (NONE, SKIP, UNDO, QUIT):
            return key


def _pressed() -> str:
    """One key of a terminal, or one character of what is piped in; its end is the end."""
    return click.getchar() if sys.stdin.isatty() else sys.stdin.read(1) or QUIT


def _demand() -> Demand:
    cli.note("f something had failed   v an ordinary request   n neither   Enter: cannot tell")
    while True:
        key = _pressed()
        if key in DEMAND_KEYS or key == QUIT:
            return DEMAND_KEYS.get(key, "")


@label.command("list")
def list_(stage: Stage = "", profile: Profile = "", as_json: AsJson = False) -> None:
    """Every label: when, by whom, what; one a message, the last word."""
    hub = cli.connect(stage, profile)
    with quiet("label list"):
        found = corrections.labels(hub.world)
    write_down(hub, "label list", *sorted({one.interaction for one in found} - {""}))
    if as_json:
        cli.show_json(found)
        return
    table = cli.table("when", "from", "themes", "demand", "message")
    zone = hub.world.organisation().zone
    for one in found:
        text = " ".join(one.text.split())
        table.add_row(
            cli.clock(one.at, zone),
            one.department or one.origin,
            "" if one.themes is None else ", ".join(one.themes) or "none",
            one.demand,
            text if len(text) <= SHORTENED else f"{text[: SHORTENED - 1]}…",
        )
    cli.out.print(table)
    cli.note(cli.many(len(found), "label"))


@label.command("export")
def export(file: LabelFile, stage: Stage = "", profile: Profile = "") -> None:
    """Write every label with its redacted text to a .csv or .jsonl file."""
    hub = cli.connect(stage, profile)
    with quiet("label export"):
        found = corrections.labels(hub.world)
    write_down(hub, "label export", *sorted({one.interaction for one in found} - {""}))
    count = labelling.write(file, found)
    cli.note(f"{cli.many(count, 'label')} in {file}")


@label.command("import")
def import_(file: LabelFile, stage: Stage = "", profile: Profile = "") -> None:
    """Store the labels of a file; its texts are redacted first. Importing twice changes nothing.

    A row that names a stored message (interaction, message) is its label; any other is kept as
    long as an interaction of today.
    """
    hub = cli.connect(stage, profile)
    world, organisation = hub.world, hub.world.organisation()
    days = timedelta(days=organisation.retention.interactions_days)
    try:
        found = labelling.read(file, organisation, world.clock())
    except (OSError, ValueError) as error:
        cli.stop(f"{file} cannot be read: {error}", FAULTS)
    with quiet("label import"):
        for one in found:
            stored = corrections.find(world, one.interaction, one.message)
            if stored:
                made = stored.corrected(organisation, one.themes, one.demand, one.at)
                corrections.keep(world, organisation, stored, made)
            else:
                # Bound to nothing that is stored, so that no erasure could find it by its id.
                world.corrections.keep(labelling.loose(one), world.clock() + days)
    cli.note(f"{cli.many(len(found), 'label')} stored")

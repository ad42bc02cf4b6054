"""`hub reenrich`: history judged again by the present model, or by a candidate."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from chalicelib.adapters.endpoint import Endpoint
from chalicelib.insights.proportion import share
from chalicelib.model_change import ASPECTS, Moves
from chalicelib.pipeline.reenrich import Days, Switched, compare, switch_on
from infra.commands import cli
from infra.commands.bars import bars
from infra.commands.cli import AsJson, Profile, Stage
from infra.commands.worlds import Hub, quiet

SAMPLE = 500
_MOVES = 15


@cli.app.command(rich_help_panel=cli.MEND)
def reenrich(  # noqa: PLR0913, PLR0917 - options
    since: Annotated[str, typer.Option(help="Contacts that began since then: 90d, 2026-01-01.")],
    until: Annotated[str, typer.Option(help="And until then.", show_default="now")] = "now",
    endpoint: Annotated[
        str, typer.Option(help="A candidate's endpoint; without it, the present one.")
    ] = "",
    sample: Annotated[
        int, typer.Option(min=0, help="Contacts to judge for the comparison; 0 for all.")
    ] = SAMPLE,
    write: Annotated[
        bool, typer.Option("--switch-on", help="Write; without it, only tell.")
    ] = False,
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """Judge history again, and tell what would change: themes, sentiment, demand, by language.

    With --switch-on every contact is judged and counted anew. It may be stopped and run again,
    while new contacts come; digests claim no change of customers until it is done.
    """
    hub = cli.connect(stage, profile)
    days, judge = _days(hub, since, until), Endpoint(endpoint) if endpoint else hub.world.endpoint
    with quiet("reenrich"), bars(cli.err) as progress:
        task = progress.add_task("reenrich", total=None if write else sample or None)

        def each(done: int) -> None:
            progress.update(task, completed=done)

        result = (
            switch_on(hub.world, judge, days, each)
            if write
            else compare(hub.world, judge, days, sample, each)
        )
    _show(result, as_json=as_json)


def _days(hub: Hub, since: str, until: str) -> Days:
    organisation, now = hub.world.organisation(), hub.world.clock()
    first, last = (cli.moment(told, now, organisation.zone) for told in (since, until))
    return Days(organisation.local_day(first), organisation.local_day(last))


def _show(result: Moves | Switched, *, as_json: bool) -> None:
    if isinstance(result, Switched):
        if as_json:
            cli.show_json(result)
            return
        cli.out.print(
            f"{result.looked_at} interactions looked at, {result.written} judged anew by "
            f"{result.model}, {result.refused} messages refused"
        )
        return
    if as_json:
        cli.show_json(as_plain(result))
    else:
        _show_moves(result)


def as_plain(moves: Moves) -> dict[str, Any]:
    """The comparison as JSON has it: every share with its n and its 95 % interval."""
    return {
        "messages": sum(moves.messages.values()),
        "new": moves.new,
        "refused": moves.refused,
        "changed": {aspect: _share(*moves.share_changed(aspect)) for aspect in ASPECTS},
        "by_language": {
            language: {aspect: _share(*moves.share_changed(aspect, language)) for aspect in ASPECTS}
            for language in sorted(moves.messages)
        },
        "contacts": sum(moves.contacts.values()),
        "themes": {
            theme: {"before": before, "after": after}
            for theme, (before, after) in moves.by_theme().items()
        },
        "moves": [
            {"from": was, "to": now, "contacts": n} for was, now, n in moves.largest_moves(_MOVES)
        ],
        "sentiments": [
            {"from": was, "to": now, "contacts": n}
            for (was, now), n in sorted(moves.sentiments.items())
        ],
    }


def _share(k: int, n: int) -> dict[str, float | int] | None:
    found = share(k, n) if n else None
    if found is None:
        return None
    return {"k": k, "n": n, "share": found.value, "low": found.low, "high": found.high}


def _show_moves(moves: Moves) -> None:
    n = sum(moves.messages.values())
    cli.out.print(f"{n} messages of {sum(moves.contacts.values())} contacts judged again")
    if moves.new or moves.refused:
        cli.out.print(f"{moves.new} were not judged before, {moves.refused} are refused now")
    languages = cli.table("messages", "n", *ASPECTS, title="would change (95 % interval)")
    for language in ("", *sorted(moves.messages)):
        cells = [_percent(*moves.share_changed(aspect, language)) for aspect in ASPECTS]
        languages.add_row(
            language or "all", str(moves.messages[language] if language else n), *cells
        )
    themes = cli.table("theme", "before", "after", title="contacts by theme")
    for theme, (before, after) in moves.by_theme().items():
        themes.add_row(theme, str(before), str(after))
    moved = cli.table("from", "to", "contacts", title="the largest moves")
    for was, now, contacts in moves.largest_moves(_MOVES):
        moved.add_row(was, now, str(contacts))
    for table in (languages, themes, moved):
        if table.row_count:
            cli.out.print(table)
    cli.note("nothing was written; with --switch-on it is")


def _percent(k: int, n: int) -> str:
    found = share(k, n) if n else None
    if found is None:
        return "-"
    return f"{found.value:.1%} ({found.low:.1%}–{found.high:.1%})"

"""`hub replay`, `hub renormalize`, `hub recount`: what stands in the hub, made again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.text import Text

from chalicelib.adapters.kept import Kept
from chalicelib.connectors.base import Outcome
from chalicelib.interaction import Event
from chalicelib.pipeline.renormalize import Change, Difference, apply, difference
from chalicelib.pipeline.replay import Replayed, by_id, replay, within
from chalicelib.pipeline.watch import watched_sources
from infra.commands import cli
from infra.commands.arrivals import COLOURS, OneSource
from infra.commands.audit import write_down
from infra.commands.bars import bars
from infra.commands.cli import FAULTS, OK, AsJson, Profile, Since, Stage, Until
from infra.commands.recounting import correct_counts
from infra.commands.worlds import Hub, quiet

#: Fields whose values are words or people: a report names them, and shows them when asked.
_WORDS = frozenset({"text", "customer", "tags"})
_SHOWN = 20


class KeptAs(StrEnum):
    """Outcomes whose requests are kept."""

    UNREADABLE = "unreadable"
    ACCEPTED = "accepted"


What = Annotated[
    list[str] | None,
    typer.Argument(help="Ids of deliveries, or sources; nothing means every source."),
]


@cli.app.command(name="replay", rich_help_panel=cli.MEND)
def replay_(  # noqa: PLR0913, PLR0917 - options
    what: What = None,
    source: OneSource = "",
    outcome: Annotated[
        KeptAs, typer.Option(help="Which of a source's kept deliveries.")
    ] = KeptAs.UNREADABLE,
    since: Since = "90d",
    until: Until = "now",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell, and change nothing.")] = False,
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """Run kept deliveries again: by id, or those of a source and time that could not be read.

    Every event keeps its identity, so what was counted is not counted again. Refused and skipped
    deliveries are not kept. Exit status 1 when one still cannot be read.
    """
    hub = cli.connect(stage, profile)
    done: list[Replayed] = []
    with quiet("replay"):
        for delivery in _kept(hub, _meant(hub, what, source), outcome, since, until):
            done.append(replay(hub.world, delivery, dry_run=dry_run))
    if as_json:
        cli.show_json([_replayed(one) for one in done])
    elif not done:
        cli.out.print(f"nothing {outcome.value} is kept of that source and time")
    else:
        table = cli.table("delivery", "source", "would become" if dry_run else "became", "new", "")
        for one in done:
            table.add_row(
                one.kept.id,
                one.kept.source,
                Text(one.outcome.value, COLOURS[one.outcome]),
                f"{one.new} of {one.events}",
                Text(one.reason, "bright_black"),
            )
        cli.out.print(table)
    failed = any(one.outcome is Outcome.UNREADABLE for one in done)
    raise typer.Exit(FAULTS if failed else OK)


def _meant(hub: Hub, what: list[str] | None, source: str) -> list[str]:
    """What is named, whether as an argument or by --source."""
    return [*(what or ()), *([cli.known_source(hub, source)] if source else ())]


def _kept(hub: Hub, what: Iterable[str], outcome: KeptAs, since: str, until: str) -> Iterator[Kept]:
    """The kept deliveries that are meant; stops when an id is not kept."""
    organisation, now = hub.world.organisation(), hub.world.clock()
    sources: list[str] = []
    ids: list[str] = []
    for name in what:
        (sources if name in organisation.sources else ids).append(name)
    for name in ids:
        try:
            found = by_id(hub.world, name)
        except ValueError as error:
            raise typer.BadParameter(
                f"{name!r} is neither a delivery's id nor one of {', '.join(organisation.sources)}"
            ) from error
        if found is None:
            cli.stop(f"no request of {name} is kept; `hub show {name}` says why", FAULTS)
        yield found
    if sources or not ids:
        yield from within(
            hub.world,
            sources or watched_sources(organisation),
            cli.moment(since, now, organisation.zone),
            cli.moment(until, now, organisation.zone) + timedelta(seconds=1),
            Outcome(outcome.value),
        )


def _replayed(one: Replayed) -> dict[str, Any]:
    return {
        "id": one.kept.id,
        "source": one.kept.source,
        "outcome": one.outcome.value,
        "events": one.events,
        "new": one.new,
        "reason": one.reason,
    }


@cli.app.command(rich_help_panel=cli.MEND)
def renormalize(  # noqa: PLR0913, PLR0917 - options
    what: What = None,
    source: OneSource = "",
    since: Since = "90d",
    until: Until = "now",
    write: Annotated[
        bool, typer.Option("--apply", help="Write the differences; without it, only tell.")
    ] = False,
    text: Annotated[
        bool, typer.Option("--text", help="Show words that differ: personal data.")
    ] = False,
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """Read accepted deliveries with the present connector, and tell what would be different.

    For after a connector was mended. With --apply the log, the conversations and their counts
    follow, and changed words are judged anew; it can be stopped and run again.
    """
    hub = cli.connect(stage, profile)
    found: list[Difference] = []
    looked, written = 0, 0
    with quiet("renormalize"), bars(cli.err) as progress:
        task = progress.add_task("renormalize", total=None)
        for delivery in _kept(hub, _meant(hub, what, source), KeptAs.ACCEPTED, since, until):
            one = difference(hub.world, delivery)
            looked += 1
            written += write and apply(hub.world, one)
            if one.changes or one.unreadable:
                found.append(one)
            progress.update(task, completed=looked)
        progress.update(task, total=looked)
    report = {
        "deliveries": looked,
        "unchanged": looked - len(found),
        "written": written,
        "differences": [_difference(one, words=text) for one in found],
    }
    if text and found:
        write_down(hub, "renormalize --text", *(one.kept.id for one in found))
    if as_json:
        cli.show_json(report)
    else:
        _show(report, found, applied=write)
    raise typer.Exit(FAULTS if any(one.unreadable for one in found) else OK)


def _show(report: dict[str, Any], found: list[Difference], *, applied: bool) -> None:
    kinds = Counter(kind for one in found for kind in _kinds(one))
    cli.out.print(
        f"{cli.many(report['deliveries'], 'delivery', 'deliveries')} read, "
        f"{report['unchanged']} as before, "
        + (", ".join(f"{cli.many(n, 'event')} {kind}" for kind, n in kinds.items()) or "no change")
    )
    for one in report["differences"][:_SHOWN]:
        for line in one["changes"] or [one["unreadable"]]:
            cli.out.print(Text(f"{one['id']}  {one['source']}  {line}"), soft_wrap=True)
    if len(found) > _SHOWN:
        cli.note(f"… and {len(found) - _SHOWN} more; all with --json")
    if applied:
        cli.out.print(f"{report['written']} deliveries written anew")
    elif found:
        cli.note("nothing was written; with --apply it is")


def _kinds(one: Difference) -> Iterator[str]:
    if one.unreadable:
        yield "that cannot be read any more"
    for change in one.changes:
        yield "changed" if change.before and change.after else "added" if change.after else "gone"


def _difference(one: Difference, *, words: bool) -> dict[str, Any]:
    return {
        "id": one.kept.id,
        "source": one.kept.source,
        "unreadable": f"cannot be read any more: {one.unreadable}" if one.unreadable else "",
        "changes": [_told(change, words=words) for change in one.changes],
    }


def _told(change: Change, *, words: bool) -> str:
    if change.before is None or change.after is None:
        event = change.after or change.before
        kind = "added" if change.after else "gone"
        return f"{kind}: {event.kind} by {event.role}, {event.event_id}" if event else kind
    fields = [_field(change.before, change.after, name, words=words) for name in change.fields]
    return f"changed: {change.after.event_id}: {'; '.join(fields)}"


def _field(before: Event, after: Event, name: str, *, words: bool) -> str:
    old, new = getattr(before, name), getattr(after, name)
    if name in _WORDS and not words:
        sizes = f" ({len(old or '')} -> {len(new or '')} characters)" if name == "text" else ""
        return f"{name}{sizes}"
    return f"{name} {_plain(old)} -> {_plain(new)}"


def _plain(value: Any) -> str:
    plain = cli.plain(value)
    return plain if isinstance(plain, str) else str(plain)


@cli.app.command(rich_help_panel=cli.MEND)
def recount(
    restored: Annotated[
        bool,
        typer.Option(
            "--restored",
            help="First make the counts what the stored interactions say: after a table was "
            "restored, while nothing else writes.",
        ),
    ] = False,
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """Count what is stored anew, after themes, touchpoints or the time zone changed.

    Safe to stop and to repeat. Texts are not judged again: new themes take new messages.
    """
    from chalicelib.pipeline.rebuild import apply_organisation

    hub = cli.connect(stage, profile)
    with quiet("recount"):
        corrected = correct_counts(hub.world) if restored else 0
        changed = apply_organisation(hub.world)
    if as_json:
        cli.show_json({"interactions": changed, "cells_corrected": corrected})
        return
    if restored:
        cli.out.print(f"{corrected} cells of the counts corrected")
    cli.out.print(f"{changed} interactions counted anew")

"""`hub learn`: the organisation's heads refitted to its labels, measured, and published."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import numpy as np
import typer

from chalicelib.adapters.world import World
from chalicelib.organisation import Organisation
from chalicelib.pipeline import corrections
from infra.commands import cli, labelling
from infra.commands.cli import FAULTS, REFUSED, AsJson, Profile, Stage
from infra.commands.readings import readable
from infra.commands.worlds import quiet
from model_image import learned
from model_image.learned import Heads
from model_image.learning.refit import Refit, refit
from model_image.learning.score import Compared
from model_image.linear import Floats
from model_image.reading import Readable, joined
from model_image.wire import MAX_HEADS_CHARS, Text

SAMPLE, SAMPLE_WEEKS = 500, 8


@cli.app.command(rich_help_panel=cli.MEND)
def learn(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Measure only; publish nothing.")
    ] = False,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Go back to what was published before.")
    ] = False,
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """Learn themes and demand from the labels, and publish what is better than the shipped model.

    Each head is measured by cross-validation on messages that it was not fitted to. One that is
    not better is refused (exit status 4 when none is). New messages are judged by what is
    published within a minute; `hub reenrich` judges earlier ones again.
    """
    hub = cli.connect(stage, profile)
    if rollback:
        _roll_back(hub.world, as_json=as_json)
        return
    organisation = hub.world.organisation()
    with quiet("learn"):
        model, text = readable(hub.world), hub.world.heads.text()
        published = labelling.published(model, text)
        taxonomy = labelling.taxonomy_of(organisation, "")
        labels = labelling.examples(corrections.labels(hub.world))
        found = refit(model, taxonomy, labels)
        bundle = found.bundle(published)
        moved = _moved(hub.world, model, organisation, published, learned.load(bundle))
    if text and not published:
        cli.note(_unused(hub.world, model))
    told = _told(found, bundle, moved)
    version = ""
    refused = not found.better or len(bundle) > MAX_HEADS_CHARS
    if not refused and not dry_run:
        with quiet("learn"):
            hub.world.heads.publish(bundle, told, hub.world.clock())
        version = learned.name_of(bundle)
    _show({**told, "published": version}, found, as_json=as_json)
    if refused:
        cli.stop(_why(found, len(bundle)), REFUSED)
    if version:
        cli.note(f"published heads {version}; `hub reenrich` judges earlier messages again")


def _roll_back(world: World, *, as_json: bool) -> None:
    with quiet("learn"):
        before = world.heads.roll_back(world.clock())
    if before is None:
        cli.stop("nothing was published before: there is nothing to go back to", FAULTS)
    of = world.heads.report(before).get("model", "") if before else ""
    name = f"heads {before[:12]} of {of}" if before else "the shipped model"
    if as_json:
        cli.show_json({"published": before[:12], "model": of})
    cli.note(f"back to {name}; `hub reenrich` judges earlier messages again")


def _unused(world: World, model: Readable) -> str:
    """What is wrong when heads are published that the model does not apply."""
    whose = world.heads.report(world.heads.versions()[0]).get("model") or "another release"
    return (
        f"the published heads are of {whose}; the endpoint's model, {model.model}, does not use "
        "them. Once published, what is learnt now takes their place"
    )


def _moved(
    world: World, model: Readable, organisation: Organisation, now: Heads | None, then: Heads
) -> dict[str, int]:
    """How many of a sample of stored messages would get another theme or kind of demand.

    Labels are of chosen messages; what happens to the others is told by these.
    """
    stored = list(corrections.pool(world, SAMPLE_WEEKS, SAMPLE))
    if not stored:
        return {"messages": 0, "themes": 0, "demand": 0}
    taxonomy = labelling.taxonomy_of(organisation, "")
    texts = [Text(str(i), one.message.text, None) for i, one in enumerate(stored)]
    reading, ids = joined(model.readings(texts, taxonomy)), [one.id for one in taxonomy.themes]
    before, after = (_answers(*reading.judged(ids, heads)) for heads in (now, then))
    pairs = list(zip(before, after, strict=True))
    return {
        "messages": len(stored),
        "themes": sum(a[0] != b[0] for a, b in pairs),
        "demand": sum(a[1] != b[1] for a, b in pairs),
    }


def _answers(about: Floats, floor: float, failing: Floats) -> list[tuple[int, bool]]:
    """Each message's first theme by its place, -1 for "unsure", and whether it is of a failure."""
    padded = np.pad(about, ((0, 0), (0, 1)))  # an organisation may have no theme
    first = np.where(padded.max(axis=1) >= floor, padded.argmax(axis=1), -1)
    return list(zip(first.tolist(), (failing > 0.5).tolist(), strict=True))


def _told(found: Refit, bundle: str, moved: dict[str, int]) -> dict[str, Any]:
    return {
        "model": found.model,
        "heads": learned.name_of(bundle),
        "characters": len(bundle),
        "better": found.better,
        "compared": [asdict(one) | {"gain": one.gain} for one in found.compared],
        "moved": moved,
    }


def _show(told: dict[str, Any], found: Refit, *, as_json: bool) -> None:
    if as_json:
        cli.show_json(told)
        return
    table = cli.table("head", "labels", "shipped", "learnt", "gain", "95 %", "")
    for one in found.compared:
        table.add_row(*_row(one))
    cli.out.print(table)
    moved = told["moved"]
    if moved["messages"] and found.better:
        cli.note(
            f"of {moved['messages']} stored messages {moved['themes']} would get another theme, "
            f"{moved['demand']} another kind of demand"
        )


def _row(one: Compared) -> tuple[str, ...]:
    if not one.enough:
        return (one.head, str(one.labels), "", "", "", "", f"needs {one.needed} labels")
    verdict = "better" if one.certain else "probably better" if one.better else "refused"
    return (
        one.head,
        str(one.labels),
        f"{one.before:.3f}",
        f"{one.after:.3f}",
        f"{one.gain:+.3f}",
        f"{one.low:+.3f} … {one.high:+.3f}",
        verdict,
    )


def _why(found: Refit, characters: int) -> str:
    if found.better and characters > MAX_HEADS_CHARS:
        return (
            f"not published: heads of {characters} characters, at most {MAX_HEADS_CHARS} are sent "
            "with the themes; join themes that nobody tells apart"
        )
    if not any(one.enough for one in found.compared):
        return "not published: too few labels; `hub label` shows the most useful messages"
    return (
        "not published: no head is better than the shipped model, beyond chance, on messages "
        "that it was not fitted to; what was published stays. Label more with `hub label`, or look "
        "for labels that contradict each other with `hub label list`"
    )

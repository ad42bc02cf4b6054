"""`hub show`: one delivery, from its line in the log to what it stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.text import Text

from chalicelib.adapters.kept import Kept
from chalicelib.deliveries import Delivery, received_at
from chalicelib.fold import fold, message_id
from chalicelib.interaction import Enrichment, Event, Role
from chalicelib.pipeline.replay import by_id
from infra.commands import cli, shape
from infra.commands.arrivals import shown
from infra.commands.audit import write_down
from infra.commands.cli import FAULTS, AsJson, Profile, Stage
from infra.commands.worlds import Hub

DeliveryId = Annotated[str, typer.Argument(help="A delivery's id, as `hub deliveries` lists them.")]


@cli.app.command(rich_help_panel=cli.SEE)
def show(
    id: DeliveryId,
    text: Annotated[
        bool, typer.Option("--text", help="Show the words and the body too: personal data.")
    ] = False,
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """One delivery: its line, its events, what was understood of them, its request's shape.

    Words, customers and values stay out unless you ask for them with --text.
    """
    hub = cli.connect(stage, profile)
    try:
        at = received_at(id)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    line, kept = hub.world.deliveries.find(id), by_id(hub.world, id)
    zone = hub.world.organisation().zone
    if text and kept is not None:
        write_down(hub, "show --text", kept.id)
    if line is None and kept is None:
        cli.stop(
            f"nothing is known of a delivery at {cli.clock(at, zone)}: none came, or it expired",
            FAULTS,
        )
    if as_json:
        cli.show_json(_as_json(hub, line, kept, words=text))
        return
    for shown_line in _lines(hub, line, kept, words=text):
        cli.out.print(shown_line, soft_wrap=True, highlight=False)


def _lines(hub: Hub, line: Delivery | None, kept: Kept | None, *, words: bool) -> Iterator[Text]:
    if line is not None:
        yield shown(line, hub.world.organisation().zone)
    else:
        yield Text("its line in the log has expired", "bright_black")
    if kept is None:
        yield Text(f"no request is kept: {_why_nothing(line)}", "bright_black")
        return
    if kept.unreadable:
        yield Text(f"kept because it could not be read: {kept.unreadable}", "yellow")
    for event in kept.stored.values():
        told = ", ".join(f"{name} {value}" for name, value in _event(event, words=words).items())
        yield Text(f"event: {told}")
    for understood in _understood(hub, kept, words=words):
        yield Text("understood: " + _told(understood))
    for outline in shape.lines(kept.request):
        yield Text(outline, "bright_black")
    if words:
        yield Text(kept.request.body.decode("utf-8", "replace"))


def _why_nothing(line: Delivery | None) -> str:
    if line is None:
        return "it has expired"
    return {
        "rejected": "nothing of a refused delivery is",
        "skipped": "its kind of event is not used",
        "duplicate": "its events came in an earlier delivery, which has it",
        "retryable": "the vendor was asked to come again",
        "misconfigured": "the vendor was asked to come again",
    }.get(line.outcome, "it was a handshake, or has expired or been erased")


def _event(event: Event, *, words: bool) -> dict[str, Any]:
    """What of an event may be shown: who and what it was, not what was said."""
    told: dict[str, Any] = {
        "interaction": event.interaction_id,
        "id": event.event_id,
        "kind": event.kind.value,
        "role": event.role.value,
        "channel": event.channel.value,
        "at": event.occurred_at.isoformat(),
        "characters": len(event.text),
        "customer": event.customer if words else ("named" if event.customer else "not named"),
    }
    for rating in event.ratings:
        told[f"rating {rating.kind}"] = rating.value
    if event.tags:
        told["tags"] = len(event.tags) if not words else " ".join(event.tags)
    if words:
        told["text"] = event.text
    return told


def _understood(hub: Hub, kept: Kept, *, words: bool) -> Iterator[dict[str, Any]]:
    """What the model said of each customer's message of a delivery, as its interaction has it."""
    spoken = [e for e in kept.stored.values() if e.role is Role.CUSTOMER and e.text]
    states = hub.world.interactions.alive({e.interaction_key for e in spoken}, hub.world.clock())
    for event in spoken:
        state = states.get(event.interaction_key)
        whole = fold(state.events, state.enrichments) if state else None
        own = message_id(event)
        message = next((m for m in whole.messages if m.message_id == own), None) if whole else None
        told: dict[str, Any] = {"message": own}
        if whole and (whole.erased or (message and message.erased)):
            told["state"] = "erased"
        elif whole is None or message is None or own not in whole.enrichments:
            told["state"] = "not understood yet: waits in the queue"
        else:
            told |= _judged(whole.enrichments[own])
            if words:
                told["redacted"] = message.text
        yield told


def _judged(of: Enrichment) -> dict[str, Any]:
    told: dict[str, Any] = {
        "themes": {theme: round(p, 2) for theme, p in of.themes},
        "demand": None,
        "sentiment": {
            name: round(getattr(of, name), 2) for name in ("negative", "neutral", "positive")
        },
        "language": of.language,
        "effort": of.effort or None,
        "model": of.model,
    }
    if of.p_failure is not None:
        told["demand"] = {"failure": round(of.p_failure, 2), "value": round(1 - of.p_failure, 2)}
    return told


def _told(understood: dict[str, Any]) -> str:
    """One line: what is not told is left out, no theme is said."""
    parts = []
    for name, value in understood.items():
        if isinstance(value, dict):
            each = " ".join(f"{of} {p:.2f}" for of, p in value.items())
            parts.append(f"{name} {each or 'none that is sure'}")
        elif value is not None:
            parts.append(str(value) if name == "state" else f"{name} {value}")
    return ", ".join(parts)


def _as_json(hub: Hub, line: Delivery | None, kept: Kept | None, *, words: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"delivery": line, "kept": kept is not None}
    if kept is not None:
        found["unreadable"] = kept.unreadable or None
        found["events"] = [_event(event, words=words) for event in kept.stored.values()]
        found["understood"] = list(_understood(hub, kept, words=words))
        found["shape"] = shape.lines(kept.request)
        if words:
            found["body"] = kept.request.body.decode("utf-8", "replace")
    return found

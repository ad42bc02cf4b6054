"""`hub sample`: a signed sample of what a vendor sends, to see that it arrives."""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.text import Text

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Proof, Reply, Request, Source
from chalicelib.deliveries import FAULTS as FAULTY
from chalicelib.deliveries import ID_HEADER, Delivery
from chalicelib.errors import HubError
from chalicelib.pipeline.receive import as_source
from infra.commands import cli, recorded
from infra.commands.arrivals import shown
from infra.commands.cli import FAULTS, OK, AsJson, Profile, SourceName, Stage
from infra.commands.curl import curl_line
from infra.commands.worlds import Hub
from infra.paths import STATE

_TIMEOUT_S = 30
#: How long the delivery's line is waited for, seconds: CloudWatch shows it late.
_LINE_S = {True: 20.0, False: 3.0}

EventName = Annotated[
    str, typer.Argument(help="A sample's name; without it, they are listed.", show_default=False)
]


@cli.app.command(rich_help_panel=cli.SEE)
def sample(
    source: SourceName,
    event: EventName = "",
    curl: Annotated[
        bool, typer.Option("--curl", help="Print a `curl` line instead of sending it.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask before a deployed stage gets it.")
    ] = False,
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """Sign a sample of a source's vendor with the source's own secret, and send it.

    Ids and times are fresh, so that each is a new message of an invented customer; a deployed hub
    counts it like any other. Exit status 1 when it is not accepted.
    """
    hub = cli.connect(stage, profile)
    cli.known_source(hub, source)
    found = _requests(hub, source)
    if not event:
        _list(hub, source, found, as_json=as_json)
        return
    if event not in found:
        raise typer.BadParameter(f"{event!r} is not one of {', '.join(found) or 'no samples'}")
    request = _signed(hub, source, found[event])
    if curl:
        typer.echo(curl_line(request, f"{source}-{event}", STATE / "samples"))
        return
    if stage and not yes:
        typer.confirm(
            f"Send an invented message to {hub.where}, which will count it?", abort=True, err=True
        )
    reply = _post(request)
    line = _line(hub, reply)
    accepted = reply.status < 300 and (line is None or line.outcome not in FAULTY)
    if as_json:
        cli.show_json({"status": reply.status, "id": _id(reply), "delivery": line})
    elif line is not None:
        cli.out.print(shown(line, hub.world.organisation().zone), soft_wrap=True)
        cli.note(f"all about it: hub show {line.id}{f' --stage {stage}' if stage else ''}")
    else:
        cli.out.print(f"answered {reply.status}; its line is not in the log yet: {_id(reply)}")
    raise typer.Exit(OK if accepted else FAULTS)


def _requests(hub: Hub, name: str) -> dict[str, Request]:
    """The unsigned samples of a source, by name."""
    source, now = _source(hub, name), hub.world.clock()
    if CONNECTORS[source.connector].proof is Proof.IMPORT:
        cli.stop(f"{name} receives nothing: its messages come by `hub import`", FAULTS)
    url = f"{hub.world.url()}/webhooks/{name}"
    found: dict[str, Request] = {}
    own = recorded.from_mapping(source, url, now)
    if own is not None and not _becomes(source, own, now).startswith("unreadable"):
        found[recorded.MAPPED] = own
    for one in recorded.samples(source.connector):
        found[one.event] = recorded.fresh(one, url, now)
    if not found:
        cli.stop(f"there is no sample of {source.connector} in {recorded.FIXTURES}", FAULTS)
    return found


def _source(hub: Hub, name: str) -> Source:
    return as_source(name, hub.world.organisation().sources[name])


def _list(hub: Hub, name: str, found: Mapping[str, Request], *, as_json: bool) -> None:
    source, now = _source(hub, name), hub.world.clock()
    become = {event: _becomes(source, request, now) for event, request in found.items()}
    if as_json:
        cli.show_json([{"event": event, "becomes": what} for event, what in become.items()])
        return
    table = cli.table("event", "becomes")
    for event, what in become.items():
        table.add_row(Text(event), Text(what))
    cli.out.print(table)
    cli.note(f"send one: hub sample {name} {next(iter(found))}")


def _becomes(source: Source, request: Request, now: datetime) -> str:
    """What the source would make of a sample, in a few words."""
    connector = CONNECTORS[source.connector]
    hello: Reply | None = connector.handshake(request)
    if hello is not None:
        return f"handshake, answered {hello.status}"
    try:
        events = connector.events(request, source, now)
    except HubError as error:
        return f"{type(error).__name__.lower()}: {error}"
    kinds = [f"{event.kind} by {event.role}" for event in events]
    return ", ".join(dict.fromkeys(kinds))


def _signed(hub: Hub, name: str, request: Request) -> Request:
    connector = CONNECTORS[_source(hub, name).connector]
    secret = hub.world.secrets.of_source(name)[0]
    try:
        return connector.sign(request, secret, hub.world.clock())
    except (HubError, ValueError, TypeError) as error:
        cli.stop(
            f"a sample of {name} cannot be signed ({type(error).__name__}): the hub holds what "
            f"{connector.title}'s signatures are checked with, and that may not be able to sign",
            FAULTS,
        )


def _post(request: Request) -> Reply:
    """Send a request as the vendor would. Stops when nobody answers."""
    url = urlsplit(request.url)
    secure = url.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(url.netloc, timeout=_TIMEOUT_S)
    target = f"{url.path}?{url.query}" if url.query else url.path
    try:
        connection.request(request.method, target, request.body, dict(request.headers))
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, answer.read().decode("utf-8", "replace"), headers)
    except OSError as error:
        cli.stop(f"{url.scheme}://{url.netloc} does not answer: {error}", cli.NO_HUB)
    finally:
        connection.close()


def _id(reply: Reply) -> str:
    return reply.headers.get(ID_HEADER.lower(), "")


def _line(hub: Hub, reply: Reply) -> Delivery | None:
    """The delivery's line in the log, as soon as it can be read."""
    if not _id(reply):
        return None
    until = time.monotonic() + _LINE_S[bool(hub.where.stage)]
    while (found := hub.world.deliveries.find(_id(reply))) is None and time.monotonic() < until:
        time.sleep(0.5)
    return found

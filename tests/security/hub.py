"""A hub to which every recorded request may come, each from a source of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import yaml

from chalicelib.adapters import telemetry
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.world import World
from chalicelib.connectors.base import Proof, Reply, Request
from chalicelib.organisation import Organisation, read
from chalicelib.pipeline.receive import receive
from tests.conftest import ORGANISATION
from tests.connectors.recordings import Recording, recordings

RECORDINGS = [one for one in recordings() if one.connector.proof is not Proof.IMPORT]
_PLACES = {one.path: place for place, one in enumerate(RECORDINGS)}
KEY = "the-hubs-own-key-of-32-characters"


class Secrets:
    """The recordings' own secrets, by source."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = secrets

    def of_source(self, source: str) -> Sequence[str]:
        return [self._secrets[source]]

    def key(self, _: str) -> bytes:
        return KEY.encode()

    def keys(self, _: str) -> Sequence[bytes]:
        return [KEY.encode()]


class Published:
    """What vendors publish: nothing, for the recordings' secrets hold their keys."""

    def public_key(self, _: str) -> str:
        return ""


class Queues:
    """A queue in memory: what is put can be taken."""

    def __init__(self) -> None:
        self.held: list[EventKey] = []

    def put(self, keys: Sequence[EventKey]) -> None:
        self.held += keys

    def taken(self) -> list[EventKey]:
        taken, self.held = self.held, []
        return list(dict.fromkeys(taken))


@dataclass(frozen=True)
class Hub:
    """A world in which `name(place)` is the source of the recording at that place."""

    world: World
    queue: Queues

    def receives(self, recording: Recording, request: Request | None = None, **later: Any) -> Reply:
        at = recording.at
        world = replace(self.world, clock=lambda: at, **later)
        return receive(world, name(recording), request or recording.request)


def name(recording: Recording) -> str:
    return f"s{_PLACES[recording.path]}"


@cache
def _organisation() -> Organisation:
    """The tests' organisation with a source for each recording; a second to read."""
    text = yaml.safe_load(ORGANISATION)
    text["sources"] = {
        name(one): {"connector": one.connector.name, "options": dict(one.source.options)}
        | ({"channel": one.source.channel.value} if one.source.channel else {})
        for one in RECORDINGS
    }
    return read(yaml.safe_dump(text, allow_unicode=True))


def hub(world: World) -> Hub:
    """The world with a source for each recording, and real telemetry."""
    queue = Queues()
    made: Any = replace(
        world,
        secrets=Secrets({name(one): one.secret for one in RECORDINGS}),  # type: ignore[arg-type]
        vendors=Published(),  # type: ignore[arg-type]
        queue=queue,  # type: ignore[arg-type]
        fetch_queue=Queues(),  # type: ignore[arg-type]
        count=telemetry.count,
        _published={"current": (float("inf"), _organisation())},
    )
    return Hub(made, queue)


def signed(recording: Recording, body: bytes, secret: str | None = None) -> Request:
    """The recording with another body, signed as its vendor would."""
    length = {**recording.request.headers, "content-length": str(len(body))}
    request = replace(recording.request, body=body, headers=length)
    return recording.connector.sign(request, secret or recording.secret, recording.at)

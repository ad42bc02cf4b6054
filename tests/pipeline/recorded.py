"""A source whose calls are recorded, its vendor's sound, and an endpoint that answers late."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import IO, Any

from chalicelib.adapters.asynchronous import AsynchronousEndpoint, Notice
from chalicelib.adapters.clients import client
from chalicelib.adapters.queue import FetchQueue, Job
from chalicelib.adapters.recordings import RecordingShelf
from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Connector, Request, Source
from chalicelib.connectors.vendor_api import (
    Answer,
    Call,
    Credentials,
    Dialogue,
    Recordings,
    Sound,
    json_of,
)
from chalicelib.interaction import Channel, Event, EventKind
from chalicelib.pipeline.rebuild import publish_organisation
from chalicelib.pipeline.recordings import Work, read_work
from tests.conftest import ORGANISATION
from tests.pipeline import thin

API = "https://api.vendor.example/calls"
SOUND = b"RIFF\x00\x00\x00\x00WAVE" + b"\x11" * 5000


def _events(request: Request, source: Source, at: Any) -> Sequence[Event]:
    """A finished call of two minutes, whose recording began when the delivery says."""
    return [
        replace(
            one,
            kind=EventKind.CALL,
            channel=Channel.VOICE,
            text="",
            ratings=(),
            talk_s=json.loads(request.body).get("talk_s"),
            recording=f"sound:{one.interaction_id}" if source.recordings else "",
        )
        for one in CONNECTORS["standard"].events(request, source, at)
    ]


def _find(event: Event, _source: Source, _credentials: Credentials) -> Dialogue[Sound]:
    name = event.recording.removeprefix("sound:")
    found = json_of((yield Call(f"{API}/{name}")), "the call")
    return Sound(Call(found["url"]), customer=0)


RECORDED = replace(
    CONNECTORS["standard"],
    events=_events,
    recordings=Recordings(_find, ("token",), 600, (".vendor.example",)),
)


def where(call: Call) -> Answer:
    """What the vendor's API says: where the sound lies."""
    return Answer(200, json.dumps({"url": call.url.replace("api.", "files.") + ".wav"}).encode())


@dataclass
class Tape:
    """The vendor's store of sound. `script` comes first, then SOUND."""

    script: list[Answer | Exception] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    body: bytes = SOUND

    def __call__(self, call: Call, hosts: Sequence[str], into: IO[bytes]) -> Answer:
        self.calls.append(call)
        assert hosts == (".vendor.example",)
        answer = self.script.pop(0) if self.script else Answer(200)
        if isinstance(answer, Exception):
            raise answer
        if answer.status == 200:
            into.write(self.body)
        return answer


@dataclass(frozen=True)
class LateSpeech(AsynchronousEndpoint):
    """Takes questions, and answers when it is told to."""

    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def hand_over(self, key: str, content_type: str = "", attributes: str = "") -> str:
        self.asked.append((key, content_type, attributes))
        return f"transcripts/{len(self.asked)}.out"

    def answers(self, body: bytes) -> Notice:
        """Write the answer to the last question, and tell of it."""
        answer = f"transcripts/{len(self.asked)}.out"
        self.put(answer, body)
        return Notice(self.asked[-1][0], answer)


def transcript(*turns: tuple[float, float, str, str], hold_s: float = 0, **more: Any) -> bytes:
    """An answer of the endpoint; turns are (start, end, role, text)."""
    said = [
        {
            "start_s": start,
            "end_s": end,
            "role": role,
            "channel": 0 if role == "customer" else 1,
            "text": text,
            "language": "fi",
            "p": 0.9,
        }
        | more
        for start, end, role, text in turns
    ]
    body = {"schema": "oivallus.transcript.1", "model": "w-1", "hold_s": hold_s, "turns": said}
    return json.dumps(body).encode()


SAID = transcript(
    (1.0, 3.0, "agent", "Hei, kuinka voin auttaa?"),
    (3.5, 12.0, "customer", "Toimitus on myöhässä, numeroni on 040 123 4567."),
    (12.5, 14.0, "agent", "Selvitän asian."),
    hold_s=2.0,
)


def listening(world: World, monkeypatch: Any, connector: Connector = RECORDED) -> World:
    """The world with a speech endpoint, whose source `shop` records its calls."""
    thin.wire(monkeypatch, connector)
    monkeypatch.setattr(
        "chalicelib.pipeline.recordings.CONNECTORS", {"standard": connector}, raising=True
    )
    monkeypatch.setattr("chalicelib.connectors.CONNECTORS", {"standard": connector}, raising=True)
    thin.give_credentials(world, token="token-of-the-vendor")
    text = ORGANISATION.replace("connector: standard", "connector: standard\n    recordings: true")
    urls = [
        client("sqs").create_queue(QueueName=name)["QueueUrl"]
        for name in ("recordings", "recordings-dead")
    ]
    made = replace(
        world,
        speech=LateSpeech("speech", "archive"),
        recordings_queue=FetchQueue(urls[0], dead_url=urls[1]),
        recordings=RecordingShelf("archive"),
        _published={},
    )
    publish_organisation(made, text)
    return made


def works(world: World) -> list[Work]:
    """Take what waits to be written down."""
    return [read_work(body) for body, _ in thin._taken(world.recordings_queue.url)]


def dead(world: World) -> list[tuple[Job, str]]:
    """Take the dead letters, with their reasons."""
    found = []
    for body, why in thin._taken(world.recordings_queue.dead_url):
        job = read_work(body)
        assert isinstance(job, Job)
        found.append((job, why))
    return found


def objects() -> list[str]:
    """Everything in the archive."""
    found = client("s3").list_objects_v2(Bucket="archive").get("Contents", [])
    return [item["Key"] for item in found]


CALL = {
    "id": "ev-1",
    "conversation": "c-1",
    "time": "2026-11-18T11:50:00Z",
    "text": "puhelu",
    "customer": "aino@a.example",
    "role": "customer",
}

"""A hub on moto that commands find, with a vendor that delivers to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from chalicelib.adapters.clients import client
from chalicelib.adapters.deliveries import Deliveries
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.queue import FetchQueue
from chalicelib.adapters.settings import Settings
from chalicelib.adapters.telemetry import count
from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS
from chalicelib.deliveries import ID_HEADER
from chalicelib.pipeline.receive import receive
from chalicelib.pipeline.understand import understand
from infra import hub
from infra.commands import worlds
from infra.commands.worlds import Hub, Where
from infra.local.delivery_log import DeliveryLog
from infra.template import storage
from tests.conftest import NOW, SECRET
from tests.pipeline.test_receive import _queued
from tests.pipeline.test_receive import signed as signed_now

LOG = "/aws/lambda/test-APIHandler"
WRONG = "whsec_" + "B" * 32
run = CliRunner()


@dataclass
class Place:
    """A hub that commands find, with a vendor that delivers to it."""

    hub: Hub
    log: DeliveryLog
    capsys: pytest.CaptureFixture[str]

    def deliver(self, message: Mapping[str, Any], secret: str = SECRET, minutes: float = 0) -> str:
        """Deliver a message some minutes after NOW; the delivery's id."""
        now = NOW + timedelta(minutes=minutes)
        world = replace(self.hub.world, clock=lambda: now, count=count)
        request = CONNECTORS["standard"].sign(signed_now(dict(message), secret), secret, now)
        reply = receive(world, "shop", request)
        for line in self.capsys.readouterr().out.splitlines():
            self.log.take(json.loads(line))
        return reply.headers[ID_HEADER]

    def understood(self) -> None:
        keys = [EventKey(*key) for key in _queued(self.hub.world)]
        assert understand(self.hub.world, keys) == frozenset()


def made(
    world: World,
    aws: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Place:
    sqs = client("sqs")
    for name, *_ in storage.QUEUES.values():
        for queue in (name, f"{name}-dead"):
            sqs.create_queue(QueueName=f"stack-{queue}")
    sqs.create_queue(QueueName="stack-failed-calls")
    base = aws.events_queue_url.rpartition("/")[0]
    settings = replace(
        aws,
        stage="dev",
        events_queue_url=f"{base}/stack-events",
        fetch_queue_url=f"{base}/stack-fetch",
        delivery_log=LOG,
    )
    log = DeliveryLog(LOG, aws.region)
    now = NOW + timedelta(hours=1)
    seen = replace(
        world,
        clock=lambda: now,
        deliveries=Deliveries(LOG),
        queue=replace(world.queue, url=settings.events_queue_url),
        fetch_queue=FetchQueue(settings.fetch_queue_url, f"{base}/stack-fetch-dead"),
        public_url="https://hub.esimerkki.example",
    )
    found = Hub(Where(), seen, settings)
    monkeypatch.setattr(worlds, "connect", lambda where: found)
    return Place(found, log, capsys)


def call(*arguments: str, **options: Any) -> Result:
    return run.invoke(hub.app, list(arguments), terminal_width=200, **options)


def told(*arguments: str) -> Any:
    """What a command prints as JSON; it must have been done."""
    done = call(*arguments, "--json")
    assert done.exit_code in (hub.OK, hub.FAULTS), done.output
    return json.loads(done.stdout)

"""The measured day's stage: the template's storage on moto, and app.py's functions over it.

Both modes of the model endpoint are here: the model server answers in real time, and SageMaker's
twin (`local/asynchronous_model.py`) takes questions from the bucket. Its own reads and writes of
the bucket are metered too, for they are on our bill.
"""

from __future__ import annotations

import base64
import json
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, urlsplit

from chalice.utils import to_cfn_resource_name
from moto.dynamodb.models import dynamodb_backends

from chalicelib import organisation as organisations
from chalicelib.adapters import clients, corrections
from chalicelib.adapters import world as worlds
from chalicelib.adapters.clients import client
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.settings import read_settings
from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Outcome, Request
from chalicelib.pipeline.rebuild import publish_organisation
from infra.cost.meter import Meter, metered, unseen
from infra.demo import story
from infra.demo.delivery import Delivery
from infra.demo.simulate import ZONE
from infra.local import secrets as local_secrets
from infra.local import state
from infra.local.asynchronous_model import asynchronous_model
from infra.local.aws import local_aws
from infra.local.clock import Clock
from infra.local.cloudwatch import CloudWatch, Log
from infra.local.delivery_log import DeliveryLog
from infra.local.functions import API, Functions
from infra.local.hub import REGION, STACK, fresh_clients
from infra.local.model_server import model_server
from infra.local.references import ACCOUNT
from infra.local.schedules import scheduled_event, timeouts_s
from infra.local.stack import create
from infra.paths import ORGANISATION
from infra.template import DEV, merge_template

TODAY = date(2026, 11, 23)
DAY = date(2026, 11, 17)
VOLUME = 4.0
_UNDERSTOOD_AT = datetime(DAY.year, DAY.month, DAY.day, 20, tzinfo=UTC)
_ENDPOINT = "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"
_ANSWER_S = 60  # within which the model answers a question here


@dataclass(frozen=True)
class Step:
    """What `runs` calls of one function did together."""

    runs: int = 0
    meter: Meter = field(default_factory=Meter)
    printed_bytes: int = 0


class _Printed(CloudWatch):
    """CloudWatch that remembers how much was printed."""

    bytes = 0

    def take(self, function: str, printed: str) -> None:
        self.bytes += len(printed.encode())
        super().take(function, printed)


@dataclass
class Stage:
    """The template's storage on moto, and app.py's functions over it."""

    world: World
    functions: Functions
    cloudwatch: _Printed
    clock: Clock
    environment: Mapping[str, str]
    meter: Meter
    secrets: Mapping[str, str]
    asynchronous_url: str
    notices: list[Mapping[str, Any]]  # of the asynchronous endpoint, not yet taken in

    def step(self, runs: int, calls: Iterator[tuple[datetime, str, Mapping[str, Any]]]) -> Step:
        before, printed = self.meter.copy(), self.cloudwatch.bytes
        for at, function, event in calls:
            with self.clock.at(at):
                self.functions.invoke(function, event)
        return Step(runs, self.meter - before, self.cloudwatch.bytes - printed)

    def receive(self) -> Step:
        """The day's deliveries, each signed by its vendor's scheme when it was sent."""
        sent = [
            delivery
            for delivery in story.live(TODAY, volume=VOLUME)
            if delivery.occurred_at.astimezone(ZONE).date() == DAY
            and delivery.expected in (Outcome.ACCEPTED, Outcome.DUPLICATE, Outcome.SKIPPED)
        ]
        return self.step(len(sent), ((one.occurred_at, API, self._proxied(one)) for one in sent))

    def _proxied(self, delivery: Delivery) -> dict[str, Any]:
        """A delivery as API Gateway hands it over."""
        source = delivery.source
        connector = CONNECTORS[self.world.organisation().sources[source].connector]
        secret = local_secrets.newest(self.secrets[f"{self._prefix}sources/{source}"])
        unsigned = delivery.request(f"{self.world.url()}/webhooks/{source}")
        return proxied(connector.sign(unsigned, secret, delivery.occurred_at), source)

    @property
    def _prefix(self) -> str:
        return self.environment["SECRETS_PREFIX"]

    def queued(self) -> list[list[EventKey]]:
        """The keys in the queue, once each, by conversation."""
        url = self.environment["EVENTS_QUEUE_URL"]
        by_interaction: dict[str, dict[EventKey, None]] = defaultdict(dict)
        with unseen():
            sqs = client("sqs")
            while got := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
                for message in got:
                    key = EventKey(*json.loads(message["Body"]))
                    by_interaction[key.interaction][key] = None
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [list(keys) for keys in by_interaction.values()]

    def understand(self, keys: Sequence[EventKey], size: int) -> Step:
        """All events in batches of `size`."""
        return self.step(*self._batches(keys, size))

    def ask_and_judge(self, keys: Sequence[EventKey], size: int) -> tuple[Step, Step]:
        """The same for an asynchronous endpoint: asked in batches, and each answer by itself."""
        self.notices.clear()
        with self.asynchronously():
            before = self.meter.copy()
            asked = self.step(*self._batches(keys, size))
            self._wait((self.meter - before).calls["sagemaker-runtime:InvokeEndpointAsync"])
            # With what the endpoint itself did in the bucket.
            asked = replace(asked, meter=self.meter - before)
            answers = [(_UNDERSTOOD_AT, "Judge", queue_event([n])) for n in self.notices]
            return asked, self.step(len(answers), iter(answers))

    def _batches(
        self, keys: Sequence[EventKey], size: int
    ) -> tuple[int, Iterator[tuple[datetime, str, Mapping[str, Any]]]]:
        batches = [keys[start : start + size] for start in range(0, len(keys), size)]
        return len(batches), ((_UNDERSTOOD_AT, "Understand", queue_event(b)) for b in batches)

    @contextmanager
    def asynchronously(self) -> Iterator[None]:
        """The functions ask the asynchronous endpoint while the block runs."""
        realtime = self.world
        with mock.patch.dict(os.environ, {_ENDPOINT: self.asynchronous_url}):
            clients.client.cache_clear()
            settings = read_settings({**self.environment, "MODEL_MODE": "asynchronous"})
            self.world = _warm(worlds.build(settings, self.clock))
            try:
                yield
            finally:
                self.world = realtime
                clients.client.cache_clear()

    def _wait(self, answers: int) -> None:
        deadline = time.monotonic() + _ANSWER_S
        while len(self.notices) < answers:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(self.notices)} of {answers} questions were answered")
            time.sleep(0.005)

    def schedule(self, name: str, at: datetime) -> Step:
        function = to_cfn_resource_name(name)
        return self.step(1, iter([(at, function, scheduled_event(at, name))]))

    def empty(self, *variables: str) -> None:
        for variable in variables:
            backend = dynamodb_backends[ACCOUNT][REGION]
            backend.get_table(self.environment[variable]).items.clear()


@contextmanager
def stage(model_url: str | None = None) -> Iterator[Stage]:
    """Everything up, the organisation published; with its own model server if none is given."""
    with ExitStack() as stack:
        if model_url is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            model_url = stack.enter_context(model_server(folder / "model.log"))
        stack.enter_context(local_aws(REGION, lambda: None))
        stack.enter_context(mock.patch.dict(os.environ, {_ENDPOINT: model_url}))
        stack.enter_context(fresh_clients())
        # Which call finds what is kept too old would depend on how fast this machine is.
        stack.enter_context(mock.patch.object(worlds, "ORGANISATION_CACHE_S", 86400))
        stack.enter_context(mock.patch.object(corrections, "CACHE_S", 86400))
        notices: list[Mapping[str, Any]] = []
        front = stack.enter_context(asynchronous_model(model_url, notices.append))
        created = create(merge_template(DEV), STACK, REGION)
        environment = {
            **created.environment,
            "PUBLIC_URL": "https://hub.example",
            "AWS_REGION": REGION,
        }
        clock, cloudwatch = Clock(), _Printed()
        cloudwatch.listeners.append(_log_of_deliveries(environment["DELIVERY_LOG"]))
        app_module = import_module("app")
        functions = Functions(app_module.app, timeouts_s(DEV), cloudwatch)
        stack.enter_context(functions)
        world = worlds.build(read_settings(environment), clock)
        _publish(world, environment["SECRETS_PREFIX"])
        secrets = state.secrets()
        meter = stack.enter_context(metered())
        made = Stage(
            _warm(world), functions, cloudwatch, clock, environment, meter, secrets, front, notices
        )
        stack.enter_context(mock.patch.object(app_module, "world", side_effect=lambda: made.world))
        yield made


def _publish(world: World, prefix: str) -> None:
    text = ORGANISATION.read_text(encoding="utf-8")
    organisation = organisations.read(text)
    local_secrets.make_missing(prefix, organisation.sources, ())
    domain = organisation.sender.rpartition("@")[2].rstrip(">")
    client("sesv2").create_email_identity(EmailIdentity=domain)
    publish_organisation(world, text)


def _warm(world: World) -> World:
    """With what a warm function has read before."""
    with unseen():
        world.organisation()
        world.heads.text()
    return world


def _log_of_deliveries(name: str) -> Callable[[Log], None]:
    """Keeps what Lambda prints of deliveries where WatchSources reads it, as CloudWatch does."""
    log = DeliveryLog(name, REGION)

    def take(line: Log) -> None:
        with unseen():
            log.take(line)

    return take


def proxied(request: Request, source: str) -> dict[str, Any]:
    """A request to a source's webhook as a REST API's proxy event."""
    path = urlsplit(request.url)
    return {
        "requestContext": {
            "httpMethod": request.method,
            "resourcePath": "/webhooks/{source}",
            "path": path.path,
        },
        "headers": dict(request.headers),
        "multiValueQueryStringParameters": parse_qs(path.query, keep_blank_values=True) or None,
        "pathParameters": {"source": source},
        "stageVariables": None,
        "body": base64.b64encode(request.body).decode(),
        "isBase64Encoded": True,
    }


def queue_event(bodies: Sequence[Any]) -> dict[str, Any]:
    """A batch of messages, as JSON, as Lambda's poller hands it over."""
    return {
        "Records": [
            {"messageId": str(place), "body": json.dumps(body), "eventSource": "aws:sqs"}
            for place, body in enumerate(bodies)
        ]
    }

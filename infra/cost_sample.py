"""A day of the demo company through the real handlers, with every AWS call metered.

The day is a Tuesday with six times the company's usual contacts. Its deliveries are signed and
handed to the app's own handlers on moto, with the real model server behind them; then the stored
events are understood in batches of each size of BATCHES, each time into empty tables, in an order
in which neighbours belong to different conversations, as where many customers write at once.
"""

from __future__ import annotations

import base64
import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, urlsplit

from chalice.app import ScheduledEventConfig
from chalice.utils import to_cfn_resource_name
from moto.dynamodb.models import dynamodb_backends

from chalicelib import organisation as organisations
from chalicelib.adapters import world as worlds
from chalicelib.adapters.clients import client
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.settings import read_settings
from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Outcome, Request
from chalicelib.pipeline.rebuild import publish_organisation
from infra.cost_cells import Cells, cells
from infra.cost_meter import (
    STORED_OVERHEAD_BYTES,
    Item,
    Meter,
    index_entry,
    item_bytes,
    metered,
    unseen,
)
from infra.cost_meter import schema as schema_of
from infra.demo import story
from infra.demo.delivery import Delivery
from infra.demo.simulate import ZONE, contacts
from infra.local import secrets as local_secrets
from infra.local import state
from infra.local.aws import local_aws
from infra.local.clock import Clock
from infra.local.cloudwatch import CloudWatch, Log
from infra.local.delivery_log import DeliveryLog
from infra.local.functions import API, Functions
from infra.local.hub import REGION, STACK, fresh_clients
from infra.local.model_server import model_server
from infra.local.references import ACCOUNT
from infra.local.schedules import _interval, scheduled_event, timeouts_s
from infra.local.stack import create
from infra.paths import ORGANISATION
from infra.template import DEV, merge_template

TODAY = date(2026, 11, 23)
DAY = date(2026, 11, 17)
VOLUME = 4.0
BATCHES = (1, 10, 100)
#: Events of the day that are understood: a multiple of each size, so that no batch is half full.
UNDERSTOOD = 200
#: Every department's digest of the day's week is due within the day before one of these.
DIGESTS_AT = tuple(datetime(2026, 11, day, 18, tzinfo=UTC) for day in range(23, 28))
TABLES = ("EVENTS_TABLE", "INTERACTIONS_TABLE", "SUMMARIES_TABLE", "REGISTRY_TABLE")


@dataclass(frozen=True)
class Step:
    """What `runs` calls of one function did together."""

    runs: int = 0
    meter: Meter = field(default_factory=Meter)
    printed_bytes: int = 0


@dataclass
class Sample:
    """What the day measured; `understood` is all the day's events, by the size of batches."""

    hours: tuple[float, ...]  # each hour's share of a week, 168 of them
    cells: Cells
    recipients: int = 0
    sources: int = 0
    contacts: int = 0
    events: int = 0
    metrics: int = 0  # series in CloudWatch
    received: Step = Step()
    understood: dict[int, Step] = field(default_factory=dict)
    rolled_up: Step = Step()
    digests: Step = Step()  # a run a letter
    idle: dict[str, Step] = field(default_factory=dict)  # schedules with nothing to do
    row_bytes: dict[str, float] = field(default_factory=dict)  # mean, with overhead and indexes
    rows: dict[str, int] = field(default_factory=dict)
    entry_bytes: dict[str, float] = field(default_factory=dict)  # mean entry of each index
    every_s: dict[str, float] = field(default_factory=dict)  # seconds between a schedule's runs


def measure() -> Sample:
    """Run the day; about half a minute."""
    with _stage() as stage:
        organisation = stage.world.organisation()
        found = Sample(
            week_profile(),
            cells(TODAY, VOLUME),
            sum(len(department.recipients) for department in organisation.departments),
            len(organisation.sources),
        )
        starts = [c.started_at.astimezone(ZONE).date() for c in contacts(TODAY, 1, VOLUME)]
        found.contacts = starts.count(DAY)
        found.received = stage.receive()
        keys = stage.queued()
        found.events = len(keys)
        for size in BATCHES:
            stage.empty("INTERACTIONS_TABLE", "SUMMARIES_TABLE")
            found.understood[size] = stage.understand(keys[:UNDERSTOOD], size)
        _rows(stage, found)
        found.rolled_up = stage.schedule("roll_up", DIGESTS_AT[0])
        found.idle["roll_up"] = stage.schedule("roll_up", DIGESTS_AT[0])
        found.digests = _digests(stage)
        found.idle["send_digests"] = stage.schedule("send_digests", DIGESTS_AT[-1])
        found.idle["watch_sources"] = stage.schedule("watch_sources", DIGESTS_AT[-1])
        found.every_s = _intervals()
        found.metrics = len(stage.cloudwatch.metrics())
    return found


def week_profile() -> tuple[float, ...]:
    """The share of a week's contacts in each of its hours, from Monday 0 o'clock, local time.

    The product of the shares of weekdays and of hours of a day, over the demo's half year.
    """
    starts = [contact.started_at.astimezone(ZONE) for contact in contacts(TODAY, 1, VOLUME)]
    days, hours = Counter(s.weekday() for s in starts), Counter(s.hour for s in starts)
    total = len(starts)
    return tuple(days[d] / total * hours[h] / total for d in range(7) for h in range(24))


def _digests(stage: _Stage) -> Step:
    """Send the week's digests, each department's at its own moment."""
    sent = "digests_sent"
    before = stage.cloudwatch.metrics().total(sent)
    steps = [stage.schedule("send_digests", at) for at in DIGESTS_AT]
    letters = stage.cloudwatch.metrics().total(sent) - before
    return Step(
        letters, _sum(step.meter for step in steps), sum(step.printed_bytes for step in steps)
    )


def _sum(meters: Iterable[Meter]) -> Meter:
    found = Meter()
    for meter in meters:
        found += meter
    return found


def _rows(stage: _Stage, found: Sample) -> None:
    """How many rows the day left in each table, and how much one takes."""
    for variable in TABLES:
        table = stage.environment[variable]
        with unseen():
            items = [
                item
                for page in client("dynamodb").get_paginator("scan").paginate(TableName=table)
                for item in page["Items"]
            ]
        keys, indexes = schema_of(table)
        taken = _taken(items)
        for index in indexes:
            entries = [entry for item in items if (entry := index_entry(index, keys, item))]
            found.entry_bytes[index.name] = _taken(entries) / max(1, len(entries))
            taken += _taken(entries)
        found.rows[variable] = len(items)
        found.row_bytes[variable] = taken / max(1, len(items))


def _taken(items: Sequence[Item]) -> int:
    return sum(item_bytes(item) + STORED_OVERHEAD_BYTES for item in items)


def _intervals() -> dict[str, float]:
    """Seconds between the runs of each schedule of app.py."""
    sources = import_module("app").app.event_sources
    return {
        config.name: _interval(config.schedule_expression).total_seconds()
        for config in sources
        if isinstance(config, ScheduledEventConfig)
    }


# --- the stage ----------------------------------------------------------------------------------


class _Printed(CloudWatch):
    """CloudWatch that remembers how much was printed."""

    bytes = 0

    def take(self, function: str, printed: str) -> None:
        self.bytes += len(printed.encode())
        super().take(function, printed)


@dataclass
class _Stage:
    """The template's storage on moto, and app.py's functions over it."""

    world: World
    functions: Functions
    cloudwatch: _Printed
    clock: Clock
    environment: Mapping[str, str]
    meter: Meter

    def _step(self, runs: int, calls: Iterator[tuple[datetime, str, Mapping[str, Any]]]) -> Step:
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
        return self._step(len(sent), ((one.occurred_at, API, self._proxied(one)) for one in sent))

    def _proxied(self, delivery: Delivery) -> dict[str, Any]:
        """A delivery as API Gateway hands it over."""
        source = delivery.source
        connector = CONNECTORS[self.world.organisation().sources[source].connector]
        with unseen():
            secrets = state.secrets()
        secret = local_secrets.newest(secrets[f"{self._prefix}sources/{source}"])
        unsigned = delivery.request(f"{self.world.url()}/webhooks/{source}")
        return proxied(connector.sign(unsigned, secret, delivery.occurred_at), source)

    @property
    def _prefix(self) -> str:
        return self.environment["SECRETS_PREFIX"]

    def queued(self) -> list[EventKey]:
        """The keys in the queue, once each; neighbours are of different conversations."""
        url = self.environment["EVENTS_QUEUE_URL"]
        by_interaction: dict[str, dict[EventKey, None]] = defaultdict(dict)
        with unseen():
            sqs = client("sqs")
            while got := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
                for message in got:
                    key = EventKey(*json.loads(message["Body"]))
                    by_interaction[key.interaction][key] = None
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        waiting = [list(keys) for keys in by_interaction.values()]
        turns = max(map(len, waiting))
        return [keys[turn] for turn in range(turns) for keys in waiting if len(keys) > turn]

    def understand(self, keys: Sequence[EventKey], size: int) -> Step:
        """All events in batches of `size`."""
        batches = [keys[start : start + size] for start in range(0, len(keys), size)]
        at = datetime(DAY.year, DAY.month, DAY.day, 20, tzinfo=UTC)
        return self._step(
            len(batches), ((at, "Understand", queue_event(batch)) for batch in batches)
        )

    def schedule(self, name: str, at: datetime) -> Step:
        function = to_cfn_resource_name(name)
        return self._step(1, iter([(at, function, scheduled_event(at, name))]))

    def empty(self, *variables: str) -> None:
        for variable in variables:
            backend = dynamodb_backends[ACCOUNT][REGION]
            backend.get_table(self.environment[variable]).items.clear()


@contextmanager
def _stage() -> Iterator[_Stage]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model_url = stack.enter_context(model_server(folder / "model.log"))
        stack.enter_context(local_aws(REGION, lambda: None))
        with mock.patch.dict("os.environ", AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME=model_url):
            stack.enter_context(fresh_clients())
            created = create(merge_template(DEV), STACK, REGION)
            environment = {**created.environment, "PUBLIC_URL": "https://hub.example"}
            clock, cloudwatch = Clock(), _Printed()
            world = worlds.build(read_settings({**environment, "AWS_REGION": REGION}), clock)
            app_module = import_module("app")
            stack.enter_context(mock.patch.object(app_module, "world", return_value=world))
            cloudwatch.listeners.append(_log_of_deliveries(environment["DELIVERY_LOG"]))
            functions = Functions(app_module.app, timeouts_s(DEV), cloudwatch)
            stack.enter_context(functions)
            text = ORGANISATION.read_text(encoding="utf-8")
            organisation = organisations.read(text)
            local_secrets.make_missing(environment["SECRETS_PREFIX"], organisation.sources, ())
            domain = organisation.sender.rpartition("@")[2].rstrip(">")
            client("sesv2").create_email_identity(EmailIdentity=domain)
            publish_organisation(world, text)
            meter = stack.enter_context(metered())
            yield _Stage(world, functions, cloudwatch, clock, environment, meter)


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


def queue_event(keys: Sequence[EventKey]) -> dict[str, Any]:
    """A batch of keys as Lambda's poller hands it over."""
    return {
        "Records": [
            {"messageId": str(place), "body": json.dumps(key), "eventSource": "aws:sqs"}
            for place, key in enumerate(keys)
        ]
    }

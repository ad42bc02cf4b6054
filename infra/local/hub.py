"""LocalHub: the whole stack on this machine, as one context manager.

    with LocalHub(Path("organisation.yaml").read_text(), state=Path(".hub")) as hub:
        post(f"{hub.url}/webhooks/zendesk", ...)
        hub.drain(60)
        hub.run_schedule("send_digests", at=monday_morning)

One hub at a time in a process: moto and Chalice are global.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Self
from unittest import mock

from chalicelib import organisation as organisations
from chalicelib.adapters import clients, tables, transact
from chalicelib.adapters import world as worlds
from chalicelib.adapters.recordings import PREFIX as RECORDINGS
from chalicelib.adapters.settings import read_settings
from chalicelib.adapters.world import World
from chalicelib.pipeline.asking import ASKED
from infra.local import secrets as local_secrets
from infra.local import speedups, stand_in_speech
from infra.local import state as states
from infra.local.asynchronous_model import Publish, Served, asynchronous_models, at
from infra.local.aws import CREDENTIALS, local_aws
from infra.local.clock import Clock
from infra.local.cloudwatch import CloudWatch, Metrics
from infra.local.delivery_log import DeliveryLog
from infra.local.dispatcher import Dispatcher
from infra.local.functions import FunctionFailed, Functions
from infra.local.gateway import Gateway
from infra.local.mailbox import Mail, Mailbox
from infra.local.model_server import model_server
from infra.local.schedules import Schedules, scheduled_event, timeouts_s
from infra.local.stack import create
from infra.local.sweeper import archive_days, count_items, sweep, sweep_archive
from infra.template import DEV, merge_template
from infra.template.model import SPEECH, TEXT
from infra.template.storage import QUEUES

STACK = "oivallus-local"
SPEECH_ENDPOINT = f"{STACK}-{SPEECH.name}"
REGION = "eu-north-1"
STATE_FILE = "state.jsonl.gz"
ENVIRONMENT_FILE = "environment.json"
HOUSEKEEPING_EVERY_S = 60
TICK_S = 0.2
_ONE = threading.Lock()


class LocalHub:
    """A running hub while entered.

    `state` is a folder that keeps its data between runs; None keeps nothing. `model_url` uses a
    model server that runs already. `clockwork` runs schedules by the clock; otherwise they run
    when `run_schedule` says so. With `replaying`, deliveries may say when they came (see
    `gateway.NOW_HEADER`). `visibility_s` shortens the queue's for tests of redelivery. With
    `asynchronous`, the model is asked as an endpoint that scales to zero is; so it is with
    `listens`, which gives recordings to a speech endpoint: the model that SPEECH_MODEL names, or
    a stand-in that hears the same in all of them.
    """

    def __init__(  # noqa: PLR0913 - each is a choice of its own, and named
        self,
        organisation_text: str,
        state: Path | None = None,
        port: int = 0,
        *,
        model_url: str | None = None,
        clockwork: bool = False,
        replaying: bool = False,
        visibility_s: int | None = None,
        asynchronous: bool = False,
        listens: bool = False,
    ) -> None:
        self.organisation = organisations.read(organisation_text)
        self._text = organisation_text
        self._folder = state
        self._port = port
        self._model_url = model_url
        self._clockwork = clockwork
        self._replaying = replaying
        self._visibility_s = visibility_s
        self._asynchronous = asynchronous or listens
        self._listens = listens
        self.clock = Clock()
        self.cloudwatch = CloudWatch()
        self._dispatchers: list[Dispatcher] = []

    def __enter__(self) -> Self:
        if not _ONE.acquire(blocking=False):
            raise RuntimeError("a local hub runs in this process already; close it first")
        with ExitStack() as stack:
            stack.callback(_ONE.release)
            self._start(stack)
            self._resources = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def _start(self, stack: ExitStack) -> None:
        self._model_url = self._model_url or stack.enter_context(model_server(self._model_log()))
        self._aws_url = stack.enter_context(local_aws(REGION, self._wake))
        stack.enter_context(fresh_clients())
        self.stack = create(merge_template(DEV), STACK, REGION)
        if self._asynchronous:
            served = self._served(self._model_url)
            self._model_url = stack.enter_context(asynchronous_models(served.__getitem__))
        os.environ["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"] = self._model_url
        app_module = import_module("app")
        self.functions = stack.enter_context(
            Functions(app_module.app, timeouts_s(DEV), self.cloudwatch)
        )
        gateway = Gateway(self.functions, DEV, self.clock, self._port, replaying=self._replaying)
        self.url = gateway.url
        self._deliveries = DeliveryLog(self.stack.environment["DELIVERY_LOG"], REGION)
        self.cloudwatch.listeners.append(self._deliveries.take)
        self._environment = {**self.stack.environment, "PUBLIC_URL": self.url}
        self._environment["MODEL_MODE"] = "asynchronous" if self._asynchronous else "realtime"
        if self._listens:
            self._environment["MODEL_SPEECH_ENDPOINT"] = SPEECH_ENDPOINT
        settings = read_settings({**self._environment, "AWS_REGION": REGION})
        self.world: World = worlds.build(settings, self.clock)
        stack.enter_context(_played_in(app_module, self.world))
        self._mailbox = Mailbox(
            REGION, self.stack.mail_topic_arn, self._deliver_mail_event, self.clock
        )
        self._fill()
        for mapping in self.stack.mappings:
            self._dispatchers.append(
                Dispatcher(mapping, self.functions, REGION, self._visibility_s)
            )
        stack.callback(self._dispatchers.clear)
        stack.callback(self._goodbye)
        for dispatcher in self._dispatchers:
            stack.enter_context(dispatcher)
        stack.enter_context(gateway)
        self._announce(stack)
        self._start_ticking(stack)

    def _model_log(self) -> Path:
        if self._folder is None:
            return Path(tempfile.gettempdir()) / f"oivallus-model-{os.getpid()}.log"
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / "model.log"

    def _fill(self) -> None:
        """Data of an earlier run, missing secrets, the mail identity, the organisation."""
        from chalicelib.pipeline.rebuild import publish_organisation

        if self._folder is not None:
            path = self._folder / STATE_FILE
            states.load(path, self.stack, self._mailbox, self._deliveries, REGION)
        prefix = self._environment["SECRETS_PREFIX"]
        kept = states.secrets()
        local_secrets.make_missing(prefix, self.organisation.sources, kept)
        domain = self.organisation.sender.rpartition("@")[2].rstrip(">")
        clients.client("sesv2").create_email_identity(EmailIdentity=domain)
        publish_organisation(self.world, self._text)

    def _announce(self, stack: ExitStack) -> None:
        """Let other processes find this hub while it runs."""
        if self._folder is None:
            return
        path = self._folder / ENVIRONMENT_FILE
        path.write_text(json.dumps(self.environment(), indent=1))
        path.chmod(0o600)
        stack.callback(path.unlink, missing_ok=True)

    def _start_ticking(self, stack: ExitStack) -> None:
        stop = threading.Event()
        thread = threading.Thread(target=self._tick, args=(stop,), name="ticker")
        thread.start()
        stack.callback(thread.join)
        stack.callback(stop.set)

    def _tick(self, stop: threading.Event) -> None:
        """What AWS does by itself: schedules, mail events, expiry; and the saving of the state."""
        schedules = Schedules(self.functions.app) if self._clockwork else None
        housekept, changes = time.monotonic(), speedups.changes()
        while not stop.wait(TICK_S):
            # What a function raises is in its log, and the next tick tries again.
            with suppress(FunctionFailed):
                self._mailbox.pump()
                for name in schedules.due(self.clock()) if schedules else ():
                    self.run_schedule(name)
            if time.monotonic() - housekept < HOUSEKEEPING_EVERY_S:
                continue
            housekept = time.monotonic()
            sweep(self.stack.expiries, REGION, self.clock())
            days = archive_days(self.organisation.retention.raw_days)
            sweep_archive(self.stack.bucket, days, self.clock())
            if changes != speedups.changes():
                changes = speedups.changes()
                self.save()

    def _goodbye(self) -> None:
        self._mailbox.pump()
        self.save()

    def save(self) -> None:
        """Write the state folder now; nothing without one."""
        if self._folder is not None:
            path = self._folder / STATE_FILE
            states.save(path, self.stack, self._mailbox, self._deliveries, REGION)

    def _wake(self) -> None:
        for dispatcher in self._dispatchers:
            dispatcher.wake()

    def _served(self, model_url: str) -> dict[str, Served]:
        """The asynchronous endpoints, by their names."""
        texts = Served(at(model_url), TEXT.answers, self._teller("JudgedQueue"))
        served = {self.stack.environment["MODEL_ENDPOINT"]: texts}
        if self._listens:
            hear = at(model_url) if os.environ.get("SPEECH_MODEL") else stand_in_speech.transcript
            served[SPEECH_ENDPOINT] = Served(hear, SPEECH.answers, self._teller("RecordingsQueue"))
        return served

    def _teller(self, queue: str) -> Publish:
        """Does what an endpoint's topic would: sends its notices to its queue."""
        url = self.stack.queues[queue]

        def tell(notice: Mapping[str, Any]) -> None:
            clients.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(notice))

        return tell

    def _deliver_mail_event(self, event: Mapping[str, Any]) -> None:
        self.functions.invoke("MailEvents", event)

    # -- what commands and tests use ---------------------------------------------------------

    def secret(self, source: str) -> str:
        """The newest signing secret of a source. Raises KeyError for an unknown source."""
        secret_id = f"{self._environment['SECRETS_PREFIX']}sources/{source}"
        return local_secrets.newest(states.secrets()[secret_id])

    def environment(self) -> dict[str, str]:
        """Variables with which another process reaches this hub's world."""
        return {
            **self._environment,
            **CREDENTIALS,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self._aws_url,
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": self._model_url or "",
            "AWS_EC2_METADATA_DISABLED": "true",
            "HUB_PID": str(os.getpid()),
        }

    def queued(self) -> int:
        """Messages that functions are to read, those in work included.

        Neither dead letters nor fetches that wait until their vendor may be asked again.
        """
        waiting = sum(_depth(mapping.queue_url) for mapping in self.stack.mappings)
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        asked = ((self.world.asynchronous, ASKED), (self.world.speech, RECORDINGS))
        for endpoint, prefix in asked:
            if endpoint is not None:
                waiting += sum(1 for _ in endpoint.listed(prefix, tomorrow))
        return waiting

    def dead_letters(self) -> int:
        """Messages in the dead-letter queues of all queues."""
        return sum(_depth(self.stack.queues[dead]) for _, _, dead in QUEUES.values())

    def count(self, table_variable: str) -> int:
        """Items of a table, named by its environment variable such as INTERACTIONS_TABLE."""
        return count_items(self._environment[table_variable], REGION)

    def drain(self, timeout_s: float, each: Callable[[int], None] | None = None) -> None:
        """Wait until every queued event is understood and every mail's event is delivered.

        `each` is told now and then how many events are left.

        Raises TimeoutError saying how many are left.
        """
        deadline = time.monotonic() + timeout_s
        for dispatcher in self._dispatchers:
            dispatcher.hurry(True)
        try:
            while left := self.queued():
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{left} events still wait after {timeout_s:g} s")
                if each:
                    each(left)
                self._wake()
                time.sleep(0.1)
        finally:
            for dispatcher in self._dispatchers:
                dispatcher.hurry(False)
        self._mailbox.pump()

    def run_schedule(self, name: str, at: datetime | None = None) -> None:
        """Run a scheduled function of app.py now, letting it believe that it is `at`.

        Raises KeyError for an unknown name, FunctionFailed when it raises.
        """
        with self.clock.at(at):
            self.functions.invoke_named(name, scheduled_event(self.clock(), name))
            self._mailbox.pump()

    def metrics(self) -> Metrics:
        """Sums of what the handlers counted since the start."""
        return self.cloudwatch.metrics()

    def mails(self) -> list[Mail]:
        """Every mail that left, oldest first."""
        self._mailbox.pump()
        return self.known_mails()

    def known_mails(self) -> list[Mail]:
        """The mails that the last tick knew of, oldest first, those of earlier runs too."""
        return self._mailbox.mails()


def _depth(queue_url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = clients.client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)
    return sum(int(found["Attributes"][name]) for name in names)


def fresh_clients() -> ExitStack:
    """Forget clients of an earlier hub, whose endpoints are gone; and these at the end."""

    def forget() -> None:
        clients.client.cache_clear()
        clients._session.cache_clear()
        transact._connection.cache_clear()
        for model in (
            tables.EventRow,
            tables.InteractionRow,
            tables.SummaryRow,
            tables.RegistryRow,
        ):
            model._connection = None

    forget()
    stack = ExitStack()
    stack.callback(forget)
    return stack


def _played_in(app_module: ModuleType, world: World) -> Any:
    """Let app.py's entry points use this world."""
    return mock.patch.object(app_module, "world", return_value=world)

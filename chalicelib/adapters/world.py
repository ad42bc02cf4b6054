"""World: every adapter in one place, built from the environment on first use."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, Protocol

from chalicelib.adapters.archive import Archive
from chalicelib.adapters.asynchronous import LONGEST_S, AsynchronousEndpoint
from chalicelib.adapters.corrections import Corrections, HeadsShelf
from chalicelib.adapters.deliveries import Deliveries
from chalicelib.adapters.endpoint import Endpoint
from chalicelib.adapters.inbound import InboundMail
from chalicelib.adapters.interactions import Interactions
from chalicelib.adapters.log import EventLog
from chalicelib.adapters.mail import Mail
from chalicelib.adapters.queue import FetchQueue, Queue
from chalicelib.adapters.recordings import RecordingShelf
from chalicelib.adapters.registry import Registry
from chalicelib.adapters.secrets import Secrets
from chalicelib.adapters.settings import Settings, read_settings
from chalicelib.adapters.source_book import SourceBook
from chalicelib.adapters.summaries import Summaries
from chalicelib.adapters.tables import bind
from chalicelib.adapters.telemetry import count
from chalicelib.adapters.vendor_http import VendorHttp
from chalicelib.organisation import Organisation, published

#: How long a function goes on with the organisation it has read, seconds.
ORGANISATION_CACHE_S = 60


class Count(Protocol):
    """A counter of the dashboard: `count("deliveries", 1, source="zendesk")`."""

    def __call__(
        self,
        metric: str,
        value: int = 1,
        /,
        facts: Mapping[str, Any] | None = None,
        **dimensions: str,
    ) -> None: ...


class Judge(Protocol):
    """What enriches texts: `Endpoint`, or a twin of it."""

    def invoke(self, body: bytes) -> bytes: ...


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class World:
    """All that a step of the pipeline may touch."""

    log: EventLog
    interactions: Interactions
    summaries: Summaries
    registry: Registry
    queue: Queue
    fetch_queue: FetchQueue
    endpoint: Judge
    mail: Mail
    secrets: Secrets
    vendors: VendorHttp
    deliveries: Deliveries = field(default_factory=Deliveries)
    sources: SourceBook = field(default_factory=SourceBook)
    corrections: Corrections = field(default_factory=Corrections)
    heads: HeadsShelf = field(default_factory=lambda: HeadsShelf(""))
    asynchronous: AsynchronousEndpoint | None = None  # instead of asking in real time
    speech: AsynchronousEndpoint | None = None  # writes recordings down, where there is one
    recordings_queue: FetchQueue = field(default_factory=lambda: FetchQueue(""))
    recordings: RecordingShelf = field(default_factory=lambda: RecordingShelf(""))
    inbound: InboundMail = field(default_factory=InboundMail)
    clock: Callable[[], datetime] = utc_now
    count: Count = count
    public_url: str = ""
    _published: dict[str, tuple[float, Organisation]] = field(default_factory=dict)

    @property
    def listens(self) -> bool:
        """Whether recordings of calls are written down, of the sources that allow it."""
        return self.speech is not None

    def organisation(self) -> Organisation:
        """The published organisation, at most a minute old."""
        cached = self._published.get("current")
        if cached is None or cached[0] < time.monotonic():
            organisation = published(self.registry.organisation())
            cached = (time.monotonic() + ORGANISATION_CACHE_S, organisation)
            self._published["current"] = cached
        return cached[1]

    def url(self) -> str:
        """The public URL in front of the API, without a slash at its end."""
        return (self.public_url or self.organisation().public_url).rstrip("/")


def build(settings: Settings, clock: Callable[[], datetime] = utc_now) -> World:
    """The world of one deployed stage, or of its local twin."""
    bind(settings)
    asynchronous = None
    if settings.model_mode == "asynchronous":
        asynchronous = AsynchronousEndpoint(settings.model_endpoint, settings.archive_bucket)
    speech = None
    if settings.model_speech_endpoint and settings.recordings_queue_url:
        # A recording may last two hours and wait for another: the usual time would end it.
        speech = AsynchronousEndpoint(
            settings.model_speech_endpoint, settings.archive_bucket, answer_s=LONGEST_S
        )
    return World(
        log=EventLog(Archive(settings.archive_bucket)),
        interactions=Interactions(settings.summary_partitions),
        summaries=Summaries(settings.summary_partitions),
        registry=Registry(),
        queue=Queue(settings.events_queue_url),
        fetch_queue=FetchQueue(
            settings.fetch_queue_url, dead_url=settings.fetch_dead_letter_queue_url
        ),
        endpoint=asynchronous or Endpoint(settings.model_endpoint),
        asynchronous=asynchronous,
        speech=speech,
        recordings_queue=FetchQueue(
            settings.recordings_queue_url, dead_url=settings.recordings_dead_letter_queue_url
        ),
        recordings=RecordingShelf(settings.archive_bucket),
        mail=Mail(settings.mail_configuration_set),
        secrets=Secrets(settings.secrets_prefix),
        # Only the local hub names its own address.
        vendors=VendorHttp(local=settings.public_url.startswith("http://127.0.0.1:")),
        deliveries=Deliveries(settings.delivery_log),
        heads=HeadsShelf(settings.archive_bucket),
        inbound=InboundMail(settings.inbound_bucket),
        clock=clock,
        public_url=settings.public_url,
    )


@cache
def world() -> World:
    """This process's world. Raises Misconfigured when the environment is not complete."""
    return build(read_settings())

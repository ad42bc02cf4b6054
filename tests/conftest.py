"""What every test may use: a fixed clock, an organisation, and a world on moto."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from unittest import mock

import hypothesis
import pytest
from cryptography.hazmat.primitives import serialization
from moto import mock_aws
from pynamodb.models import Model

from chalicelib.adapters import clients, transact
from chalicelib.adapters.kept import Kept
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.settings import Settings
from chalicelib.adapters.tables import EventRow, InteractionRow, RegistryRow, SummaryRow
from chalicelib.adapters.world import World, build
from chalicelib.connectors.base import Outcome
from chalicelib.interaction import Event
from chalicelib.organisation import Organisation, read
from chalicelib.pipeline.rebuild import publish_organisation
from chalicelib.pipeline.replay import within
from chalicelib.pipeline.understand import understand
from infra.local import speedups
from tests import kept, log_lines
from tests.dynamodb import server, transactions
from tests.twins import JudgingEndpoint, Metrics

# Every run tries the same examples, and none is judged by how busy the machine is.
hypothesis.settings.register_profile("the same", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("the same")

TABLES = (EventRow, InteractionRow, SummaryRow, RegistryRow)
_CREATED: list[tuple[Settings, kept.State]] = []  # at most one: what `aws` begins with
_PUBLISHED: list[Any] = []  # at most one: the registry with the organisation below
_OTHER: dict[Any, Any] = {}  # their connections to the second DynamoDB, which are slow to make
NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)  # a Wednesday
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

ORGANISATION = """
name: Esimerkki Oy
contact: palaute@esimerkki.example
sender: Oivallus <oivallus@esimerkki.example>
public_url: https://hub.esimerkki.example
redact: ['ES-\\d{6}']
sources:
  shop:
    connector: standard
    options:
      mapping:
        event_id: id
        interaction_id: conversation
        occurred_at: time
        channel: "'chat'"
        text: text
        customer: customer
        role: role
        csat: csat
touchpoints:
  - {id: delivery, name: {fi: Toimitus, en: Delivery}, tags: [toimitus]}
  - {id: payment, name: {fi: Maksu, en: Payment}}
themes:
  - id: late
    name: {fi: Toimitus myöhässä, en: Late delivery}
    touchpoint: delivery
    demand: failure
    department: processes
  - id: invoice
    name: {fi: Laskuvirhe, en: Invoice error}
    touchpoint: payment
    department: processes
  - id: praise
    name: {fi: Kiitos palvelusta, en: Praise}
    department: service
departments:
  - id: processes
    name: {fi: Prosessit, en: Processes}
    recipients: [prosessit@esimerkki.example]
  - id: service
    name: {fi: Asiakaspalvelu, en: Customer service}
    language: en
    recipients: [palvelu@esimerkki.example, esihenkilo@esimerkki.example]
"""


def take_in(world: World, *events: Event) -> None:
    """Events as if they had been delivered, and understood."""
    for one in events:
        world.log.add(one, NOW, 30, None)
    keys = [EventKey(one.interaction_key, one.event_id) for one in events]
    assert understand(world, keys) == frozenset()


def set_aside(world: World, source: str) -> list[Kept]:
    """The deliveries of a source that could not be read, whenever they came."""
    long_ago, far_away = (datetime(year, 1, 1, tzinfo=UTC) for year in (2000, 2100))
    return list(within(world, [source], long_ago, far_away, Outcome.UNREADABLE))


@pytest.fixture(scope="session")
def organisation() -> Organisation:
    return read(ORGANISATION)


@pytest.fixture(scope="session", autouse=True)
def keys_loaded_once() -> Iterator[None]:
    """Loading a private RSA key proves its primes, for 30 ms: here once for the same bytes."""
    load = lru_cache(256)(serialization.load_der_private_key)
    with mock.patch.object(serialization, "load_der_private_key", load):
        yield


@pytest.fixture(scope="session", autouse=True)
def lines_caught() -> Iterator[None]:
    with log_lines.caught():
        yield


@pytest.fixture(autouse=True)
def no_line_holds_a_secret(lines_caught: None) -> Iterator[None]:
    """Of whatever a test does."""
    with log_lines.without_secrets():
        yield


@pytest.fixture(scope="session")
def dynalite_url() -> Iterator[str]:
    """A second DynamoDB; what asks for it is left out where it cannot run, but not in CI."""
    if why := server.missing():
        server.left_out(why)
    with server.dynalite() as url:
        yield url


@pytest.fixture
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Which DynamoDB the tables lie in: a test's own parameter, else $TEST_DYNAMODB, else moto."""
    name: str = getattr(request, "param", os.environ.get("TEST_DYNAMODB", "moto"))
    if name == "moto":
        yield name
        return
    url: str = request.getfixturevalue("dynalite_url")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", url)
    # What dynalite lacks.
    monkeypatch.setattr(transact, "write", transactions.write)
    monkeypatch.setattr(Model, "update_ttl", lambda *_, **__: None)
    for model in TABLES:
        monkeypatch.setattr(model, "_connection", _OTHER.get(model))
    yield name
    _OTHER.update({model: model._connection for model in TABLES})


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, database: str) -> Iterator[Settings]:
    """Tables, a queue and secrets, empty for each test."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    with speedups.applied(lambda: None), mock_aws():
        yield _created() if database == "moto" else _create()
        if database != "moto":
            for model in TABLES:
                model.delete_table()


def _created() -> Settings:
    """What `_create` makes, created once and then copied."""
    if not _CREATED:
        _CREATED.append((_create(), kept.take()))
    ((settings, state),) = _CREATED
    kept.put_back(state)
    build(settings)  # binds the tables, whose names another test may have changed
    return settings


def _create() -> Settings:
    settings = Settings(
        stage="test",
        region="eu-north-1",
        events_table="events",
        interactions_table="interactions",
        summaries_table="summaries",
        registry_table="registry",
        archive_bucket="archive",
        events_queue_url="",
        fetch_queue_url="",
        fetch_dead_letter_queue_url="",
        model_endpoint="model",
        secrets_prefix="oivallus/test/",
    )
    clients.client("s3").create_bucket(
        Bucket="archive", CreateBucketConfiguration={"LocationConstraint": "eu-north-1"}
    )
    clients.client("sesv2").create_email_identity(EmailIdentity="esimerkki.example")
    secrets = clients.client("secretsmanager")
    for name in ("sources/shop", "pseudonym-key", "link-key"):
        secrets.create_secret(
            Name=f"oivallus/test/{name}", SecretString=json.dumps({"secrets": [SECRET]})
        )
    urls = {
        f"{name.replace('-', '_')}_queue_url": clients.client("sqs").create_queue(QueueName=name)[
            "QueueUrl"
        ]
        for name in ("events", "fetch", "fetch-dead-letter")
    }
    settings = replace(settings, **urls)
    build(settings)
    for model in TABLES:
        model.create_table(billing_mode="PAY_PER_REQUEST", wait=False)
    return settings


@pytest.fixture
def endpoint() -> JudgingEndpoint:
    return JudgingEndpoint()


@pytest.fixture
def world(aws: Settings, endpoint: JudgingEndpoint, database: str) -> World:
    """The real adapters on moto; the model endpoint is a twin that judges by a word list."""
    made = replace(build(aws, lambda: NOW), endpoint=endpoint, count=Metrics())
    if database != "moto":
        publish_organisation(made, ORGANISATION)
        return made
    if not _PUBLISHED:
        publish_organisation(made, ORGANISATION)
        _PUBLISHED.append(kept.items("registry"))
    kept.put_items("registry", _PUBLISHED[0])
    return made

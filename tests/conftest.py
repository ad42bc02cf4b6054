"""What every test may use: a fixed clock, an organisation, and a world on moto."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from moto import mock_aws

from chalicelib.adapters import clients
from chalicelib.adapters.settings import Settings
from chalicelib.adapters.tables import EventRow, InteractionRow, RegistryRow, SummaryRow
from chalicelib.adapters.world import World, build
from chalicelib.organisation import Organisation, read
from chalicelib.pipeline.rebuild import publish_organisation
from infra.local import speedups
from tests.twins import JudgingEndpoint, Metrics

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


@pytest.fixture(scope="session")
def organisation() -> Organisation:
    return read(ORGANISATION)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Tables, a queue and secrets in moto, empty for each test."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    with speedups.applied(lambda: None), mock_aws():
        yield _create()


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
    for model in (EventRow, InteractionRow, SummaryRow, RegistryRow):
        model.create_table(billing_mode="PAY_PER_REQUEST", wait=False)
    return settings


@pytest.fixture
def endpoint() -> JudgingEndpoint:
    return JudgingEndpoint()


@pytest.fixture
def world(aws: Settings, endpoint: JudgingEndpoint) -> World:
    """The real adapters on moto; the model endpoint is a twin that judges by a word list."""
    made = replace(build(aws, lambda: NOW), endpoint=endpoint, count=Metrics())
    publish_organisation(made, ORGANISATION)
    return made

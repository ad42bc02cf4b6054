"""A moto server in a process of its own, so that a benchmark's CPU time is the client's alone."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from chalicelib.adapters.clients import client
from chalicelib.adapters.settings import Settings
from chalicelib.adapters.tables import EventRow, InteractionRow, RegistryRow, SummaryRow
from chalicelib.adapters.world import build
from chalicelib.pipeline.rebuild import publish_organisation
from tests.conftest import ORGANISATION, SECRET


def _serve(ready: Connection) -> None:
    from moto.server import ThreadedMotoServer

    from infra.local import speedups

    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with speedups.applied(lambda: None):
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        ready.send(server.get_host_and_port())
        ready.recv()
        server.stop()


@contextmanager
def local_aws() -> Iterator[Settings]:
    """Tables, queue, bucket and secrets of `tests.conftest`; the environment points to them."""
    logging.getLogger("oivallus").setLevel(logging.WARNING)  # a benchmark prints its table
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(there,))
    process.start()
    host, port = here.recv()
    settings = Settings(
        stage="bench",
        region="eu-north-1",
        events_table="events",
        interactions_table="interactions",
        summaries_table="summaries",
        registry_table="registry",
        archive_bucket="archive",
        events_queue_url="",
        fetch_queue_url="none waits",
        fetch_dead_letter_queue_url="none waits",
        model_endpoint="model",
        secrets_prefix="oivallus/bench/",
    )
    os.environ.update(
        AWS_ENDPOINT_URL=f"http://{host}:{port}",
        AWS_ACCESS_KEY_ID="bench",
        AWS_SECRET_ACCESS_KEY="bench",
        AWS_REGION=settings.region,
        AWS_DEFAULT_REGION=settings.region,
    )
    settings = replace(
        settings, events_queue_url=client("sqs").create_queue(QueueName="events")["QueueUrl"]
    )
    build(settings)
    for model in (EventRow, InteractionRow, SummaryRow, RegistryRow):
        model.create_table(billing_mode="PAY_PER_REQUEST", wait=False)
    for name in ("sources/shop", "pseudonym-key", "link-key"):
        client("secretsmanager").create_secret(
            Name=settings.secrets_prefix + name, SecretString=json.dumps({"secrets": [SECRET]})
        )
    publish_organisation(build(settings), ORGANISATION)
    os.environ.update({f: str(v) for f, v in _environment(settings).items()})
    try:
        yield settings
    finally:
        here.send("stop")
        process.join()


def _environment(settings: Settings) -> dict[str, Any]:
    return {name.upper(): getattr(settings, name) for name in Settings.__dataclass_fields__}

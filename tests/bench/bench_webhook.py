"""A webhook, whole, beside the two AWS calls that it cannot do without.

`python -m tests.bench.bench_webhook` sends the same signed delivery, under new identities, through
the Chalice app, and puts and sends the same bytes with plain boto3 clients on the same moto
server. Calls alternate; CPU is this process's own. Goal: within 1.25.
"""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import os
import statistics
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import boto3
from rich.console import Console
from rich.table import Table

from chalicelib.adapters.clients import client
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Request
from tests.bench.local_aws import local_aws
from tests.conftest import SECRET

CALLS = 600


def gateway_event() -> dict[str, Any]:
    """A signed delivery as API Gateway hands it over."""
    body = json.dumps(
        {
            "id": str(uuid.uuid4()),
            "conversation": str(uuid.uuid4()),
            "time": datetime.now(UTC).isoformat(),
            "text": "Toimitus on myöhässä, tilasin sohvan kolme viikkoa sitten enkä ole kuullut "
            "mitään. Missä se on?",
            "customer": "id:4711",
            "role": "customer",
        }
    ).encode()
    request = Request(
        "POST", "https://h.example/webhooks/shop", {"content-type": "application/json"}, body
    )
    signed = CONNECTORS["standard"].sign(request, SECRET, datetime.now(UTC))
    return {
        "requestContext": {
            "httpMethod": "POST",
            "resourcePath": "/webhooks/{source}",
            "path": "/webhooks/shop",
        },
        "headers": dict(signed.headers),
        "multiValueQueryStringParameters": None,
        "pathParameters": {"source": "shop"},
        "stageVariables": None,
        "body": base64.b64encode(signed.body).decode(),
        "isBase64Encoded": True,
    }


def spent(work: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall of one call, µs."""
    cpu, wall = time.process_time_ns(), time.perf_counter_ns()
    work()
    return (time.process_time_ns() - cpu) / 1000, (time.perf_counter_ns() - wall) / 1000


def drain(url: str) -> None:
    """Empty the queue: moto's grows slower with every message in it."""
    sqs = client("sqs")
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        entries = [{"Id": m["MessageId"], "ReceiptHandle": m["ReceiptHandle"]} for m in messages]
        sqs.delete_message_batch(QueueUrl=url, Entries=entries)


def main() -> None:
    with local_aws() as settings:
        from app import app

        dynamodb, sqs = boto3.client("dynamodb"), boto3.client("sqs")  # as anybody makes them
        app(gateway_event(), None)
        (item,) = dynamodb.scan(TableName="events")["Items"]

        def ours(event: dict[str, Any]) -> None:
            assert app(event, None)["statusCode"] == 200

        def bare(event_id: str) -> None:
            dynamodb.put_item(
                TableName="events",
                Item={**item, "event_id": {"S": event_id}},
                ConditionExpression="attribute_not_exists(event_id)",
            )
            sqs.send_message(
                QueueUrl=settings.events_queue_url,
                MessageBody=json.dumps([item["interaction"]["S"], event_id]),
            )

        floor, whole = [], []
        with open(os.devnull, "w") as devnull, contextlib.redirect_stdout(devnull):
            # Lambda's log pipe takes lines without looking at them; so does this.
            logging.getLogger("oivallus").handlers[0].setStream(devnull)  # type: ignore[attr-defined]
            for number in range(CALLS):
                floor.append(spent(partial(bare, str(uuid.uuid4()))))
                whole.append(spent(partial(ours, gateway_event())))
                if number % 50 == 0:
                    drain(settings.events_queue_url)
    table = Table("", title=f"One webhook, median of {CALLS} alternating calls")
    for heading in ("put_item + send_message", "webhook", "ratio"):
        table.add_column(heading, justify="right")
    for place, name in enumerate(("CPU µs", "wall µs")):
        floor_us = statistics.median(one[place] for one in floor)
        whole_us = statistics.median(one[place] for one in whole)
        table.add_row(name, f"{floor_us:.0f}", f"{whole_us:.0f}", f"{whole_us / floor_us:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()

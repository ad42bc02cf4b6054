"""Wiring only: one line into the pipeline per route, queue, topic and schedule."""

from __future__ import annotations

from typing import Any

from chalice.app import Chalice, CloudWatchEvent, Rate, Response, SNSEvent, SQSEvent

from chalicelib import pipeline
from chalicelib.adapters import telemetry, web
from chalicelib.adapters.world import world

app = Chalice(app_name="oivallus", configure_logs=False)
telemetry.install(app)

# Every body arrives as the bytes that were signed: nothing is decoded before verification.
app.api.binary_types = web.BINARY_TYPES

# The template replaces both names: infra/template.py knows the real queue and topic.
EVENTS_QUEUE = "events"
MAIL_TOPIC = "mail-events"


@app.route("/webhooks/{source}", methods=["POST", "HEAD", "GET"], content_types=web.CONTENT_TYPES)
def webhook(source: str) -> Response:
    return web.answer(pipeline.receive(world(), source, web.read(app, world())))


@app.route("/unsubscribe/{token}", methods=["GET", "POST"], content_types=web.CONTENT_TYPES)
def unsubscribe(token: str) -> Response:
    return web.answer(pipeline.unsubscribe(world(), token, app.current_request.method))


@app.on_sqs_message(queue=EVENTS_QUEUE, batch_size=100, name="understand")
def understand(event: SQSEvent) -> dict[str, Any]:
    return web.batch_failures(event, pipeline.understand(world(), web.messages(event)))


@app.on_sns_message(topic=MAIL_TOPIC, name="mail_events")
def mail_events(event: SNSEvent) -> None:
    pipeline.record_mail(world(), event.message)


@app.schedule(Rate(15, unit=Rate.MINUTES), name="send_digests")
def send_digests(event: CloudWatchEvent) -> None:
    pipeline.send_digests(world())


@app.schedule(Rate(1, unit=Rate.HOURS), name="roll_up")
def roll_up(event: CloudWatchEvent) -> None:
    pipeline.roll_up(world())

"""Wiring only: one line into the pipeline per route, queue, topic and schedule."""

from __future__ import annotations

from functools import partial
from typing import Any

from chalice.app import Chalice, CloudWatchEvent, Rate, Response, SNSEvent, SQSEvent

from chalicelib.adapters import web
from chalicelib.adapters.queue import read_job, read_key
from chalicelib.adapters.telemetry import wordless
from chalicelib.adapters.world import world
from chalicelib.pipeline.receive import receive

app = Chalice(app_name="oivallus", configure_logs=False)
app.api.binary_types = web.BINARY_TYPES


@app.route(
    "/webhooks/{source}",
    methods=["POST", "GET", "HEAD", "OPTIONS"],  # OPTIONS: a CloudEvents handshake, not CORS
    content_types=web.CONTENT_TYPES,
)
def webhook(source: str) -> Response:
    return web.safely(lambda: receive(world(), source, web.read(app, world().url())))


@app.route("/unsubscribe/{token}", methods=["GET", "POST"], content_types=web.CONTENT_TYPES)
def unsubscribe(token: str) -> Response:
    from chalicelib.pipeline import digests

    return web.safely(lambda: digests.unsubscribe(world(), token, web.read(app, "").method))


@app.route("/correct/{token}", methods=["GET", "POST"], content_types=web.CONTENT_TYPES)
def correct(token: str) -> Response:
    from chalicelib.pipeline import corrections

    return web.safely(lambda: corrections.correct(world(), token, web.read(app, "")))


# The template replaces the names of the queues and of the topic by what it creates.
@app.on_sqs_message(queue="events", batch_size=100, maximum_batching_window_in_seconds=5)
def understand(event: SQSEvent) -> dict[str, Any]:
    from chalicelib.pipeline.understand import understand

    return web.batch_failures(event, partial(understand, world()), read_key)


@app.on_sqs_message(queue="fetch", batch_size=1)
def fetch(event: SQSEvent) -> dict[str, Any]:
    from chalicelib.pipeline.fetch import fetch

    return web.batch_failures(event, partial(fetch, world()), read_job)


@app.on_sqs_message(queue="recordings", batch_size=1)
def transcribe(event: SQSEvent) -> dict[str, Any]:
    from chalicelib.pipeline import recordings

    return web.batch_failures(event, partial(recordings.transcribe, world()), recordings.read_work)


@app.on_sqs_message(queue="judged", batch_size=10)
def judge(event: SQSEvent) -> dict[str, Any]:
    from chalicelib.adapters.asynchronous import read_notice
    from chalicelib.pipeline.judge import judge

    return web.batch_failures(event, partial(judge, world()), read_notice)


@app.on_sns_message(topic="mail-events")
@wordless()
def mail_events(event: SNSEvent) -> None:
    from chalicelib.pipeline import digests

    digests.record_mail(world(), event.message)


@app.schedule(Rate(15, unit=Rate.MINUTES))
@wordless()
def send_digests(event: CloudWatchEvent) -> None:  # noqa: ARG001
    from chalicelib.pipeline import digests, overdue

    digests.send_digests(world())
    overdue.count_overdue(world())


@app.schedule(Rate(1, unit=Rate.HOURS))
@wordless()
def roll_up(event: CloudWatchEvent) -> None:  # noqa: ARG001
    from chalicelib.pipeline import rebuild

    rebuild.roll_up(world())


@app.schedule(Rate(15, unit=Rate.MINUTES))
@wordless()
def ask_again(event: CloudWatchEvent) -> None:  # noqa: ARG001
    from chalicelib.pipeline import asking, recordings

    asking.ask_again(world())
    recordings.ask_again(world())


@app.schedule(Rate(15, unit=Rate.MINUTES))
@wordless()
def watch_sources(event: CloudWatchEvent) -> None:  # noqa: ARG001
    from chalicelib.pipeline import watch

    watch.watch(world())

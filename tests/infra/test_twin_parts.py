"""Schedules, expiry, metrics: what AWS does by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chalice.app import Chalice, Cron, Rate

import app
from chalicelib.adapters.clients import client
from chalicelib.adapters.tables import EventRow
from infra.local import speedups
from infra.local.aws import local_aws
from infra.local.clock import Clock
from infra.local.cloudwatch import CloudWatch
from infra.local.functions import FunctionFailed, Functions
from infra.local.hub import REGION, fresh_clients
from infra.local.references import References
from infra.local.schedules import Schedules, scheduled_event
from infra.local.stack import Stack, create
from infra.local.sweeper import count_items, sweep
from infra.template import DEV, merge_template

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


def test_schedules_run_once_an_interval() -> None:
    schedules = Schedules(app.app)
    due = {
        minutes: set(schedules.due(NOW + timedelta(minutes=minutes)))
        for minutes in (0, 14, 15, 16, 30, 60)
    }
    quarterly = {"send_digests", "watch_sources", "ask_again"}
    assert due == {
        0: set(),
        14: set(),
        15: quarterly,
        16: set(),
        30: quarterly,
        60: quarterly | {"roll_up"},
    }


def test_a_schedule_that_the_twin_cannot_run_is_named() -> None:
    other = Chalice("other")
    other.schedule(Cron(0, 8, "*", "*", "?", "*"), name="eight")(lambda event: None)
    with pytest.raises(ValueError, match="rate"):
        Schedules(other)


@pytest.fixture
def stack() -> Iterator[Stack]:
    with local_aws(REGION, lambda: None), fresh_clients():
        yield create(merge_template(DEV), "oivallus-test", REGION)


def test_what_expired_is_swept_and_the_rest_stays(stack: Stack) -> None:
    table = stack.environment["EVENTS_TABLE"]
    for name, at in (("old", NOW - timedelta(seconds=1)), ("new", NOW + timedelta(days=1))):
        client("dynamodb").put_item(
            TableName=table,
            Item={
                "interaction": {"S": "chat#1"},
                "event_id": {"S": name},
                "expires_at": {"N": str(int(at.timestamp()))},
            },
        )
    assert [e.attribute for e in stack.expiries if e.table == table] == [
        EventRow._ttl_attribute().attr_name  # type: ignore[no-untyped-call]
    ]
    assert sweep(stack.expiries, REGION, NOW) == 1
    assert count_items(table, REGION) == 1
    assert sweep(stack.expiries, REGION, NOW) == 0


def test_only_what_may_change_something_counts_as_a_change(stack: Stack) -> None:
    before = speedups.changes()
    client("sqs").receive_message(QueueUrl=stack.queues["EventsQueue"])
    client("dynamodb").describe_table(TableName=stack.tables[0])
    assert speedups.changes() == before
    client("sqs").send_message(QueueUrl=stack.queues["EventsQueue"], MessageBody="x")
    assert speedups.changes() == before + 1


def handlers() -> Chalice:
    found = Chalice("handlers", configure_logs=False)

    @found.schedule(Rate(1, unit=Rate.HOURS))
    def speak(event: Any) -> None:
        metric = {"Metrics": [{"Name": "said"}], "Dimensions": [["who"]]}
        print(json.dumps({"_aws": {"CloudWatchMetrics": [metric]}, "who": "cat", "said": [2, 1]}))
        print(json.dumps({"level": "INFO", "message": "meow"}))
        print("not JSON")

    @found.schedule(Rate(1, unit=Rate.HOURS))
    def fail(event: Any) -> None:
        raise RuntimeError("no")

    return found


def test_what_a_function_prints_is_counted_and_kept(capsys: pytest.CaptureFixture[str]) -> None:
    cloudwatch = CloudWatch()
    with Functions(handlers(), {"": 60}, cloudwatch) as functions:
        functions.invoke_named("speak", scheduled_event(NOW, "speak"))
        print("outside")
        with pytest.raises(FunctionFailed, match="RuntimeError: no"):
            functions.invoke_named("fail", scheduled_event(NOW, "fail"))
    assert capsys.readouterr().out == "outside\n"
    assert cloudwatch.metrics().total("said", who="cat") == 3
    assert cloudwatch.metrics().total("said", who="dog") == 0
    assert [log["message"] for log in cloudwatch.logs] == ["meow", "not JSON", "RuntimeError: no"]
    assert "Traceback" in cloudwatch.logs[-1]["exception"]


def test_a_told_moment_ends_with_its_block() -> None:
    clock = Clock()
    with clock.at(NOW), clock.at(None):
        assert clock() == NOW
    assert abs(clock() - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_reference_to_nothing_is_an_error() -> None:
    known = References({"AWS::StackName": "s"})
    known.created("Queue", "url", Arn="arn:q")
    assert known.resolve({"Fn::Sub": "${AWS::StackName}/${Queue}/${Queue.Arn}"}) == "s/url/arn:q"
    assert known.resolve([{"a": {"Fn::GetAtt": ["Queue", "Arn"]}}]) == [{"a": "arn:q"}]
    with pytest.raises(KeyError, match="Topic"):
        known.resolve({"Ref": "Topic"})

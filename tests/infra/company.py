"""A stage in production on moto, with a vendor that sends and an operator who types.

`test_restore.py` says what is played here instead of by moto.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from unittest import mock

import boto3
import jmespath
from botocore import xform_name
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from typer.testing import CliRunner

import app as entry
from chalicelib.adapters import clients, tables, transact
from chalicelib.adapters.clients import client
from chalicelib.adapters.settings import Settings, read_settings
from chalicelib.adapters.tables import EventRow, InteractionRow
from chalicelib.adapters.world import World, build
from chalicelib.pipeline.rebuild import publish_organisation, recount
from infra import hub
from infra.commands import worlds
from infra.commands.cli import plain
from infra.commands.worlds import Hub, Where
from infra.local import speedups
from infra.local.hub import fresh_clients
from infra.local.stack import create
from infra.template import merge_template, storage
from tests.conftest import ORGANISATION, SECRET
from tests.infra.awscli import Call, parsed
from tests.pipeline.test_receive import MESSAGE, signed
from tests.test_app import _call
from tests.twins import JudgingEndpoint, Metrics

HERE, THERE = "eu-north-1", "eu-west-1"
NAME = "oivallus-prod"
START = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
MODELS = (tables.EventRow, tables.InteractionRow, tables.SummaryRow, tables.RegistryRow)
READER = "00000000-0000-4000-8000-000000000001"  # the mapping that feeds Understand
RULES = ("roll-up", "send-digests")
SECRETS = ("sources/shop", "pseudonym-key", "link-key")


@dataclass
class Region:
    """One region's stack, and what of it is played here."""

    name: str
    settings: Settings
    reads: bool = True
    open: bool = True


@dataclass
class Company:
    """What a vendor sends, what Lambda does, and what DynamoDB could restore."""

    endpoint: JudgingEndpoint = field(default_factory=JudgingEndpoint)
    regions: dict[str, Region] = field(default_factory=dict)
    cname: str = HERE  # the region that the vendor's calls reach
    now: datetime = START
    kept: dict[str, Any] = field(default_factory=dict)  # table -> moto's copy of a moment
    sent: int = 0
    functions: dict[str, World] = field(default_factory=dict)

    def world(self, region: str) -> World:
        """The functions' world in a region; the process is there from now on."""
        if _went_to(region):
            self.functions.clear()
        if region not in self.functions:
            made = build(self.regions[region].settings, lambda: self.now)
            self.functions[region] = replace(made, endpoint=self.endpoint, count=Metrics())
        return self.functions[region]

    def delivers(self, number: int) -> int:
        """One conversation's message comes to the webhook; the status of the answer."""
        if not self.regions[self.cname].open:
            return 502
        self.now += timedelta(milliseconds=1)  # two deliveries have two times
        message = MESSAGE | {
            "id": f"ev-{number}",
            "conversation": f"c-{number}",
            "time": self.now.isoformat(),
            "text": "Toimitus on myöhässä" if number % 2 else "Kiitos avusta",
        }
        world = self.world(self.cname)
        with (
            mock.patch("tests.pipeline.test_receive.NOW", self.now),
            mock.patch.object(entry, "world", return_value=world),
        ):
            status: int = _call(signed(message))["statusCode"]
        self.sent += status == 200
        return status

    def deliver(self, *numbers: int) -> None:
        """Deliveries that must be taken."""
        for number in numbers:
            assert self.delivers(number) == 200

    def work(self, region: str = HERE) -> None:
        """What Lambda does: gives Understand its queue until that is empty, where it may."""
        place = self.regions[region]
        world, sqs = self.world(region), client("sqs")
        queue = {"QueueUrl": place.settings.events_queue_url}
        while place.reads and (
            got := sqs.receive_message(**queue, MaxNumberOfMessages=10).get("Messages")
        ):
            records = [{"messageId": m["MessageId"], "body": m["Body"]} for m in got]
            with mock.patch.object(entry, "world", return_value=world):
                failed = entry.understand({"Records": records}, None)["batchItemFailures"]
            again = {one["itemIdentifier"] for one in failed}
            for m in got:
                handle = {**queue, "ReceiptHandle": m["ReceiptHandle"]}
                if m["MessageId"] in again:
                    sqs.change_message_visibility(**handle, VisibilityTimeout=0)
                else:
                    sqs.delete_message(**handle)

    def put_aside(self, *ends: str) -> None:
        """What DynamoDB could restore of this moment."""
        for name in (f"{NAME}-{end}" for end in ends):
            self.kept[name] = copy.deepcopy(_tables(HERE)[name])

    def lose(self, end: str) -> None:
        """Somebody takes a table's protection off and deletes it; DynamoDB keeps a backup."""
        dynamodb, name = client("dynamodb"), f"{NAME}-{end}"
        dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
        dynamodb.create_backup(TableName=name, BackupName="of its deletion")
        dynamodb.delete_table(TableName=name)
        self.functions.clear()  # what they remember ends within a minute

    def assert_whole(self, contacts: int, region: str = HERE) -> None:
        """Every message that was taken is stored, understood, and counted once."""
        world, today = self.world(region), self.now.date()
        assert self.sent == contacts
        assert len(list(EventRow.scan())) == contacts
        rows = list(InteractionRow.scan())
        assert len(rows) == contacts
        assert len({row.customer for row in rows}) == 1  # under one key, the same customer
        counted = world.summaries.read(today - timedelta(days=35), today + timedelta(days=7))
        assert counted == recount(world)
        assert counted.count("contacts") == contacts

    def assert_set(self, *ends: str, region: str = HERE) -> None:
        """Tables have what the template says of them."""
        merge = _template()["Resources"]
        dynamodb = _client("dynamodb", region)
        for logical_id, (_, end) in storage.TABLES.items():
            if end not in ends:
                continue
            wanted, table = merge[logical_id]["Properties"], {"TableName": f"{NAME}-{end}"}
            found = dynamodb.describe_table(**table)["Table"]
            assert found["DeletionProtectionEnabled"] is wanted["DeletionProtectionEnabled"] is True
            expiry = dynamodb.describe_time_to_live(**table)["TimeToLiveDescription"]
            assert expiry["AttributeName"] == wanted["TimeToLiveSpecification"]["AttributeName"]
            assert expiry["TimeToLiveStatus"] == "ENABLED"
            kept = dynamodb.describe_continuous_backups(**table)["ContinuousBackupsDescription"]
            recovery = kept["PointInTimeRecoveryDescription"]
            assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"

    # -- what the operator's commands reach --------------------------------------------------

    def hub(self, words: list[str], region: str) -> tuple[int, str]:
        """`hub ...`; exit status 1 is an answer too, such as of letters that are there."""
        if words == ["doctor"]:  # asks many services that are not here
            return 0, ""
        found = Hub(Where("prod"), self.world(region or HERE), self.regions[region].settings)
        with mock.patch.object(worlds, "connect", return_value=found):
            done = CliRunner().invoke(hub.app, words, terminal_width=200)
        return 0 if done.exit_code in (hub.OK, hub.FAULTS) else done.exit_code, done.output

    def aws(self, words: list[str], region: str) -> tuple[int, str]:
        """`aws ...`: moto's answer, or one that is played; through --query, as text."""
        call = parsed(words)
        region = call.options.get("region", region)
        if call.waits:
            waiter = _client(call.service, region).get_waiter(_snake(call.waits))
            waiter.wait(**call.params)
            return 0, ""
        played = getattr(self, f"_{call.service}_{_snake(call.operation)}", None)
        told = played(call, region) if played else _asked(call, region)
        told = plain({k: v for k, v in (told or {}).items() if k != "ResponseMetadata"})
        if query := call.options.get("query"):
            told = jmespath.search(query, told)
        return 0, _text(told)

    def _cloudformation_list_stack_resources(self, _: Call, __: str) -> Mapping[str, Any]:
        held = [("AWS::Lambda::EventSourceMapping", READER)]
        held += [("AWS::Events::Rule", rule) for rule in RULES]
        return {
            "StackResourceSummaries": [
                {"ResourceType": kind, "PhysicalResourceId": name} for kind, name in held
            ]
        }

    def _cloudformation_describe_stack_resource(self, call: Call, region: str) -> Any:
        name = call.params["LogicalResourceId"]
        archive = self.regions[region].settings.archive_bucket
        found = {"ArchiveBucket": archive, "APIHandler": f"{NAME}-APIHandler"}[name]
        return {"StackResourceDetail": {"PhysicalResourceId": found}}

    def _lambda_update_event_source_mapping(self, call: Call, region: str) -> Any:
        assert call.params["UUID"] == READER
        self.regions[region].reads = call.params["Enabled"]
        return {}

    def _lambda_put_function_concurrency(self, call: Call, region: str) -> Any:
        assert call.params["FunctionName"] == f"{NAME}-APIHandler"
        self.regions[region].open = call.params["ReservedConcurrentExecutions"] > 0
        return {}

    def _dynamodb_restore_table_to_point_in_time(self, call: Call, region: str) -> Any:
        params = call.params
        if arn := params.get("SourceTableArn"):  # from the other region, as it is now
            *_, source_region, _, resource = arn.split(":")
            source = _tables(source_region)[resource.partition("/")[2]]
        else:
            source = self.kept[params["SourceTableName"]]
        # moto restores the table as it is: for that call, it is what it was.
        name = source.name
        with mock.patch.dict(_tables(region), {name: source}):
            made = _client("dynamodb", region).restore_table_to_point_in_time(
                SourceTableName=name,
                TargetTableName="of the moment",
                SSESpecificationOverride=params["SSESpecificationOverride"],
            )
            restored = _tables(region)["of the moment"]
        assert params["TargetTableName"] not in _tables(region)
        restored.name = params["TargetTableName"]
        _tables(region)[restored.name] = restored
        return made

    def _s3_sync(self, call: Call, _: str) -> Any:
        origin, target = (place.removeprefix("s3://") for place in call.positional)
        s3 = _client("s3", call.options["region"])
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=origin):
            for one in page.get("Contents", ()):
                s3.copy({"Bucket": origin, "Key": one["Key"]}, target, one["Key"])
        return {}


@cache
def _template() -> Any:
    return merge_template("prod")


@cache
def _client(service: str, region: str) -> Any:
    """A client for the tests of this process; moto answers whichever is there."""
    return boto3.Session(region_name=region).client(service)


def _tables(region: str) -> dict[str, Any]:
    found: dict[str, Any] = dynamodb_backends[DEFAULT_ACCOUNT_ID][region].tables
    return found


def _snake(name: str) -> str:
    return str(xform_name(name)).replace("-", "_")


def _asked(call: Call, region: str) -> Any:
    service, name = _client(call.service, region), _snake(call.operation)
    if service.can_paginate(name):
        return service.get_paginator(name).paginate(**call.params).build_full_result()
    return getattr(service, name)(**call.params)


def _text(told: Any) -> str:
    """As `--output text` prints it."""
    if isinstance(told, list):
        return "\t".join(str(one) for one in told)
    return told if isinstance(told, str) else json.dumps(told)


@contextmanager
def company(*regions: str) -> Iterator[Company]:
    """A stage in each region; organisation and secrets in the first alone."""
    keys = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "testing")
    there = {"AWS_REGION": regions[0], "AWS_DEFAULT_REGION": regions[0]}
    with (
        mock.patch.dict(os.environ, keys | there),
        speedups.applied(lambda: None),
        mock_aws(),
        fresh_clients() if len(regions) > 1 else nullcontext(),
    ):
        made = Company()
        for region in regions:
            made.regions[region] = _deployed(region)
            _prepared(region, SECRET if region == regions[0] else "another, as deploying made it")
        publish_organisation(made.world(regions[0]), ORGANISATION)
        yield made


def _went_to(region: str) -> bool:
    """Whether the process was elsewhere: clients that it keeps are of one region."""
    if os.environ["AWS_REGION"] == region:
        return False
    os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = region
    clients.client.cache_clear()
    clients._session.cache_clear()
    transact._connection.cache_clear()
    for model in MODELS:
        model._connection = None
    return True


def _deployed(region: str) -> Region:
    _went_to(region)
    stack = create(_template(), NAME, region)
    # A bucket's name is taken in every region; CloudFormation gives each stack its own.
    client("s3").delete_bucket(Bucket=stack.bucket)
    archive = f"{NAME}-archive-{region}"
    client("s3").create_bucket(
        Bucket=archive, CreateBucketConfiguration={"LocationConstraint": region}
    )
    settings = read_settings({**stack.environment, "AWS_REGION": region})
    return Region(region, replace(settings, archive_bucket=archive))


def _prepared(region: str, secret: str) -> None:
    manager = _client("secretsmanager", region)
    for name in SECRETS if secret == SECRET else SECRETS[1:]:
        value = json.dumps({"secrets": [secret]})
        manager.create_secret(Name=f"oivallus/prod/{name}", SecretString=value)
    for rule in RULES:
        _client("events", region).put_rule(
            Name=rule, ScheduleExpression="rate(1 hour)", State="ENABLED"
        )

"""The template in moto: CloudFormation accepts it, and the local twin makes the same resources."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest
from moto import mock_aws

from chalicelib.adapters.clients import client
from infra.local.hub import REGION, fresh_clients
from infra.local.stack import Stack, create
from infra.package import Package
from infra.template import DEV, Template, functions, merge_template, storage

NAME = "oivallus-test"

#: moto knows neither; or makes them of the API's body, which it does not read; or, with an event
#: source, takes messages out of the queue by itself.
NOT_IN_MOTO = (
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::Stage",
    "AWS::Lambda::EventSourceMapping",
)
PARAMETERS = {
    "MailDomain": "havuvakka.example",
    "AlarmEmail": "alarms@havuvakka.example",
    "ModelMode": "realtime",  # moto knows no scaling
    "ModelImage": "123456789012.dkr.ecr.eu-north-1.amazonaws.com/model@sha256:0",
}


def for_moto(template: Template) -> Template:
    """The template without what moto cannot create, and without code."""
    found: Template = json.loads(json.dumps(template))
    resources = found["Resources"]
    for name in [n for n, r in resources.items() if r["Type"] in NOT_IN_MOTO]:
        del resources[name]
    for resource in resources.values():
        if resource["Type"] == "AWS::Lambda::Function":
            resource["Properties"]["Code"] = {"ZipFile": "x"}
    # Their URL names the API's stage, which moto has not made.
    found["Outputs"] = {k: v for k, v in found["Outputs"].items() if "RestAPI" not in str(v)}
    return found


@contextmanager
def empty_aws() -> Iterator[None]:
    region = {"AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION}
    with (
        mock.patch.dict(os.environ, region),
        mock_aws(config={"lambda": {"use_docker": False}}),
        fresh_clients(),
    ):
        yield


@pytest.fixture
def aws() -> Iterator[None]:
    with empty_aws():
        yield


def deploy(template: Template) -> None:
    client("cloudformation").create_stack(
        StackName=NAME,
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in PARAMETERS.items()],
        Capabilities=["CAPABILITY_IAM"],
    )


def described(name: str) -> dict[str, Any]:
    """What moto's CloudFormation reads of a table; the rest is asserted on the template."""
    table = client("dynamodb").describe_table(TableName=name)["Table"]
    wanted = ("TableName", "KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes")
    found = {key: table.get(key) for key in wanted}
    found["AttributeDefinitions"].sort(key=lambda definition: definition["AttributeName"])
    return found


def queues() -> dict[str, dict[str, Any]]:
    sqs = client("sqs")
    attributes = ("VisibilityTimeout", "MessageRetentionPeriod", "SqsManagedSseEnabled")
    found = {}
    for url in sqs.list_queues()["QueueUrls"]:
        every = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        redrive = json.loads(every.get("RedrivePolicy", "{}"))
        found[url] = {name: every[name] for name in attributes} | redrive
    return found


def everything() -> list[Any]:
    tables = sorted(client("dynamodb").list_tables()["TableNames"])
    topics = [topic["TopicArn"] for topic in client("sns").list_topics()["Topics"]]
    topics = [arn for arn in topics if arn.endswith("mail-events")]  # the twin plays no other
    return [[described(name) for name in tables], queues(), topics]


def test_the_local_twin_makes_what_cloudformation_makes() -> None:
    merge = merge_template(DEV)
    kinds = {"AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::KMS::Key"}
    only = {k: r for k, r in merge["Resources"].items() if r.get("Type") in kinds}
    only["MailTopic"] = merge["Resources"]["MailTopic"]
    with empty_aws():
        deploy({"Resources": only, "Parameters": merge["Parameters"]})
        deployed = everything()
    with empty_aws():
        stack = create(merge, NAME, REGION)
        assert everything() == deployed
    assert len(deployed[0]) == len(storage.TABLES)
    assert_complete(stack)


def assert_complete(stack: Stack) -> None:
    assert stack.environment["EVENTS_QUEUE_URL"] == stack.queues["EventsQueue"]
    assert {expiry.attribute for expiry in stack.expiries} == {"expires_at"}
    assert len(stack.expiries) == len(storage.TABLES)


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("function", "queue_id"),
    [(name, of[0]) for name, of in functions.FED.items()],
)
def test_the_twin_polls_as_lambda_is_told_to(dev: Package, function: str, queue_id: str) -> None:
    resources = dev.cloudformation["Resources"]
    deployed = resources[f"{function}{function}SqsEventSource"]["Properties"]
    queue = resources[queue_id]["Properties"]
    made = create(merge_template(DEV), NAME, REGION)
    (mapping,) = [mapping for mapping in made.mappings if mapping.function == function]
    assert mapping.queue_url == made.queues[queue_id]
    assert mapping.function == deployed["FunctionName"]["Ref"]
    assert mapping.batch_size == deployed["BatchSize"]
    assert mapping.window_s == deployed["MaximumBatchingWindowInSeconds"]
    assert mapping.visibility_s == queue["VisibilityTimeout"]
    assert mapping.reports_failures

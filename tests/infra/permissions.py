"""Watches the AWS calls of each function, and asks the template's policies whether they may."""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest import mock

import botocore.client

from infra.local.functions import Functions
from infra.local.hub import REGION, STACK, LocalHub
from infra.local.references import References, pseudo_parameters
from infra.template import DEV, functions, merge_template, permissions

#: As if the stack's parameter VendorBuckets named them; test_template looks at their policy.
VENDOR_BUCKETS = ("havuvakka-connect",)
_SERVICES = {"sesv2": "ses", "sagemaker-runtime": "sagemaker"}


class Call(NamedTuple):
    """What IAM is asked: may this function do this to that?"""

    function: str
    action: str
    resource: str


@contextmanager
def watched() -> Iterator[set[Call]]:
    """Collect the calls that functions make while the block runs."""
    calls: set[Call] = set()
    running = threading.local()
    invoke, api_call = Functions.invoke, botocore.client.BaseClient._make_api_call

    def watched_invoke(self: Functions, function: str, event: Mapping[str, Any]) -> Any:
        before, running.function = getattr(running, "function", None), function
        try:
            return invoke(self, function, event)
        finally:
            running.function = before

    def watched_call(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        function = getattr(running, "function", None)
        if function:
            service = self.meta.service_model.service_name
            for action, resource in _asked(_SERVICES.get(service, service), operation, parameters):
                calls.add(Call(function, action, resource))
        return api_call(self, operation, parameters)

    with (
        mock.patch.object(Functions, "invoke", watched_invoke),
        mock.patch.object(botocore.client.BaseClient, "_make_api_call", watched_call),
    ):
        yield calls


def _asked(service: str, operation: str, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(action, resource) of one API call; a transaction asks for each of its parts."""
    if operation == "TransactWriteItems":
        for part in given["TransactItems"]:
            ((kind, item),) = part.items()
            name = "ConditionCheckItem" if kind == "ConditionCheck" else f"{kind}Item"
            yield f"dynamodb:{name}", _arn(f"dynamodb:table/{item['TableName']}")
    elif operation == "BatchGetItem":
        for table in given["RequestItems"]:
            yield "dynamodb:BatchGetItem", _arn(f"dynamodb:table/{table}")
    elif service == "dynamodb":
        index = f"/index/{given['IndexName']}" if given.get("IndexName") else ""
        yield f"dynamodb:{operation}", _arn(f"dynamodb:table/{given['TableName']}{index}")
    elif service == "s3":
        if operation == "ListObjectsV2":
            yield "s3:ListBucket", f"arn:aws:s3:::{given['Bucket']}"
        else:
            action = "GetObject" if operation == "HeadObject" else operation  # IAM has one for both
            yield f"s3:{action}", f"arn:aws:s3:::{given['Bucket']}/{given['Key']}"
    elif service == "sqs":
        action = operation.removesuffix("Batch")  # IAM has no actions for batches
        yield f"sqs:{action}", _arn(f"sqs:{given['QueueUrl'].rpartition('/')[2]}")
    elif service == "secretsmanager":
        yield (
            f"secretsmanager:{operation}",
            _arn(f"secretsmanager:secret:{given['SecretId']}-a1B2c3"),
        )
    elif service == "sagemaker":
        yield f"sagemaker:{operation}", _arn(f"sagemaker:endpoint/{given['EndpointName']}")
    else:
        yield f"{service}:{operation}", "*"


def _arn(resource: str) -> str:
    service, _, rest = resource.partition(":")
    return f"arn:aws:{service}:{REGION}:123456789012:{rest}"


def refused(hub: LocalHub, calls: set[Call]) -> list[Call]:
    """The calls that the function's policy does not allow."""
    allowed = {function: list(_grants(hub, function)) for function in functions.FUNCTIONS}
    return sorted(call for call in calls if not _allows(allowed[call.function], call))


def unused(hub: LocalHub, calls: set[Call]) -> set[tuple[str, str]]:
    """(function, action on what) that a policy allows and no call needed."""
    return {
        (function, f"{action} {resource.rpartition(':')[2]}")
        for function in functions.FUNCTIONS
        for action, resource in _grants(hub, function)
        if action.partition(":")[0] not in ("logs", "xray", "kms")
        and not any(call.function == function and _covers(action, resource, call) for call in calls)
    }


def _covers(action: str, resource: str, call: Call) -> bool:
    return action == call.action and (
        call.resource == "*" or fnmatch.fnmatch(call.resource, resource)
    )


def _allows(grants: list[tuple[str, str]], call: Call) -> bool:
    return any(_covers(action, resource, call) for action, resource in grants)


def _grants(hub: LocalHub, function: str) -> Iterator[tuple[str, str]]:
    """(action, resource pattern) of a function's policy, with the hub's own names."""
    known = _names(hub)
    statements = permissions.policy(function, DEV)["Statement"]
    if function in ("Fetch", "Transcribe"):
        for bucket in VENDOR_BUCKETS:
            statements.append(
                {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"},
            )
    for statement in statements:
        if statement.get("Effect") == "Deny":
            continue
        actions, resources = statement["Action"], known.resolve(statement["Resource"])
        for action in [actions] if isinstance(actions, str) else actions:
            for resource in [resources] if isinstance(resources, str) else resources:
                yield action, resource


def _names(hub: LocalHub) -> References:
    known = References(pseudo_parameters(STACK, REGION))
    environment = hub.environment()
    for logical_id, resource in merge_template(DEV)["Resources"].items():
        if resource.get("Type") == "AWS::DynamoDB::Table":
            name = known.resolve(resource["Properties"]["TableName"])
            known.created(logical_id, name, Arn=_arn(f"dynamodb:table/{name}"))
        if resource.get("Type") == "AWS::SQS::Queue":
            name = known.resolve(resource["Properties"]["QueueName"])
            known.created(logical_id, name, Arn=_arn(f"sqs:{name}"))
    bucket = environment["ARCHIVE_BUCKET"]
    known.created("ArchiveBucket", bucket, Arn=f"arn:aws:s3:::{bucket}")
    known.created("DataKey", "key", Arn=_arn("kms:key/local"))
    known.created("MailDomain", "havuvakka.example")
    known.created("MailConfigurationSet", environment["MAIL_CONFIGURATION_SET"])
    return known

"""No role reaches more than is named: policies are evaluated against what they must not reach."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import pytest

from infra.template import DEV, merge_template, permissions

STACK = "oivallus-dev"
_PSEUDO = {"StackName": STACK, "Region": "r", "AccountId": "1", "Partition": "aws"}
_ARNS = {
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:r:1:table/",
    "AWS::SQS::Queue": "arn:aws:sqs:r:1:",
    "AWS::S3::Bucket": "arn:aws:s3:::",
    "AWS::KMS::Key": "arn:aws:kms:r:1:key/",
    "AWS::SNS::Topic": "arn:aws:sns:r:1:",
}
RESOURCES: Mapping[str, Any] = merge_template(DEV)["Resources"]
TABLES = [name for name, r in RESOURCES.items() if r.get("Type") == "AWS::DynamoDB::Table"]

#: What has no resources to name: https://docs.aws.amazon.com/service-authorization/
NAMELESS = {
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "ecr:GetAuthorizationToken",
    "cloudwatch:PutMetricData",
}

#: Where a name may end in a star: objects below a prefix, secrets (AWS adds six characters to a
#: name), log streams, and images of the stage.
OPEN_ENDED = (
    rf"arn:aws:s3:::{STACK}-ArchiveBucket/[a-z-]+/\*",
    rf"arn:aws:s3:::(?:{STACK}-inbound-1-r|the-vendors)/\*",
    r"arn:aws:secretsmanager:r:1:secret:oivallus/dev/(?:sources/|[a-z-]+-key)\*",
    rf"arn:aws:logs:r:1:log-group:/aws/lambda/{STACK}-\w+\*?:\*",
    rf"arn:aws:logs:r:1:log-group:/aws/sagemaker/Endpoints/{STACK}-\w+\*",
    rf"arn:aws:ecr:r:1:repository/{STACK}/\*",
)

#: Which tables a function may do anything with: their names' first words.
TABLES_OF: Mapping[str, set[str]] = {
    "APIHandler": {"Events", "Registry"},
    "Understand": {"Events", "Interactions", "Summaries", "Registry"},
    "Judge": {"Interactions", "Summaries", "Registry"},
    "AskAgain": {"Registry"},
    "Fetch": {"Events", "Interactions", "Registry"},
    "Transcribe": {"Events", "Interactions", "Registry"},
    "MailEvents": {"Registry"},
    "SendDigests": {"Events", "Interactions", "Summaries", "Registry"},
    "RollUp": {"Summaries", "Registry"},
    "WatchSources": {"Registry"},
}

#: What lies in the same account and is not the stage's.
OTHERS = (
    "arn:aws:dynamodb:r:1:table/payroll",
    "arn:aws:dynamodb:r:1:table/oivallus-prod-InteractionsTable",
    "arn:aws:dynamodb:r:1:table/oivallus-prod-InteractionsTable/index/samples",
    "arn:aws:s3:::payroll",
    "arn:aws:s3:::payroll/2026/11.csv",
    "arn:aws:s3:::oivallus-prod-ArchiveBucket/asked/0/q.json",
    "arn:aws:sqs:r:1:payroll",
    "arn:aws:sqs:r:1:oivallus-prod-EventsQueue",
    "arn:aws:secretsmanager:r:1:secret:payroll-a1B2c3",
    "arn:aws:secretsmanager:r:1:secret:oivallus/prod/link-key-a1B2c3",
    "arn:aws:sagemaker:r:1:endpoint/oivallus-prod-model",
    "arn:aws:ses:r:1:identity/elsewhere.example",
    "arn:aws:kms:r:1:key/payroll",
    "arn:aws:sns:r:1:payroll",
    "arn:aws:ecr:r:1:repository/oivallus-prod/model",
    "arn:aws:logs:r:1:log-group:/aws/lambda/payroll:log-stream:x",
    "arn:aws:logs:r:1:log-group:/aws/lambda/oivallus-prod-Fetch:log-stream:x",
)


class Grant(NamedTuple):
    """An action that a role may do to what a pattern fits."""

    role: str
    action: str
    pattern: str


def grants() -> list[Grant]:
    """What every role of the stage is allowed, with names in place of references."""
    found = []
    for role, statement in _statements():
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            found += [Grant(role, action, one) for one in _patterns(statement["Resource"])]
    return found


def _statements() -> Iterator[tuple[str, Mapping[str, Any]]]:
    documents = [(name, permissions.policy(name, DEV)) for name in permissions.GRANTS]
    for name, resource in RESOURCES.items():
        if resource.get("Type") == "AWS::IAM::Policy":
            documents.append((name, resource["Properties"]["PolicyDocument"]))
        if resource.get("Type") == "AWS::IAM::Role":
            assert "ManagedPolicyArns" not in resource["Properties"]
            policies = resource["Properties"]["Policies"]
            documents += [(name, policy["PolicyDocument"]) for policy in policies]
    for name, document in documents:
        for statement in document["Statement"]:
            assert "NotAction" not in statement
            assert "NotResource" not in statement
            if statement["Effect"] == "Allow":
                yield name, statement


def _patterns(resource: Any) -> list[str]:
    match resource:
        case list():
            found = [pattern for one in resource for pattern in _patterns(one)]
        case {"Fn::Split": _}:  # a list of the vendors' buckets, joined and split
            found = [f"arn:aws:s3:::the-vendors{'/*' if '/*' in json.dumps(resource) else ''}"]
        case {"Fn::If": [_, one, other]}:
            found = [*_patterns(one), *_patterns(other)]
        case {"Fn::GetAtt": [name, "Arn"]}:
            found = [arn(name)]
        case {"Ref": name}:
            found = [arn(name)]
        case {"Fn::Sub": str(text)}:
            found = [re.sub(r"\$\{([\w:.]+)\}", lambda found: _named(found[1]), text)]
        case str():
            found = [resource]
        case _:
            raise AssertionError(f"a resource of another form: {resource}")
    return found


def _named(reference: str) -> str:
    name, _, attribute = reference.removeprefix("AWS::").partition(".")
    return arn(name) if attribute else _PSEUDO.get(name, f"the-{name}")


def arn(logical_id: str) -> str:
    return f"{_ARNS[RESOURCES[logical_id]['Type']]}{STACK}-{logical_id}"


def reached(grants: list[Grant], role: str, resource: str) -> set[str]:
    """The actions that a role may do to one thing."""
    return {
        one.action
        for one in grants
        if one.role == role and one.action not in NAMELESS and fnmatchcase(resource, one.pattern)
    }


def too_open(grants: list[Grant]) -> list[Grant]:
    """Grants whose action or resource is not named."""

    def named(one: Grant) -> bool:
        if "*" in one.action:
            return False
        if not set("*?") & set(one.pattern):
            return True
        listed = any(re.fullmatch(form, one.pattern) for form in OPEN_ENDED)
        return listed or (one.pattern == "*" and one.action in NAMELESS)

    return [one for one in grants if not named(one)]


def strayed(grants: list[Grant]) -> list[tuple[Grant, str]]:
    """Grants that reach what is not the stage's, with what they reach."""
    return [
        (one, other)
        for one in grants
        for other in OTHERS
        if one.action not in NAMELESS and fnmatchcase(other, one.pattern)
    ]


def tables_reached(grants: list[Grant], role: str) -> set[str]:
    """The tables that a role may do anything with, or with an index of theirs."""
    return {
        table.removesuffix("Table")
        for table in TABLES
        if any(reached(grants, role, place) for place in (arn(table), *indexes(table)))
    }


def indexes(table: str) -> list[str]:
    properties = RESOURCES[table]["Properties"]
    found = properties.get("GlobalSecondaryIndexes", ())
    return [f"{arn(table)}/index/{one['IndexName']}" for one in found]


def test_a_star_ends_what_is_listed_and_stands_nowhere_else() -> None:
    assert too_open(grants()) == []


def test_nothing_of_others_is_reached() -> None:
    assert strayed(grants()) == []


def test_each_function_reaches_its_own_tables_alone() -> None:
    found = grants()
    assert {role: tables_reached(found, role) for role in permissions.GRANTS} == TABLES_OF


def test_what_faces_the_internet_reads_no_interaction() -> None:
    found = grants()
    assert "Interactions" not in tables_reached(found, "APIHandler")
    assert reached(found, "APIHandler", arn("EventsTable")) == {"dynamodb:PutItem"}
    below = f"{arn('ArchiveBucket')}/raw/shop/1.http"
    assert reached(found, "APIHandler", below) == {"s3:PutObject"}
    own = "arn:aws:secretsmanager:r:1:secret:oivallus/dev/"
    assert reached(found, "APIHandler", f"{own}pseudonym-key-a1B2c3") == set()


@pytest.mark.parametrize(
    "resource",
    [
        pytest.param({"Fn::Sub": "arn:${AWS::Partition}:dynamodb:r:1:table/*"}, id="every table"),
        pytest.param({"Fn::Sub": "${InteractionsTable.Arn}"}, id="one more table"),
        pytest.param({"Fn::Sub": "${InteractionsTable.Arn}/index/*"}, id="its indexes"),
        pytest.param("arn:aws:dynamodb:r:1:table/oivallus-dev-I?teractionsTable", id="one letter"),
        pytest.param("*", id="everything"),
    ],
)
def test_a_function_that_is_given_more_is_found(
    monkeypatch: pytest.MonkeyPatch, resource: Any
) -> None:
    """Else none of the above could fail."""
    given = permissions.GRANTS["APIHandler"]
    more = {"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:PutItem"]}
    monkeypatch.setitem(
        permissions.GRANTS, "APIHandler", lambda s: [*given(s), {**more, "Resource": resource}]
    )
    found = grants()
    assert "Interactions" in tables_reached(found, "APIHandler")
    if "InteractionsTable" not in json.dumps(resource):
        assert too_open(found)
    if resource == "*" or "table/*" in json.dumps(resource):
        assert strayed(found)

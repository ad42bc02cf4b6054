"""The deployable template: what cfn-lint and moto do not check is asserted here."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from chalice.app import ScheduledEventConfig, SNSEventConfig, SQSEventConfig
from chalice.utils import to_cfn_resource_name

import app
from chalicelib.adapters import vendor_http
from chalicelib.adapters.settings import _OPTIONAL, Settings, read_settings
from chalicelib.organisation import Retention
from chalicelib.pipeline import fetch as fetching
from infra.package import MAX_UNZIPPED_BYTES, Package, PackagingFailed, check_size, lint
from infra.paths import CHALICE_CONFIG
from infra.template import (
    DEV,
    STAGES,
    archive,
    functions,
    keys,
    merge_template,
    permissions,
    storage,
)
from infra.template.base import base_template

Resources = dict[str, Any]


@pytest.fixture(scope="session")
def resources(dev: Package) -> Resources:
    found: Resources = dev.cloudformation["Resources"]
    return found


def of_type(resources: Resources, kind: str) -> dict[str, Any]:
    return {name: r["Properties"] for name, r in resources.items() if r["Type"] == kind}


def test_the_translated_template_is_clean(dev: Package, tmp_path: Path) -> None:
    path = tmp_path / "cfn.json"
    path.write_text(json.dumps(dev.cloudformation))
    assert lint(path) == []


def test_lint_catches_what_the_sam_file_hides(dev: Package, tmp_path: Path) -> None:
    mapping = dev.cloudformation["Resources"]["UnderstandUnderstandSqsEventSource"]
    broken = json.loads(json.dumps(mapping))
    broken["Properties"] |= {
        "FunctionResponseTypes": ["ReportBatchFailures"],
        "FunctionName": "understand",
        "EventSourceArn": "arn:aws:sqs:eu-north-1:123456789012:events",
    }
    path = tmp_path / "cfn.json"
    path.write_text(json.dumps({"Resources": {"Mapping": broken}}))
    assert any("FunctionResponseTypes" in fault for fault in lint(path))


def test_a_package_above_lambdas_limit_names_what_is_largest() -> None:
    check_size(Counter({"botocore": MAX_UNZIPPED_BYTES}))
    with pytest.raises(PackagingFailed, match=r"take something out.*botocore 250 MiB"):
        check_size(Counter({"app.py": 1, "botocore": MAX_UNZIPPED_BYTES}))


def test_every_patch_lands_on_a_resource_that_chalice_makes(dev: Package) -> None:
    # A patch on a misspelt id would become a resource without a type.
    assert [name for name, r in dev.sam["Resources"].items() if "Type" not in r] == []


def test_tables_expire_recover_and_are_encrypted(resources: Resources) -> None:
    tables = of_type(resources, "AWS::DynamoDB::Table")
    assert tables.keys() == {"EventsTable", "InteractionsTable", "SummariesTable", "RegistryTable"}
    for table in tables.values():
        assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
        assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
        assert table["SSESpecification"] == {
            "SSEEnabled": True,
            "SSEType": "KMS",
            "KMSMasterKeyId": keys.KEY,
        }
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["KeySchema"][0]["KeyType"] == "HASH"


def test_data_outlives_the_stack_outside_dev() -> None:
    for stage in STAGES:
        found = merge_template(stage)["Resources"]
        kept = [*storage.TABLES, "ArchiveBucket", "DataKey"]
        policies = {found[name]["DeletionPolicy"] for name in kept}
        protected = {found[n]["Properties"]["DeletionProtectionEnabled"] for n in storage.TABLES}
        assert policies == {"Delete" if stage == DEV else "Retain"}
        assert protected == {stage != DEV}


def test_dead_letters(resources: Resources) -> None:
    queues = of_type(resources, "AWS::SQS::Queue")
    for queue, (name, _, dead) in storage.QUEUES.items():
        redrive = queues[queue]["RedrivePolicy"]
        assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": [dead, "Arn"]}
        assert redrive["maxReceiveCount"] >= 5  # AWS's advice for Lambda
        allowed = queues[dead]["RedriveAllowPolicy"]
        assert allowed["redrivePermission"] == "byQueue"
        (served,) = allowed["sourceQueueArns"]
        assert served["Fn::Sub"].endswith(f":${{AWS::StackName}}-{name}")
        assert queues[queue]["QueueName"] == {"Fn::Sub": f"${{AWS::StackName}}-{name}"}


def test_asynchronous_calls_have_a_dead_letter_queue(resources: Resources) -> None:
    lambdas = of_type(resources, "AWS::Lambda::Function")
    called = {
        to_cfn_resource_name(c.name)
        for c in app.app.event_sources
        if isinstance(c, ScheduledEventConfig | SNSEventConfig)
    }
    assert called == set(functions.CALLED)
    for name in called:
        target = lambdas[name]["DeadLetterConfig"]["TargetArn"]
        assert target == {"Fn::GetAtt": ["FailedCallsQueue", "Arn"]}


def test_the_archive(resources: Resources) -> None:
    bucket = resources["ArchiveBucket"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    days = {r["Prefix"]: r["ExpirationInDays"] for r in bucket["LifecycleConfiguration"]["Rules"]}
    assert days == {
        **{prefix: {"Ref": "RawDays"} for prefix in archive.RAW_PREFIXES},
        **dict.fromkeys(archive.QUESTION_PREFIXES, archive.QUESTION_DAYS),
    }
    encryption = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
    assert encryption["ServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": keys.KEY,
    }
    assert "VersioningConfiguration" not in bucket  # what is erased must be gone
    statement = resources["ArchiveBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"][0]
    assert (statement["Effect"], statement["Action"]) == ("Deny", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_whatever_lies_in_the_archive_expires(resources: Resources) -> None:
    """Every prefix that a role may write has a rule by which it ends."""
    ends = archive.RAW_PREFIXES + archive.QUESTION_PREFIXES
    for role in of_type(resources, "AWS::IAM::Role").values():
        for policy in role["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                if "s3:PutObject" in statement["Action"]:
                    for resource in statement["Resource"]:
                        assert resource["Fn::Sub"].endswith(tuple(f"/{p}*" for p in ends))


def test_raw_payloads_live_as_long_as_the_organisation_says_by_default() -> None:
    default = merge_template(DEV)["Parameters"]["RawDays"]["Default"]
    assert default == Retention().raw_days


def test_the_queue_feeds_understand(resources: Resources) -> None:
    mapping = resources["UnderstandUnderstandSqsEventSource"]["Properties"]
    assert mapping["EventSourceArn"] == {"Fn::Sub": "${EventsQueue.Arn}"}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    timeout_s = resources["Understand"]["Properties"]["Timeout"]
    assert timeout_s == storage.UNDERSTAND_TIMEOUT_S
    visibility_s = resources["EventsQueue"]["Properties"]["VisibilityTimeout"]
    assert visibility_s >= 6 * timeout_s + mapping["MaximumBatchingWindowInSeconds"]


def test_the_queue_feeds_fetch(resources: Resources) -> None:
    mapping = resources["FetchFetchSqsEventSource"]["Properties"]
    assert mapping["EventSourceArn"] == {"Fn::Sub": "${FetchQueue.Arn}"}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    # So few wait for a vendor's turn that each turn comes while its worker waits.
    assert mapping["ScalingConfig"]["MaximumConcurrency"] <= 5
    timeout_s = resources["Fetch"]["Properties"]["Timeout"]
    assert timeout_s == storage.FETCH_TIMEOUT_S
    assert timeout_s >= fetching.BATCH_S + vendor_http.CALL_S
    assert resources["FetchQueue"]["Properties"]["VisibilityTimeout"] >= 6 * timeout_s


def test_the_decorator_and_the_template_agree() -> None:
    said = {
        to_cfn_resource_name(c.name): (c.queue, c.batch_size, c.maximum_batching_window_in_seconds)
        for c in app.app.event_sources
        if isinstance(c, SQSEventConfig)
    }
    assert said == {
        name: (storage.QUEUES[queue][0], batch_size, window_s)
        for name, (queue, batch_size, window_s, _) in functions.FED.items()
    }


def test_every_setting_reaches_every_function(resources: Resources) -> None:
    required = {f.name.upper() for f in fields(Settings) if f.name not in _OPTIONAL}
    for function in of_type(resources, "AWS::Lambda::Function").values():
        variables = function["Environment"]["Variables"]
        assert required - variables.keys() == {"REGION"}  # Lambda itself sets AWS_REGION
        told = dict.fromkeys(variables, "x") | {"SUMMARY_PARTITIONS": "8"}
        assert read_settings({**told, "AWS_REGION": "eu-north-1"}).summary_partitions == 8


def test_mail_events_come_back(resources: Resources) -> None:
    destination = resources["MailEventDestination"]["Properties"]["EventDestination"]
    assert {"send", "bounce", "complaint"} <= set(destination["MatchingEventTypes"])
    assert destination["SnsDestination"] == {"TopicARN": {"Ref": "MailTopic"}}
    subscription = of_type(resources, "AWS::SNS::Subscription").popitem()[1]
    assert subscription["TopicArn"] == {"Fn::Sub": "${MailTopic}"}
    assert subscription["Endpoint"] == {"Fn::GetAtt": ["MailEvents", "Arn"]}


def test_the_api_is_throttled_and_regional(resources: Resources) -> None:
    settings = resources["RestAPIdevStage"]["Properties"]["MethodSettings"][0]
    assert settings["ThrottlingRateLimit"] == {"Ref": "ApiRatePerSecond"}
    assert not settings["DataTraceEnabled"]
    assert settings["LoggingLevel"] == "OFF"
    assert (settings["ResourcePath"], settings["HttpMethod"]) == ("/*", "*")
    assert resources["RestAPI"]["Properties"]["EndpointConfiguration"]["Types"] == ["REGIONAL"]


def test_the_access_log_holds_no_path_address_or_word(resources: Resources) -> None:
    logged = resources["RestAPIdevStage"]["Properties"]["AccessLogSetting"]["Format"]
    said = set(json.loads(logged).values())
    # A path holds a reader's token; an address or an agent is a reader's.
    assert said == {
        "$context.requestId",
        "$context.requestTime",
        "$context.httpMethod",
        "$context.resourcePath",
        "$context.status",
        "$context.responseLength",
        "$context.responseLatency",
        "$context.integration.status",
        "$context.error.responseType",
        "$context.waf.status",
    }


def test_the_firewall_never_blocks_for_what_a_customer_wrote(resources: Resources) -> None:
    rules = resources["WebAcl"]["Properties"]["Rules"]
    for rule in rules:
        managed = rule["Statement"].get("ManagedRuleGroupStatement")
        if managed and "IpReputation" not in managed["Name"]:
            counted = {one["Name"] for one in managed["RuleActionOverrides"]}
            # The group's rules that read a body, as AWS lists them.
            assert counted == {"Log4JRCE_BODY", "JavaDeserializationRCE_BODY"}
    flood = next(r for r in rules if "RateBasedStatement" in r["Statement"])
    # A vendor comes again after 429, and gives up after 403.
    assert flood["Action"] == {"Block": {"CustomResponse": {"ResponseCode": 429}}}
    body = next(json.dumps(r) for r in rules if "SizeConstraint" in json.dumps(r))
    assert "/unsubscribe/" in body
    for name in ("WebAcl", "FirewallAssociation", "FirewallLog", "FirewallLogGroup"):
        assert resources[name]["Condition"] == "HasFirewall"
    sampled = [rule["VisibilityConfig"]["SampledRequestsEnabled"] for rule in rules]
    assert not any(sampled)  # a sample is a whole request


def test_every_log_group_ends_and_is_encrypted(resources: Resources) -> None:
    for group in of_type(resources, "AWS::Logs::LogGroup").values():
        assert group["RetentionInDays"] == 14
        assert group["KmsKeyId"] == keys.KEY


def test_every_topic_is_encrypted(resources: Resources) -> None:
    for topic in of_type(resources, "AWS::SNS::Topic").values():
        assert topic["KmsMasterKeyId"] == {"Ref": "DataKey"}


def test_every_function_is_traced(resources: Resources) -> None:
    for function in of_type(resources, "AWS::Lambda::Function").values():
        assert function["TracingConfig"] == {"Mode": "Active"}
    assert resources["RestAPIdevStage"]["Properties"]["TracingEnabled"]


def test_binary_bodies_reach_the_handler_as_they_were_signed(resources: Resources) -> None:
    types = resources["RestAPI"]["Properties"]["Body"]["x-amazon-apigateway-binary-media-types"]
    assert "application/json" in types
    assert "*/*" not in types  # then answers to senders without an Accept header would fail


def test_each_function_has_its_own_role(resources: Resources) -> None:
    lambdas = of_type(resources, "AWS::Lambda::Function")
    assert lambdas.keys() == functions.FUNCTIONS.keys()
    for name, function in lambdas.items():
        assert function["Role"] == {"Fn::GetAtt": [functions.FUNCTIONS[name], "Arn"]}
        role = resources[functions.FUNCTIONS[name]]["Properties"]
        assert "ManagedPolicyArns" not in role
        (policy,) = role["Policies"]
        # test_least_privilege.py looks at what this may do.
        assert policy["PolicyDocument"] == permissions.policy(name, DEV)


def statements(resources: Resources, function: str) -> list[dict[str, Any]]:
    role = resources[functions.FUNCTIONS[function]]["Properties"]
    found: list[dict[str, Any]] = role["Policies"][0]["PolicyDocument"]["Statement"]
    return found


def actions(resources: Resources, function: str) -> set[str]:
    found = [s["Action"] for s in statements(resources, function)]
    return {a for action in found for a in ([action] if isinstance(action, str) else action)}


def test_the_key_is_used_through_the_services_that_are_granted(resources: Resources) -> None:
    for function in functions.FUNCTIONS:
        (through,) = [s for s in statements(resources, function) if "kms:Decrypt" in s["Action"]]
        via = json.dumps(through["Condition"]["StringEquals"]["kms:ViaService"])
        services = {a.partition(":")[0] for a in actions(resources, function)}
        assert through["Resource"] == keys.KEY
        for service in ("dynamodb", "s3", "secretsmanager"):
            assert (f"{service}." in via) == (service in services), (function, service)
        # Lambda sets a failed call aside in the function's name, where addresses may be in it.
        assert ("sqs." in via) == (function in functions.CALLED)
        if function in functions.CALLED:
            assert "kms:GenerateDataKey" in through["Action"]


def test_what_may_hold_an_address_is_encrypted_with_the_stages_key(resources: Resources) -> None:
    """Failed calls hold what SES told; every other queue holds ids alone."""
    for name, queue in of_type(resources, "AWS::SQS::Queue").items():
        encrypted = queue.get("KmsMasterKeyId") == keys.KEY
        assert encrypted == (name == "FailedCallsQueue")
        assert encrypted != queue.get("SqsManagedSseEnabled", False)
    services = {
        one
        for statement in resources["DataKey"]["Properties"]["KeyPolicy"]["Statement"]
        if "kms:GenerateDataKey*" in statement["Action"]
        for one in statement["Principal"].get("Service", [])
    }
    assert "sns.amazonaws.com" in services  # the inbound topic's letters


def test_the_key_rotates_and_opens_to_services_of_this_account_alone(resources: Resources) -> None:
    key = resources["DataKey"]["Properties"]
    assert key["EnableKeyRotation"]
    for statement in key["KeyPolicy"]["Statement"]:
        assert "*" not in json.dumps(statement["Principal"])
        if "Service" in statement["Principal"]:
            assert statement["Condition"]


def test_stages_share_nothing() -> None:
    """No name, path or address of one stage is in the other's template."""
    made = {stage: merge_template(stage) for stage in STAGES}
    for stage, other in (STAGES, STAGES[::-1]):
        told = json.dumps(made[stage])
        assert f"oivallus/{other}" not in told
        assert f"oivallus-{other}" not in told
        assert f'"STAGE": "{other}"' not in told
        assert "Fn::ImportValue" not in told
        assert f"oivallus-{other}" not in json.dumps(base_template(stage))
        for resource in made[stage]["Resources"].values():
            for name in NAMED_WITHIN_AN_ACCOUNT & resource.get("Properties", {}).keys():
                named = resource["Properties"][name]
                assert "Ref" in named or "${AWS::StackName}" in named["Fn::Sub"]


#: What would collide if two stacks of one account named it alike.
NAMED_WITHIN_AN_ACCOUNT = {
    "TableName",
    "QueueName",
    "TopicName",
    "BucketName",
    "AliasName",
    "EndpointName",
    "DashboardName",
    "LogGroupName",
    "RuleSetName",
}


def test_stages_are_those_of_chalice() -> None:
    assert set(json.loads(CHALICE_CONFIG.read_text())["stages"]) == set(STAGES)


def test_an_unknown_stage_is_refused() -> None:
    with pytest.raises(ValueError, match="not one of dev, prod"):
        merge_template("staging")

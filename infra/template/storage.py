"""Tables, queues and the archive bucket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pynamodb.models import Model

from chalicelib.adapters import tables as models

Resources = dict[str, Any]

PARAMETERS: dict[str, Any] = {
    "RawDays": {
        "Type": "Number",
        "Default": 30,
        "MinValue": 1,
        "Description": "Days that raw payloads live in the archive; retention.raw_days of "
        "organisation.yaml",
    }
}

#: logical id -> (model, the end of the table's name); the models define the tables.
TABLES: dict[str, tuple[type[Model], str]] = {
    "EventsTable": (models.EventRow, "events"),
    "InteractionsTable": (models.InteractionRow, "interactions"),
    "SummariesTable": (models.SummaryRow, "summaries"),
    "RegistryTable": (models.RegistryRow, "registry"),
}

#: Twice the longest call of the endpoint (SageMaker ends a call after 60 s).
UNDERSTAND_TIMEOUT_S = 120
#: How long Lambda waits to collect a batch.
BATCH_WINDOW_S = 5
#: AWS asks for six times the function's timeout and the window: throttled batches wait in it.
EVENTS_VISIBILITY_S = 6 * UNDERSTAND_TIMEOUT_S + BATCH_WINDOW_S
#: A dialogue with a vendor's API: some calls, each after its turn and within 30 s.
FETCH_TIMEOUT_S = 180
FETCH_VISIBILITY_S = 6 * FETCH_TIMEOUT_S
#: A poison message is tried this often, within about an hour, before it is set aside.
MAX_RECEIVE_COUNT = 5
DEAD_LETTER_DAYS = 14


def tables(keep: bool) -> Resources:
    """The four tables; with `keep` they outlive the stack and refuse deletion."""
    return {
        logical_id: {
            "Type": "AWS::DynamoDB::Table",
            "DeletionPolicy": "Retain" if keep else "Delete",
            "UpdateReplacePolicy": "Retain" if keep else "Delete",
            "Properties": {
                "TableName": {"Fn::Sub": f"${{AWS::StackName}}-{name}"},
                **table_schema(model),
                "BillingMode": "PAY_PER_REQUEST",
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
                "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
                "DeletionProtectionEnabled": keep,
            },
        }
        for logical_id, (model, name) in TABLES.items()
    }


def table_schema(model: type[Model]) -> dict[str, Any]:
    """Keys, indexes and expiry of a PynamoDB model, as CloudFormation properties."""
    schema = model._get_schema()
    indexes = schema["global_secondary_indexes"]
    definitions = {
        definition["AttributeName"]: definition
        for part in (schema, *indexes)
        for definition in part["attribute_definitions"]
    }
    properties: dict[str, Any] = {
        "AttributeDefinitions": [definitions[name] for name in sorted(definitions)],
        "KeySchema": _hash_first(schema["key_schema"]),
    }
    if indexes:
        properties["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index["index_name"],
                "KeySchema": _hash_first(index["key_schema"]),
                "Projection": index["projection"],
            }
            for index in indexes
        ]
    expiry = model._ttl_attribute()  # type: ignore[no-untyped-call]
    if expiry is not None:
        properties["TimeToLiveSpecification"] = {
            "AttributeName": expiry.attr_name,
            "Enabled": True,
        }
    return properties


def _hash_first(keys: Sequence[Any]) -> list[Any]:
    """Keys in the order that DynamoDB demands: HASH, then RANGE."""
    return sorted(keys, key=lambda key: str(key["KeyType"]))


def queues() -> Resources:
    """The two queues, where their poison goes, and where failed asynchronous calls go."""
    return {
        "EventsQueue": _queue("events", EVENTS_VISIBILITY_S, "EventsDeadLetterQueue"),
        "EventsDeadLetterQueue": _queue("events-dead"),
        "FetchQueue": _queue("fetch", FETCH_VISIBILITY_S, "FetchDeadLetterQueue"),
        "FetchDeadLetterQueue": _queue("fetch-dead"),
        "FailedCallsQueue": _queue("failed-calls"),
    }


def _queue(name: str, visibility_s: int | None = None, dead: str | None = None) -> Resources:
    """An encrypted queue; with `dead`, its poison goes there."""
    properties: dict[str, Any] = {
        "QueueName": {"Fn::Sub": f"${{AWS::StackName}}-{name}"},
        "MessageRetentionPeriod": DEAD_LETTER_DAYS * 86400,
        "SqsManagedSseEnabled": True,
    }
    if visibility_s is not None:
        properties["VisibilityTimeout"] = visibility_s
    if dead is not None:
        properties["RedrivePolicy"] = {
            "deadLetterTargetArn": {"Fn::GetAtt": [dead, "Arn"]},
            "maxReceiveCount": MAX_RECEIVE_COUNT,
        }
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def archive(keep: bool) -> Resources:
    """The bucket of payloads too large for a table row.

    Without versioning: an erased or expired payload must be gone.
    """
    return {
        "ArchiveBucket": {
            "Type": "AWS::S3::Bucket",
            "DeletionPolicy": "Retain" if keep else "Delete",
            "UpdateReplacePolicy": "Retain" if keep else "Delete",
            "Properties": {
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [
                        {
                            "BucketKeyEnabled": True,
                            "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"},
                        }
                    ]
                },
                "PublicAccessBlockConfiguration": {
                    "BlockPublicAcls": True,
                    "BlockPublicPolicy": True,
                    "IgnorePublicAcls": True,
                    "RestrictPublicBuckets": True,
                },
                "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                "LifecycleConfiguration": {
                    "Rules": [
                        {
                            "Id": "expire-raw",
                            "Status": "Enabled",
                            "Prefix": "raw/",
                            "ExpirationInDays": {"Ref": "RawDays"},
                            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                        }
                    ]
                },
            },
        },
        "ArchiveBucketPolicy": _tls_only(),
    }


def _tls_only() -> Resources:
    return {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": {"Ref": "ArchiveBucket"},
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "TlsOnly",
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:*",
                        "Resource": [
                            {"Fn::GetAtt": ["ArchiveBucket", "Arn"]},
                            {"Fn::Sub": "${ArchiveBucket.Arn}/*"},
                        ],
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    }
                ],
            },
        },
    }

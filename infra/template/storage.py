"""Tables and queues, and the topics that feed some of the queues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pynamodb.models import Model

from chalicelib.adapters import tables as models
from infra.template import keys

Resources = dict[str, Any]

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
#: An answer is folded and counted as a batch of events is.
JUDGED_VISIBILITY_S = 6 * UNDERSTAND_TIMEOUT_S
#: A recording is fetched and handed over; its words come later, in a message of their own.
TRANSCRIBE_TIMEOUT_S = 180
RECORDINGS_VISIBILITY_S = 6 * TRANSCRIBE_TIMEOUT_S
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
                "SSESpecification": {
                    "SSEEnabled": True,
                    "SSEType": "KMS",
                    "KMSMasterKeyId": keys.KEY,
                },
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


#: queue -> (the end of its name, its messages' time with a function, its dead letters' queue).
QUEUES = {
    "EventsQueue": ("events", EVENTS_VISIBILITY_S, "EventsDeadLetterQueue"),
    "FetchQueue": ("fetch", FETCH_VISIBILITY_S, "FetchDeadLetterQueue"),
    "JudgedQueue": ("judged", JUDGED_VISIBILITY_S, "JudgedDeadLetterQueue"),
    "RecordingsQueue": ("recordings", RECORDINGS_VISIBILITY_S, "RecordingsDeadLetterQueue"),
}
#: Where asynchronous calls go that failed for good.
FAILED_CALLS = "FailedCallsQueue"


def queues() -> Resources:
    """The queues, where their poison goes, and where failed asynchronous calls go."""
    found: Resources = {}
    for logical_id, (name, visibility_s, dead) in QUEUES.items():
        found[logical_id] = _queue(name, visibility_s, dead)
        found[dead] = _queue(f"{name}-dead", serves=name)
    return {**found, FAILED_CALLS: _failed_calls()}


def _failed_calls() -> Resources:
    """Encrypted with the stage's key: what SES told of a mail or a digest, so addresses too."""
    queue = _queue("failed-calls")
    del queue["Properties"]["SqsManagedSseEnabled"]
    queue["Properties"]["KmsMasterKeyId"] = keys.KEY
    return queue


def _queue(
    name: str, visibility_s: int | None = None, dead: str | None = None, serves: str = ""
) -> Resources:
    """An encrypted queue; with `dead`, its poison goes there; one that `serves` takes no other's.

    Encrypted with SQS's own key: a message is the key of an event, never a customer's word.
    """
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
    if serves:
        # By name: the queue that is served names this one, and the two would be a circle.
        served = (
            f"arn:${{AWS::Partition}}:sqs:${{AWS::Region}}:${{AWS::AccountId}}:{_named(serves)}"
        )
        properties["RedriveAllowPolicy"] = {
            "redrivePermission": "byQueue",
            "sourceQueueArns": [{"Fn::Sub": served}],
        }
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def _named(name: str) -> str:
    return f"${{AWS::StackName}}-{name}"


#: topic -> (the end of its name, the queue it feeds): SageMaker's word on what it was asked.
TOPICS = {
    "JudgedTopic": ("judged", "JudgedQueue"),
    "TranscribedTopic": ("transcribed", "RecordingsQueue"),
}


def topics() -> Resources:
    """SageMaker's topics; each feeds a queue with its messages as they are, without envelope."""
    found: Resources = {}
    for logical_id, (name, queue) in TOPICS.items():
        found[logical_id] = topic(name)
        found[f"{logical_id}Subscription"] = {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Ref": logical_id},
                "Protocol": "sqs",
                "Endpoint": {"Fn::GetAtt": [queue, "Arn"]},
                "RawMessageDelivery": True,
            },
        }
        found[f"{queue}Policy"] = fed_by(queue, logical_id)
    return found


def topic(name: str, **more: Any) -> Resources:
    """A topic encrypted with the stage's key."""
    properties = {"TopicName": {"Fn::Sub": _named(name)}, "KmsMasterKeyId": {"Ref": "DataKey"}}
    return {"Type": "AWS::SNS::Topic", "Properties": properties | more}


def fed_by(queue: str, topic_id: str) -> Resources:
    """A topic, and nobody else who has no role of this account, may send to a queue."""
    return {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {
            "Queues": [{"Ref": queue}],
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "TheTopicAlone",
                        "Effect": "Allow",
                        "Principal": {"Service": "sns.amazonaws.com"},
                        "Action": "sqs:SendMessage",
                        "Resource": {"Fn::GetAtt": [queue, "Arn"]},
                        "Condition": {"ArnEquals": {"aws:SourceArn": {"Ref": topic_id}}},
                    }
                ],
            },
        },
    }

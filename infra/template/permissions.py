"""Least privilege: what each function may do, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from chalicelib.adapters.audit import KIND as AUDIT
from chalicelib.adapters.secrets import LINK_KEY, PSEUDONYM_KEY
from infra.template import keys

Statement = dict[str, Any]

#: Received mail lies here when the stack receives mail; named, because a stack may do without it.
# Buckets are named in the whole world, and a stage may be moved to another region.
INBOUND_BUCKET = "${AWS::StackName}-inbound-${AWS::AccountId}-${AWS::Region}"
#: The services whose data are encrypted with the stage's key.
_ENCRYPTED = frozenset({"dynamodb", "s3", "secretsmanager"})


def secrets_prefix(stage: str) -> str:
    """The path of a stage's secrets in Secrets Manager."""
    return f"oivallus/{stage}/"


def policy(function: str, stage: str) -> dict[str, Any]:
    """The policy document of a function's role; `function` is its logical id."""
    granted = GRANTS[function](stage)
    return {
        "Version": "2012-10-17",
        "Statement": [
            *granted,
            *_through_the_key(granted),
            *_observability(function),
            _not_the_audit(),
        ],
    }


def _not_the_audit() -> Statement:
    """No function reads, writes or removes who looked at what: that is for people's commands."""
    return {
        "Effect": "Deny",
        "Action": "dynamodb:*",
        "Resource": {"Fn::GetAtt": ["RegistryTable", "Arn"]},
        "Condition": {"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": [f"{AUDIT}*"]}},
    }


def _api(stage: str) -> list[Statement]:
    return [
        _table("EventsTable", "PutItem"),
        _table("RegistryTable", "GetItem", "PutItem"),
        _send("EventsQueue", "FetchQueue", "RecordingsQueue"),
        _objects(["raw/"], "PutObject"),
        _secrets(stage, "sources/*", LINK_KEY),
    ]


def _understand(stage: str) -> list[Statement]:
    return [
        _table("EventsTable", "BatchGetItem"),
        *_counts(),
        _table("RegistryTable", "Query", "DeleteItem"),  # corrections of what is erased
        *_asks(),
        _objects(["heads/"], "GetObject"),
        _polled("EventsQueue"),
        _secrets(stage, PSEUDONYM_KEY),
    ]


def _counts() -> list[Statement]:
    """Fold interactions, and count them."""
    return [
        _table("InteractionsTable", "BatchGetItem", "PutItem"),
        _table("SummariesTable", "UpdateItem"),
        _table("RegistryTable", "GetItem"),
    ]


def _asks() -> list[Statement]:
    """Ask the model, in whichever mode it is deployed."""
    return [
        _endpoint("model", "InvokeEndpoint", "InvokeEndpointAsync"),
        _objects(["asked/"], "PutObject"),
    ]


def _judge(_stage: str) -> list[Statement]:
    return [
        *_counts(),
        _objects(["asked/", "judged/"], "GetObject", "DeleteObject"),
        _objects(["failed/"], "PutObject"),
        _listed(),
        _polled("JudgedQueue"),
    ]


def _ask_again(_stage: str) -> list[Statement]:
    return [
        _table("RegistryTable", "GetItem"),
        *_asks(),
        _objects(["asked/", "failed/", "recordings/"], "GetObject", "DeleteObject"),
        _objects(["transcripts-failed/"], "DeleteObject"),
        _listed(),
        _send("RecordingsQueue", "RecordingsDeadLetterQueue"),
        _failed_calls(),
    ]


def _transcribe(stage: str) -> list[Statement]:
    return [
        _table("EventsTable", "GetItem", "Query", "PutItem", "UpdateItem"),
        _table("InteractionsTable", "BatchGetItem"),
        _table("RegistryTable", "GetItem", "PutItem"),
        _endpoint("speech", "InvokeEndpointAsync"),
        _objects(["recordings/"], "PutObject", "GetObject", "DeleteObject"),
        _objects(["transcripts/", "transcripts-failed/"], "GetObject", "DeleteObject"),
        _listed(),
        _polled("RecordingsQueue"),
        _send("EventsQueue", "RecordingsQueue", "RecordingsDeadLetterQueue"),
        _secrets(stage, "sources/*"),
    ]


def _fetch(stage: str) -> list[Statement]:
    return [
        _table("EventsTable", "GetItem", "Query", "PutItem", "UpdateItem"),
        _table("InteractionsTable", "BatchGetItem"),
        _table("RegistryTable", "GetItem", "PutItem"),
        _polled("FetchQueue"),
        _send("EventsQueue", "FetchQueue", "FetchDeadLetterQueue", "RecordingsQueue"),
        *_received_mail(),
        _secrets(stage, "sources/*"),
    ]


def _received_mail() -> list[Statement]:
    """Read mail that SES received and remove it; list it, as `_listed` says why."""
    bucket = f"arn:${{AWS::Partition}}:s3:::{INBOUND_BUCKET}"
    return [
        _allow(["s3:GetObject", "s3:DeleteObject"], {"Fn::Sub": f"{bucket}/*"}),
        _allow("s3:ListBucket", {"Fn::Sub": bucket}),
    ]


def vendor_buckets(*roles: str) -> dict[str, Any]:
    """A policy of its own, because a stack without such buckets must do without it.

    With the right to list, S3 answers 404 for what is not there, and not 403.
    """
    return {
        "Type": "AWS::IAM::Policy",
        "Condition": "HasVendorBuckets",
        "Properties": {
            "PolicyName": "VendorBuckets",
            "Roles": [{"Ref": role} for role in roles],
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    _allow("s3:GetObject", _each_bucket("/*")),
                    _allow("s3:ListBucket", _each_bucket("")),
                ],
            },
        },
    }


def _each_bucket(behind: str) -> dict[str, Any]:
    """A list of ARNs: the names joined with what stands between two of them, and split again."""
    arn = "arn:aws:s3:::"  # CloudFormation joins with plain text alone, so no ${AWS::Partition}
    names = {"Fn::Join": [f"{behind},{arn}", {"Ref": "VendorBuckets"}]}
    return {"Fn::Split": [",", {"Fn::Join": ["", [arn, names, behind]]}]}


def _mail_events(_stage: str) -> list[Statement]:
    return [
        _table("RegistryTable", "UpdateItem"),
        _failed_calls(),
    ]


def _send_digests(stage: str) -> list[Statement]:
    return [
        _table("SummariesTable", "Query"),
        _table("InteractionsTable", "BatchGetItem"),
        _index("InteractionsTable", "samples"),
        _index("InteractionsTable", "by_customer", "Scan"),
        _index("EventsTable", "by_source"),
        _table("RegistryTable", "GetItem", "PutItem", "UpdateItem", "DeleteItem"),
        _mail(),
        _secrets(stage, LINK_KEY, PSEUDONYM_KEY),
        _failed_calls(),
    ]


def _roll_up(_stage: str) -> list[Statement]:
    return [
        _table("SummariesTable", "Query", "PutItem", "DeleteItem"),
        _table("RegistryTable", "GetItem"),
        _failed_calls(),
    ]


def _watch_sources(_stage: str) -> list[Statement]:
    return [
        _table("RegistryTable", "GetItem", "PutItem", "DeleteItem"),
        _allow(
            "logs:FilterLogEvents",
            {
                "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:"
                "log-group:/aws/lambda/${AWS::StackName}-APIHandler:*"
            },
        ),
        _mail(),
        _failed_calls(),
    ]


#: function -> what it may do: the one place to extend for a new function.
GRANTS: dict[str, Callable[[str], list[Statement]]] = {
    "APIHandler": _api,
    "Understand": _understand,
    "Judge": _judge,
    "AskAgain": _ask_again,
    "Fetch": _fetch,
    "Transcribe": _transcribe,
    "MailEvents": _mail_events,
    "SendDigests": _send_digests,
    "RollUp": _roll_up,
    "WatchSources": _watch_sources,
}


def _through_the_key(granted: Sequence[Statement]) -> list[Statement]:
    """What the grants need of the stage's key, through the services that they name alone."""
    actions = {action for statement in granted for action in _actions(statement)}
    # Of the queues, the stage's key encrypts this one alone.
    sets_aside = _failed_calls() in granted
    used = {action.partition(":")[0] for action in actions} & _ENCRYPTED
    services = sorted(used | ({"sqs"} if sets_aside else set()))
    if not services:
        return []
    writes = sets_aside or "s3:PutObject" in actions
    via = [{"Fn::Sub": f"{service}.${{AWS::Region}}.amazonaws.com"} for service in services]
    return [
        {
            **_allow(["kms:Decrypt", "kms:GenerateDataKey"] if writes else "kms:Decrypt", keys.KEY),
            "Condition": {"StringEquals": {"kms:ViaService": via}},
        }
    ]


def _actions(statement: Statement) -> list[str]:
    action: str | list[str] = statement["Action"]
    return [action] if isinstance(action, str) else action


def _mail() -> Statement:
    """Send from the verified domain, by the stack's configuration set."""
    return _allow(
        ["ses:SendEmail", "ses:SendRawEmail"],
        [
            {
                "Fn::Sub": "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:"
                "identity/${MailDomain}"
            },
            {
                "Fn::Sub": "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:"
                "configuration-set/${MailConfigurationSet}"
            },
        ],
    )


def _observability(function: str) -> list[Statement]:
    """Write to the function's own log group, and send traces."""
    return [
        _allow(
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            # Not by reference: a role that names its function would make a circle.
            {
                "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:"
                f"log-group:/aws/lambda/${{AWS::StackName}}-{function}*:*"
            },
        ),
        # X-Ray knows no resources.
        _allow(["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*"),
    ]


def _table(table: str, *actions: str) -> Statement:
    return _allow([f"dynamodb:{a}" for a in actions], {"Fn::GetAtt": [table, "Arn"]})


def _index(table: str, index: str, action: str = "Query") -> Statement:
    return _allow(f"dynamodb:{action}", {"Fn::Sub": f"${{{table}.Arn}}/index/{index}"})


def _objects(prefixes: Sequence[str], *actions: str) -> Statement:
    """Objects of the archive, by the beginnings of their keys."""
    return _allow(
        [f"s3:{action}" for action in actions],
        [{"Fn::Sub": f"${{ArchiveBucket.Arn}}/{prefix}*"} for prefix in prefixes],
    )


def _listed() -> Statement:
    """List the archive. Without this right S3 answers 403 for what is not there, and not 404."""
    return _allow("s3:ListBucket", {"Fn::GetAtt": ["ArchiveBucket", "Arn"]})


def _endpoint(name: str, *actions: str) -> Statement:
    """Call an endpoint; by its name, because the stack may do without it."""
    return _allow(
        [f"sagemaker:{action}" for action in actions],
        {
            "Fn::Sub": "arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}:"
            f"endpoint/${{AWS::StackName}}-{name}"
        },
    )


def _secrets(stage: str, *names: str) -> Statement:
    return _allow(
        "secretsmanager:GetSecretValue",
        [
            {
                "Fn::Sub": "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:"
                # Secrets Manager puts six random characters behind a secret's name.
                f"${{AWS::AccountId}}:secret:{secrets_prefix(stage)}{name.removesuffix('*')}*"
            }
            for name in names
        ],
    )


def _polled(queue: str) -> Statement:
    """What Lambda's poller does in the function's name."""
    return _allow(
        ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
        {"Fn::GetAtt": [queue, "Arn"]},
    )


def _send(*queues: str) -> Statement:
    return _allow("sqs:SendMessage", [{"Fn::GetAtt": [queue, "Arn"]} for queue in queues])


def _failed_calls() -> Statement:
    return _allow("sqs:SendMessage", {"Fn::GetAtt": ["FailedCallsQueue", "Arn"]})


def _allow(actions: str | list[str], resources: Any) -> Statement:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}

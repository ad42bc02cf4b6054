"""What Chalice cannot say of a function: its environment, event source, failures and rights."""

from __future__ import annotations

from typing import Any

from infra.template import keys, model, permissions, storage

PARAMETERS: dict[str, Any] = {
    "SummaryPartitions": {
        "Type": "Number",
        "Default": 1,
        "MinValue": 1,
        "MaxValue": 64,
        "Description": "Partitions that a week's open counts are spread over; docs/scale.md says "
        "when more than one",
    },
    "VendorBuckets": {
        "Type": "CommaDelimitedList",
        "Default": "",
        "Description": "Buckets outside this stack that vendors write what the hub reads, such as "
        "Amazon Connect's; empty for none",
    },
}
CONDITIONS: dict[str, Any] = {
    "HasVendorBuckets": {
        "Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", {"Ref": "VendorBuckets"}]}, ""]}]
    }
}

#: How many messages one call of `understand` gets: one call of the model endpoint takes them all.
BATCH_SIZE = 100
#: Batches understood at once: bounds what the endpoint and one day's summary rows must bear.
MAX_CONCURRENCY = 10
#: One dialogue a call: it waits for its turn, and others must not wait with it.
FETCH_BATCH_SIZE = 1
#: Workers that wait for one vendor's turn at once, so each waits for at most so many turns.
FETCH_CONCURRENCY = 4

#: Answers counted by one call: an answer is a batch of texts already.
JUDGED_BATCH_SIZE = 10
#: One recording a call, and so many calls at once: each holds a recording in memory.
RECORDINGS_BATCH_SIZE = 1
RECORDINGS_CONCURRENCY = 4

#: Chalice's names of the functions in the template -> of their roles.
FUNCTIONS = {
    name: "ApiHandlerRole" if name == "APIHandler" else f"{name}Role" for name in permissions.GRANTS
}
#: function -> the queue that feeds it, messages a call, seconds to collect them, calls at once.
FED = {
    "Understand": ("EventsQueue", BATCH_SIZE, storage.BATCH_WINDOW_S, MAX_CONCURRENCY),
    "Judge": ("JudgedQueue", JUDGED_BATCH_SIZE, 0, MAX_CONCURRENCY),
    "Fetch": ("FetchQueue", FETCH_BATCH_SIZE, 0, FETCH_CONCURRENCY),
    "Transcribe": ("RecordingsQueue", RECORDINGS_BATCH_SIZE, 0, RECORDINGS_CONCURRENCY),
}
#: Called asynchronously, by a schedule or a topic: a call that failed for good is kept.
CALLED = ("MailEvents", "SendDigests", "RollUp", "WatchSources", "AskAgain")

#: The webhooks' log group. Named without the function: a variable that names its own function, or
#: a log group made from it, would be a circle.
DELIVERY_LOG = {"Fn::Sub": "/aws/lambda/${AWS::StackName}-APIHandler"}


def environment(stage: str) -> dict[str, Any]:
    """The variables that `chalicelib/adapters/settings.py` reads, the same for every function."""
    inbound_bucket = {"Fn::Sub": permissions.INBOUND_BUCKET}
    return {
        "STAGE": stage,
        "EVENTS_TABLE": {"Ref": "EventsTable"},
        "INTERACTIONS_TABLE": {"Ref": "InteractionsTable"},
        "SUMMARIES_TABLE": {"Ref": "SummariesTable"},
        "REGISTRY_TABLE": {"Ref": "RegistryTable"},
        "ARCHIVE_BUCKET": {"Ref": "ArchiveBucket"},
        "EVENTS_QUEUE_URL": {"Ref": "EventsQueue"},
        "FETCH_QUEUE_URL": {"Ref": "FetchQueue"},
        "FETCH_DEAD_LETTER_QUEUE_URL": {"Ref": "FetchDeadLetterQueue"},
        "MODEL_ENDPOINT": {"Fn::GetAtt": ["ModelEndpoint", "EndpointName"]},
        "MODEL_MODE": {"Ref": "ModelMode"},
        "MODEL_SPEECH_ENDPOINT": {"Fn::If": ["HasSpeech", model.SPEECH.endpoint_name, ""]},
        "RECORDINGS_QUEUE_URL": {"Ref": "RecordingsQueue"},
        "RECORDINGS_DEAD_LETTER_QUEUE_URL": {"Ref": "RecordingsDeadLetterQueue"},
        "SUMMARY_PARTITIONS": {"Ref": "SummaryPartitions"},
        "SECRETS_PREFIX": permissions.secrets_prefix(stage),
        "MAIL_CONFIGURATION_SET": {"Ref": "MailConfigurationSet"},
        "INBOUND_BUCKET": {"Fn::If": ["HasInboundMail", inbound_bucket, ""]},
        "DELIVERY_LOG": DELIVERY_LOG,
    }


def resources(stage: str) -> dict[str, Any]:
    """Patches that merge onto Chalice's functions, roles and API. Lists replace Chalice's."""
    found: dict[str, Any] = {
        name: {"Properties": {"Environment": {"Variables": environment(stage)}}}
        for name in FUNCTIONS
    }
    found["APIHandler"]["Properties"]["LoggingConfig"] = {"LogGroup": DELIVERY_LOG}
    for name, (queue, batch_size, window_s, concurrency) in FED.items():
        fed = _fed(queue, batch_size, window_s, concurrency)
        found[name]["Properties"]["Events"] = {f"{name}SqsEventSource": fed}
    found["MailEvents"]["Properties"]["Events"] = {
        "MailEventsSnsSubscription": {"Properties": {"Topic": {"Fn::Sub": "${MailTopic}"}}}
    }
    for name in CALLED:
        found[name]["Properties"]["DeadLetterQueue"] = {
            "Type": "SQS",
            "TargetArn": {"Fn::GetAtt": [storage.FAILED_CALLS, "Arn"]},
        }
    found |= {role: _role(function, role, stage) for function, role in FUNCTIONS.items()}
    found |= {log_group(name): {"Properties": {"KmsKeyId": keys.KEY}} for name in FUNCTIONS}
    found["ApiHandlerLogGroup"]["Properties"]["LogGroupName"] = DELIVERY_LOG
    readers = (FUNCTIONS["Fetch"], FUNCTIONS["Transcribe"])
    found["VendorBucketsPolicy"] = permissions.vendor_buckets(*readers)
    return found


def log_group(function: str) -> str:
    """Chalice's logical id of a function's log group."""
    return FUNCTIONS[function].removesuffix("Role") + "LogGroup"


def _fed(queue: str, batch_size: int, window_s: int, concurrency: int) -> dict[str, Any]:
    """How Lambda polls a queue."""
    return {
        "Properties": {
            # Chalice writes {"Fn::Sub": ...}; the same key replaces it.
            "Queue": {"Fn::Sub": f"${{{queue}.Arn}}"},
            "BatchSize": batch_size,
            "MaximumBatchingWindowInSeconds": window_s,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "ScalingConfig": {"MaximumConcurrency": concurrency},
        }
    }


def _role(function: str, role: str, stage: str) -> dict[str, Any]:
    policy = {
        "PolicyName": f"{role}Policy",
        "PolicyDocument": permissions.policy(function, stage),
    }
    return {"Properties": {"Policies": [policy]}}

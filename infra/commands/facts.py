"""Gathers what `hub doctor` judges: one question to AWS at a time, none of which changes anything.

What AWS refuses to tell is noted, and the rest is asked all the same. The local hub has no stack,
functions or schedules to ask about.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.clients import client
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Proof
from chalicelib.errors import HubError
from chalicelib.fold import iso_week
from chalicelib.organisation import WEEKDAYS, Department, Organisation
from chalicelib.pipeline import digests
from infra.commands import dead_letters
from infra.commands.checks import OWN_KEYS
from infra.commands.diagnosis import (
    BucketFact,
    BudgetFact,
    DigestFact,
    EndpointFact,
    Facts,
    FunctionFact,
    MailFact,
    QueueFact,
    TableFact,
)
from infra.commands.worlds import Hub
from infra.template import DEV, archive

Told = TypeVar("Told")

#: When a function runs by a schedule, how often; app.py says the same (a test compares).
EVERY = {
    "SendDigests": timedelta(minutes=15),
    "WatchSources": timedelta(minutes=15),
    "AskAgain": timedelta(minutes=15),
    "RollUp": timedelta(hours=1),
}
_ERRORS = '?"\\"level\\":\\"ERROR\\"" ?"Task timed out" ?"Runtime exited"'
_LAST_ERRORS = 3
_GONE = {
    "ResourceNotFoundException",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "NotFoundException",
    "ServerSideEncryptionConfigurationNotFoundError",
}


@dataclass
class _Asked:
    """What was refused, by what was asked."""

    refused: dict[str, str] = field(default_factory=dict)

    def __call__(self, what: str, question: Callable[[], Told]) -> Told | None:
        try:
            return question()
        except ClientError as error:
            told = error.response.get("Error", {})
            self.refused[what] = f"{told.get('Code')}: {told.get('Message', '')}"[:200]
        except (BotoCoreError, HubError) as error:
            self.refused[what] = f"{type(error).__name__}: {error}"[:200]
        return None


def gather(hub: Hub, file: Organisation | None) -> Facts:
    """The facts about a deployment, or about the local hub. `file` is the local organisation's."""
    asked, now = _Asked(), hub.world.clock()
    organisation = asked("the published organisation", hub.world.organisation)
    about_stack = _of_stack(hub, asked, now) if hub.where.stage else {}
    made_at = about_stack.pop("made_at", None)
    about_people: dict[str, Any] = {}
    if organisation is not None:
        who = organisation
        about_people = {
            "published": who.hash,
            "secrets": asked("secrets", lambda: _secrets(hub, who)),
            "digests": asked("sent digests", lambda: tuple(_digests(hub, who, now, made_at))),
        }
        if hub.where.stage:
            about_people["mail"] = asked("SES", lambda: _mail(who))
    return Facts(
        now=now,
        stack=hub.stack,
        keep=hub.where.stage not in ("", DEV),
        in_file=file.hash if file else None,
        queues=asked("queues", lambda: tuple(_queues(hub, now))),
        tables=asked("tables", lambda: tuple(map(_table, _table_names(hub)))),
        bucket=asked("the archive", lambda: _bucket(hub)) if hub.where.stage else None,
        wanted_prefixes=frozenset(archive.RAW_PREFIXES + archive.QUESTION_PREFIXES),
        refused=asked.refused,
        **about_stack,
        **about_people,
    )


# --- the stack ---------------------------------------------------------------------------------


def _of_stack(hub: Hub, asked: _Asked, now: datetime) -> dict[str, Any]:
    described = asked("the stack", lambda: _described(hub.stack)) or {}
    ids = asked("the stack's resources", lambda: _resources(hub.stack)) or {}
    outputs = {o["OutputKey"]: o["OutputValue"] for o in described.get("Outputs", ())}
    of_type = {
        kind: {name: physical for name, (held, physical) in ids.items() if held == kind}
        for kind in {kind for kind, _ in ids.values()}
    }
    functions = of_type.get("AWS::Lambda::Function", {})
    alarms = set(of_type.get("AWS::CloudWatch::Alarm", {}).values())
    return {
        "made_at": described.get("CreationTime"),
        "status": described.get("StackStatus"),
        "version": outputs.get("Version"),
        "code_sha256": outputs.get("CodeSha256"),
        "every": EVERY,
        "mode": hub.settings.model_mode,
        "functions": asked(
            "functions", lambda: tuple(_function(*of, hub, now) for of in functions.items())
        ),
        "mappings": asked("readers of queues", lambda: _mappings(functions)),
        "schedules": asked("schedules", lambda: _schedules(of_type.get("AWS::Events::Rule", {}))),
        "endpoints": asked("model endpoints", lambda: tuple(_endpoints(hub))),
        "ringing": asked("alarms", lambda: _ringing(alarms)),
        "heard": asked("who hears alarms", lambda: _heard(ids.get("AlarmTopic", ("", ""))[1])),
        "budget": asked("the budget", lambda: _budget(f"{hub.stack}-budget")),
    }


def _described(stack: str) -> Mapping[str, Any]:
    (found,) = client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    told: Mapping[str, Any] = found
    return told


def _resources(stack: str) -> dict[str, tuple[str, str]]:
    """Logical id -> (type, physical id)."""
    pages = client("cloudformation").get_paginator("list_stack_resources")
    return {
        one["LogicalResourceId"]: (one["ResourceType"], one.get("PhysicalResourceId", ""))
        for page in pages.paginate(StackName=stack)
        for one in page["StackResourceSummaries"]
    }


def _function(name: str, physical: str, hub: Hub, now: datetime) -> FunctionFact:
    told = client("lambda").get_function_configuration(FunctionName=physical)
    group = told.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{physical}"
    if name == "APIHandler":
        group = hub.settings.delivery_log or group
    return FunctionFact(
        name=name,
        code_sha256=told.get("CodeSha256", ""),
        state=told.get("State", "Active"),
        errors=tuple(_errors(group, now - timedelta(days=1))),
        last_ran_at=_last_event(group),
    )


def _errors(group: str, since: datetime) -> list[str]:
    """The last errors of a log, as the functions tell them: places and ids, no words."""
    found: list[str] = []
    pages = client("logs").get_paginator("filter_log_events")
    asked = {"logGroupName": group, "filterPattern": _ERRORS}
    try:
        for page in pages.paginate(startTime=int(since.timestamp() * 1000), **asked):
            found += [_error_line(event["message"]) for event in page["events"]]
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:  # never written to is no fault
            raise
    return found[-_LAST_ERRORS:]


def _error_line(line: str) -> str:
    try:
        told = json.loads(line)
        return str(told.get("message") or told.get("errorMessage") or told.get("exception"))[:200]
    except (ValueError, AttributeError):
        return line.strip()[:200]


def _last_event(group: str) -> datetime | None:
    try:
        streams = client("logs").describe_log_streams(
            logGroupName=group, orderBy="LastEventTime", descending=True, limit=1
        )["logStreams"]
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            return None
        raise
    at = next((stream.get("lastEventTimestamp") for stream in streams), None)
    return datetime.fromtimestamp(at / 1000, UTC) if at else None


def _mappings(functions: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name, physical in functions.items():
        told = client("lambda").list_event_source_mappings(FunctionName=physical)
        for mapping in told["EventSourceMappings"]:
            found[name] = mapping["State"]
    return found


def _schedules(rules: Mapping[str, str]) -> dict[str, str]:
    return {
        name: client("events").describe_rule(Name=physical)["State"]
        for name, physical in rules.items()
    }


def _endpoints(hub: Hub) -> Iterator[EndpointFact]:
    sagemaker = client("sagemaker")
    for name in filter(None, (hub.settings.model_endpoint, hub.settings.model_speech_endpoint)):
        told = sagemaker.describe_endpoint(EndpointName=name)
        counts = [v.get("CurrentInstanceCount") for v in told.get("ProductionVariants", ())]
        known = [count for count in counts if count is not None]
        yield EndpointFact(
            name=name,
            status=told["EndpointStatus"],
            asynchronous=bool(told.get("AsyncInferenceConfig")),
            instances=sum(known) if known else None,
            reason=told.get("FailureReason", "")[:200],
        )


def _ringing(ours: set[str]) -> dict[str, str]:
    found = {}
    pages = client("cloudwatch").get_paginator("describe_alarms")
    for page in pages.paginate(StateValue="ALARM"):
        for alarm in page["MetricAlarms"]:
            to_people = any(":sns:" in action for action in alarm.get("AlarmActions", ()))
            if alarm["AlarmName"] in ours and to_people:
                found[alarm["AlarmName"]] = str(alarm.get("StateReason", ""))[:160]
    return found


def _heard(topic: str) -> int | None:
    if not topic:
        return None
    told = client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    return len([one for one in told if str(one["SubscriptionArn"]).startswith("arn:")])


def _budget(name: str) -> BudgetFact | None:
    """None where the stage has no budget."""
    account = client("sts").get_caller_identity()["Account"]
    try:
        told = client("budgets").describe_budget(AccountId=account, BudgetName=name)["Budget"]
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            return None
        raise
    spent = told.get("CalculatedSpend", {})
    forecast = spent.get("ForecastedSpend", {}).get("Amount")
    return BudgetFact(
        limit=float(told["BudgetLimit"]["Amount"]),
        spent=float(spent.get("ActualSpend", {}).get("Amount", 0)),
        forecast=float(forecast) if forecast is not None else None,
    )


# --- what holds data ---------------------------------------------------------------------------


def _queues(hub: Hub, now: datetime) -> Iterator[QueueFact]:
    dead = dead_letters.queues(hub)
    for queue in dead:
        yield QueueFact(queue.name, queue.depth(), dead=True)
    for url in sorted({queue.source for queue in dead} - {""}):
        told = client("sqs").get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        name = url.rpartition("/")[2]
        yield QueueFact(
            name.removeprefix(f"{hub.stack}-"),
            int(told["Attributes"]["ApproximateNumberOfMessages"]),
            dead=False,
            oldest_s=_oldest_s(name, now) if hub.where.stage else None,
        )


def _oldest_s(queue: str, now: datetime) -> float | None:
    """The age of the oldest message as CloudWatch last knew it; None when it did not."""
    points = client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=[{"Name": "QueueName", "Value": queue}],
        StartTime=now - timedelta(minutes=15),
        EndTime=now,
        Period=300,
        Statistics=["Maximum"],
    )["Datapoints"]
    last = max(points, key=lambda point: point["Timestamp"], default=None)
    return float(last["Maximum"]) if last else None


def _table_names(hub: Hub) -> list[str]:
    names = ("events_table", "interactions_table", "summaries_table", "registry_table")
    return [getattr(hub.settings, name) for name in names]


def _table(name: str) -> TableFact:
    dynamodb = client("dynamodb")
    table = dynamodb.describe_table(TableName=name)["Table"]
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {})
    expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    return TableFact(
        name=name,
        status=table["TableStatus"],
        recoverable=recovery.get("PointInTimeRecoveryStatus") == "ENABLED",
        expires=expiry.get("TimeToLiveStatus") in ("ENABLED", "ENABLING"),
        protected=bool(table.get("DeletionProtectionEnabled")),
    )


def _bucket(hub: Hub) -> BucketFact:
    bucket, s3 = hub.settings.archive_bucket, client("s3")
    encryption = _or_nothing(lambda: s3.get_bucket_encryption(Bucket=bucket))
    rules = encryption.get("ServerSideEncryptionConfiguration", {}).get("Rules", [{}])
    block = _or_nothing(lambda: s3.get_public_access_block(Bucket=bucket))
    private = block.get("PublicAccessBlockConfiguration", {})
    lifecycle = _or_nothing(lambda: s3.get_bucket_lifecycle_configuration(Bucket=bucket))
    return BucketFact(
        name=bucket,
        encrypted_with=rules[0]
        .get("ApplyServerSideEncryptionByDefault", {})
        .get("SSEAlgorithm", ""),
        private=len(private) >= 4 and all(private.values()),
        versioned=s3.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled",
        expiring=frozenset(
            str(rule.get("Filter", {}).get("Prefix") or rule.get("Prefix", ""))
            for rule in lifecycle.get("Rules", ())
            if rule["Status"] == "Enabled"
        ),
    )


def _or_nothing(question: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """The answer, {} where AWS says that there is no such setting."""
    try:
        return question()
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            return {}
        raise


# --- mail, secrets, digests --------------------------------------------------------------------


def _mail(organisation: Organisation) -> MailFact:
    ses = client("sesv2")
    account = _or_nothing(ses.get_account)
    quota = account.get("SendQuota", {})
    address = parseaddr(organisation.sender)[1]
    readers = {r.lower() for d in organisation.departments for r in d.recipients}
    return MailFact(
        verified=any(map(_verified, (address.partition("@")[2], address))),
        production=bool(account.get("ProductionAccessEnabled")),
        sending=bool(account.get("SendingEnabled")),
        readers=len(readers),
        suppressed=sum(map(_suppressed, sorted(readers))),
        sent_24h=quota.get("SentLast24Hours", 0),
        quota_24h=max(0, quota.get("Max24HourSend", 0)),  # -1: without limit
    )


def _verified(identity: str) -> bool:
    ses = client("sesv2")
    found = _or_nothing(lambda: ses.get_email_identity(EmailIdentity=identity))
    return bool(found.get("VerifiedForSendingStatus"))


def _suppressed(address: str) -> bool:
    ses = client("sesv2")
    return bool(_or_nothing(lambda: ses.get_suppressed_destination(EmailAddress=address)))


def _secrets(hub: Hub, organisation: Organisation) -> dict[str, datetime | None]:
    """When each secret that is needed was last changed; its value is not read."""
    prefix = hub.settings.secrets_prefix
    wanted = [prefix + name for name in OWN_KEYS]
    for name, source in organisation.sources.items():
        if not source.open and CONNECTORS[source.connector].proof is not Proof.IMPORT:
            wanted.append(f"{prefix}sources/{name}")
    found: dict[str, datetime | None] = {}
    for name in wanted:
        told = _or_nothing(lambda: client("secretsmanager").describe_secret(SecretId=name))  # noqa: B023
        found[name] = told.get("LastChangedDate") or told.get("CreatedDate")
    return found


def _digests(
    hub: Hub, organisation: Organisation, now: datetime, made_at: datetime | None
) -> Iterator[DigestFact]:
    """The last digest of each department; those from before the stack was there are left out."""
    for department in organisation.departments:
        moment = last_moment(department, organisation, now)
        if made_at is not None and moment < made_at:
            continue
        monday = moment.date() - timedelta(days=moment.weekday() + 7)
        week, registry = iso_week(monday), hub.world.registry
        readers = [digests.reader_id(hub.world, department.id, r) for r in department.recipients]
        wanted = [reader for reader in readers if not registry.opted_out(reader)]
        states = [registry.digest_state(f"{week}_{department.id}_{one}") for one in wanted]
        yield DigestFact(
            department=department.id,
            week=week,
            readers=len(wanted),
            sent=states.count("sent"),
            due=digests.due(department.schedule, organisation.zone, now) is not None,
        )


def last_moment(department: Department, organisation: Organisation, now: datetime) -> datetime:
    """When a department's schedule last came, in the organisation's zone."""
    schedule, local = department.schedule, now.astimezone(organisation.zone)
    back = (local.weekday() - WEEKDAYS.index(schedule.weekday)) % 7
    day = local.date() - timedelta(days=back)
    moment = datetime.combine(day, schedule.at, organisation.zone)
    return moment if moment <= now else moment - timedelta(days=7)

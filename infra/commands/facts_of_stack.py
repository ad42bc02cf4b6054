"""What `hub doctor` asks about a stack: functions, schedules, endpoints, alarms, budget."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.clients import client
from chalicelib.errors import HubError
from infra.commands.deployment import BudgetFact, EndpointFact, FunctionFact
from infra.commands.worlds import Hub

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
#: AWS's words for what is not there, which is an answer and no refusal.
GONE = {
    "ResourceNotFoundException",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "NotFoundException",
    "ServerSideEncryptionConfigurationNotFoundError",
}


@dataclass
class Asked:
    """Asks a question; what AWS refused is kept, by what was asked, and answered with None."""

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


def of_stack(hub: Hub, asked: Asked, now: datetime) -> dict[str, Any]:
    """Fields of `Facts` that a stack alone has, and `made_at`, when it was created."""
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
        if error.response["Error"]["Code"] not in GONE:  # never written to is no fault
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
        if error.response["Error"]["Code"] in GONE:
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
        if error.response["Error"]["Code"] in GONE:
            return None
        raise
    spent = told.get("CalculatedSpend", {})
    forecast = spent.get("ForecastedSpend", {}).get("Amount")
    return BudgetFact(
        limit=float(told["BudgetLimit"]["Amount"]),
        spent=float(spent.get("ActualSpend", {}).get("Amount", 0)),
        forecast=float(forecast) if forecast is not None else None,
    )

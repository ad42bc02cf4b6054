"""Alarms: what a person must hear of. Each ends in one topic."""

from __future__ import annotations

from typing import Any

PARAMETERS: dict[str, Any] = {
    "AlarmEmail": {
        "Type": "String",
        "Description": "Who hears of dead letters, failing functions and unreadable deliveries",
    }
}

QUARTER_H = 900
_QUEUES = {
    "EventsDeadLetterQueue": "events",
    "FetchDeadLetterQueue": "fetches",
    "FailedCallsQueue": "function calls",
}
_AGES = {
    "EventsQueue": "Events wait for over an hour: the endpoint is slow, or understand fails",
    "FetchQueue": "Fetches wait for over an hour: a vendor's API is slower than its deliveries",
}
_OUTCOMES = {
    "unreadable": "A vendor's format changed: mend the connector, then `hub replay SOURCE`",
    "misconfigured": "A source lacks its secret, or its options are wrong: the log says which",
}
_FUNCTIONS = ("Understand", "Fetch", "MailEvents", "SendDigests", "RollUp", "WatchSources")


def resources() -> dict[str, Any]:
    """The alarm topic and the alarms."""
    found: dict[str, Any] = {
        "AlarmTopic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {
                "Subscription": [{"Protocol": "email", "Endpoint": {"Ref": "AlarmEmail"}}]
            },
        }
    }
    for queue, what in _QUEUES.items():
        found[f"{queue}Alarm"] = _alarm(
            f"Dead {what}: read and redrive them (infra/README.md)",
            ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum"),
            {"QueueName": {"Fn::GetAtt": [queue, "QueueName"]}},
            1,
        )
    for queue, what in _AGES.items():
        found[f"{queue.removesuffix('Queue')}AgeAlarm"] = _alarm(
            what,
            ("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum"),
            {"QueueName": {"Fn::GetAtt": [queue, "QueueName"]}},
            3600,
        )
    for function in _FUNCTIONS:
        found[f"{function}ErrorsAlarm"] = _alarm(
            f"{function} fails: its log says why",
            ("AWS/Lambda", "Errors", "Sum"),
            {"FunctionName": {"Ref": function}},
            1,
        )
    for outcome, description in _OUTCOMES.items():
        found |= _outcome_alarm(outcome, description)
    # Chalice answers 500 where a route raises, and Lambda counts no error: ask the API.
    found["ApiErrorsAlarm"] = _alarm(
        "The API answers 5xx: vendors retry, and some give up",
        ("AWS/ApiGateway", "5XXError", "Sum"),
        {"ApiName": {"Fn::Sub": "${AWS::StackName}-api"}},
        5,
    )
    return found


def _outcome_alarm(outcome: str, description: str) -> dict[str, Any]:
    """An alarm on deliveries of one outcome, whatever their source.

    Counted from the log: CloudWatch does not add up a metric's dimensions for an alarm.
    """
    name = f"{outcome.capitalize()}Deliveries"
    namespace = {"Fn::Sub": "Oivallus/${AWS::StackName}"}
    return {
        f"{name}Filter": {
            "Type": "AWS::Logs::MetricFilter",
            "Properties": {
                "LogGroupName": {"Ref": "ApiHandlerLogGroup"},
                "FilterPattern": f'{{ $.message = "delivery" && $.outcome = "{outcome}" }}',
                "MetricTransformations": [
                    {"MetricNamespace": namespace, "MetricName": name, "MetricValue": "1"}
                ],
            },
        },
        f"{name}Alarm": _alarm(description, (namespace, name, "Sum"), {}, 1),
    }


def _alarm(
    description: str,
    metric: tuple[Any, str, str],
    dimensions: dict[str, Any],
    threshold: int,
) -> dict[str, Any]:
    """An alarm at `threshold` or more within a quarter of an hour; silence is no alarm."""
    namespace, name, statistic = metric
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": description,
            "Namespace": namespace,
            "MetricName": name,
            "Statistic": statistic,
            "Dimensions": [{"Name": k, "Value": v} for k, v in dimensions.items()],
            "Period": QUARTER_H,
            "EvaluationPeriods": 1,
            "Threshold": threshold,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [{"Ref": "AlarmTopic"}],
        },
    }

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
_QUEUES = {"EventsDeadLetterQueue": "events", "FailedCallsQueue": "function calls"}
_FUNCTIONS = ("Understand", "MailEvents", "SendDigests", "RollUp")


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
    found["EventsAgeAlarm"] = _alarm(
        "Events wait for over an hour: the endpoint is slow, or understand fails",
        ("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum"),
        {"QueueName": {"Fn::GetAtt": ["EventsQueue", "QueueName"]}},
        3600,
    )
    for function in _FUNCTIONS:
        found[f"{function}ErrorsAlarm"] = _alarm(
            f"{function} fails: its log says why",
            ("AWS/Lambda", "Errors", "Sum"),
            {"FunctionName": {"Ref": function}},
            1,
        )
    # Chalice answers 500 where a route raises, and Lambda counts no error: ask the API.
    found["ApiErrorsAlarm"] = _alarm(
        "The API answers 5xx: vendors retry, and some give up",
        ("AWS/ApiGateway", "5XXError", "Sum"),
        {"ApiName": {"Fn::Sub": "${AWS::StackName}-api"}},
        5,
    )
    return found


def _alarm(
    description: str,
    metric: tuple[str, str, str],
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

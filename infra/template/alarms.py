"""Alarms and the dashboard: what a person must hear of, and see. Each alarm ends in one topic."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from infra.template import functions, storage, watched
from infra.template.watched import Alarm, Counted, Metric

Resources = dict[str, Any]

PARAMETERS: Resources = {
    "AlarmEmail": {
        "Type": "String",
        "Description": "Who hears of dead letters, failing functions and unreadable deliveries",
    }
}
#: APIHandler's errors are the API's 5xx: Chalice swallows what a route raises.
_MAY_FAIL = tuple(name for name in functions.FUNCTIONS if name != "APIHandler")


def every_alarm() -> list[Alarm]:
    """The alarms of the functions that app.py has."""
    return watched.alarms(_MAY_FAIL)


def resources() -> Resources:
    """The alarm topic, what is counted from logs, the alarms, and the dashboard of all of it."""
    mail = {"Protocol": "email", "Endpoint": {"Ref": "AlarmEmail"}}
    found: Resources = {
        "AlarmTopic": storage.topic("alarms", Subscription=[mail]),
        "AlarmTopicPolicy": _alarms_may_publish(),
    }
    for counted in watched.COUNTED:
        found[f"{counted.name}Filter"] = _filter(counted)
    for alarm in every_alarm():
        found[alarm.id] = _alarm(alarm)
    found["Dashboard"] = _dashboard()
    return found


def _alarms_may_publish() -> Resources:
    """CloudWatch of this account; a topic with a policy has lost the default one."""
    return {
        "Type": "AWS::SNS::TopicPolicy",
        "Properties": {
            "Topics": [{"Ref": "AlarmTopic"}],
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "AlarmsPublish",
                        "Effect": "Allow",
                        "Principal": {"Service": "cloudwatch.amazonaws.com"},
                        "Action": "sns:Publish",
                        "Resource": {"Ref": "AlarmTopic"},
                        "Condition": {
                            "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
                        },
                    }
                ],
            },
        },
    }


def _filter(counted: Counted) -> Resources:
    made = {
        "MetricNamespace": {"Fn::Sub": watched.NAMESPACE},
        "MetricName": counted.name,
        "MetricValue": counted.value,
    }
    return {
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "LogGroupName": {"Ref": functions.log_group(counted.function)},
            "FilterPattern": counted.pattern,
            "MetricTransformations": [made],
        },
    }


def _alarm(alarm: Alarm) -> Resources:
    """Without data nothing is wrong, unless the alarm says so."""
    comparison = "LessThanThreshold" if alarm.below else "GreaterThanOrEqualToThreshold"
    properties: Resources = {
        "AlarmDescription": f"{alarm.what}. {alarm.do}",
        "EvaluationPeriods": alarm.periods,
        "Threshold": alarm.threshold,
        "ComparisonOperator": comparison,
        "TreatMissingData": "breaching" if alarm.silence_rings else "notBreaching",
        "AlarmActions": [{"Ref": "AlarmTopic"}],
        "OKActions": [{"Ref": "AlarmTopic"}],
    }
    properties |= _share(alarm, alarm.of) if alarm.of else _series(alarm.metric, alarm.period_s)
    resource: Resources = {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}
    if alarm.condition:
        resource["Condition"] = alarm.condition
    return resource


def _series(metric: Metric, period_s: int) -> Resources:
    return {**_named(metric), "Statistic": metric.statistic, "Period": period_s}


def _named(metric: Metric) -> Resources:
    return {
        "Namespace": _sub(metric.namespace),
        "MetricName": metric.name,
        "Dimensions": [{"Name": k, "Value": _sub(v)} for k, v in metric.dimensions.items()],
    }


def _sub(text: str) -> Any:
    return {"Fn::Sub": text} if "${" in text else text


def _share(alarm: Alarm, whole: Metric) -> Resources:
    """The metric as a percentage of another, 0 where there are too few to tell."""
    parts = {"part": alarm.metric, "whole": whole}
    series = [
        {
            "Id": name,
            "ReturnData": False,
            "MetricStat": {
                "Metric": _named(metric),
                "Stat": metric.statistic,
                "Period": alarm.period_s,
            },
        }
        for name, metric in parts.items()
    ]
    told = f"IF(whole >= {alarm.least}, 100 * FILL(part, 0) / whole, 0)"
    share = {"Id": "share", "Expression": told, "Label": "percent", "ReturnData": True}
    return {"Metrics": [share, *series]}


WIDTH, HEIGHT, COLUMNS = 8, 6, 3


def _dashboard() -> Resources:
    """A widget for each alarm's metrics, and for what is counted without an alarm."""
    shown = [_widget(title, metrics) for title, metrics in _panels()]
    for position, widget in enumerate(shown):
        row, column = divmod(position, COLUMNS)
        widget |= {"x": column * WIDTH, "y": row * HEIGHT, "width": WIDTH, "height": HEIGHT}
    return {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {
            "DashboardName": {"Fn::Sub": "${AWS::StackName}"},
            "DashboardBody": {"Fn::Sub": json.dumps({"widgets": shown})},
        },
    }


def _panels() -> Iterable[tuple[str, list[Metric]]]:
    """(title, series): alarms of one metric share a panel; optional parts have none."""
    by_metric: dict[tuple[str, str], list[Metric]] = {}
    for counted in watched.COUNTED:
        by_metric.setdefault((watched.NAMESPACE, _topic(counted.name)), []).append(counted.metric)
    for alarm in every_alarm():
        if alarm.metric.namespace != watched.NAMESPACE and not alarm.condition:
            key = (alarm.metric.namespace, alarm.metric.name)
            held = by_metric.setdefault(key, [])
            if alarm.metric not in held:
                held.append(alarm.metric)
    for (namespace, name), metrics in by_metric.items():
        yield (name if namespace == watched.NAMESPACE else f"{namespace} {name}"), metrics


def _topic(name: str) -> str:
    """The panel of a counted metric: UnreadableDeliveries -> Deliveries."""
    words = ("Deliveries", "Digests", "Events", "Texts")
    return next((word for word in words if word in name), "Notices and mail")


def _widget(title: str, metrics: list[Metric]) -> Resources:
    return {
        "type": "metric",
        "properties": {
            "title": title,
            "region": "${AWS::Region}",
            "period": watched.QUARTER_S,
            "metrics": [
                [
                    metric.namespace,
                    metric.name,
                    *(part for pair in metric.dimensions.items() for part in pair),
                    {"stat": metric.statistic},
                ]
                for metric in metrics
            ],
        },
    }


def runbook() -> str:
    """The alarms as a table of Markdown, for infra/README.md."""
    rows = [f"| `{a.id}` | {a.what}. | {a.do}. |" for a in every_alarm()]
    return "\n".join(["| Alarm | What it means | What to do |", "|---|---|---|", *rows])

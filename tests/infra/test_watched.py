"""What is watched: alarms, dashboard, runbook and the code's own metrics tell of the same."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.connectors.base import Outcome
from chalicelib.source_tally import Cause
from infra.package import Package
from infra.paths import ROOT
from infra.template import alarms, functions, storage, watched

Resources = dict[str, Any]
ALARMS = alarms.every_alarm()


@pytest.fixture(scope="module")
def resources(dev: Package) -> Resources:
    found: Resources = dev.cloudformation["Resources"]
    return found


def counted_in_the_code() -> Iterator[tuple[str, set[str]]]:
    """(metric, its dimensions) of each `count("metric", ..., dimension=...)`."""
    for path in (ROOT / "chalicelib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            world = ast.unparse(node.func.value)
            if node.func.attr == "count" and world.rpartition(".")[2] == "world":
                if not isinstance(node.args[0], ast.Constant):
                    continue  # jobs.py counts by the name that its callers give
                dimensions = {k.arg for k in node.keywords if k.arg} - {"facts"}
                yield str(node.args[0].value), dimensions


CODE = dict(counted_in_the_code())
#: Counted for people who look, by source; the dashboard would need a line for each.
ONLY_IN_CODE = {"corrections", "fetches", "recordings", "opt_outs", "rows_rolled_up"}


def test_the_template_counts_what_the_code_counts() -> None:
    summed = {
        found[1]
        for counted in watched.COUNTED
        if (found := re.search(r"\$\.(\w+)\[0\]", counted.pattern))
    }
    assert summed <= CODE.keys(), "an alarm waits for a metric that no code counts"
    assert CODE.keys() - summed - {"deliveries"} <= ONLY_IN_CODE, "shall it be an alarm?"


def test_patterns_name_outcomes_and_causes_that_exist() -> None:
    for counted in watched.COUNTED:
        for field, told in re.findall(r'\$\.(outcome|cause) = "([^"]+)"', counted.pattern):
            assert field in CODE["deliveries"] | CODE["notices_sent"]
            assert told in {*Outcome} if field == "outcome" else told in {*Cause}


def test_each_is_counted_from_the_log_of_the_function_that_counts_it(resources: Resources) -> None:
    for counted in watched.COUNTED:
        made = resources[f"{counted.name}Filter"]["Properties"]
        assert made["LogGroupName"] == {"Ref": functions.log_group(counted.function)}
        assert resources[functions.log_group(counted.function)]["Type"] == "AWS::Logs::LogGroup"
        (metric,) = made["MetricTransformations"]
        assert metric["MetricNamespace"] == {"Fn::Sub": watched.NAMESPACE}  # a stage's own


def test_every_alarm_of_the_list_is_in_the_stack_and_rings(resources: Resources) -> None:
    made = {
        name: r["Properties"]
        for name, r in resources.items()
        if r["Type"] == "AWS::CloudWatch::Alarm" and not name.endswith("FromZeroTrigger")
    }
    assert made.keys() == {alarm.id for alarm in ALARMS}
    for alarm in ALARMS:
        assert made[alarm.id]["AlarmActions"] == [{"Ref": "AlarmTopic"}]
        assert len(made[alarm.id]["AlarmDescription"]) <= 1024  # CloudWatch's limit


def test_nothing_can_fail_unheard() -> None:
    """Every queue's age, every dead letter, every function, every schedule."""
    told = {(alarm.metric.name, *alarm.metric.dimensions.values()) for alarm in ALARMS}
    for queue, (_, _, dead) in storage.QUEUES.items():
        assert ("ApproximateAgeOfOldestMessage", f"${{{queue}.QueueName}}") in told
        assert ("ApproximateNumberOfMessagesVisible", f"${{{dead}.QueueName}}") in told
    failed = f"${{{storage.FAILED_CALLS}.QueueName}}"
    assert ("ApproximateNumberOfMessagesVisible", failed) in told
    for function in functions.FUNCTIONS.keys() - {"APIHandler"}:
        assert ("Errors", f"${{{function}}}") in told
    for function in {*functions.CALLED} - {"MailEvents"}:
        assert ("Invocations", f"${{{function}}}") in told


def test_a_schedule_that_stopped_rings_though_there_are_no_data(resources: Resources) -> None:
    for alarm in ALARMS:
        made = resources[alarm.id]["Properties"]
        breaching = made["TreatMissingData"] == "breaching"
        assert breaching == (alarm.metric.name == "Invocations"), alarm.id
        # CloudWatch looks back a day at the most with periods under an hour, else a week.
        assert alarm.period_s * alarm.periods <= 86400


def test_the_rejected_share_is_asked_where_there_are_enough(resources: Resources) -> None:
    series = {m["Id"]: m for m in resources["RejectedShareAlarm"]["Properties"]["Metrics"]}
    assert series["share"]["Expression"] == "IF(whole >= 50, 100 * FILL(part, 0) / whole, 0)"
    assert series["part"]["MetricStat"]["Metric"]["MetricName"] == "RejectedDeliveries"
    assert series["whole"]["MetricStat"]["Metric"]["MetricName"] == "Deliveries"
    assert [name for name, m in series.items() if m["ReturnData"]] == ["share"]


def test_the_dashboard_shows_what_alarms_watch(resources: Resources) -> None:
    body = resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    widgets = json.loads(body)["widgets"]
    shown = {tuple(series[:2]) for w in widgets for series in w["properties"]["metrics"]}
    for alarm in ALARMS:
        if not alarm.condition:  # a stack without the part has nothing to show
            assert (alarm.metric.namespace, alarm.metric.name) in shown
    places = [(widget["x"], widget["y"]) for widget in widgets]
    assert len(set(places)) == len(places)
    for name in re.findall(r"\$\{(\w+)[.}]", body):
        assert name in resources, name
        assert "Condition" not in resources[name]


def test_the_runbook_tells_each_alarm_and_what_to_do() -> None:
    page = (ROOT / "infra" / "README.md").read_text(encoding="utf-8")
    assert alarms.runbook() in page, (
        "write the table anew: python -c 'from infra.template import alarms; "
        "print(alarms.runbook())'"
    )

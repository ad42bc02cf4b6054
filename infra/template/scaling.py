"""How an asynchronous endpoint scales: to zero when nothing waits, and back.

https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-autoscale.html
"""

from __future__ import annotations

from typing import Any

Resources = dict[str, Any]

#: Requests that wait for one instance: more, and another instance is started.
BACKLOG_PER_INSTANCE = 5
#: Seconds without a change after one: an instance takes minutes to start.
COOLDOWN_S = 300


def resources(id_: str, name: str, variant: str) -> Resources:
    """Of an endpoint by its logical id's beginning: from no instance to the most, by what waits.

    Target tracking cannot leave zero, for it divides by the instances; a step from zero does.
    """
    target = f"{id_}ScalableTarget"
    return {
        target: _target(id_, variant),
        f"{id_}BacklogPolicy": _policy(
            f"{name}-backlog",
            target,
            "TargetTrackingScaling",
            {
                "TargetTrackingScalingPolicyConfiguration": {
                    "TargetValue": BACKLOG_PER_INSTANCE,
                    "CustomizedMetricSpecification": {
                        "Namespace": "AWS/SageMaker",
                        "MetricName": "ApproximateBacklogSizePerInstance",
                        "Dimensions": _dimensions(id_),
                        "Statistic": "Average",
                    },
                    "ScaleInCooldown": COOLDOWN_S,
                    "ScaleOutCooldown": COOLDOWN_S,
                }
            },
        ),
        f"{id_}FromZeroPolicy": _policy(
            f"{name}-from-zero",
            target,
            "StepScaling",
            {
                "StepScalingPolicyConfiguration": {
                    "AdjustmentType": "ChangeInCapacity",
                    "MetricAggregationType": "Average",
                    "Cooldown": COOLDOWN_S,
                    "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
                }
            },
        ),
        f"{id_}FromZeroTrigger": _from_zero(id_),
    }


def _target(id_: str, variant: str) -> Resources:
    return {
        "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
        "Properties": {
            "ServiceNamespace": "sagemaker",
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
            "ResourceId": {
                "Fn::Sub": f"endpoint/${{{id_}Endpoint.EndpointName}}/variant/{variant}"
            },
            "MinCapacity": 0,
            "MaxCapacity": {"Ref": f"{id_}MaxInstances"},
        },
    }


def _policy(name: str, target: str, kind: str, how: dict[str, Any]) -> Resources:
    return {
        "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
        "Properties": {
            "PolicyName": {"Fn::Sub": f"${{AWS::StackName}}-{name}"},
            "PolicyType": kind,
            "ScalingTargetId": {"Ref": target},
            **how,
        },
    }


def _from_zero(id_: str) -> Resources:
    """Something waits and there is no instance: start one. A trigger, no alarm to a person."""
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": "Starts the first instance; nobody needs to do anything",
            "Namespace": "AWS/SageMaker",
            "MetricName": "HasBacklogWithoutCapacity",
            "Dimensions": _dimensions(id_),
            "Statistic": "Average",
            "Period": 60,
            "EvaluationPeriods": 2,
            "DatapointsToAlarm": 2,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "missing",
            "AlarmActions": [{"Ref": f"{id_}FromZeroPolicy"}],
        },
    }


def _dimensions(id_: str) -> list[dict[str, Any]]:
    name = {"Fn::GetAtt": [f"{id_}Endpoint", "EndpointName"]}
    return [{"Name": "EndpointName", "Value": name}]

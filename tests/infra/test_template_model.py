"""The endpoints of the template: their modes, scaling to zero, and who hears of answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.package import Package
from infra.template import archive, model, storage

Resources = dict[str, Any]


@pytest.fixture(scope="module")
def resources(dev: Package) -> Resources:
    found: Resources = dev.cloudformation["Resources"]
    return found


def resolved(value: Any, true: set[str]) -> Any:
    """A template's value with its conditions decided; what is left out is gone."""
    if isinstance(value, list):
        return [part for one in value if (part := resolved(one, true)) is not None]
    if not isinstance(value, dict):
        return value
    if "Fn::If" in value:
        condition, yes, no = value["Fn::If"]
        return resolved(yes if condition in true else no, true)
    if value == model.NO_VALUE:
        return None
    parts = {key: resolved(one, true) for key, one in value.items()}
    return {key: one for key, one in parts.items() if one is not None}


@pytest.mark.parametrize(
    ("true", "has", "lacks"),
    [
        pytest.param(
            {"IsAsynchronous", "HasModelAmi"},
            {"InstanceType", "InferenceAmiVersion", "AsyncInferenceConfig"},
            {"ServerlessConfig"},
            id="asynchronous on a GPU",
        ),
        pytest.param(
            set(),
            {"InstanceType", "InitialInstanceCount"},
            {"AsyncInferenceConfig", "InferenceAmiVersion", "ServerlessConfig"},
            id="realtime on a CPU",
        ),
        pytest.param(
            {"IsServerless", "HasModelAmi"},
            {"ServerlessConfig"},
            {"InstanceType", "InitialInstanceCount", "InferenceAmiVersion", "AsyncInferenceConfig"},
            id="serverless has no instances to choose",
        ),
    ],
)
def test_modes(resources: Resources, true: set[str], has: set[str], lacks: set[str]) -> None:
    made = resolved(resources["ModelEndpointConfiguration"]["Properties"], true)
    (variant,) = made["ProductionVariants"]
    present = variant.keys() | made.keys()
    assert has <= present
    assert not lacks & present


@pytest.mark.parametrize("served", [model.TEXT, model.SPEECH], ids=lambda served: served.name)
def test_an_asynchronous_endpoint_scales_to_zero_and_back(
    resources: Resources, served: Any
) -> None:
    target = resources[f"{served.id}ScalableTarget"]
    assert target["Condition"] == served.asynchronous
    assert target["Properties"]["MinCapacity"] == 0
    backlog = resources[f"{served.id}BacklogPolicy"]["Properties"]
    tracked = backlog["TargetTrackingScalingPolicyConfiguration"]["CustomizedMetricSpecification"]
    assert tracked["MetricName"] == "ApproximateBacklogSizePerInstance"
    trigger = resources[f"{served.id}FromZeroTrigger"]["Properties"]
    assert trigger["MetricName"] == "HasBacklogWithoutCapacity"
    assert trigger["AlarmActions"] == [{"Ref": f"{served.id}FromZeroPolicy"}]
    step = resources[f"{served.id}FromZeroPolicy"]["Properties"]["StepScalingPolicyConfiguration"]
    assert step["StepAdjustments"] == [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}]


@pytest.mark.parametrize("served", [model.TEXT, model.SPEECH], ids=lambda served: served.name)
def test_every_answer_and_failure_is_told_to_a_queue(resources: Resources, served: Any) -> None:
    made = resolved(
        resources[f"{served.id}EndpointConfiguration"]["Properties"], {"IsAsynchronous"}
    )
    output = made["AsyncInferenceConfig"]["OutputConfig"]
    topic = {"Ref": served.topic}
    assert output["NotificationConfig"] == {"SuccessTopic": topic, "ErrorTopic": topic}
    queue = storage.TOPICS[served.topic][1]
    subscription = resources[f"{served.topic}Subscription"]["Properties"]
    assert subscription["Endpoint"] == {"Fn::GetAtt": [queue, "Arn"]}
    assert subscription["RawMessageDelivery"]
    allowed = resources[f"{queue}Policy"]["Properties"]["PolicyDocument"]["Statement"][0]
    assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": topic}}
    role = json.dumps(resources[f"{served.id}Role"])
    for where in ("S3OutputPath", "S3FailurePath"):
        prefix = output[where]["Fn::Sub"].removeprefix("s3://${ArchiveBucket}/")
        assert prefix in archive.RAW_PREFIXES + archive.QUESTION_PREFIXES  # it expires
        assert f"${{ArchiveBucket.Arn}}/{prefix}*" in role


def test_a_container_is_given_no_more_than_it_takes(resources: Resources) -> None:
    handler = pytest.importorskip("model_image.speech.handler", reason="needs soundfile")
    server = pytest.importorskip("model_image.server", reason="needs starlette")
    for served, holds in (("Model", server.MAX_OPEN_BODIES), ("Speech", handler.MOST_HELD)):
        made = resolved(
            resources[f"{served}EndpointConfiguration"]["Properties"], {"IsAsynchronous"}
        )
        given = made["AsyncInferenceConfig"]["ClientConfig"]["MaxConcurrentInvocationsPerInstance"]
        assert 1 <= given <= holds


def test_speech_is_left_out_unless_there_is_an_image(resources: Resources) -> None:
    for name, resource in resources.items():
        if name.startswith("Speech") and not name.endswith("Alarm"):
            assert resource["Condition"] == "HasSpeech", name


def test_the_texts_go_nowhere_else(resources: Resources) -> None:
    for name in ("Model", "SpeechModel"):
        assert resources[name]["Properties"]["EnableNetworkIsolation"]

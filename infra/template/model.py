"""The model endpoints: the containers of model_image/ behind SageMaker, for texts and for speech.

Three modes: asynchronous (scales to zero; answers come by notice), realtime (always on) and
serverless (the compact backend alone: no GPU, 6 GB of memory). Speech is always asynchronous.
https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-autoscale.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from infra.template import keys, scaling

Resources = dict[str, Any]

MODES = ("asynchronous", "realtime", "serverless")
#: One question in work and one received meanwhile. The container would hold more (64 of texts, 4
#: recordings) and turn the rest away, which SageMaker takes for failures; and what waits in
#: SageMaker's queue can go to another instance, and its time to be answered has not begun.
_AT_ONCE = 2
#: Of the one variant that each endpoint has.
VARIANT = "all"
NO_VALUE = {"Ref": "AWS::NoValue"}

_INSTANCE = "A CPU instance for the compact backend, a GPU instance for the other"

PARAMETERS: dict[str, Any] = {
    "ModelImage": {
        "Type": "String",
        "Description": "URI of the model_image container in ECR, pinned by digest",
    },
    "ModelMode": {
        "Type": "String",
        "Default": "asynchronous",
        "AllowedValues": list(MODES),
        "Description": "asynchronous scales to zero, realtime is always on, serverless is for the "
        "compact backend",
    },
    "ModelInstanceType": {"Type": "String", "Default": "ml.m5.large", "Description": _INSTANCE},
    "ModelInstanceCount": {
        "Type": "Number",
        "Default": 1,
        "MinValue": 1,
        "Description": "Instances of the realtime mode",
    },
    "ModelMaxInstances": {
        "Type": "Number",
        "Default": 2,
        "MinValue": 1,
        "Description": "Instances that an asynchronous endpoint may start",
    },
    "ModelInferenceAmi": {
        "Type": "String",
        "Default": "",
        "Description": "InferenceAmiVersion of a GPU instance; torch of CUDA 13 wants "
        "al2023-ami-sagemaker-inference-gpu-4-1; empty for a CPU",
    },
    "ModelStartupS": {
        "Type": "Number",
        "Default": 600,
        "MinValue": 60,
        "MaxValue": 3600,
        "Description": "Seconds that a container may take until it answers /ping",
    },
    "SpeechImage": {
        "Type": "String",
        "Default": "",
        "Description": "URI of the container that writes down recordings; empty for none",
    },
    "SpeechInstanceType": {
        "Type": "String",
        "Default": "ml.g5.xlarge",
        "Description": "A GPU instance: speech on a CPU takes longer than the speaking did",
    },
    "SpeechMaxInstances": {"Type": "Number", "Default": 1, "MinValue": 1},
    "SpeechInferenceAmi": {
        "Type": "String",
        "Default": "al2023-ami-sagemaker-inference-gpu-4-1",
    },
}


def _is(parameter: str, value: str) -> dict[str, Any]:
    return {"Fn::Equals": [{"Ref": parameter}, value]}


CONDITIONS: dict[str, Any] = {
    "IsAsynchronous": _is("ModelMode", "asynchronous"),
    "IsServerless": _is("ModelMode", "serverless"),
    "HasModelAmi": {"Fn::Not": [_is("ModelInferenceAmi", "")]},
    "HasSpeechAmi": {"Fn::Not": [_is("SpeechInferenceAmi", "")]},
    "HasSpeech": {"Fn::Not": [_is("SpeechImage", "")]},
}


@dataclass(frozen=True)
class _Served:
    """One asynchronous endpoint's parts: logical ids, where its words lie, who hears of them."""

    id: str  # "Model" or "Speech": begins the logical ids and the parameters
    name: str  # ends the endpoint's name
    questions: tuple[str, ...]
    answers: str
    failures: str
    topic: str
    condition: str  # the resources' own, "" for always
    asynchronous: str  # when it scales to zero

    @property
    def endpoint_name(self) -> dict[str, str]:
        return {"Fn::Sub": f"${{AWS::StackName}}-{self.name}"}


TEXT = _Served(
    id="Model",
    name="model",
    questions=("asked/", "waited/"),
    answers="judged/",
    failures="judge-failed/",
    topic="JudgedTopic",
    condition="",
    asynchronous="IsAsynchronous",
)
SPEECH = _Served(
    id="Speech",
    name="speech",
    questions=("recordings/",),
    answers="transcripts/",
    failures="transcripts-failed/",
    topic="TranscribedTopic",
    condition="HasSpeech",
    asynchronous="HasSpeech",
)


def resources() -> Resources:
    """Both endpoints, each with a role that reads its image and questions, and logs."""
    text = _endpoint(TEXT, "Model", _text_variant(), _async_if(TEXT))
    speech = _endpoint(SPEECH, "SpeechModel", _speech_variant(), _asynchronous(SPEECH))
    return {**text, **_scaled(TEXT), **speech, **_scaled(SPEECH)}


def _scaled(served: _Served) -> Resources:
    found = scaling.resources(served.id, served.name, VARIANT)
    return _conditional(found, served.asynchronous)


def _endpoint(
    served: _Served, model: str, variant: dict[str, Any], asynchronous: dict[str, Any]
) -> Resources:
    role = f"{served.id}Role"
    found: Resources = {
        role: _role(served),
        model: {
            "Type": "AWS::SageMaker::Model",
            "Properties": {
                "ExecutionRoleArn": {"Fn::GetAtt": [role, "Arn"]},
                "EnableNetworkIsolation": True,  # the texts go nowhere else
                "PrimaryContainer": {"Image": {"Ref": f"{served.id}Image"}},
            },
        },
        f"{served.id}EndpointConfiguration": {
            "Type": "AWS::SageMaker::EndpointConfig",
            "Properties": {
                "ProductionVariants": [
                    {
                        "VariantName": VARIANT,
                        "ModelName": {"Fn::GetAtt": [model, "ModelName"]},
                        "InitialVariantWeight": 1,
                        **variant,
                    }
                ],
                "AsyncInferenceConfig": asynchronous,
            },
        },
        f"{served.id}Endpoint": {
            "Type": "AWS::SageMaker::Endpoint",
            "Properties": {
                "EndpointName": served.endpoint_name,
                "EndpointConfigName": {
                    "Fn::GetAtt": [f"{served.id}EndpointConfiguration", "EndpointConfigName"]
                },
            },
        },
    }
    return _conditional(found, served.condition)


def _conditional(found: Resources, condition: str) -> Resources:
    if condition:
        for resource in found.values():
            resource["Condition"] = condition
    return found


def _text_variant() -> dict[str, Any]:
    """Instances, or serverless: then there are none to choose."""

    def instance(value: Any) -> dict[str, Any]:
        return {"Fn::If": ["IsServerless", NO_VALUE, value]}

    serverless = {"MemorySizeInMB": 6144, "MaxConcurrency": 10}
    ami = {"Fn::If": ["HasModelAmi", {"Ref": "ModelInferenceAmi"}, NO_VALUE]}
    return {
        "InstanceType": instance({"Ref": "ModelInstanceType"}),
        "InitialInstanceCount": instance({"Ref": "ModelInstanceCount"}),
        "InferenceAmiVersion": instance(ami),
        "ContainerStartupHealthCheckTimeoutInSeconds": instance({"Ref": "ModelStartupS"}),
        "ServerlessConfig": {"Fn::If": ["IsServerless", serverless, NO_VALUE]},
    }


def _speech_variant() -> dict[str, Any]:
    return {
        "InstanceType": {"Ref": "SpeechInstanceType"},
        "InitialInstanceCount": 1,  # SageMaker wants one to begin with; scaling takes it away
        "InferenceAmiVersion": {
            "Fn::If": ["HasSpeechAmi", {"Ref": "SpeechInferenceAmi"}, NO_VALUE]
        },
        "ContainerStartupHealthCheckTimeoutInSeconds": {"Ref": "ModelStartupS"},
    }


def _async_if(served: _Served) -> dict[str, Any]:
    return {"Fn::If": [served.asynchronous, _asynchronous(served), NO_VALUE]}


def _asynchronous(served: _Served) -> dict[str, Any]:
    """Answers and failures go to the archive, and a notice of each to the topic."""
    return {
        "ClientConfig": {"MaxConcurrentInvocationsPerInstance": _AT_ONCE},
        "OutputConfig": {
            "S3OutputPath": {"Fn::Sub": f"s3://${{ArchiveBucket}}/{served.answers}"},
            "S3FailurePath": {"Fn::Sub": f"s3://${{ArchiveBucket}}/{served.failures}"},
            "KmsKeyId": keys.KEY,
            "NotificationConfig": {
                "SuccessTopic": {"Ref": served.topic},
                "ErrorTopic": {"Ref": served.topic},
            },
        },
    }


def _role(served: _Served) -> Resources:
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "sagemaker.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            },
            "Policies": [
                {
                    "PolicyName": f"{served.id}RolePolicy",
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [*_image_and_logs(served), *_questions(served)],
                    },
                }
            ],
        },
    }


def _image_and_logs(served: _Served) -> list[dict[str, Any]]:
    here = "${AWS::Region}:${AWS::AccountId}"
    return [
        {
            "Effect": "Allow",
            "Action": [
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
                "ecr:BatchCheckLayerAvailability",
            ],
            # The repositories of this stage's base stack (infra/template/base.py).
            "Resource": {
                "Fn::Sub": f"arn:${{AWS::Partition}}:ecr:{here}:repository/${{AWS::StackName}}/*"
            },
        },
        # ECR gives tokens for the whole registry only.
        {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": {
                "Fn::Sub": f"arn:${{AWS::Partition}}:logs:{here}:log-group:"
                f"/aws/sagemaker/Endpoints/${{AWS::StackName}}-{served.name}*"
            },
        },
        # CloudWatch knows no resources; the namespace is what can be named.
        {
            "Effect": "Allow",
            "Action": "cloudwatch:PutMetricData",
            "Resource": "*",
            "Condition": {"StringLike": {"cloudwatch:namespace": ["*SageMaker*"]}},
        },
    ]


def _questions(served: _Served) -> list[dict[str, Any]]:
    """What the asynchronous mode does in the archive, and whom it tells."""
    archive = "${ArchiveBucket.Arn}"
    written = (served.answers, served.failures)
    s3 = {"Fn::Sub": "s3.${AWS::Region}.amazonaws.com"}
    sns = {"Fn::Sub": "sns.${AWS::Region}.amazonaws.com"}
    return [
        {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": [{"Fn::Sub": f"{archive}/{prefix}*"} for prefix in served.questions],
        },
        {
            "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:AbortMultipartUpload"],
            "Resource": [{"Fn::Sub": f"{archive}/{prefix}*"} for prefix in written],
        },
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": {"Fn::GetAtt": ["ArchiveBucket", "Arn"]},
        },
        {"Effect": "Allow", "Action": "sns:Publish", "Resource": {"Ref": served.topic}},
        {
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": keys.KEY,
            "Condition": {"StringEquals": {"kms:ViaService": [s3, sns]}},
        },
    ]

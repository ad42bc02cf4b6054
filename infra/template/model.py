"""The model endpoint: the container of model_image/ behind SageMaker, in real time."""

from __future__ import annotations

from typing import Any

PARAMETERS: dict[str, Any] = {
    "ModelImage": {
        "Type": "String",
        "Description": "URI of the model_image container in ECR, pinned by digest",
    },
    "ModelInstanceType": {
        "Type": "String",
        "Default": "ml.m5.large",
        "Description": "A CPU instance for the compact backend, a GPU instance for the other",
    },
    "ModelInstanceCount": {"Type": "Number", "Default": 1, "MinValue": 1},
}


def resources() -> dict[str, Any]:
    """Model, endpoint configuration and endpoint, with a role that reads its image and logs."""
    return {
        "ModelRole": {
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
                "Policies": [{"PolicyName": "ModelRolePolicy", "PolicyDocument": _policy()}],
            },
        },
        "Model": {
            "Type": "AWS::SageMaker::Model",
            "Properties": {
                "ExecutionRoleArn": {"Fn::GetAtt": ["ModelRole", "Arn"]},
                "EnableNetworkIsolation": True,  # the texts go nowhere else
                "PrimaryContainer": {"Image": {"Ref": "ModelImage"}},
            },
        },
        "ModelEndpointConfiguration": {
            "Type": "AWS::SageMaker::EndpointConfig",
            "Properties": {
                "ProductionVariants": [
                    {
                        "VariantName": "all",
                        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
                        "InstanceType": {"Ref": "ModelInstanceType"},
                        "InitialInstanceCount": {"Ref": "ModelInstanceCount"},
                        "InitialVariantWeight": 1,
                    }
                ]
            },
        },
        "ModelEndpoint": {
            "Type": "AWS::SageMaker::Endpoint",
            "Properties": {
                "EndpointConfigName": {
                    "Fn::GetAtt": ["ModelEndpointConfiguration", "EndpointConfigName"]
                }
            },
        },
    }


def _policy() -> dict[str, Any]:
    statements = [
        {
            "Effect": "Allow",
            "Action": [
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
                "ecr:BatchCheckLayerAvailability",
            ],
            "Resource": {
                "Fn::Sub": "arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/*"
            },
        },
        # ECR gives tokens for the whole registry only.
        {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": {
                "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:"
                "log-group:/aws/sagemaker/*"
            },
        },
        {
            "Effect": "Allow",
            "Action": "cloudwatch:PutMetricData",
            "Resource": "*",
            "Condition": {"StringLike": {"cloudwatch:namespace": ["*SageMaker*"]}},
        },
    ]
    return {"Version": "2012-10-17", "Statement": statements}

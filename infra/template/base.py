"""The base stack: what must be there before the stack: where artefacts lie, and images.

Of one stage alone, so that stages share nothing. One thing cannot be a stage's: the role with
which API Gateway writes logs is set once an account and region. Every base stack sets it to a role
of its own that stays, so whichever came last serves all.
"""

from __future__ import annotations

import json
from typing import Any

from infra.template import archive

Resources = dict[str, Any]

#: Untagged images are left-overs of a push; of the others, so many versions can be rolled back to.
UNTAGGED_DAYS = 14
IMAGES_KEPT = 20
REPOSITORIES = ("model", "speech")


def base_template(stage: str) -> Resources:
    """A plain CloudFormation template, small enough to be sent inline."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Oivallus: artefacts and images of {stage}",
        "Resources": {
            "Artefacts": _artefacts(),
            "ArtefactsPolicy": archive.policy("Artefacts", archive.tls_only("Artefacts")),
            **{f"{name.capitalize()}Images": _images(stage, name) for name in REPOSITORIES},
            "ApiLogsRole": _api_logs_role(),
            "ApiLogs": {
                "Type": "AWS::ApiGateway::Account",
                "DeletionPolicy": "Retain",
                "UpdateReplacePolicy": "Retain",
                "Properties": {"CloudWatchRoleArn": {"Fn::GetAtt": ["ApiLogsRole", "Arn"]}},
            },
        },
        "Outputs": {
            "Artefacts": {"Value": {"Ref": "Artefacts"}},
            **{
                f"{name.capitalize()}Images": {
                    "Value": {"Fn::GetAtt": [f"{name.capitalize()}Images", "RepositoryUri"]}
                }
                for name in REPOSITORIES
            },
        },
    }


def _artefacts() -> Resources:
    """Code and templates by their hash, kept for rolling back; no customer's data.

    Versioned, because nobody is to be forgotten here, and a version that is deployed must not be
    changed behind its name. S3's own key: the stage's key is not there yet.
    """
    made = archive.bucket(True, [archive.expiry("unfinished", "unfinished/", 1)])
    made["Properties"] |= {
        "VersioningConfiguration": {"Status": "Enabled"},
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
            ]
        },
    }
    return made


def _images(stage: str, name: str) -> Resources:
    """Tags cannot be moved, and each push is scanned for known weaknesses."""
    rules = [
        {
            "rulePriority": 1,
            "description": "left-overs of a push",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": UNTAGGED_DAYS,
            },
            "action": {"type": "expire"},
        },
        {
            "rulePriority": 2,
            "description": "versions that nobody rolls back to",
            "selection": {
                "tagStatus": "any",
                "countType": "imageCountMoreThan",
                "countNumber": IMAGES_KEPT,
            },
            "action": {"type": "expire"},
        },
    ]
    return {
        "Type": "AWS::ECR::Repository",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "RepositoryName": f"oivallus-{stage}/{name}",
            "ImageTagMutability": "IMMUTABLE",
            "ImageScanningConfiguration": {"ScanOnPush": True},
            "EncryptionConfiguration": {"EncryptionType": "KMS"},
            "LifecyclePolicy": {"LifecyclePolicyText": json.dumps({"rules": rules})},
        },
    }


def _api_logs_role() -> Resources:
    # AWS's own policy for exactly this; API Gateway refuses a role without all of its actions.
    policy = (
        "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    )
    return {
        "Type": "AWS::IAM::Role",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "apigateway.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            },
            "ManagedPolicyArns": [{"Fn::Sub": policy}],
        },
    }

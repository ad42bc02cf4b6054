"""The key of a stage: what is stored, queued for people or logged is encrypted with it.

One customer managed key a stage, rotated by AWS each year, so that who may read is in one policy,
each use is in CloudTrail, and a stage's data end with its key.
"""

from __future__ import annotations

from typing import Any

Resources = dict[str, Any]

KEY = {"Fn::GetAtt": ["DataKey", "Arn"]}
#: SNS sets aside what the webhook did not take of the inbound topic.
_SERVICES = ("ses", "cloudwatch", "sns")
_ENCRYPTS = ["kms:Decrypt", "kms:GenerateDataKey*"]


def resources(keep: bool) -> Resources:
    """The key and its readable name; with `keep` it outlives the stack, as the data do."""
    return {
        "DataKey": {
            "Type": "AWS::KMS::Key",
            "DeletionPolicy": "Retain" if keep else "Delete",
            "UpdateReplacePolicy": "Retain" if keep else "Delete",
            "Properties": {
                "Description": {"Fn::Sub": "${AWS::StackName}: what customers said"},
                "EnableKeyRotation": True,
                "PendingWindowInDays": 30,
                "KeyPolicy": {"Version": "2012-10-17", "Statement": _statements()},
            },
        },
        "DataKeyAlias": {
            "Type": "AWS::KMS::Alias",
            "Properties": {
                "AliasName": {"Fn::Sub": "alias/${AWS::StackName}"},
                "TargetKeyId": {"Ref": "DataKey"},
            },
        },
    }


def _statements() -> list[dict[str, Any]]:
    """The account's own policies decide, and services that act without a role of ours."""
    logs = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:*"
    return [
        {
            "Sid": "PoliciesOfThisAccountDecide",
            "Effect": "Allow",
            "Principal": {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}},
            "Action": "kms:*",
            "Resource": "*",  # in a key's policy: this key
        },
        {
            "Sid": "TopicsAndInboundMail",
            "Effect": "Allow",
            "Principal": {"Service": [f"{one}.amazonaws.com" for one in _SERVICES]},
            "Action": _ENCRYPTS,
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
        },
        {
            "Sid": "LogGroups",
            "Effect": "Allow",
            "Principal": {"Service": {"Fn::Sub": "logs.${AWS::Region}.amazonaws.com"}},
            "Action": ["kms:Encrypt", "kms:ReEncrypt*", "kms:DescribeKey", *_ENCRYPTS],
            "Resource": "*",
            "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": {"Fn::Sub": logs}}},
        },
    ]

"""The buckets: the archive of payloads and questions, and the mail that SES receives."""

from __future__ import annotations

from typing import Any

from infra.template import keys

Resources = dict[str, Any]

PARAMETERS: dict[str, Any] = {
    "RawDays": {
        "Type": "Number",
        "Default": 30,
        "MinValue": 1,
        "Description": "Days that raw payloads live in the archive; retention.raw_days of "
        "organisation.yaml",
    }
}

#: What vendors sent, and what was heard in it: as long as organisation.yaml says.
RAW_PREFIXES = ("raw/", "recordings/", "transcripts/", "transcripts-failed/")
#: Questions to the asynchronous endpoint and its answers; whoever takes an answer in removes both.
QUESTION_PREFIXES = ("asked/", "failed/", "waited/", "judged/", "judge-failed/")
#: A question that nobody took in is of no use to anybody after this long.
QUESTION_DAYS = 7


def resources(keep: bool) -> Resources:
    """The archive and its policy.

    Without versioning: what is erased or has expired must be gone. What a version would protect
    from, a key written over, cannot happen: keys name their content, or are random.
    """
    return {
        "ArchiveBucket": bucket(keep, [*_expiring_raw(), *_expiring_questions()]),
        "ArchiveBucketPolicy": policy("ArchiveBucket", tls_only("ArchiveBucket")),
    }


def _expiring_raw() -> list[dict[str, Any]]:
    return [
        expiry(f"expire-{prefix.rstrip('/')}", prefix, {"Ref": "RawDays"})
        for prefix in RAW_PREFIXES
    ]


def _expiring_questions() -> list[dict[str, Any]]:
    return [
        expiry(f"expire-{prefix.rstrip('/')}", prefix, QUESTION_DAYS)
        for prefix in QUESTION_PREFIXES
    ]


def expiry(rule: str, prefix: str, days: Any) -> dict[str, Any]:
    """A lifecycle rule: what lies under a prefix is gone after some days."""
    return {
        "Id": rule,
        "Status": "Enabled",
        "Prefix": prefix,
        "ExpirationInDays": days,
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    }


def bucket(keep: bool, rules: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A private bucket, encrypted with the stage's key; with `keep` it outlives the stack."""
    return {
        "Type": "AWS::S3::Bucket",
        "DeletionPolicy": "Retain" if keep else "Delete",
        "UpdateReplacePolicy": "Retain" if keep else "Delete",
        "Properties": {
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {
                        "BucketKeyEnabled": True,
                        "ServerSideEncryptionByDefault": {
                            "SSEAlgorithm": "aws:kms",
                            "KMSMasterKeyID": keys.KEY,
                        },
                    }
                ]
            },
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "LifecycleConfiguration": {"Rules": rules},
            **more,
        },
    }


def tls_only(bucket_id: str) -> dict[str, Any]:
    """Nobody reads or writes without TLS."""
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [
            {"Fn::GetAtt": [bucket_id, "Arn"]},
            {"Fn::Sub": f"${{{bucket_id}.Arn}}/*"},
        ],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def policy(bucket_id: str, *statements: dict[str, Any]) -> dict[str, Any]:
    """A bucket's policy."""
    return {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": {"Ref": bucket_id},
            "PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)},
        },
    }

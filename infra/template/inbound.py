"""Mail in, for sources of the `ses` connector: receipt rule -> bucket and topic -> webhook.

Optional: a stack without InboundMailDomain receives none. SES has one active rule set a region and
account; `infra/deploy.py` activates ours where there is none.
https://docs.aws.amazon.com/ses/latest/dg/receiving-email.html
"""

from __future__ import annotations

from typing import Any

from infra.template import archive, mail, storage
from infra.template.permissions import INBOUND_BUCKET

PARAMETERS: dict[str, Any] = {
    "InboundMailDomain": {
        "Type": "String",
        "Default": "",
        "Description": "Domain or address whose mail becomes contacts (its MX record must name "
        "SES); empty for none",
    },
    "InboundSource": {
        "Type": "String",
        "Default": "mail",
        "AllowedPattern": "[a-z0-9-]+",
        "Description": "The source of organisation.yaml, with connector ses, that gets the mail",
    },
}
CONDITIONS: dict[str, Any] = {
    "HasInboundMail": {"Fn::Not": [{"Fn::Equals": [{"Ref": "InboundMailDomain"}, ""]}]}
}


def resources(stage: str, keep: bool) -> dict[str, Any]:
    """Rule set, rule, bucket and topic; the topic posts to the source's webhook."""
    inbound = archive.bucket(
        keep,
        [archive.expiry("expire-mail", "", {"Ref": "RawDays"})],
        BucketName={"Fn::Sub": INBOUND_BUCKET},
    )
    found: dict[str, Any] = {
        "InboundBucket": inbound,
        "InboundBucketPolicy": archive.policy(
            "InboundBucket", archive.tls_only("InboundBucket"), _ses_may_write()
        ),
        # Signed with SHA-256, which `signature version 2` is.
        "InboundTopic": storage.topic("inbound", SignatureVersion="2"),
        "InboundTopicPolicy": mail.ses_may_publish("InboundTopic"),
        "InboundSubscription": _subscription(stage),
        f"{storage.FAILED_CALLS}Policy": storage.fed_by(storage.FAILED_CALLS, "InboundTopic"),
        "InboundRuleSet": {
            "Type": "AWS::SES::ReceiptRuleSet",
            "Properties": {"RuleSetName": {"Fn::Sub": "${AWS::StackName}"}},
        },
        "InboundRule": _rule(),
    }
    for resource in found.values():
        resource["Condition"] = "HasInboundMail"
    return found


def _ses_may_write() -> dict[str, Any]:
    return {
        "Sid": "SesWrites",
        "Effect": "Allow",
        "Principal": {"Service": "ses.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": {"Fn::Sub": "${InboundBucket.Arn}/*"},
        "Condition": {"StringEquals": {"AWS:SourceAccount": {"Ref": "AWS::AccountId"}}},
    }


def _subscription(stage: str) -> dict[str, Any]:
    """With SNS's envelope, which is what is signed. What the hub did not take is kept two weeks."""
    host = "${RestAPI}.execute-api.${AWS::Region}.${AWS::URLSuffix}"
    return {
        "Type": "AWS::SNS::Subscription",
        "Properties": {
            "TopicArn": {"Ref": "InboundTopic"},
            "Protocol": "https",
            "Endpoint": {"Fn::Sub": f"https://{host}/{stage}/webhooks/${{InboundSource}}"},
            "RawMessageDelivery": False,
            "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": [storage.FAILED_CALLS, "Arn"]}},
        },
    }


def _rule() -> dict[str, Any]:
    s3 = {
        "BucketName": {"Ref": "InboundBucket"},
        "ObjectKeyPrefix": "mail/",
        "TopicArn": {"Ref": "InboundTopic"},
    }
    return {
        "Type": "AWS::SES::ReceiptRule",
        "DependsOn": ["InboundBucketPolicy", "InboundTopicPolicy"],  # SES tries both at once
        "Properties": {
            "RuleSetName": {"Ref": "InboundRuleSet"},
            "Rule": {
                "Name": "to-the-hub",
                "Enabled": True,
                "ScanEnabled": True,
                "TlsPolicy": "Require",
                "Recipients": [{"Ref": "InboundMailDomain"}],
                "Actions": [{"S3Action": s3}],
            },
        },
    }

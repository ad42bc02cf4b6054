"""Mail: the verified domain, the configuration set, and the topic that says what became of it."""

from __future__ import annotations

from typing import Any

PARAMETERS: dict[str, Any] = {
    "MailDomain": {
        "Type": "String",
        "Description": "Domain of organisation.yaml's sender; SES signs for it once its DNS "
        "records are in place",
    }
}

#: What SES reports: a digest left, arrived, or must not be sent there again.
EVENT_TYPES = ["send", "delivery", "bounce", "complaint", "reject"]


def resources() -> dict[str, Any]:
    """Identity, configuration set, topic, and SES's right to publish to it.

    The topic is unencrypted at rest: SES may publish to an encrypted one only with a customer
    key, and its messages hold department heads' addresses, never a customer's words.
    """
    return {
        "MailIdentity": {
            "Type": "AWS::SES::EmailIdentity",
            "Properties": {
                "EmailIdentity": {"Ref": "MailDomain"},
                "ConfigurationSetAttributes": {
                    "ConfigurationSetName": {"Ref": "MailConfigurationSet"}
                },
            },
        },
        "MailConfigurationSet": {
            "Type": "AWS::SES::ConfigurationSet",
            "Properties": {
                "Name": {"Fn::Sub": "${AWS::StackName}"},
                "DeliveryOptions": {"TlsPolicy": "REQUIRE"},
                "ReputationOptions": {"ReputationMetricsEnabled": True},
            },
        },
        "MailEventDestination": {
            "Type": "AWS::SES::ConfigurationSetEventDestination",
            "DependsOn": "MailTopicPolicy",  # SES tries to publish when this is created
            "Properties": {
                "ConfigurationSetName": {"Ref": "MailConfigurationSet"},
                "EventDestination": {
                    "Name": "mail-events",
                    "Enabled": True,
                    "MatchingEventTypes": EVENT_TYPES,
                    "SnsDestination": {"TopicARN": {"Ref": "MailTopic"}},
                },
            },
        },
        "MailTopic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {"TopicName": {"Fn::Sub": "${AWS::StackName}-mail-events"}},
        },
        "MailTopicPolicy": _ses_may_publish(),
    }


def _ses_may_publish() -> dict[str, Any]:
    return {
        "Type": "AWS::SNS::TopicPolicy",
        "Properties": {
            "Topics": [{"Ref": "MailTopic"}],
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "SesPublishes",
                        "Effect": "Allow",
                        "Principal": {"Service": "ses.amazonaws.com"},
                        "Action": "sns:Publish",
                        "Resource": {"Ref": "MailTopic"},
                        "Condition": {
                            "StringEquals": {"AWS:SourceAccount": {"Ref": "AWS::AccountId"}}
                        },
                    }
                ],
            },
        },
    }

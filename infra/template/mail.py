"""Mail out: verified domain, configuration set, and the topic that says what became of it."""

from __future__ import annotations

from typing import Any

from infra.template import storage

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

    An address that bounced or complained is suppressed for this configuration set, whatever the
    account's own list says: SES sends there no more, and tells so as a bounce.
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
                "SuppressionOptions": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
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
        "MailTopic": storage.topic("mail-events"),
        "MailTopicPolicy": ses_may_publish("MailTopic"),
    }


def ses_may_publish(topic: str) -> dict[str, Any]:
    """SES of this account may publish to a topic."""
    return {
        "Type": "AWS::SNS::TopicPolicy",
        "Properties": {
            "Topics": [{"Ref": topic}],
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "SesPublishes",
                        "Effect": "Allow",
                        "Principal": {"Service": "ses.amazonaws.com"},
                        "Action": "sns:Publish",
                        "Resource": {"Ref": topic},
                        "Condition": {
                            "StringEquals": {"AWS:SourceAccount": {"Ref": "AWS::AccountId"}}
                        },
                    }
                ],
            },
        },
    }

"""The API's stage: throttling, an access log without words, a domain and a firewall if wanted."""

from __future__ import annotations

import json
from typing import Any

from infra.template import keys

Resources = dict[str, Any]

PARAMETERS: dict[str, Any] = {
    "ApiRatePerSecond": {
        "Type": "Number",
        "Default": 200,
        "Description": "Requests per second that the API accepts before it answers 429",
    },
    "ApiBurst": {"Type": "Number", "Default": 400},
    "ApiDomain": {
        "Type": "String",
        "Default": "",
        "Description": "The host of organisation.yaml's public_url; empty while there is none",
    },
    "ApiCertificateArn": {
        "Type": "String",
        "Default": "",
        "Description": "The certificate of ApiDomain, in the region of the stack",
    },
    "Firewall": {
        "Type": "String",
        "Default": "no",
        "AllowedValues": ["no", "yes"],
        "Description": "Whether AWS WAF stands before the API (about 10 dollars a month)",
    },
    "FirewallRequestsPerAddress": {
        "Type": "Number",
        "Default": 10000,
        "MinValue": 100,
        "Description": "Requests of one address within five minutes before it is answered 429; a "
        "vendor sends all of its webhooks from a few addresses",
    },
}
CONDITIONS: dict[str, Any] = {
    "HasFirewall": {"Fn::Equals": [{"Ref": "Firewall"}, "yes"]},
    "HasDomain": {"Fn::Not": [{"Fn::Equals": [{"Ref": "ApiDomain"}, ""]}]},
}

#: Facts of a request. Never `$context.path`, which holds a reader's token, nor the address of who
#: asks, nor a body: API Gateway has no variable for one.
ACCESS_LOG = {
    "id": "$context.requestId",
    "at": "$context.requestTime",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "ms": "$context.responseLatency",
    "function_status": "$context.integration.status",
    "error": "$context.error.responseType",
    "firewall": "$context.waf.status",
}
UNSUBSCRIBE_BYTES = 2048


def resources(log_days: int) -> Resources:
    """Chalice's API as we want it, its log, and the firewall."""
    return {
        "RestAPI": _api(),
        "AccessLogGroup": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {
                "LogGroupName": {"Fn::Sub": "/aws/apigateway/${AWS::StackName}"},
                "RetentionInDays": log_days,
                "KmsKeyId": keys.KEY,
            },
        },
        **_domain(),
        **_firewall(log_days),
    }


def _domain() -> Resources:
    """The address that vendors call, so that it stays when the API does not."""
    return {
        "Domain": {
            "Type": "AWS::ApiGateway::DomainName",
            "Condition": "HasDomain",
            "Properties": {
                "DomainName": {"Ref": "ApiDomain"},
                "RegionalCertificateArn": {"Ref": "ApiCertificateArn"},
                "EndpointConfiguration": {"Types": ["REGIONAL"]},
                "SecurityPolicy": "TLS_1_2",
            },
        },
        "DomainMapping": {
            "Type": "AWS::ApiGateway::BasePathMapping",
            "Condition": "HasDomain",
            "Properties": {
                "DomainName": {"Ref": "Domain"},
                "RestApiId": {"Ref": "RestAPI"},
                "Stage": {"Ref": "RestAPI.Stage"},
            },
        },
    }


def _api() -> Resources:
    throttled = {
        "ResourcePath": "/*",
        "HttpMethod": "*",
        "ThrottlingRateLimit": {"Ref": "ApiRatePerSecond"},
        "ThrottlingBurstLimit": {"Ref": "ApiBurst"},
        "MetricsEnabled": True,
        "LoggingLevel": "OFF",  # execution logs may hold paths, headers and what was answered
        "DataTraceEnabled": False,  # it would log bodies
    }
    return {
        "Properties": {
            "Name": {"Fn::Sub": "${AWS::StackName}-api"},
            "TracingEnabled": True,
            "MethodSettings": [throttled],
            "AccessLogSetting": {
                "DestinationArn": {"Fn::GetAtt": ["AccessLogGroup", "Arn"]},
                "Format": json.dumps(ACCESS_LOG),
            },
        }
    }


def _firewall(log_days: int) -> Resources:
    """Blocks known bad senders, floods of one address, and large bodies where none is due.

    Rules that read a body only count: customers write whatever they like, and a message with
    markup or an attack's name in it must arrive. Webhooks may be large (API Gateway takes 10 MB).
    """
    api = "arn:${AWS::Partition}:apigateway:${AWS::Region}::/restapis/${RestAPI}/stages"
    found: Resources = {
        "WebAcl": {
            "Type": "AWS::WAFv2::WebACL",
            "Properties": {
                "Scope": "REGIONAL",
                "DefaultAction": {"Allow": {}},
                "VisibilityConfig": _seen("firewall"),
                "Rules": _rules(),
            },
        },
        "FirewallAssociation": {
            "Type": "AWS::WAFv2::WebACLAssociation",
            "Properties": {
                "ResourceArn": {"Fn::Sub": f"{api}/${{RestAPI.Stage}}"},
                "WebACLArn": {"Fn::GetAtt": ["WebAcl", "Arn"]},
            },
        },
        "FirewallLogGroup": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {
                "LogGroupName": {"Fn::Sub": "aws-waf-logs-${AWS::StackName}"},  # as WAF demands
                "RetentionInDays": log_days,
                "KmsKeyId": keys.KEY,
            },
        },
        "FirewallLog": _firewall_log(),
    }
    for resource in found.values():
        resource["Condition"] = "HasFirewall"
    return found


def _firewall_log() -> Resources:
    """What was blocked, without what identifies a reader or proves a vendor."""
    headers = ("authorization", "cookie", "x-api-key")
    blocked = {"ActionCondition": {"Action": "BLOCK"}}
    group = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group"
    return {
        "Type": "AWS::WAFv2::LoggingConfiguration",
        "Properties": {
            "ResourceArn": {"Fn::GetAtt": ["WebAcl", "Arn"]},
            "LogDestinationConfigs": [{"Fn::Sub": f"{group}:${{FirewallLogGroup}}"}],
            "RedactedFields": [
                {"UriPath": {}},
                {"QueryString": {}},
                *({"SingleHeader": {"Name": name}} for name in headers),
            ],
            "LoggingFilter": {
                "DefaultBehavior": "DROP",
                "Filters": [
                    {"Behavior": "KEEP", "Requirement": "MEETS_ANY", "Conditions": [blocked]}
                ],
            },
        },
    }


def _rules() -> list[Resources]:
    per_address = {
        "Limit": {"Ref": "FirewallRequestsPerAddress"},
        "AggregateKeyType": "IP",
        "EvaluationWindowSec": 300,
    }
    return [
        # A vendor gives up at 403 and comes again at 429.
        _rule(0, "flood", {"RateBasedStatement": per_address}, _blocked(429)),
        _rule(1, "large-where-small", _large_unsubscription(), _blocked(413)),
        _managed(2, "AWSManagedRulesAmazonIpReputationList", []),
        _managed(
            3,
            "AWSManagedRulesKnownBadInputsRuleSet",
            ["Log4JRCE_BODY", "JavaDeserializationRCE_BODY"],
        ),
    ]


def _large_unsubscription() -> Resources:
    """What WAF cannot read to its end counts as large."""
    exactly = [{"Priority": 0, "Type": "NONE"}]
    where = {
        "SearchString": "/unsubscribe/",
        "FieldToMatch": {"UriPath": {}},
        "PositionalConstraint": "CONTAINS",
        "TextTransformations": exactly,
    }
    size = {
        "FieldToMatch": {"Body": {"OversizeHandling": "MATCH"}},
        "ComparisonOperator": "GT",
        "Size": UNSUBSCRIBE_BYTES,
        "TextTransformations": exactly,
    }
    both = [{"ByteMatchStatement": where}, {"SizeConstraintStatement": size}]
    return {"AndStatement": {"Statements": both}}


def _blocked(status: int) -> Resources:
    return {"Action": {"Block": {"CustomResponse": {"ResponseCode": status}}}}


def _managed(priority: int, name: str, counted: list[str]) -> Resources:
    group: Resources = {"VendorName": "AWS", "Name": name}
    if counted:
        group["RuleActionOverrides"] = [
            {"Name": rule, "ActionToUse": {"Count": {}}} for rule in counted
        ]
    statement = {"ManagedRuleGroupStatement": group}
    return _rule(priority, name, statement, {"OverrideAction": {"None": {}}})


def _rule(priority: int, name: str, statement: Resources, action: Resources) -> Resources:
    seen = {"VisibilityConfig": _seen(name)}
    return {"Name": name, "Priority": priority, "Statement": statement, **action, **seen}


def _seen(name: str) -> Resources:
    """Counted; samples, which would hold whole requests, are not kept."""
    return {
        "SampledRequestsEnabled": False,
        "CloudWatchMetricsEnabled": True,
        "MetricName": {"Fn::Sub": f"${{AWS::StackName}}-{name}"},
    }

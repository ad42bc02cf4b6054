"""The budget stack: CloudFormation makes budgets in us-east-1 alone.

It watches the whole account's bill: a filter by tag would see nothing until somebody activates the
tag for billing, and an alarm that cannot ring is worse than one that is too broad.
"""

from __future__ import annotations

from typing import Any

REGION = "us-east-1"
#: (what is compared, percent of the budget)
NOTICES = (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))


def budget_template(stage: str) -> dict[str, Any]:
    """A monthly budget that writes to the alarms' address."""
    reader = {"SubscriptionType": "EMAIL", "Address": {"Ref": "AlarmEmail"}}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Oivallus: the budget of the account of {stage}",
        "Parameters": {
            "AlarmEmail": {"Type": "String"},
            "MonthlyBudgetUsd": {"Type": "Number", "MinValue": 1},
        },
        "Resources": {
            "Budget": {
                "Type": "AWS::Budgets::Budget",
                "Properties": {
                    "Budget": {
                        "BudgetName": {"Ref": "AWS::StackName"},
                        "BudgetType": "COST",
                        "TimeUnit": "MONTHLY",
                        "BudgetLimit": {"Amount": {"Ref": "MonthlyBudgetUsd"}, "Unit": "USD"},
                    },
                    "NotificationsWithSubscribers": [
                        {
                            "Notification": {
                                "NotificationType": kind,
                                "ComparisonOperator": "GREATER_THAN",
                                "Threshold": percent,
                                "ThresholdType": "PERCENTAGE",
                            },
                            "Subscribers": [reader],
                        }
                        for kind, percent in NOTICES
                    ],
                },
            }
        },
    }

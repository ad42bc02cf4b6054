"""The stack, as the dict that `chalice package --merge-template` merges into Chalice's own.

Chalice writes the functions, the API and the schedules from app.py; these modules add what the
decorators cannot say: tables, queues, buckets, mail, model endpoints, permissions and alarms. The
local twin creates its resources from the same dict, so that the two cannot drift.

Two small stacks stand beside it, because they must be elsewhere or earlier: `base` and `budget`.
"""

from __future__ import annotations

import json
from typing import Any

from infra.paths import CHALICE_CONFIG
from infra.template import (
    alarms,
    api,
    archive,
    functions,
    inbound,
    keys,
    mail,
    model,
    storage,
)

Template = dict[str, Any]

STAGES = ("dev", "prod")
DEV = "dev"  # the one stage whose data may be deleted with the stack

_VERSION: Template = {
    "Version": {
        "Type": "String",
        "Default": "unknown",
        "Description": "What is deployed: the hash of code and template; infra/deploy.py sets it",
    },
    "CodeSha256": {
        "Type": "String",
        "Default": "unknown",
        "Description": "As Lambda tells it of every function; `hub doctor` compares",
    },
}


def merge_template(stage: str) -> Template:
    """Parameters, Resources and Outputs of one stage.

    Raises ValueError for a stage that .chalice/config.json does not have.
    """
    if stage not in STAGES:
        raise ValueError(f"stage {stage!r} is not one of {', '.join(STAGES)}")
    keep = stage != DEV
    return {
        "Description": f"Oivallus, a Voice-of-Customer hub ({stage})",
        "Parameters": parameters(),
        "Conditions": {
            **functions.CONDITIONS,
            **model.CONDITIONS,
            **api.CONDITIONS,
            **inbound.CONDITIONS,
        },
        "Resources": {
            **keys.resources(keep),
            **storage.tables(keep),
            **storage.queues(),
            **storage.topics(),
            **archive.resources(keep),
            **mail.resources(),
            **inbound.resources(stage, keep),
            **model.resources(),
            **functions.resources(stage),
            **api.resources(log_days(stage)),
            **alarms.resources(),
        },
        "Outputs": _outputs(),
    }


def parameters() -> Template:
    """Every parameter of the stack; a stage's settings file may set each."""
    found: Template = dict(_VERSION)
    for part in (archive, mail, inbound, model, functions, api, alarms):
        found |= part.PARAMETERS
    return found


def log_days(stage: str) -> int:
    """How long a stage's logs are kept."""
    config = json.loads(CHALICE_CONFIG.read_text())
    days: int = config["stages"][stage]["log_retention_in_days"]
    return days


def _outputs() -> Template:
    values: Template = {
        "Version": {"Ref": "Version"},
        "CodeSha256": {"Ref": "CodeSha256"},
        "EventsTableName": {"Ref": "EventsTable"},
        "ArchiveBucketName": {"Ref": "ArchiveBucket"},
        "EventsDeadLetterQueueUrl": {"Ref": "EventsDeadLetterQueue"},
        "FetchDeadLetterQueueUrl": {"Ref": "FetchDeadLetterQueue"},
        "ModelEndpointName": model.TEXT.endpoint_name,
        "DataKeyArn": keys.KEY,
        "DashboardName": {"Fn::Sub": "${AWS::StackName}"},
    }
    outputs: Template = {name: {"Value": value} for name, value in values.items()}
    outputs["DomainTarget"] = {
        "Condition": "HasDomain",
        "Description": "What the DNS record of ApiDomain must name (CNAME)",
        "Value": {"Fn::GetAtt": ["Domain", "RegionalDomainName"]},
    }
    return outputs

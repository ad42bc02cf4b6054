"""The stack, as the dict that `chalice package --merge-template` merges into Chalice's own.

Chalice writes the functions, the API and the schedules from app.py; these modules add what the
decorators cannot say: tables, queues, bucket, mail, model endpoint, permissions and alarms. The
local twin creates its resources from the same dict, so that the two cannot drift.
"""

from __future__ import annotations

from typing import Any

from infra.template import alarms, archive, functions, keys, mail, model, storage

Template = dict[str, Any]

STAGES = ("dev", "prod")
DEV = "dev"  # the one stage whose data may be deleted with the stack


def merge_template(stage: str) -> Template:
    """Parameters, Resources and Outputs of one stage.

    Raises ValueError for a stage that .chalice/config.json does not have.
    """
    if stage not in STAGES:
        raise ValueError(f"stage {stage!r} is not one of {', '.join(STAGES)}")
    keep = stage != DEV
    return {
        "Description": f"Oivallus, a Voice-of-Customer hub ({stage})",
        "Parameters": {**archive.PARAMETERS, **mail.PARAMETERS, **model.PARAMETERS}
        | {**functions.PARAMETERS, **alarms.PARAMETERS},
        "Conditions": functions.CONDITIONS | model.CONDITIONS,
        "Resources": {
            **storage.tables(keep),
            **keys.resources(keep),
            **storage.queues(),
            **storage.topics(),
            **archive.resources(keep),
            **mail.resources(),
            **model.resources(),
            **functions.resources(stage),
            **alarms.resources(),
        },
        "Outputs": {
            "EventsTableName": {"Value": {"Ref": "EventsTable"}},
            "ArchiveBucketName": {"Value": {"Ref": "ArchiveBucket"}},
            "EventsDeadLetterQueueUrl": {"Value": {"Ref": "EventsDeadLetterQueue"}},
            "FetchDeadLetterQueueUrl": {"Value": {"Ref": "FetchDeadLetterQueue"}},
            "ModelEndpointName": {"Value": model.TEXT.endpoint_name},
        },
    }

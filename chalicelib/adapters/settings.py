"""What the deployment tells a function, through its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from chalicelib.errors import Misconfigured


@dataclass(frozen=True)
class Settings:
    """Physical names of one stage's resources; each is the environment variable of that name."""

    stage: str
    region: str
    events_table: str
    interactions_table: str
    summaries_table: str
    registry_table: str
    archive_bucket: str
    events_queue_url: str
    fetch_queue_url: str
    fetch_dead_letter_queue_url: str
    model_endpoint: str
    secrets_prefix: str  # "oivallus/prod/": source secrets are <prefix>sources/<name>
    mail_configuration_set: str = ""
    model_mode: str = "realtime"  # or "asynchronous", of an endpoint that scales to zero
    model_speech_endpoint: str = ""  # "" where recordings are not written down
    recordings_queue_url: str = ""
    recordings_dead_letter_queue_url: str = ""
    summary_partitions: int = 1  # that a week's open counts are spread over
    inbound_bucket: str = ""  # where SES puts mail for this hub; "" where it receives none
    delivery_log: str = ""  # the CloudWatch log group that has a line for each delivery
    public_url: str = ""  # overrides organisation.yaml's, for the local hub


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from environment variables such as EVENTS_TABLE.

    Raises Misconfigured naming every variable that is missing.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {
        "region": environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION", "")
    }
    for setting in fields(Settings):
        found = environment.get(setting.name.upper())
        if found is not None:
            values[setting.name] = int(found) if setting.type == "int" else found
    missing = [
        f.name.upper()
        for f in fields(Settings)
        if f.name not in _OPTIONAL and not values.get(f.name)
    ]
    if missing:
        raise Misconfigured(
            f"the environment lacks {', '.join(missing)}; the deployed template sets them, and "
            "the local hub does so by itself"
        )
    return Settings(**values)


_OPTIONAL = {
    "mail_configuration_set",
    "model_mode",
    "model_speech_endpoint",
    "recordings_queue_url",
    "recordings_dead_letter_queue_url",
    "summary_partitions",
    "inbound_bucket",
    "delivery_log",
    "public_url",
}

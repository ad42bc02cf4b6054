"""How each source is doing, from the source book, the log of deliveries and the event log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from botocore.exceptions import ClientError

from chalicelib import notices
from chalicelib.adapters.clients import client
from chalicelib.deliveries import Delivery
from chalicelib.pipeline.watch import look
from chalicelib.sources_health import Finding
from infra.commands import cli
from infra.commands.worlds import Hub


@dataclass(frozen=True)
class Status:
    """One source. `wrong` are the findings in plain words; a source without one is all right.

    `last_event` is the last that was stored, from a push, a file or a backfill alike.
    """

    source: str
    connector: str
    title: str
    url: str
    last_event: datetime | None
    last: Delivery | None
    last_fault: Delivery | None
    counts_24h: Mapping[str, int]
    counts_7d: Mapping[str, int]
    secret_age: str
    wrong: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        return not self.wrong


def statuses(hub: Hub) -> list[Status]:
    """Every source that delivers by itself, in the order of organisation.yaml."""
    world = hub.world
    organisation, now = world.organisation(), world.clock()
    found = []
    for watched in look(world):
        tally, about = watched.tally, watched.about
        open_ = organisation.sources[watched.source].open
        found.append(
            Status(
                source=watched.source,
                connector=about.connector,
                title=about.title,
                url=about.url,
                last_event=world.log.last_received_at(watched.source),
                last=tally.last,
                last_fault=tally.last_fault,
                counts_24h=dict(tally.counts(now - timedelta(hours=24))),
                counts_7d=dict(tally.counts(now - timedelta(days=7))),
                secret_age="open" if open_ else secret_age(about.secret, now),
                wrong=tuple(
                    notices.line(one, about, now, organisation.zone) for one in watched.findings
                ),
                findings=watched.findings,
            )
        )
    return found


def secret_age(secret_id: str, now: datetime) -> str:
    """How long ago a secret was changed; its value is not read."""
    try:
        told = client("secretsmanager").describe_secret(SecretId=secret_id)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        return "none" if code == "ResourceNotFoundException" else f"not readable ({code})"
    changed = told.get("LastChangedDate") or told.get("CreatedDate")
    return cli.ago(changed, now) if changed else "unknown"

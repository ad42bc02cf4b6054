"""Gathers what `hub doctor` judges: one question to AWS at a time, none of which changes anything.

What AWS refuses to tell is noted, and the rest is asked all the same. The local hub has queues,
secrets and an organisation to ask about; the rest of it only plays what a stack has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.clients import client
from chalicelib.adapters.secrets import OWN_KEYS
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Proof
from chalicelib.fold import iso_week
from chalicelib.organisation import Organisation
from chalicelib.pipeline import digests
from chalicelib.pipeline.overdue import last_moment, monday_of
from infra.commands import dead_letters
from infra.commands.deployment import (
    BucketFact,
    DigestFact,
    Facts,
    MailFact,
    QueueFact,
    TableFact,
)
from infra.commands.facts_of_stack import GONE, Asked, of_stack
from infra.commands.worlds import Hub
from infra.template import DEV, archive


def gather(hub: Hub, file: Organisation | None) -> Facts:
    """The facts about a deployment, or about the local hub. `file` is the local organisation's."""
    asked, now = Asked(), hub.world.clock()
    organisation = asked("the published organisation", hub.world.organisation)
    about_stack = of_stack(hub, asked, now) if hub.where.stage else {}
    made_at = about_stack.pop("made_at", None) or now  # no digest of before is missing
    about_people: dict[str, Any] = {}
    if organisation is not None:
        who = organisation
        about_people = {
            "published": who.hash,
            "secrets": asked("secrets", lambda: _secrets(hub, who)),
            "digests": asked("sent digests", lambda: tuple(_digests(hub, who, now, made_at))),
        }
        if hub.where.stage:
            about_people["mail"] = asked("SES", lambda: _mail(who))
    return Facts(
        now=now,
        stack=hub.stack,
        keep=hub.where.stage not in ("", DEV),
        in_file=file.hash if file else None,
        queues=asked("queues", lambda: tuple(_queues(hub, now))),
        tables=asked("tables", lambda: _tables(hub)) if hub.where.stage else None,
        bucket=asked("the archive", lambda: _bucket(hub)) if hub.where.stage else None,
        wanted_prefixes=frozenset(archive.RAW_PREFIXES + archive.QUESTION_PREFIXES),
        refused=asked.refused,
        **about_stack,
        **about_people,
    )


# --- what holds data ---------------------------------------------------------------------------


def _queues(hub: Hub, now: datetime) -> Iterator[QueueFact]:
    dead = dead_letters.queues(hub)
    for queue in dead:
        yield QueueFact(queue.name, queue.depth(), dead=True)
    for url in sorted({queue.source for queue in dead} - {""}):
        told = client("sqs").get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        name = url.rpartition("/")[2]
        yield QueueFact(
            name.removeprefix(f"{hub.stack}-"),
            int(told["Attributes"]["ApproximateNumberOfMessages"]),
            dead=False,
            oldest_s=_oldest_s(name, now) if hub.where.stage else None,
        )


def _oldest_s(queue: str, now: datetime) -> float | None:
    """The age of the oldest message as CloudWatch last knew it; None when it did not."""
    points = client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=[{"Name": "QueueName", "Value": queue}],
        StartTime=now - timedelta(minutes=15),
        EndTime=now,
        Period=300,
        Statistics=["Maximum"],
    )["Datapoints"]
    last = max(points, key=lambda point: point["Timestamp"], default=None)
    return float(last["Maximum"]) if last else None


def _tables(hub: Hub) -> tuple[TableFact, ...]:
    names = ("events_table", "interactions_table", "summaries_table", "registry_table")
    return tuple(_table(getattr(hub.settings, name)) for name in names)


def _table(name: str) -> TableFact:
    dynamodb = client("dynamodb")
    table = dynamodb.describe_table(TableName=name)["Table"]
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {})
    expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    return TableFact(
        name=name,
        status=table["TableStatus"],
        recoverable=recovery.get("PointInTimeRecoveryStatus") == "ENABLED",
        expires=expiry.get("TimeToLiveStatus") in ("ENABLED", "ENABLING"),
        protected=bool(table.get("DeletionProtectionEnabled")),
    )


def _bucket(hub: Hub) -> BucketFact:
    bucket, s3 = hub.settings.archive_bucket, client("s3")
    encryption = _or_nothing(lambda: s3.get_bucket_encryption(Bucket=bucket))
    rules = encryption.get("ServerSideEncryptionConfiguration", {}).get("Rules", [{}])
    block = _or_nothing(lambda: s3.get_public_access_block(Bucket=bucket))
    private = block.get("PublicAccessBlockConfiguration", {})
    lifecycle = _or_nothing(lambda: s3.get_bucket_lifecycle_configuration(Bucket=bucket))
    return BucketFact(
        name=bucket,
        encrypted_with=rules[0]
        .get("ApplyServerSideEncryptionByDefault", {})
        .get("SSEAlgorithm", ""),
        private=len(private) >= 4 and all(private.values()),
        versioned=s3.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled",
        expiring=frozenset(
            str(rule.get("Filter", {}).get("Prefix") or rule.get("Prefix", ""))
            for rule in lifecycle.get("Rules", ())
            if rule["Status"] == "Enabled"
        ),
    )


def _or_nothing(question: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """The answer, {} where AWS says that there is no such setting."""
    try:
        return question()
    except ClientError as error:
        if error.response["Error"]["Code"] in GONE:
            return {}
        raise


# --- mail, secrets, digests --------------------------------------------------------------------


def _mail(organisation: Organisation) -> MailFact:
    ses = client("sesv2")
    account = _or_nothing(ses.get_account)
    quota = account.get("SendQuota", {})
    address = parseaddr(organisation.sender)[1]
    readers = {r.lower() for d in organisation.departments for r in d.recipients}
    return MailFact(
        verified=any(map(_verified, (address.partition("@")[2], address))),
        production=bool(account.get("ProductionAccessEnabled")),
        sending=bool(account.get("SendingEnabled")),
        readers=len(readers),
        suppressed=sum(map(_suppressed, sorted(readers))),
        sent_24h=quota.get("SentLast24Hours", 0),
        quota_24h=max(0, quota.get("Max24HourSend", 0)),  # -1: without limit
    )


def _verified(identity: str) -> bool:
    ses = client("sesv2")
    found = _or_nothing(lambda: ses.get_email_identity(EmailIdentity=identity))
    return bool(found.get("VerifiedForSendingStatus"))


def _suppressed(address: str) -> bool:
    ses = client("sesv2")
    return bool(_or_nothing(lambda: ses.get_suppressed_destination(EmailAddress=address)))


def _secrets(hub: Hub, organisation: Organisation) -> dict[str, datetime | None]:
    """When each secret that is needed was last changed; its value is not read."""
    prefix = hub.settings.secrets_prefix
    wanted = [prefix + name for name in OWN_KEYS]
    for name, source in organisation.sources.items():
        if not source.open and CONNECTORS[source.connector].proof is not Proof.IMPORT:
            wanted.append(f"{prefix}sources/{name}")
    found: dict[str, datetime | None] = {}
    for name in wanted:
        told = _or_nothing(lambda: client("secretsmanager").describe_secret(SecretId=name))  # noqa: B023
        found[name] = told.get("LastChangedDate") or told.get("CreatedDate")
    return found


def _digests(
    hub: Hub, organisation: Organisation, now: datetime, made_at: datetime
) -> Iterator[DigestFact]:
    """The last digest of each department; those from before the stack was there are left out."""
    for department in organisation.departments:
        moment = last_moment(department.schedule, organisation.zone, now)
        if moment < made_at:
            continue
        week, registry = iso_week(monday_of(moment)), hub.world.registry
        readers = [digests.reader_id(hub.world, department.id, r) for r in department.recipients]
        wanted = [reader for reader in readers if not registry.opted_out(reader)]
        states = [registry.digest_state(f"{week}_{department.id}_{one}", now) for one in wanted]
        yield DigestFact(
            department=department.id,
            week=week,
            readers=len(wanted),
            sent=states.count("sent"),
            due=digests.due(department.schedule, organisation.zone, now) is not None,
        )

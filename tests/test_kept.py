"""A world that was copied works like one that was created, and nothing of another test is in it."""

from __future__ import annotations

from typing import Any

from chalicelib.adapters.clients import client
from chalicelib.adapters.settings import Settings
from tests import kept

ROW = {"kind": {"S": "k"}, "id": {"S": "1"}}


def _use(settings: Settings) -> None:
    """Leave something in every service."""
    client("dynamodb").put_item(TableName=settings.registry_table, Item=ROW)
    client("s3").put_object(Bucket=settings.archive_bucket, Key="k", Body=b"b")
    client("sqs").send_message(QueueUrl=settings.events_queue_url, MessageBody="m")
    client("secretsmanager").put_secret_value(SecretId="oivallus/test/link-key", SecretString="s")
    client("sesv2").create_email_identity(EmailIdentity="another.example")


def _held(settings: Settings) -> list[Any]:
    """What every service holds."""
    dynamodb, s3, sqs = client("dynamodb"), client("s3"), client("sqs")
    secret = client("secretsmanager").get_secret_value(SecretId="oivallus/test/link-key")
    identities = client("sesv2").list_email_identities()["EmailIdentities"]
    return [
        dynamodb.scan(TableName=settings.registry_table)["Items"],
        s3.list_objects_v2(Bucket=settings.archive_bucket).get("Contents", []),
        sqs.receive_message(QueueUrl=settings.events_queue_url).get("Messages", []),
        secret["SecretString"],
        [identity["IdentityName"] for identity in identities],
    ]


def test_what_was_put_back_is_what_was_taken_however_often_it_is_used(aws: Settings) -> None:
    state = kept.take()
    before = _held(aws)
    for _ in range(2):
        _use(aws)
        used = _held(aws)
        assert all(now != then for now, then in zip(used, before, strict=True))
        kept.put_back(state)
        assert _held(aws) == before


def test_items_of_one_table_are_put_back_alone(aws: Settings) -> None:
    before = kept.items(aws.registry_table)
    _use(aws)
    kept.put_items(aws.registry_table, before)
    rows, *others = _held(aws)
    assert rows == []
    assert all(others)

"""A received mail is gone once it is read; an erasure reaches those that nobody has read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.adapters.clients import client
from chalicelib.adapters.inbound import InboundMail
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.queue import Job
from chalicelib.adapters.vendor_http import VendorHttp
from chalicelib.adapters.world import World
from chalicelib.connectors.vendor_api import Answer, Call
from chalicelib.errors import Retryable
from chalicelib.interaction import Event, Role
from chalicelib.pipeline.fetch import fetch
from chalicelib.pipeline.persons import UNREAD_AFTER, erase
from chalicelib.pipeline.rebuild import publish_organisation
from tests.conftest import NOW, ORGANISATION
from tests.events import event

BUCKET = "stack-inbound"
LETTER = Path(__file__).parent.parent / "fixtures/letters/gmail_fi_reply.eml"
MAIJA = "email:maija.merilainen@posti.example"


@pytest.fixture
def mailed(world: World) -> World:
    for name in (BUCKET, "theirs"):
        place = {"LocationConstraint": "eu-north-1"}
        client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=place)
    mail = "\n  mail: {connector: ses, touchpoint: delivery}"
    publish_organisation(world, ORGANISATION.replace("\nsources:", "\nsources:" + mail))
    world._published.clear()
    return replace(world, inbound=InboundMail(BUCKET))


def _put(name: str, content: bytes, bucket: str = BUCKET) -> None:
    client("s3").put_object(Bucket=bucket, Key=f"mail/{name}", Body=content)


def _lie(bucket: str = BUCKET) -> list[str]:
    found = client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])
    return [item["Key"] for item in found]


def _waiting(world: World, name: str, bucket: str = BUCKET) -> Job:
    waits = event(name, source="mail", interaction_id=f"t-{name}", text="", role=Role.SYSTEM)
    waits = replace(waits, fetch=f"s3:{bucket}/mail/{name}")
    world.log.add(waits, NOW, 30, None)
    return Job(EventKey(waits.interaction_key, name))


def _texts(world: World, job: Job) -> list[Event]:
    keys = [key for key in world.log.all_keys() if key.interaction == job.key.interaction]
    return [one for one in world.log.read(keys).values() if one.text]


def test_a_mail_that_is_stored_is_removed_and_only_from_our_bucket(mailed: World) -> None:
    for bucket, name, left in ((BUCKET, "m-1", []), ("theirs", "m-2", ["mail/m-2"])):
        _put(name, LETTER.read_bytes(), bucket)
        job = _waiting(mailed, name, bucket)
        assert fetch(mailed, [job]) == frozenset()
        assert [one.customer for one in _texts(mailed, job)] == [MAIJA]
        assert _lie(bucket) == left


def test_a_worker_that_dies_before_it_is_stored_leaves_the_mail(
    mailed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put("m-1", LETTER.read_bytes())
    job = _waiting(mailed, "m-1")

    def refuses(*_: object) -> None:
        raise Retryable("the queue does not answer")

    with monkeypatch.context() as broken:
        broken.setattr(type(mailed.queue), "put", refuses)
        fetch(mailed, [job])
    assert _lie() == ["mail/m-1"]
    # Done again, also by a worker that finds the mail gone.
    assert fetch(mailed, [job, job]) == frozenset()
    assert (_lie(), len(_texts(mailed, job))) == ([], 1)


def test_two_workers_at_once(mailed: World) -> None:
    """The slower one finds the mail removed: nothing is lost, nothing becomes a dead letter."""
    _put("m-1", LETTER.read_bytes())
    job = _waiting(mailed, "m-1")
    reads = VendorHttp()

    def late(call: Call) -> Answer:
        fetch(mailed, [job])
        return reads.send(call)

    assert fetch(mailed, [job], late) == frozenset()
    assert (_lie(), len(_texts(mailed, job))) == ([], 1)


def test_an_erasure_reaches_mails_that_nobody_reads(mailed: World) -> None:
    _put("old", LETTER.read_bytes())
    _put("other", b"From: onni@a.example\r\n\r\nHei")
    (written,) = {
        item["LastModified"]
        for item in client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
        if item["Key"] == "mail/old"
    }
    fresh = replace(mailed, clock=lambda: written + UNREAD_AFTER)
    receipt = erase(fresh, [MAIJA])
    assert (receipt.unreadable, receipt.left_to_do) == (0, 1)
    assert len(_lie()) == 2
    late = replace(mailed, clock=lambda: written + UNREAD_AFTER + timedelta(seconds=1))
    receipt = erase(late, [MAIJA])
    assert (receipt.unreadable, receipt.left_to_do) == (1, 0)
    assert _lie() == ["mail/other"]


def test_a_waiting_mail_of_an_erased_conversation_goes_at_once(mailed: World) -> None:
    job = _waiting(mailed, "m-1")
    _put("m-1", b"From: onni@a.example\r\n\r\nHei")
    source, _, interaction = job.key.interaction.partition("#")
    said = event("m-0", source=source, interaction_id=interaction, customer=MAIJA)
    mailed.log.add(said, NOW, 30, None)
    assert erase(replace(mailed, clock=lambda: datetime.now(UTC)), [MAIJA]).interactions == 1
    assert _lie() == []
    assert fetch(mailed, [job]) == frozenset()
    assert _texts(mailed, job) == []


def test_without_a_bucket_nothing_is_looked_for(world: World) -> None:
    assert list(world.inbound.letters()) == []
    assert not world.inbound.holds("s3:///mail/1")

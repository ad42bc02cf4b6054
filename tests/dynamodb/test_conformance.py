"""What the adapters rely on, held against two DynamoDBs that know nothing of each other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from pynamodb.exceptions import PutError, UpdateError

from chalicelib.adapters import codec, transact
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.tables import MAX_ITEM_BYTES, EventRow, InteractionRow
from chalicelib.adapters.world import World
from chalicelib.connectors.base import Request
from chalicelib.errors import Retryable
from chalicelib.pipeline.rebuild import recount
from chalicelib.pipeline.understand import refold, understand
from tests.conftest import NOW
from tests.events import event

both = pytest.mark.parametrize("database", ["moto", "dynalite"], indirect=True)
moto = pytest.mark.parametrize("database", ["moto"], indirect=True)

DAY = date(2026, 11, 16)


def _key(number: int) -> EventKey:
    return EventKey(f"shop#c{number}", "1")


def _log(world: World, number: int, text: str = "kiitos") -> EventKey:
    world.log.add(event("1", interaction_id=f"c{number}", text=text), NOW, 30, None)
    return _key(number)


@contextmanager
def answering(
    answer: Callable[[], tuple[str, Any] | None], model: Any = EventRow
) -> Iterator[None]:
    """DynamoDB answers what `answer` says: an error's code and body; None lets the call through."""

    def before_send(request: Any, **_: Any) -> AWSResponse | None:
        told = answer()
        if told is None:
            return None
        code, more = told
        body = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", **more}).encode()
        response = AWSResponse(
            request.url, 400, {"content-type": "application/x-amz-json-1.0"}, None
        )
        response._content = body
        return response

    events = model._get_connection().connection.client.meta.events
    events.register_first("before-send.dynamodb", before_send)
    try:
        yield
    finally:
        events.unregister("before-send.dynamodb", before_send)


@both
def test_a_second_writer_of_an_event_is_told_and_changes_nothing(world: World) -> None:
    _log(world, 1, "ensin")
    world.log.add(event("1", interaction_id="c1", text="toiseksi"), NOW, 30, None)
    assert world.log.read([_key(1)])[_key(1)].text == "ensin"


@both
def test_a_stale_version_is_refused_whole(world: World) -> None:
    understand(world, [_log(world, 1)])
    (state,) = world.interactions.read(["shop#c1"]).values()
    counted = world.summaries.read(DAY, DAY + timedelta(days=6))
    InteractionRow("shop#c1").update(actions=[InteractionRow.version.set(9)])
    change = refold(world.organisation(), state, state)
    assert world.interactions.commit([change]) == frozenset()
    assert world.summaries.read(DAY, DAY + timedelta(days=6)) == counted


@both
def test_counts_add_up_by_themselves_and_a_zero_is_no_count(world: World) -> None:
    keys = [_log(world, number, text) for number, text in enumerate(["lasku", "kiitos", "hei"])]
    understand(world, keys[:1])
    understand(world, keys)
    assert world.summaries.read(DAY, DAY + timedelta(days=6)) == recount(world)


@both
def test_a_delivery_beyond_an_item_goes_to_the_archive(world: World) -> None:
    raw = codec.dump_request(Request("POST", "/", {}, bytes(range(256)) * 4000))
    large = raw + bytes(MAX_ITEM_BYTES)
    world.log.add(event("1", interaction_id="c1"), NOW, 30, large)
    row = EventRow.get(*_key(1))
    assert row.raw is None
    assert world.log.archive.get(row.raw_in) == large


@both
def test_an_item_of_400_kb_is_refused_by_the_table_itself(world: World, database: str) -> None:
    """The limit that MAX_ITEM_BYTES keeps away from is really there, on put and on update."""
    too_large = bytes(410_000)
    with pytest.raises(PutError, match="exceeded the maximum allowed size"):
        EventRow(
            *_key(2),
            source="shop",
            received_at=NOW.isoformat(),
            outcome="accepted",
            raw=too_large,
            expires_at=NOW,
        ).save()
    _log(world, 1)
    if database == "dynalite":  # moto lets an update pass
        with pytest.raises(UpdateError, match="exceeded the maximum allowed size"):
            EventRow(*_key(1)).update(actions=[EventRow.raw.set(too_large)])


@both
def test_more_than_a_page_and_more_than_a_batch_are_read_whole(world: World) -> None:
    large = [_log(world, number) for number in range(7)]
    for key in large:
        EventRow(*key).update(actions=[EventRow.raw.set(bytes(300_000))])
    small = [event("1", interaction_id=f"c{number}") for number in range(7, 250)]
    for start in range(0, len(small), transact.MAX_ITEMS):
        world.log.add_many(small[start : start + transact.MAX_ITEMS], NOW, 30)
    keys = [_key(number) for number in range(250)]
    assert set(world.log.read(keys)) == set(keys)
    assert set(world.log.all_keys()) == set(keys)


@both
def test_throttled_for_a_while_is_waited_out_and_for_long_is_told(world: World) -> None:
    _log(world, 1)
    told = iter([("ProvisionedThroughputExceededException", {"message": "slow down"})])
    with answering(lambda: next(told, None)):
        assert list(world.log.read([_key(1)])) == [_key(1)]
    always = ("ProvisionedThroughputExceededException", {"message": "slow down"})
    with answering(lambda: always), pytest.raises(Retryable):
        world.log.read([_key(1)])


@moto
def test_a_conflict_is_tried_item_by_item(world: World) -> None:
    keys = [_log(world, number) for number in range(3)]
    conflict = {
        "message": "cancelled",
        "CancellationReasons": [{"Code": "TransactionConflict"}, {"Code": "None"}],
    }
    told = iter([("TransactionCanceledException", conflict)])
    connection = transact._connection(EventRow.Meta.region)
    with answering(lambda: next(told, None), _Connected(connection)):
        assert understand(world, keys) == frozenset()
    assert world.summaries.read(DAY, DAY + timedelta(days=6)).count("contacts") == 3


class _Connected:
    """A model-like thing around a bare connection."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def _get_connection(self) -> _Connected:
        return self

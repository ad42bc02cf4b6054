"""moto, corrected: quicker and safe for threads, and still the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.adapters.clients import client
from infra.local import quick_update
from infra.local.aws import local_aws
from infra.local.hub import REGION, fresh_clients

KEYS = [{"AttributeName": "h", "KeyType": "HASH"}, {"AttributeName": "r", "KeyType": "RANGE"}]


@pytest.fixture(scope="module")
def tables() -> Iterator[list[str]]:
    """Two tables: one is updated quickly, the other by moto's own way."""
    with local_aws(REGION, lambda: None), fresh_clients():
        for name in ("quick", "moto"):
            client("dynamodb").create_table(
                TableName=name,
                KeySchema=KEYS,
                AttributeDefinitions=[
                    {"AttributeName": key, "AttributeType": "S"} for key in ("h", "r", "g")
                ],
                GlobalSecondaryIndexes=[
                    {
                        "IndexName": "by_g",
                        "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
                        "Projection": {"ProjectionType": "ALL"},
                    }
                ],
                BillingMode="PAY_PER_REQUEST",
            )
        yield ["quick", "moto"]


def put(table: str, hash_key: str, range_key: str, **attributes: str) -> None:
    item = {"h": {"S": hash_key}, "r": {"S": range_key}}
    item |= {name: {"S": value} for name, value in attributes.items()}
    client("dynamodb").put_item(TableName=table, Item=item)


def items(table: str) -> list[Any]:
    found = client("dynamodb").scan(TableName=table)["Items"]
    return sorted(found, key=lambda item: (item["h"]["S"], item["r"]["S"]))


NUMBERS = st.integers(-(10**12), 10**12).map(lambda number: {"N": str(number)})
VALUES = st.one_of(NUMBERS, st.text(min_size=1, max_size=5).map(lambda text: {"S": text}))
UPDATES = st.tuples(
    st.sampled_from(["a", "b"]),
    st.dictionaries(st.sampled_from(["x", "y", "n:contacts"]), VALUES, max_size=2),
    st.dictionaries(st.sampled_from(["n:sum", "n:top", "z"]), VALUES, max_size=3),
).filter(lambda update: bool(update[1] or update[2]))


def request(range_key: str, sets: dict[str, Any], adds: dict[str, Any]) -> dict[str, Any]:
    names = {f"#{i}": name for i, name in enumerate((*sets, *adds))}
    values = {f":{i}": value for i, value in enumerate((*sets.values(), *adds.values()))}
    set_clause = ", ".join(f"#{i} = :{i}" for i in range(len(sets)))
    add_clause = ", ".join(f"#{i} :{i}" for i in range(len(sets), len(names)))
    clauses = [f"SET {set_clause}"] * bool(sets) + [f"ADD {add_clause}"] * bool(adds)
    return {
        "Key": {"h": {"S": "p"}, "r": {"S": range_key}},
        "UpdateExpression": " ".join(clauses),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(updates=st.lists(UPDATES, min_size=1, max_size=4))
def test_a_quick_update_is_motos_update(
    tables: list[str], updates: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for update in updates:
        wanted, codes = request(*update), []
        for table in tables:
            with monkeypatch.context() as patched:
                if table == "moto":
                    patched.setattr(quick_update, "attempt", lambda *_: None)
                try:
                    client("dynamodb").update_item(TableName=table, **wanted)
                    codes.append("ok")
                except ClientError as error:
                    codes.append(error.response["Error"]["Code"])
        assert codes[0] == codes[1]
    assert items("quick") == items("moto")


def test_plain_updates_do_take_the_quick_way(tables: list[str]) -> None:
    from moto.dynamodb.models import dynamodb_backends

    table = dynamodb_backends["123456789012"][REGION].tables["quick"]
    wanted = request("quick", {"x": {"N": "1"}}, {"z": {"N": "2"}})
    arguments = list(wanted.values())
    assert quick_update.attempt(table, *arguments) is not None
    arguments[1] = "SET #0 = if_not_exists(#0, :0) ADD #1 :1"
    assert quick_update.attempt(table, *arguments) is None
    arguments[1] = "REMOVE #0"
    assert quick_update.attempt(table, *arguments) is None


def test_every_type_comes_back_as_it_went(tables: list[str]) -> None:
    item = {
        "h": {"S": "types"},
        "r": {"S": "ä☃"},
        "number": {"N": "-12.5"},
        "bytes": {"B": bytes(range(256))},
        "yes": {"BOOL": True},
        "none": {"NULL": True},
        "empty": {"S": ""},
    }
    nested = {"list": {"L": [{"N": "1"}, {"M": {"b": {"B": b"\x00"}}}]}, "set": {"SS": ["a"]}}
    for wanted in (item, item | nested):
        client("dynamodb").put_item(TableName="quick", Item=wanted)
        key = {"h": item["h"], "r": item["r"]}
        assert client("dynamodb").get_item(TableName="quick", Key=key)["Item"] == wanted


def test_a_refused_transaction_leaves_everything(tables: list[str]) -> None:
    put("quick", "tx", "old", state="before")
    before = items("quick")
    key = {"h": {"S": "tx"}}
    names, values = {"#s": "state"}, {":s": {"S": "after"}}
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        client("dynamodb").transact_write_items(
            TransactItems=[
                {"Put": {"TableName": "quick", "Item": {**key, "r": {"S": "new"}}}},
                {
                    "Update": {
                        "TableName": "quick",
                        "Key": {**key, "r": {"S": "old"}},
                        "UpdateExpression": "SET #s = :s",
                        "ExpressionAttributeNames": names,
                        "ExpressionAttributeValues": values,
                    }
                },
                {"Delete": {"TableName": "quick", "Key": {**key, "r": {"S": "old2"}}}},
                {
                    "ConditionCheck": {
                        "TableName": "quick",
                        "Key": {**key, "r": {"S": "nowhere"}},
                        "ConditionExpression": "attribute_exists(h)",
                    }
                },
            ]
        )
    assert items("quick") == before


def test_a_query_finds_its_partition_in_order(tables: list[str]) -> None:
    for number in (3, 1, 2):
        put("quick", "q", f"r{number}", g="group")
        put("quick", f"other{number}", "r", g="elsewhere")
    dynamodb = client("dynamodb")
    condition = {":k": {"S": "q"}}
    found = dynamodb.query(
        TableName="quick", KeyConditionExpression="h = :k", ExpressionAttributeValues=condition
    )
    assert [item["r"]["S"] for item in found["Items"]] == ["r1", "r2", "r3"]
    by_index = dynamodb.query(
        TableName="quick",
        IndexName="by_g",
        KeyConditionExpression="g = :k",
        ExpressionAttributeValues={":k": {"S": "group"}},
    )
    assert {item["h"]["S"] for item in by_index["Items"]} == {"q"}
    nothing = dynamodb.query(
        TableName="quick",
        KeyConditionExpression="h = :k",
        ExpressionAttributeValues={":k": {"S": "nobody"}},
    )
    assert nothing["Items"] == []


def test_a_scan_in_pages_finds_everything_once_in_order(tables: list[str]) -> None:
    for number in range(25):
        put("moto", f"page-{number % 7}", f"{number:02}")
    whole = client("dynamodb").scan(TableName="moto")["Items"]
    found: list[Any] = []
    more: dict[str, Any] = {}
    while True:
        page = client("dynamodb").scan(TableName="moto", Limit=4, **more)
        found += page["Items"]
        if "LastEvaluatedKey" not in page:
            break
        more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        if len(found) == 8:  # the next page begins behind an item that is gone meanwhile
            client("dynamodb").delete_item(TableName="moto", Key=page["LastEvaluatedKey"])
    assert found == whole
    assert len(found) >= 25

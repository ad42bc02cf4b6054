"""The cost model: its rules of counting, its sums, and that docs/cost.md tells today's calls.

Calls are compared exactly; capacity units within a tenth, because keys made at random move a
compressed row by some bytes. Prices may change without a test's knowing.
"""

from __future__ import annotations

import json
import re
import tomllib

import pytest

from infra import cost, cost_page
from infra.cost_benchmarks import benchmarks
from infra.cost_meter import Index, Item, index_units, item_bytes, metered
from infra.cost_sample import BATCHES, Sample, measure
from infra.paths import CHALICE_CONFIG

PRICES = cost.read_prices()
BY_COLOUR = Index("by_colour", ("colour",), frozenset({"note"}))


@pytest.fixture(scope="module")
def sample() -> Sample:
    return measure()


@pytest.fixture(scope="module")
def page() -> str:
    return cost.PAGE.read_text(encoding="utf-8")


def rows(text: str, heading: str) -> dict[str, list[str]]:
    """The first table below the line that begins with `heading`: first cell -> the others."""
    table = text[text.index(f"\n{heading}") :].split("\n|", 1)[1].split("\n\n", maxsplit=1)[0]
    cells = [[cell.strip() for cell in line.strip("| ").split("|")] for line in table.splitlines()]
    return {first: rest for first, *rest in cells[2:]}


def test_the_page_tells_the_calls_that_the_code_makes(sample: Sample, page: str) -> None:
    told, made = rows(page, "Calls of one"), rows(cost_page.page(sample, PRICES), "Calls of one")
    secrets = [name for name in {*told, *made} if "secretsmanager" in name]  # cached by the clock
    for name in secrets:
        told.pop(name, None)
        made.pop(name, None)
    assert told == made, "the code makes other calls than docs/cost.md says: python -m infra.cost"


def test_the_page_tells_the_units_that_the_calls_take(sample: Sample, page: str) -> None:
    made = rows(cost_page.page(sample, PRICES), "Capacity units")
    told = rows(page, "Capacity units")
    assert told.keys() == made.keys(), "docs/cost.md is of another code: python -m infra.cost"
    for name, units in told.items():
        expected = pytest.approx([float(n) for n in made[name]], rel=0.1, abs=0.02)
        assert [float(n) for n in units] == expected, f"{name}: run python -m infra.cost"


def test_a_webhook_is_one_write_and_one_message(sample: Sample) -> None:
    received = sample.received
    assert cost.calls(received.meter, "PutItem") == received.runs
    assert cost.calls(received.meter, "SendMessage") == received.runs
    places = {name for name in received.meter.calls if "secretsmanager" not in name}
    assert len(places) == 2


def test_batches_change_calls_and_counts_but_not_what_is_judged(sample: Sample) -> None:
    steps = [sample.understood[size] for size in BATCHES]
    assert len({step.meter.texts for step in steps}) == 1
    summed = [cost.units(step.meter, "summaries") for step in steps]
    assert summed == sorted(summed, reverse=True)
    assert summed[-1] < summed[0]


@pytest.mark.parametrize("contacts", cost.SCALES)
def test_sums(sample: Sample, contacts: int) -> None:
    lines = cost.bill(sample, contacts, PRICES)
    assert cost.total(lines) == pytest.approx(sum(line.usd for line in lines))
    for line in lines:
        assert line.usd == pytest.approx(line.quantity * PRICES.of[line.price].usd, abs=0.0051)
        assert line.quantity >= 0


def test_the_pages_columns_add_up(page: str) -> None:
    lines = rows(page, "## Line by line")
    told = [amount.strip("*") for amount in lines.pop("**all**")]
    for place, whole in enumerate(told):
        column = [float(line[place].replace(",", "")) for line in lines.values()]
        assert sum(column) == pytest.approx(float(whole.replace(",", "")), abs=0.001)
    totals = [row[2] for row in rows(page, "## A month").values()]
    assert totals == told


def test_more_contacts_cost_more_and_each_less(sample: Sample) -> None:
    totals = [cost.total(cost.bill(sample, n, PRICES)) for n in cost.SCALES]
    assert totals == sorted(totals)
    each = [whole / n for whole, n in zip(totals, cost.SCALES, strict=True)]
    assert each == sorted(each, reverse=True)


def test_a_month_is_as_long_as_its_hours(sample: Sample) -> None:
    assert len(sample.hours) == 168
    assert sum(sample.hours) == pytest.approx(1)
    of = cost.month(sample, 1_000_000)
    assert of.batches * of.batch_size == pytest.approx(of.events)


def test_every_price_has_a_page_of_aws() -> None:
    content = tomllib.loads(cost.PRICES.read_text(encoding="utf-8"))
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", content["date"])
    assert all(p.page.startswith("https://aws.amazon.com/") for p in PRICES.of.values())
    assert all(p.usd > 0 for p in PRICES.of.values())


def test_the_benchmarks_are_read_from_the_pages_that_tell_them() -> None:
    page = (
        "\n## A webhook\n\n| | floor | webhook |\n|---|---|---|\n| CPU µs | 1 | 4,605 |\n"
        "\n## Understanding\n\n| 1 | 10.7 |\n| 10 | 17 |\n| 100 | 60 |\n"
        "\n## A digest\n\n| 1,000,000 | 3,960 | 1,278 | 1 |\n"
        "\n## Cold start\n\n| a webhook (`app`) | 0.38 | 0.32 |\n"
    )
    model = "\n## Speed\n| read, understand, write | 122.7 | 8 |\n| a lone text | 1193 | 838 |\n"
    read = benchmarks(page, model)
    assert (read.webhook_ms, read.batch_ms[100], read.digest_ms) == (4.605, 60, 1278)
    assert (read.cold_ms, read.lone_text_ms, read.text_ms) == (380, 1.193, 0.1227)
    with pytest.raises(ValueError, match=r"has no row 'CPU µs' below '## A webhook'"):
        benchmarks(page.replace("CPU µs", "CPU ms"), model)


def test_the_memory_is_the_deployed_one() -> None:
    stages = json.loads(CHALICE_CONFIG.read_text(encoding="utf-8"))["stages"]
    assert stages["prod"]["lambda_memory_size"] == cost.MEMORY_MB


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [
        pytest.param(None, {"id": {"S": "1"}}, 0, id="not in the index"),
        pytest.param(None, {"id": {"S": "1"}, "colour": {"S": "red"}}, 1, id="made"),
        pytest.param({"id": {"S": "1"}, "colour": {"S": "red"}}, None, 1, id="removed"),
        pytest.param(
            {"id": {"S": "1"}, "colour": {"S": "red"}},
            {"id": {"S": "1"}, "colour": {"S": "blue"}},
            2,
            id="moved",
        ),
        pytest.param(
            {"id": {"S": "1"}, "colour": {"S": "red"}, "body": {"B": b"1"}},
            {"id": {"S": "1"}, "colour": {"S": "red"}, "body": {"B": b"2"}},
            0,
            id="what changed is not copied",
        ),
        pytest.param(
            {"id": {"S": "1"}, "colour": {"S": "red"}, "note": {"S": "a"}},
            {"id": {"S": "1"}, "colour": {"S": "red"}, "note": {"S": "b" * 1024}},
            2,
            id="a copied attribute grew beyond a kB",
        ),
    ],
)
def test_units_of_an_index(
    before: dict[str, dict[str, str]], after: dict[str, dict[str, str]], units: int
) -> None:
    assert index_units(BY_COLOUR, ("id",), before, after) == units


def test_the_size_of_an_item() -> None:
    # Names and values in UTF-8; a number takes half a byte a digit and one; a boolean one.
    item: Item = {
        "väri": {"S": "ää"},
        "n": {"N": "1234"},
        "b": {"B": b"12345"},
        "t": {"BOOL": True},
    }
    assert item_bytes(item) == (5 + 4) + (1 + 3) + (1 + 5) + (1 + 1)


@pytest.mark.usefixtures("aws")
def test_a_transaction_counts_twice_and_a_refused_write_counts() -> None:
    from botocore.exceptions import ClientError

    from chalicelib.adapters.clients import client

    dynamodb = client("dynamodb")
    row = {"kind": {"S": "k"}, "id": {"S": "1"}, "body": {"S": "x" * 1500}}
    with metered() as meter:
        dynamodb.put_item(TableName="registry", Item=row)
        assert meter.written["registry"] == 2
        with pytest.raises(ClientError):
            dynamodb.put_item(
                TableName="registry",
                Item={**row, "body": {"S": "y"}},
                ConditionExpression="attribute_not_exists(id)",
            )
        assert meter.written["registry"] == 4
        dynamodb.transact_write_items(
            TransactItems=[{"Put": {"TableName": "registry", "Item": row}}]
        )
        assert meter.written["registry"] == 8
        keys = {"kind": row["kind"], "id": row["id"]}
        dynamodb.get_item(TableName="registry", Key=keys, ConsistentRead=True)
        dynamodb.get_item(TableName="registry", Key=keys)
        assert meter.read["registry"] == 1.5
    assert meter.calls["dynamodb:PutItem registry"] == 2

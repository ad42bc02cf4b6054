"""The cost model: its rules of counting, its sums, and that docs/cost.md tells today's calls.

Calls are compared exactly; capacity units within a tenth, because keys made at random move a
compressed row by some bytes. Prices may change without a test's knowing.
"""

from __future__ import annotations

import json
import random
import re
import tomllib

import pytest
from chalice.app import Chalice

from infra.cost import bill as cost
from infra.cost import endpoint, functions, units, watching
from infra.cost.benchmarks import benchmarks
from infra.cost.meter import Index, Item, index_units, item_bytes, metered
from infra.cost.page import page as written
from infra.cost.sample import BATCHES, Sample, measure
from infra.paths import CHALICE_CONFIG
from infra.template import alarms, model, scaling

PRICES = units.read_prices()
BY_COLOUR = Index("by_colour", ("colour",), frozenset({"note"}))


@pytest.fixture(scope="module")
def sample(model_url: str) -> Sample:
    """The day that the page tells of; only the cells, whose shares it does not show, are fewer."""
    return measure(model_url, cells_of_every=20)


@pytest.fixture(scope="module")
def page() -> str:
    return cost.PAGE.read_text(encoding="utf-8")


def rows(text: str, heading: str) -> dict[str, list[str]]:
    """The first table below the line that begins with `heading`: first cell -> the others."""
    table = text[text.index(f"\n{heading}") :].split("\n|", 1)[1].split("\n\n", maxsplit=1)[0]
    cells = [[cell.strip() for cell in line.strip("| ").split("|")] for line in table.splitlines()]
    return {first: rest for first, *rest in cells[2:]}


def test_the_page_tells_the_calls_that_the_code_makes(sample: Sample, page: str) -> None:
    told, made = rows(page, "Calls of one"), rows(written(sample, PRICES), "Calls of one")
    secrets = [name for name in {*told, *made} if "secretsmanager" in name]  # cached by the clock
    for name in secrets:
        told.pop(name, None)
        made.pop(name, None)
    assert told == made, "the code makes other calls than docs/cost.md says: python -m infra.cost"


def test_the_page_tells_the_units_that_the_calls_take(sample: Sample, page: str) -> None:
    made = rows(written(sample, PRICES), "Capacity units")
    told = rows(page, "Capacity units")
    assert told.keys() == made.keys(), "docs/cost.md is of another code: python -m infra.cost"
    for name, each in told.items():
        expected = pytest.approx([float(n) for n in made[name]], rel=0.1, abs=0.02)
        assert [float(n) for n in each] == expected, f"{name}: run python -m infra.cost"


def test_a_webhook_is_one_write_and_one_message(sample: Sample) -> None:
    received = sample.received
    assert units.calls(received.meter, "PutItem") == received.runs
    assert units.calls(received.meter, "SendMessage") == received.runs
    places = {name for name in received.meter.calls if "secretsmanager" not in name}
    assert len(places) == 2


def test_neither_batches_nor_modes_change_what_is_judged(sample: Sample) -> None:
    for size in BATCHES:
        assert sample.asked[size].meter.texts == sample.understood[size].meter.texts > 0
    assert sample.understood[10].meter.texts == sample.understood[100].meter.texts
    for mode in units.MODES:
        summed = [units.per_event(sample, size, "summaries", mode=mode) for size in BATCHES]
        assert summed == sorted(summed, reverse=True)
        assert summed[-1] < summed[0]


def test_a_question_is_put_read_answered_read_and_taken_away(sample: Sample) -> None:
    for size in BATCHES:
        asked, judged = sample.asked[size], sample.judged[size]
        questions = units.asks(asked)
        assert questions == judged.runs > 0
        assert units.calls(asked.meter, "PutObject") == 2 * questions  # and SageMaker's answer
        assert units.calls(asked.meter, "GetObject") == questions  # SageMaker's
        assert units.calls(judged.meter, "GetObject") == 2 * questions
        assert units.calls(judged.meter, "DeleteObject") == 2 * questions


@pytest.mark.parametrize("mode", units.MODES)
@pytest.mark.parametrize("contacts", cost.SCALES)
def test_sums(sample: Sample, contacts: int, mode: str) -> None:
    lines = cost.bill(sample, contacts, PRICES, mode)
    assert cost.total(lines) == pytest.approx(sum(line.usd for line in lines))
    for line in lines:
        assert line.usd == pytest.approx(line.quantity * PRICES.of[line.price].usd, abs=0.0051)
        assert line.quantity >= 0


def test_every_function_of_the_app_is_counted_or_left_out_with_a_reason(sample: Sample) -> None:
    made = cost.function_calls(units.month(sample, 1000))
    assert made.keys() == {*functions.COUNTED, *sample.every_s}
    assert sample.idle.keys() == sample.every_s.keys()
    assert all(functions.LEFT_OUT.values())


def test_a_new_schedule_counts_by_itself_and_another_new_function_is_refused_by_name() -> None:
    app = Chalice("other")
    app.schedule("rate(2 hours)", name="sweep")(lambda event: None)
    assert functions.every_s(app) == {"sweep": 7200}
    app.on_sqs_message(queue="new", name="translate")(lambda event: None)
    with pytest.raises(ValueError, match=r"how often translate of app\.py runs: count it in"):
        functions.every_s(app)


def test_the_modes_are_those_of_the_template_and_its_default_comes_first() -> None:
    parameter = model.PARAMETERS["ModelMode"]
    assert units.MODES[0] == parameter["Default"]
    assert set(units.MODES) < set(parameter["AllowedValues"])
    trigger = scaling.resources("Model", "model", "all")["ModelFromZeroTrigger"]["Properties"]
    noticed_s = trigger["Period"] * trigger["EvaluationPeriods"]
    assert noticed_s == endpoint.NOTICED_S


@pytest.mark.parametrize("questions_h", [0.3, 2.0, 12.0])
def test_an_endpoint_wakes_and_sleeps_as_in_a_simulation(questions_h: float) -> None:
    dice, rate = random.Random(7), questions_h / 3600
    now = up = wakes = 0.0
    while wakes < 4000:
        now += dice.expovariate(rate)  # the question that wakes it
        wakes += 1
        now += endpoint.NOTICED_S
        until = now + endpoint.STARTING_S
        last = until
        while (gap := dice.expovariate(rate)) < endpoint.SCALE_IN_S:
            last += gap
        up += last + endpoint.SCALE_IN_S - now
        now = last + endpoint.SCALE_IN_S
    expected = endpoint.awake(rate)
    assert up / now == pytest.approx(expected.share, rel=0.05)
    assert wakes / now == pytest.approx(expected.wakes_s, rel=0.05)


def test_an_endpoint_without_questions_sleeps_and_a_busy_one_never_does() -> None:
    assert endpoint.awake(0) == (0, 0)
    assert endpoint.awake(10) == (1, 0)
    shares = [endpoint.awake(n / 3600).share for n in (0.01, 0.1, 1, 10, 100, 199, 201)]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(shares[-2])


def test_the_asynchronous_endpoint_is_never_billed_for_more_than_the_whole_month(
    sample: Sample,
) -> None:
    for contacts in cost.SCALES:
        hours = endpoint.instance_hours(units.month(sample, contacts))
        assert 0 < hours <= units.HOURS
        always = units.month(sample, contacts, "realtime")
        assert endpoint.instance_hours(always) == units.HOURS
        assert endpoint.wakes(always) == 0


def test_the_alarms_billed_are_those_that_ring_and_what_scaling_needs() -> None:
    ring = [alarm for alarm in alarms.every_alarm() if alarm.condition != "HasSpeech"]
    shares = sum(alarm.of is not None for alarm in ring)
    triggers, of_target_tracking = 1, 2
    assert watching.alarms("asynchronous") == (len(ring) + shares + triggers + of_target_tracking)
    conditional = sum(alarm.condition == "IsAsynchronous" for alarm in ring)
    assert watching.alarms("realtime") == len(ring) + shares - conditional


def test_keys_are_asked_for_no_more_often_than_they_are_kept(sample: Sample) -> None:
    few, many = (units.month(sample, n) for n in (1_000, 100_000_000))
    assert watching.key_requests(sample, few) < watching.key_requests(sample, many)
    whiles = units.HOURS * 3600 / watching.KEY_KEPT_S
    without_secrets = watching.key_requests(sample, many) - units.secret_reads(sample, many)
    assert without_secrets < 30 * whiles


def test_the_pages_columns_add_up(page: str) -> None:
    lines = rows(page, "## Line by line")
    told = [amount.strip("*") for amount in lines.pop("**all**")]
    for place, whole in enumerate(told):
        column = [float(line[place].replace(",", "")) for line in lines.values()]
        assert sum(column) == pytest.approx(float(whole.replace(",", "")), abs=0.001)
    totals = [row[2] for row in rows(page, "## A month").values()]
    assert totals == told


@pytest.mark.parametrize("mode", units.MODES)
def test_more_contacts_cost_more_and_each_less(sample: Sample, mode: str) -> None:
    totals = [cost.total(cost.bill(sample, n, PRICES, mode)) for n in cost.SCALES]
    assert totals == sorted(totals)
    each = [whole / n for whole, n in zip(totals, cost.SCALES, strict=True)]
    assert each == sorted(each, reverse=True)


def test_a_month_is_as_long_as_its_hours(sample: Sample) -> None:
    assert len(sample.hours) == 168
    assert sum(sample.hours) == pytest.approx(1)
    of = units.month(sample, 1_000_000)
    assert of.batches * of.batch_size == pytest.approx(of.events)


def test_every_price_has_a_page_of_aws() -> None:
    content = tomllib.loads(units.PRICES.read_text(encoding="utf-8"))
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", content["date"])
    assert all(p.page.startswith("https://aws.amazon.com/") for p in PRICES.of.values())
    assert all(p.usd > 0 for p in PRICES.of.values())


def test_the_benchmarks_are_read_from_the_pages_that_tell_them() -> None:
    page = (
        "\n## A webhook\n\n| | floor | webhook |\n|---|---|---|\n| CPU µs | 1 | 4,605 |\n"
        "\n## Understanding\n\n| 1 | 10.7 |\n| 10 | 17 |\n| 100 | 60 |\n"
        "\n## A digest\n\n| 1,000,000 | 3,960 | 900 | 1 | 1,278 |\n"
        "\n## Cold start\n\n| a webhook (`app`) | 0.38 | 0.32 |\n"
    )
    model = "\n## Speed\n| read, understand, write | 122.7 | 8 |\n| a lone text | 1193 | 838 |\n"
    model += "\n## Speed of the encoder\n| packed, all heads, JSON, bf16 | 182.4 | 8,568 |\n"
    read = benchmarks(page, model)
    assert (read.webhook_ms, read.batch_ms[100], read.digest_ms) == (4.605, 60, 1278)
    assert (read.cold_ms, read.lone_text_ms, read.text_ms) == (380, 1.193, 0.1227)
    assert read.encoder_texts_s == 182.4
    with pytest.raises(ValueError, match=r"has no row 'CPU µs' below '## A webhook'"):
        benchmarks(page.replace("CPU µs", "CPU ms"), model)


def test_the_memory_is_the_deployed_one() -> None:
    stages = json.loads(CHALICE_CONFIG.read_text(encoding="utf-8"))["stages"]
    assert stages["prod"]["lambda_memory_size"] == units.MEMORY_MB


@pytest.mark.parametrize(
    ("before", "after", "expected"),
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
    before: dict[str, dict[str, str]], after: dict[str, dict[str, str]], expected: int
) -> None:
    assert index_units(BY_COLOUR, ("id",), before, after) == expected


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

"""What a month costs: measured units of the code's real calls, times the list prices of AWS.

`python -m infra.cost` runs the demo company's day through the real handlers (`sample.py`),
counts what AWS would bill (`meter.py`), and writes docs/cost.md. `--print` only prints it.

Measured: calls, capacity units, bytes, texts, the rhythm of a week. CPU comes from the benchmarks
of docs/performance.md, because here moto runs in the same process. Assumed: the constants below
that say so. Free tiers, taxes, support and data leaving AWS are left out.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from typing import NamedTuple

from infra.cost import endpoint, watching
from infra.cost.sample import Sample, measure
from infra.cost.units import (
    GB,
    HOURS,
    INTERACTION_DAYS,
    MEASURED,
    MEMORY_MB,
    MODES,
    NOTICES_A_LETTER,
    POLL_S,
    POLLERS,
    PROVISIONED,
    QUEUES,
    RAW_DAYS,
    UTILISATION,
    WARM_S,
    Month,
    Prices,
    answer_ms,
    batch_ms,
    calls,
    month,
    on_lambda,
    per_event,
    read_prices,
    secret_reads,
    secrets,
    summary_units,
    units,
    webhook_ms,
)
from infra.paths import ROOT

PAGE = ROOT / "docs" / "cost.md"
SCALES = (1_000, 30_000, 300_000, 3_000_000, 100_000_000)  # contacts a month


class Line(NamedTuple):
    """One line of a bill: `quantity` in the price's unit, dollars to the cent."""

    what: str
    price: str
    quantity: float
    usd: float


Quantity = tuple[str, str, float]


def bill(sample: Sample, contacts: int, prices: Prices, mode: str = MODES[0]) -> list[Line]:
    """The lines of a month, as deployed by default but for the endpoint's mode."""
    of = month(sample, contacts, mode)
    asked = function_calls(of)
    quantities = [
        ("API Gateway: webhooks", "api_rest", of.deliveries / 1e6),
        *_lambda(sample, of, asked),
        *_dynamodb(sample, of),
        ("SQS: send, receive, delete, idle polls", "sqs_requests", _sqs(sample, of) / 1e6),
        *watching.quantities(sample, of, sum(asked.values())),
        ("Secrets: kept", "secrets", secrets(sample)),
        ("Secrets: read", "secret_calls", secret_reads(sample, of) / 1e6),
        ("Mail: digests", "emails", of.letters / 1000),
        *endpoint.quantities(sample, of),
    ]
    return [Line(what, p, n, round(n * prices.of[p].usd, 2)) for what, p, n in quantities]


def function_calls(of: Month) -> dict[str, float]:
    """Calls a month of each function that is counted (cost_functions.COUNTED, and schedules)."""
    return {
        "webhook": of.deliveries,
        "understand": of.batches,
        "judge": of.questions if of.mode == "asynchronous" else 0.0,
        "mail_events": of.letters * NOTICES_A_LETTER,
        **of.runs,
    }


def _lambda(sample: Sample, of: Month, asked: dict[str, float]) -> list[Quantity]:
    receiving = of.deliveries * webhook_ms(sample)
    understanding = of.batches * batch_ms(sample, of.batch_size, of.mode)
    judging = asked["judge"] * answer_ms(sample, of.batch_size)
    other = of.letters + asked["mail_events"] + sum(of.runs.values())
    cold = min(of.deliveries, HOURS * 3600 / WARM_S) * on_lambda(MEASURED.cold_ms, 0)
    gb = MEMORY_MB / 1024 / 1000
    return [
        ("Lambda: requests", "lambda_requests", sum(asked.values()) / 1e6),
        ("Lambda: receive", "lambda_duration", (receiving + cold) * gb),
        ("Lambda: understand", "lambda_duration", understanding * gb),
        ("Lambda: take in answers of the model", "lambda_duration", judging * gb),
        (
            "Lambda: schedules, digests, notices of mail",
            "lambda_duration",
            other * on_lambda(MEASURED.digest_ms, 100) * gb,
        ),
    ]


def _dynamodb(sample: Sample, of: Month) -> list[Quantity]:
    received = units(sample.received.meter, "events") / sample.events * of.events
    size = of.batch_size

    def each(table: str, kind: str = "written") -> float:
        return of.events * per_event(sample, size, table, kind, of.mode)

    read = sum(each(table, "read") for table in ("events", "interactions"))
    read += sum(sample.digests.meter.read.values()) / sample.digests.runs * of.letters
    read += sum(sum(sample.idle[name].meter.read.values()) * n for name, n in of.runs.items())
    noted = sum(sum(sample.idle[name].meter.written.values()) * n for name, n in of.runs.items())
    gb = (
        of.events * sample.row_bytes["EVENTS_TABLE"] * RAW_DAYS
        + of.contacts * sample.row_bytes["INTERACTIONS_TABLE"] * INTERACTION_DAYS
    ) / (HOURS / 24 * GB)
    rolled = sum(sample.rolled_up.meter.written.values()) * HOURS / 24
    summed = of.events * summary_units(sample, of) + rolled
    return [
        ("DynamoDB: events written", "dynamodb_writes", received / 1e6),
        ("DynamoDB: interactions written", "dynamodb_writes", each("interactions") / 1e6),
        ("DynamoDB: summaries written", "dynamodb_writes", summed / 1e6),
        ("DynamoDB: schedules' notes written", "dynamodb_writes", noted / 1e6),
        ("DynamoDB: reads", "dynamodb_reads", read / 1e6),
        ("DynamoDB: kept", "dynamodb_storage", gb),
        ("DynamoDB: point-in-time recovery", "dynamodb_recovery", gb),
    ]


def _sqs(sample: Sample, of: Month) -> float:
    """Requests: our sends, the pollers' receives and deletes of ten messages, and idle polls.

    An answer's notice is one message that SNS sends, and one call that takes it in.
    """
    meter = sample.received.meter
    sends = calls(meter, "SendMessage") + calls(meter, "SendMessageBatch")
    polled = 2 * of.batches * math.ceil(of.batch_size / 10)
    idle = QUEUES * POLLERS * HOURS * 3600 / POLL_S
    answers = 3 * of.questions if of.mode == "asynchronous" else 0.0
    return sends / sample.received.runs * of.deliveries + polled + idle + answers


def largest(lines: Sequence[Line]) -> tuple[str, float]:
    """The price that most is paid for, by the names of its lines, and its dollars."""
    by_price: dict[str, list[Line]] = {}
    for line in lines:
        by_price.setdefault(line.price, []).append(line)
    most = max(by_price.values(), key=total)
    service = most[0].what.partition(":")[0]
    what = ", ".join(line.what.removeprefix(f"{service}: ") for line in most)
    return f"{service}: {what}", total(most)


def total(lines: Sequence[Line]) -> float:
    return sum(line.usd for line in lines)


class Choice(NamedTuple):
    """A change of the design and what it saves a month, dollars; negative where it costs more."""

    what: str
    saves: float


def choices(sample: Sample, contacts: int, prices: Prices) -> list[Choice]:
    """What other settings would save."""
    of, lines = month(sample, contacts), bill(sample, contacts, prices)
    price = {name: p.usd for name, p in prices.of.items()}
    written = sum(line.quantity for line in lines if line.price == "dynamodb_writes") * 1e6
    hours = max(written / 3600 / UTILISATION, PROVISIONED * HOURS)
    provisioned = hours * price["dynamodb_provisioned_writes"]
    gpu = endpoint.instance_hours(of, endpoint.GPU_STARTING_S) * price["endpoint_gpu"]
    cpu = endpoint.instance_hours(of) * price["endpoint_cpu"]
    always = total(bill(sample, contacts, prices, "realtime"))
    return [
        Choice("endpoint in real time, always on", total(lines) - always),
        Choice(
            "HTTP API instead of REST API",
            of.deliveries / 1e6 * (price["api_rest"] - price["api_http"]),
        ),
        Choice("Function URL instead of REST API", of.deliveries / 1e6 * price["api_rest"]),
        Choice(
            "provisioned writes with auto scaling",
            written / 1e6 * price["dynamodb_writes"] - provisioned,
        ),
        Choice("GPU instance that scales to zero", cpu - gpu),
        Choice("firewall (optional)", -watching.firewall(of, price.__getitem__)),
    ]


def main() -> None:
    from infra.cost.page import page

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--print", action="store_true", dest="only", help="write no file")
    only = parser.parse_args().only
    text = page(measure(), read_prices())
    print(text)
    if not only:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

"""What a month costs: measured units of the code's real calls, times the list prices of AWS.

`python -m infra.cost` runs the demo company's day through the real handlers (`cost_sample.py`),
counts what AWS would bill (`cost_meter.py`), and writes docs/cost.md. `--print` only prints it.

Measured: calls, capacity units, bytes, texts, the rhythm of a week. CPU comes from the benchmarks
of docs/performance.md, because here moto runs in the same process. Assumed: the constants below
that say so. Free tiers, taxes, support and data leaving AWS are left out.
"""

from __future__ import annotations

import argparse
import math
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from chalicelib.adapters.secrets import CACHE_S
from chalicelib.adapters.summaries import SHARDS
from infra.cost_benchmarks import benchmarks
from infra.cost_meter import Meter
from infra.cost_sample import UNDERSTOOD, Sample, measure
from infra.local.hub import STACK
from infra.paths import ROOT
from infra.template import alarms, functions, storage

PRICES = ROOT / "infra" / "prices.toml"
PAGE = ROOT / "docs" / "cost.md"
SCALES = (1_000, 30_000, 300_000, 3_000_000, 100_000_000)  # contacts a month

HOURS = 730.0  # in a month
WEEKS = HOURS / 168
GB = 1e9

MEASURED = benchmarks()

# --- assumed ------------------------------------------------------------------------------------
#: A vCPU of Lambda is a hyperthread, perhaps half as fast again slower than a core here.
CPU_FACTOR = 1.5
#: Memory at which Lambda gives a whole vCPU:
#: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
VCPU_MB = 1769
MEMORY_MB = 1024  # .chalice/config.json; a test compares
#: What a call waits for AWS, ms; the function is billed for it.
WAIT_MS = {"PutItem": 6, "BatchGetItem": 6, "TransactWriteItems": 20, "SendMessage": 6}
ENDPOINT_WAIT_MS = 8.0  # beside the model's own work
#: Lambda polls a queue with five pollers, each a long poll of 20 s when nothing comes:
#: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
POLLERS, POLL_S = 5, 20
QUEUES = 2
#: START, END and REPORT, that Lambda writes for each call.
LAMBDA_LINES_BYTES = 400
#: X-Ray's default rule: the first request of each second, and 5 % of the others.
TRACED = 0.05
#: How long an idle environment of Lambda lives; rarer calls start cold.
WARM_S = 600
LOG_DAYS, RAW_DAYS, INTERACTION_DAYS = 30, 30, 730
#: Share of provisioned capacity that auto scaling aims at.
UTILISATION = 0.7
#: Tables and indexes, each of which keeps a unit provisioned at least.
PROVISIONED = 7


class Price(NamedTuple):
    """A list price; `page` publishes it."""

    unit: str
    usd: float
    page: str
    unconfirmed: bool = False


@dataclass(frozen=True)
class Prices:
    """One dated price file."""

    date: str
    region: str
    of: Mapping[str, Price]


class Line(NamedTuple):
    """One line of a bill: `quantity` in the price's unit, dollars to the cent."""

    what: str
    price: str
    quantity: float
    usd: float


@dataclass(frozen=True)
class Month:
    """Quantities of a month of `contacts`, as the measured day scales up."""

    contacts: int
    events: float
    deliveries: float
    texts: float
    batches: float
    batch_size: float  # events a batch, on the average event
    peak_events_s: float  # in the busiest hour of a usual week


def read_prices(path: Path = PRICES) -> Prices:
    """The price file. Raises KeyError or TypeError for one of another form."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    date, region = content.pop("date"), content.pop("region")
    return Prices(date, region, {name: Price(**of) for name, of in content.items()})


def month(sample: Sample, contacts: int) -> Month:
    """The quantities that a number of contacts a month makes."""
    events = contacts * sample.events / sample.contacts
    weekly = events / WEEKS
    batches = sum(weekly * share / batch_of(weekly * share / 3600) for share in sample.hours)
    texts = sample.understood[1].meter.texts / UNDERSTOOD * events
    return Month(
        contacts=contacts,
        events=events,
        deliveries=contacts * sample.received.runs / sample.contacts,
        texts=texts,
        batches=batches * WEEKS,
        batch_size=events / (batches * WEEKS),
        peak_events_s=weekly * max(sample.hours) / 3600,
    )


def batch_of(events_s: float) -> float:
    """Events in a batch when so many come a second.

    Each poller waits the window out from its first message, and they share what comes.
    """
    return min(functions.BATCH_SIZE, 1 + events_s * storage.BATCH_WINDOW_S / POLLERS)


def between(size: float, measured: Mapping[int, float]) -> float:
    """A measure at a batch size, straight between measured ones in the logarithm of the size."""
    sizes = sorted(measured)
    size = min(max(size, sizes[0]), sizes[-1])
    upper = next(known for known in sizes if known >= size)
    lower = max(known for known in sizes if known <= size)
    if lower == upper:
        return measured[lower]
    part = math.log(size / lower) / math.log(upper / lower)
    return measured[lower] + part * (measured[upper] - measured[lower])


def units(meter: Meter, table: str, kind: str = "written") -> float:
    """Capacity units of a table and its indexes; `table` without the stack's name."""
    place = f"{STACK}-{table}"
    counted: Mapping[str, float] = getattr(meter, kind)
    return sum(n for name, n in counted.items() if name == place or name.startswith(f"{place}/"))


def per_event(sample: Sample, size: float, table: str, kind: str = "written") -> float:
    """Units of one event understood in batches of `size`."""
    return between(
        size,
        {b: units(s.meter, table, kind) / UNDERSTOOD for b, s in sample.understood.items()},
    )


def summary_units(sample: Sample, of: Month) -> float:
    """Units of one event's counts: the measured day's, in rows that a busier day makes larger."""
    rows = SHARDS * len(sample.cells.shares)
    # A row is as large as what it holds, on the average half of its day.
    contacts_a_row = of.contacts / (HOURS / 24) / rows / 2
    return per_event(sample, of.batch_size, "summaries") * sample.cells.units(contacts_a_row)


def calls(meter: Meter, operation: str) -> int:
    """Calls of one operation, whatever their table."""
    return sum(n for name, n in meter.calls.items() if name.split()[0].endswith(f":{operation}"))


def on_lambda(cpu_ms: float, waits_ms: float) -> float:
    """Billed milliseconds of a call."""
    return cpu_ms * CPU_FACTOR * max(1.0, VCPU_MB / MEMORY_MB) + waits_ms


def webhook_ms(sample: Sample) -> float:
    """Billed milliseconds of one delivery."""
    meter, runs = sample.received.meter, sample.received.runs
    waits = sum(calls(meter, name) * ms for name, ms in WAIT_MS.items()) / runs
    return on_lambda(MEASURED.webhook_ms, waits)


def batch_ms(sample: Sample, size: float) -> float:
    """Billed milliseconds of one batch of `size`."""

    def a_batch(of: Callable[[int], float]) -> float:
        return between(size, {b: of(b) for b in sample.understood})

    def waits(b: int) -> float:
        step = sample.understood[b]
        waited = sum(calls(step.meter, name) * ms for name, ms in WAIT_MS.items())
        asked = calls(step.meter, "InvokeEndpoint")
        model = (
            asked * (MEASURED.lone_text_ms - MEASURED.text_ms) + step.meter.texts * MEASURED.text_ms
        )
        return (waited + asked * ENDPOINT_WAIT_MS + model * CPU_FACTOR) / step.runs

    return on_lambda(a_batch(MEASURED.batch_ms.__getitem__), a_batch(waits))


def bill(sample: Sample, contacts: int, prices: Prices) -> list[Line]:
    """The lines of a month, as deployed by default."""
    of = month(sample, contacts)
    letters = sample.recipients * WEEKS
    runs = {name: HOURS * 3600 / every_s for name, every_s in sample.every_s.items()}
    quantities = [
        ("API Gateway: webhooks", "api_rest", of.deliveries / 1e6),
        *_lambda(sample, of, letters, runs),
        *_dynamodb(sample, of, letters, runs),
        ("SQS: send, receive, delete, idle polls", "sqs_requests", _sqs(sample, of) / 1e6),
        *_watching(sample, of, runs),
        ("Secrets: kept", "secrets", _secrets(sample)),
        ("Secrets: read", "secret_calls", _secret_reads(sample, of) / 1e6),
        ("Mail: digests", "emails", letters / 1000),
        ("Model endpoint: one instance, always on", "endpoint_cpu", HOURS),
    ]
    return [Line(what, p, n, round(n * prices.of[p].usd, 2)) for what, p, n in quantities]


Quantity = tuple[str, str, float]


def _lambda(sample: Sample, of: Month, letters: float, runs: Mapping[str, float]) -> list[Quantity]:
    receiving = of.deliveries * webhook_ms(sample)
    understanding = of.batches * batch_ms(sample, of.batch_size)
    scheduled = (letters + sum(runs.values())) * on_lambda(MEASURED.digest_ms, 100)
    cold = min(of.deliveries, HOURS * 3600 / WARM_S) * on_lambda(MEASURED.cold_ms, 0)
    gb = MEMORY_MB / 1024 / 1000
    asked = of.deliveries + of.batches + letters + sum(runs.values())
    return [
        ("Lambda: requests", "lambda_requests", asked / 1e6),
        ("Lambda: receive", "lambda_duration", (receiving + cold) * gb),
        ("Lambda: understand", "lambda_duration", understanding * gb),
        ("Lambda: schedules and digests", "lambda_duration", scheduled * gb),
    ]


def _dynamodb(
    sample: Sample, of: Month, letters: float, runs: Mapping[str, float]
) -> list[Quantity]:
    received = units(sample.received.meter, "events") / sample.events * of.events
    size = of.batch_size
    read = of.events * sum(per_event(sample, size, t, "read") for t in ("events", "interactions"))
    read += sum(sample.digests.meter.read.values()) / sample.digests.runs * letters
    read += sum(sum(sample.idle[name].meter.read.values()) * n for name, n in runs.items())
    gb = (
        of.events * sample.row_bytes["EVENTS_TABLE"] * RAW_DAYS
        + of.contacts * sample.row_bytes["INTERACTIONS_TABLE"] * INTERACTION_DAYS
    ) / (HOURS / 24 * GB)
    rolled = sum(sample.rolled_up.meter.written.values()) * HOURS / 24
    summed = of.events * summary_units(sample, of) + rolled
    return [
        ("DynamoDB: events written", "dynamodb_writes", received / 1e6),
        (
            "DynamoDB: interactions written",
            "dynamodb_writes",
            of.events * per_event(sample, size, "interactions") / 1e6,
        ),
        ("DynamoDB: summaries written", "dynamodb_writes", summed / 1e6),
        ("DynamoDB: reads", "dynamodb_reads", read / 1e6),
        ("DynamoDB: kept", "dynamodb_storage", gb),
        ("DynamoDB: point-in-time recovery", "dynamodb_recovery", gb),
    ]


def _sqs(sample: Sample, of: Month) -> float:
    """Requests: our sends, the pollers' receives and deletes of ten messages, and idle polls."""
    meter = sample.received.meter
    sends = calls(meter, "SendMessage") + calls(meter, "SendMessageBatch")
    polled = 2 * of.batches * math.ceil(of.batch_size / 10)
    idle = QUEUES * POLLERS * HOURS * 3600 / POLL_S
    return sends / sample.received.runs * of.deliveries + polled + idle


def _secrets(sample: Sample) -> float:
    """One for each source, and the hub's own two keys."""
    return sample.sources + 2.0


def _secret_reads(sample: Sample, of: Month) -> float:
    """Each environment of the webhooks reads its secrets again every five minutes."""
    busiest = of.deliveries / of.events * of.peak_events_s * webhook_ms(sample) / 1000
    return (1 + busiest) * _secrets(sample) * HOURS * 3600 / CACHE_S


def _watching(sample: Sample, of: Month, runs: Mapping[str, float]) -> list[Quantity]:
    """Logs, metrics, alarms and traces."""
    batch_bytes = between(
        of.batch_size, {b: s.printed_bytes / s.runs for b, s in sample.understood.items()}
    )
    told = of.deliveries * sample.received.printed_bytes / sample.received.runs
    told += of.batches * batch_bytes
    told += (of.deliveries + of.batches + sum(runs.values())) * LAMBDA_LINES_BYTES
    return [
        ("CloudWatch: logs taken in", "logs_ingested", told / GB),
        ("CloudWatch: logs kept", "logs_stored", told / GB * LOG_DAYS / (HOURS / 24)),
        ("CloudWatch: metrics", "metrics", float(sample.metrics)),
        ("CloudWatch: alarms", "alarms", float(alarm_count())),
        ("X-Ray: traces", "traces", _traces(sample, of) / 1e6),
    ]


def alarm_count() -> int:
    """Alarms in the template."""
    made = alarms.resources().values()
    return sum(resource["Type"] == "AWS::CloudWatch::Alarm" for resource in made)


def _traces(sample: Sample, of: Month) -> float:
    """Traced webhooks and batches: one a second at most for certain, and a share of the rest."""
    traced = 0.0
    for asked in (of.deliveries, of.batches):
        for share in sample.hours:
            hourly = asked / WEEKS * share
            sure = 3600 * (1 - math.exp(-hourly / 3600))  # seconds in which one comes
            traced += (sure + TRACED * (hourly - sure)) * WEEKS
    return traced


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
    asleep = sum(math.exp(-of.texts / WEEKS * share) for share in sample.hours) * WEEKS
    gpu = price["endpoint_gpu"] - price["endpoint_cpu"]
    return [
        Choice(
            "HTTP API instead of REST API",
            of.deliveries / 1e6 * (price["api_rest"] - price["api_http"]),
        ),
        Choice("Function URL instead of REST API", of.deliveries / 1e6 * price["api_rest"]),
        Choice(
            "provisioned writes with auto scaling",
            written / 1e6 * price["dynamodb_writes"] - provisioned,
        ),
        Choice("endpoint that scales to zero", asleep * price["endpoint_cpu"]),
        Choice("GPU endpoint, always on", -HOURS * gpu),
    ]


def main() -> None:
    from infra.cost_page import page

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--print", action="store_true", dest="only", help="write no file")
    only = parser.parse_args().only
    text = page(measure(), read_prices())
    print(text)
    if not only:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

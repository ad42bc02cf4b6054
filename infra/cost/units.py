"""The model's units: prices, a month's quantities, and the measured day between batch sizes."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from chalicelib.adapters.secrets import CACHE_S
from chalicelib.adapters.summaries import SHARDS
from infra.cost.benchmarks import benchmarks
from infra.cost.meter import Meter
from infra.cost.sample import UNDERSTOOD, Sample
from infra.cost.stage import Step
from infra.local.hub import STACK
from infra.paths import ROOT
from infra.template import functions, storage

PRICES = ROOT / "infra" / "cost" / "prices.toml"

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
WAIT_MS = {
    "PutItem": 6,
    "BatchGetItem": 6,
    "TransactWriteItems": 20,
    "SendMessage": 6,
    "PutObject": 30,
    "GetObject": 20,
    "DeleteObject": 20,
    "InvokeEndpointAsync": 30,
}
ENDPOINT_WAIT_MS = 8.0  # beside the model's own work
#: Lambda polls a queue with five pollers, each a long poll of 20 s when nothing comes:
#: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
POLLERS, POLL_S = 5, 20
QUEUES = len(storage.QUEUES)
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


#: `ModelMode` of infra/template/model.py; the first is the default. Serverless is not in the model.
MODES = ("asynchronous", "realtime")
#: Notices of SES about one letter: sent and delivered; infra/template/mail.py asks for both.
NOTICES_A_LETTER = 2


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


@dataclass(frozen=True)
class Month:
    """Quantities of a month of `contacts`, as the measured day scales up."""

    contacts: int
    mode: str
    events: float
    deliveries: float
    texts: float
    batches: float
    batch_size: float  # events a batch, on the average event
    peak_events_s: float  # in the busiest hour of a usual week
    questions: float  # to the model: calls of the endpoint
    questions_h: tuple[float, ...]  # in each hour of a usual week
    letters: float
    runs: Mapping[str, float]  # of each schedule


def read_prices() -> Prices:
    """The price file. Raises KeyError or TypeError for one of another form."""
    content = tomllib.loads(PRICES.read_text(encoding="utf-8"))
    date, region = content.pop("date"), content.pop("region")
    return Prices(date, region, {name: Price(**of) for name, of in content.items()})


def month(sample: Sample, contacts: int, mode: str = MODES[0]) -> Month:
    """The quantities that a number of contacts a month makes, in a mode of the endpoint."""
    events = contacts * sample.events / sample.contacts
    weekly = events / WEEKS
    sizes = [batch_of(weekly * share / 3600) for share in sample.hours]
    hourly = [weekly * share / size for share, size in zip(sample.hours, sizes, strict=True)]
    batches = sum(hourly)
    asked = {b: asks(step) / step.runs for b, step in understanding(sample, mode).items()}
    questions = tuple(n * between(size, asked) for n, size in zip(hourly, sizes, strict=True))
    texts = sample.understood[100].meter.texts / UNDERSTOOD[100] * events
    return Month(
        contacts=contacts,
        mode=mode,
        events=events,
        deliveries=contacts * sample.received.runs / sample.contacts,
        texts=texts,
        batches=batches * WEEKS,
        batch_size=events / (batches * WEEKS),
        peak_events_s=weekly * max(sample.hours) / 3600,
        questions=sum(questions) * WEEKS,
        questions_h=questions,
        letters=sample.recipients * WEEKS,
        runs={name: HOURS * 3600 / every_s for name, every_s in sample.every_s.items()},
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


def understanding(sample: Sample, mode: str) -> Mapping[int, Step]:
    """The measured steps of `understand` in a mode, by the size of batches."""
    return sample.asked if mode == "asynchronous" else sample.understood


def asks(step: Step) -> int:
    """Questions to the endpoint in either mode."""
    return calls(step.meter, "InvokeEndpoint") + calls(step.meter, "InvokeEndpointAsync")


def per_event(
    sample: Sample, size: float, table: str, kind: str = "written", mode: str = MODES[0]
) -> float:
    """Units of one event that comes in batches of `size`, until it is judged and counted."""
    measured = {b: units(s.meter, table, kind) for b, s in understanding(sample, mode).items()}
    if mode == "asynchronous":
        measured = {b: n + units(sample.judged[b].meter, table, kind) for b, n in measured.items()}
    return between(size, {b: n / UNDERSTOOD[b] for b, n in measured.items()})


def summary_units(sample: Sample, of: Month) -> float:
    """Units of one event's counts: the measured day's, in rows that a busier day makes larger."""
    rows = SHARDS * len(sample.cells.shares)
    # A row is as large as what it holds, on the average half of its day.
    contacts_a_row = of.contacts / (HOURS / 24) / rows / 2
    each = per_event(sample, of.batch_size, "summaries", mode=of.mode)
    return each * sample.cells.units(contacts_a_row)


def calls(meter: Meter, operation: str) -> int:
    """Calls of one operation, whatever their table."""
    return sum(n for name, n in meter.calls.items() if name.split()[0].endswith(f":{operation}"))


def on_lambda(cpu_ms: float, waits_ms: float) -> float:
    """Billed milliseconds of a call."""
    return cpu_ms * CPU_FACTOR * max(1.0, VCPU_MB / MEMORY_MB) + waits_ms


def waits_ms(meter: Meter) -> float:
    """What the calls wait for AWS together, the endpoint's own work left out."""
    return sum(calls(meter, name) * ms for name, ms in WAIT_MS.items())


def webhook_ms(sample: Sample) -> float:
    """Billed milliseconds of one delivery."""
    return on_lambda(MEASURED.webhook_ms, waits_ms(sample.received.meter) / sample.received.runs)


def batch_ms(sample: Sample, size: float, mode: str = MODES[0]) -> float:
    """Billed milliseconds of one batch of `size`; in real time it waits for the model."""
    steps = understanding(sample, mode)

    def waits(b: int) -> float:
        meter = steps[b].meter
        # What SageMaker itself did in the bucket is not waited for.
        model: float = -asks(steps[b]) * (WAIT_MS["PutObject"] + WAIT_MS["GetObject"])
        if mode == "realtime":
            lone = MEASURED.lone_text_ms - MEASURED.text_ms
            model = asks(steps[b]) * (ENDPOINT_WAIT_MS + lone * CPU_FACTOR)
            model += meter.texts * MEASURED.text_ms * CPU_FACTOR
        return (waits_ms(meter) + model) / steps[b].runs

    return on_lambda(between(size, MEASURED.batch_ms), between(size, {b: waits(b) for b in steps}))


def answer_ms(sample: Sample, size: float) -> float:
    """Billed milliseconds of taking in one answer about a batch of `size`.

    Folding and counting are those of understanding the batch again, which is a bit too much.
    """
    waits = {b: waits_ms(step.meter) / step.runs for b, step in sample.judged.items()}
    return on_lambda(between(size, MEASURED.batch_ms), between(size, waits))


def secrets(sample: Sample) -> float:
    """One for each source, and the hub's own two keys."""
    return sample.sources + 2.0


def secret_reads(sample: Sample, of: Month) -> float:
    """Each environment of the webhooks reads its secrets again every five minutes."""
    busiest = of.deliveries / of.events * of.peak_events_s * webhook_ms(sample) / 1000
    return (1 + busiest) * secrets(sample) * HOURS * 3600 / CACHE_S

"""docs/cost.md: the model of `cost.py` as a page."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence

from infra import cost
from infra.cost import SCALES, Line, Month, Prices
from infra.cost_sample import BATCHES, UNDERSTOOD, Sample
from infra.local.hub import STACK

_STEPS = (
    "**1 thousand.** The bill is the endpoint that waits. Let it scale to zero: the queue keeps "
    "what comes until it is awake, at the price of some minutes' delay. Everything else is small "
    "change, most of it for being there at all: secrets, alarms, metrics, pollers of empty queues.",
    "**30 thousand.** As before; there are hours enough without a text for scaling to zero to pay, "
    "but fewer. Move to an endpoint that is always on when digests must not wait for it.",
    "**300 thousand.** Requests begin to count. Nothing of the design changes.",
    "**3 million.** An HTTP API, or a function URL, does what the REST API does here: throttling "
    "then moves to the stage or to WAF. Batches fill by themselves, which saves calls and counts. "
    "A second endpoint instance is for availability, not for load.",
    "**100 million.** Writes are the bill: switch the tables from on-demand to provisioned "
    "capacity with auto scaling, whose units cost less than half under a load as steady as this. "
    "Then shorten `interactions_days`, which storage grows with, and let logs go to the "
    "infrequent-access class. [scale.md](scale.md) tells which limits must be lifted first.",
)


def page(sample: Sample, prices: Prices) -> str:
    """The whole page."""
    bills = {n: cost.bill(sample, n, prices) for n in SCALES}
    months = {n: cost.month(sample, n) for n in SCALES}
    parts = [
        _opening(sample, prices),
        "## A month\n\n" + _totals(bills, months),
        "## Quantities a month\n\n" + _quantities(bills, months),
        "## Line by line, dollars a month\n\n" + _lines(bills),
        "## The largest line\n\n" + _largest(sample, bills, months),
        "## What another setting would save, dollars a month\n\n"
        + _choices(sample, prices)
        + "\n\n"
        + "\n".join(f"- {step}" for step in _STEPS),
        "## GPU hours\n\n" + _gpu(months),
        "## Measured\n\n" + _measured(sample),
        "## Prices\n\n" + _prices(prices),
        "## Assumed and left out\n\n" + _assumed(),
    ]
    return wrapped("\n\n".join(parts)) + "\n"


def wrapped(text: str) -> str:
    """The same Markdown with its paragraphs and list items filled to 100 columns."""

    def filled(line: str) -> str:
        indent = "  " if line.startswith("- ") else ""
        return textwrap.fill(
            line, 100, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        )

    blocks = []
    for block in text.split("\n\n"):
        if not block.startswith(("|", "#")):
            items = re.sub(r"\n(?!- )\s*", " ", block).split("\n")
            block = "\n".join(map(filled, items))  # noqa: PLW2901
        blocks.append(block)
    return "\n\n".join(blocks)


def table(head: Sequence[str], rows: Iterator[Sequence[str]] | Sequence[Sequence[str]]) -> str:
    """A Markdown table; all but the first column are numbers."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _opening(sample: Sample, prices: Prices) -> str:
    texts = sample.understood[1].meter.texts / UNDERSTOOD * sample.events / sample.contacts
    return f"""# What a month costs

Written by `python -m infra.cost`; do not edit. A test fails when the code's calls have changed
since (`tests/infra/test_cost.py`): run it again. List prices of {prices.region}, {prices.date}, in
US dollars, without free tiers and taxes; those marked "unconfirmed" below must be looked at first.

A contact is one conversation, ticket, call or survey answer. Here it makes
{sample.received.runs / sample.contacts:.2f} deliveries,
{sample.events / sample.contacts:.2f} events and {texts:.2f} texts to judge, as on the measured day:
{sample.contacts} contacts of the demo company's six vendors, {sample.received.runs} signed
deliveries, {sample.events} events.
A real vendor also sends deliveries that the hub does not use; each costs a request and a call of
the function, but no write."""


def _totals(bills: Mapping[int, list[Line]], months: Mapping[int, Month]) -> str:
    def row(n: int) -> Sequence[str]:
        lines, of = bills[n], months[n]
        whole, (most, usd) = cost.total(lines), cost.largest(lines)
        return (
            f"{n:,}",
            f"{of.events:,.0f}",
            f"{of.batch_size:.1f}",
            f"{whole:,.2f}",
            f"{whole / n * 1000:,.3f}",
            f"{most} ({usd / whole:.0%})",
        )

    head = ("contacts", "events", "events a batch", "$ a month", "$ per 1,000", "largest line")
    return table(head, [row(n) for n in SCALES])


def _quantities(bills: Mapping[int, list[Line]], months: Mapping[int, Month]) -> str:
    named = {
        "API requests": ("api_rest", 1e6),
        "Lambda requests": ("lambda_requests", 1e6),
        "Lambda GB-seconds": ("lambda_duration", 1),
        "write units": ("dynamodb_writes", 1e6),
        "read units": ("dynamodb_reads", 1e6),
        "SQS requests": ("sqs_requests", 1e6),
        "GB in tables": ("dynamodb_storage", 1),
        "GB of logs": ("logs_ingested", 1),
        "endpoint hours": ("endpoint_cpu", 1),
        "GPU hours": ("endpoint_gpu", 1),
    }
    rows = [
        (
            name,
            *(
                f"{times * sum(line.quantity for line in bills[n] if line.price == price):,.0f}"
                for n in SCALES
            ),
        )
        for name, (price, times) in named.items()
    ]
    texts = ("texts judged", *(f"{months[n].texts:,.0f}" for n in SCALES))
    return table(("", *(f"{n:,}" for n in SCALES)), [*rows, texts])


def _lines(bills: Mapping[int, list[Line]]) -> str:
    names = [line.what for line in bills[SCALES[0]]]
    rows = [
        (name, *(f"{bills[n][place].usd:,.2f}" for n in SCALES)) for place, name in enumerate(names)
    ]
    sums = ("**all**", *(f"**{cost.total(bills[n]):,.2f}**" for n in SCALES))
    return table(("line", *(f"{n:,}" for n in SCALES)), [*rows, sums])


def _largest(sample: Sample, bills: Mapping[int, list[Line]], months: Mapping[int, Month]) -> str:
    most = SCALES[-1]
    of, lines = months[most], bills[most]
    size = of.batch_size
    writes = [line for line in lines if line.price == "dynamodb_writes"]
    share = sum(line.usd for line in writes) / cost.total(lines)
    small, _ = cost.largest(bills[SCALES[0]])
    received = cost.units(sample.received.meter, "events") / sample.events
    interactions = cost.per_event(sample, size, "interactions")
    summaries = cost.summary_units(sample, of)
    alone, together = (cost.per_event(sample, n, "summaries") for n in (1, 100))
    return f"""With few contacts: {small}. It costs the same with one text a month as
with all that one instance can judge.

With many, DynamoDB's writes: {share:.0%} of the bill at {most:,} contacts. One event makes
{received + interactions + summaries:.2f} write units there:

- {received:.2f} to store it: the row with the raw delivery, and the index by source.
- {interactions:.2f} for the conversation's new version, once for each event that changes it: twice
  its size because versions and counts change in one transaction, and two indexes. The index of
  samples changes whenever theme or sentiment does.
- {summaries:.2f} for the counts: each cell of the day once for a transaction, also twice. Batches
  save here: {alone:.2f} for an event alone, {together:.2f} in batches of 100, while rows are small.

Writes outside a transaction would cost half: the doubling is the price of counting exactly once."""


def _choices(sample: Sample, prices: Prices) -> str:
    of = {n: cost.choices(sample, n, prices) for n in SCALES}
    rows = [
        (choice.what, *(f"{of[n][place].saves:,.2f}" for n in SCALES))
        for place, choice in enumerate(of[SCALES[0]])
    ]
    return table(("instead of the default", *(f"{n:,}" for n in SCALES)), rows)


def _gpu(months: Mapping[int, Month]) -> str:
    hours = table(
        ("", *(f"{n:,}" for n in SCALES)),
        [
            (
                "hours of work at 100 texts/s",
                *(f"{months[n].texts / 360_000:,.2f}" for n in SCALES),
            ),
        ],
    )
    busiest = months[SCALES[-1]]
    peak = busiest.peak_events_s * busiest.texts / busiest.events
    many, alone = 1000 / cost.MEASURED.text_ms, 1000 / cost.MEASURED.lone_text_ms
    return f"""None: the compact backend judges on a CPU, and one core judges about
{many:,.0f} texts a second in large calls and {alone:,.0f} one by one
(model_image/README.md). The busiest hour of {SCALES[-1]:,} contacts asks for {peak:,.0f} a second,
so one instance is enough at every scale; another is for availability and doubles its line.

A GPU backend is not measured here. For each 100 texts a second that one judges, it works so long;
always on, it is billed for {cost.HOURS:.0f} hours whatever it does:

{hours}"""


def _measured(sample: Sample) -> str:
    return "\n\n".join(
        [
            "Calls of one delivery, and of one batch of events:\n\n" + _calls(sample),
            "Capacity units of one event:\n\n" + _units(sample),
            "Schedules, a run; digests, a letter:\n\n" + _schedules(sample),
            f"""Billed milliseconds: {cost.webhook_ms(sample):.0f} a delivery;
{", ".join(f"{cost.batch_ms(sample, b):.0f} a batch of {b}" for b in BATCHES)}. Kept bytes, overhead
and indexes included: {sample.row_bytes["EVENTS_TABLE"]:,.0f} an event,
{sample.row_bytes["INTERACTIONS_TABLE"]:,.0f} an interaction. The busiest hour of a week holds
{max(sample.hours):.2%} of its contacts.""",
        ]
    )


def _calls(sample: Sample) -> str:
    def named(name: str) -> str:
        return name.replace(f"{STACK}-", "")

    steps = [sample.received, *(sample.understood[b] for b in BATCHES)]
    names = sorted({name for step in steps for name in step.meter.calls})
    rows = [
        (named(name), *(f"{step.meter.calls[name] / step.runs:.3f}" for step in steps))
        for name in names
    ]
    return table(("call", "a delivery", *(f"batch of {b}" for b in BATCHES)), rows)


def _units(sample: Sample) -> str:
    events = (sample.events, *(UNDERSTOOD for _ in BATCHES))
    rows = []
    for kind in ("written", "read"):
        steps = [sample.received.meter, *(sample.understood[b].meter for b in BATCHES)]
        names = sorted({name for step in steps for name in getattr(step, kind)})
        for name in names:
            each = [
                getattr(step, kind).get(name, 0) / n for step, n in zip(steps, events, strict=True)
            ]
            label = f"{kind}: {name.removeprefix(f'{STACK}-')}"
            rows.append((label, *(f"{n:.3f}" for n in each)))
    return table(("units", "receive", *(f"batches of {b}" for b in BATCHES)), rows)


def _schedules(sample: Sample) -> str:
    rows = []
    steps = {
        "a digest's letter": sample.digests,
        "roll-up of the day": sample.rolled_up,
        **{f"{name}, nothing to do": step for name, step in sample.idle.items()},
    }
    for name, step in steps.items():
        rows.append(
            (
                name,
                f"{sum(step.meter.calls.values()) / step.runs:.1f}",
                f"{sum(step.meter.written.values()) / step.runs:.1f}",
                f"{sum(step.meter.read.values()) / step.runs:.1f}",
            )
        )
    return table(("", "calls", "write units", "read units"), rows)


def _prices(prices: Prices) -> str:
    rows = []
    for name, price in prices.of.items():
        mark = " **unconfirmed**" if price.unconfirmed else ""
        rows.append((f"{name}{mark}", f"{price.usd:g}", price.unit, f"[page]({price.page})"))
    return "From `infra/prices.toml`, which says how they were compared.\n\n" + table(
        ("price", "$", "per", "published on"), rows
    )


def _assumed() -> str:
    waits = ", ".join(f"{name} {ms} ms" for name, ms in cost.WAIT_MS.items())
    slower = cost.VCPU_MB / cost.MEMORY_MB
    return f"""- CPU: the benchmarks of [performance.md](performance.md), times {cost.CPU_FACTOR}
  for Lambda's slower core, times {slower:.2f} because {cost.MEMORY_MB} MB have {1 / slower:.2f}
  of a vCPU. Waits: {waits}, endpoint {cost.ENDPOINT_WAIT_MS:g} ms.
- Contacts come as in the demo's weeks, hour by hour; five pollers share what comes, so batches fill
  only when more than a few events come a second.
- Storage is that of a steady state: raw events {cost.RAW_DAYS} days, interactions
  {cost.INTERACTION_DAYS} days.
- Index writes of a transaction are doubled like its table writes; AWS does not say so.
- Logs: what the functions print was counted; {cost.LAMBDA_LINES_BYTES} bytes a call are Lambda's
  own lines.
- Digests: what they read of summaries and quotes does not grow. Two readings do: who came back
  (all of four weeks' known customers), and who fell silent (at most three million rows); in dollars
  both are small, in time they are not ([scale.md](scale.md)).
- Left out: fetches from vendors' APIs (a queue message, four DynamoDB calls and one call to the
  vendor each), large payloads in S3, KMS requests (DynamoDB asks for a key at most once in five
  minutes), data leaving AWS, API Gateway's detailed metrics, retries and duplicates beyond the
  demo's 4 %."""

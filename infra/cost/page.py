"""docs/cost.md: the model of `cost.py` as a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from chalicelib.pipeline.customers import LARGEST_LINKED, LARGEST_RHYTHM
from infra.cost import bill as cost
from infra.cost import endpoint, functions, units, watching
from infra.cost.bill import SCALES, Line
from infra.cost.markdown import table, wrapped
from infra.cost.sample import BATCHES, UNDERSTOOD, Sample
from infra.cost.stage import Step
from infra.cost.units import Month, Prices
from infra.local.hub import STACK

_STEPS = (
    "**1 thousand.** The bill is the endpoint, though it sleeps two hours of three, and what is "
    "paid for being there at all: metrics, alarms, secrets, dashboard. Batches hold one event, so "
    "each question wakes the endpoint or finds it awake; a judgement comes minutes late.",
    "**30 thousand.** The endpoint is awake whenever customers are: it sleeps at night and on "
    "closed days. Nothing of the design changes.",
    "**300 thousand.** As before: always on would cost a little more, and judge at once. Choose "
    "`ModelMode: realtime` when minutes matter.",
    "**3 million.** Here real time is the cheaper mode: an asynchronous answer counts its messages "
    "a second time, and these writes cost more than the nights save. Set `ModelMode: realtime`, "
    "with a second instance for availability. An HTTP API, or a function URL, does what the REST "
    "API does here: throttling then moves to the stage.",
    "**100 million.** Writes are the bill: `ModelMode: realtime` for certain, and the tables from "
    "on-demand to provisioned capacity with auto scaling, whose units cost less than half under a "
    "load as steady as this. Then shorten `interactions_days`, which storage grows with, and let "
    "logs go to the infrequent-access class. [scale.md](scale.md) tells which limits must be "
    "lifted first.",
)
_REALTIME = "realtime"


def page(sample: Sample, prices: Prices) -> str:
    """The whole page."""
    bills = {n: cost.bill(sample, n, prices) for n in SCALES}
    realtime = {n: cost.bill(sample, n, prices, _REALTIME) for n in SCALES}
    months = {n: units.month(sample, n) for n in SCALES}
    parts = [
        _opening(sample, prices),
        "## A month\n\n" + _totals(bills, realtime, months),
        "## Quantities a month\n\n" + _quantities(bills, months),
        "## Line by line, dollars a month\n\n" + _lines(bills),
        "## The model endpoint, in both modes\n\n" + _endpoint(sample, bills, realtime),
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


def _opening(sample: Sample, prices: Prices) -> str:
    texts = sample.understood[100].meter.texts / UNDERSTOOD[100] * sample.events / sample.contacts
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


def _totals(
    bills: Mapping[int, list[Line]],
    realtime: Mapping[int, list[Line]],
    months: Mapping[int, Month],
) -> str:
    def row(n: int) -> Sequence[str]:
        lines, of = bills[n], months[n]
        whole, (most, usd) = cost.total(lines), cost.largest(lines)
        return (
            f"{n:,}",
            f"{of.events:,.0f}",
            f"{of.batch_size:.1f}",
            f"{whole:,.2f}",
            f"{whole / n * 1000:,.3f}",
            f"{cost.total(realtime[n]):,.2f}",
            f"{most} ({usd / whole:.0%})",
        )

    head = (
        "contacts",
        "events",
        "events a batch",
        "$ asynchronous",
        "$ per 1,000",
        "$ real time",
        "largest line, asynchronous",
    )
    told = """The modes are those of `ModelMode`: asynchronous, the default, in which the endpoint
scales to zero; and real time, in which an instance is always on. All that follows is of the
default, where it does not say otherwise."""
    return table(head, [row(n) for n in SCALES]) + "\n\n" + told


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
        "S3 writes and lists": ("s3_writes", 1e3),
        "S3 reads": ("s3_reads", 1e3),
        "KMS requests": ("kms_requests", 1e4),
        "endpoint hours": ("endpoint_cpu", 1),
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
    asked = ("questions to the model", *(f"{months[n].questions:,.0f}" for n in SCALES))
    return table(("", *(f"{n:,}" for n in SCALES)), [*rows, texts, asked])


def _lines(bills: Mapping[int, list[Line]]) -> str:
    names = [line.what for line in bills[SCALES[0]]]
    rows = [
        (name, *(f"{bills[n][place].usd:,.2f}" for n in SCALES)) for place, name in enumerate(names)
    ]
    sums = ("**all**", *(f"**{cost.total(bills[n]):,.2f}**" for n in SCALES))
    return table(("line", *(f"{n:,}" for n in SCALES)), [*rows, sums])


def _endpoint(
    sample: Sample, bills: Mapping[int, list[Line]], realtime: Mapping[int, list[Line]]
) -> str:
    of = {n: units.month(sample, n) for n in SCALES}

    def own(lines: Sequence[Line]) -> float:
        return cost.total([line for line in lines if line.what.startswith("Model endpoint")])

    def more(n: int, service: str) -> float:
        """What a service costs more in asynchronous mode."""
        here, there = (
            cost.total([line for line in lines if line.what.startswith(service)])
            for lines in (bills[n], realtime[n])
        )
        return here - there

    counted: dict[str, Callable[[int], str]] = {
        "asynchronous: hours awake": lambda n: f"{endpoint.instance_hours(of[n]):,.0f}",
        "asynchronous: wake-ups": lambda n: f"{endpoint.wakes(of[n]):,.0f}",
        "asynchronous: questions": lambda n: f"{of[n].questions:,.0f}",
        "asynchronous: endpoint, S3, SNS, $": lambda n: f"{own(bills[n]):,.2f}",
        "asynchronous: more for Lambda, $": lambda n: f"{more(n, 'Lambda'):,.2f}",
        "asynchronous: more for DynamoDB, $": lambda n: f"{more(n, 'DynamoDB'):,.2f}",
        "asynchronous: more for SQS, $": lambda n: f"{more(n, 'SQS'):,.2f}",
        "real time: hours on": lambda _: f"{units.HOURS:,.0f}",
        "real time: endpoint, $": lambda n: f"{own(realtime[n]):,.2f}",
        "whole bill, asynchronous less real time, $": lambda n: (
            f"{cost.total(bills[n]) - cost.total(realtime[n]):,.2f}"
        ),
    }
    rows = [(name, *(tell(n) for n in SCALES)) for name, tell in counted.items()]
    head = ("a month", *(f"{n:,}" for n in SCALES))
    written, read = (
        endpoint.s3_calls(sample, of[SCALES[0]], kinds)
        for kinds in (endpoint.WRITES, endpoint.READS)
    )
    again = units.asks(sample.asked[1]) / sample.asked[1].runs
    return f"""{table(head, rows)}

A question is what one batch asks; a batch of one event asks {again:.2f} times. For each question
and its answer {written:g} objects are written and {read:g} read, SageMaker's own included; one
message is published and goes through a queue; and `Judge` counts the answer in a call of its own.
The endpoint sleeps until something waits for {endpoint.NOTICED_S} s, starts for
{endpoint.STARTING_S} s (assumed, and billed), and is awake until nothing was asked for
{endpoint.SCALE_IN_S} s (assumed: target tracking's quarter of an hour). Hours are of the
weekly rhythm, with questions at random in each hour. They are rather too many: the
policy looks at what waits, and a quick model leaves nothing waiting, so it may put an instance to
sleep though questions trickle in; these then wait for the next wake-up. None of it has been seen on
AWS."""


def _largest(sample: Sample, bills: Mapping[int, list[Line]], months: Mapping[int, Month]) -> str:
    most = SCALES[-1]
    of, lines = months[most], bills[most]
    size = of.batch_size
    writes = [line for line in lines if line.price == "dynamodb_writes"]
    share = sum(line.usd for line in writes) / cost.total(lines)
    small, _ = cost.largest(bills[SCALES[0]])
    received = units.units(sample.received.meter, "events") / sample.events
    interactions = units.per_event(sample, size, "interactions")
    summaries = units.summary_units(sample, of)
    alone, together = (units.per_event(sample, n, "summaries") for n in (1, 100))
    at_once = units.month(sample, most, _REALTIME)
    in_time = units.per_event(sample, size, "interactions", mode=_REALTIME)
    in_time += units.summary_units(sample, at_once)
    return f"""With few contacts: {small}. It is billed by the hour, whatever it
judges in it: one question a quarter of an hour keeps it awake.

With many, DynamoDB's writes: {share:.0%} of the bill at {most:,} contacts. One event makes
{received + interactions + summaries:.2f} write units there:

- {received:.2f} to store it: the row with the raw delivery, and the index by source.
- {interactions:.2f} for the conversation's new version, once for each event that changes it and
  once for each answer of the model: twice its size because versions and counts change in one
  transaction, and two indexes. The index of samples changes whenever theme or sentiment does.
- {summaries:.2f} for the counts: each cell of the day once for a transaction, also twice; an answer
  takes the conversation out of one cell and puts it into another. Batches save here: {alone:.2f}
  for an event alone, {together:.2f} in batches of 100, while rows are small.

In real time the last two would be {in_time:.2f} together instead of
{interactions + summaries:.2f}: events are judged before they are counted, once.

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
            (
                "hours billed, asynchronous",
                *(
                    f"{endpoint.instance_hours(months[n], endpoint.GPU_STARTING_S):,.0f}"
                    for n in SCALES
                ),
            ),
        ],
    )
    busiest = months[SCALES[-1]]
    peak = busiest.peak_events_s * busiest.texts / busiest.events
    many, alone = 1000 / units.MEASURED.text_ms, 1000 / units.MEASURED.lone_text_ms
    return f"""None: the compact backend judges on a CPU, and one core judges about
{many:,.0f} texts a second in large calls and {alone:,.0f} one by one
(model_image/README.md). The busiest hour of {SCALES[-1]:,} contacts asks for {peak:,.0f} a second,
so one instance is enough at every scale; another is for availability and doubles its line.

The encoder was measured on one core of a CPU only ({units.MEASURED.encoder_texts_s:,.0f} texts a
second in bf16, model_image/README.md), not on a GPU. For each 100 texts a second that a GPU judges,
it works so long; what is billed is the time awake, with {endpoint.GPU_STARTING_S} s to start:

{hours}"""


def _measured(sample: Sample) -> str:
    return "\n\n".join(
        [
            "Calls of one delivery; of a batch of 1, 10 and 100 events, asked about and judged in "
            "asynchronous mode (SageMaker's own in S3 among the asking), or in real time:\n\n"
            + _calls(sample),
            "Capacity units of one event:\n\n" + _units(sample),
            "Schedules, a run; digests, a letter:\n\n" + _schedules(sample),
            f"""Billed milliseconds: {units.webhook_ms(sample):.0f} a delivery;
{", ".join(f"{units.batch_ms(sample, b):.0f} a batch of {b}" for b in BATCHES)}
({", ".join(f"{units.batch_ms(sample, b, _REALTIME):.0f}" for b in BATCHES)} in real time);
{", ".join(f"{units.answer_ms(sample, b):.0f}" for b in BATCHES)} an answer about such.
Kept bytes, overhead and indexes included: {sample.row_bytes["EVENTS_TABLE"]:,.0f} an event,
{sample.row_bytes["INTERACTIONS_TABLE"]:,.0f} an interaction. The busiest hour of a week holds
{max(sample.hours):.2%} of its contacts.""",
        ]
    )


def _columns(sample: Sample) -> dict[str, tuple[Step, float]]:
    """What the tables of calls and units show: a step, and the events that it is of."""
    found = {"receive": (sample.received, float(sample.events))}
    for b in BATCHES:
        found[f"ask {b}"] = (sample.asked[b], UNDERSTOOD[b])
        found[f"judge {b}"] = (sample.judged[b], UNDERSTOOD[b])
    for b in BATCHES:
        found[f"real time {b}"] = (sample.understood[b], UNDERSTOOD[b])
    return found


def _calls(sample: Sample) -> str:
    columns = _columns(sample)
    names = sorted({name for step, _ in columns.values() for name in step.meter.calls})
    rows = [
        (
            name.replace(f"{STACK}-", ""),
            *(f"{step.meter.calls[name] / step.runs:.3f}" for step, _ in columns.values()),
        )
        for name in names
    ]
    return table(("call", *columns), rows)


def _units(sample: Sample) -> str:
    columns = _columns(sample)
    rows = []
    for kind in ("written", "read"):
        names = sorted({name for step, _ in columns.values() for name in getattr(step.meter, kind)})
        for name in names:
            each = [getattr(step.meter, kind).get(name, 0) / n for step, n in columns.values()]
            label = f"{kind}: {name.removeprefix(f'{STACK}-')}"
            rows.append((label, *(f"{n:.3f}" for n in each)))
    return table(("units", *columns), rows)


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
    return "From `infra/cost/prices.toml`, which says how they were compared.\n\n" + table(
        ("price", "$", "per", "published on"), rows
    )


def _assumed() -> str:
    waits = ", ".join(f"{name} {ms} ms" for name, ms in units.WAIT_MS.items())
    slower = units.VCPU_MB / units.MEMORY_MB
    left_out = "; ".join(f"`{name}` ({why})" for name, why in functions.LEFT_OUT.items())
    counted = ", ".join(f"`{name}`" for name in functions.COUNTED)
    return f"""- Functions of app.py: {counted} and every schedule are counted. Left out:
  {left_out}.
- CPU: the benchmarks of [performance.md](performance.md), times {units.CPU_FACTOR}
  for Lambda's slower core, times {slower:.2f} because {units.MEMORY_MB} MB have {1 / slower:.2f}
  of a vCPU. Waits: {waits}, endpoint {units.ENDPOINT_WAIT_MS:g} ms.
- Contacts come as in the demo's weeks, hour by hour; five pollers share what comes, so batches fill
  only when more than a few events come a second.
- Storage is that of a steady state: raw events {units.RAW_DAYS} days, interactions
  {units.INTERACTION_DAYS} days.
- Index writes of a transaction are doubled like its table writes; AWS does not say so.
- Logs: what the functions print was counted; {units.LAMBDA_LINES_BYTES} bytes a call are Lambda's
  own lines, {watching.access_line_bytes()} a request the API's access log. The
  {watching.log_groups()} log groups cost nothing by themselves.
- Alarms: {watching.alarms("asynchronous")} metrics that alarms of the template and of target
  tracking look at, in asynchronous mode. Metrics: those of the code, those counted from logs, and
  {watching.API_METRICS} of the API; one that has no data in a month costs less.
- KMS: one key; its price rises by a dollar after each of the first two yearly rotations. A table, a
  bucket or a topic asks again for each function once in {watching.KEY_KEPT_S} s at most;
  each reading of a secret asks once. What CloudWatch's log groups ask is not told by AWS, and left
  out.
- The firewall (`Firewall: yes`) is no part of the bill; its price stands among the other settings.
- Digests: what they read of summaries and quotes does not grow. Two readings do,
  each up to a bound: who came back (some {LARGEST_LINKED:,} contacts of known customers) and who
  fell silent ({LARGEST_RHYTHM:,}).
- Left out: storage in S3 and ECR, speech, the minute-wise reading of the organisation's row by each
  environment, data leaving AWS, retries and duplicates beyond the demo's 4 %."""

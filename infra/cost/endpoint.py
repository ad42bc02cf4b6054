"""The model endpoint in its two modes: when an instance is awake, and what questions cost.

An asynchronous endpoint sleeps until a question comes. Then, in turn:

    NOTICED_S    an alarm sees that something waits and there is no instance; nothing is billed
    STARTING_S   an instance starts; billed
    awake        billed, until no question has come for SCALE_IN_S

Questions come at random, at the measured rate of their hour (a Poisson process): with rate r a
second, an instance that is up stays so for (exp(r * SCALE_IN_S) - 1) / r seconds on the average,
the mean wait for the first gap of that length, and one that went down sleeps for 1 / r.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

from infra.cost.sample import Sample
from infra.cost.units import (
    CPU_FACTOR,
    HOURS,
    MEASURED,
    WEEKS,
    Month,
    asks,
    between,
    calls,
)

#: The trigger of infra/template/scaling.py: two periods of a minute; a test compares.
NOTICED_S = 120
#: Assumed: until an instance answers. A GPU's image is larger.
STARTING_S = 300
GPU_STARTING_S = 600
#: Assumed: target tracking takes an instance away after a quarter of an hour below its target.
SCALE_IN_S = 900
#: S3's PUT and LIST, and its GET; DELETE is free.
WRITES, READS = ("PutObject", "ListObjectsV2"), ("GetObject",)

Quantity = tuple[str, str, float]


class Awake(NamedTuple):
    """Of a while with one rate of questions: the share that is billed, and wake-ups a second."""

    share: float
    wakes_s: float


def awake(questions_s: float, starting_s: float = STARTING_S) -> Awake:
    """How an endpoint of one instance wakes and sleeps when so many questions come a second."""
    if questions_s <= 0:
        return Awake(0.0, 0.0)
    gap = questions_s * SCALE_IN_S
    if gap > 50:  # it would stay up for longer than the world is old
        return Awake(1.0, 0.0)
    up_s = starting_s + math.expm1(gap) / questions_s
    cycle_s = 1 / questions_s + NOTICED_S + up_s
    return Awake(up_s / cycle_s, 1 / cycle_s)


def instances(of: Month) -> int:
    """That the busiest hour of a usual week needs, at the measured speed of a slower core."""
    texts_s = of.peak_events_s * of.texts / of.events
    return max(1, math.ceil(texts_s * MEASURED.text_ms * CPU_FACTOR / 1000))


def instance_hours(of: Month, starting_s: float = STARTING_S) -> float:
    """Billed hours of a month; after a busy hour the instance stays for some of the next."""
    if of.mode == "realtime":
        return HOURS * instances(of)
    shares = [awake(questions / 3600, starting_s).share for questions in of.questions_h]
    stays = sum(max(0.0, was - now) for was, now in pairwise((*shares, shares[0])))
    return (sum(shares) + stays * SCALE_IN_S / 3600) * WEEKS * instances(of)


def wakes(of: Month) -> float:
    """Wake-ups a month, those at the start of a busier hour among them; none in real time."""
    if of.mode == "realtime":
        return 0.0
    hours = [awake(questions / 3600) for questions in of.questions_h]
    within = sum(hour.wakes_s for hour in hours) * 3600
    begun = sum(max(0.0, now.share - was.share) for was, now in pairwise((*hours, hours[0])))
    return (within + begun) * WEEKS


def quantities(sample: Sample, of: Month) -> list[Quantity]:
    """The endpoint's own lines; `Judge` and its queue are among the other functions."""
    if of.mode == "realtime":
        return [("Model endpoint: always on", "endpoint_cpu", instance_hours(of))]
    listed = sum(
        of.runs[name] * calls(step.meter, kind)
        for name, step in sample.idle.items()
        for kind in WRITES
    )
    written, read = (of.questions * s3_calls(sample, of, kinds) for kinds in (WRITES, READS))
    return [
        ("Model endpoint: while it is awake", "endpoint_cpu", instance_hours(of)),
        ("Model endpoint: S3, written and listed", "s3_writes", (written + listed) / 1000),
        ("Model endpoint: S3, read", "s3_reads", read / 1000),
        ("Model endpoint: SNS, notices of answers", "notices", of.questions / 1e6),
    ]


def s3_calls(sample: Sample, of: Month, kinds: tuple[str, ...]) -> float:
    """Of one question and its answer, the hub's calls and SageMaker's."""
    return between(
        of.batch_size,
        {
            b: sum(calls(step.meter, k) + calls(sample.judged[b].meter, k) for k in kinds)
            / asks(step)
            for b, step in sample.asked.items()
        },
    )

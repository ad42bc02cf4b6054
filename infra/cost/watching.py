"""What is paid for being watched and encrypted: logs, metrics, alarms, traces, keys; the firewall.

What the template holds is counted from the template, as deployed by default.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from infra.cost.sample import Sample
from infra.cost.stage import Step
from infra.cost.units import (
    GB,
    HOURS,
    LAMBDA_LINES_BYTES,
    LOG_DAYS,
    NOTICES_A_LETTER,
    TRACED,
    WEEKS,
    Month,
    between,
    secret_reads,
    understanding,
)
from infra.template import api, merge_template

Quantity = tuple[str, str, float]

#: The stage that is counted; `dev` has the same parts.
_STAGE = "prod"
#: Target tracking makes an alarm above and one below its target by itself.
_ALARMS_A_TARGET = 2
#: Count, latency, latency of the function, 4xx and 5xx, of the one method that is always in use.
API_METRICS = 5
#: How long a service keeps what KMS gave it, seconds; the first request after asks again.
#: https://docs.aws.amazon.com/kms/latest/developerguide/services-dynamodb.html says so of tables,
#: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html of topics; of a bucket's key
#: AWS gives no time, and the same is assumed.
KEY_KEPT_S = 300
_FACT_BYTES = 24  # assumed of each value in a line of the access log


def resources(kind: str) -> Iterator[Mapping[str, Any]]:
    """The template's resources of a CloudFormation type in a default deployment."""
    absent = {"IsServerless", "HasSpeech", "HasFirewall", "HasDomain", "HasInboundMail"}
    for resource in merge_template(_STAGE)["Resources"].values():
        if resource.get("Type") == kind and resource.get("Condition") not in absent:
            yield resource


def alarms(mode: str) -> int:
    """Alarms that CloudWatch bills: one for each metric that an alarm looks at."""
    billed: int = 0
    for alarm in resources("AWS::CloudWatch::Alarm"):
        if mode == "realtime" and alarm.get("Condition") == "IsAsynchronous":
            continue
        looked_at: Sequence[Any] = alarm["Properties"].get("Metrics", ())
        billed += sum("MetricStat" in one for one in looked_at) or 1
    if mode == "asynchronous":
        policies = resources("AWS::ApplicationAutoScaling::ScalingPolicy")
        kinds: list[str] = [policy["Properties"]["PolicyType"] for policy in policies]
        billed += _ALARMS_A_TARGET * kinds.count("TargetTrackingScaling")
    return billed


def metrics(sample: Sample) -> int:
    """Series: what the code counts, what is counted from logs, and the API's own of its methods."""
    counted = sum(1 for _ in resources("AWS::Logs::MetricFilter"))
    return sample.metrics + counted + API_METRICS


def log_groups() -> int:
    """The functions' and the API's; an endpoint has its own besides."""
    every = merge_template(_STAGE)["Resources"]
    patched = [name for name, of in every.items() if name.endswith("LogGroup") and "Type" not in of]
    return len(patched) + len(list(resources("AWS::Logs::LogGroup")))


def quantities(sample: Sample, of: Month, lambda_calls: float) -> list[Quantity]:
    """Logs, metrics, alarms, the dashboard, traces and keys."""
    told = of.deliveries * _printed(sample.received)
    told += of.batches * _printed_by_size(of, understanding(sample, of.mode))
    if of.mode == "asynchronous":
        told += of.questions * _printed_by_size(of, sample.judged)
    told += sum(n * _printed(sample.idle[name]) for name, n in of.runs.items())
    told += lambda_calls * LAMBDA_LINES_BYTES + of.deliveries * access_line_bytes()
    dashboards = sum(1 for _ in resources("AWS::CloudWatch::Dashboard"))
    return [
        ("CloudWatch: logs taken in", "logs_ingested", told / GB),
        ("CloudWatch: logs kept", "logs_stored", told / GB * LOG_DAYS / (HOURS / 24)),
        ("CloudWatch: metrics", "metrics", float(metrics(sample))),
        ("CloudWatch: alarms", "alarms", float(alarms(of.mode))),
        ("CloudWatch: dashboard", "dashboards", float(dashboards)),
        ("X-Ray: traces", "traces", _traces(sample, of) / 1e6),
        ("KMS: the stage's key", "kms_keys", float(sum(1 for _ in resources("AWS::KMS::Key")))),
        ("KMS: requests", "kms_requests", key_requests(sample, of) / 10_000),
    ]


def _printed(step: Step) -> float:
    return step.printed_bytes / step.runs


def _printed_by_size(of: Month, steps: Mapping[int, Step]) -> float:
    return between(of.batch_size, {b: _printed(step) for b, step in steps.items()})


def access_line_bytes() -> int:
    """A line of the API's access log."""
    return len(json.dumps(api.ACCESS_LOG | dict.fromkeys(api.ACCESS_LOG, "-" * _FACT_BYTES)))


def _traces(sample: Sample, of: Month) -> float:
    """Traced webhooks and batches: one a second at most for certain, and a share of the rest."""
    traced = 0.0
    for asked in (of.deliveries, of.batches):
        for share in sample.hours:
            hourly = asked / WEEKS * share
            sure = 3600 * (1 - math.exp(-hourly / 3600))  # seconds in which one comes
            traced += (sure + TRACED * (hourly - sure)) * WEEKS
    return traced


def key_requests(sample: Sample, of: Month) -> float:
    """Requests to KMS, by tables, buckets, topics and secrets.

    A service asks again for each function when what it was given is KEY_KEPT_S old, so a function
    that runs often costs no more than one request for each such while.
    """
    most = HOURS * 3600 / KEY_KEPT_S

    def kept(asked: float, places: int) -> float:
        return min(asked, most) * places

    by_function = [(of.deliveries, [sample.received])]
    by_function.append((of.batches, list(understanding(sample, of.mode).values())))
    by_function += [(n, [sample.idle[name]]) for name, n in of.runs.items()]
    requests = kept(of.letters, _places([sample.digests]))
    if of.mode == "asynchronous":
        by_function.append((of.questions, list(sample.judged.values())))
        # The endpoint reads a question, writes an answer, and publishes: two requests of a topic.
        requests += kept(of.questions, 2 + 2)
    requests += sum(kept(asked, _places(steps)) for asked, steps in by_function)
    # Notices of mail come through a topic too.
    requests += kept(of.letters * NOTICES_A_LETTER, 2)
    return requests + secret_reads(sample, of)


def _places(steps: Sequence[Step]) -> int:
    """Tables, and the bucket, that a function's calls touched."""
    names = {name for step in steps for name in step.meter.calls}
    tables = {t for step in steps for k in (step.meter.written, step.meter.read) for t in k}
    return len({t.partition("/")[0] for t in tables}) + any(n.startswith("s3:") for n in names)


def firewall(of: Month, usd: Callable[[str], float]) -> float:
    """Dollars a month of the optional firewall (`Firewall: yes`): list, rules and requests."""
    (rules,) = (
        resource["Properties"]["Rules"]
        for resource in merge_template(_STAGE)["Resources"].values()
        if resource.get("Type") == "AWS::WAFv2::WebACL"
    )
    fixed = usd("waf_acls") + len(rules) * usd("waf_rules")
    return fixed + of.deliveries / 1e6 * usd("waf_requests")

"""Logs and metrics, by Powertools: ids, counts and durations; never a customer's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger, single_metric
from aws_lambda_powertools.metrics import MetricUnit

NAMESPACE = "Oivallus"

# The service has the app's name, so that what Chalice logs of an error comes as JSON too.
logger = Logger(service="oivallus")


def count(
    metric: str, value: int = 1, /, facts: Mapping[str, Any] | None = None, **dimensions: str
) -> None:
    """Add to a CloudWatch metric: one line on stdout, in the embedded metric format.

    `facts` make the same line a log record too; the hot path cannot afford a second one.
    """
    with single_metric(name=metric, unit=MetricUnit.Count, value=value, namespace=NAMESPACE) as m:
        for name, of in dimensions.items():
            m.add_dimension(name=name, value=of)
        for name, fact in (facts or {}).items():
            m.add_metadata(key=name, value=fact)


def record(what: str, /, **facts: Any) -> None:
    """One structured log line. `facts` are ids, counts and durations."""
    logger.info(what, extra=facts)


def warn(what: str, /, **facts: Any) -> None:
    """As `record`, for what a person should look at."""
    logger.warning(what, extra=facts)

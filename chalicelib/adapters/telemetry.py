"""Logs and metrics, by Powertools: ids, counts and durations; never a customer's words."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, single_metric
from aws_lambda_powertools.metrics import MetricUnit

NAMESPACE = "Oivallus"

# The service has the app's name, so that what Chalice logs of an error comes as JSON too.
logger = Logger(service="oivallus")


def count(metric: str, value: int = 1, /, **dimensions: str) -> None:
    """Add to a CloudWatch metric (embedded metric format, one line on stdout)."""
    with single_metric(name=metric, unit=MetricUnit.Count, value=value, namespace=NAMESPACE) as m:
        for name, of in dimensions.items():
            m.add_dimension(name=name, value=of)


def record(what: str, /, **facts: Any) -> None:
    """One structured log line. `facts` are ids, counts and durations."""
    logger.info(what, extra=facts)


def warn(what: str, /, **facts: Any) -> None:
    """As `record`, for what a person should look at."""
    logger.warning(what, extra=facts)

"""Logs and metrics, by Powertools: ids, counts and durations; never a customer's words."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from aws_lambda_powertools import Logger, single_metric
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics import MetricUnit

from chalicelib.errors import HubError

NAMESPACE = "Oivallus"


class Unexpected(Exception):
    """An error that nobody foresaw, without its message: that may quote a customer."""


class _Wordless(LambdaPowertoolsFormatter):
    """Logs what kind of error rose where; of errors that are not ours no message."""

    def formatException(self, ei: Any) -> str:
        return described(ei[1])


# The service has the app's name, so that what Chalice logs of an error comes as JSON too.
logger = Logger(service="oivallus", logger_formatter=_Wordless(serialize_stacktrace=False))


def described(error: BaseException) -> str:
    """The kind of an error and the places it passed, innermost last; our own errors' words too."""
    places = [
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    words = f": {error}" if isinstance(error, (HubError, Unexpected)) else ""
    return f"{type(error).__name__}{words} at {' > '.join(places)}"


@contextmanager
def wordless() -> Iterator[None]:
    """Around a handler: what Lambda reports of an error that nobody foresaw quotes no customer."""
    try:
        yield
    except (HubError, Unexpected):
        raise
    except Exception as error:
        raise Unexpected(described(error)) from None


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

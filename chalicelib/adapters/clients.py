"""One botocore client per service and process, and our names for what they raise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import Misconfigured, Retryable

_WRONG = {
    "AccessDenied",
    "AccessDeniedException",
    "NoSuchBucket",
    "QueueDoesNotExist",
    "AWS.SimpleQueueService.NonExistentQueue",
    "ResourceNotFoundException",
    "MessageRejected",
    "ValidationError",
    "ValidationException",
}


@cache
def _session() -> Any:
    # botocore, not boto3: PynamoDB has loaded it anyway, and a second layer is cold-start time.
    return botocore.session.get_session()


@cache
def client(service: str, read_timeout_s: float = 5) -> Any:
    """The process's client of a service; region and endpoint come from the environment."""
    config = Config(
        connect_timeout=2,
        read_timeout=read_timeout_s,
        retries={"mode": "standard", "total_max_attempts": 3},
        # Our few calls are tested against the service's own shapes. Checking them again, and
        # spelling out the platform in a user agent, is an eighth of a call's CPU time.
        parameter_validation=False,
        user_agent="oivallus",
    )
    return _session().create_client(service, config=config)


@contextmanager
def calling(doing: str) -> Iterator[None]:
    """Translate what botocore raises: wait and try again, or tell a person."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        kind = Misconfigured if code in _WRONG else Retryable
        raise kind(f"could not {doing}: AWS answered {code}") from error
    except BotoCoreError as error:
        raise Retryable(f"could not {doing}: {type(error).__name__}") from error

"""EventBridge's twin: the schedules of app.py, and the event that a schedule sends."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from chalice.app import Chalice, ScheduledEventConfig, ScheduleExpression
from chalice.utils import to_cfn_resource_name

from infra.local.references import ACCOUNT
from infra.paths import CHALICE_CONFIG

_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


class Schedules:
    """Which of an app's rate(...) schedules are due; each first after one whole interval."""

    def __init__(self, app: Chalice) -> None:
        self._every = {
            config.name: _interval(config.schedule_expression)
            for config in app.event_sources
            if isinstance(config, ScheduledEventConfig)
        }
        self._next: dict[str, datetime] = {}

    def due(self, now: datetime) -> Iterator[str]:
        """The schedules whose time has come; each is given once an interval."""
        for name, every in self._every.items():
            if now >= self._next.setdefault(name, now + every):
                self._next[name] = now + every
                yield name


def _interval(expression: str | ScheduleExpression) -> timedelta:
    """The interval of 'rate(15 minutes)'. Raises ValueError for anything else."""
    text = expression if isinstance(expression, str) else expression.to_string()
    found = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", text)
    if not found:
        raise ValueError(f"the local twin runs rate(...) schedules, not {text}")
    return int(found[1]) * _UNITS[found[2]]


def scheduled_event(now: datetime, name: str) -> dict[str, Any]:
    """The event of an EventBridge schedule rule."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": "local",
        "resources": [f"arn:aws:events:local:{ACCOUNT}:rule/{name}"],
        "detail": {},
    }


def timeouts_s(stage: str) -> dict[str, int]:
    """The functions' timeouts in .chalice/config.json, by logical id; '' is the default's."""
    config = json.loads(CHALICE_CONFIG.read_text())["stages"][stage]
    own = {
        to_cfn_resource_name(name): of["lambda_timeout"]
        for name, of in config.get("lambda_functions", {}).items()
    }
    return {"": config["lambda_timeout"], **own}

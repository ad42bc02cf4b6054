"""Which hub a command talks to: the local one that runs, or the one of the environment."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from chalicelib.adapters import world as worlds
from chalicelib.adapters.settings import read_settings
from chalicelib.adapters.world import World
from chalicelib.errors import Misconfigured
from infra.local.cloudwatch import Capture, CloudWatch
from infra.paths import STATE

ENVIRONMENT_FILE = STATE / "environment.json"


class NoHub(RuntimeError):
    """There is no hub to talk to; the text says how to start or name one."""


def local_environment() -> Mapping[str, str]:
    """The variables of the running local hub. Raises NoHub when none runs."""
    try:
        found: dict[str, str] = json.loads(ENVIRONMENT_FILE.read_text())
        os.kill(int(found["HUB_PID"]), 0)
    except (OSError, ValueError, KeyError) as error:
        raise NoHub(
            "no local hub is running here; start one with `hub serve`, or name a deployed one "
            "with --cloud and its environment variables"
        ) from error
    return found


def connect(cloud: bool) -> World:
    """The world of the running local hub, or with `cloud` of the environment's variables.

    Raises NoHub.
    """
    if not cloud:
        for name in [n for n in os.environ if n.startswith("AWS_")]:
            del os.environ[name]  # a profile of a real account must not reach the local hub
        os.environ |= local_environment()
    try:
        return worlds.build(read_settings())
    except Misconfigured as error:
        raise NoHub(str(error)) from error


@contextmanager
def counted(cloudwatch: CloudWatch, doing: str) -> Iterator[None]:
    """Collect what the pipeline logs in this thread, instead of printing it."""
    with Capture("oivallus") as capture, capture.invocation() as printed:
        try:
            yield
        finally:
            cloudwatch.take(doing, printed.getvalue())
            sys.stdout.flush()

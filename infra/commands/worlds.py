"""Which hub a command talks to: the local one that runs, or a deployed stage in AWS."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters import clients
from chalicelib.adapters import world as worlds
from chalicelib.adapters.settings import Settings, read_settings
from chalicelib.adapters.world import World
from chalicelib.errors import HubError, Misconfigured
from infra.local.cloudwatch import Capture, CloudWatch
from infra.paths import STATE

ENVIRONMENT_FILE = STATE / "environment.json"
STACK = "oivallus-{stage}"
_QUEUE = "-events"  # the events queue is called after the stack, and so are the others


class NoHub(RuntimeError):
    """There is no hub to talk to; the text says how to start or name one."""


@dataclass(frozen=True)
class Where:
    """The hub that a command means: of a stage in AWS, or the local one when `stage` is empty."""

    stage: str = ""
    profile: str = ""

    def __str__(self) -> str:
        return f"stage {self.stage}" if self.stage else "the local hub"


@dataclass(frozen=True)
class Hub:
    """A hub to work on."""

    where: Where
    world: World
    settings: Settings

    @property
    def stack(self) -> str:
        """The stack's name, with which the names of its queues begin."""
        return self.settings.events_queue_url.rpartition("/")[2].removesuffix(_QUEUE)


def local_environment() -> Mapping[str, str]:
    """The variables of the running local hub. Raises NoHub when none runs."""
    try:
        found: dict[str, str] = json.loads(ENVIRONMENT_FILE.read_text())
        os.kill(int(found["HUB_PID"]), 0)
    except (OSError, ValueError, KeyError) as error:
        raise NoHub(
            "no local hub is running here; start one with `hub serve`, or name a deployed one "
            "with --stage"
        ) from error
    return found


def stage_environment(where: Where) -> Mapping[str, str]:
    """The variables of a deployed stage's functions. Raises NoHub."""
    stack = STACK.format(stage=where.stage)
    if where.profile:
        os.environ["AWS_PROFILE"] = where.profile
        clients._session.cache_clear()
        clients.client.cache_clear()
    try:
        function = clients.client("cloudformation").describe_stack_resource(
            StackName=stack, LogicalResourceId="APIHandler"
        )["StackResourceDetail"]["PhysicalResourceId"]
        configuration = clients.client("lambda").get_function_configuration(FunctionName=function)
    except ClientError as error:
        told = error.response.get("Error", {})
        raise NoHub(
            f"stack {stack} cannot be read: {told.get('Code')}: {told.get('Message')}; deploy it, "
            "or check --stage, --profile and the region"
        ) from error
    except BotoCoreError as error:
        raise NoHub(
            f"AWS cannot be asked about stack {stack}: {error}; check --profile and AWS_REGION"
        ) from error
    region = clients.client("lambda").meta.region_name
    return {**configuration.get("Environment", {}).get("Variables", {}), "AWS_REGION": region}


def connect(where: Where = Where()) -> Hub:
    """The hub that is meant. Raises NoHub."""
    if where.stage:
        environment = stage_environment(where)
    else:
        environment = local_environment()
        for name in [n for n in os.environ if n.startswith("AWS_")]:
            del os.environ[name]  # a profile of a real account must not reach the local hub
    os.environ |= environment
    try:
        settings = read_settings()
    except Misconfigured as error:
        raise NoHub(str(error)) from error
    return Hub(where, worlds.build(settings), settings)


@contextmanager
def quiet(doing: str) -> Iterator[CloudWatch]:
    """Collect what the pipeline prints and logs in this thread, instead of showing it."""
    collected = CloudWatch()
    with counted(collected, doing):
        yield collected


@contextmanager
def counted(cloudwatch: CloudWatch, doing: str) -> Iterator[None]:
    """Collect what the pipeline logs in this thread, instead of printing it."""
    with Capture("oivallus") as capture, capture.invocation() as printed:
        try:
            yield
        finally:
            cloudwatch.take(doing, printed.getvalue())
            sys.stdout.flush()


__all__ = ["Hub", "HubError", "NoHub", "Where", "connect", "counted", "quiet"]

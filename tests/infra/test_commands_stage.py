"""Commands reach a deployed stage by its stack's name alone, and the local hub over HTTP."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from unittest import mock

import pytest
from moto import mock_aws
from typer.testing import CliRunner

from chalicelib.adapters import clients
from chalicelib.adapters.settings import Settings
from infra import hub
from infra.commands import worlds
from infra.commands.worlds import NoHub, Where
from infra.local.hub import LocalHub
from infra.paths import ORGANISATION, ROOT
from infra.template import functions
from tests.infra.vendors import text

REGION = "eu-north-1"
run = CliRunner()


def _function() -> str:
    """A deployed API handler with the variables that the template gives it; its name."""
    with mock.patch.dict(os.environ):
        role = clients.client("iam").create_role(
            RoleName="api",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}),
        )["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "")
    variables = {name: f"prod-{name.lower()}" for name in functions.environment("prod")}
    variables |= {
        "STAGE": "prod",
        "SUMMARY_PARTITIONS": "1",
        "EVENTS_QUEUE_URL": "https://sqs/1/oivallus-prod-events",
    }
    return str(
        clients.client("lambda").create_function(
            FunctionName="oivallus-prod-APIHandler-XYZ",
            Runtime="python3.11",
            Role=role,
            Handler="app.app",
            Code={"ZipFile": code.getvalue()},
            Environment={"Variables": variables},
        )["FunctionName"]
    )


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws(config={"lambda": {"use_docker": False}}), mock.patch.dict(os.environ):
        yield
    clients.client.cache_clear()
    clients._session.cache_clear()


def test_a_stage_is_found_by_its_name(account: None, monkeypatch: pytest.MonkeyPatch) -> None:
    function = _function()
    asked: list[dict[str, str]] = []
    cloudformation = clients.client("cloudformation")

    def resource(**wanted: str) -> dict[str, dict[str, str]]:
        asked.append(wanted)
        return {"StackResourceDetail": {"PhysicalResourceId": function}}

    monkeypatch.setattr(cloudformation, "describe_stack_resource", resource)
    found = worlds.connect(Where("prod"))
    assert asked == [{"StackName": "oivallus-prod", "LogicalResourceId": "APIHandler"}]
    assert found.settings.stage == "prod"
    assert found.settings.region == REGION
    assert found.stack == "oivallus-prod"
    told = {f.name.upper() for f in fields(Settings)} - {"REGION", "PUBLIC_URL"}
    assert told == functions.environment("prod").keys()


def test_a_stage_that_is_not_there_is_told(account: None) -> None:
    done = run.invoke(hub.app, ["deliveries", "--stage", "prod"])
    assert done.exit_code == hub.NO_HUB
    assert "oivallus-prod" in done.output


def test_without_a_region_or_profile_it_says_what_to_check(
    account: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(NoHub, match="--profile"):
        worlds.connect(Where("prod", "nobody"))


# -- the local hub, from another process ------------------------------------------------------

_OTHER = """
import json, sys
from pathlib import Path
from typer.testing import CliRunner
from infra import hub
from infra.commands import sample, worlds
folder = Path(sys.argv[1])
worlds.ENVIRONMENT_FILE, sample.STATE = folder / "environment.json", folder
for command in json.loads(sys.argv[2]):
    done = CliRunner().invoke(hub.app, command)
    print(json.dumps([done.exit_code, done.stdout or done.output]))
"""


SOURCES = ["zendesk", "chat", "email", "phone", "survey"]


class Seen:
    """One hub's story, told once, before pytest takes standard output from its functions."""

    def __init__(self, state: Path) -> None:
        self.state = state
        lists = self.run(*(["sample", source, "--json"] for source in SOURCES))
        self.commands = []
        for source, (_, samples) in zip(SOURCES, lists, strict=True):
            events = {one["event"]: one["becomes"] for one in json.loads(samples)}
            message = next(event for event, what in events.items() if "by customer" in what)
            # Each is a new message.
            self.commands += 2 * [["sample", source, message, "--json"]]
        self.sent = [json.loads(output) for _, output in self.run(*self.commands)]
        self.shown, self.listed, self.sources, self.curl, self.check, self.doctor = self.run(
            ["show", self.sent[0]["id"]],
            ["deliveries", "--json"],
            ["sources", "--json"],
            ["sample", "shop-feedback", "from-mapping", "--curl"],
            ["check", str(ORGANISATION)],
            ["doctor", "--json", "--organisation", str(ORGANISATION)],
        )

    def run(self, *commands: list[str]) -> list[tuple[int, str]]:
        """Run commands in a process of their own; the exit status and output of each."""
        done = subprocess.run(
            [sys.executable, "-c", _OTHER, str(self.state), json.dumps(commands)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def seen(model_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    state = tmp_path_factory.mktemp("hub")
    with LocalHub(text(), state=state, model_url=model_url):
        yield Seen(state)


def test_a_sample_of_every_vendor_arrives(seen: Seen) -> None:
    outcomes = [one["delivery"]["outcome"] for one in seen.sent]
    assert outcomes == ["accepted"] * len(seen.commands)


def test_what_arrived_can_be_looked_up(seen: Seen) -> None:
    assert seen.shown[0] == seen.listed[0] == seen.sources[0] == hub.OK
    assert [one["id"] for one in json.loads(seen.listed[1])] == [one["id"] for one in seen.sent]
    assert "event: " in seen.shown[1]
    counted = {one["source"]: one["counts_24h"] for one in json.loads(seen.sources[1])}
    assert counted == {name: {"accepted": 2} for name in SOURCES} | {"shop-feedback": {}}


def test_a_samples_curl_line_is_complete(seen: Seen) -> None:
    status, output = seen.curl
    assert status == hub.OK
    assert output.startswith("curl -i -H ")
    (body,) = (seen.state / "samples").iterdir()
    assert f"--data-binary @{body}" in output
    assert json.loads(body.read_bytes())["type"] == "feedback.created"


def test_the_local_hub_passes_its_check(seen: Seen) -> None:
    status, output = seen.check
    assert status == hub.OK, output
    assert "no fault" in output
    assert "the local hub: " in output


def test_the_local_hub_is_well(seen: Seen) -> None:
    status, output = seen.doctor
    told = json.loads(output)["findings"]
    assert status == hub.OK, told
    assert any(one["what"].startswith("queue recordings") for one in told)
    assert any("secrets are there" in one["what"] for one in told)

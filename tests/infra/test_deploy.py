"""Deploying, against moto: versions by their hash, change sets, roll-back, failures in words."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pytest
from moto import mock_aws
from moto.cloudformation.models import CloudFormationBackend

from chalicelib.adapters.secrets import OWN_KEYS
from infra import artefacts, deploy, images
from infra.artefacts import NoVersion
from infra.changes import Change, DeployFailed, Stack, change, reasons
from infra.deploy import Target
from infra.package import Package, PackagingFailed
from infra.stage_settings import StageSettings
from infra.template import Template
from infra.template.base import base_template

REGION, ACCOUNT = "eu-north-1", "123456789012"
SETTINGS = StageSettings(
    REGION, ACCOUNT, 0, {"AlarmEmail": "tekniikka@havuvakka.example", "RawDays": "30"}
)
pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse AWS")  # what moto passes over


def _told_anew(execute: Any) -> Any:
    """moto goes on telling the outputs that a stack had before its change set."""

    def executed(backend: Any, change_set_name: str, stack_name: str) -> None:
        execute(backend, change_set_name, stack_name)
        stack = backend.get_stack(stack_name)
        sets = backend.change_sets.values()
        (made,) = [made for made in sets if made.change_set_name == change_set_name]
        stack.parameters = made.parameters
        stack._parse_template()
        stack.resource_map._parsed_resources |= made.parameters
        stack.output_map = stack._create_output_map()

    return executed


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    executed = _told_anew(CloudFormationBackend.execute_change_set)
    monkeypatch.setattr(CloudFormationBackend, "execute_change_set", executed)
    with mock.patch.dict(os.environ), mock_aws():
        yield Target("prod", SETTINGS, boto3.Session(region_name=REGION), poll_s=0)


@pytest.fixture
def checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """What is packaged: code and resources that a test may change."""
    made: dict[str, Any] = {"code": "1", "resources": {"AQueue": {"Type": "AWS::SQS::Queue"}}}

    def package(stage: str, out: Path) -> Package:
        out = tmp_path / "build"
        out.mkdir(exist_ok=True)
        with zipfile.ZipFile(out / "deployment.zip", "w") as archive:
            archive.writestr("app.py", made["code"])
        template: Template = {
            "Parameters": {
                name: {"Type": "String"}
                for name in ("AlarmEmail", "RawDays", "Version", "CodeSha256")
            },
            "Resources": dict(made["resources"]),
            "Outputs": {
                name: {"Value": {"Ref": name}} for name in ("Version", "CodeSha256", "AlarmEmail")
            },
        }
        return Package({}, template, 1)

    monkeypatch.setattr(deploy, "package", package)
    monkeypatch.setattr(deploy, "lint", lambda *_: [])
    monkeypatch.setattr(deploy, "ROOT", tmp_path)
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "prod").symlink_to(tmp_path / "build")
    return made


def outputs(target: Target) -> dict[str, str]:
    return target.stack().outputs()


def test_deployed_changed_and_rolled_back(
    target: Target, checkout: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    deploy.deploy(target)
    first = outputs(target)
    told = capsys.readouterr().out
    assert "+ add           AQueue (AWS::SQS::Queue)" in told
    assert f"version {first['Version']}" in told
    assert "Next: hub publish organisation.yaml --stage prod" in told

    checkout["code"] = "2"
    checkout["resources"] = {**checkout["resources"], "Another": {"Type": "AWS::SQS::Queue"}}
    deploy.deploy(target)
    assert outputs(target)["Version"] != first["Version"]
    assert "Another (AWS::SQS::Queue)" in capsys.readouterr().out

    # Another is a queue, which may hold what nobody has worked off yet.
    with pytest.raises(DeployFailed, match="Another would be removed"):
        deploy.deploy(target, first["Version"])
    losing = Target("prod", SETTINGS, target.session, allow_loss=True, poll_s=0)
    deploy.deploy(losing, first["Version"])
    assert outputs(target) == first

    deploy.show_versions(target)
    listed = capsys.readouterr().out.strip().splitlines()
    assert f"{first['Version']}  " in "\n".join(listed)
    assert len([line for line in listed if "deployed now" in line]) == 1


def test_the_same_content_is_the_same_version(
    target: Target, checkout: dict[str, Any], tmp_path: Path
) -> None:
    bucket = deploy.base(target)
    one = deploy.packaged(target, bucket)
    with mock.patch("zipfile.time.time", return_value=1e9):  # packed at another time
        again = deploy.packaged(target, bucket)
    assert again == one
    s3 = target.client("s3")
    kept = s3.get_object(Bucket=bucket, Key=f"versions/{one.name}/deployment.zip")
    assert kept["Metadata"]["code-sha256"] == one.code_sha256
    checkout["code"] = "2"
    assert deploy.packaged(target, bucket).name != one.name


def test_functions_take_their_code_from_the_version() -> None:
    template: Template = {
        "Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": {"Code": "old"}}}
    }
    found = artefacts.placed(template, "b", "versions/1/deployment.zip")
    code = {"S3Bucket": "b", "S3Key": "versions/1/deployment.zip"}
    assert found["Resources"]["F"]["Properties"]["Code"] == code
    assert template["Resources"]["F"]["Properties"]["Code"] == "old"


def test_a_plan_changes_nothing(target: Target, checkout: dict[str, Any]) -> None:
    planning = Target("prod", SETTINGS, target.session, plan=True, poll_s=0)
    deploy.deploy(planning)
    assert target.stack("-base").status() == ""
    deploy.base(target)
    deploy.deploy(planning)
    assert target.stack().status() == ""
    listed = target.client("secretsmanager").list_secrets()["SecretList"]
    assert listed == []


def test_an_unknown_version_names_those_that_are_there(
    target: Target, checkout: dict[str, Any]
) -> None:
    deploy.deploy(target)
    with pytest.raises(NoVersion, match=outputs(target)["Version"]):
        deploy.deploy(target, "000000000000")


def test_another_account_is_refused(target: Target) -> None:
    other = StageSettings(REGION, "999999999999", 0, SETTINGS.parameters)
    with pytest.raises(DeployFailed, match="of account 123456789012, and the settings name 9999"):
        deploy.deploy(Target("prod", other, target.session))


def test_the_hubs_own_keys_are_made_once(target: Target) -> None:
    manager = target.client("secretsmanager")
    deploy.make_keys(target, "")
    names = [f"oivallus/prod/{name}" for name in OWN_KEYS]
    before = [manager.get_secret_value(SecretId=name)["SecretString"] for name in names]
    deploy.make_keys(target, "")
    assert before == [manager.get_secret_value(SecretId=n)["SecretString"] for n in names]
    for value in before:
        (key,) = json.loads(value)["secrets"]
        assert len(key) >= 43  # 32 bytes


@pytest.mark.parametrize(("active", "then"), [(None, "oivallus-prod"), ("theirs", "theirs")])
def test_others_receipt_rules_stay(target: Target, active: str | None, then: str) -> None:
    ses = target.client("ses")
    for name in {"oivallus-prod", active} - {None}:
        ses.create_receipt_rule_set(RuleSetName=name)
    if active:
        ses.set_active_receipt_rule_set(RuleSetName=active)
    deploy.receive_mail(target)
    assert ses.describe_active_receipt_rule_set()["Metadata"]["Name"] == then


def test_the_base_stack_has_repositories(target: Target) -> None:
    found = images.uri(target, "model")
    assert found.endswith("/oivallus-prod/model")
    made = base_template("prod")["Resources"]["ModelImages"]["Properties"]  # moto keeps less
    assert made["ImageTagMutability"] == "IMMUTABLE"
    assert made["ImageScanningConfiguration"] == {"ScanOnPush": True}


# -- what a failure says ------------------------------------------------------------------------

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
STACK = "AWS::CloudFormation::Stack"


def event(resource: str, status: str, reason: str, second: int) -> dict[str, Any]:
    return {
        "EventId": f"{resource}{second}",
        "LogicalResourceId": resource,
        "ResourceType": "AWS::X::Y",
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
        "Timestamp": NOW + timedelta(seconds=second),
    }


BEFORE = [event("Stack", "UPDATE_COMPLETE", "", 0) | {"ResourceType": STACK}]
FAILURE = [
    event("Stack", "UPDATE_ROLLBACK_COMPLETE", "", 9) | {"ResourceType": STACK},
    event("Topic", "CREATE_FAILED", "Resource creation cancelled", 3),
    event("Endpoint", "CREATE_FAILED", "No capacity for ml.g5.xlarge", 2),
    event("Endpoint", "CREATE_IN_PROGRESS", "", 1),
]


def test_the_first_failure_is_the_reason_and_what_it_stopped_is_left_out() -> None:
    assert reasons(FAILURE) == ["Endpoint (AWS::X::Y): No capacity for ml.g5.xlarge"]


class _Cloudformation:
    """CloudFormation that is asked and answers as it was told to."""

    def __init__(self, *statuses: str) -> None:
        self.statuses = list(statuses)
        self.events = BEFORE

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return {"Stacks": [{"StackStatus": status}]}

    def execute_change_set(self, **_: str) -> None:
        self.after = iter([BEFORE, [*FAILURE[1:], *BEFORE], [*FAILURE, *BEFORE]])

    def get_paginator(self, _: str) -> Any:
        self.events = next(self.after) if hasattr(self, "after") else BEFORE
        return mock.Mock(paginate=lambda **_: [{"StackEvents": self.events}])


def test_a_failed_update_says_why_and_what_is_there_now() -> None:
    told: list[str] = []
    # The first answer is the one of the deployment before: it must not be taken for the end.
    answers = _Cloudformation("UPDATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE")
    stack = Stack(answers, "oivallus-prod", 0, told.append)
    with pytest.raises(DeployFailed) as raised:
        stack.execute("deploy-1")
    assert "ended as UPDATE_ROLLBACK_COMPLETE, because of" in str(raised.value)
    assert "Endpoint (AWS::X::Y): No capacity for ml.g5.xlarge" in str(raised.value)
    assert "it is again what it was before" in str(raised.value)
    assert told[0] == "  Endpoint: CREATE_IN_PROGRESS"  # as it happened, each once
    assert len(told) == len(FAILURE)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("ROLLBACK_COMPLETE", "Delete the stack, then deploy again"),
        ("UPDATE_IN_PROGRESS", "wait until it ends"),
        ("UPDATE_ROLLBACK_FAILED", "Continue update rollback"),
    ],
)
def test_a_stack_that_cannot_be_changed_says_what_to_do(status: str, told: str) -> None:
    with pytest.raises(DeployFailed, match=told):
        Stack(_Cloudformation(status), "oivallus-prod", 0).check_usable()


@pytest.mark.parametrize(
    ("action", "replacement", "how"),
    [
        ("Add", None, "add"),
        ("Modify", "False", "change"),
        ("Modify", "Conditional", "maybe replace"),
        ("Modify", "True", "replace"),
        ("Remove", None, "remove"),
    ],
)
def test_changes_in_words(action: str, replacement: str | None, how: str) -> None:
    told = {"Action": action, "LogicalResourceId": "T", "ResourceType": "AWS::DynamoDB::Table"}
    found = change({**told, **({"Replacement": replacement} if replacement else {})})
    assert found == Change(how, "T", "AWS::DynamoDB::Table")
    assert found.loses_data == (how not in ("add", "change"))
    assert not Change(how, "F", "AWS::Lambda::Function").loses_data


def test_main_tells_faults_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy.main(["--stage", "prod", "--settings", str(tmp_path / "none.toml")]) == 1
    assert "prod.toml.example" in capsys.readouterr().err


def test_a_template_that_lint_refuses_is_not_uploaded(
    target: Target, checkout: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = deploy.base(target)
    monkeypatch.setattr(deploy, "lint", lambda *_: ["E1 Resources: wrong"])
    with pytest.raises(PackagingFailed, match="E1 Resources"):
        deploy.packaged(target, bucket)
    assert artefacts.names(target.client("s3"), bucket) == []

"""Deploy a stage: `python -m infra.deploy --stage prod`, or `make deploy STAGE=prod`.

Packages the functions, keeps code and template by their hash, shows what will change, changes it
and waits. `--plan` only shows. `--version HASH` deploys what was deployed before: a roll-back.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.secrets import OWN_KEYS
from infra import artefacts, stage_settings
from infra.artefacts import NoVersion, Version
from infra.changes import DeployFailed, Stack, losses
from infra.package import MIB, PackagingFailed, lint, package
from infra.paths import ROOT
from infra.stage_settings import BadSettings, StageSettings
from infra.template import STAGES, budget, permissions
from infra.template.base import base_template

NAME = "oivallus-{stage}"


@dataclass(frozen=True)
class Target:
    """Where a stage is deployed to."""

    stage: str
    settings: StageSettings
    session: Any  # boto3.Session: its clients are made at run time, and have no types
    plan: bool = False
    allow_loss: bool = False
    poll_s: float = 5.0

    def stack(self, suffix: str = "", region: str = "") -> Stack:
        """The stage's stack, or with `suffix` one beside it."""
        client = self.session.client("cloudformation", region_name=region or self.settings.region)
        return Stack(client, NAME.format(stage=self.stage) + suffix, self.poll_s)

    def client(self, service: str) -> Any:
        return self.session.client(service, region_name=self.settings.region)

    @property
    def tags(self) -> Mapping[str, str]:
        return {"app": "oivallus", "stage": self.stage}


def deploy(target: Target, version: str = "") -> None:
    """Deploy what is in this checkout, or an earlier version.

    Raises DeployFailed, PackagingFailed, NoVersion, ClientError.
    """
    check_account(target)
    bucket = base(target)
    if not bucket:
        return
    kept = artefacts.version(target.client("s3"), bucket, version) if version else None
    kept = kept or packaged(target, bucket)
    print(f"version {kept.name}")
    settings = target.settings
    parameters = {**settings.parameters, "Version": kept.name, "CodeSha256": kept.code_sha256}
    apply(target, target.stack(), {"TemplateURL": kept.template_url}, parameters)
    if settings.monthly_budget_usd:
        body = json.dumps(budget.budget_template(target.stage))
        wanted = {
            "AlarmEmail": settings.parameters["AlarmEmail"],
            "MonthlyBudgetUsd": f"{settings.monthly_budget_usd:g}",
        }
        stack = target.stack("-budget", budget.REGION)
        apply(target, stack, {"TemplateBody": body}, wanted)
    if not target.plan:
        finish(target)


def check_account(target: Target) -> None:
    """Raises DeployFailed when the credentials are another account's."""
    found = target.client("sts").get_caller_identity()["Account"]
    if found != target.settings.account:
        raise DeployFailed(
            f"the credentials are of account {found}, and the settings name "
            f"{target.settings.account}; choose another PROFILE"
        )


def base(target: Target) -> str:
    """Make the base stack what it should be; the bucket of artefacts, '' when only planned."""
    stack = target.stack("-base")
    body = json.dumps(base_template(target.stage))
    apply(target, stack, {"TemplateBody": body}, {})
    bucket = stack.outputs().get("Artefacts", "")
    if not bucket:
        print("The rest can be planned when the base stack is there: deploy, or make it alone.")
    return bucket


def packaged(target: Target, bucket: str) -> Version:
    """Package this checkout and keep it. Raises PackagingFailed."""
    out = ROOT / "build" / target.stage
    print("packaging ...")
    made = package(target.stage, out)
    print(f"{made.unzipped_bytes / MIB:.1f} MiB unzipped")
    faults = lint(out / "cfn.json", target.settings.region)
    if faults:
        raise PackagingFailed("cfn-lint refuses the template:\n" + "\n".join(faults))
    return artefacts.upload(
        target.client("s3"), bucket, out / "deployment.zip", made.cloudformation
    )


def apply(
    target: Target, stack: Stack, template: Mapping[str, str], parameters: Mapping[str, str]
) -> None:
    """Show what would change of a stack, and change it unless it is only planned."""
    found = stack.planned(template, parameters, target.tags)
    if found is None:
        print(f"{stack.name}: nothing changes")
        return
    name, changes = found
    print(f"{stack.name}: {len(changes)} changes")
    for one in changes:
        print(one)
    lost = losses(changes)
    if target.plan or (lost and not target.allow_loss):
        stack.discard(name)
    if lost and not target.allow_loss:
        raise DeployFailed(
            f"{', '.join(one.id for one in lost)} would be removed or replaced by an empty one; "
            "see infra/README.md on moving data, then deploy with LOSE_DATA=yes"
        )
    if not target.plan:
        stack.execute(name)


def finish(target: Target) -> None:
    """What CloudFormation cannot do: the hub's own keys, and SES's active rule set."""
    outputs = target.stack().outputs()
    make_keys(target, outputs.get("DataKeyArn", ""))
    if target.settings.parameters.get("InboundMailDomain"):
        receive_mail(target)
    print()
    for name, value in sorted(outputs.items()):
        print(f"{name}: {value}")
    print(f"\nNext: hub publish organisation.yaml --stage {target.stage}, then "
          f"hub doctor --stage {target.stage}")  # fmt: skip


def make_keys(target: Target, key_arn: str) -> None:
    """The hub's own keys, each made once; an existing one is never touched."""
    manager = target.client("secretsmanager")
    for name in OWN_KEYS:
        secret = permissions.secrets_prefix(target.stage) + name
        value = json.dumps({"secrets": [secrets.token_urlsafe(32)]})
        encrypted = {"KmsKeyId": key_arn} if key_arn else {}
        try:
            manager.create_secret(Name=secret, SecretString=value, **encrypted)
        except manager.exceptions.ResourceExistsException:
            continue
        print(f"made secret {secret}")


def receive_mail(target: Target) -> None:
    """Activate the stack's receipt rules where no others are active."""
    ses, ours = target.client("ses"), NAME.format(stage=target.stage)
    active = ses.describe_active_receipt_rule_set().get("Metadata", {}).get("Name")
    if active is None:
        ses.set_active_receipt_rule_set(RuleSetName=ours)
        print(f"SES's receipt rules {ours} are active")
    elif active != ours:
        print(
            f"SES's active receipt rules are {active}, and a region has one set: move its rules to "
            f"{ours} and activate that, or add our rule to it"
        )


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 done, 1 not."""
    parser = argparse.ArgumentParser(prog="python -m infra.deploy", description=__doc__)
    parser.add_argument("--stage", choices=STAGES, required=True)
    parser.add_argument("--settings", type=Path, help="default: infra/stages/STAGE.toml")
    parser.add_argument("--profile", default="", help="the AWS profile to deploy with")
    parser.add_argument("--region", default="", help="instead of the settings'")
    parser.add_argument("--plan", action="store_true", help="show what would change, and stop")
    parser.add_argument("--version", default="", help="an earlier version, to roll back to")
    parser.add_argument("--versions", action="store_true", help="list the versions that are kept")
    parser.add_argument("--lose-data", action="store_true", help="let a table be replaced")
    chosen: Any = parser.parse_args(arguments)
    try:
        target = _target(chosen)
        if chosen.versions:
            show_versions(target)
        else:
            deploy(target, chosen.version)
    except (BadSettings, DeployFailed, PackagingFailed, NoVersion) as error:
        print(error, file=sys.stderr)
    except ClientError as error:
        told = error.response.get("Error", {})
        print(
            f"AWS refused {error.operation_name}: {told.get('Code')}: {told.get('Message')}",
            file=sys.stderr,
        )
    except BotoCoreError as error:
        print(f"AWS cannot be asked: {error}; check PROFILE and REGION", file=sys.stderr)
    else:
        return 0
    return 1


def _target(chosen: Any) -> Target:
    settings = stage_settings.read(chosen.settings or stage_settings.path_of(chosen.stage))
    if chosen.region:
        settings = StageSettings(
            chosen.region, settings.account, settings.monthly_budget_usd, settings.parameters
        )
    session = boto3.Session(profile_name=chosen.profile or None, region_name=settings.region)
    return Target(chosen.stage, settings, session, chosen.plan, chosen.lose_data)


def show_versions(target: Target) -> None:
    """Print the versions that can be rolled back to, the newest first."""
    bucket = target.stack("-base").outputs().get("Artefacts", "")
    current = target.stack().outputs().get("Version", "")
    s3 = target.client("s3")
    for name in artefacts.names(s3, bucket) if bucket else ():
        kept = artefacts.version(s3, bucket, name)
        deployed = "  deployed now" if name == current else ""
        print(f"{name}  {kept.uploaded_at:%Y-%m-%d %H:%M}{deployed}")


if __name__ == "__main__":
    sys.exit(main())

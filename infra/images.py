"""Where the container images of a stage go: `python -m infra.images --stage prod uri`.

uri    the repository's address, made by the base stack
login  a password for `docker login`, good for twelve hours
"""

from __future__ import annotations

import argparse
import base64
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra import stage_settings
from infra.changes import DeployFailed, Stack
from infra.deploy import NAME, Target, base, check_account
from infra.stage_settings import BadSettings
from infra.template import STAGES
from infra.template.base import REPOSITORIES


def uri(target: Target, image: str) -> str:
    """The repository of an image; makes the base stack where it is not there. DeployFailed."""
    output = f"{image.capitalize()}Images"
    stack: Stack = target.stack("-base")
    if output not in stack.outputs():
        check_account(target)
        with redirect_stdout(sys.stderr):  # the address alone is the result
            base(target)
    found = stack.outputs().get(output)
    if found is None:
        raise DeployFailed(f"stack {NAME.format(stage=target.stage)}-base names no {output}")
    return found


def password(target: Target) -> str:
    """What `docker login --username AWS` wants."""
    (given,) = target.client("ecr").get_authorization_token()["authorizationData"]
    return base64.b64decode(given["authorizationToken"]).decode().partition(":")[2]


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 printed, 1 not."""
    parser = argparse.ArgumentParser(prog="python -m infra.images", description=__doc__)
    parser.add_argument("--stage", choices=STAGES, required=True)
    parser.add_argument("--settings", type=Path, help="default: infra/stages/STAGE.toml")
    parser.add_argument("--profile", default="")
    parser.add_argument("--image", choices=REPOSITORIES, default=REPOSITORIES[0])
    parser.add_argument("what", choices=("uri", "login"))
    chosen: Any = parser.parse_args(arguments)
    try:
        path = chosen.settings or stage_settings.path_of(chosen.stage)
        settings = stage_settings.read(path, complete=False)
        session = boto3.Session(profile_name=chosen.profile or None, region_name=settings.region)
        target = Target(chosen.stage, settings, session)
        told = uri(target, chosen.image) if chosen.what == "uri" else password(target)
    except (BadSettings, DeployFailed, ClientError, BotoCoreError) as error:
        print(error, file=sys.stderr)
        return 1
    print(told)
    return 0


if __name__ == "__main__":
    sys.exit(main())

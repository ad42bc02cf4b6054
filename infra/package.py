"""Package the app and its template: `python -m infra.package --stage dev --out build/dev`.

Chalice packages a clean copy of what ships; the SAM translator makes plain CloudFormation of it;
cfn-lint reads the translated file, because it does not see into SAM's own resources. Leaves
deployment.zip, sam.json (deploy this) and cfn.json (read this) in the folder.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

from infra.paths import ROOT
from infra.template import DEV, STAGES, Template, merge_template

#: Lambda's limit of a deployment package, unzipped.
MIB = 1024 * 1024
MAX_UNZIPPED_BYTES = 250 * MIB
REGION = "eu-north-1"  # what cfn-lint checks instance types and services against

_SHIPPED = ("app.py", "chalicelib", "requirements.txt", ".chalice")
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "deployed", "deployments")


class PackagingFailed(RuntimeError):
    """The package cannot be deployed; the text says why and what to do."""


@dataclass(frozen=True)
class Package:
    """What was packaged. `unzipped_bytes` is of deployment.zip's content."""

    sam: Template
    cloudformation: Template
    unzipped_bytes: int


def package(stage: str, out: Path, *, dependencies: bool = True) -> Package:
    """Package one stage into a folder.

    Without `dependencies` the zip holds our code alone: for checks of the template offline.
    Raises PackagingFailed.
    """
    out.mkdir(parents=True, exist_ok=True)
    merge = out / "merge.json"
    merge.write_text(json.dumps(merge_template(stage), indent=2))
    with tempfile.TemporaryDirectory() as folder:
        project = _clean_copy(Path(folder), dependencies)
        _chalice_package(project, stage, out, merge)
    sam = json.loads((out / "sam.json").read_text())
    translated = translate(sam)
    (out / "cfn.json").write_text(json.dumps(translated, indent=2))
    parts = unzipped_bytes(out / "deployment.zip")
    check_size(parts)
    return Package(sam, translated, sum(parts.values()))


def unzipped_bytes(deployment: Path) -> Counter[str]:
    """What each top-level folder or file of the package takes when it is unpacked."""
    parts: Counter[str] = Counter()
    with zipfile.ZipFile(deployment) as archive:
        for entry in archive.infolist():
            parts[entry.filename.partition("/")[0]] += entry.file_size
    return parts


def check_size(parts: Counter[str]) -> None:
    """Raises PackagingFailed when Lambda would refuse the package, naming what is largest."""
    size = sum(parts.values())
    if size > MAX_UNZIPPED_BYTES:
        largest = ", ".join(f"{name} {of / MIB:.0f} MiB" for name, of in parts.most_common(5))
        raise PackagingFailed(
            f"the package is {size / MIB:.0f} MiB unzipped, and Lambda takes "
            f"{MAX_UNZIPPED_BYTES / MIB:.0f} MiB; take something out of requirements.txt. "
            f"The largest: {largest}"
        )


def _clean_copy(folder: Path, dependencies: bool) -> Path:
    for name in _SHIPPED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=_LEFT_OUT)
        elif source.exists():
            shutil.copy2(source, folder / name)
    if not dependencies:
        (folder / "requirements.txt").write_text("")
    return folder


def _chalice_package(project: Path, stage: str, out: Path, merge: Path) -> None:
    program = "import sys; from chalice.cli import main; sys.exit(main())"
    options = ["--stage", stage, "--merge-template", str(merge.resolve()), str(out.resolve())]
    done = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-c", program, "package", *options],
        cwd=project,
        env=os.environ | {"AWS_DEFAULT_REGION": REGION},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise PackagingFailed(f"chalice package failed:\n{done.stdout}{done.stderr}")


def translate(sam: Template) -> Template:
    """A SAM template as plain CloudFormation, offline."""
    from samtranslator.translator.transform import transform

    # The translator edits what it is given, and wants code in a bucket.
    copy = json.loads(json.dumps(sam))
    for resource in copy["Resources"].values():
        if "CodeUri" in resource.get("Properties", {}):
            resource["Properties"]["CodeUri"] = {"Bucket": "packages", "Key": "deployment.zip"}
    with mock.patch.dict(os.environ, {"AWS_DEFAULT_REGION": REGION}):
        translated: Template = transform(copy, {}, _NoManagedPolicies())
    return translated


class _NoManagedPolicies:
    """Every policy is our own, so that no AWS account is asked for its names."""

    def load(self) -> dict[str, str]:
        return {}


def lint(template: Path, region: str = "") -> list[str]:
    """What cfn-lint says of a CloudFormation file, a line each; empty when it is clean."""
    api, config = import_module("cfnlint.api"), import_module("cfnlint.config")
    found = api.lint_file(template, config=config.ManualArgs(regions=[region or REGION]))
    return [f"{m.rule.id} {'/'.join(map(str, m.path or []))}: {m.message}" for m in found]


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 packaged, 1 failed or not clean."""
    parser = argparse.ArgumentParser(prog="python -m infra.package", description=__doc__)
    parser.add_argument("--stage", choices=STAGES, default=DEV)
    parser.add_argument("--out", type=Path, help="default: build/STAGE")
    chosen: Any = parser.parse_args(arguments)
    out = chosen.out or ROOT / "build" / chosen.stage
    try:
        made = package(chosen.stage, out)
    except PackagingFailed as error:
        print(error, file=sys.stderr)
        return 1
    faults = lint(out / "cfn.json")
    print("\n".join(faults) or "cfn-lint: clean")
    print(
        f"{out}: {len(made.cloudformation['Resources'])} resources, "
        f"{made.unzipped_bytes / MIB:.1f} MiB of {MAX_UNZIPPED_BYTES / MIB:.0f} MiB unzipped"
    )
    for name, size in unzipped_bytes(out / "deployment.zip").most_common(5):
        print(f"  {size / MIB:6.1f} MiB  {name}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

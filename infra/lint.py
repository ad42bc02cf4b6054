"""Lint the stacks: `python -m infra.lint` writes them as checkov and cfn-lint read them.

Every finding that is left so stands in checkov.toml with its reason, and becomes a note beside
the resources that it names; so what is new is never skipped by an old excuse.
"""

from __future__ import annotations

import fnmatch
import json
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.package import lint, package
from infra.paths import ROOT
from infra.template import STAGES, Template
from infra.template.base import base_template
from infra.template.budget import REGION as BUDGET_REGION
from infra.template.budget import budget_template

SKIPS = Path(__file__).with_name("checkov.toml")
OUT = ROOT / "build" / "lint"


@dataclass(frozen=True)
class Skip:
    """One of checkov's findings that is left so, in resources whose names fit a pattern."""

    check: str
    reason: str
    resources: tuple[str, ...]

    def meets(self, names: Iterable[str]) -> set[str]:
        """Those of the names that it speaks of."""
        return {n for n in names if any(fnmatch.fnmatchcase(n, p) for p in self.resources)}


def skips(path: Path = SKIPS) -> list[Skip]:
    """Every skip. Raises ValueError for one without a reason or resources."""
    found = []
    for check, told in tomllib.loads(path.read_text(encoding="utf-8")).items():
        reason, resources = str(told.get("reason", "")), tuple(told.get("resources", ()))
        if len(reason) < 20 or not resources:
            raise ValueError(f"{path.name}: {check} needs a reason and the resources that it is of")
        found.append(Skip(check, reason, resources))
    return found


def annotated(template: Template, skipped: Iterable[Skip]) -> Template:
    """A copy in which each resource tells checkov what of it is left so, and why."""
    copy: Template = json.loads(json.dumps(template))
    for skip in skipped:
        for name in skip.meets(copy["Resources"]):
            noted = copy["Resources"][name].setdefault("Metadata", {}).setdefault("checkov", {})
            noted.setdefault("skip", []).append({"id": skip.check, "comment": skip.reason})
    return copy


def stacks(out: Path) -> Mapping[str, tuple[Template, str]]:
    """Name -> (template, a region to lint it for): every stage's, the base and the budget."""
    found: dict[str, tuple[Template, str]] = {}
    for stage in STAGES:
        made = package(stage, out / stage, dependencies=False)
        found[stage] = (made.cloudformation, "")
    return {
        **found,
        "base": (base_template(STAGES[-1]), ""),
        "budget": (budget_template(STAGES[-1]), BUDGET_REGION),
    }


def main(out: Path = OUT) -> int:
    """Write the stacks for checkov, and let cfn-lint read them; exit status."""
    found = skips()
    faults = []
    for name, (template, region) in stacks(out).items():
        path = out / f"{name}.json"
        path.write_text(json.dumps(annotated(template, found), indent=2))
        faults += [f"{name}: {fault}" for fault in lint(path, region)]
    print("\n".join(faults) or f"cfn-lint: {out} is clean")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

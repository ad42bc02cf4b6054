"""What checkov finds and is left so: each with a reason, and about something that is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra import lint
from infra.package import Package
from infra.package import lint as cfn_lint
from infra.template import Template, permissions
from infra.template.base import base_template
from infra.template.budget import REGION, budget_template


def test_every_excuse_has_a_reason_and_still_meets_a_resource(dev: Package) -> None:
    names = {*dev.cloudformation["Resources"], *base_template("dev")["Resources"]}
    for skip in lint.skips():
        assert skip.meets(names), f"{skip.check} is of nothing that exists: take it out"
        for pattern in skip.resources:
            known = lint.Skip("", "", (pattern,)).meets({*names, *permissions.GRANTS})
            assert known, f"{skip.check}: {pattern} is of nothing that exists"


def test_an_excuse_without_a_reason_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkov.toml"
    path.write_text('[CKV_AWS_1]\nreason = "no"\nresources = ["*"]\n')
    with pytest.raises(ValueError, match="CKV_AWS_1 needs a reason"):
        lint.skips(path)


def test_an_excuse_is_noted_beside_its_resources_alone(dev: Package) -> None:
    found = lint.annotated(
        {"Resources": {"AQueue": {}, "ATable": {}}}, [lint.Skip("CKV_1", "why", ("*Queue",))]
    )["Resources"]
    assert found["AQueue"]["Metadata"]["checkov"]["skip"] == [{"id": "CKV_1", "comment": "why"}]
    assert found["ATable"] == {}


@pytest.mark.parametrize(
    ("template", "region"), [(base_template("prod"), ""), (budget_template("prod"), REGION)]
)
def test_the_small_stacks_are_clean(template: Template, region: str, tmp_path: Path) -> None:
    path = tmp_path / "template.json"
    path.write_text(json.dumps(template))
    assert cfn_lint(path, region) == []

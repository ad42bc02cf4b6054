"""What `make audit` asks about and `make sbom` installs by: every pin is in constraints.txt."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.requirements import Requirement

from infra.paths import ROOT

#: Asked about by themselves: what they bring to a training machine is not frozen.
BESIDES = {"requirements-train.txt"}
FILES = sorted({*ROOT.glob("requirements*.txt"), *ROOT.glob("model_image/requirements*.txt")})


def pins(path: Path) -> dict[str, str]:
    """name -> ==version; lines that name other files are left out."""
    lines = (line.partition("#")[0].strip() for line in path.read_text().splitlines())
    found = [Requirement(line) for line in lines if line and not line.startswith("-")]
    return {one.name.lower().replace("_", "-"): str(one.specifier) for one in found}


CONSTRAINTS = pins(ROOT / "constraints.txt")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_pin_is_audited(path: Path) -> None:
    if path.name in BESIDES:
        assert f"-r model_image/{path.name}" in (ROOT / "Makefile").read_text()
        return
    for name, version in pins(path).items():
        assert CONSTRAINTS.get(name) == version, f"{name}: run `make lock`"

"""The tree is the design: the core does no I/O, Lambda gets no tools, imports stay lazy."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORE = [
    "interaction",
    "errors",
    "summary",
    "organisation",
    "fold",
    "enrich",
    "experience",
    "basics",
    "masking",
    "signatures",
    "deliveries",
    "source_tally",
    "rhythm",
    "sources_health",
    "corrections",
]
CORE_PACKAGES = ["connectors", "privacy", "insights", "digest", "notices"]
OUTSIDE = {"boto3", "botocore", "pynamodb", "socket", "urllib.request", "http.client", "requests"}
DEVELOPMENT = {"moto", "pytest", "hypothesis", "typer", "rich", "infra", "tests", "model_image"}


def _modules(*parts: str) -> Iterator[Path]:
    for part in parts:
        place = ROOT / "chalicelib" / part
        yield from place.rglob("*.py") if place.is_dir() else [place.with_suffix(".py")]


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _under(names: set[str], roots: set[str]) -> set[str]:
    return {name for name in names for root in roots if name == root or name.startswith(root + ".")}


@pytest.mark.parametrize("path", list(_modules(*CORE, *CORE_PACKAGES)), ids=lambda p: p.stem)
def test_the_core_does_no_io(path: Path) -> None:
    assert _under(_imports(path), OUTSIDE | {"chalicelib.adapters", "chalicelib.pipeline"}) == set()


@pytest.mark.parametrize("path", [ROOT / "app.py", *_modules(".")], ids=lambda p: p.stem)
def test_what_ships_needs_no_development_tool(path: Path) -> None:
    assert _under(_imports(path), DEVELOPMENT) == set()


def test_nobody_reads_the_environment_but_settings() -> None:
    readers = {
        path.name for path in _modules(".") if "os.environ" in path.read_text(encoding="utf-8")
    }
    assert readers <= {"settings.py"}


def test_a_webhooks_cold_start_loads_no_digest_and_no_privacy_rules() -> None:
    """What only other functions need would be paid for by every webhook's cold start."""
    script = "import app, sys; print(' '.join(sys.modules))"
    loaded = set(
        subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.split()
    )
    late = {"jinja2", "babel", "holidays", "phonenumbers", "stdnum", "boto3", "numpy"}
    assert loaded & late == set()
    assert not {name for name in loaded if name.startswith("chalicelib.insights")}

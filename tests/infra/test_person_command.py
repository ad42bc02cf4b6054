"""`hub person`: nothing goes without --yes, and what is printed names nobody."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chalicelib.adapters.log import EventKey
from chalicelib.adapters.settings import Settings
from chalicelib.adapters.world import World
from chalicelib.pipeline.understand import understand
from infra import hub
from infra.commands import cli
from infra.commands.worlds import Hub, Where
from tests.conftest import NOW
from tests.events import event

AINO = "email:aino@a.example"


@pytest.fixture
def told(world: World, aws: Settings, monkeypatch: pytest.MonkeyPatch) -> World:
    said = event("1", customer=AINO, text="Toimitus on myöhässä, terv. aino@a.example")
    world.log.add(said, NOW, 30, None)
    understand(world, [EventKey(said.interaction_key, "1")])
    monkeypatch.setattr(cli, "connect", lambda stage, profile: Hub(Where(), world, aws))
    return world


def _run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(hub.app, ["person", *words])
    return done.exit_code, done.output


def test_a_trial_counts_and_erasing_erases(told: World) -> None:
    status, said = _run("erase", AINO, "--json")
    assert status == hub.OK
    assert json.loads(said)["interactions"] == 1
    assert json.loads(said)["dry_run"]
    assert list(told.interactions.rhythm())
    status, said = _run("erase", AINO, "--yes")
    assert status == hub.OK
    assert "1 interactions with 1 events erased" in said
    assert "aino" not in said
    assert not list(told.interactions.rhythm())


def test_an_export_is_for_its_owner_alone(told: World, tmp_path: Path) -> None:
    to = tmp_path / "aino.json"
    to.write_text("of last year, for anybody to read")
    to.chmod(0o644)
    assert _run("export", AINO, "--to", str(to))[0] == hub.OK
    assert to.stat().st_mode & 0o077 == 0
    (page,) = json.loads(to.read_text(encoding="utf-8"))
    assert page["received"][0]["text"].startswith("Toimitus on myöhässä")
    nobody = _run("export", "email:nobody@a.example", "--to", str(tmp_path / "n.json"))
    assert nobody[0] == hub.FAULTS


def test_a_bare_address_is_not_repeated(told: World) -> None:
    status, said = _run("erase", "aino@a.example", "--yes")
    assert status == hub.USAGE
    assert "aino" not in said

"""`hub customers`: a file for its owner alone, and no formulas in it."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chalicelib.adapters.audit import AuditLog
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.settings import Settings
from chalicelib.adapters.world import World
from chalicelib.errors import Retryable
from chalicelib.interaction import Rating
from chalicelib.pipeline.understand import understand
from infra import hub
from infra.commands import cli
from infra.commands.worlds import Hub, Where
from tests.conftest import NOW
from tests.events import event


@pytest.fixture
def told(world: World, aws: Settings, monkeypatch: pytest.MonkeyPatch) -> World:
    said = event("1", customer="id:=HYPERLINK(1)", ratings=(Rating.csat(4),))
    world.log.add(said, NOW, 30, None)
    understand(world, [EventKey(said.interaction_key, "1")])
    monkeypatch.setattr(cli, "connect", lambda stage, profile: Hub(Where(), world, aws))
    return world


def _run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(hub.app, ["customers", *words])
    return done.exit_code, done.output


def test_the_known_as_a_file(told: World, tmp_path: Path) -> None:
    out, own = tmp_path / "known.csv", tmp_path / "own.txt"
    out.write_text("old")
    out.chmod(0o644)
    own.write_text("id:=HYPERLINK(1)\n\n", encoding="utf-8")
    status, _ = _run("known", "--out", str(out), "--references", str(own), "--language", "en")
    assert status == hub.OK
    assert out.stat().st_mode & 0o077 == 0
    head, row = csv.reader(out.read_text(encoding="utf-8-sig").splitlines())
    assert head == ["customer", "reason", "last_contact", "theme", "suits"]
    assert row[0] == "id:=HYPERLINK(1)"
    assert row[1] == "Answered on 16 November 2026: 4 on the scale 1–5."
    assert row[2:] == ["2026-11-16", "Late delivery", "Processes"]


def test_who_asked_for_a_list_is_written_down_first(
    told: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "k.csv"
    assert _run("known", "--out", str(out))[0] == hub.OK
    looks = list(AuditLog().between(NOW, NOW + timedelta(seconds=1), NOW))
    assert [(one.command, one.seen) for one in looks] == [("customers known", ("days:30",))]

    def refuse(*_: object) -> None:
        raise Retryable("nothing can be written")

    monkeypatch.setattr(AuditLog, "add", refuse)
    other = tmp_path / "other.csv"
    assert _run("known", "--out", str(other))[0] == hub.REFUSED
    assert not other.exists()


@pytest.mark.parametrize(
    ("words", "status"),
    [
        pytest.param(("silent", "--week", "2026-W47"), hub.FAULTS, id="nobody fell silent"),
        pytest.param(("silent",), hub.FAULTS, id="the last full week"),
        pytest.param(("silent", "--week", "2026-47"), hub.USAGE, id="no week"),
        pytest.param(("silent", "--week", "2026-W54"), hub.USAGE, id="no such week"),
        pytest.param(("known", "--language", "de"), hub.USAGE, id="no such language"),
    ],
)
def test_exit_status(told: World, tmp_path: Path, words: tuple[str, ...], status: int) -> None:
    assert _run(*words, "--out", str(tmp_path / "x.csv"))[0] == status


def test_a_faulty_reference_is_named_by_its_line_alone(told: World, tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("id:1\naino@a.example\n", encoding="utf-8")
    status, said = _run("known", "--out", str(tmp_path / "k.csv"), "--references", str(own))
    assert status == hub.FAULTS
    assert "line 2" in said.replace("\n", " ")
    assert "aino" not in said

"""`hub reenrich` and `hub rotate`: what they print, and that only asking changes nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from chalicelib.adapters.settings import Settings
from chalicelib.adapters.world import World
from infra import hub
from infra.commands import cli, reenrich
from infra.commands.worlds import Hub, Where
from tests.conftest import NOW
from tests.pipeline.test_reenrich import Newer, _models, _say


@pytest.fixture
def told(world: World, aws: Settings, monkeypatch: pytest.MonkeyPatch) -> World:
    for number in range(6):
        text = "lasku on väärin" if number % 3 == 0 else "Toimitus on myöhässä"
        _say(world, f"c{number}", text, customer="id:7")
    later = replace(world, endpoint=Newer(), clock=lambda: NOW + timedelta(hours=1))
    monkeypatch.setattr(cli, "connect", lambda stage, profile: Hub(Where(), later, aws))
    monkeypatch.setattr(reenrich, "Endpoint", lambda name: later.endpoint)
    return later


def _run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(hub.app, list(words))
    return done.exit_code, done.output


def test_a_comparison_with_its_n_and_then_the_switch(told: World) -> None:
    status, said = _run("reenrich", "--since", "30d", "--sample", "0", "--endpoint", "new")
    assert status == hub.OK, said
    assert "6 messages of 6 contacts judged again" in said
    assert "33.3% (9.7%–70.0%)" in said
    assert "nothing was written" in said
    status, said = _run("reenrich", "--since", "30d", "--json")
    report = json.loads(said[said.index("{") :])
    assert report["changed"]["theme"]["n"] == 6
    assert report["by_language"]["fi"]["sentiment"]["k"] == 0
    assert report["themes"]["praise"] == {"before": 0, "after": 2}
    assert report["moves"] == [{"from": "invoice", "to": "praise", "contacts": 2}]
    assert _models(told) == {"twin-1"}
    status, said = _run("reenrich", "--since", "30d", "--switch-on")
    assert status == hub.OK
    assert "6 judged anew by twin-2" in said
    assert _models(told) == {"twin-2"}


def test_a_key_is_rotated_in_two_steps(told: World) -> None:
    status, said = _run("rotate", "pseudonym-key")
    assert status == hub.OK
    assert "6 interactions looked at, 6 moved" in said
    status, said = _run("rotate", "pseudonym-key", "--finish")
    assert status == hub.REFUSED
    assert "finish after" in said
    assert len(told.secrets.keys("pseudonym-key")) == 2

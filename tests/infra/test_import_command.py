"""`hub import`: rows go where they belong, or the command asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from chalicelib.adapters.settings import Settings
from chalicelib.adapters.world import World
from chalicelib.pipeline.rebuild import publish_organisation
from infra import hub
from infra.commands import cli
from infra.commands.worlds import Hub, Where
from tests.conftest import ORGANISATION
from tests.infra.places import call, run

FILES = "sources:\n  answers: {connector: rows}\n  letters: {connector: rows}\n"
LINES = "Tunniste;Palaute\n1;Sohva on hieno\n2;Myöhässä taas\n"


@pytest.fixture
def file(world: World, aws: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A file, for a hub of two sources of files and one that is none."""
    publish_organisation(world, ORGANISATION.replace("sources:\n", FILES, 1))
    world._published.clear()
    made = Hub(Where(), world, aws)
    monkeypatch.setattr(cli, "connect", lambda stage, profile: made)
    kept = tmp_path / "kysely.csv"
    kept.write_text(LINES, encoding="utf-8")
    return kept


def test_a_file_goes_in_once_and_is_not_asked_about(file: Path) -> None:
    assert "2 rows, 2 new" in call("import", str(file)).output
    again = call("import", str(file), "--source", "answers")
    assert "2 rows, 0 new" in again.output
    assert "second time" not in again.output


def test_rows_known_under_another_source_are_asked_about(file: Path) -> None:
    call("import", str(file))
    words = ["import", str(file), "--source", "letters"]
    refused = run.invoke(hub.app, words, input="n\n")
    assert refused.exit_code != hub.OK
    assert "2 of 2 rows looked at are known under the source answers" in refused.output
    assert "new" not in refused.output
    assert "2 rows, 2 new" in call(*words, "--yes").output
    # Now they are this source's too: nothing counts anew.
    assert "second time" not in call(*words).output


def test_a_source_that_is_none_of_files_is_asked_about(file: Path) -> None:
    words = ["import", str(file), "--source", "shop"]
    refused = run.invoke(hub.app, words, input="\n")
    assert refused.exit_code != hub.OK
    assert "shop is a source of Standard Webhooks, not of files" in refused.output
    assert "2 rows, 2 new" in run.invoke(hub.app, words, input="y\n").output


def test_a_refused_row_and_an_empty_file_say_why(file: Path) -> None:
    file.write_text("Palaute;Pvm\nHei;eilen\nHei;2.11.2026\n", encoding="utf-8")
    done = call("import", str(file))
    assert done.exit_code == hub.FAULTS
    assert "refused: row 2: column 'Pvm' (time) is none that is read" in done.output
    file.write_text("", encoding="utf-8")
    assert "the file is empty" in call("import", str(file)).output


def test_a_source_of_files_has_no_secret_to_show(file: Path) -> None:
    done = call("secret", "answers")
    assert done.exit_code == hub.FAULTS
    assert "answers has no secret: its files come by `hub import`" in done.output

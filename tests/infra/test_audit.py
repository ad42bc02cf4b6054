"""Who looked at what: written before anything is shown, about ids alone, and never changed."""

from __future__ import annotations

import getpass
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pynamodb.exceptions import PutError
from typer.testing import CliRunner

from chalicelib.adapters.audit import AuditLog
from chalicelib.adapters.kept import Kept
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.settings import Settings
from chalicelib.adapters.tables import RegistryRow
from chalicelib.adapters.world import World
from chalicelib.audit import KEPT, Look
from chalicelib.deliveries import time_digits
from chalicelib.pipeline import corrections
from chalicelib.pipeline.receive import receive
from chalicelib.pipeline.renormalize import Change, Difference
from chalicelib.pipeline.understand import understand
from chalicelib.privacy import pseudonym
from infra import hub
from infra.commands import audit, cli, dead, digest_weeks, labelling, mending, readings
from infra.commands.dead_letters import DeadQueue, Letter
from infra.commands.labelling import Shown
from infra.commands.worlds import Hub, Where
from infra.template import DEV, permissions
from tests.conftest import NOW, SECRET
from tests.pipeline.test_receive import MESSAGE, signed

AINO = "email:aino@a.example"


@pytest.fixture
def told(world: World, aws: Settings, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """One delivery of Aino's is understood."""
    body = {**MESSAGE, "customer": "aino@a.example", "text": "Toimitus on myöhässä"}
    assert receive(world, "shop", signed(body)).status == 200
    understand(world, list(world.log.all_keys()))
    _label(world, monkeypatch)
    made = Hub(Where(), world, aws)
    monkeypatch.setattr(cli, "connect", lambda stage, profile: made)
    # The log of deliveries is CloudWatch's.
    monkeypatch.setattr(type(world.deliveries), "find", lambda *_: None)
    monkeypatch.setattr(digest_weeks, "_runs_here", lambda: True)
    return made


def _label(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A label of what Aino said; another of her messages is to be labelled next."""
    organisation = world.organisation()
    stored = corrections.find(world, "shop#c-1", "ev-1")
    assert stored is not None
    label = stored.corrected(organisation, ("late",), "failure", NOW)
    corrections.keep(world, organisation, stored, label)
    # Which one is next needs a model.
    monkeypatch.setattr(readings, "readable", lambda *_: None)
    monkeypatch.setattr(labelling, "most_useful", lambda *_: [Shown(stored, (), 0.5)])


def _run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(hub.app, list(words))
    return done.exit_code, done.output


def _entries(told: Hub) -> list[Look]:
    return list(AuditLog().between(NOW - timedelta(days=1), NOW + timedelta(days=1), NOW))


def _letter(monkeypatch: pytest.MonkeyPatch) -> None:
    letter = Letter("m-1", "events-dead", NOW, 5, "what", "why", "Toimitus on myöhässä", "")
    monkeypatch.setattr(dead, "_named", lambda *_: DeadQueue("events-dead", "", ""))
    monkeypatch.setattr(dead, "_first", lambda *_: [letter])


def _commands(world: World, folder: Path) -> Iterator[tuple[list[str], str, tuple[str, ...]]]:
    """(command line, command of its entry, what that is about)."""
    aino = pseudonym(AINO, SECRET.encode())
    delivery = time_digits(NOW)
    yield ["show", delivery, "--text"], "show --text", (delivery,)
    yield ["dead", "show", "events-dead", "--text"], "dead show --text", ("events-dead", "m-1")
    yield ["person", "export", AINO, "--to", str(folder / "a")], "person export", (aino,)
    yield ["export", "--customer", AINO, "--to", str(folder / "b")], "person export", (aino,)
    yield ["person", "erase", AINO], "person erase", (aino,)
    yield ["label"], "label", ("shop#c-1",)
    yield ["label", "list"], "label list", ("shop#c-1",)
    yield ["label", "export", str(folder / "d.csv")], "label export", ("shop#c-1",)
    weeks = ["digest", "--weeks", "2", "--today", "2026-11-25", "--out", str(folder / "c")]
    yield weeks, "digest", ("2026-W46/2026-W47",)
    yield ["erase", "--customer", aino, "--yes"], "person erase --yes", (aino,)


def test_each_look_is_written_down_without_the_words(
    told: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _letter(monkeypatch)
    expected = []
    for line, command, about in _commands(told.world, tmp_path):
        status, said = _run(*line)
        assert status == hub.OK, said
        expected.append((command, about))
    entries = _entries(told)
    assert sorted((entry.command, entry.seen) for entry in entries) == sorted(expected)
    assert {entry.who for entry in entries} == {f"local:{getpass.getuser()}"}
    written = [row.attribute_values for row in RegistryRow.scan() if row.kind.startswith("audit")]
    assert len(written) == len(expected)
    stored = repr(written)
    assert "aino" not in stored
    assert "myöhässä" not in stored
    status, said = _run("audit", "--since", "1d", "--json")
    assert status == hub.OK
    assert len(json.loads(said)) == len(expected)


def test_words_that_differ_are_noted_too(told: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def reworded(world: World, delivery: Kept) -> Difference:
        (event,) = delivery.stored.values()
        return Difference(delivery, (), (Change(event, replace(event, text="Toinen sana")),))

    monkeypatch.setattr(mending, "difference", reworded)
    assert _run("renormalize", "shop")[0] == hub.OK
    assert _entries(told) == []
    status, said = _run("renormalize", "shop", "--text")
    assert status == hub.OK
    assert "Toinen sana" in said
    (entry,) = _entries(told)
    assert (entry.command, entry.seen) == ("renormalize --text", (time_digits(NOW),))


def test_every_command_that_can_show_words_is_looked_after() -> None:
    """A new command with --text belongs into `_commands`, or the test of renormalize."""
    from typer.main import get_command

    def found(command: object, path: str) -> Iterator[str]:
        for name, one in getattr(command, "commands", {}).items():
            yield from found(one, f"{path} {name}".strip())
        if any("--text" in option.opts for option in getattr(command, "params", [])):
            yield path

    assert set(found(get_command(hub.app), "")) == {"show", "dead show", "renormalize"}


def test_every_command_that_is_written_down_is_tried(told: Hub, tmp_path: Path) -> None:
    """A new one belongs into `_commands`, or beside those that have a test of their own."""
    own = {"renormalize --text", "customers silent", "customers known", "readers resubscribe"}
    tried = {command for _, command, _ in _commands(told.world, tmp_path)}
    sources = (path.read_text(encoding="utf-8") for path in Path(cli.__file__).parent.glob("*.py"))
    written = set(re.findall(r'write_down\(\s*hub,\s*"([^"]+)"', "\n".join(sources)))
    assert written >= {"label", "label list", "label export"}
    assert written - own <= tried


def test_what_shows_no_words_is_not_noted(told: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    _letter(monkeypatch)
    assert _run("show", time_digits(NOW))[0] == hub.OK
    assert _run("dead", "show", "events-dead")[0] == hub.OK
    assert _entries(told) == []


def test_nothing_is_shown_when_it_cannot_be_written(
    told: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PutError("no")

    _letter(monkeypatch)
    monkeypatch.setattr(RegistryRow, "save", refused)
    for line, _, _ in _commands(told.world, tmp_path):
        status, said = _run(*line)
        assert status == hub.REFUSED
        assert "myöhässä" not in said
    assert list(tmp_path.iterdir()) == []
    assert told.world.log.read([EventKey("shop#conv-1", "ev-1")]) or list(told.world.log.all_keys())


def test_an_entry_is_added_and_never_written_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda _: "same")
    AuditLog().add(Look(NOW, "local:a", "show --text", ("1",)))
    with pytest.raises(Exception, match="nothing is shown"):
        AuditLog().add(Look(NOW, "local:b", "person export", ("2",)))
    (entry,) = AuditLog().between(NOW, NOW + timedelta(1), NOW)
    assert entry.who == "local:a"


def test_an_entry_is_kept_for_its_time(world: World) -> None:
    AuditLog().add(Look(NOW, "local:a", "show --text", ("1",)))
    long_ago = NOW - timedelta(days=1)
    for later, seen in ((KEPT - timedelta(seconds=1), 1), (KEPT, 0)):
        now = NOW + later
        assert len(list(AuditLog().between(long_ago, NOW + timedelta(1), now))) == seen


@pytest.mark.parametrize("about", ["aino@a.example", "Toimitus on myöhässä", "", "x" * 201])
def test_words_and_addresses_are_refused(about: str) -> None:
    with pytest.raises(ValueError, match="ids and pseudonyms") as refused:
        Look(NOW, "local:a", "show --text", (about,))
    assert not about or about not in str(refused.value)


def test_on_a_stage_it_is_who_aws_says(world: World) -> None:
    assert audit._who(Where(stage="prod")).startswith("arn:aws:sts::123456789012:")


@pytest.mark.parametrize("function", sorted(permissions.GRANTS))
def test_no_function_reaches_the_audit(function: str) -> None:
    denied = [s for s in permissions.policy(function, DEV)["Statement"] if s["Effect"] == "Deny"]
    (statement,) = [s for s in denied if "LeadingKeys" in repr(s)]
    assert statement["Action"] == "dynamodb:*"
    assert statement["Resource"] == {"Fn::GetAtt": ["RegistryTable", "Arn"]}
    assert "audit#*" in repr(statement["Condition"])

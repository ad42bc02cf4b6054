"""`hub label` and `hub learn`: from stored messages to heads that the model gets."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from chalicelib.adapters.log import EventKey
from chalicelib.adapters.settings import Settings
from chalicelib.adapters.world import World
from chalicelib.pipeline.corrections import find, keep, labels
from chalicelib.pipeline.understand import understand
from infra import hub
from infra.commands import labelling
from infra.commands.checks import checks
from model_image import learned
from model_image.backends.compact import Compact
from model_image.server import create_app
from tests.conftest import NOW
from tests.events import event
from tests.infra.places import Place, call, made, told
from tests.model_image.conftest import wait_until_ready
from tests.model_image.served import Served
from tests.twins import JudgingEndpoint

KINDS = (
    ("Ruskea lomake {n} hukkui taas teille", "invoice", "failure"),
    ("Sininen kortti {n} pitäisi saada kotiin", "late", "value"),
)


@pytest.fixture(scope="module")
def compact() -> Iterator[Served]:
    with TestClient(create_app(Compact.load)) as client:
        wait_until_ready(client)
        yield Served(client)


@pytest.fixture
def place(
    world: World,
    aws: Settings,
    compact: Served,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Place:
    """A hub with forty messages that no theme's words fit, judged by the compact model."""
    return with_messages(made(replace(world, endpoint=compact), aws, monkeypatch, capsys))


def with_messages(found: Place) -> Place:
    """The hub with forty messages of two kinds, twenty each."""
    keys = []
    for number in range(40):
        text = KINDS[number % 2][0].format(n=number)
        item = event(
            str(number),
            interaction_id=f"i{number}",
            customer=f"id:{number}",
            text=f"{text}, t. Aino Virtanen",
            occurred_at=NOW,
        )
        found.hub.world.log.add(item, NOW, 30, None)
        keys.append(EventKey(item.interaction_key, item.event_id))
    assert understand(found.hub.world, keys) == frozenset()
    return found


def give_labels(world: World, count: int = 40, *, confirm: bool = False) -> None:
    """By the kind of message; or, to `confirm`, what the shipped model says: nothing."""
    organisation = world.organisation()
    for number in range(count):
        stored = find(world, f"shop#i{number}", str(number))
        assert stored is not None
        _, theme, told = KINDS[number % 2]
        demand: Any = "" if confirm else told
        themes = () if confirm else (theme,)
        keep(
            world,
            organisation,
            stored,
            stored.corrected(organisation, themes, demand, world.clock()),
        )


def test_keys_label_and_take_back(place: Place) -> None:
    # A theme and a demand, undone; again; a skip; none of these, and the end.
    done = call("label", "--count", "4", input="1f<2v.0\n!")
    assert done.exit_code == hub.OK, done.output
    assert "lomake" in done.output or "kortti" in done.output
    assert "Virtanen" not in done.output
    found = labels(place.hub.world)
    given = {(one.themes, one.demand) for one in found}
    assert given == {(("invoice",), "value"), ((), "")}
    assert {one.origin for one in found} == {"terminal"}
    again = call("label", "--count", "40", input="!")
    assert "1/38" in again.output


def test_labels_leave_and_come_back_as_files(place: Place, tmp_path: Path) -> None:
    give_labels(place.hub.world, 4)
    before = told("label", "list")
    for name in ("labels.csv", "labels.jsonl"):
        file = tmp_path / name
        file.write_text("of last year, for anybody to read")
        file.chmod(0o644)
        assert call("label", "export", str(file)).exit_code == hub.OK
        assert "Virtanen" not in file.read_text(encoding="utf-8")
        assert file.stat().st_mode & 0o077 == 0
        for label in labels(place.hub.world):
            place.hub.world.corrections.remove(label)
        assert told("label", "list") == []
        for _ in range(2):
            assert call("label", "import", str(file)).exit_code == hub.OK
        after = told("label", "list")
        assert [one["themes"] for one in after] == [one["themes"] for one in before]
        assert len(after) == 4


FORMULA = '=HYPERLINK("http://x";"klikkaa")'


def test_a_customers_formula_stays_words(place: Place, tmp_path: Path) -> None:
    """In the table that a spreadsheet opens; the label itself has the customer's own words."""
    item = event("f", interaction_id="if", customer="id:f", text=FORMULA, occurred_at=NOW)
    world = place.hub.world
    world.log.add(item, NOW, 30, None)
    assert understand(world, [EventKey(item.interaction_key, item.event_id)]) == frozenset()
    stored = find(world, item.interaction_key, "f")
    assert stored is not None
    assert stored.message.text == FORMULA
    label = stored.corrected(world.organisation(), ("late",), "failure", NOW)
    keep(world, world.organisation(), stored, label)
    file = tmp_path / "labels.csv"
    assert call("label", "export", str(file)).exit_code == hub.OK
    (row,) = csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines())
    assert row["text"] == f"'{FORMULA}"
    (read,) = labelling.read(file, world.organisation(), NOW)
    assert read.text == FORMULA


def test_a_file_of_others_messages_is_redacted(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    row = {"text": "Soita 040 123 4567, t. Aino Virtanen", "themes": "late", "demand": "failure"}
    file.write_text(json.dumps(row) + "\n" + json.dumps({**row, "themes": "none"}))
    assert call("label", "import", str(file)).exit_code == hub.OK
    (label,) = labels(place.hub.world)
    assert label.themes == ()
    assert "123" not in label.text
    file.write_text(json.dumps({**row, "themes": "gone"}))
    assert call("label", "import", str(file)).exit_code == hub.REFUSED
    file.write_text(json.dumps({**row, "demand": "often"}))
    assert "row 1" in call("label", "import", str(file)).output


def test_what_is_learnt_is_published_and_taken_back(place: Place) -> None:
    world = place.hub.world
    assert call("learn").exit_code == hub.REFUSED  # no labels
    give_labels(world)
    measured = told("learn", "--dry-run")
    assert world.heads.versions() == []
    assert [one["head"] for one in measured["compared"]] == ["themes", "demand"]
    assert measured["compared"][0]["gain"] > 0.3
    done = call("learn")
    assert done.exit_code == hub.OK, done.output
    assert "of 40 stored messages 40 would get another theme" in " ".join(done.output.split())
    assert world.heads.text()
    assert world.heads.report(world.heads.versions()[0])["better"] == measured["better"]
    assert call("learn", "--rollback").exit_code == hub.OK
    assert world.heads.text() == ""
    assert call("learn", "--rollback").exit_code == hub.FAULTS


def test_what_is_not_better_is_refused(place: Place) -> None:
    give_labels(place.hub.world, confirm=True)
    before = learned.dump("compact-0", None, None)
    place.hub.world.heads.publish(before, {}, NOW)
    done = call("learn")
    assert done.exit_code == hub.REFUSED
    assert "not published" in done.output
    assert place.hub.world.heads.text() == before


def _checked(place: Place) -> str:
    """What `hub check` finds wrong with the heads."""
    found = checks(place.hub, place.hub.world.organisation())
    (fault,) = [one.fault for one in found if one.what.startswith("heads")]
    return fault


def test_heads_of_another_model_are_told_and_replaced(place: Place) -> None:
    world = place.hub.world
    give_labels(world)
    theirs = learned.dump("encoder-1-abc", None, None)
    world.heads.publish(theirs, {"model": "encoder-1-abc"}, NOW)
    assert "encoder-1-abc" in _checked(place)
    assert "hub learn" in _checked(place)
    done = call("learn")
    said = " ".join(done.output.split())
    assert done.exit_code == hub.OK, done.output
    assert "the published heads are of encoder-1-abc" in said
    assert learned.load(world.heads.text()).model == Compact.load().model
    assert _checked(place) == ""
    assert "of encoder-1-abc" in call("learn", "--rollback").output
    world.heads.publish("of a form that nobody reads", {}, NOW)
    assert "another release" in call("learn").output


@pytest.mark.parametrize("name", ["twin-1", "compact-0.0.1-0123456789ab"])
def test_a_model_that_cannot_be_taught_here_is_named(
    place: Place, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Not ours to teach, or a compact one of another release: neither would use what is learnt."""
    give_labels(place.hub.world, 30)

    class Other(JudgingEndpoint):
        def invoke(self, body: bytes) -> bytes:
            return super().invoke(body).replace(b"twin-1", name.encode())

    other = replace(place.hub, world=replace(place.hub.world, endpoint=Other()))
    monkeypatch.setattr("infra.commands.worlds.connect", lambda where: other)
    for command in (("learn",), ("label", "--count", "1")):
        done = call(*command, input="!")
        assert done.exit_code == hub.REFUSED
        assert name in done.output
        assert "release" in done.output

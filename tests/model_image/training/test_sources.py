"""The corpora's files, here with invented lines: what their labels become, and what is left out."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from model_image.training.encoder import provenance, sources
from model_image.training.encoder.lectures import gather
from model_image.training.encoder.lessons import Lesson
from model_image.training.encoder.settings import BadSettings, Settings

FILES: dict[str, list[dict[str, Any]]] = {
    "fi_sentiment_finnsentiment": [
        {"text": "Tosi hyvä", "a": 1, "b": 1, "c": 0, "majority": 1, "derived_norm": 0.5}
    ],
    "en_emotion_xed": [{"text": "Drop it , now !", "labels": "1, 4"}],
    "fi_ner_turku": [
        {"tokens": ["-DOCSTART-"], "tags": ["O"]},
        {"tokens": ["Aino", "Aalto", "Lahdessa"], "tags": ["B-PER", "I-PER", "B-LOC"]},
    ],
    "sv_intent_massive": [{"id": "7", "text": "väck mig", "intent": "alarm_set"}],
    "en_intent_banking77": [
        {"text": "Where is my card?", "label": "card_arrival", "demand_type": "failure"},
        {"text": "Hello there", "label": "greeting", "demand_type": "ambiguous"},
    ],
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory of five small corpora and some unlabelled text."""
    for name, rows in FILES.items():
        for part in ("train", "dev"):
            with gzip.open(tmp_path / f"{name}.{part}.jsonl.gz", "wt", encoding="utf-8") as file:
                file.writelines(json.dumps(row) + "\n" for row in rows)
    for name, line in (("open", "Avointa tekstiä"), ("sharealike", "Jaettua tekstiä")):
        with gzip.open(tmp_path / f"fi_text_{name}.txt.gz", "wt", encoding="utf-8") as file:
            file.write(f"{line}\nTosi hyvä\n")
    return tmp_path


@pytest.fixture
def settings(data: Path) -> Settings:
    return Settings(base="scratch", out=data / "out", data=data)


def read(settings: Settings, split: str) -> dict[str, Lesson]:
    """Lessons of the corpora by their text."""
    found = sources.lessons(settings, sources.chosen(settings), split)
    return {lesson.text: lesson for lesson in found if lesson.source != "own"}


def test_labels_become_targets(settings: Settings) -> None:
    found = read(settings, "train")
    praise = found["Tosi hyvä"].targets
    assert praise["sentiment"].shares == (0, 0.25, 0.75)
    assert praise["satisfaction"].shares == (0, 0, 0, 1, 0)
    angry = found["Drop it, now!"].targets
    assert angry["emotion"].shares == (0, 0.5, 0, 0, 0.5, 0, 0, 0, 0)
    assert angry["sentiment"].shares == (1, 0, 0)
    assert found["Aino Aalto Lahdessa"].spans == ((0, 10, "name"),)
    assert found["väck mig"].intent == "massive/alarm_set"
    assert found["väck mig"].group == "massive/7"
    assert found["Where is my card?"].targets["demand"].shares == (0, 1)
    assert "demand" not in found["Hello there"].targets
    assert read(settings, "dev")["Tosi hyvä"].targets["sentiment"].shares == (0, 0, 1)


def test_sharealike_sources_can_be_left_out(settings: Settings) -> None:
    without = replace(settings, sharealike=False)
    names = {source.name for source in sources.chosen(settings)}
    assert names - {source.name for source in sources.chosen(without)} == {"Turku NER"}
    assert set(sources.unlabelled(settings, (), set())) == {
        "Avointa tekstiä", "Jaettua tekstiä", "Tosi hyvä",
    }  # fmt: skip
    assert "Jaettua tekstiä" not in sources.unlabelled(without, (), set())


def test_no_dev_text_is_pretrained_on(settings: Settings) -> None:
    dev = gather(settings).dev
    assert "Tosi hyvä" not in sources.unlabelled(settings, (), {lesson.text for lesson in dev})


def test_every_file_has_its_hash(settings: Settings) -> None:
    hashes = provenance.record(settings)["data"]
    wanted = {f"{name}.{part}.jsonl.gz" for name in FILES for part in ("train", "dev")}
    assert wanted | {"fi_text_open.txt.gz", "personal.tsv", "authored.tsv"} <= hashes.keys()


@pytest.mark.parametrize(
    ("change", "same"),
    [
        pytest.param({"threads": 2}, True, id="where it runs"),
        pytest.param({"resume": True}, True, id="that it goes on"),
        pytest.param({"seed": 1}, False, id="the seed"),
        pytest.param({"sharealike": False}, False, id="the data"),
    ],
)
def test_a_run_is_known_by_what_it_learns_from(
    settings: Settings, change: dict[str, int], same: bool
) -> None:
    other = provenance.record(replace(settings, **change))  # type: ignore[arg-type]
    before = provenance.record(settings)
    assert (provenance.fingerprint(other) == provenance.fingerprint(before)) == same


def test_a_directory_without_corpora_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="none of the corpora"):
        sources.chosen(Settings(base="scratch", out=tmp_path, data=tmp_path))

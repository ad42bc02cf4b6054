"""The whole path on CPU: learns, goes on where it stopped, and is served."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_image import wire
from model_image.backends.encoder import Encoder, Options
from model_image.encoder import layout, random_model
from model_image.training.encoder import command
from tests.model_image.training.conftest import SMALL, written

Args = list[str]


def digests(directory: Path) -> dict[str, str]:
    """Of the weights and the tokenizer."""
    return {
        file.as_posix(): hashlib.sha256((directory / file).read_bytes()).hexdigest()
        for file in layout.FILES
    }


def record(directory: Path) -> dict[str, Any]:
    """training.json."""
    found: dict[str, Any] = json.loads((directory / "training.json").read_text(encoding="utf-8"))
    return found


def test_it_learns_what_the_texts_tell(trained: Path) -> None:
    found = record(trained)
    losses = found["course"]["heads"]["losses"]
    assert losses[-1] < losses[0] / 2
    for name, quality in found["measured"]["quality"].items():
        for measure, value in quality.items():
            assert value > 0.9, f"{name}: {measure}"
    assert set(found["measured"]["intents"].values()) == {1.0}


def test_the_directory_is_served(trained: Path) -> None:
    encoder = Encoder.load(trained, Options(device="cpu"))
    rows = [row for row in written(360) if row["split"] == "test"]
    texts = [wire.Text(str(i), str(row["text"]), None) for i, row in enumerate(rows)]
    results = encoder.understand(texts, wire.Taxonomy("none", (), 0))
    said = [("negative", "neutral", "positive")[int(np.argmax(r.sentiment))] for r in results]
    right = np.mean([one == row["sentiment"] for one, row in zip(said, rows, strict=True)])
    assert right > 0.9


def test_a_run_that_was_stopped_gives_the_same_weights(
    trained: Path, messages: Path, tmp_path: Path
) -> None:
    run = [*SMALL, "--messages", str(messages), "--out", str(tmp_path)]
    assert command.main([*run, "--stop-after", "2"]) == command.UNFINISHED, "while pretraining"
    assert command.main(run) == command.WRONG_SETTINGS, "not told to go on"
    other = [*run, "--resume", "--weight-decay", "0.5"]
    assert command.main(other) == command.WRONG_SETTINGS, "another run's checkpoint"
    assert command.main([*run, "--resume", "--stop-after", "20"]) == command.UNFINISHED
    assert command.main([*run, "--resume"]) == 0
    assert digests(tmp_path) == digests(trained)
    assert record(tmp_path)["measured"] == record(trained)["measured"]


def test_a_base_learns_from_a_teacher_and_must_be_better(
    trained: Path, messages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "beats", lambda _: False)
    texts = [str(row["text"]) for row in written(60)]
    random_model.build(tmp_path / "base", random_model.Shape("xlm-roberta"), texts)
    settings = [
        "--base", str(tmp_path / "base" / "encoder"), "--teacher", str(trained), "--epochs", "0.2",
        "--batch-tokens", "512", "--accumulate", "2", "--threads", "1", "--require-better",
        "--heads", "sentiment,demand,personal_data", "--licence", "MIT",
        "--messages", str(messages), "--out", str(tmp_path / "out"),
    ]  # fmt: skip
    assert command.main(settings) == command.NOT_BETTER
    stored = layout.read(tmp_path / "out")
    assert [head.name for head in stored.description.heads] == ["sentiment", "personal_data"]
    assert stored.description.licence == "MIT"
    base = (tmp_path / "base" / layout.WEIGHTS).read_bytes()
    assert (tmp_path / "out" / layout.WEIGHTS).read_bytes() != base, "the encoder learns too"
    Encoder.load(tmp_path / "out", Options(device="cpu"))


def test_the_card_tells_what_was_measured_and_of_what_it_was_made(
    trained: Path, messages: Path
) -> None:
    card = (trained / "MODEL_CARD.md").read_text(encoding="utf-8")
    for section in ("Do not use it for", "Beside the compact model", "Calibration", "Reliability",
                    "Confusion", "Sources and licences"):  # fmt: skip
        assert f"## {section}" in card
    assert layout.read(trained).model in card
    found = record(trained)
    digest = hashlib.sha256(messages.read_bytes()).hexdigest()
    assert found["data"] == {messages.name: digest}
    assert {"torch", "transformers", "tokenizers"} <= found["libraries"].keys()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(["--base", "scratch"], "nothing to learn from", id="no data"),
        pytest.param(["--base", "scratch", "--size", "big"], "LAYERSxHIDDEN", id="no size"),
        pytest.param(["--base", "scratch", "--heads", "mood"], "unknown mood", id="unknown head"),
        pytest.param(["--base", "/nowhere", "--heads", "sentiment"], "no encoder", id="no base"),
    ],
)
def test_wrong_settings_say_what_to_change(
    arguments: Args, told: str, messages: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [] if told == "nothing to learn from" else ["--messages", str(messages)]
    status = command.main([*arguments, *given, "--out", str(tmp_path)])
    assert status == command.WRONG_SETTINGS
    assert told in capsys.readouterr().err


def test_a_wrong_line_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "wrong.jsonl"
    path.write_text('{"text": "hei", "sentiment": "neutral"}\n{"text": "x", "sentiment": "meh"}\n')
    given = ["--base", "scratch", "--messages", str(path), "--out", str(tmp_path)]
    assert command.main(given) == command.WRONG_SETTINGS
    assert "line 2" in capsys.readouterr().err

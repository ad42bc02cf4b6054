"""Invented messages whose labels hang on a word each, and one small run on them."""

from __future__ import annotations

import importlib.util
import json
import random
from pathlib import Path

import pytest

# The encoder's libraries are large: without them the compact backend's tests still run.
collect_ignore_glob = [] if importlib.util.find_spec("torch") else ["test_*.py"]

FEELS = {
    "fi": {"negative": ("myöhässä", "rikki"), "positive": ("kiitos", "hienoa")},
    "en": {"negative": ("late", "broken"), "positive": ("thanks", "lovely")},
    "sv": {"negative": ("försenat", "trasig"), "positive": ("tack", "toppen")},
}
AROUND = {
    "fi": ("paketti on", "tuoli oli", "palvelu oli"),
    "en": ("the parcel is", "the chair was", "the service was"),
    "sv": ("paketet är", "stolen var", "servicen var"),
}
NAMES = ("Aino", "Kalle", "Maja")
SMALL = (
    "--base", "scratch", "--size", "2x64", "--vocabulary", "350", "--batch-tokens", "512",
    "--epochs", "6", "--pretrain-epochs", "0.3", "--evaluations", "1", "--learning-rate", "0.003",
    "--augment", "0.1", "--heads", "language,sentiment,personal_data,themes", "--threads", "1",
)  # fmt: skip


def written(count: int) -> list[dict[str, object]]:
    """Messages in the form of docs/annotation.md; each fifth is for measuring."""
    chooser = random.Random(7)
    rows: list[dict[str, object]] = []
    for number in range(count):
        code = chooser.choice(("fi", "en", "sv"))
        side = chooser.choice(("negative", "positive"))
        name = chooser.choice(NAMES)
        words = f"{chooser.choice(AROUND[code])} {chooser.choice(FEELS[code][side])}"
        text = f"{words} {number} {name}"
        rows.append(
            {
                "text": text,
                "language": code,
                "sentiment": side,
                "intent": "complaint" if side == "negative" else "praise",
                "spans": [[len(text) - len(name), len(text), "name"]],
                "split": "test" if number % 5 == 0 else "learn",
            }
        )
    return rows


@pytest.fixture(scope="session")
def messages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the messages."""
    path = tmp_path_factory.mktemp("messages") / "written.jsonl"
    lines = [json.dumps(row, ensure_ascii=False) for row in written(360)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def trained(messages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of an unbroken run."""
    from model_image.training.encoder import command

    out = tmp_path_factory.mktemp("trained")
    assert command.main([*SMALL, "--messages", str(messages), "--out", str(out)]) == 0
    return out

"""What the encoder's benchmark compares with: a floor that is one, and an exact model's numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModel

from model_image.backends.encoder import Encoder
from model_image.bench import rivals
from model_image.bench.encoder import device_alone
from model_image.bench.floor import Floor
from model_image.encoder import layout
from model_image.wire import Request, Taxonomy, Text
from tests.model_image.encoder.conftest import Build


def test_the_floor_is_the_longer_of_flop_and_bytes() -> None:
    """1000 tokens: 3000 FLOP at 1000/s; 100 weights and 10,000 numbers of 4 bytes at 4000/s."""
    floor = Floor(2.0, 1.0, weights=100, moved=10, rates={"fp32": 1e3}, copy=4e3)
    assert floor.seconds(1000, 1, "fp32") == pytest.approx(10.1)
    assert replace(floor, copy=4e6).seconds(1000, 1, "fp32") == pytest.approx(3.0)
    assert floor.seconds(1000, 11, "fp32") == pytest.approx(11.1)


def test_every_output_is_compared_with_a_window_alone(
    encoder: Encoder, build: Build, messages: list[str]
) -> None:
    directory = build("xlm-roberta")
    texts = tuple(Text(str(i), text, None) for i, text in enumerate(messages[:8]))
    request = Request(Taxonomy("none", (), 0), texts, frozenset({"personal_data"}))
    items = [item for own in encoder.prepare(texts, request) for item in own]
    stock = AutoModel.from_pretrained(directory / layout.ENCODER, attn_implementation="eager")
    windows = [item.content for item in items]
    exact = rivals.one_by_one(stock.eval(), layout.read(directory), windows, "cpu")
    outputs = encoder.collect(encoder.launch(items)).each
    assert max(exact.errors(outputs)) < 1e-5
    for place, name in enumerate(("embedding", "logits", "p")):
        wrong = replace(exact, **{name: [np.asarray(a + 0.5) for a in getattr(exact, name)]})
        assert wrong.errors(outputs)[place] == pytest.approx(0.5, abs=1e-4)


def test_rivals_run_in_the_type_that_they_are_compared_in(
    build: Build, messages: list[str]
) -> None:
    """On a GPU ours is in 16 bits, so theirs is too."""
    path = build("xlm-roberta") / layout.ENCODER
    for run in rivals.pipelines(path, 64, "cpu", torch.bfloat16):
        piped = run.args[0]  # type: ignore[attr-defined]
        assert piped.model.dtype == torch.bfloat16
        assert len(run(messages[:3], 2)) == 3


def test_the_device_alone_collects_every_step_once(
    encoder: Encoder, messages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = tuple(Text(str(i), text, None) for i, text in enumerate(messages))
    own = encoder.prepare(texts, Request(Taxonomy("none", (), 0), texts))
    windows = [window for windows in own for window in windows]
    collected: list[int] = []
    collect = encoder.collect

    def counted(launched: Any) -> Any:
        collected.append(len(launched[0]))
        return collect(launched)

    monkeypatch.setattr(encoder, "collect", counted)
    monkeypatch.setattr(encoder, "step_tokens", 400)
    device_alone(encoder, windows)
    assert len(collected) > 2
    assert sum(collected) == len(windows)

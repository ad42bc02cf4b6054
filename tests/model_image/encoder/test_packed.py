"""A pack gives what each text alone gives, whatever stands beside it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional
from torch.nn.attention import varlen
from transformers import AutoModel

from model_image.backends.encoder import Encoder, Options
from model_image.encoder import layout, random_model
from model_image.encoder.layout import BadModel
from model_image.encoder.network import Network, checked_family
from model_image.encoder.packing import pack
from model_image.wire import Taxonomy, Text
from tests.model_image.encoder.conftest import Build

FAMILIES = ["xlm-roberta", "bert", "modernbert", "eurobert", "roberta", "electra"]
CLOSE = 1e-5


def _network(path: Path, device: str = "cpu", dtype: Any = torch.float32) -> Network:
    return Network.load(layout.read(path), device, dtype)


def _windows(most: int, count: int = 0) -> list[Any]:
    """Random ids of every length 2..most, or of `count` lengths drawn from them."""
    draw = np.random.default_rng(5)
    lengths = draw.integers(2, most + 1, count) if count else np.arange(2, most + 1)
    return [draw.integers(4, 200, length).astype(np.int32) for length in draw.permutation(lengths)]


def _run(network: Network, windows: list[Any]) -> Any:
    return network.collect(network.launch(pack(windows, network.first_position), tokens=True))


@pytest.mark.parametrize("family", FAMILIES)
def test_packed_is_one_by_one(build: Build, family: str, no_network: None) -> None:
    """Against the stock model, one text at a time with its own attention: lengths 2..64."""
    path = build(family)
    network = _network(path)
    options = {"add_pooling_layer": False} if family in ("bert", "roberta", "xlm-roberta") else {}
    stock = AutoModel.from_pretrained(
        path / "encoder", attn_implementation="eager", local_files_only=True, **options
    ).eval()
    windows = _windows(64)
    numbers = _run(network, windows)
    packed = pack(windows, network.first_position)
    with torch.inference_mode():
        for row, window in enumerate(windows):
            alone = stock(input_ids=torch.tensor(window[None].astype(np.int64)))
            hidden = alone.last_hidden_state[0]
            mean = hidden.mean(dim=0).numpy()
            assert np.abs(numbers.embedding[row] - mean).max() <= CLOSE, len(window)
            start = int(packed.bounds[int(np.flatnonzero(packed.order == row)[0])])
            assert network.layers.token is not None
            logits = functional.linear(hidden, *network.layers.token)
            p = torch.softmax(logits, -1).max(-1).values.numpy()
            assert numbers.p is not None
            assert np.abs(numbers.p[start : start + len(window)] - p).max() <= CLOSE


def test_neighbours_and_order_change_nothing(build: Build) -> None:
    network = _network(build("xlm-roberta"))
    windows = _windows(64, 40)
    together = _run(network, windows)
    turned = _run(network, windows[::-1])
    some = _run(network, windows[:7])
    alone = [_run(network, [window]) for window in windows]
    for attribute in ("heads", "embedding"):
        numbers = getattr(together, attribute)
        assert np.abs(numbers - getattr(turned, attribute)[::-1]).max() <= CLOSE
        assert np.abs(numbers[:7] - getattr(some, attribute)).max() <= CLOSE
        each = np.concatenate([getattr(one, attribute) for one in alone])
        assert np.abs(numbers - each).max() <= CLOSE


def test_heads_of_both_poolings_keep_their_columns(build: Build) -> None:
    path = build("xlm-roberta")
    network, read = _network(path), layout.read(path)
    windows = _windows(20)
    numbers = _run(network, windows)
    place = 0
    for head in read.description.heads[:-1]:
        weight, bias = read.arrays[f"{head.name}.weight"], read.arrays[f"{head.name}.bias"]
        if head.pooling == "mean":
            expected = numbers.embedding @ weight.T + bias
            assert np.abs(numbers.heads[:, place : place + head.outputs] - expected).max() <= CLOSE
        place += head.outputs
    assert place == numbers.heads.shape[1]


def test_bfloat16_is_near_float32(build: Build) -> None:
    path = build("xlm-roberta")
    windows = _windows(64, 30)
    exact = _run(_network(path), windows)
    halves = _run(_network(path, dtype=torch.bfloat16), windows)
    assert np.abs(exact.heads - halves.heads).max() <= 0.05


def test_flash_attention_is_asked_for_the_same(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `varlen_attn` would be told on CUDA, read by a stand-in of its documentation."""

    def documented(q: Any, k: Any, v: Any, cu_q: Any, cu_k: Any, *longest: int, **said: Any) -> Any:
        assert cu_q.dtype == torch.int32
        assert torch.equal(cu_q, cu_k)
        assert longest == (int((cu_q[1:] - cu_q[:-1]).max()),) * 2
        out = torch.empty_like(q)
        for start, end in zip(cu_q[:-1].tolist(), cu_q[1:].tolist(), strict=True):
            a, b, c = (part[start:end].transpose(0, 1) for part in (q, k, v))
            place = torch.arange(end - start)
            far = (place[:, None] - place[None]).abs()
            left, right = said["window_size"]
            assert left == right
            near = None if left < 0 else far <= left
            seen = functional.scaled_dot_product_attention(
                a, b, c, attn_mask=near, scale=said["scale"], enable_gqa=said["enable_gqa"]
            )
            out[start:end] = seen.transpose(0, 1)
        return out

    windows = _windows(64, 20)
    for family in ("modernbert", "eurobert"):
        network = _network(build(family))
        grouped = _run(network, windows)
        monkeypatch.setattr(varlen, "varlen_attn", documented)
        network.flash = True
        assert np.abs(_run(network, windows).embedding - grouped.embedding).max() <= CLOSE


@pytest.mark.skipif("MODEL_COMPILE" not in os.environ, reason="takes seconds; MODEL_COMPILE=1")
def test_compiling_is_done_once(
    tmp_path: Path, messages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With flash attention, whose bounds are numbers of a tensor, no step is a new case."""

    def anything(q: Any, k: Any, v: Any, *_: Any, scale: float, **__: Any) -> Any:
        q, k, v = (part.transpose(0, 1)[None] for part in (q, k, v))
        return functional.scaled_dot_product_attention(q, k, v, scale=scale)[0].transpose(0, 1)

    graphs: list[Any] = []

    def counted(graph: Any, _: Any) -> Any:
        graphs.append(graph)
        return graph.forward

    compiled = torch.compile
    monkeypatch.setattr(varlen, "varlen_attn", anything)
    monkeypatch.setattr(torch, "compile", lambda f, **more: compiled(f, backend=counted, **more))
    model = random_model.build(tmp_path, random_model.Shape("bert", layers=1), messages)
    network = Network.load(model, "cpu", torch.float32, compiled=True)
    network.flash = True
    for most, count in ((64, 5), (30, 40), (12, 9), (50, 2)):
        _run(network, _windows(most, count))
    assert len(graphs) == 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("family", FAMILIES)
def test_on_cuda(build: Build, family: str) -> None:
    windows = _windows(64, 200)
    exact = _run(_network(build(family)), windows)
    halves = _run(_network(build(family), "cuda", torch.bfloat16), windows)
    whole = _run(_network(build(family), "cuda"), windows)
    assert np.abs(exact.heads - whole.heads).max() <= 1e-3
    assert np.abs(exact.heads - halves.heads).max() <= 0.05


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_overlapping_steps_on_cuda(build: Build, messages: list[str]) -> None:
    texts = [Text(str(i), text, None) for i, text in enumerate(messages)]
    nothing = Taxonomy("x", (), 0)
    path = build("xlm-roberta")
    cpu = Encoder.load(path, Options(device="cpu")).understand(texts, nothing)
    cuda = Encoder.load(path, Options(device="cuda", dtype="float32")).understand(texts, nothing)
    for one, other in zip(cpu, cuda, strict=True):
        assert np.abs(np.subtract(one.sentiment, other.sentiment)).max() <= 1e-3


def _config(tmp_path: Path, **values: Any) -> Path:
    (tmp_path / "config.json").write_text(json.dumps(values))
    return tmp_path


@pytest.mark.parametrize(
    ("config", "said"),
    [
        pytest.param({"model_type": "mpnet"}, "relative positions", id="MPNet"),
        pytest.param({"model_type": "deberta-v2"}, "disentangled", id="DeBERTa"),
        pytest.param({"model_type": "t5"}, "not tested", id="unknown"),
        pytest.param({"model_type": "bert", "auto_map": {}}, "its own code", id="remote code"),
        pytest.param(
            {"model_type": "xlm-roberta", "max_position_embeddings": 514, "pad_token_id": 1},
            "exceeds the 512",
            id="windows too long",
        ),
    ],
)
def test_what_cannot_be_packed_is_refused(
    tmp_path: Path, config: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadModel, match=said):
        checked_family(_config(tmp_path, **config), 513)


def test_a_weight_that_is_missing_is_no_random_number(build: Build, tmp_path: Path) -> None:
    path = tmp_path / "model"
    shutil.copytree(build("bert"), path)
    weights = load_file(path / layout.WEIGHTS)
    del weights["encoder.layer.1.output.dense.weight"]
    save_file(weights, path / layout.WEIGHTS, {"format": "pt"})
    with pytest.raises(BadModel, match="not the file"):
        layout.read(path)
    model = layout.read(build("bert"))
    with pytest.raises(BadModel, match="lacks"):
        Network.load(
            layout.ModelDirectory(path, model.model, model.description, model.arrays),
            "cpu",
            torch.float32,
        )

"""What differs on a GPU, as far as it shows without one; the last test runs where there is one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from model_image import accelerator
from model_image.admission import Worker
from model_image.backends import encoder
from model_image.backends.encoder import Encoder, Options
from model_image.device import Device, Piece
from model_image.encoder import layout
from model_image.encoder.network import FAMILIES, Network
from model_image.encoder.packing import pack
from model_image.metrics import Meter
from model_image.wire import Request, Result, Taxonomy, Text
from tests.model_image.encoder.conftest import Build

ROOT = Path(__file__).parents[3]
NOTHING = Taxonomy("x", (), 0)
GIB = 2**30
NEEDS_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")


class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes every operation that touches the host, and what attention is asked."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.on_host: list[str] = []
        self.attention: list[Any] = []

    def __torch_dispatch__(
        self, operation: Any, _: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        made = operation(*args, **(kwargs or {}))
        tensors = [
            one
            for one in torch.utils._pytree.tree_leaves((args, kwargs, made))
            if isinstance(one, torch.Tensor)
        ]
        if any(tensor.device.type != "meta" for tensor in tensors):
            self.on_host.append(str(operation))
        if "_varlen_attn" in str(operation):
            self.attention.append(args)
        return made


@pytest.mark.parametrize("family", FAMILIES)
def test_a_step_is_queued_without_waiting_for_the_device(
    build: Build, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On torch's device without numbers: reading one there (`.item()`, a mask as an index) is an
    error, so nothing between sending and fetching waits, and nothing stays behind on the host."""
    network = Network.load(layout.read(build(family)), "meta", torch.bfloat16)
    network.flash = True
    watch = Watch()

    def sent(array: Any) -> torch.Tensor:
        with torch.utils._python_dispatch._disable_current_modes():
            return torch.from_numpy(array).to("meta")

    monkeypatch.setattr(network, "_sent", sent)
    monkeypatch.setattr(network, "_fetched", lambda tensor: tensor)
    windows = [np.full(length, 7, np.int32) for length in (3, 3, 17, 64, 40)]
    with watch:
        step = network.launch(pack(windows, network.first_position), tokens=True)
    assert not watch.on_host
    assert len(watch.attention) == network.encoder.config.num_hidden_layers
    for query, key, value, bounds, *_ in watch.attention:  # as mha_varlen_fwd checks them
        for part in (query, key, value):
            assert part.dtype == torch.bfloat16
            assert part.stride(-1) == 1
            assert part.shape[0] == step.pack.tokens
        assert bounds.dtype == torch.int32
        assert accelerator.MOST_HEAD_SIZE >= query.shape[-1] == key.shape[-1]
        assert query.shape[-1] % accelerator.HEAD_STEP == 0
    assert step.heads.dtype == step.embedding.dtype == torch.float32


GPUS = {  # compute capability, memory -> type, tokens of a step
    "T4": ((7, 5), 15 * GIB, torch.float32, encoder.SMALL_GPU_STEP_TOKENS),
    "A10G": ((8, 6), 22 * GIB, torch.bfloat16, encoder.SMALL_GPU_STEP_TOKENS),
    "L4": ((8, 9), 22 * GIB, torch.bfloat16, encoder.SMALL_GPU_STEP_TOKENS),
    "H200": ((9, 0), 139 * GIB, torch.bfloat16, encoder.GPU_STEP_TOKENS),
    "H200, an eighth": ((9, 0), 16 * GIB, torch.bfloat16, encoder.SMALL_GPU_STEP_TOKENS),
}


@pytest.mark.parametrize("name", GPUS)
def test_each_gpu_runs_as_it_can(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The device's own capability and memory, whichever of several it is."""
    (major, minor), memory, dtype, step_tokens = GPUS[name]
    asked: list[Any] = []

    def properties(device: Any = None) -> Any:
        asked.append(str(device))
        return SimpleNamespace(major=major, minor=minor, total_memory=memory)

    monkeypatch.setattr(torch.cuda, "get_device_properties", properties)
    assert encoder._dtype(None, True, accelerator.halves("cuda:1")) == dtype
    assert encoder._step_tokens("cuda:1", True) == step_tokens
    flash = accelerator.flash_fits(torch.device("cuda:1"), torch.bfloat16, 64)
    assert flash == (major >= 8)
    assert set(asked) == {"cuda:1"}


@pytest.mark.parametrize(
    ("dtype", "head_size", "fits"),
    [
        (torch.bfloat16, 8, True),
        (torch.float16, 256, True),
        (torch.float32, 64, False),
        (torch.bfloat16, 264, False),
        (torch.bfloat16, 36, False),
    ],
)
def test_what_flash_attention_cannot_takes_the_other_way(
    dtype: torch.dtype, head_size: int, fits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (9, 0))
    assert accelerator.flash_fits(torch.device("cuda"), dtype, head_size) == fits
    assert not accelerator.flash_fits(torch.device("cpu"), dtype, head_size)


class Small:
    """A network whose device holds so many tokens of a step, and what it was asked."""

    def __init__(self, network: Network, holds: int) -> None:
        self.network, self.holds = network, holds
        self.asked: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.network, name)

    def launch(self, packed: Any, tokens: bool) -> Any:
        self.asked.append(packed.tokens)
        if packed.tokens > self.holds:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return self.network.launch(packed, tokens)


def _small(build: Build, holds: int) -> tuple[Encoder, Small]:
    made = Encoder.load(build("xlm-roberta"), Options(device="cpu", step_tokens=1000))
    network = Small(made.network, holds)
    made.network = network  # type: ignore[assignment]
    made.overlaps = True
    return made, network


def _answered(backend: Any, requests: Sequence[Request]) -> tuple[list[list[Result]], bool]:
    """(each request's results, whether the device still works); all are asked at once."""

    async def run() -> tuple[list[list[Result]], bool]:
        worker = Worker(backend)
        worker.start()
        try:
            answers = await asyncio.gather(*(worker.understand(one) for one in requests))
            return list(answers), worker.device.alive
        finally:
            worker.close()

    return asyncio.run(run())


def test_a_step_is_made_to_fit_the_memory_before_anybody_waits(build: Build) -> None:
    made, network = _small(build, holds=300)
    made.settle()
    assert network.asked == [960, 448, 192]  # whole windows of 64
    assert 192 <= made.step_tokens <= 300
    with pytest.raises(torch.OutOfMemoryError):
        _small(build, holds=63)[0].settle()


def test_too_little_memory_costs_no_answer(build: Build, messages: list[str]) -> None:
    """Another process takes the memory: what failed is read in halves, and steps stay small."""
    made, network = _small(build, holds=260)
    texts = tuple(Text(str(i), text, None) for i, text in enumerate(messages))
    (results,), alive = _answered(made, [Request(NOTHING, texts)])
    assert alive
    assert [result.error for result in results] == [None] * len(messages)
    assert max(network.asked) > 260 >= made.step_tokens
    network.asked.clear()
    _answered(made, [Request(NOTHING, texts)])
    assert max(network.asked) <= 260


def test_a_failed_step_keeps_no_memory(build: Build, messages: list[str]) -> None:
    """What is tried after it would fail too if the error's frames held its tensors."""
    made, _ = _small(build, holds=0)
    items = made.prepare([Text("0", messages[0], None)], Request(NOTHING, ()))[0]

    async def launched() -> Any:
        piece = Piece(items, asyncio.get_running_loop().create_future())
        return Device(made, Meter())._launch([(piece, 0)])

    error = asyncio.run(launched())
    assert isinstance(error, torch.OutOfMemoryError)
    assert error.__traceback__ is None


def test_the_image_asks_for_the_gpu() -> None:
    """Its base is no CUDA image, which would say so to NVIDIA's container runtime."""
    text = (ROOT / "model_image" / "Dockerfile").read_text(encoding="utf-8")
    torch_stage = text[text.index("AS deps-torch") : text.index("AS deps-encoder")]
    assert "NVIDIA_VISIBLE_DEVICES=all" in torch_stage
    assert "NVIDIA_DRIVER_CAPABILITIES=compute,utility" in torch_stage


@NEEDS_CUDA
@pytest.mark.parametrize("place", range(max(1, torch.cuda.device_count())))
def test_overlapping_steps_on_a_gpu(build: Build, messages: list[str], place: int) -> None:
    """Through the server's own device thread, many steps, flash attention: what the CPU says."""
    path = build("modernbert")
    texts = tuple(Text(str(i), text, None) for i, text in enumerate(messages))
    requests = [Request(NOTHING, texts, frozenset({"personal_data", "embedding"}))] * 8
    options = Options(device=f"cuda:{place}", step_tokens=300)
    made = Encoder.load(path, options)
    assert made.overlaps
    assert made.network.flash == (torch.cuda.get_device_capability(place) >= accelerator.AMPERE)
    answers, alive = _answered(made, requests)
    assert alive
    expected = Encoder.load(path, Options(device="cpu")).understand(texts, NOTHING)
    for results in answers:
        for one, other in zip(results, expected, strict=True):
            assert one.sentiment == pytest.approx(other.sentiment, abs=0.01)

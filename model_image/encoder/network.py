"""The shared encoder and every head's linear layer: a pack in, numbers of each window out.

Stock transformers models; no code from the model directory is run, nothing is downloaded.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoConfig, AutoModel
from transformers.utils import logging as transformers_logging

from model_image import accelerator
from model_image.encoder import attention, layout
from model_image.encoder.layout import BadModel, Description, Head, ModelDirectory
from model_image.encoder.packing import Pack

# Families whose attention takes a pack, and whether their positions begin after the padding id.
FAMILIES = {
    "xlm-roberta": True,
    "roberta": True,
    "bert": False,
    "electra": False,
    "modernbert": False,
    "eurobert": False,
}
POOLED = ("xlm-roberta", "roberta", "bert")  # would bring a pooler that no head reads
REFUSED = {
    "mpnet": "its relative positions are added inside attention",
    "deberta-v2": "its disentangled positions are computed inside attention",
}


@dataclass(frozen=True)
class Numbers:
    """Of each window of a pack, in the order in which the windows were given.

    `heads` (windows, outputs): logits of the sequence heads, in the description's order.
    `embedding` (windows, dimensions), not normalised. `labels` and `p` per token and `bounds` per
    window, in the pack's order, when they were asked for.
    """

    heads: NDArray[np.float32]
    embedding: NDArray[np.float32]
    labels: NDArray[np.uint8] | None = None
    p: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Launched:
    """A step that may still run on the device."""

    pack: Pack
    heads: torch.Tensor
    embedding: torch.Tensor
    labels: torch.Tensor | None
    p: torch.Tensor | None
    done: Any = None  # torch.cuda.Event


@dataclass(frozen=True)
class Layers:
    """The heads' arrays as tensors, those of one pooling in one layer."""

    mean: tuple[torch.Tensor, torch.Tensor]  # weight, bias
    cls: tuple[torch.Tensor, torch.Tensor]
    order: torch.Tensor  # columns of [mean, cls] -> the description's order
    token: tuple[torch.Tensor, torch.Tensor] | None
    temperature: float
    centre: torch.Tensor | None
    projection: torch.Tensor | None

    @classmethod
    def of(cls, model: ModelDirectory, device: torch.device) -> Self:
        """In float32 whatever the encoder's type: they cost nothing beside it."""
        arrays = {k: torch.from_numpy(v).to(device) for k, v in model.arrays.items()}
        heads = sequence_heads(model.description)
        hidden = next(iter(a.shape[-1] for k, a in arrays.items() if not k.endswith(".bias")))

        def joined(pooling: str) -> tuple[torch.Tensor, torch.Tensor]:
            own = [head.name for head in heads if head.pooling == pooling]
            nothing = torch.zeros(0, hidden, device=device), torch.zeros(0, device=device)
            return (
                torch.cat([nothing[0], *(arrays[f"{name}.weight"] for name in own)]),
                torch.cat([nothing[1], *(arrays[f"{name}.bias"] for name in own)]),
            )

        token = next((h for h in model.description.heads if h.kind == "token"), None)
        return cls(
            mean=joined("mean"),
            cls=joined("cls"),
            order=_columns(heads).to(device),
            token=(arrays[f"{token.name}.weight"], arrays[f"{token.name}.bias"]) if token else None,
            temperature=token.temperature.get(layout.ANY, 1.0) if token else 1.0,
            centre=arrays.get("embedding.centre"),
            projection=arrays.get("embedding.projection"),
        )


class Network:
    """The encoder on its device."""

    def __init__(self, encoder: Any, layers: Layers, first_position: int, longest: int = 0) -> None:
        """`longest`: of any window; given when compiled, so that a step's own is no new case."""
        self.encoder, self.layers, self.first_position = encoder, layers, first_position
        self.longest = longest
        self.device: torch.device = encoder.device
        self.flash = accelerator.flash_fits(self.device, encoder.dtype, _head_size(encoder.config))

    @classmethod
    def load(
        cls, model: ModelDirectory, device: str, dtype: torch.dtype, compiled: bool = False
    ) -> Self:
        """Raises BadModel for a family that cannot be packed or weights that do not fit."""
        path = model.path / layout.ENCODER
        family, first = checked_family(path, model.description.max_tokens)
        attention.register()
        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        encoder, report = AutoModel.from_pretrained(
            path,
            dtype=dtype,
            attn_implementation=attention.NAME,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
            **({"add_pooling_layer": False} if family in POOLED else {}),
        )
        if report["missing_keys"]:
            missing = ", ".join(sorted(report["missing_keys"])[:3])
            raise BadModel(f"{path / 'model.safetensors'} lacks {missing}; train or fetch it anew")
        encoder = encoder.eval().to(device)
        if compiled:
            encoder.forward = torch.compile(encoder.forward, dynamic=True)
        longest = model.description.max_tokens if compiled else 0
        return cls(encoder, Layers.of(model, encoder.device), first, longest)

    @torch.inference_mode()
    def launch(self, pack: Pack, tokens: bool) -> Launched:
        """Begin a step; `tokens`: also the token head. On CUDA it returns at once."""
        ids, positions, row = (self._sent(a) for a in (pack.ids, pack.positions, pack.row))
        bounds = attention.Bounds(pack.groups)
        if self.flash:
            cumulative = self._sent(pack.bounds.astype(np.int32))
            bounds = attention.Bounds((), cumulative, self.longest or pack.longest)
        hidden = self.encoder(
            input_ids=ids[None],
            position_ids=positions[None],
            bounds=bounds,
        ).last_hidden_state[0]
        heads, embedding = self._pooled(hidden, row, self._sent(pack.bounds))
        labels = p = None
        if tokens and self.layers.token is not None:
            labels, p = self._tagged(hidden)
        sent = [self._fetched(t) for t in (heads, embedding, labels, p)]
        done = None
        if self.device.type == "cuda":
            # Blocking: whoever waits leaves the core to those who tokenise. On this device's own
            # stream: the current one may be another GPU's.
            done = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
            done.record(torch.cuda.current_stream(self.device))
        assert sent[0] is not None and sent[1] is not None  # noqa: S101, PT018 for the types
        return Launched(pack, sent[0], sent[1], sent[2], sent[3], done)

    def collect(self, launched: Launched) -> Numbers:
        """Wait for the step."""
        if launched.done is not None:
            launched.done.synchronize()
        place = np.empty_like(launched.pack.order)
        place[launched.pack.order] = np.arange(len(place))
        return Numbers(
            heads=launched.heads.numpy()[place],
            embedding=launched.embedding.numpy()[place],
            labels=None if launched.labels is None else launched.labels.numpy(),
            p=None if launched.p is None else launched.p.numpy(),
        )

    def _pooled(
        self, hidden: torch.Tensor, row: torch.Tensor, bounds: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        layers = self.layers
        rows = len(bounds) - 1
        summed = torch.zeros(rows, hidden.shape[1], device=self.device)
        summed.index_add_(0, row, hidden.float())
        mean = summed / (bounds[1:] - bounds[:-1])[:, None]
        cls = hidden[bounds[:-1]].float()
        heads = torch.cat(
            [
                torch.nn.functional.linear(mean, *layers.mean),
                torch.nn.functional.linear(cls, *layers.cls),
            ],
            dim=1,
        )[:, layers.order]
        embedding = mean if layers.centre is None else mean - layers.centre
        if layers.projection is not None:
            embedding = embedding @ layers.projection.T
        return heads, embedding

    def _tagged(self, hidden: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Each token's likeliest label and its probability."""
        assert self.layers.token is not None  # noqa: S101 for the types
        logits = torch.nn.functional.linear(hidden.float(), *self.layers.token)
        p, labels = torch.softmax(logits / self.layers.temperature, dim=-1).max(dim=-1)
        return labels.to(torch.uint8), p

    def _sent(self, array: NDArray[Any]) -> torch.Tensor:
        tensor = torch.from_numpy(array)
        if self.device.type == "cuda":
            return tensor.pin_memory().to(self.device, non_blocking=True)
        return tensor

    def _fetched(self, tensor: torch.Tensor | None) -> torch.Tensor | None:
        # From CUDA, torch copies into pinned memory; `collect` waits for it.
        return None if tensor is None else tensor.to("cpu", non_blocking=True)


def _head_size(config: Any) -> int:
    """Width of one attention head."""
    told = getattr(config, "head_dim", None)
    return int(told or config.hidden_size // config.num_attention_heads)


def sequence_heads(description: Description) -> list[Head]:
    """Those that read whole windows, in the description's order."""
    return [head for head in description.heads if head.kind == "sequence"]


def _columns(heads: Sequence[Head]) -> torch.Tensor:
    """Where each output of the description's order stands among [mean's, cls's]."""
    first: dict[str, int] = {}
    place = 0
    for pooling in ("mean", "cls"):
        for head in heads:
            if head.pooling == pooling:
                first[head.name] = place
                place += head.outputs
    columns = [first[head.name] + i for head in heads for i in range(head.outputs)]
    return torch.tensor(columns, dtype=torch.long)


def checked_family(path: Path, max_tokens: int) -> tuple[str, int]:
    """(family, position of a window's first token); raises BadModel for what cannot be served."""
    try:
        raw = json.loads((path / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadModel(f"{path / 'config.json'} cannot be read") from error
    if "auto_map" in raw:
        raise BadModel(f"{path / 'config.json'} brings its own code (auto_map), which is not run")
    family = str(raw.get("model_type"))
    if family not in FAMILIES:
        why = REFUSED.get(family, "packing was not tested with it")
        known = ", ".join(sorted(FAMILIES))
        raise BadModel(f"encoders of the family {family!r} are not served: {why}; use {known}")
    config = AutoConfig.from_pretrained(path, local_files_only=True, trust_remote_code=False)
    first = (config.pad_token_id or 0) + 1 if FAMILIES[family] else 0
    most = config.max_position_embeddings - first
    if max_tokens > most:
        raise BadModel(f"max_tokens {max_tokens} exceeds the {most} that {family} has places for")
    return family, first

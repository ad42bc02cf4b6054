"""The encoder with all heads on it, what they lose on a batch, and how both are stored.

Pooling, labels and arrays are those of `encoder/layout.py`: sequence heads and the embedding read
the mean of the tokens, the token head every token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from transformers import AutoConfig, AutoModel, PretrainedConfig

from model_image.encoder import layout
from model_image.encoder.network import FAMILIES, POOLED
from model_image.training.encoder.batches import Batch
from model_image.training.encoder.lessons import LABELS, TAGS
from model_image.training.encoder.settings import BadSettings, Settings

DROPOUT = 0.1
MOST_DIMENSIONS = 256  # of the embedding
SHARPNESS = 16.0  # of cosines to the intents' prototypes


@dataclass(frozen=True)
class Forward:
    """What the encoder makes of a batch."""

    tokens: torch.Tensor  # (rows, tokens, hidden)
    mean: torch.Tensor  # (rows, hidden)
    embedding: torch.Tensor  # (rows, dimensions), of length 1


class Network:
    """The encoder, a linear layer a head, the projection, and the intents' prototypes."""

    def __init__(self, encoder: Any, heads: Sequence[str], folders: Sequence[str]) -> None:
        """`folders`: each intent's corpus; a text is told from the intents of its own alone."""
        hidden = int(encoder.config.hidden_size)
        dimensions = min(hidden, MOST_DIMENSIONS)
        self.heads = tuple(head for head in heads if head in LABELS)
        self.modules: Any = nn.ModuleDict({"encoder": encoder})
        for head in self.heads:
            self.modules[head] = nn.Linear(hidden, len(LABELS[head]))
        if "personal_data" in heads:
            self.modules["personal_data"] = nn.Linear(hidden, len(TAGS))
        if "themes" in heads:
            self.modules["projection"] = nn.Linear(hidden, dimensions, bias=False)
            self.modules["prototypes"] = nn.Linear(dimensions, max(1, len(folders)), bias=False)
        self.centre = torch.zeros(hidden)  # of the embedding; training leaves it at nought
        places = {folder: place for place, folder in enumerate(dict.fromkeys(folders))}
        self.folder_of = torch.tensor([places[folder] for folder in folders] or [0])

    @property
    def hidden(self) -> int:
        """Width of the encoder."""
        return int(self.modules["encoder"].config.hidden_size)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> Forward:
        """Through the encoder and pooled; in training with dropout."""
        tokens = self.modules["encoder"](input_ids=ids, attention_mask=mask).last_hidden_state
        tokens = F.dropout(tokens.float(), DROPOUT, self.modules.training)
        kept = mask.unsqueeze(-1).to(tokens.dtype)
        mean = (tokens * kept).sum(1) / kept.sum(1)
        projected = mean
        if "projection" in self.modules:
            projected = self.modules["projection"](mean - self.centre.to(mean.device))
        return Forward(tokens, mean, F.normalize(projected.float(), dim=-1))

    def logits(self, seen: Forward) -> dict[str, torch.Tensor]:
        """(rows, labels) of each sequence head."""
        return {head: self.modules[head](seen.mean).float() for head in self.heads}

    def likeness(self, seen: Forward, folder: torch.Tensor | None = None) -> torch.Tensor:
        """(rows, intents) sharpened cosines; intents of other folders than `folder` are out."""
        prototypes = F.normalize(self.modules["prototypes"].weight, dim=-1)
        found = SHARPNESS * seen.embedding @ prototypes.T
        if folder is not None:
            other = self.folder_of.to(folder.device)[None] != folder[:, None]
            found = found.masked_fill(other, -1e4)
        return found

    def losses(self, batch: Batch, seen: Forward) -> dict[str, torch.Tensor]:
        """Cross-entropy of each head that the batch teaches, per row of the batch.

        Rows without a target add nothing, and a head that few rows teach weighs little: `weights`
        of the run make up for that.
        """
        rows = len(batch.texts)
        found = {}
        for head, logits in self.logits(seen).items():
            if head in batch.shares:
                entropy = -(batch.shares[head] * F.log_softmax(logits, dim=-1)).sum(-1)
                found[head] = (batch.weights[head] * entropy).sum() / rows
        if batch.tags is not None and "personal_data" in self.modules:
            tagged = self.modules["personal_data"](seen.tokens).float().flatten(0, 1)
            summed = F.cross_entropy(tagged, batch.tags.flatten(), reduction="sum")
            found["personal_data"] = summed / (batch.tags >= 0).sum().clamp(min=1)
        if batch.intents is not None and "prototypes" in self.modules:
            known = batch.intents >= 0
            intents = batch.intents[known]
            folder = self.folder_of.to(intents.device)[intents]
            kept = Forward(seen.tokens, seen.mean, seen.embedding[known])
            summed = F.cross_entropy(self.likeness(kept, folder), intents, reduction="sum")
            found["themes"] = summed / rows
        return found


def pretrained(settings: Settings) -> Any:
    """The base's encoder, in float32. Raises BadSettings for one that the server cannot run."""
    local = Path(settings.base).is_dir()
    where: dict[str, Any] = {"local_files_only": local}
    if settings.revision:
        where["revision"] = settings.revision
    try:
        config: PretrainedConfig = AutoConfig.from_pretrained(settings.base, **where)
        if config.model_type not in FAMILIES:
            raise BadSettings(
                f"--base {settings.base} is a {config.model_type}, which the server cannot run; "
                f"take one of {', '.join(sorted(FAMILIES))}"
            )
        if config.model_type in POOLED:
            where["add_pooling_layer"] = False
        return AutoModel.from_pretrained(settings.base, dtype=torch.float32, **where)
    except (OSError, ValueError) as error:
        raise BadSettings(
            f"--base {settings.base} holds no encoder that transformers can load "
            f"({type(error).__name__}); give a directory with config.json and model.safetensors"
        ) from error


def arrays(network: Network) -> dict[str, Any]:
    """heads.safetensors of the layout; the prototypes stay behind."""
    found: dict[str, Any] = {}
    for name in (*network.heads, "personal_data"):
        if name in network.modules:
            found[f"{name}.weight"] = network.modules[name].weight.detach().cpu().float().numpy()
            found[f"{name}.bias"] = network.modules[name].bias.detach().cpu().float().numpy()
    if "projection" in network.modules:
        projection = network.modules["projection"].weight
        found["embedding.projection"] = projection.detach().cpu().float().numpy()
        found["embedding.centre"] = network.centre.numpy()
    return found


def load(directory: Path) -> Network:
    """A model directory as a network: a teacher, or what was written read back.

    Raises layout.BadModel.
    """
    stored = layout.read(directory)
    place, where = directory / layout.ENCODER, dict[str, Any](local_files_only=True)
    if AutoConfig.from_pretrained(place, **where).model_type in POOLED:
        where["add_pooling_layer"] = False
    encoder = AutoModel.from_pretrained(place, dtype=torch.float32, **where)
    heads = [head.name for head in stored.description.heads]
    heads += ["themes"] if "embedding.projection" in stored.arrays else []
    network = Network(encoder, heads, ())
    with torch.no_grad():
        for name, array in stored.arrays.items():
            head, part = name.rsplit(".", 1)
            if head == "embedding":
                if part == "projection":
                    network.modules["projection"].weight.copy_(torch.from_numpy(array))
                else:
                    network.centre = torch.from_numpy(array)
            else:
                getattr(network.modules[head], part).copy_(torch.from_numpy(array))
    network.modules.eval()
    return network

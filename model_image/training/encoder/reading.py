"""Texts through a trained network: logits, embeddings and spans, in the order of the texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from model_image.linear import Floats, softmax
from model_image.training.encoder.batches import Reader, packed
from model_image.training.encoder.lessons import Spans, spans_of
from model_image.training.encoder.loop import Machine
from model_image.training.encoder.network import Network


@dataclass(frozen=True)
class Read:
    """What the network says of some texts."""

    logits: dict[str, Floats]  # head -> (texts, labels)
    embeddings: Floats  # (texts, dimensions)
    intents: Floats | None  # (texts, intents) cosines
    spans: list[Spans] | None


def read(
    network: Network, reader: Reader, texts: Sequence[str], machine: Machine, batch_tokens: int
) -> Read:
    """All texts, each cut at the reader's `max_tokens`."""
    encoded = reader.encode(texts)
    order: list[int] = []
    logits: dict[str, list[Floats]] = {head: [] for head in network.heads}
    embeddings, intents = [], []
    spans: dict[int, Spans] = {}
    network.modules.eval()
    with torch.inference_mode(), machine.autocast():
        for rows in packed([len(one.ids) for one in encoded], batch_tokens):
            ids, mask = reader.padded([encoded[row] for row in rows])
            seen = network.forward(ids.to(machine.device), mask.to(machine.device))
            for head, found in network.logits(seen).items():
                logits[head].append(found.cpu().numpy())
            embeddings.append(seen.embedding.float().cpu().numpy())
            if "prototypes" in network.modules:
                intents.append(network.likeness(seen).float().cpu().numpy())
            if "personal_data" in network.modules:
                said = network.modules["personal_data"](seen.tokens).argmax(-1).cpu().numpy()
                for row, tags in zip(rows, said, strict=True):
                    offsets = encoded[row].offsets
                    spans[row] = spans_of(tags[: len(offsets)].tolist(), offsets)
            order += rows
    back = np.argsort(order)
    return Read(
        logits={head: np.vstack(parts)[back].astype(np.float64) for head, parts in logits.items()},
        embeddings=np.vstack(embeddings)[back].astype(np.float64),
        intents=np.vstack(intents)[back] if intents else None,
        spans=[spans[row] for row in range(len(texts))] if spans else None,
    )


def probabilities(logits: Floats, spoken: Sequence[str], temperature: dict[str, float]) -> Floats:
    """(texts, labels): each text by its language's temperature, as the layout has it."""
    each = np.array([temperature.get(code, temperature.get("*", 1.0)) for code in spoken])
    return softmax(logits / each[:, None])

"""Learning from a teacher: a model directory whose answers the smaller one imitates.

Its probabilities at a temperature (Hinton et al. 2015) on every text of a batch, labelled or not,
and which texts it finds alike (Tung & Mori 2019), which needs no common width.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tokenizers
import torch
from torch.nn import functional as F

from model_image.encoder import layout
from model_image.training.encoder.batches import Reader
from model_image.training.encoder.lessons import LABELS
from model_image.training.encoder.loop import Machine
from model_image.training.encoder.network import Forward, Network, load

TEMPERATURE = 2.0
WEIGHT = 1.0  # of the teacher's answers against the labels'
LIKENESS = 4.0  # of its likenesses


@dataclass(frozen=True)
class Teacher:
    """A trained network that stays as it is."""

    network: Network
    reader: Reader
    machine: Machine

    @classmethod
    def of(cls, directory: Path, machine: Machine) -> Teacher:
        """From a model directory. Raises layout.BadModel."""
        network = load(directory)
        network.modules.to(machine.device)
        tokenizer = tokenizers.Tokenizer.from_file(str(directory / layout.TOKENIZER))
        pad = int(getattr(network.modules["encoder"].config, "pad_token_id", 0) or 0)
        most = layout.read(directory).description.max_tokens
        return cls(network, Reader(tokenizer, pad, most, {}), machine)

    def loss(self, texts: tuple[str, ...], pupil: Network, seen: Forward) -> torch.Tensor:
        """How far the pupil's answers and likenesses are from the teacher's, per text."""
        ids, mask = self.reader.padded(self.reader.encode(texts))
        with torch.no_grad(), self.machine.autocast():
            shown = self.network.forward(ids.to(self.machine.device), mask.to(self.machine.device))
            wanted = self.network.logits(shown)
        total: Any = torch.zeros((), device=seen.mean.device)
        for head, logits in pupil.logits(seen).items():
            if head in wanted and wanted[head].shape[1] == len(LABELS[head]):
                target = F.softmax(wanted[head] / TEMPERATURE, dim=-1)
                said = F.log_softmax(logits / TEMPERATURE, dim=-1)
                total = total + TEMPERATURE**2 * F.kl_div(said, target, reduction="batchmean")
        alike = shown.embedding @ shown.embedding.T - seen.embedding @ seen.embedding.T
        found: torch.Tensor = WEIGHT * total + LIKENESS * (alike**2).mean()
        return found

"""Lessons -> micro-batches of about equal size, in an order that seed and epoch alone decide.

Texts of like length go together, so little of a batch is padding; batches hold as many texts as
`batch_tokens` padded tokens allow.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import tokenizers
import torch

from model_image.training.encoder.augmenting import augmented
from model_image.training.encoder.lessons import LABELS, Lesson, tags

# Texts that are sorted by length together, or as many as a batch has tokens: some 16 batches, so
# that few are padded much.
CHUNK = 2048


@dataclass(frozen=True)
class Batch:
    """Tensors of one micro-batch; a head is there when some row has its target."""

    texts: tuple[str, ...]
    ids: torch.Tensor  # (rows, tokens)
    mask: torch.Tensor  # (rows, tokens) 1 for tokens, 0 for padding
    shares: dict[str, torch.Tensor]  # head -> (rows, labels), zeros without a target
    weights: dict[str, torch.Tensor]  # head -> (rows,)
    tags: torch.Tensor | None  # (rows, tokens), -100 where nothing is known
    intents: torch.Tensor | None  # (rows,), -1 without one

    @property
    def tokens(self) -> int:
        """Tokens that are no padding."""
        return int(self.mask.sum())


@dataclass(frozen=True)
class Reader:
    """A tokenizer as the server uses it, and the numbers of the intents."""

    tokenizer: tokenizers.Tokenizer
    pad: int
    max_tokens: int
    intents: dict[str, int]

    def encode(self, texts: Sequence[str]) -> list[tokenizers.Encoding]:
        """Each text's tokens with the special ones, cut at `max_tokens`."""
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(self.max_tokens)
        return list(self.tokenizer.encode_batch(list(texts)))

    def padded(self, encoded: Sequence[tokenizers.Encoding]) -> tuple[torch.Tensor, torch.Tensor]:
        """(ids, mask), both (rows, tokens of the longest)."""
        longest = max(len(one.ids) for one in encoded)
        ids = np.full((len(encoded), longest), self.pad)
        mask = np.zeros((len(encoded), longest), np.int64)
        for row, one in enumerate(encoded):
            ids[row, : len(one.ids)] = one.ids
            mask[row, : len(one.ids)] = 1
        return torch.from_numpy(ids), torch.from_numpy(mask)

    def batch(self, lessons: Sequence[Lesson], encoded: Sequence[tokenizers.Encoding]) -> Batch:
        """One micro-batch, padded to its longest text."""
        ids, mask = self.padded(encoded)
        heads = sorted({head for lesson in lessons for head in lesson.targets})
        return Batch(
            texts=tuple(lesson.text for lesson in lessons),
            ids=ids,
            mask=mask,
            shares={head: _shares(lessons, head) for head in heads},
            weights={head: _weights(lessons, head) for head in heads},
            tags=_tags(lessons, encoded, ids.shape[1]),
            intents=self._intents(lessons),
        )

    def _intents(self, lessons: Sequence[Lesson]) -> torch.Tensor | None:
        numbers = [self.intents.get(lesson.intent, -1) for lesson in lessons]
        return torch.tensor(numbers) if max(numbers) >= 0 else None


def epoch(
    lessons: Sequence[Lesson],
    reader: Reader,
    batch_tokens: int,
    augment: float,
    seed: int,
    lap: int,
) -> Iterator[Batch]:
    """Every lesson once, in random order; the same seed and lap give the same batches."""
    chooser = random.Random(f"{seed} {lap}")
    order = list(range(len(lessons)))
    chooser.shuffle(order)
    size = max(CHUNK, batch_tokens)
    for first in range(0, len(order), size):
        chunk = [lessons[place] for place in order[first : first + size]]
        if augment:
            chunk = augmented(chunk, augment, (seed, lap, first))
        encoded = reader.encode([lesson.text for lesson in chunk])
        groups = packed([len(one.ids) for one in encoded], batch_tokens)
        chooser.shuffle(groups)
        for rows in groups:
            yield reader.batch([chunk[row] for row in rows], [encoded[row] for row in rows])


def packed(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Rows in groups of like length whose padded size stays within `budget` tokens.

    A longer text than that is a group of its own.
    """
    groups: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda row: lengths[row]):
        if groups and lengths[row] * (len(groups[-1]) + 1) <= budget:
            groups[-1].append(row)  # rows come by length: this one is the longest
        else:
            groups.append([row])
    return groups


def _shares(lessons: Sequence[Lesson], head: str) -> torch.Tensor:
    none = (0.0,) * len(LABELS[head])
    rows = [lesson.targets[head].shares if head in lesson.targets else none for lesson in lessons]
    return torch.tensor(rows)


def _weights(lessons: Sequence[Lesson], head: str) -> torch.Tensor:
    return torch.tensor(
        [lesson.targets[head].weight if head in lesson.targets else 0.0 for lesson in lessons]
    )


def _tags(
    lessons: Sequence[Lesson], encoded: Sequence[tokenizers.Encoding], longest: int
) -> torch.Tensor | None:
    if all(lesson.spans is None for lesson in lessons):
        return None
    found = np.full((len(lessons), longest), -100)
    for row, (lesson, one) in enumerate(zip(lessons, encoded, strict=True)):
        if lesson.spans is not None:
            found[row, : len(one.ids)] = tags(lesson.spans, one.offsets)
    return torch.from_numpy(found)


def moved(batch: Any, device: torch.device) -> Any:
    """The batch with its tensors on that device."""
    if device.type == "cpu":
        return batch
    changed: dict[str, Any] = {}
    for field in fields(batch):
        value = getattr(batch, field.name)
        if isinstance(value, torch.Tensor):
            changed[field.name] = value.to(device, non_blocking=True)
        elif isinstance(value, dict):
            changed[field.name] = {key: one.to(device) for key, one in value.items()}
    return replace(batch, **changed)

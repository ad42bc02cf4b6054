"""A compact transformer from nothing: its tokenizer, its shape, and learning to fill gaps.

ModernBERT's shape (Warner et al. 2024): rotary positions, gated layers, normalised before each
block, which trains without care also when it is small. Every layer sees the whole text.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import tokenizers
import torch
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers
from torch import nn
from torch.nn import functional as F
from transformers import ModernBertConfig, ModernBertModel

from model_image.training.encoder.batches import CHUNK, Reader, packed
from model_image.training.encoder.settings import Size

PAD, BEGIN, END, UNKNOWN, GAP = "[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"
SPECIAL = (PAD, BEGIN, END, UNKNOWN, GAP)
HEAD_WIDTH = 64
POSITIONS = 1024
MASKED = 0.25  # small models learn from fewer gaps than the 0.3 of ModernBERT


def train_tokenizer(texts: Sequence[str], vocabulary: int) -> tokenizers.Tokenizer:
    """Byte-pair pieces of NFC text, case kept; every character can be read."""
    tokenizer = tokenizers.Tokenizer(models.BPE(unk_token=UNKNOWN, byte_fallback=False))
    tokenizer.normalizer = normalizers.NFC()  # type: ignore[assignment,unused-ignore]
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)  # type: ignore[assignment,unused-ignore]
    tokenizer.decoder = decoders.ByteLevel()  # type: ignore[assignment,unused-ignore]
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    ends = [(token, tokenizer.token_to_id(token)) for token in (BEGIN, END)]
    template = processors.TemplateProcessing(f"{BEGIN} $A {END}", None, ends)
    # trim: without it an offset would hold the space before the word
    tokenizer.post_processor = processors.Sequence(  # type: ignore[assignment,unused-ignore]
        [processors.ByteLevel(trim_offsets=True), template]
    )
    return tokenizer


def encoder(size: Size, vocabulary: int) -> Any:
    """Random weights of that size, from torch's present seed."""
    width = HEAD_WIDTH if size.hidden % HEAD_WIDTH == 0 else 32
    shape: Any = ModernBertConfig  # not every option is in its signature
    config = shape(
        vocab_size=vocabulary,
        hidden_size=size.hidden,
        intermediate_size=size.hidden * 3 // 2,
        num_hidden_layers=size.layers,
        num_attention_heads=size.hidden // width,
        max_position_embeddings=POSITIONS,
        global_attn_every_n_layers=1,
        pad_token_id=SPECIAL.index(PAD),
        bos_token_id=SPECIAL.index(BEGIN),
        cls_token_id=SPECIAL.index(BEGIN),
        eos_token_id=SPECIAL.index(END),
        sep_token_id=SPECIAL.index(END),
    )
    return ModernBertModel(config)


@dataclass(frozen=True)
class Gaps:
    """One micro-batch of texts with gaps; `wanted` is -100 where there is none."""

    texts: tuple[str, ...]
    ids: torch.Tensor
    mask: torch.Tensor
    wanted: torch.Tensor

    @property
    def tokens(self) -> int:
        """Tokens that are no padding."""
        return int(self.mask.sum())


def gap_epoch(
    texts: Sequence[str], reader: Reader, batch_tokens: int, seed: int, lap: int
) -> Iterator[Gaps]:
    """Every text once with fresh gaps; the same seed and lap give the same batches."""
    chooser = random.Random(f"gaps {seed} {lap}")
    drawn = torch.Generator().manual_seed(chooser.getrandbits(63))
    order = list(range(len(texts)))
    chooser.shuffle(order)
    size = reader.tokenizer.get_vocab_size()
    together = max(CHUNK, batch_tokens)
    for first in range(0, len(order), together):
        chunk = [texts[place] for place in order[first : first + together]]
        encoded = reader.encode(chunk)
        groups = packed([len(one.ids) for one in encoded], batch_tokens)
        chooser.shuffle(groups)
        for rows in groups:
            whole, mask = reader.padded([encoded[row] for row in rows])
            ids, wanted = with_gaps(whole, mask, size, drawn)
            yield Gaps(tuple(chunk[row] for row in rows), ids, mask, wanted)


def with_gaps(
    ids: torch.Tensor, mask: torch.Tensor, vocabulary: int, drawn: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """(ids, wanted): of the chosen tokens 80 % become gaps, 10 % another token, 10 % stay.

    Devlin et al. (2019). Special tokens are never chosen.
    """
    chosen = (torch.rand(ids.shape, generator=drawn) < MASKED) & (mask > 0)
    chosen &= ids >= len(SPECIAL)
    wanted = torch.where(chosen, ids, -100)
    fate = torch.rand(ids.shape, generator=drawn)
    other = torch.randint(len(SPECIAL), vocabulary, ids.shape, generator=drawn)
    given = torch.where(chosen & (fate < 0.8), SPECIAL.index(GAP), ids)
    return torch.where(chosen & (fate >= 0.9), other, given), wanted


class Filler:
    """Predicts what stood in the gaps, through the encoder's own table of tokens."""

    def __init__(self, encoder: Any) -> None:
        """Shares the encoder; the layers between are thrown away after pretraining."""
        hidden = int(encoder.config.hidden_size)
        vocabulary = int(encoder.config.vocab_size)
        between = nn.Sequential(nn.Linear(hidden, hidden), nn.GELU(), nn.LayerNorm(hidden))
        bias = nn.Linear(1, vocabulary, bias=False)
        nn.init.zeros_(bias.weight)
        self.modules: Any = nn.ModuleDict({"encoder": encoder, "between": between, "bias": bias})

    def loss(self, batch: Gaps) -> torch.Tensor:
        """Mean cross-entropy over the gaps; only they are carried to the vocabulary."""
        encoder = self.modules["encoder"]
        tokens = encoder(input_ids=batch.ids, attention_mask=batch.mask).last_hidden_state
        places = batch.wanted >= 0
        table = encoder.get_input_embeddings().weight
        logits = self.modules["between"](tokens[places]) @ table.T
        logits = logits.float() + self.modules["bias"].weight[:, 0]
        summed = F.cross_entropy(logits, batch.wanted[places], reduction="sum")
        return summed / max(1, len(logits))

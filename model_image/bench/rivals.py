"""What the same work costs with transformers' own pipelines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import (
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    PreTrainedTokenizerFast,
    pipeline,
)

from model_image.encoder import layout
from model_image.encoder.random_model import SPECIAL

Numbers = NDArray[np.float32]
HEADS = (3, 9, 4)  # labels of sentiment, emotion, language; the fourth tags tokens
TAGS = 7


def tokenizer_of(path: Path, most: int) -> Any:
    """The model directory's tokenizer as transformers wraps it."""
    start, padding, end, unknown = SPECIAL
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_file=str(path / "tokenizer.json"),
        bos_token=start,
        eos_token=end,
        unk_token=unknown,
        pad_token=padding,
        cls_token=start,
        sep_token=end,
        model_max_length=most,
        model_input_names=["input_ids", "attention_mask"],
    )


def pipelines(
    path: Path, most: int, device: str, dtype: torch.dtype
) -> list[Callable[[Sequence[str], int], Any]]:
    """Four: three that classify texts, one that tags tokens; each has its own copy of the encoder.

    Call one with texts and a batch size. Texts above the window are cut, as pipelines do.
    """
    tokenizer = tokenizer_of(path, most)
    kwargs: dict[str, Any] = {"local_files_only": True, "dtype": dtype}
    made: list[Callable[[Sequence[str], int], Any]] = []
    for labels in HEADS:
        model = AutoModelForSequenceClassification.from_pretrained(
            path, num_labels=labels, **kwargs
        )
        classify = pipeline("text-classification", model=model, tokenizer=tokenizer, device=device)
        made.append(partial(_run, classify, truncation=True))
    tagger = AutoModelForTokenClassification.from_pretrained(path, num_labels=TAGS, **kwargs)
    # A constant answer "O": random tags would make its post-processing dearer than it is.
    with torch.no_grad():
        tagger.classifier.weight.zero_()
        tagger.classifier.bias.copy_(torch.tensor([9.0] + [0.0] * (TAGS - 1)))
    tagger.config.id2label = {0: "O", **{i: f"I-{i}" for i in range(1, TAGS)}}
    tag = pipeline(
        "token-classification",
        model=tagger,
        tokenizer=tokenizer,
        device=device,
        aggregation_strategy="simple",
    )
    made.append(partial(_run, tag))
    return made


def _run(piped: Any, texts: Sequence[str], size: int, **options: Any) -> Any:
    return piped(list(texts), batch_size=size, **options)


def padded_tokens(lengths: Sequence[int], batch: int) -> int:
    """Tokens computed when batches in order of arrival are padded to their longest."""
    return sum(
        len(lengths[i : i + batch]) * max(lengths[i : i + batch])
        for i in range(0, len(lengths), batch)
    )


@dataclass(frozen=True)
class Exact:
    """What the stock encoder and plain linear layers say of each window alone, in float32."""

    embedding: list[Numbers]  # (dimensions,) not normalised
    logits: list[Numbers]  # (outputs,) of the sequence heads
    p: list[Numbers]  # (tokens,) of each token's likeliest tag

    def errors(self, outputs: Sequence[Any]) -> tuple[float, float, float]:
        """The largest differences of ours: embedding, logits, probability of a tag."""
        tags = [
            np.abs(o.tags.p - p[o.window.first : o.window.last]).max(initial=0.0)
            for o, p in zip(outputs, self.p, strict=True)
        ]
        return (
            float(np.abs(np.stack([o.embedding for o in outputs]) - self.embedding).max()),
            float(np.abs(np.stack([o.logits for o in outputs]) - self.logits).max()),
            float(max(tags)),
        )


def one_by_one(
    encoder: Any, model: layout.ModelDirectory, windows: Sequence[Any], device: str
) -> Exact:
    """Each window alone, as encoder/layout.py says that heads are read; the model tags tokens."""
    exact = Exact([], [], [])
    arrays = {name: torch.from_numpy(array).float() for name, array in model.arrays.items()}
    sequence = [head for head in model.description.heads if head.kind == "sequence"]
    token = next(head for head in model.description.heads if head.kind == "token")

    def logits(head: layout.Head, states: Any) -> Any:
        return states @ arrays[f"{head.name}.weight"].T + arrays[f"{head.name}.bias"]

    with torch.inference_mode():
        for window in windows:
            ids = torch.from_numpy(window.ids.astype(np.int64)).to(device)[None]
            hidden = encoder(input_ids=ids).last_hidden_state[0].float().cpu()
            mean = hidden.mean(dim=0)
            told = [logits(h, hidden[0] if h.pooling == "cls" else mean) for h in sequence]
            tags = logits(token, hidden) / token.temperature.get(layout.ANY, 1.0)
            vector = mean - arrays.get("embedding.centre", torch.zeros(()))
            if "embedding.projection" in arrays:
                vector = vector @ arrays["embedding.projection"].T
            exact.embedding.append(vector.numpy())
            exact.logits.append(torch.cat(told).numpy())
            exact.p.append(torch.softmax(tags, dim=-1).amax(dim=-1).numpy())
    return exact

"""Model directories of random weights: what tests, benchmarks and a first trial load.

    python -m model_image.encoder.random_model DIR

They understand nothing, and have the form, the answers and the small size's cost of a real one.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoConfig, AutoModel

from model_image.encoder import layout
from model_image.encoder.layout import SEQUENCE_HEADS, Description, Head, ModelDirectory

KINDS = ("name", "phone", "email")
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
LANGUAGES = ("fi", "en", "sv", "other")


@dataclasses.dataclass(frozen=True)
class Shape:
    """Of a random encoder."""

    family: str = "xlm-roberta"
    layers: int = 2
    hidden: int = 32
    heads: int = 4
    vocabulary: int = 300
    max_tokens: int = 64
    overlap_tokens: int = 8


SMALL = Shape(layers=6, hidden=384, heads=12, vocabulary=8000, max_tokens=512, overlap_tokens=64)
BASE = dataclasses.replace(SMALL, layers=12, hidden=768)


def build(directory: Path, shape: Shape, texts: Iterable[str], seed: int = 0) -> ModelDirectory:
    """Write a whole model directory; its tokenizer is trained on `texts`."""
    encoder = directory / layout.ENCODER
    encoder.mkdir(parents=True, exist_ok=True)
    tokenizer = train_tokenizer(texts, shape.vocabulary)
    tokenizer.save(str(directory / layout.TOKENIZER))
    torch.manual_seed(seed)
    config = AutoConfig.for_model(shape.family, **_sizes(shape, tokenizer.get_vocab_size()))
    pooled = {"add_pooling_layer": False} if shape.family in ("xlm-roberta", "bert") else {}
    model = AutoModel.from_config(config, **pooled)  # type: ignore[no-untyped-call]
    model.save_pretrained(encoder)
    heads = random_heads()
    description = Description(
        heads, max_tokens=shape.max_tokens, overlap_tokens=shape.overlap_tokens
    )
    return layout.write(directory, description, _arrays(heads, shape.hidden, seed))


def train_tokenizer(texts: Iterable[str], size: int) -> Any:
    """A Unigram tokenizer with XLM-R's special tokens; about `size` pieces."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=size, special_tokens=list(SPECIAL), unk_token=SPECIAL[3], show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer


def random_heads() -> tuple[Head, ...]:
    """Every head; demand reads the first token, satisfaction is ordinal."""
    heads = [Head("language", "sequence", LANGUAGES)]
    for name, labels in SEQUENCE_HEADS.items():
        if labels is not None:
            link: Any = "ordinal" if name == "satisfaction" else "softmax"
            pooling: Any = "cls" if name == "demand" else "mean"
            heads.append(Head(name, "sequence", labels, pooling, link))
    tags = ("O", *(f"{bi}-{kind}" for kind in KINDS for bi in "BI"))
    return (*heads, Head("personal_data", "token", tags))


def _sizes(shape: Shape, vocabulary: int) -> dict[str, Any]:
    sizes: dict[str, Any] = {
        "vocab_size": vocabulary,
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": 4 * shape.hidden,
        "max_position_embeddings": shape.max_tokens + 2,
        "pad_token_id": 1,
        "bos_token_id": 0,
        "eos_token_id": 2,
    }
    if shape.family == "modernbert":
        sizes |= {"cls_token_id": 0, "sep_token_id": 2, "local_attention": 16}
    if shape.family == "eurobert":
        sizes |= {"num_key_value_heads": max(1, shape.heads // 2)}
    if shape.family == "electra":
        sizes |= {"embedding_size": shape.hidden}
    return sizes


def _arrays(heads: Iterable[Head], hidden: int, seed: int) -> dict[str, Any]:
    draw = np.random.default_rng(seed)
    arrays: dict[str, Any] = {}
    for head in heads:
        arrays[f"{head.name}.weight"] = draw.normal(size=(head.outputs, hidden)) / hidden**0.5
        arrays[f"{head.name}.bias"] = draw.normal(size=head.outputs) / 10
    return arrays


def main() -> None:
    """Write a directory; its tokenizer is trained on the words of the concepts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    directory = parser.parse_args().directory
    words = Path(__file__).parent.parent / "concepts.toml"
    made = build(directory, SMALL, words.read_text(encoding="utf-8").splitlines())
    print(f"{made.model}: random weights, for trying out alone, in {directory}")


if __name__ == "__main__":
    main()

"""What a training run is told: one frozen record, written into the model's directory."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

SCRATCH = "scratch"
HEADS = (
    "language",
    "sentiment",
    "emotion",
    "demand",
    "effort",
    "satisfaction",
    "personal_data",
    "themes",
)
# Fresh weights take large steps; pretrained ones forget what they know.
RATES = {True: 1e-3, False: 3e-5}


class BadSettings(Exception):
    """The run cannot be started as asked; says what to change."""


@dataclass(frozen=True)
class Size:
    """A transformer from scratch: layers x hidden."""

    layers: int
    hidden: int

    @classmethod
    def parse(cls, text: str) -> Size:
        """'4x256'. Raises BadSettings; hidden is a multiple of 32, the width of a head."""
        found = re.fullmatch(r"(\d+)x(\d+)", text)
        if not found or int(found[1]) < 1 or int(found[2]) < 32 or int(found[2]) % 32:
            raise BadSettings(f"--size {text!r} is not LAYERSxHIDDEN with a hidden of 32, 64, ...")
        return cls(int(found[1]), int(found[2]))


@dataclass(frozen=True)
class Settings:
    """One run. Everything that moves a weight is here, in the data and in the libraries."""

    base: str
    out: Path
    data: Path | None = None
    messages: tuple[Path, ...] = ()
    heads: tuple[str, ...] = HEADS
    size: str = "4x256"
    vocabulary: int = 16_000
    seed: int = 20261123
    epochs: float = 3.0  # passes over the labelled texts
    pretrain_epochs: float = 1.0  # passes over the unlabelled texts, from scratch alone
    pretrain_rows: int = 0  # of unlabelled text, 0 for all
    rows_per_source: int = 0  # of training rows, 0 for all
    batch_tokens: int = 4096  # padded tokens of one micro-batch
    accumulate: int = 1  # micro-batches of one step
    max_tokens: int = 256  # of a training text, special tokens included; longer ones are cut
    learning_rate: float = 0.0  # 0: 1e-3 from scratch, 3e-5 for a pretrained base
    head_rate: float = 3.0  # heads learn this much faster
    weight_decay: float = 0.01
    warmup: float = 0.06  # share of the run
    evaluations: int = 4  # an epoch
    patience: int = 4  # evaluations without a better score before stopping
    augment: float = 0.3  # share of the texts
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    teacher: Path | None = None
    teacher_rows: int = 0  # unlabelled texts on which the teacher alone is heard
    sharealike: bool = True
    revision: str = ""
    licence: str = ""
    threads: int = 0
    resume: bool = False
    stop_after: int = 0  # steps of this process, for machines lent by the hour

    @property
    def from_scratch(self) -> bool:
        """Whether there is no pretrained base."""
        return self.base == SCRATCH

    @property
    def rate(self) -> float:
        """The encoder's highest learning rate."""
        return self.learning_rate or RATES[self.from_scratch]


# What may differ when a run is resumed: where it runs, not what it learns.
NOT_LEARNT_FROM = ("out", "data", "messages", "threads", "resume", "stop_after", "teacher")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One option a field of Settings."""
    text = parser.add_argument
    text("--base", required=True, help=f"directory or name of a Hugging Face encoder, or {SCRATCH}")
    text("--revision", default="", help="40 hex digits of the base, when it is a name")
    text("--licence", default="", help="SPDX name of the base's licence, for the card")
    text("--out", type=Path, required=True, help="the model's directory")
    text("--data", type=Path, help="directory of the licensed corpora")
    text("--messages", type=Path, action="append", default=[], help="own labelled messages, JSONL")
    text("--heads", default=",".join(HEADS), help="comma-separated; all by default")
    text("--size", default=Settings.size, help="layers x hidden, from scratch")
    text("--precision", choices=("auto", "fp32", "bf16"), default="auto")
    text("--teacher", type=Path, help="model directory to learn from as well")
    text("--without-sharealike", action="store_true", help="leave CC BY-SA sources out")
    text("--resume", action="store_true", help="go on from the checkpoint in --out")
    for name, told in _NUMBERS.items():
        _numbers(parser, name, told)


_NUMBERS = {
    "vocabulary": "pieces of the tokenizer, from scratch",
    "seed": "of everything random",
    "epochs": "passes over the labelled texts",
    "pretrain_epochs": "passes over the unlabelled texts, from scratch",
    "pretrain_rows": "unlabelled texts, 0 for all",
    "rows_per_source": "training rows of each corpus, 0 for all",
    "batch_tokens": "padded tokens of a micro-batch",
    "accumulate": "micro-batches of a step",
    "max_tokens": "of a training text",
    "learning_rate": "the highest; 0: 1e-3 from scratch, 3e-5 for a base",
    "head_rate": "how much faster heads learn on a base",
    "weight_decay": "of matrices",
    "warmup": "share of the run",
    "evaluations": "in an epoch",
    "patience": "evaluations without gain before stopping",
    "augment": "share of texts that are changed",
    "teacher_rows": "unlabelled texts for the teacher, 0 for none",
    "threads": "of the CPU, 0 for torch's choice",
    "stop_after": "steps, then a checkpoint and exit 75; 0 for never",
}


def _numbers(parser: argparse.ArgumentParser, name: str, told: str) -> None:
    default = getattr(Settings, name)
    option = f"--{name.replace('_', '-')}"
    told = f"{told} ({default})" if default else told
    parser.add_argument(option, type=type(default), default=default, help=told)


def of_arguments(chosen: argparse.Namespace) -> Settings:
    """The settings; raises BadSettings with what to change."""
    heads = tuple(name.strip() for name in chosen.heads.split(",") if name.strip())
    unknown = sorted(set(heads) - set(HEADS))
    if unknown or not heads:
        raise BadSettings(f"--heads: unknown {', '.join(unknown)}; known: {', '.join(HEADS)}")
    if not chosen.data and not chosen.messages:
        raise BadSettings("nothing to learn from: give --data, --messages or both")
    if chosen.base == SCRATCH:
        Size.parse(chosen.size)
    plain = ("base", "revision", "licence", "out", "data", "size", "precision", "teacher", "resume")
    return Settings(
        heads=heads,
        messages=tuple(chosen.messages),
        sharealike=not chosen.without_sharealike,
        **{name: getattr(chosen, name) for name in (*plain, *_NUMBERS)},
    )

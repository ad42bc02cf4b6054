"""A model directory: what training writes and the encoder backend loads. No torch here.

    encoder/config.json         Hugging Face configuration of the shared encoder (no remote code)
    encoder/model.safetensors   its weights
    encoder/tokenizer.json      its fast tokenizer
    heads.safetensors           float32 arrays, see `ARRAYS`
    heads.json                  `Description`, with the sha256 of every other file

Every head is one linear layer. A sequence head reads the window's pooled vector: `cls` is the
first token's last hidden state, `mean` the mean of the last hidden states of all tokens of the
window, special ones too, not normalised. A token head reads every token's last hidden state.

    logits = x @ weight.T + bias;  p = softmax(logits / temperature of the text's language)

The text's embedding is L2-normalised `projection @ (mean - centre)`; without `projection` and
`centre` it is the normalised mean.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

SCHEMA = "oivallus.heads.1"
ANY = "*"  # the language of a value that serves those not named

ENCODER = Path("encoder")
CONFIG, WEIGHTS, TOKENIZER = (
    ENCODER / "config.json",
    ENCODER / "model.safetensors",
    ENCODER / "tokenizer.json",
)
HEADS, DESCRIPTION = Path("heads.safetensors"), Path("heads.json")
FILES = (CONFIG, WEIGHTS, TOKENIZER, HEADS)  # those whose hashes stand in heads.json

ARRAYS = """
<head>.weight         (outputs, hidden)   outputs: labels, or labels - 1 when link is "ordinal"
<head>.bias           (outputs,)
embedding.centre      (hidden,)           optional
embedding.projection  (dimensions, hidden) optional
"""

# What the answer on the wire is made of. The order of labels is free except where it is given;
# a head may be missing, and its part of the answer is then what is said of a text without words.
SEQUENCE_HEADS: Mapping[str, tuple[str, ...] | None] = {
    "language": None,  # ISO 639-1 codes and "other"
    "sentiment": ("negative", "neutral", "positive"),
    "emotion": (
        "neutral", "anger", "anticipation", "disgust", "fear", "joy", "sadness", "surprise",
        "trust",
    ),
    "demand": ("value", "failure"),
    "effort": ("low", "medium", "high", "unknown"),
    "satisfaction": ("1", "2", "3", "4", "5"),
}  # fmt: skip
TOKEN_HEADS = ("personal_data",)  # labels: "O" first, then "B-<kind>" and "I-<kind>" of each kind

Arrays = Mapping[str, NDArray[np.float32]]


class BadModel(Exception):
    """The directory cannot be loaded; says which file and what to do."""


@dataclass(frozen=True)
class Head:
    """One linear layer and how its numbers are read.

    `temperature` by language (`ANY` for the rest), above 0. `thresholds` by language (or `ANY`),
    then by name, each optional:
    language `min_p`; emotion `calm` (this much neutral: none is felt) and the least share of each
    emotion by its label; effort `min_p`; satisfaction `max_neutral`, `max_width` (steps);
    personal_data the least probability of each kind by its name.
    `link`: `ordinal` gives labels - 1 outputs, whose sigmoids are P(step > k).
    """

    name: str
    kind: Literal["sequence", "token"]
    labels: tuple[str, ...]
    pooling: Literal["mean", "cls"] = "mean"  # of sequence heads
    link: Literal["softmax", "ordinal"] = "softmax"
    temperature: Mapping[str, float] = field(default_factory=lambda: {ANY: 1.0})
    thresholds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    version: str = "0"

    @property
    def outputs(self) -> int:
        """Rows of the head's weight."""
        return len(self.labels) - (self.link == "ordinal")

    def threshold(self, name: str, language: str, default: float) -> float:
        """The language's own, else any language's, else `default`."""
        for key in (language, ANY):
            if name in self.thresholds.get(key, {}):
                return self.thresholds[key][name]
        return default


@dataclass(frozen=True)
class ThemeScale:
    """What a text's likeness to a theme is worth.

    A theme's wordings are its names, descriptions and examples one by one, and the keywords of
    each language joined by commas.
    A theme's likeness s to a text is `nearest` * the largest cosine to one of the theme's wordings
    + (1 - `nearest`) * the mean cosine; its lead is s above the mean s of the next best three
    themes of the text. p = sigmoid(intercept + likeness * s + lead * lead).
    New topic: p = sigmoid(new_intercept - new_likeness * the best s).
    """

    intercept: float = -6.0
    likeness: float = 8.0
    lead: float = 12.0
    nearest: float = 0.5
    min_score: float = 0.4  # a theme below this is not told
    min_share: float = 0.55  # of the best theme's p, for further themes
    new_intercept: float = 4.0
    new_likeness: float = 8.0


@dataclass(frozen=True)
class Description:
    """heads.json. `version` is of the whole; `max_tokens` of a window, special tokens included."""

    heads: tuple[Head, ...]
    version: str = "0.1.0"
    themes: ThemeScale = field(default_factory=ThemeScale)
    max_tokens: int = 512
    overlap_tokens: int = 64
    licence: str = ""  # of the encoder's weights, SPDX
    source: str = ""  # repository@revision of the encoder that was tuned
    files: Mapping[str, str] = field(default_factory=dict)  # sha256; `write` fills it in

    def head(self, name: str) -> Head | None:
        """The head of that name, if the model has it."""
        return next((head for head in self.heads if head.name == name), None)


@dataclass(frozen=True)
class ModelDirectory:
    """A directory that has been read and checked; `model` is what enrichments record."""

    path: Path
    model: str  # encoder-<version>-<first 12 hex digits of heads.json's sha256>
    description: Description
    arrays: Arrays


def write(directory: Path, description: Description, arrays: Arrays) -> ModelDirectory:
    """Add the heads to a directory whose encoder/ is complete; then read it back.

    heads.json comes last and at once, so a directory with it is whole. Raises BadModel.
    """
    check(description, arrays)
    plain = {name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()}
    save_file(plain, directory / HEADS)
    hashes = {file.as_posix(): _sha256(directory, file) for file in FILES}
    content = {"schema": SCHEMA, **asdict(description), "files": hashes}
    half = directory / "heads.json.part"
    half.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(half, directory / DESCRIPTION)
    return read(directory)


def read(directory: Path) -> ModelDirectory:
    """The description and the heads, every file's hash compared. Raises BadModel."""
    try:
        raw = (directory / DESCRIPTION).read_bytes()
    except OSError as error:
        raise BadModel(f"{directory / DESCRIPTION} cannot be read; is MODEL_DIR right?") from error
    description = parse(raw)
    for file in FILES:
        if _sha256(directory, file) != description.files.get(file.as_posix()):
            raise BadModel(f"{directory / file} is not the file heads.json names; fetch it anew")
    arrays = load_file(directory / HEADS)
    check(description, arrays)
    digest = hashlib.sha256(raw).hexdigest()
    model = f"encoder-{description.version}-{digest[:12]}"
    return ModelDirectory(directory, model, description, arrays)


def parse(raw: bytes) -> Description:
    """heads.json's bytes -> Description; raises BadModel."""
    try:
        data: dict[str, Any] = json.loads(raw)
        if data.pop("schema", None) != SCHEMA:
            raise BadModel(f"heads.json has another schema than {SCHEMA}; train the model anew")
        heads = tuple(Head(**{**h, "labels": tuple(h["labels"])}) for h in data.pop("heads"))
        themes = ThemeScale(**data.pop("themes"))
        return Description(heads=heads, themes=themes, **data)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadModel(f"heads.json is not of {SCHEMA}: {error}") from error


def check(description: Description, arrays: Arrays) -> None:
    """Raise BadModel where description and arrays do not fit what is served."""
    names = [head.name for head in description.heads]
    if len(set(names)) != len(names):
        raise BadModel("heads.json names a head twice")
    if not 0 <= 2 * description.overlap_tokens < description.max_tokens:
        raise BadModel("overlap_tokens must be less than half of max_tokens")
    for head in description.heads:
        _check_labels(head)
        _check_arrays(head, arrays)
    widths = {array.shape[-1] for name, array in arrays.items() if not name.endswith(".bias")}
    if len(widths) > 1:
        raise BadModel(f"{HEADS} mixes hidden sizes: {sorted(widths)}")


def _check_labels(head: Head) -> None:
    if head.kind == "token":
        kinds = [label[2:] for label in head.labels if label.startswith("B-")]
        wanted: Sequence[str] = ["O", *(f"{bi}-{kind}" for kind in kinds for bi in "BI")]
        known = head.name in TOKEN_HEADS and sorted(head.labels) == sorted(wanted)
        known = known and head.labels[0] == "O" and bool(kinds)
    else:
        labels = SEQUENCE_HEADS.get(head.name)
        known = head.name in SEQUENCE_HEADS and (labels is None or head.labels == labels)
    if not known:
        raise BadModel(f"head {head.name!r} has a name, kind or labels that nothing here reads")
    if any(not value > 0 for value in head.temperature.values()):
        raise BadModel(f"head {head.name!r}: temperatures must be above 0")


def _check_arrays(head: Head, arrays: Arrays) -> None:
    weight, bias = arrays.get(f"{head.name}.weight"), arrays.get(f"{head.name}.bias")
    if weight is None or bias is None or weight.ndim != 2:
        raise BadModel(f"{HEADS} lacks {head.name}.weight or .bias")
    if weight.shape[0] != head.outputs or bias.shape != (head.outputs,):
        raise BadModel(f"{HEADS}: {head.name} has {weight.shape[0]} outputs, not {head.outputs}")


def _sha256(directory: Path, file: Path) -> str:
    try:
        with (directory / file).open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise BadModel(f"{directory / file} cannot be read") from error

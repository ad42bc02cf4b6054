"""Read the licensed corpora and turn their labels into ours.

Files and licences: the data register's README beside them. No text leaves this process: what is
kept is weights.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from model_image.linear import Floats

HERE = Path(__file__).parent

NEGATIVE, NEUTRAL, POSITIVE = range(3)  # as sentiment.LABELS

# XED: 1 anger 2 anticipation 3 disgust 4 fear 5 joy 6 sadness 7 surprise 8 trust, 0 neutral.
# Anticipation and surprise have no side of their own.
XED_NEGATIVE, XED_POSITIVE = {"1", "3", "4", "6"}, {"5", "8"}


@dataclass(frozen=True, slots=True)
class Example:
    """One weighted label; a text occurs as often as it has labels."""

    text: str
    label: int
    weight: float = 1.0


@dataclass(frozen=True)
class Corpora:
    """The data directory; `used` names the files that were read."""

    root: Path
    used: set[str] = field(default_factory=set, compare=False)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """All rows of one file, `name` without .jsonl.gz."""
        file = f"{name}.jsonl.gz"
        self.used.add(file)
        with gzip.open(self.root / file, "rt", encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    def texts(self, name: str, key: str = "text") -> list[str]:
        """The texts of one file."""
        return [row[key] for row in self.rows(name)]

    def finnsentiment(self) -> tuple[list[str], Floats, Floats]:
        """Training texts, votes (rows, 3) as shares, and the five-step scale 1..5.

        Each annotator's vote and the majority weigh a quarter: doubt is information.
        """
        rows = self.rows("fi_sentiment_finnsentiment.train")
        votes = np.array([[row["a"], row["b"], row["c"], row["majority"]] for row in rows]) + 1
        shares = np.stack([(votes == label).mean(axis=1) for label in range(3)], axis=1)
        scale = np.array([row["derived_norm"] for row in rows]) * 2 + 3
        return [_placed(row["text"]) for row in rows], shares, scale

    def emotions(self, language: str, split: str) -> tuple[list[str], Floats]:
        """Texts of XED and (rows, 9) 0 or 1 for each label; rows without a label left out."""
        pairs = [
            (row["text"], {int(label) for label in re.findall(r"\b[0-8]\b", str(row["labels"]))})
            for row in self.rows(f"{language}_emotion_xed.{split}")
        ]
        pairs = [(text, labels) for text, labels in pairs if labels]
        marks = [[float(label in labels) for label in range(9)] for _, labels in pairs]
        return [text for text, _ in pairs], np.array(marks)

    def finnsentiment_dev(self) -> list[Example]:
        """Majority labels."""
        rows = self.rows("fi_sentiment_finnsentiment.dev")
        return [Example(_placed(row["text"]), row["majority"] + 1) for row in rows]

    def xed(self, language: str, split: str, weight: float = 1.0) -> list[Example]:
        """Emotions of film subtitles as polarity; texts whose emotions disagree are left out."""
        examples = []
        for row in self.rows(f"{language}_emotion_xed.{split}"):
            label = polarity(set(str(row["labels"]).replace(" ", "").split(",")))
            if label is not None:
                examples.append(Example(row["text"], label, weight))
        return examples

    def afinn(self, language: str, weight: float) -> list[Example]:
        """Words of AFINN as texts of one word, weighted by |valence| / 5."""
        return [
            Example(
                row["word"],
                POSITIVE if row["valence"] > 0 else NEGATIVE,
                weight * abs(row["valence"]) / 5,
            )
            for row in self.rows(f"{language}_lexicon_afinn")
            if row["valence"]
        ]

    def sentimentlex(self, weight: float) -> list[Example]:
        """Swedish words with a polarity, weighted by the lexicon's confidence."""
        label = {"pos": POSITIVE, "neg": NEGATIVE}
        return [
            Example(row["word"], label[row["polarity"]], weight * float(row["confidence"] or 0.5))
            for row in self.rows("sv_lexicon_sentimentlex")
            if row["polarity"] in label
        ]

    def banking_demand(self, split: str, name: str = "en_intent_banking77") -> list[Example]:
        """1 failure, 0 value, by our mapping of intents; ambiguous intents left out."""
        return [
            Example(row["text"], int(row["demand_type"] == "failure"))
            for row in self.rows(f"{name}.{split}")
            if row["demand_type"] in ("failure", "value")
        ]


def _placed(text: str) -> str:
    """What FinnSentiment's source blotted out, as the hub writes it: nobody shouts it."""
    return text.replace("REDACTED", "[redacted]")


def authored() -> list[tuple[str, str, str, str]]:
    """Own invented messages: (language, sentiment, demand, text)."""
    lines = (HERE / "authored.tsv").read_text(encoding="utf-8").splitlines()
    rows = [tuple(line.split("\t")) for line in lines if line and not line.startswith("#")]
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def own_efforts() -> list[tuple[str, str, str]]:
    """Own invented messages: (language, effort, text)."""
    lines = (HERE / "effort.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [(row[0], row[1], row[2]) for row in rows]


def other_language_texts(count: int) -> list[str]:
    """Word salads of languages that the model must not claim to know."""
    table = tomllib.loads((HERE / "other_languages.toml").read_text(encoding="utf-8"))
    chooser = random.Random(20261123)
    lists = [words.split() for words in table.values()]
    return [
        " ".join(chooser.choices(chooser.choice(lists), k=chooser.randint(3, 14)))
        for _ in range(count)
    ]


def polarity(labels: set[str]) -> int | None:
    """The side of XED's labels; None when their sides disagree or have none."""
    negative, positive = bool(labels & XED_NEGATIVE), bool(labels & XED_POSITIVE)
    if negative != positive:
        return NEGATIVE if negative else POSITIVE
    return NEUTRAL if labels == {"0"} else None

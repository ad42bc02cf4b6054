"""Fit and measure theme matching on taxonomies made from labelled corpora, five examples a theme.

A taxonomy in use has keywords and descriptions as well, so an own invented one (tuning.json: an
energy and broadband company) is weighed above the corpora.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from model_image import wire
from model_image.concepts import Concepts
from model_image.features import lay_out
from model_image.language import LANGUAGES
from model_image.linear import Floats, Ints, read_features
from model_image.themes import Evidence, Prototypes, rivals
from model_image.training.corpora import Corpora

TUNING = Path(__file__).with_name("tuning.json")
EXAMPLES = 5
THEMES = 20
MESSAGES = 400
UNRELATED = 3  # one message of another theme for each three
OWN_WEIGHT = 8.0

# file, label, language of the few-shot tasks
CORPORA = (
    ("en_intent_banking77", "label", "en"),
    ("en_intent_clinc150", "label", "en"),
    ("fi_intent_massive", "intent", "fi"),
    ("sv_intent_massive", "intent", "sv"),
)


@dataclass(frozen=True)
class Task:
    """A taxonomy and messages with their true theme, -1 for none of them."""

    name: str
    themes: list[dict[str, Any]]
    texts: list[str]
    spoken: Ints  # language of each message
    truth: Ints

    def evidence(self, concepts: Concepts, rarity: Floats) -> Floats:
        """(3, messages, themes), as Prototypes.evidence."""
        body = {"schema": wire.REQUEST_SCHEMA, "texts": []}
        taxonomy = wire.read(
            json.dumps({**body, "taxonomy": {"hash": "-", "themes": self.themes}}).encode()
        ).taxonomy
        prototypes = Prototypes.of(taxonomy, concepts, rarity)
        layout = lay_out(self.texts)
        found = concepts.find(layout, self.spoken)
        return prototypes.evidence(layout, read_features(layout), found, rarity)


@dataclass(frozen=True)
class Matching:
    """How well themes were found, as shares of the messages that have one."""

    top: float  # the best theme is the true one, sure or not
    right: float
    wrong: float
    unsure: float
    false_alarm: float  # of the messages that have none


def own_task() -> Task:
    """The invented energy and broadband company."""
    data = json.loads(TUNING.read_text(encoding="utf-8"))
    ids = [theme["id"] for theme in data["themes"]]
    texts = [text for _, text in data["messages"]]
    truth = [ids.index(theme) if theme else -1 for theme, _ in data["messages"]]
    languages = np.zeros(len(texts), np.int64)  # told by the caller
    return Task("own", data["themes"], texts, languages, np.array(truth))


def corpus_task(
    data: Corpora,
    name: str,
    key: str,
    code: str,
    seed: int,
    among: Callable[[str], bool] = lambda _: True,
) -> Task:
    """Random labels of a corpus as themes, five training texts as examples.

    `among` says which labels may be themes; messages without one come from all the others.
    """
    chooser = random.Random(seed)
    train, dev = data.rows(f"{name}.train"), data.rows(f"{name}.dev")
    labels = sorted({row[key] for row in train if among(row[key])})
    chooser.shuffle(labels)
    chosen = labels[:THEMES]
    themes = []
    for label in chosen:
        examples = [row["text"] for row in train if row[key] == label]
        chooser.shuffle(examples)
        wording = label.replace("_", " ")
        themes.append(
            {"id": label, "name": {"en": wording}, "examples": {code: examples[:EXAMPLES]}}
        )
    chooser.shuffle(dev)
    known = [row for row in dev if row[key] in chosen][:MESSAGES]
    unknown = [row for row in dev if row[key] not in chosen][: len(known) // UNRELATED]
    texts = [row["text"] for row in known + unknown]
    truth = [chosen.index(row[key]) for row in known] + [-1] * len(unknown)
    spoken = np.full(len(texts), LANGUAGES.index(code))
    return Task(name, themes, texts, spoken, np.array(truth))


def fit_evidence(tasks: Sequence[Task], concepts: Concepts, rarity: Floats) -> Evidence:
    """What a lead is worth: the probability that the best theme is right."""
    # here, for whoever trains an encoder needs no scikit-learn
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-not-found,import-untyped,unused-ignore]  # fmt: skip

    blank = Evidence(0.0, 1.0)
    leads, right, weights = [], [], []
    for task in tasks:
        total = blank.total(task.evidence(concepts, rarity))
        leads.append(total.max(axis=1) - rivals(total))
        right.append(total.argmax(axis=1) == task.truth)
        weight = OWN_WEIGHT if task.name == "own" else 1.0
        weights.append(np.full(len(task.texts), weight / len(task.texts)))
    model = LogisticRegression(C=1e4)
    model.fit(
        np.concatenate(leads)[:, None],
        np.concatenate(right),
        sample_weight=np.concatenate(weights) * 1000,
    )
    return Evidence(round(float(model.intercept_[0]), 3), round(float(model.coef_[0][0]), 3))


def measure(truth: Ints, scores: Floats, threshold: float) -> Matching:
    """Top-1 with and without abstention."""
    known = truth >= 0
    best = scores.argmax(axis=1)
    said = scores.max(axis=1) >= threshold
    hit = best == truth
    return Matching(
        top=float(hit[known].mean()),
        right=float((hit & said)[known].mean()),
        wrong=float((~hit & said)[known].mean()),
        unsure=float((~said)[known].mean()),
        false_alarm=float(said[~known].mean()) if (~known).any() else float("nan"),
    )

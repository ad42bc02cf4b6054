"""Themes by likeness of embeddings: what a likeness and a lead are worth, fitted on corpora.

The score is that of `encoder/layout.py`'s ThemeScale. Fitted on taxonomies of up to twenty themes
(`training/taxonomies.py`), labels of the intent corpora that taught nothing; measured on the same
labels, with other examples and messages in another order.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from model_image import wire
from model_image.encoder.layout import ThemeScale
from model_image.encoder.taxonomy import Prototypes, wordings
from model_image.linear import Floats
from model_image.themes import rivals
from model_image.training.corpora import Corpora
from model_image.training.encoder.lessons import held_out
from model_image.training.taxonomies import CORPORA, Task, corpus_task

Embed = Callable[[Sequence[str]], Floats]
PULL = 1e-2  # on the coefficients, against perfect separation


FOLDERS = {
    "en_intent_banking77": "BANKING77",
    "en_intent_clinc150": "CLINC150",
    "fi_intent_massive": "massive",
    "sv_intent_massive": "massive",
}


def tasks(data: Corpora, seed: int) -> list[Task]:
    """The few-shot tasks whose corpus is in the data directory, of intents that were held out."""
    return [
        corpus_task(data, name, key, code, seed, partial(_is_held_out, FOLDERS[name]))
        for name, key, code in CORPORA
        if (data.root / f"{name}.train.jsonl.gz").exists()
    ]


def _is_held_out(folder: str, label: str) -> bool:
    return held_out(f"{folder}/{label}")


def prototypes(task: Task, embed: Embed) -> Prototypes:
    """The task's taxonomy as the server reads it."""
    asked = {"hash": "-", "themes": task.themes}
    body = {"schema": wire.REQUEST_SCHEMA, "texts": [], "taxonomy": asked}
    taxonomy = wire.read(json.dumps(body).encode()).taxonomy
    return Prototypes.of(taxonomy, embed([text.text for text in wordings(taxonomy)]))


def fit(fitting: Sequence[Task], embed: Embed) -> ThemeScale:
    """The scale under which p(the best theme is right) holds; the default without tasks."""
    scale = ThemeScale()
    if not fitting:
        return scale
    likes = [prototypes(task, embed).likeness(embed(task.texts), scale) for task in fitting]
    best = np.concatenate([like.max(axis=1) for like in likes])
    lead = np.concatenate([like.max(axis=1) - rivals(like) for like in likes])
    right = np.concatenate(
        [like.argmax(axis=1) == task.truth for like, task in zip(likes, fitting, strict=True)]
    )
    new = np.concatenate([task.truth < 0 for task in fitting])
    intercept, on_likeness, on_lead = logistic(np.column_stack([best, lead]), right)
    scale = replace(
        scale,
        intercept=round(intercept, 3),
        likeness=round(on_likeness, 3),
        lead=round(on_lead, 3),
    )
    floor, slope = logistic(-best[:, None], new)
    if slope > 0:  # the likelier a text is to a known theme, the less it is news
        scale = replace(scale, new_intercept=round(floor, 3), new_likeness=round(slope, 3))
    return scale


def logistic(features: Floats, hit: np.ndarray) -> tuple[float, ...]:
    """(intercept, coefficients...) of a logistic regression, by Newton's steps."""
    columns = np.column_stack([np.ones(len(features)), features])
    point = np.zeros(columns.shape[1])
    pull = np.diag([0.0, *[PULL] * features.shape[1]])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(columns @ point, -30, 30)))
        slope = columns.T @ (p - hit) + pull @ point
        curve = (columns * (p * (1 - p))[:, None]).T @ columns + pull
        step = np.linalg.solve(curve + 1e-9 * np.eye(len(curve)), slope)
        point = point - step
        if np.abs(step).max() < 1e-8:
            break
    return tuple(float(value) for value in point)

"""Themes by likeness of embeddings: what a likeness and a lead are worth, fitted on corpora.

The score is that of `encoder/layout.py`'s ThemeScale. Fitted on random labels of the intent
corpora as taxonomies of twenty themes (`training/taxonomies.py`), measured with another seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from model_image.encoder.layout import ThemeScale
from model_image.linear import Floats
from model_image.training.corpora import Corpora
from model_image.training.taxonomies import CORPORA, Task, corpus_task

Embed = Callable[[Sequence[str]], Floats]
RIVALS = 3
PULL = 1e-2  # on the coefficients, against perfect separation


def tasks(data: Corpora, seed: int) -> list[Task]:
    """The few-shot tasks whose corpus is in the data directory."""
    return [
        corpus_task(data, name, key, code, seed)
        for name, key, code in CORPORA
        if (data.root / f"{name}.train.jsonl.gz").exists()
    ]


def likeness(task: Task, embed: Embed, nearest: float) -> Floats:
    """(texts, themes): `nearest` of the largest cosine to a theme's wordings, the rest the mean."""
    wordings = [
        [
            text
            for part in ("name", "description", "examples")
            for said in theme.get(part, {}).values()
            for text in ([said] if isinstance(said, str) else said)
        ]
        for theme in task.themes
    ]
    owner = np.repeat(np.arange(len(wordings)), [len(own) for own in wordings])
    cosines = embed(task.texts) @ embed([text for own in wordings for text in own]).T
    columns = [cosines[:, owner == theme] for theme in range(len(wordings))]
    return np.column_stack(
        [nearest * own.max(axis=1) + (1 - nearest) * own.mean(axis=1) for own in columns]
    )


def leads(like: Floats) -> Floats:
    """(texts, themes) each likeness above the mean of the best three of the others."""
    if like.shape[1] == 1:
        return np.zeros_like(like)
    others = np.stack(
        [
            -np.sort(-np.delete(like, theme, axis=1), axis=1)[:, :RIVALS].mean(axis=1)
            for theme in range(like.shape[1])
        ],
        axis=1,
    )
    return np.asarray(like - others)


def fit(fitting: Sequence[Task], embed: Embed) -> ThemeScale:
    """The scale under which p(the best theme is right) holds; the default without tasks."""
    scale = ThemeScale()
    if not fitting:
        return scale
    likes = [likeness(task, embed, scale.nearest) for task in fitting]
    best = np.concatenate([like.max(axis=1) for like in likes])
    lead = np.concatenate([leads(like).max(axis=1) for like in likes])
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

"""The least the shipped weights must do on invented messages (messages.jsonl, 60 % Finnish).

These floors catch a broken head, not a small loss: the model card has the measurements.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from model_image.backends.compact import Compact
from model_image.wire import Result
from tests.model_image.conftest import HERE, Understand

SENTIMENTS = ("negative", "neutral", "positive")
MESSAGES: list[dict[str, Any]] = [
    json.loads(line) for line in (HERE / "messages.jsonl").read_text(encoding="utf-8").splitlines()
]

CARD = HERE.parents[1] / "model_image" / "MODEL_CARD.md"

Pairs = list[tuple[dict[str, Any], Result]]


@pytest.fixture
def pairs(understand: Understand) -> Pairs:
    results = understand(*[message["text"] for message in MESSAGES])
    return list(zip(MESSAGES, results, strict=True))


def _feeling(result: Result) -> str:
    return SENTIMENTS[int(np.argmax(result.sentiment))]


def _share(right: list[bool]) -> float:
    return float(np.mean(right))


def test_the_card_is_of_the_shipped_weights(compact: Compact) -> None:
    """The name holds a hash of the weights, so a card of others names another model."""
    assert CARD.read_text(encoding="utf-8").splitlines()[0] == f"# Model card: {compact.model}"


def test_the_set_is_what_it_claims() -> None:
    finnish = [message for message in MESSAGES if message["language"] == "fi"]
    assert len(MESSAGES) >= 60
    assert 0.55 <= len(finnish) / len(MESSAGES) <= 0.65


def test_language(pairs: Pairs) -> None:
    assert _share([m["language"] == r.language for m, r in pairs]) >= 0.98


def test_blame_is_not_praise(pairs: Pairs) -> None:
    """Hardly ever is a complaint called positive or praise negative."""
    blamed = [r for m, r in pairs if m["sentiment"] in ("negative", "not positive")]
    praised = [r for m, r in pairs if m["sentiment"] == "positive"]
    assert _share([_feeling(r) != "positive" for r in blamed]) >= 0.97
    assert _share([_feeling(r) != "negative" for r in praised]) >= 0.95


@pytest.mark.parametrize(
    ("wanted", "floor"), [("negative", 0.55), ("neutral", 0.7), ("positive", 0.75)]
)
def test_sentiment(pairs: Pairs, wanted: str, floor: float) -> None:
    right = [_feeling(r) == wanted for m, r in pairs if m["sentiment"] == wanted]
    assert _share(right) >= floor


def test_sentiment_is_not_overconfident(pairs: Pairs) -> None:
    """What is said with p >= 0.8 is mostly right."""
    clear = [(m, r) for m, r in pairs if m["sentiment"] in SENTIMENTS and max(r.sentiment) >= 0.8]
    assert len(clear) >= 10
    assert _share([_feeling(r) == m["sentiment"] for m, r in clear]) >= 0.7


def test_best_theme(pairs: Pairs) -> None:
    best = [(m["themes"], r.themes[0][0] if r.themes else "") for m, r in pairs]
    assert _share([theme in wanted for wanted, theme in best]) >= 0.65
    assert _share([theme not in ("", *wanted) for wanted, theme in best]) <= 0.15


def test_theme_scores_rank_right_above_wrong(pairs: Pairs) -> None:
    right = [r.themes[0][1] for m, r in pairs if r.themes and r.themes[0][0] in m["themes"]]
    wrong = [r.themes[0][1] for m, r in pairs if r.themes and r.themes[0][0] not in m["themes"]]
    assert np.mean(right) > np.mean(wrong)


def test_demand(pairs: Pairs) -> None:
    right = [(r.p_failure > 0.5) == (m["demand"] == "failure") for m, r in pairs if m["demand"]]
    assert _share(right) >= 0.85


@pytest.mark.parametrize(
    ("text", "unlikely"),
    [
        ("Missä tilaukseni viipyy, tilasin kolme viikkoa sitten", "positive"),
        ("Where is my order, I placed it three weeks ago", "positive"),
        ("Var är min beställning, jag beställde för tre veckor sedan", "positive"),
        ("Kiitos nopeasta toimituksesta!", "negative"),
        ("Thank you for the quick delivery!", "negative"),
        ("Tack för den snabba leveransen!", "negative"),
    ],
)
def test_plain_cases(understand: Understand, text: str, unlikely: str) -> None:
    result = understand(text)[0]
    assert result.sentiment[SENTIMENTS.index(unlikely)] < 0.25
    praise = unlikely == "negative"
    assert (_feeling(result) == "positive") == praise
    assert (result.p_failure < 0.5) == praise

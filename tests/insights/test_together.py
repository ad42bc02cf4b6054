"""What goes together: a known lift, exact z against scipy, few false hints."""

from __future__ import annotations

import math
import random
from collections import Counter
from datetime import date

import pytest
from scipy import stats

from chalicelib.insights.together import log_odds_z, pairs, telling_words
from chalicelib.summary import Cell, Summary


def _week(spoken: int, mentions: dict[str, int], both: dict[str, int]) -> Summary:
    measures = Counter({"neutral": spoken})
    measures.update({f"mention:{theme}": n for theme, n in mentions.items()})
    measures.update({f"pair:{pair}": n for pair, n in both.items()})
    return Summary({Cell(date(2026, 11, 16), "t", "p", "chat", "value"): measures})


def test_a_known_lift() -> None:
    (pair,) = pairs(_week(300, {"a": 50, "b": 60}, {"a|b": 20}))
    assert (pair.first, pair.second, pair.both) == ("a", "b", 20)
    assert pair.lift == pytest.approx(2.0)


def test_the_same_odds_ratio_as_scipy() -> None:
    """The added ½ moves the log odds ratio little where all counts are large."""
    found = stats.contingency.odds_ratio([[200, 400], [300, 2100]], kind="sample")
    low, high = found.confidence_interval(0.95)
    error = (math.log(high) - math.log(low)) / (2 * 1.959964)
    z = log_odds_z(200, 300, 400, 2100)
    assert z == pytest.approx(math.log(found.statistic) / error, rel=0.01)


@pytest.mark.parametrize(
    ("spoken", "both"),
    [(300, 4), (300, 10), (60, 20), (30, 20)],
    ids=["too few", "as many as chance gives", "everybody mentions both", "impossible counts"],
)
def test_no_hint(spoken: int, both: int) -> None:
    assert pairs(_week(spoken, {"a": 50, "b": 60}, {"a|b": both})) == ()


VOCABULARY = [f"word{number}" for number in range(300)]
WEIGHTS = [1 / (number + 1) for number in range(300)]


def _contacts(rng: random.Random, n: int) -> list[set[str]]:
    return [set(rng.choices(VOCABULARY, WEIGHTS, k=12)) for _ in range(n)]


def test_words_of_an_unchanged_week_are_seldom_told() -> None:
    rng = random.Random(1)
    told = [telling_words(_contacts(rng, 120), _contacts(rng, 900)) for _ in range(60)]
    assert sum(map(len, told)) / 60 <= 0.2


def test_a_new_word_is_told_and_counted_once_a_contact() -> None:
    rng = random.Random(2)
    now, before = _contacts(rng, 120), _contacts(rng, 900)
    repeated = [[*words, "strike", "strike"] for words in now[:20]]
    word = telling_words([*repeated, *now[20:]], before)[0]
    assert (word.word, word.now, word.before) == ("strike", 20, 0)


def test_a_word_that_everybody_uses_is_no_news() -> None:
    assert telling_words([{"same"}] * 20, [{"same"}] * 100) == ()


def test_few_contacts_tell_nothing() -> None:
    assert telling_words([{"a"}] * 9, [{"b"}] * 100) == ()
    assert telling_words([], []) == ()

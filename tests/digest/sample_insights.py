"""The sample store with everything that the insights read: handling, waits, who rated, pairs."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date
from functools import cache

from chalicelib.digest import Digest, compose, with_quotes
from chalicelib.digest.whole import More, whole_week
from chalicelib.insights.new_topics import NewTopic, Voice
from chalicelib.insights.proportion import share
from chalicelib.insights.repeats import Repeats
from chalicelib.insights.silent import Silent
from chalicelib.insights.together import Word
from chalicelib.summary import Cell, Summary, duration_bin
from tests.digest.sample import FRESH, NOW, WEEK, candidates, organisation, summary

HANDLED_S = {"chat": 420, "voice": 380, "email": 510, "feedback": 240}
PATIENT_S = 200.0  # satisfaction holds so long
FIXED_AGE = 6  # the week of the new sign-in
GROWS = "web-shop"
BAD = {"delivery", "checkout"}  # where `angry` customers are
#: How many times as often the last four weeks, newest first, heard of what grows.
GROWTH = (1.8, 1.7, 1.45, 1.2, 1.1, 0.9)
HARD = {"returns": 0.2, "phone-queue": 0.25}  # shares of contacts that take much effort
FIRMS = 0.2  # of negative contacts, and half as much of others
TOPIC = (
    Voice("fi", ("valaisin", "humisee", "kuumenee"), "Uusi valaisin humisee ja kuumenee."),
    Voice("en", ("lamp", "hums", "hot"), "My new lamp hums and gets hot."),
)
EVERYWHERE = frozenset({"fi", "sv", "en"})
TELLING = (
    Word("lakko", 31, 4, 6.1, frozenset({"fi"})),
    Word("strejken", 24, 3, 5.0, frozenset({"sv"})),
    Word("Tampere", 22, 9, 3.8, EVERYWHERE),
)
ANSWERED = {"negative": 0.4, "positive": 0.8}  # where anybody of the day's cell rated


def more() -> More:
    """What is read from interactions, not from counts."""
    return More(
        Repeats(WEEK.back(), share(402, 600), share(96, 700), share(700, 850), {}),
        (NewTopic(TOPIC, 14, 12, 3, ()),),
        tuple(Silent(f"c{n}", 9, date(2026, 8, 1), 113, 20.0) for n in range(12)),
        {"late-delivery": TELLING},
    )


@cache
def rich() -> Summary:
    """`summary()` with more measures, one fix that worked, and one theme that grows slowly."""
    chance = random.Random(5)
    cells: dict[Cell, Counter[str]] = {}
    for cell, measures in summary():
        age = (WEEK.sunday - cell.day).days // 7
        counts = Counter(measures)
        if cell.theme == "login" and age < FIXED_AGE:
            counts = _scaled(chance, counts, 0.3)
        if cell.theme == GROWS and age < len(GROWTH):
            counts = _scaled(chance, counts, GROWTH[age])
        if cell.channel != "survey":
            for _ in range(counts["contacts"]):
                _handle(chance, cell, counts)
        cells[cell] = counts
    experience = random.Random(6)
    for cell, counts in cells.items():
        if cell.channel != "survey":
            _live_through(experience, cell, counts)
    return Summary(cells)


def _live_through(chance: random.Random, cell: Cell, counts: Counter[str]) -> None:
    """Effort, inferred satisfaction, what agents asked for, and who the customers were."""
    rated = counts["csat:n"]
    for tone, step in (("negative", 2), ("neutral", 3), ("positive", 5)):
        for _ in range(counts[tone]):
            counts["turns:n"] += 1
            _struggle(chance, cell, counts)
            if tone != "neutral":
                counts[f"inferred:{step}"] += 1
            if rated and tone != "neutral" and chance.random() < ANSWERED[tone]:
                counts[f"inferred:{step}:n"] += 1
                counts[f"inferred:{step}:top"] += step >= 4
            if chance.random() < (FIRMS if tone == "negative" else FIRMS / 2):
                counts.update({"persona:firms": 1, "persona_heard:firms": 1})
                counts["persona_negative:firms"] += tone == "negative"
            if cell.channel in {"chat", "email"}:
                _asked(chance, cell, counts)


def _struggle(chance: random.Random, cell: Cell, counts: Counter[str]) -> None:
    high = HARD.get(cell.theme, 0.06)
    level = chance.choices(("high", "medium", "low", ""), (high, 0.2, 0.4 - high, 0.4))[0]
    if level:
        counts[f"effort:{level}"] += 1


def _asked(chance: random.Random, cell: Cell, counts: Counter[str]) -> None:
    long = chance.random() < 0.15
    counts["agent:n"] += 1
    counts["agent:long"] += long
    if chance.random() < (0.55 if long else 0.25):
        counts["basics:n"] += 1
        counts["basics:long"] += long
        counts[f"basics:{chance.choice(('order', 'order', 'order', 'address', 'picture'))}"] += 1
        counts.update({"basics:answered": 1, "basics:answer_s": round(chance.uniform(20, 200))})


def _scaled(chance: random.Random, counts: Counter[str], factor: float) -> Counter[str]:
    """As many contacts as `factor` says, on average, all alike."""
    n = counts["contacts"]
    wanted = sum(int(factor) + (chance.random() < factor % 1) for _ in range(n))
    return Counter({name: round(count * wanted / n) for name, count in counts.items() if n})


def _handle(chance: random.Random, cell: Cell, counts: Counter[str]) -> None:
    seconds = round(chance.lognormvariate(0, 0.5) * HANDLED_S[cell.channel])
    if chance.random() < 0.7:
        counts.update({"handle:n": 1, "handle:sum_s": seconds, "handle:sumsq_s": seconds**2})
    wait = chance.expovariate(1 / 160) if cell.channel in {"chat", "voice"} else None
    patience = chance.expovariate(1 / 900)
    if wait is not None:
        counts[f"wait:bin:{duration_bin(min(wait, patience))}"] += 1
        counts[f"wait:gone:{duration_bin(patience)}"] += patience < wait
    tone = next((t for t in ("negative", "positive") if chance.random() < 0.4 and counts[t]), "")
    feeling = tone or "neutral"
    counts[f"heard:{feeling}:unknown"] += 1
    if cell.theme == "damaged" and chance.random() < 0.4:
        counts.update({"mention:returns": 1, "pair:damaged|returns": 1})
    if chance.random() < {"negative": 0.1, "neutral": 0.15, "positive": 0.4}[feeling]:
        _rate(chance, counts, feeling, wait if wait is not None and wait < patience else None)


def _rate(chance: random.Random, counts: Counter[str], feeling: str, wait: float | None) -> None:
    score = {"negative": 2.2, "neutral": 3.6, "positive": 4.6}[feeling] + chance.gauss(0, 0.7)
    if wait is not None and wait > PATIENT_S:
        score -= 0.8
    answer = min(5, max(1, round(score)))
    counts.update({"csat:n": 1, "csat:sum": answer, "csat:sumsq": answer**2})
    counts["csat:top"] += answer >= 4
    counts[f"rated:{feeling}:unknown:n"] += 1
    counts[f"rated:{feeling}:unknown:top"] += answer >= 4
    if wait is not None:
        number = duration_bin(wait)
        counts.update({f"wait:csat:{number}:n": 1, f"wait:csat:{number}:sum": answer})
        counts[f"wait:csat:{number}:sumsq"] += answer**2


def angry() -> Summary:
    """The same with answers after deliveries that turned bad in the last week."""
    chance = random.Random(8)
    cells = {}
    for cell, measures in rich():
        counts = Counter(measures)
        if cell.channel == "survey" and cell.touchpoint in BAD and cell.day >= WEEK.monday:
            fallen = counts["nps:promoter"] if chance.random() < 0.9 else 0
            counts["nps:detractor"] += fallen + counts["nps:passive"]
            counts["nps:promoter"] -= fallen
            counts["nps:passive"] = 0
        cells[cell] = counts
    return Summary(cells)


def insightful(
    department: str, language: str, whole: Summary | None = None, *, asked: More | None = None
) -> Digest:
    """A digest of the rich sample, with what interactions tell."""
    store = organisation(language)
    counts = rich() if whole is None else whole
    computed = whole_week(store, WEEK, counts, more() if asked is None else asked)
    reader = store.department_by_id[department]
    digest = compose(store, reader, WEEK, counts, FRESH, NOW, computed)
    return with_quotes(digest, candidates())

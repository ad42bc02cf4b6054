"""Experience: what a conversation was like for the customer, beyond how it sounded.

How much they had to do, how satisfied they seem, what they felt, and what they were asked to tell
that could have been asked before. Pure readings of an interaction and its enrichments; `fold`
counts them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from chalicelib.basics import asked
from chalicelib.interaction import Enrichment, Interaction, Role
from chalicelib.summary import ANSWER_CAP_S, LONG_TURNS

LEVELS = ("low", "medium", "high")  # of effort
LETTER = 1500  # characters: a longer message of an agent is a letter, not a question


def weight(enrichment: Enrichment) -> float:
    """What one message weighs in its conversation: the square root of its length."""
    return float(max(1, min(enrichment.characters, 1000)) ** 0.5)


def effort(interaction: Interaction) -> str | None:
    """The highest effort that any message tells of; None where none tells."""
    told = {enrichment.effort for enrichment in interaction.enrichments.values()}
    return next((level for level in reversed(LEVELS) if level in told), None)


def inferred(interaction: Interaction) -> int | None:
    """Satisfaction that the customer's words tell of, 1 (very dissatisfied) to 5, or None.

    A reading of texts, never an answer: the weighted mean of the messages that tell.
    """
    scores = [
        (weight(enrichment), enrichment.satisfaction[0])
        for enrichment in interaction.enrichments.values()
        if enrichment.satisfaction is not None
    ]
    if not scores:
        return None
    mean = sum(one * score for one, score in scores) / sum(one for one, _ in scores)
    return min(5, max(1, round(mean)))


def felt(interaction: Interaction) -> str | None:
    """The emotion felt most over all messages; None where none is."""
    shares: dict[str, float] = defaultdict(float)
    for enrichment in interaction.enrichments.values():
        for emotion, share in enrichment.felt:
            shares[emotion] += weight(enrichment) * share
    return min(shares, key=lambda emotion: (-shares[emotion], emotion)) if shares else None


def experience_counts(
    interaction: Interaction, feeling: str | None, answers: Sequence[int]
) -> Counter[str]:
    """Measures of `summary` for one interaction; `answers` are its CSAT answers, 1-5."""
    counts: Counter[str] = Counter()
    level, step = effort(interaction), inferred(interaction)
    if level:
        counts[f"effort:{level}"] = 1
    if step:
        counts[f"inferred:{step}"] = 1
        counts[f"inferred:{step}:n"] = len(answers)
        counts[f"inferred:{step}:top"] = sum(answer >= 4 for answer in answers)
    if feeling == "negative" and (emotion := felt(interaction)):
        counts[f"felt:{emotion}"] = 1
    return counts + _basics_counts(interaction)


def _basics_counts(interaction: Interaction) -> Counter[str]:
    """What agents asked for, and how long the first question waited for the customer."""
    spoken = [message for message in interaction.messages if message.text and not message.erased]
    if not any(message.role is Role.AGENT for message in spoken):
        return Counter()
    turns = sum(message.role is Role.CUSTOMER for message in spoken)
    counts = Counter({"agent:n": 1, "agent:long": int(turns >= LONG_TURNS)})
    wanted: set[str] = set()
    first_asked = None
    for message in spoken:
        if message.role is Role.AGENT and len(message.text) <= LETTER:
            now = asked(message.text)
            wanted |= now
            first_asked = first_asked or (message.at if now else None)
        elif message.role is Role.CUSTOMER and first_asked and not counts["basics:answered"]:
            waited_s = round((message.at - first_asked).total_seconds())
            counts["basics:answered"] = 1
            counts["basics:answer_s"] = min(waited_s, ANSWER_CAP_S)
    counts["basics:n"] = int(bool(wanted))
    counts["basics:long"] = int(bool(wanted) and turns >= LONG_TURNS)
    counts.update({f"basics:{kind}": 1 for kind in wanted})
    return counts

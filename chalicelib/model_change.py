"""Model change: what another model, or another version of the themes, sees differently.

Pure counting of two judgements of the same messages. Shares are of messages; themes are counted by
contacts, as digests count them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from chalicelib.fold import demand, sentiment, themes
from chalicelib.interaction import Enrichment, Interaction
from chalicelib.organisation import Organisation
from chalicelib.summary import UNSURE

ASPECTS = ("theme", "sentiment", "demand")
NOBODY = "unjudged"  # sentiment of a message that nothing has judged yet


class Judgement(NamedTuple):
    """What a message, or a contact, counts as."""

    theme: str
    sentiment: str
    demand: str


def judgement(interaction: Interaction, organisation: Organisation) -> Judgement:
    """As the interaction's enrichments are counted."""
    return Judgement(
        next(iter(themes(interaction, organisation)), UNSURE),
        sentiment(interaction) or NOBODY,
        demand(interaction),
    )


@dataclass
class Moves:
    """Two judgements of many messages, added up: as large as the themes are many.

    `messages` and `changed` are by language, the latter by (aspect, language); `contacts` by
    (theme before, theme after). `new` messages had no judgement before; `refused` ones have no
    new one.
    """

    messages: Counter[str] = field(default_factory=Counter)
    changed: Counter[tuple[str, str]] = field(default_factory=Counter)
    contacts: Counter[tuple[str, str]] = field(default_factory=Counter)
    sentiments: Counter[tuple[str, str]] = field(default_factory=Counter)
    new: int = 0
    refused: int = 0

    def add(
        self,
        interaction: Interaction,
        judged: Mapping[str, Enrichment | None],
        organisation: Organisation,
    ) -> None:
        """Count one contact with the new judgements of its messages; None for a refused one."""
        fresh = {key: one for key, one in judged.items() if one is not None}
        self.refused += len(judged) - len(fresh)
        for key, after in fresh.items():
            before = interaction.enrichments.get(key)
            if before is None:
                self.new += 1
                continue
            self.messages[before.language] += 1
            pair = [
                judgement(replace(interaction, enrichments={key: one}), organisation)
                for one in (before, after)
            ]
            for aspect, was, now in zip(ASPECTS, *pair, strict=True):
                self.changed[aspect, before.language] += was != now
        if fresh:
            later = replace(interaction, enrichments={**interaction.enrichments, **fresh})
            was, now = (judgement(one, organisation) for one in (interaction, later))
            self.contacts[was.theme, now.theme] += 1
            self.sentiments[was.sentiment, now.sentiment] += 1

    def share_changed(self, aspect: str, language: str = "") -> tuple[int, int]:
        """(messages that changed, messages) of one language, or of all."""
        languages = [language] if language else list(self.messages)
        changed = sum(self.changed[aspect, one] for one in languages)
        return changed, sum(self.messages[one] for one in languages)

    def by_theme(self) -> dict[str, tuple[int, int]]:
        """Theme -> contacts (before, after), the largest first."""
        before: Counter[str] = Counter()
        after: Counter[str] = Counter()
        for (was, now), n in self.contacts.items():
            before[was] += n
            after[now] += n
        names = sorted({*before, *after}, key=lambda t: (-max(before[t], after[t]), t))
        return {theme: (before[theme], after[theme]) for theme in names}

    def largest_moves(self, limit: int) -> list[tuple[str, str, int]]:
        """(theme before, theme after, contacts) of what moved, the most first."""
        moved = [(was, now, n) for (was, now), n in self.contacts.items() if was != now]
        return sorted(moved, key=lambda one: (-one[2], one[:2]))[:limit]

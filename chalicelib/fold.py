"""Fold: events -> Interaction -> contribution.

Folding is commutative and idempotent: it works on the set of events, in an order of its own, so
late, repeated and out-of-order deliveries give the same interaction and the same contribution.
Events are redacted before they come here.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from itertools import combinations
from typing import Any, TypeVar

from chalicelib.experience import experience_counts, weight
from chalicelib.interaction import (
    Enrichment,
    Event,
    EventKind,
    Interaction,
    Message,
    Rating,
    RatingKind,
    Role,
)
from chalicelib.organisation import Organisation
from chalicelib.summary import EMPTY, LONG_TURNS, SEVERAL, UNSURE, Cell, Summary, duration_bin

T = TypeVar("T")

#: Mentions that are counted in pairs: the primary theme and the next ones by score.
PAIRED_THEMES = 4

_SPEECH = (EventKind.MESSAGE, EventKind.RATING, EventKind.CALL)


def unique(events: Iterable[Event]) -> tuple[Event, ...]:
    """One event per event_id, in order of time; the order of arrival does not matter."""
    chosen: dict[str, Event] = {}
    for event in events:
        known = chosen.get(event.event_id)
        if known is None or repr(event) > repr(known):
            chosen[event.event_id] = event
    return tuple(sorted(chosen.values(), key=_order))


def _order(event: Event) -> tuple[Any, ...]:
    return (event.occurred_at, event.event_id)


def message_id(event: Event) -> str:
    """The identity of the message an event carries, inside its interaction."""
    return event.message_id or event.event_id


def fold(events: Iterable[Event], enrichments: Mapping[str, Enrichment]) -> Interaction:
    """The interaction that these events of one conversation make.

    `enrichments` are by message_id. Raises ValueError without events, or with events of
    several interactions.
    """
    ordered = unique(events)
    if len({event.interaction_key for event in ordered}) != 1:
        raise ValueError("fold() takes the events of exactly one interaction")
    erased = {event.erases for event in ordered if event.kind is EventKind.ERASURE}
    told = [event for event in ordered if event.kind is not EventKind.ERASURE] or list(ordered)
    customers = [e for e in told if e.role is Role.CUSTOMER and e.kind in _SPEECH]
    first = (customers or told)[0]
    bare = Interaction(
        source=first.source,
        interaction_id=first.interaction_id,
        channel=first.channel,
        started_at=first.occurred_at,
        last_at=told[-1].occurred_at,
        contacted=bool(customers),
        erased=None in erased,
    )
    if bare.erased:
        return bare
    messages = _messages(told, erased)
    alive = {m.message_id for m in messages if m.role is Role.CUSTOMER and not m.erased}
    return replace(
        bare,
        customer=_first(told, lambda e: e.customer),
        language=_last(told, lambda e: e.language),
        messages=messages,
        ratings=_ratings(told),
        touchpoint=_last(told, lambda e: e.touchpoint),
        tags=tuple(sorted({tag for event in told for tag in event.tags})),
        wait_s=_last(told, lambda e: e.wait_s),
        talk_s=_last(told, lambda e: e.talk_s),
        hold_s=_last(told, lambda e: e.hold_s),
        handle_time_s=_last(told, lambda e: e.handle_time_s),
        abandoned=_last(told, lambda e: e.abandoned),
        resolved=_last(told, lambda e: e.resolved),
        enrichments={key: value for key, value in sorted(enrichments.items()) if key in alive},
    )


def _last(events: Sequence[Event], part: Callable[[Event], T | None]) -> T | None:
    return _first(events[::-1], part)


def _first(events: Sequence[Event], part: Callable[[Event], T | None]) -> T | None:
    return next((value for event in events if (value := part(event)) is not None), None)


def _messages(events: Sequence[Event], erased: set[str | None]) -> tuple[Message, ...]:
    """The latest version of each message, in order of time; internal notes are nobody's voice."""
    latest: dict[str, Message] = {}
    for event in events:
        if event.text and event.kind in _SPEECH and event.role is not Role.NOTE:
            key = message_id(event)
            gone = key in erased
            at = min(event.occurred_at, latest[key].at) if key in latest else event.occurred_at
            latest[key] = Message(key, event.role, at, "" if gone else event.text, gone)
    return tuple(sorted(latest.values(), key=lambda m: (m.at, m.message_id)))


def _ratings(events: Sequence[Event]) -> tuple[Rating, ...]:
    """The latest answer to each question."""
    latest = {(r.kind, r.question): r for event in events for r in event.ratings}
    return tuple(latest[key] for key in sorted(latest))


def unjudged(interaction: Interaction) -> tuple[Message, ...]:
    """The customer's messages that no enrichment covers yet."""
    return tuple(
        message
        for message in interaction.messages
        if message.role is Role.CUSTOMER
        and message.text
        and message.message_id not in interaction.enrichments
    )


def sentiment(interaction: Interaction) -> str | None:
    """ "negative", "neutral" or "positive" of all the customer wrote; None without text.

    The mean of the messages' probabilities, weighted by the square root of their length: a
    polite 'kiitos!' at the end does not outweigh the complaint before it.
    """
    scores: dict[str, float] = defaultdict(float)
    for enrichment in interaction.enrichments.values():
        own = weight(enrichment)
        for name in ("negative", "neutral", "positive"):
            scores[name] += own * getattr(enrichment, name)
    return max(scores, key=lambda name: scores[name]) if scores else None


def themes(interaction: Interaction, organisation: Organisation) -> tuple[str, ...]:
    """Theme ids that the organisation knows, the primary one first; empty when unsure.

    A theme that has a tone takes no message of the opposite one: a complaint about the service
    resembles praise of the service more than anything else, and is not praise.
    """
    scores: dict[str, float] = defaultdict(float)
    for enrichment in interaction.enrichments.values():
        tone = "negative" if enrichment.negative > enrichment.positive else "positive"
        for theme, score in enrichment.themes:
            known = organisation.theme_by_id.get(theme)
            if known and known.tone in (None, tone):
                scores[theme] += score * weight(enrichment)
    return tuple(sorted(scores, key=lambda theme: (-scores[theme], theme)))


def demand(interaction: Interaction) -> str:
    """ "failure", "value" or UNSURE; failure demand is caused by a failure to do something or do
    something right for the customer (Seddon). Weighted as in `sentiment`.
    """
    judged = [e for e in interaction.enrichments.values() if e.p_failure is not None and e.themes]
    if not judged:
        return UNSURE
    whole = sum(map(weight, judged))
    p_failure = sum(weight(e) * (e.p_failure or 0.0) for e in judged) / whole
    return "failure" if p_failure >= 0.5 else "value"


def touchpoint(interaction: Interaction, organisation: Organisation) -> str:
    """Where on the journey: what the source said, a tag, the source's own, the theme's own."""
    known = organisation.touchpoint_by_id
    if interaction.touchpoint in known:
        return str(interaction.touchpoint)
    for place in organisation.touchpoints:
        if set(place.tags) & set(interaction.tags):
            return place.id
    config = organisation.sources.get(interaction.source)
    if config and config.touchpoint:
        return config.touchpoint
    for theme in themes(interaction, organisation)[:1]:
        return organisation.theme_by_id[theme].touchpoint or UNSURE
    return UNSURE


def contribution(interaction: Interaction, organisation: Organisation) -> Summary:
    """What one interaction adds to its local day: a Summary of one cell, or an empty one.

    An erased interaction, and one in which no customer took part, adds nothing.
    """
    if interaction.erased or not interaction.contacted:
        return EMPTY
    spoken = themes(interaction, organisation)
    cell = Cell(
        organisation.local_day(interaction.started_at),
        spoken[0] if spoken else UNSURE,
        touchpoint(interaction, organisation),
        interaction.channel.value,
        demand(interaction),
    )
    counts: Counter[str] = Counter({"contacts": 1, f"source:{interaction.source}": 1})
    counts[f"weekday:{cell.day.isoweekday()}"] = 1
    counts["solicited"] = int(interaction.channel.solicited)
    counts["abandoned"] = int(interaction.abandoned is True)
    counts["resolved"] = int(interaction.resolved is True)
    counts["unresolved"] = int(interaction.resolved is False)
    counts["linked"] = int(interaction.customer is not None)
    counts += _voice_counts(interaction, spoken, organisation)
    counts += _persona_counts(interaction, organisation)
    counts += _duration_counts(interaction)
    for rating in interaction.ratings:
        counts += _rating_counts(rating)
    counts += _joint_counts(interaction)
    return Summary({cell: {name: n for name, n in sorted(counts.items()) if n}})


def _voice_counts(
    interaction: Interaction, spoken: Sequence[str], organisation: Organisation
) -> Counter[str]:
    feeling = sentiment(interaction)
    if feeling is None:
        return Counter()
    counts: Counter[str] = Counter({feeling: 1})
    counts[f"taxonomy:{organisation.taxonomy['hash'][:8]}"] = 1
    counts[f"model:{read_by(interaction)}"] = 1
    counts[f"language:{language(interaction)}"] = 1
    counts += _turn_counts(interaction)
    # A text that seems to be about everything is about nothing: few pairs are kept.
    for pair in combinations(sorted(spoken[:PAIRED_THEMES]), 2):
        counts["pair:" + "|".join(pair)] = 1
    for theme in spoken:
        counts[f"mention:{theme}"] = 1
        if feeling != "neutral":
            counts[f"mention_{feeling}:{theme}"] = 1
    return counts


def read_by(interaction: Interaction) -> str:
    """Eight characters that tell the model that judged all of it; SEVERAL where several did."""
    models = {enrichment.model for enrichment in interaction.enrichments.values()}
    return _short(models.pop()) if len(models) == 1 else SEVERAL


@cache
def _short(model: str) -> str:
    return hashlib.sha256(model.encode()).hexdigest()[:8]


def _turn_counts(interaction: Interaction) -> Counter[str]:
    turns = sum(m.role is Role.CUSTOMER and not m.erased for m in interaction.messages)
    return Counter({"turns:n": 1, "turns:sum": turns, "turns:long": int(turns >= LONG_TURNS)})


def _persona_counts(interaction: Interaction, organisation: Organisation) -> Counter[str]:
    counts: Counter[str] = Counter()
    feeling = sentiment(interaction)
    for persona in organisation.personas:
        if set(persona.tags) & set(interaction.tags):
            counts[f"persona:{persona.id}"] = 1
            counts[f"persona_heard:{persona.id}"] = int(feeling is not None)
            counts[f"persona_negative:{persona.id}"] = int(feeling == "negative")
    return counts


def _joint_counts(interaction: Interaction) -> Counter[str]:
    """What was said, waited or gone through, together with what was answered."""
    counts: Counter[str] = Counter()
    answers = [r for r in interaction.ratings if r.kind not in (RatingKind.NPS, RatingKind.CES)]
    scores = [_csat_score(rating) for rating in answers]
    feeling = sentiment(interaction)
    if feeling:
        resolution = {True: "yes", False: "no", None: "unknown"}[interaction.resolved]
        counts[f"heard:{feeling}:{resolution}"] = 1
        counts[f"rated:{feeling}:{resolution}:n"] = len(scores)
        counts[f"rated:{feeling}:{resolution}:top"] = sum(score >= 4 for score in scores)
    if interaction.wait_s is not None:
        waited = f"wait:csat:{duration_bin(interaction.wait_s)}"
        counts[f"{waited}:n"] = len(scores)
        counts[f"{waited}:sum"] = sum(scores)
        counts[f"{waited}:sumsq"] = sum(score * score for score in scores)
    return counts + experience_counts(interaction, feeling, scores)


def language(interaction: Interaction) -> str:
    """What the vendor said, or the language of most of the customer's text, or 'und'."""
    if interaction.language:
        return interaction.language.lower().replace("_", "-").partition("-")[0]
    weights: Counter[str] = Counter()
    for enrichment in interaction.enrichments.values():
        weights[enrichment.language] += max(1, enrichment.characters)
    return max(sorted(weights), key=lambda code: weights[code]) if weights else "und"


def _duration_counts(interaction: Interaction) -> Counter[str]:
    counts: Counter[str] = Counter()
    if interaction.wait_s is not None:
        counts["wait:n"] = 1
        counts["wait:sum_s"] = round(interaction.wait_s)
        counts[f"wait:bin:{duration_bin(interaction.wait_s)}"] = 1
        counts[f"wait:gone:{duration_bin(interaction.wait_s)}"] = int(interaction.abandoned is True)
    if interaction.handle_time_s is not None:
        counts["handle:n"] = 1
        counts["handle:sum_s"] = round(interaction.handle_time_s)
        counts["handle:sumsq_s"] = round(interaction.handle_time_s) ** 2
    return counts


def _rating_counts(rating: Rating) -> Counter[str]:
    """The measures of one answer, on the scale that its measure is defined on."""
    if rating.kind is RatingKind.NPS:
        score = round(rating.normalised * 10)
        group = "promoter" if score >= 9 else "passive" if score >= 7 else "detractor"
        return Counter({f"nps:{group}": 1})
    if rating.kind is RatingKind.CES:
        score = round(1 + rating.normalised * 6)
        return _answer_counts("ces", score, "easy", int(score >= 5))
    score = _csat_score(rating)
    return _answer_counts("csat", score, "top", int(score >= 4))


def _csat_score(rating: Rating) -> int:
    """A satisfaction on the scale 1-5, whatever scale it was given on."""
    return round(1 + rating.normalised * 4)


def _answer_counts(question: str, score: int, good_name: str, good: int) -> Counter[str]:
    return Counter(
        {
            f"{question}:n": 1,
            f"{question}:sum": score,
            f"{question}:sumsq": score * score,
            f"{question}:{good_name}": good,
        }
    )


def iso_week(day: date) -> str:
    """The ISO 8601 week of a day, such as '2026-W47'."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def sample_of(interaction: Interaction, organisation: Organisation) -> str | None:
    """The week's part that an interaction belongs to: 'week#theme#sentiment'.

    The primary theme or UNSURE; the sentiment or 'none' where nothing was written. None where
    there is nobody to count.
    """
    if interaction.erased or not interaction.contacted:
        return None
    day = organisation.local_day(interaction.started_at)
    theme = next(iter(themes(interaction, organisation)), UNSURE)
    return part_of(iso_week(day), theme, sentiment(interaction))


def part_of(week: str, theme: str, feeling: str | None) -> str:
    """The name of a part of a week, such as '2026-W47#late#negative'."""
    return f"{week}#{theme}#{feeling or 'none'}"

"""Hypothesis strategies for events of one interaction, and a plain builder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from chalicelib.interaction import Channel, Enrichment, Event, EventKind, Rating, Role

START = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)


def event(event_id: str = "e1", **changes: Any) -> Event:
    """A customer's chat message; name what differs."""
    facts: dict[str, Any] = {
        "source": "shop",
        "event_id": event_id,
        "interaction_id": "i1",
        "kind": EventKind.MESSAGE,
        "occurred_at": START,
        "channel": Channel.CHAT,
        "text": "Toimitus on myöhässä",
    }
    return Event(**{**facts, **changes})


def enrichment(**changes: Any) -> Enrichment:
    """A negative Finnish message about a late delivery; name what differs."""
    facts: dict[str, Any] = {
        "model": "twin-1",
        "taxonomy": "t",
        "language": "fi",
        "negative": 0.8,
        "neutral": 0.1,
        "positive": 0.1,
        "themes": (("late", 0.9),),
        "p_failure": 0.9,
        "characters": 20,
    }
    return Enrichment(**{**facts, **changes})


_times = st.integers(0, 3 * 86_400).map(lambda s: START + timedelta(seconds=s))
_seconds = st.none() | st.integers(0, 20_000).map(float)
_ratings = st.lists(
    st.one_of(
        st.integers(0, 10).map(Rating.nps),
        st.integers(1, 5).map(Rating.csat),
        st.integers(1, 7).map(lambda v: Rating.ces(v, "q2")),
    ),
    max_size=2,
).map(tuple)

messages_ids = st.sampled_from(["", "m1", "m2", "m3"])

an_event = st.builds(
    Event,
    source=st.just("shop"),
    event_id=st.integers(1, 12).map(lambda n: f"e{n}"),
    interaction_id=st.just("i1"),
    kind=st.sampled_from([k for k in EventKind if k is not EventKind.ERASURE]),
    occurred_at=_times,
    channel=st.sampled_from(Channel),
    role=st.sampled_from(Role),
    text=st.sampled_from(["", "Toimitus on myöhässä", "kiitos", "lasku on väärin"]),
    message_id=messages_ids,
    customer=st.sampled_from([None, "c_1", "c_2"]),
    ratings=_ratings,
    touchpoint=st.sampled_from([None, "delivery", "nowhere"]),
    tags=st.lists(st.sampled_from(["toimitus", "fi"]), max_size=2).map(tuple),
    wait_s=_seconds,
    handle_time_s=_seconds,
    abandoned=st.sampled_from([None, True, False]),
    resolved=st.sampled_from([None, True, False]),
)

an_erasure = st.builds(
    Event,
    source=st.just("shop"),
    event_id=st.integers(20, 22).map(lambda n: f"e{n}"),
    interaction_id=st.just("i1"),
    kind=st.just(EventKind.ERASURE),
    occurred_at=_times,
    channel=st.just(Channel.CHAT),
    role=st.just(Role.SYSTEM),
    erases=st.sampled_from([None, "m1", "m2"]),
)

#: Events of one interaction, with duplicates and rare erasures among them.
conversations = st.lists(
    st.one_of(an_event, an_event, an_event, an_erasure), min_size=1, max_size=9
)

"""What every event must be, whatever the vendor sent: acceptable to DynamoDB, JSON and UTF-8."""

from __future__ import annotations

import json
import math
from datetime import timedelta

from chalicelib.connectors.base import EARLIEST, LATEST
from chalicelib.connectors.parts.record import MAX_TAGS, MAX_TEXT
from chalicelib.interaction import Channel, Event, EventKind, Rating, Role
from tests.connectors.recordings import as_json


def assert_valid(event: Event) -> None:
    """Assert everything that the tables and the fold rely on."""
    told = json.dumps(as_json(event), ensure_ascii=False, allow_nan=False)
    told.encode("utf-8")  # no half of a surrogate pair
    assert "\\u0000" not in told
    assert len(told.encode()) < 100_000
    assert 1 <= len(event.event_id.encode()) <= 900
    assert 1 <= len(event.interaction_id.encode()) <= 1024
    assert event.occurred_at.utcoffset() == timedelta(0)
    assert EARLIEST <= event.occurred_at <= LATEST
    assert isinstance(event.kind, EventKind)
    assert isinstance(event.channel, Channel)
    assert isinstance(event.role, Role)
    assert len(event.text) <= MAX_TEXT
    assert len(event.tags) <= MAX_TAGS
    assert all(isinstance(rating, Rating) for rating in event.ratings)
    for seconds in (event.wait_s, event.talk_s, event.hold_s, event.handle_time_s):
        assert seconds is None or (math.isfinite(seconds) and seconds >= 0)
    if event.kind is EventKind.ERASURE:
        assert not event.text
        assert event.customer is None

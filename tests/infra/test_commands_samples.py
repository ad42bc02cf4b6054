"""Samples: every recording can be sent as if it happened now, and counts as a new message."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Proof, Request, Source
from chalicelib.errors import HubError
from chalicelib.interaction import Event
from chalicelib.organisation import read
from chalicelib.pipeline.receive import as_source
from infra.commands import recorded
from infra.commands.recorded import Sample
from infra.paths import ORGANISATION

NOW = datetime(2027, 3, 2, 9, 30, tzinfo=UTC)
URL = "https://hub.example/webhooks/any"
RECEIVING = [name for name in CONNECTORS if CONNECTORS[name].proof is not Proof.IMPORT]
#: A few cannot be made new: an id that is a hash of the whole body, a time that is written
#: "2.11.2026 klo 10.41", a mail inside base64. Sent again, they are duplicates.
ALLOWED_TO_REPEAT = 0.02


def events(sample: Sample, request: Request, at: datetime) -> Sequence[Event]:
    connector = CONNECTORS[sample.source.connector]
    try:
        return connector.events(request, sample.source, at)
    except HubError:
        return ()


@pytest.mark.parametrize("name", RECEIVING)
def test_a_fresh_sample_says_the_same(name: str) -> None:
    for sample in recorded.samples(name):
        before = events(sample, sample.request, sample.at)
        after = events(sample, recorded.fresh(sample, URL, NOW, seed=1), NOW)
        assert [(e.kind, e.role, e.text, e.ratings) for e in after] == [
            (e.kind, e.role, e.text, e.ratings) for e in before
        ], sample.event


def test_fresh_samples_happen_now() -> None:
    total, stale = 0, []
    for sample in (sample for name in RECEIVING for sample in recorded.samples(name)):
        before = [event.occurred_at for event in events(sample, sample.request, sample.at)]
        fresh = recorded.fresh(sample, URL, NOW, seed=1)
        after = [event.occurred_at for event in events(sample, fresh, NOW)]
        if not before or max(before) < sample.at - timedelta(days=30):
            continue
        total += 1
        if not NOW - timedelta(days=31) < max(after) < NOW + timedelta(days=3):
            stale.append(f"{sample.source.connector}/{sample.event}")
    assert total > 100
    assert len(stale) <= ALLOWED_TO_REPEAT * total, stale


def test_fresh_samples_are_new_messages_each_time() -> None:
    total, repeated = 0, []
    for name in RECEIVING:
        for sample in recorded.samples(name):
            ids = [
                {event.event_id for event in events(sample, request, NOW)}
                for request in (
                    sample.request,
                    recorded.fresh(sample, URL, NOW, seed=1),
                    recorded.fresh(sample, URL, NOW + timedelta(seconds=1), seed=2),
                )
            ]
            if not ids[0]:
                continue
            total += 1
            if ids[0] & ids[1] or ids[1] & ids[2]:
                repeated.append(f"{name}/{sample.event}")
    assert total > 100
    assert len(repeated) <= ALLOWED_TO_REPEAT * total, repeated


@pytest.mark.parametrize("name", RECEIVING)
def test_a_fresh_sample_can_be_signed(name: str) -> None:
    connector = CONNECTORS[name]
    sample = next(recorded.samples(name))
    secret = connector.new_secret()
    request = connector.sign(recorded.fresh(sample, URL, NOW, seed=1), secret, NOW)
    assert request.url.startswith(URL)
    connector.verify(request, [secret], NOW)


def test_a_mapping_of_ones_own_gets_a_sample_of_its_own() -> None:
    organisation = read(ORGANISATION.read_text(encoding="utf-8"))
    source = as_source("shop-feedback", organisation.sources["shop-feedback"])
    made = recorded.from_mapping(source, URL, NOW, seed=1)
    assert made is not None
    body = json.loads(made.body)
    assert body["type"] == "feedback.created"  # what its `only` asks for
    (event,) = CONNECTORS["standard"].events(made, source, NOW)
    assert event.occurred_at == NOW
    assert event.text == body["data"]["comment"]
    assert [rating.value for rating in event.ratings] == [4]


def test_a_source_without_a_mapping_has_none() -> None:
    assert recorded.from_mapping(Source("chat", "intercom"), URL, NOW) is None

"""A hub that stops and starts: nothing is lost, nothing is counted twice."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from infra.commands import samples
from infra.commands.demo import digest_moments
from infra.local.hub import STATE_FILE, LocalHub
from infra.local.state import StateUnusable
from tests.infra.vendors import next_monday, post, signed, text

DRAIN_S = 60


def test_stopping_and_starting_keeps_everything(model_url: str, tmp_path: Path) -> None:
    with LocalHub(text(), state=tmp_path, model_url=model_url) as hub:
        assert post(signed(hub, "chat")) == 200
        hub.drain(DRAIN_S)
        secrets = {
            source: hub.secret(source) for source in samples.webhook_sources(hub.organisation)
        }
        hub.run_schedule("send_digests", at=digest_moments(hub.organisation, next_monday())[0])
        mails = hub.mails()
    assert not (tmp_path / "environment.json").exists()
    with LocalHub(text(), state=tmp_path, model_url=model_url) as hub:
        assert hub.count("INTERACTIONS_TABLE") == 1
        assert {source: hub.secret(source) for source in secrets} == secrets
        assert hub.mails() == mails
        assert mails
        assert post(signed(hub, "chat")) == 200  # the same delivery again
        assert hub.metrics().total("deliveries", outcome="duplicate") == 1
        hub.run_schedule("send_digests", at=digest_moments(hub.organisation, next_monday())[0])
        assert hub.mails() == mails  # the ledger remembers them


def test_what_was_queued_when_it_stopped_is_understood_after(
    model_url: str, tmp_path: Path
) -> None:
    with LocalHub(text(), state=tmp_path, model_url="http://127.0.0.1:9") as hub:  # no model there
        assert post(signed(hub, "email")) == 200
    with LocalHub(text(), state=tmp_path, model_url=model_url) as hub:
        hub.drain(DRAIN_S)
        assert hub.count("INTERACTIONS_TABLE") == 1
        assert hub.metrics().total("events_understood") == 1


def test_a_torn_state_is_refused_with_a_remedy(model_url: str, tmp_path: Path) -> None:
    with gzip.open(tmp_path / STATE_FILE, "wt") as file:
        file.write('{"oivallus":1}\n{"parts":3}\n')
    with pytest.raises(StateUnusable, match="move it away to start empty"):
        LocalHub(text(), state=tmp_path, model_url=model_url).__enter__()

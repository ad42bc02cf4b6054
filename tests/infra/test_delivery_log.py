"""The twin of the webhooks' log group: bounded, read by pages, and kept between runs."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.deliveries import Deliveries
from chalicelib.adapters.settings import Settings
from chalicelib.connectors.base import Outcome
from chalicelib.deliveries import delivery_id
from chalicelib.errors import Misconfigured
from infra.local import delivery_log
from infra.local.delivery_log import DeliveryLog
from infra.local.hub import LocalHub
from tests.conftest import NOW
from tests.infra.vendors import text

GROUP = "/aws/lambda/test-APIHandler"


def line(seconds: float, **facts: Any) -> dict[str, Any]:
    return {
        "message": "delivery",
        "id": delivery_id(NOW + timedelta(seconds=seconds)),
        "source": "shop",
        "outcome": "accepted",
        "status": 200,
        **facts,
    }


@pytest.fixture
def log(aws: Settings) -> DeliveryLog:
    return DeliveryLog(GROUP, aws.region)


def test_more_lines_than_a_page_holds_are_read(log: DeliveryLog) -> None:
    for second in range(10_050):
        log.take(line(second))
    found = list(Deliveries(GROUP).between(NOW, NOW + timedelta(days=1)))
    assert len({delivery.id for delivery in found}) == 10_050


def test_what_is_asked_for_is_found_and_nothing_else(log: DeliveryLog) -> None:
    wanted = line(2, outcome="rejected")
    for one in (line(1), wanted, line(3, source="chat", outcome="rejected"), line(4)):
        log.take(one)
    log.take({"message": "digest sent"})
    deliveries = Deliveries(GROUP)
    until = NOW + timedelta(minutes=1)
    (found,) = deliveries.between(NOW, until, "shop", [Outcome.REJECTED])
    assert found.id == wanted["id"]
    at = found.at
    assert len(list(deliveries.between(at, at + timedelta(microseconds=1)))) == 1
    assert [d.id for d in deliveries.between(NOW, at)] != [found.id]
    assert deliveries.find(found.id) == deliveries.find(found.id[:13]) == found
    assert deliveries.find(delivery_id(NOW + timedelta(hours=1))) is None


def test_a_hub_without_the_variable_is_told() -> None:
    with pytest.raises(Misconfigured, match="DELIVERY_LOG"):
        next(Deliveries().between(NOW, NOW))


def test_the_oldest_lines_go(log: DeliveryLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery_log, "KEPT", 20)
    for second in range(100):
        log.take(line(second))
    kept = list(Deliveries(GROUP).between(NOW, NOW + timedelta(hours=1)))
    assert 20 <= len(kept) <= 22
    assert max(delivery.at for delivery in kept) == NOW + timedelta(seconds=99)


def test_lines_are_kept_between_runs(model_url: str, tmp_path: Path) -> None:
    told = line(1)
    with LocalHub(text(), state=tmp_path, model_url=model_url) as hub:
        hub.cloudwatch.listeners[0](told)
    with LocalHub(text(), state=tmp_path, model_url=model_url) as hub:
        found = hub.world.deliveries.find(told["id"])
        assert found is not None
        assert found.outcome is Outcome.ACCEPTED

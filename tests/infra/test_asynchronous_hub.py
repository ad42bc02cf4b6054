"""The whole way with an endpoint that scales to zero: webhook, question, answer, counts."""

from __future__ import annotations

from datetime import date

from chalicelib.adapters.clients import client
from infra.commands import samples
from infra.local.hub import LocalHub
from tests.infra import permissions
from tests.infra.test_hub import DRAIN_S
from tests.infra.vendors import post, signed, text


def test_what_is_asked_later_is_counted_like_what_is_asked_at_once(model_url: str) -> None:
    counted = []
    for asynchronous in (False, True):
        with (
            LocalHub(text(), model_url=model_url, asynchronous=asynchronous) as hub,
            permissions.watched() as calls,
        ):
            for source in samples.webhook_sources(hub.organisation):
                assert post(signed(hub, source)) // 100 == 2
            hub.drain(DRAIN_S)
            hub.run_schedule("ask_again")
            assert permissions.refused(hub, calls) == []
            counted.append(hub.world.summaries.read(date(2020, 1, 6), date(2030, 1, 6)).totals())
            left = client("s3").list_objects_v2(Bucket=hub.stack.bucket).get("Contents", [])
            assert [item["Key"] for item in left if not item["Key"].startswith("raw/")] == []
    # The last hub's: each function that an asynchronous endpoint needs did its part.
    assert {call.function for call in calls} >= {"APIHandler", "Understand", "Judge", "AskAgain"}
    at_once, later = counted
    assert at_once == later
    assert any(name.startswith("mention:") for name in later)

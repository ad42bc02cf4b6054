"""The whole way with an endpoint that scales to zero: webhook, question, answer, counts."""

from __future__ import annotations

import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from chalicelib import enrich, privacy
from chalicelib.adapters.clients import client
from chalicelib.adapters.codec import State
from chalicelib.adapters.world import World
from chalicelib.fold import fold, unjudged
from chalicelib.interaction import Event
from chalicelib.pipeline.rebuild import recount
from chalicelib.pipeline.understand import merge, refold
from chalicelib.summary import Summary, total
from infra.commands import samples
from infra.local.hub import LocalHub
from tests.infra import permissions
from tests.infra.test_hub import DRAIN_S
from tests.infra.vendors import post, signed, text


def test_what_is_asked_later_is_counted_like_what_is_asked_at_once(model_url: str) -> None:
    with (
        LocalHub(text(), model_url=model_url, asynchronous=True) as hub,
        permissions.watched() as calls,
    ):
        for source in samples.webhook_sources(hub.organisation):
            assert post(signed(hub, source)) // 100 == 2
        hub.drain(DRAIN_S)
        hub.run_schedule("ask_again")
        assert permissions.refused(hub, calls) == []
        at_once = asked_at_once(hub.world, model_url)
        assert any(name.startswith("mention:") for name in at_once.totals())
        days = [cell.day for cell in at_once.cells]
        assert hub.world.summaries.read(min(days), max(days)) == at_once
        assert recount(hub.world) == at_once  # nothing was counted on another day
        left = client("s3").list_objects_v2(Bucket=hub.stack.bucket).get("Contents", [])
        assert [item["Key"] for item in left if not item["Key"].startswith("raw/")] == []
    # Each function that an asynchronous endpoint needs did its part.
    assert {call.function for call in calls} >= {"APIHandler", "Understand", "Judge", "AskAgain"}


def asked_at_once(world: World, model_url: str) -> Summary:
    """The counts of the received events, each interaction judged by the server itself."""
    return total(_judged(world, model_url))


def _judged(world: World, model_url: str) -> Iterator[Summary]:
    organisation, key = world.organisation(), world.secrets.key("pseudonym-key")
    events: dict[str, list[Event]] = defaultdict(list)
    for of, (event, _) in world.log.arrivals(list(world.log.all_keys())).items():
        events[of.interaction].append(privacy.redacted_event(event, organisation.redact, key))
    for interaction, its in events.items():
        state = merge(State(interaction), its)
        messages = unjudged(fold(state.events, {}))
        texts = [message.text for message in messages]
        asked = urllib.request.Request(
            f"{model_url}/invocations",
            enrich.request(texts, organisation),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(asked, timeout=30) as reply:
            found = enrich.read(reply.read(), texts)
        judged = {one.message_id: of for one, of in zip(messages, found, strict=True)}
        after = refold(organisation, State(interaction), replace(state, enrichments=judged)).after
        yield after.contribution

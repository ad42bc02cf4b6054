"""The whole way with endpoints that scale to zero: webhook, question, answer, counts; and a call's
recording, its turns, and their counts.
"""

from __future__ import annotations

import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from chalicelib import enrich, privacy
from chalicelib.adapters.clients import client
from chalicelib.adapters.codec import State
from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Request
from chalicelib.fold import fold, unjudged
from chalicelib.interaction import Event, Role
from chalicelib.pipeline.rebuild import recount
from chalicelib.pipeline.understand import merge, refold
from chalicelib.summary import Summary, total
from infra.commands import samples
from infra.local.hub import REGION, LocalHub
from infra.local.stand_in_speech import SAID
from tests.connectors.recordings import FIXTURES, load
from tests.infra import permissions
from tests.infra.test_hub import DRAIN_S
from tests.infra.vendors import post, signed, text

RECORDING = load(FIXTURES / "connect" / "recording.http")
BUCKET = "havuvakka-connect"
#: A source whose calls are recorded, into a bucket of the company's own.
CALLS = """
  calls:
    connector: connect
    recordings: true
"""


def call_recorded(hub: LocalHub) -> Request:
    """The delivery that says where a recording lies, and the recording there."""
    where = {"LocationConstraint": REGION}
    client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    (event,) = CONNECTORS["connect"].events(
        RECORDING.request, replace(RECORDING.source, recordings=True), RECORDING.at
    )
    key = event.recording.removeprefix(f"s3://{BUCKET}/")
    client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"RIFF\0\0\0\0WAVE" + bytes(800))
    headers = {"content-type": "application/json"}
    unsigned = Request("POST", f"{hub.url}/webhooks/calls", headers, RECORDING.request.body)
    return CONNECTORS["connect"].sign(unsigned, hub.secret("calls"), datetime.now(UTC))


def said(hub: LocalHub) -> list[tuple[Role, str]]:
    """Whose words the recorded call holds."""
    (key,) = [key for key in hub.world.interactions.all_keys() if key.startswith("calls#")]
    events = hub.world.interactions.read([key])[key].events
    return [(event.role, event.text) for event in events if event.text]


def test_what_is_asked_later_is_counted_like_what_is_asked_at_once(model_url: str) -> None:
    listening = text().replace("\nsources:\n", f"\nsources:{CALLS}", 1)
    with (
        LocalHub(listening, model_url=model_url, listens=True) as hub,
        permissions.watched() as calls,
    ):
        sources = [name for name in samples.webhook_sources(hub.organisation) if name != "calls"]
        for request in [*(signed(hub, source) for source in sources), call_recorded(hub)]:
            assert post(request) // 100 == 2
        hub.drain(DRAIN_S)
        hub.run_schedule("ask_again")
        assert permissions.refused(hub, calls) == []
        assert said(hub) == list(zip((Role.AGENT, Role.CUSTOMER), SAID["fi"], strict=True))
        at_once = asked_at_once(hub.world, model_url)
        assert any(name.startswith("mention:") for name in at_once.totals())
        days = [cell.day for cell in at_once.cells]
        assert hub.world.summaries.read(min(days), max(days)) == at_once
        assert recount(hub.world) == at_once  # nothing was counted on another day
        left = client("s3").list_objects_v2(Bucket=hub.stack.bucket).get("Contents", [])
        assert [item["Key"] for item in left if not item["Key"].startswith("raw/")] == []
    # Each function that an asynchronous endpoint needs did its part.
    functions = {"APIHandler", "Understand", "Judge", "AskAgain", "Transcribe"}
    assert {call.function for call in calls} >= functions


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

"""The commands on a hub: what an integrator sees of deliveries, and what running again does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from chalicelib.adapters.clients import client
from chalicelib.adapters.deliveries import Deliveries
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.queue import FetchQueue
from chalicelib.adapters.settings import Settings
from chalicelib.adapters.telemetry import count
from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS
from chalicelib.deliveries import ID_HEADER
from chalicelib.pipeline import backfill, register
from chalicelib.pipeline.backfill import Progress
from chalicelib.pipeline.receive import receive
from chalicelib.pipeline.register import Registered
from chalicelib.pipeline.understand import understand
from infra import hub
from infra.commands import dead_letters, worlds
from infra.commands.worlds import Hub, Where
from infra.local.delivery_log import DeliveryLog
from tests.conftest import NOW, SECRET
from tests.pipeline.test_receive import MESSAGE, UNKNOWN, _queued
from tests.pipeline.test_receive import signed as signed_now

LOG = "/aws/lambda/test-APIHandler"
WRONG = "whsec_" + "B" * 32
run = CliRunner()


@dataclass
class Place:
    """A hub that commands find, with a vendor that delivers to it."""

    hub: Hub
    log: DeliveryLog
    capsys: pytest.CaptureFixture[str]

    def deliver(self, message: Mapping[str, Any], secret: str = SECRET, minutes: float = 0) -> str:
        """Deliver a message some minutes after NOW; the delivery's id."""
        now = NOW + timedelta(minutes=minutes)
        world = replace(self.hub.world, clock=lambda: now, count=count)
        request = CONNECTORS["standard"].sign(signed_now(dict(message), secret), secret, now)
        reply = receive(world, "shop", request)
        for line in self.capsys.readouterr().out.splitlines():
            self.log.take(json.loads(line))
        return reply.headers[ID_HEADER]

    def understood(self) -> None:
        keys = [EventKey(*key) for key in _queued(self.hub.world)]
        assert understand(self.hub.world, keys) == frozenset()


@pytest.fixture
def place(
    world: World,
    aws: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Place:
    sqs = client("sqs")
    for name in ("events", "events-dead", "fetch", "fetch-dead", "failed-calls"):
        sqs.create_queue(QueueName=f"stack-{name}")
    base = aws.events_queue_url.rpartition("/")[0]
    settings = replace(
        aws,
        stage="dev",
        events_queue_url=f"{base}/stack-events",
        fetch_queue_url=f"{base}/stack-fetch",
        delivery_log=LOG,
    )
    log = DeliveryLog(LOG, aws.region)
    now = NOW + timedelta(hours=1)
    seen = replace(
        world,
        clock=lambda: now,
        deliveries=Deliveries(LOG),
        queue=replace(world.queue, url=settings.events_queue_url),
        fetch_queue=FetchQueue(settings.fetch_queue_url, f"{base}/stack-fetch-dead"),
        public_url="https://hub.esimerkki.example",
    )
    found = Hub(Where(), seen, settings)
    monkeypatch.setattr(worlds, "connect", lambda where: found)
    return Place(found, log, capsys)


def call(*arguments: str, **options: Any) -> Result:
    return run.invoke(hub.app, list(arguments), terminal_width=200, **options)


def told(*arguments: str) -> Any:
    """What a command prints as JSON; it must have been done."""
    done = call(*arguments, "--json")
    assert done.exit_code in (hub.OK, hub.FAULTS), done.output
    return json.loads(done.stdout)


def test_deliveries_are_listed_and_filtered(place: Place) -> None:
    first = place.deliver(MESSAGE)
    again = place.deliver(MESSAGE, minutes=1)
    forged = place.deliver(MESSAGE, WRONG, minutes=2)
    listed = told("deliveries")
    assert [one["id"] for one in listed] == [first, again, forged]
    assert [one["outcome"] for one in listed] == ["accepted", "duplicate", "rejected"]
    assert [o["id"] for o in told("deliveries", "--outcome", "rejected")] == [forged]
    two = told("deliveries", "--outcome", "rejected", "--outcome", "duplicate")
    assert [o["id"] for o in two] == [again, forged]
    assert [o["id"] for o in told("deliveries", "--limit", "1")] == [forged]
    assert [o["id"] for o in told("deliveries", "--until", "2026-11-18T14:01")] == [first]
    assert told("deliveries", "--since", "30m") == []
    shown = call("deliveries").output
    assert first in shown
    assert "does not fit" in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ["deliveries", "--since", "yesterday"],
        ["deliveries", "--outcome", "lost"],
        ["show", "zendesk"],
        ["replay", "nobody"],
        ["dead", "show", "nothing"],
        ["dead", "discard", "events-dead"],
        ["backfill", "shop", "--since", "2026-11-20", "--until", "2026-11-19"],
        ["sample", "shop", "nothing"],
    ],
)
def test_wrong_usage_is_told(place: Place, arguments: list[str]) -> None:
    assert call(*arguments).exit_code == hub.USAGE


def test_an_unknown_source_is_told_with_those_that_are(place: Place) -> None:
    done = call("deliveries", "--source", "fax")
    assert done.exit_code == hub.FAULTS
    assert "no source 'fax'; it has shop" in done.output


def test_tail_follows_what_comes(place: Place) -> None:
    first, second = place.deliver(MESSAGE), place.deliver(UNKNOWN, minutes=1)
    done = call("tail", "--since", "2h", "--count", "2", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["id"] for line in lines] == [first, second]
    only = call("tail", "--since", "2h", "--count", "1", "--outcome", "unreadable", "--json")
    assert json.loads(only.stdout)["id"] == second


def test_show_tells_shape_and_no_words(place: Place) -> None:
    delivery = place.deliver(MESSAGE)
    done = call("show", delivery)
    assert done.exit_code == hub.OK
    assert "$.text: text of 20" in done.output
    assert "role customer" in done.output
    for words in (MESSAGE["text"], MESSAGE["customer"], SECRET):
        assert str(words) not in done.output
        assert str(words) not in call("show", delivery, "--json").output
    asked = call("show", delivery, "--text").output
    assert str(MESSAGE["text"]) in asked


@pytest.mark.parametrize(
    ("secret", "minutes", "why"),
    [
        pytest.param(WRONG, 0, "nothing of a refused delivery is", id="refused"),
        pytest.param(SECRET, 1, "came in an earlier delivery", id="duplicate"),
    ],
)
def test_show_says_why_nothing_is_kept(place: Place, secret: str, minutes: float, why: str) -> None:
    if minutes:
        place.deliver(MESSAGE)
    assert why in call("show", place.deliver(MESSAGE, secret, minutes)).output


def test_show_finds_what_was_stored_when_the_line_has_expired(place: Place) -> None:
    delivery = place.deliver(MESSAGE)
    place.log._stream.events.clear()
    done = call("show", delivery)
    assert done.exit_code == hub.OK
    assert "has expired" in done.output
    assert "event: " in done.output
    assert call("show", "0" * 16).exit_code == hub.FAULTS


def test_sources_tell_how_each_is_doing(place: Place) -> None:
    place.deliver(MESSAGE)
    (shop,) = told("sources")
    assert shop["counts_24h"] == {"accepted": 1}
    assert shop["wrong"] == []
    assert shop["secret_age"].endswith("ago")
    assert call("sources").exit_code == hub.OK
    for minute in range(1, 6):
        place.deliver(MESSAGE, WRONG, minute)
    done = call("sources")
    assert done.exit_code == hub.FAULTS
    assert "5 deliveries refused since" in done.output
    assert SECRET not in done.output


def test_replay_by_id_by_time_and_dry(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    fine, odd = place.deliver(MESSAGE), place.deliver(UNKNOWN, minutes=1)
    place.understood()
    assert call("replay").exit_code == hub.FAULTS  # the odd one still cannot be read
    (still,) = told("replay", "shop")
    assert (still["outcome"], still["id"]) == ("unreadable", odd[:13])
    (again,) = told("replay", fine)
    assert (again["outcome"], again["new"]) == ("duplicate", 0)
    (by_time,) = told("replay", "--outcome", "accepted", "--since", "2h")
    assert by_time["id"] == fine[:13]
    connector = CONNECTORS["standard"]

    def mended(request: Any, source: Any, at: Any) -> Any:
        body = request.body.replace(b"not a time", b"2026-11-18T11:00:00Z")
        return connector.events(replace(request, body=body), source, at)

    monkeypatch.setattr(
        "chalicelib.pipeline.replay.CONNECTORS", {"standard": replace(connector, events=mended)}
    )
    (would,) = told("replay", odd, "--dry-run")
    assert (would["outcome"], would["new"]) == ("accepted", 1)
    (became,) = told("replay", odd)
    assert (became["outcome"], became["new"]) == ("accepted", 1)
    assert told("replay") == []


def test_nothing_of_a_refused_delivery_can_be_replayed(place: Place) -> None:
    forged = place.deliver(MESSAGE, WRONG)
    done = call("replay", forged)
    assert done.exit_code == hub.FAULTS
    assert f"hub show {forged}" in done.output


def test_renormalize_tells_first_and_writes_when_asked(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = place.deliver(MESSAGE)
    place.understood()
    assert told("renormalize")["differences"] == []
    connector = CONNECTORS["standard"]

    def mended(request: Any, source: Any, at: Any) -> Any:
        return [replace(e, text="Lasku on väärin") for e in connector.events(request, source, at)]

    monkeypatch.setattr(
        "chalicelib.pipeline.replay.CONNECTORS", {"standard": replace(connector, events=mended)}
    )
    report = told("renormalize", "shop")
    assert report["written"] == 0
    (one,) = report["differences"]
    assert one["id"] == delivery[:13]
    assert one["changes"] == ["changed: ev-1: text (20 -> 15 characters)"]
    assert "Lasku" in call("renormalize", "--text").output
    assert told("renormalize", "--apply")["written"] == 1
    place.understood()
    assert told("renormalize")["differences"] == []
    state = place.hub.world.interactions.read(["shop#c-1"])["shop#c-1"]
    assert state.events[0].text == "Lasku on väärin"


# -- dead letters ----------------------------------------------------------------------------


def bury(place: Place, queue: str, body: object, reason: str = "") -> str:
    url = f"{place.hub.settings.events_queue_url.rpartition('/')[0]}/stack-{queue}"
    attributes = {"reason": {"StringValue": reason, "DataType": "String"}} if reason else {}
    sent = client("sqs").send_message(
        QueueUrl=url, MessageBody=json.dumps(body), MessageAttributes=attributes
    )
    return str(sent["MessageId"])


def test_every_dead_letter_queue_of_the_template_is_listed(place: Place) -> None:
    assert {one["queue"]: one["messages"] for one in told("dead", "list")} == {
        "events-dead": 0,
        "fetch-dead": 0,
        "failed-calls": 0,
    }
    assert call("dead", "list").exit_code == hub.OK
    bury(place, "fetch-dead", ["shop#c-1", "ev-1"])
    assert call("dead", "list").exit_code == hub.FAULTS


def test_dead_letters_are_shown_and_stay(place: Place) -> None:
    letter = bury(place, "fetch-dead", ["shop#c-1", "ev-1"], "the vendor refuses us (401)")
    for _ in range(2):
        (shown,) = told("dead", "show", "fetch-dead")
        assert shown["id"] == letter
        assert shown["what"] == "shop#c-1 ev-1"
        assert shown["reason"] == "the vendor refuses us (401)"
        assert "body" not in shown
    assert told("dead", "show", "events-dead") == []


def test_redriving_gives_the_chosen_back_to_their_queue(place: Place) -> None:
    place.deliver(MESSAGE)
    _queued(place.hub.world)
    first = bury(place, "events-dead", ["shop#c-1", "ev-1"])
    other = bury(place, "events-dead", ["shop#c-2", "ev-2"])
    assert told("dead", "redrive", "events-dead", first[:8]) == {first: "redriven"}
    assert _queued(place.hub.world) == [["shop#c-1", "ev-1"]]
    (left,) = told("dead", "show", "events-dead")
    assert left["id"] == other
    assert call("dead", "redrive", "events-dead", "nothing").exit_code == hub.FAULTS


def test_failed_calls_are_worked_off_or_left(place: Place) -> None:
    event = {"eventType": "Send", "mail": {"tags": {"digest": ["2026-W46_service_0"]}}}
    mail = bury(place, "failed-calls", {"Records": [{"Sns": {"Message": json.dumps(event)}}]})
    schedule = {"detail-type": "Scheduled Event", "resources": ["arn:x:rule/roll_up"]}
    left = bury(place, "failed-calls", schedule)
    done = told("dead", "redrive", "failed-calls")
    assert done[mail] == "redriven"
    assert done[left].startswith("left: a schedule")
    assert place.hub.world.registry.digest_state("2026-W46_service_0") == "sent"
    (still,) = told("dead", "show", "failed-calls")
    assert still["what"] == "schedule roll_up"


def test_discarding_asks_first(place: Place) -> None:
    bury(place, "events-dead", ["shop#c-1", "ev-1"])
    (queue,) = [q for q in dead_letters.queues(place.hub) if q.name == "events-dead"]
    refused = call("dead", "discard", "events-dead", "--all", input="n\n")
    assert refused.exit_code != hub.OK
    assert queue.depth() == 1
    assert call("dead", "discard", "events-dead", "--all", "--yes").exit_code == hub.OK
    assert queue.depth() == 0


# -- check -----------------------------------------------------------------------------------


def checked(place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> dict[str, str]:
    from tests.conftest import ORGANISATION

    file = tmp_path / "organisation.yaml"
    file.write_text(ORGANISATION, encoding="utf-8")
    found = told("check", str(file))
    return {one["what"]: one["fault"] for one in found["checks"]}


def test_check_passes_on_a_whole_hub(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    found = checked(place, monkeypatch, tmp_path)
    assert {what: fault for what, fault in found.items() if fault} == {}
    assert {"table events", "bucket archive", "queue events-dead", f"log {LOG}"} <= found.keys()


@pytest.mark.parametrize(
    ("stored", "fault"),
    [
        pytest.param('{"secrets": ["not of the form"]}', "is not of", id="another form"),
        pytest.param(f'{{"secrets": ["{SECRET} "]}}', "white space", id="a space behind it"),
        pytest.param(f'{{"secrets": "{SECRET}"}}', "is not JSON", id="no list"),
        pytest.param(SECRET, "is not JSON", id="the secret alone"),
    ],
)
def test_check_finds_a_secret_that_cannot_work(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, stored: str, fault: str
) -> None:
    client("secretsmanager").put_secret_value(
        SecretId="oivallus/test/sources/shop", SecretString=stored
    )
    found = checked(place, monkeypatch, tmp_path)
    assert fault in found["secret of shop"]
    assert SECRET not in found["secret of shop"]


def test_check_finds_what_is_not_there(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    client("dynamodb").delete_table(TableName="summaries")
    client("sesv2").delete_email_identity(EmailIdentity="esimerkki.example")
    client("sqs").delete_queue(QueueUrl=place.hub.settings.fetch_queue_url)
    client("secretsmanager").delete_secret(
        SecretId="oivallus/test/sources/shop", ForceDeleteWithoutRecovery=True
    )
    bury(place, "events-dead", ["shop#c-1", "ev-1"])
    found = checked(place, monkeypatch, tmp_path)
    wrong = {what for what, fault in found.items() if fault}
    assert wrong == {
        "table summaries",
        "mail identity esimerkki.example",
        "queue stack-fetch",
        "secret of shop",
        "queue events-dead",
    }


# -- the vendors' APIs -----------------------------------------------------------------------


def test_backfill_tells_how_far_it_came(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def pages(world: World, source: str, since: Any, until: Any, **how: Any) -> Any:
        asked.append((source, until - since, how))
        yield Progress(4, 4, NOW, 1)
        yield Progress(9, 7, NOW - timedelta(days=2), 2, 1)

    monkeypatch.setattr(backfill, "run", pages)
    done = told("backfill", "shop", "--since", "3d", "--restart")
    assert asked == [("shop", timedelta(days=3), {"restart": True})]
    assert (done["events"], done["new"], done["waiting"]) == (9, 7, 1)
    assert "2 known before" in call("backfill", "shop", "--since", "3d").output


def test_register_names_the_hubs_own_address(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "run", lambda world, name, url: Registered(name, url, 2))
    done = told("register", "shop")
    assert done["url"] == "https://hub.esimerkki.example/webhooks/shop"
    assert told("register", "shop", "--url", "https://x.example")["url"] == "https://x.example"


def test_what_the_vendor_does_not_offer_is_told(place: Place) -> None:
    for command in (["backfill", "shop", "--since", "3d"], ["register", "shop"]):
        done = call(*command)
        assert done.exit_code == hub.REFUSED
        assert done.output.strip()

"""Dead letters and `hub check`: what is broken is named, and given back when it is mended."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.adapters.clients import client
from infra import hub
from infra.commands import dead_letters
from infra.template import storage
from tests.conftest import NOW, ORGANISATION, SECRET
from tests.infra.places import LOG, Place, call, told
from tests.pipeline.test_receive import MESSAGE, _queued

# -- dead letters ----------------------------------------------------------------------------


def bury(place: Place, queue: str, body: object, reason: str = "") -> str:
    url = f"{place.hub.settings.events_queue_url.rpartition('/')[0]}/stack-{queue}"
    attributes = {"reason": {"StringValue": reason, "DataType": "String"}} if reason else {}
    sent = client("sqs").send_message(
        QueueUrl=url, MessageBody=json.dumps(body), MessageAttributes=attributes
    )
    return str(sent["MessageId"])


#: What calls each function asynchronously, and every queue, has somewhere for what fails.
DEAD = {f"{name}-dead" for name, _, _ in storage.QUEUES.values()} | {"failed-calls"}


def test_every_dead_letter_queue_of_the_template_is_listed(place: Place) -> None:
    assert {one["queue"]: one["messages"] for one in told("dead", "list")} == dict.fromkeys(DEAD, 0)
    assert call("dead", "list").exit_code == hub.OK
    bury(place, "fetch-dead", ["shop#c-1", "ev-1"])
    assert call("dead", "list").exit_code == hub.FAULTS


NOTICE = {
    "invocationStatus": "Completed",
    "requestParameters": {"inputLocation": "s3://archive/asked/0/q.json"},
    "responseParameters": {"outputLocation": "s3://archive/judged/a.out"},
}
FAILED = {
    "invocationStatus": "Failed",
    "requestParameters": {"inputLocation": "s3://archive/recordings/shop/a/b"},
}


@pytest.mark.parametrize(
    ("name", "body", "what"),
    [
        ("events", ["shop#c-1", "ev-1"], "shop#c-1 ev-1"),
        ("fetch", ["shop#c-1", "ev-1"], "shop#c-1 ev-1"),
        ("judged", NOTICE, "answer to asked/0/q.json"),
        ("judged", {"Message": json.dumps(NOTICE)}, "answer to asked/0/q.json"),
        ("recordings", ["shop#c-1", "ev-1"], "shop#c-1 ev-1"),
        ("recordings", FAILED, "failure at recordings/shop/a/b"),
        ("events", {"strange": 1}, "a message of unknown form"),
    ],
)
def test_each_queues_letters_are_named_and_go_back_to_it(
    place: Place, name: str, body: object, what: str
) -> None:
    letter = bury(place, f"{name}-dead", body)
    (shown,) = told("dead", "show", f"{name}-dead")
    assert shown["what"] == what
    assert told("dead", "redrive", f"{name}-dead") == {letter: "redriven"}
    url = f"{place.hub.settings.events_queue_url.rpartition('/')[0]}/stack-{name}"
    (given,) = client("sqs").receive_message(QueueUrl=url)["Messages"]
    assert json.loads(given["Body"]) == body
    assert told("dead", "show", f"{name}-dead") == []


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
    assert place.hub.world.registry.digest_state("2026-W46_service_0", NOW) == "sent"
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

"""A person erased is nowhere: every table and the archive are searched for what they wrote."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from chalicelib.adapters import codec, telemetry
from chalicelib.adapters.clients import client
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.tables import EventRow, InteractionRow, RegistryRow, SummaryRow
from chalicelib.adapters.world import World
from chalicelib.pipeline.persons import erase, export
from chalicelib.pipeline.rebuild import recount
from chalicelib.pipeline.receive import receive
from chalicelib.pipeline.understand import understand
from chalicelib.privacy import pseudonym
from tests.conftest import NOW, SECRET
from tests.events import event
from tests.pipeline.test_receive import MESSAGE, signed

AINO = "email:aino@a.example"
NAMES = [AINO, "phone:+358 40 123 4567"]
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)


def _say(world: World, number: int, **more: Any) -> None:
    body = {**MESSAGE, "id": f"ev-{number}", "conversation": f"c-{number}", **more}
    assert receive(world, "shop", signed(body)).status == 200


def _understand_all(world: World) -> None:
    keys = list(world.log.all_keys())
    assert understand(world, keys) == frozenset()


@pytest.fixture
def told(world: World) -> World:
    """Aino writes twice, once at great length; others write too, one of them Aino's address."""
    _say(world, 1, text="Toimitus on myöhässä, terv. Aino")
    _say(world, 2, text="lasku 040 123 4567 " + NOISE)
    _say(world, 3, customer="onni@a.example", text="Aino@A.example tai 040-1234567 on vaimoni")
    _say(world, 4, customer="onni@a.example", text="kiitos")
    body = json.dumps({"strange": "aino@a.example"}).encode()
    assert receive(world, "shop", signed(body)).status == 202
    _understand_all(world)
    return world


# Too long and too varied for a table item: its delivery goes to the archive.
NOISE = " ".join(f"{n * 7919 % 100003:x}" for n in range(160_000))
MAIL = b"From: Onni <onni@a.example>\r\nCc: aino@a.example\r\n\r\nTavataan kello 12\r\n"
#: What only a delivery of Onni's holds, not the event that was read from it, and how it is written.
CARRIED = {
    "as a copy's reader": ("cc", "Aino Aalto <AINO@A.example>"),
    "in a mail's history": ("mail", "> kirjoitti =\r\naino=40a.exa=\r\nmple:"),
    "in base64": ("raw", base64.encodebytes(MAIL).decode()),
    "in a form": ("form", "from=onni%40a.example&cc=aino%40a.example"),
    "in JSON in JSON": (
        "message",
        json.dumps({"to": ["aino\u0040a.example"]}).replace("@", "\\u0040"),
    ),
    "in HTML": ("html", "<a href='mailto:aino&#64;a.example'>"),
    "in groups": ("phone_of_wife", "+358 (0)40\u00a0123\u00a045\u00a067"),
}


@pytest.fixture
def neighbours(told: World) -> World:
    """Onni's messages mention Aino where no text of an event does."""
    for number, (name, value) in enumerate(CARRIED.values(), 40):
        _say(told, number, customer="onni@a.example", text="hyvää", **{name: value})
    tagged = event("60", customer="email:onni@a.example", tags=("vip", "aino@a.example"))
    told.log.add(tagged, NOW, 30, None)
    _say(told, 61, customer="onni@a.example", text="onnin " + NOISE, cc="aino@a.example")
    _say(told, 62, customer="id:Aino@a.example", text="outo tunnus")
    _say(told, 63, conversation="aino@a.example", customer="", text="nimetön keskustelu")
    body = json.dumps({"strange": "aino@a.example", "noise": NOISE}).encode()
    assert receive(told, "shop", signed(body)).status == 202
    _understand_all(told)
    return told


def _text(stored: bytes) -> str:
    return zlib.decompress(stored).decode("utf-8", "replace")


def _everything() -> str:
    """All that is stored, decompressed, with its names, as one text."""
    found = []
    for model in (EventRow, InteractionRow, SummaryRow, RegistryRow):
        for row in model.scan():
            for value in row.attribute_values.values():
                found.append(_text(value) if isinstance(value, bytes) else str(value))
    s3 = client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket["Name"])
        for item in (one for page in pages for one in page.get("Contents", [])):
            stored = s3.get_object(Bucket=bucket["Name"], Key=item["Key"])
            raw = stored["Body"].read()
            packed = item["Key"].startswith("raw/")
            told = _text(raw) if packed else raw.decode("utf-8", "replace")
            found += [item["Key"], repr(stored["Metadata"]), told]
    sqs = client("sqs")
    for url in sqs.list_queues().get("QueueUrls", []):
        seen = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        found += [message["Body"] for message in seen.get("Messages", [])]
    return "\n".join(found).lower()


def test_everything_of_a_person_goes_and_nothing_of_others(told: World) -> None:
    before = _everything()
    assert "aino@a.example" in before
    assert client("s3").list_objects_v2(Bucket="archive")["KeyCount"] == 1
    receipt = erase(told, NAMES)
    assert (receipt.interactions, receipt.events, receipt.deliveries) == (2, 2, 2)
    assert (receipt.texts, receipt.mentions) == (1, 1)
    assert (receipt.unreadable, receipt.left_to_do) == (1, 0)
    after = _everything()
    for trace in ("aino", "040 123 4567", "040-1234567", "myöhässä, terv"):
        assert trace not in after
    assert "vaimoni" in after
    assert "onni@a.example" in after
    counts = told.summaries.read(FIRST, LAST)
    assert counts.count("contacts") == 2
    assert counts == recount(told)


def test_a_neighbours_world_holds_no_trace(neighbours: World) -> None:
    """In the deliveries of others, in their tags, under a strange kind of customer."""
    traces = [json.dumps(value)[1:-1].lower() for _, value in CARRIED.values()]
    traces += ["aino", "outo tunnus", "nimetön", base64.b64encode(MAIL)[:40].decode().lower()]
    before = _everything()
    assert [trace for trace in traces if trace not in before] == []
    tried = erase(neighbours, NAMES, dry_run=True)
    receipt = erase(neighbours, NAMES)
    after = _everything()
    assert [trace for trace in traces if trace in after] == []
    assert [word for word in ("hyvää", "vip", "onnin") if word not in after] == []
    assert (receipt.interactions, receipt.texts, receipt.unreadable) == (4, 2, 2)
    assert receipt.mentions == tried.mentions == len(CARRIED) + 2
    assert neighbours.summaries.read(FIRST, LAST) == recount(neighbours)
    again = erase(neighbours, NAMES)
    assert (again.interactions, again.texts, again.mentions, again.unreadable) == (0, 0, 0, 0)


def test_a_conversation_that_is_called_by_an_address_leaves_no_name(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not in a key, a tombstone, a queue or a line of the log; and it is counted once."""
    logging = replace(world, count=telemetry.count)
    for _ in range(2):
        _say(logging, 1, conversation=AINO.removeprefix("email:"), customer="")
    _understand_all(logging)
    assert "outcome" in capsys.readouterr().out
    _say(logging, 1, conversation="Aino@a.example", customer="")
    _understand_all(logging)
    assert logging.summaries.read(FIRST, LAST).count("contacts") == 1
    (page,) = export(logging, NAMES)
    assert len(page["received"]) == 1
    assert erase(logging, NAMES).interactions == 1
    assert logging.summaries.read(FIRST, LAST).count("contacts") == 0
    assert "aino" not in _everything()
    assert "aino" not in capsys.readouterr().out
    assert erase(logging, NAMES).interactions == 0
    assert len(list(logging.interactions.all_keys())) == 1  # the tombstone


def test_a_pseudonym_finds_what_its_address_finds(neighbours: World) -> None:
    receipt = erase(neighbours, [pseudonym(AINO, SECRET.encode())])
    assert receipt.mentions == len(CARRIED) + 1  # all but the telephone number
    assert "aino@a.example" not in _everything()


def test_questions_to_the_endpoint_lose_the_persons_words_alone(told: World) -> None:
    of = [["shop#c-1", "m"], ["shop#c-4", "m"]]
    texts = [{"id": "0", "text": "Toimitus on myöhässä"}, {"id": "1", "text": "kiitos"}]
    for prefix in ("asked/0/", "failed/1/"):
        told.log.archive.put_json(prefix + "q.json", {"texts": texts, "of": of})
    erase(told, NAMES)
    for prefix in ("asked/0/", "failed/1/"):
        question = told.log.archive.json(prefix + "q.json")
        assert question is not None
        assert [text["text"] for text in question["texts"]] == ["", "kiitos"]
        assert question["of"] == of


def test_by_the_vendors_own_id(told: World) -> None:
    _say(told, 9, customer="id:zendesk:7", text="lasku")
    _understand_all(told)
    assert [page["interaction"] for page in export(told, ["id:zendesk:7"])] == ["shop#c-9"]
    assert erase(told, ["id:zendesk:7"]).interactions == 1
    assert list(told.interactions.of_customer(pseudonym("id:zendesk:7", SECRET.encode()))) == []


def test_what_comes_again_stays_erased(told: World) -> None:
    erase(told, NAMES)
    _say(told, 1, text="Toimitus on myöhässä, terv. Aino")  # the vendor sends it again
    told.queue.put(list(told.log.all_keys()))
    _understand_all(told)
    (state,) = told.interactions.read(["shop#c-1"]).values()
    assert "myöhässä" not in repr(state)
    assert told.summaries.read(FIRST, LAST).count("contacts") == 2


def test_an_erasure_may_be_repeated_and_tried(told: World) -> None:
    tried = erase(told, NAMES, dry_run=True)
    assert (tried.interactions, tried.texts) == (2, 1)
    assert "aino@a.example" in _everything()
    erase(told, NAMES)
    again = erase(told, NAMES)
    assert (again.interactions, again.texts, again.unreadable) == (0, 0, 0)


def test_one_delivery_of_two_people_keeps_what_the_other_said(told: World) -> None:
    shared = {"items": [1]}
    events = [
        codec.load_event(row.event)
        for row in EventRow.batch_get([("shop#c-3", "ev-3"), ("shop#c-1", "ev-1")])
    ]
    onni = next(e for e in events if e.interaction_id == "c-3")
    aino = next(e for e in events if e.interaction_id == "c-1")
    raw = zlib.compress(json.dumps(shared).encode() + b"aino@a.example")
    holder = replace(onni, interaction_id="c-30", event_id="ev-30", text="hei")
    told.log.add(holder, NOW, 30, raw)
    told.log.add(
        replace(aino, interaction_id="c-31", event_id="ev-31"),
        NOW,
        30,
        EventKey(holder.interaction_key, "ev-30"),
    )
    erase(told, NAMES)
    assert told.log.read([EventKey("shop#c-30", "ev-30")])
    assert EventRow.get("shop#c-30", "ev-30").raw is None


def test_a_person_can_read_what_is_known(told: World) -> None:
    pages = list(export(told, NAMES))
    assert [page["interaction"] for page in pages] == ["shop#c-1", "shop#c-2"]
    assert pages[0]["received"][0]["text"].startswith("Toimitus on myöhässä")
    assert "late" in repr(pages[0]["understood"]["enrichments"])
    json.dumps(pages, default=str)
    assert list(export(told, ["email:nobody@a.example"])) == []

"""Forged, replayed, reordered, oversized, nested and packed deliveries of every connector."""

from __future__ import annotations

import gzip
import json
import random
import time
import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib.adapters.tables import EventRow, InteractionRow, SummaryRow
from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Proof
from chalicelib.interaction import Event
from chalicelib.pipeline.rebuild import recount
from chalicelib.pipeline.receive import receive
from chalicelib.pipeline.understand import understand
from chalicelib.summary import Summary, total
from tests.conftest import set_aside
from tests.connectors.recordings import Recording
from tests.connectors.test_conformance import without_proof
from tests.pipeline import thin
from tests.pipeline.test_receive import MESSAGE
from tests.pipeline.test_receive import signed as signed_message
from tests.security.hub import RECORDINGS, Hub, hub, name, signed

FIRST = {one.connector.name: one for one in reversed(RECORDINGS) if "events" in one.expected}
KINDS = list(FIRST)
MEBIBYTE = 1024 * 1024


@pytest.fixture
def all_sources(world: World) -> Hub:
    return hub(world)


def test_every_connector_is_tried() -> None:
    assert set(FIRST) == {n for n, c in CONNECTORS.items() if c.proof is not Proof.IMPORT}


def kept(hub: Hub, recording: Recording) -> int:
    """How many deliveries of a source were set aside as unreadable."""
    return len(set_aside(hub.world, name(recording)))


def counted(world: World) -> Summary:
    """The counts of every week that has any."""
    weeks = {row.week for row in SummaryRow.scan()}
    mondays = [date.fromisocalendar(int(week[:4]), int(week[6:]), 1) for week in weeks]
    return total(world.summaries.read(day, day + timedelta(days=6)) for day in mondays)


# --- forged -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_forged(all_sources: Hub, kind: str) -> None:
    """Another's secret, no proof at all: refused, and nothing of it is stored or queued."""
    one = FIRST[kind]
    other = one.connector.new_secret()
    forged = signed(one, one.request.body, other)
    for request in (forged, *without_proof(one)):
        assert all_sources.receives(one, request).status in (401, 403, 503)
    assert list(EventRow.scan()) == []
    assert all_sources.queue.held == []


def test_another_sources_delivery_does_not_fit(all_sources: Hub) -> None:
    """The secret of one source opens no other, of the same vendor or not."""
    for one in FIRST.values():
        others = [r for r in FIRST.values() if r.secret != one.secret]
        for other in others[:5]:
            reply = all_sources.receives(replace(other, at=one.at), one.request)
            assert reply.status in (401, 403, 503)
    assert list(EventRow.scan()) == []


# --- replayed, reordered ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_replayed(all_sources: Hub, kind: str) -> None:
    """At once: stored and counted once. Later: refused where the vendor signs the time."""
    one = FIRST[kind]
    for _ in range(3):
        assert 200 <= all_sources.receives(one).status < 300
    stored = len(list(EventRow.scan()))
    assert stored == len(one.expected["events"])
    for _ in range(2):
        understand(all_sources.world, all_sources.queue.taken())
        all_sources.receives(one)
    assert counted(all_sources.world) == recount(all_sources.world)
    late = replace(one, at=one.at + timedelta(hours=1))
    refused = all_sources.receives(late).status in (401, 403, 503)
    assert refused or not one.connector.signs_time
    assert len(list(EventRow.scan())) == stored


def test_reordered_and_mixed(world: World) -> None:
    """A conversation's deliveries in any order, some twice: the same interaction and counts."""
    bodies = [
        {**MESSAGE, "id": "e1", "time": "2026-11-18T09:00:00Z"},
        {**MESSAGE, "id": "e2", "time": "2026-11-18T09:05:00Z", "role": "agent", "text": "Hei"},
        {**MESSAGE, "id": "e3", "time": "2026-11-18T09:10:00Z", "text": "Kiitos avusta"},
        {**MESSAGE, "id": "e4", "time": "2026-11-18T09:20:00Z", "text": "", "csat": 5},
    ]
    found = set()
    for seed in range(6):
        for model in (EventRow, InteractionRow):
            for row in list(model.scan()):
                row.delete()
        order = bodies + bodies[:2]
        random.Random(seed).shuffle(order)
        for body in order:
            receive(world, "shop", signed_message({**body, "conversation": f"c-{seed}"}))
            if seed % 2:
                understand(world, thin.keys(world))
        understand(world, thin.keys(world))
        (state,) = world.interactions.read([f"shop#c-{seed}"]).values()
        counts = sorted(str(cell) for cell in state.contribution)
        found.add((str(counts), tuple(sorted(e.event_id for e in state.events))))
    assert len({contribution for contribution, _ in found}) == 1
    assert {ids for _, ids in found} == {("e1", "e2", "e3", "e4")}


# --- large, nested, packed ----------------------------------------------------------------------


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


#: Bodies that a sender may make; API Gateway lets 10 MB and Lambda 6 MB pass.
BODIES: dict[str, Callable[[], bytes]] = {
    "6 MB of one text": lambda: json.dumps({"text": "ä" * 3 * MEBIBYTE}).encode()[: 6 * MEBIBYTE],
    "6 MB of small objects": lambda: b"[" + b'{"id":1},' * 650_000 + b"{}]",
    "6 MB of keys": lambda: json.dumps({f"k{n}": n for n in range(350_000)}).encode(),
    "a number of a million digits": lambda: b'{"id":' + b"9" * MEBIBYTE + b"}",
    "nested 100,000 deep": lambda: nested(100_000),
    "nested 900 deep": lambda: nested(900),
    "lists nested 3 million deep": lambda: b"[" * 3 * MEBIBYTE,
    "a form of 200,000 fields": lambda: b"&".join(b"f%d=1" % n for n in range(200_000)),
    "6 MB of blanks": lambda: b" " * 6 * MEBIBYTE,
}


# JSON, a batch in JSON, a form, a form that holds its proof; READERS has the other ways.
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("kind", ["standard", "zendesk", "twilio", "mailgun", "meta", "tally"])
def test_large_and_nested(all_sources: Hub, kind: str, body: str) -> None:
    """Signed by the vendor itself: kept or skipped within seconds, and the hub goes on."""
    one = FIRST[kind]
    started = time.process_time()
    reply = all_sources.receives(one, signed(one, BODIES[body]()))
    assert reply.status in (200, 202, 204, 401)  # 401: a proof inside the body has no place in it
    assert time.process_time() - started < 5
    assert 200 <= all_sources.receives(one).status < 300


def changed(kind: str, **fields: Any) -> bytes:
    """A recorded JSON body with other values of some fields."""
    return json.dumps({**json.loads(FIRST[kind].request.body), **fields}).encode()


def form(name: bytes, content: bytes) -> bytes:
    """One part of SendGrid's recorded form."""
    return b'--xYzZY\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (name, content)


LETTER = b"From: aino.koivuranta@posti.example\r\nSubject: Sohva\r\nContent-Type: %b\r\n\r\n%b"
SIX = 6 * MEBIBYTE
#: What reads a body in another way than those above, given as much as comes through.
READERS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "multipart: one field": ("sendgrid", lambda: form(b"text", b"a" * SIX) + b"--xYzZY--"),
    "multipart: a part in each 60 bytes": ("sendgrid", lambda: form(b"f", b"") * (SIX // 60)),
    "multipart: line ends": ("sendgrid", lambda: b"--xYzZY\r\n" + b"\r\n" * (SIX // 2)),
    "a mail in a form": (
        "sendgrid",
        lambda: form(b"email", LETTER % (b"text/plain", b"sana " * (SIX // 5))) + b"--xYzZY--",
    ),
    "a mail of mails in a form": (
        "sendgrid",
        lambda: form(b"email", (LETTER % (b"message/rfc822", b"")) * (SIX // 90)) + b"--xYzZY--",
    ),
    "HTML in JSON": (
        "postmark",
        lambda: changed("postmark", TextBody="", HtmlBody="<div>" * (SIX // 5)),
    ),
    "JSON in SNS's JSON": ("ses", lambda: changed("ses", Message="[" * SIX)),
    "a mail in SNS's JSON": (
        "ses",
        lambda: changed(
            "ses",
            Message=json.dumps(
                {
                    **json.loads(json.loads(FIRST["ses"].request.body)["Message"]),
                    "content": (LETTER % (b"text/html", b"<p " * (SIX // 3))).decode(),
                }
            ),
        ),
    ),
}


@pytest.mark.parametrize("way", READERS)
def test_each_reader_with_as_much_as_comes_through(all_sources: Hub, way: str) -> None:
    kind, body = READERS[way]
    one = FIRST[kind]
    started = time.process_time()
    reply = all_sources.receives(one, signed(one, body()))
    assert reply.status in (200, 202, 204)
    assert time.process_time() - started < 5
    assert 200 <= all_sources.receives(one).status < 300


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_too_large_is_refused_before_it_is_read(
    all_sources: Hub, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Without a proof that fits nothing is parsed: a stranger's 6 MB cost a hash."""

    def parsed(*_: Any) -> list[Event]:
        raise AssertionError("a forged body was read")

    one = FIRST[kind]
    found = replace(one.connector, events=parsed)
    monkeypatch.setattr("chalicelib.pipeline.receive.CONNECTORS", {kind: found})
    forged = signed(one, one.request.body, one.connector.new_secret())
    forged = replace(forged, body=forged.body + b" " * 6 * MEBIBYTE)
    started = time.process_time()
    assert all_sources.receives(one, forged).status in (401, 403, 503)
    assert time.process_time() - started < 2


BOMB = 200 * MEBIBYTE


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", lambda content: gzip.compress(content, 9)),
        ("deflate", lambda content: zlib.compress(content, 9)),
        ("br", lambda content: zlib.compress(content, 9)),
    ],
)
def test_a_packed_body_is_never_unpacked(
    all_sources: Hub, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    """The bytes that were signed are the body: what claims to be packed is unreadable as it is."""
    one = FIRST["standard"]
    packed = pack(b" " * BOMB)
    assert len(packed) < MEBIBYTE
    request = signed(one, packed)
    request = replace(request, headers={**request.headers, "content-encoding": encoding})
    tracemalloc.start()
    try:
        assert all_sources.receives(one, request).status == 202
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20 * MEBIBYTE
    assert kept(all_sources, one) == 1


def test_an_attachment_that_is_a_bomb_is_not_opened(all_sources: Hub) -> None:
    """A mail with a packed attachment: its words are read, the attachment is passed over."""
    one = FIRST["mailgun"]
    packed = gzip.compress(b" " * BOMB, 9)
    boundary = b"rajaraja"
    letter = b"\r\n".join(
        [
            b"From: Aino Koivuranta <aino.koivuranta@posti.example>",
            b"To: palvelu@havuvakka.example",
            b"Subject: Sohva",
            b"Message-ID: <1@posti.example>",
            b"Date: Mon, 02 Nov 2026 11:15:00 +0200",
            b"MIME-Version: 1.0",
            b'Content-Type: multipart/mixed; boundary="x"',
            b"",
            b"--x",
            b"Content-Type: text/plain; charset=utf-8",
            b"",
            b"Sohva tuli rikki.",
            b"--x",
            b"Content-Type: application/gzip",
            b'Content-Disposition: attachment; filename="kuva.gz"',
            b"Content-Transfer-Encoding: 8bit",
            b"Content-Encoding: gzip",
            b"",
            packed,
            b"--x--",
        ]
    )
    body = b'--%b\r\nContent-Disposition: form-data; name="body-mime"\r\n\r\n%b\r\n--%b--\r\n' % (
        boundary,
        letter,
        boundary,
    )
    kind = f"multipart/form-data; boundary={boundary.decode()}"
    headers = {**one.request.headers, "content-type": kind}
    recording = replace(one, request=replace(one.request, headers=headers))
    tracemalloc.start()
    try:
        assert all_sources.receives(one, signed(recording, body)).status == 200
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20 * MEBIBYTE
    (event,) = all_sources.world.log.read(all_sources.queue.taken()).values()
    assert event.text.endswith("Sohva tuli rikki.")

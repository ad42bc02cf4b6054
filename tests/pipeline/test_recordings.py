"""A recorded call is written down once, by consent alone, and never after its erasure."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

import app as entry
from chalicelib.adapters.asynchronous import Notice
from chalicelib.adapters.clients import client
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.queue import Job
from chalicelib.adapters.recordings import place
from chalicelib.adapters.world import World
from chalicelib.connectors.vendor_api import Answer
from chalicelib.errors import Misconfigured, Retryable, Unreadable
from chalicelib.interaction import EventKind, Role
from chalicelib.organisation import BadOrganisation
from chalicelib.pipeline import recordings
from chalicelib.pipeline.persons import erase
from chalicelib.pipeline.rebuild import publish_organisation, recount
from chalicelib.pipeline.receive import receive
from chalicelib.pipeline.recordings import Work, read_work, transcribe
from chalicelib.pipeline.understand import understand
from infra.commands import checks
from tests.conftest import NOW, ORGANISATION
from tests.events import event
from tests.pipeline import recorded, thin
from tests.pipeline.faults import ADAPTERS, Fuse, Killed, fused
from tests.pipeline.recorded import CALL, SAID, LateSpeech, Tape, dead, objects, works
from tests.pipeline.test_receive import signed
from tests.pipeline.thin import Clock
from tests.twins import Metrics

KEY = EventKey("shop#c-1", "ev-1")
JOB = Job(KEY)


@pytest.fixture
def hub(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A hub that listens, and one recorded call received."""
    made = recorded.listening(replace(world, clock=Clock()), monkeypatch)
    assert receive(made, "shop", signed(CALL)).status == 200
    return made


@pytest.fixture
def tape() -> Tape:
    return Tape()


def _run(hub: World, tape: Tape, *jobs: Work) -> frozenset[Work]:
    clock = hub.clock
    assert isinstance(clock, Clock)
    return transcribe(hub, jobs, recorded.where, tape, clock.sleep)


def _speech(hub: World) -> LateSpeech:
    speech = hub.speech
    assert isinstance(speech, LateSpeech)
    return speech


def _understood(hub: World) -> Any:
    assert understand(hub, thin.keys(hub)) == frozenset()
    return hub.summaries.read(date(2026, 11, 1), date(2026, 11, 30))


def _outcomes(hub: World) -> dict[str, int]:
    assert isinstance(hub.count, Metrics)
    return {k[-1]: n for k, n in hub.count.items() if k[0] == "recordings"}


# --- consent ------------------------------------------------------------------------------------


def test_a_call_is_counted_at_once_and_its_recording_waits(hub: World) -> None:
    assert thin.keys(hub) == [KEY]
    assert works(hub) == [JOB]


@pytest.mark.parametrize("without", ["consent", "endpoint"])
def test_without_consent_or_an_endpoint_nothing_changes(
    world: World, monkeypatch: pytest.MonkeyPatch, without: str
) -> None:
    hub = recorded.listening(world, monkeypatch)
    if without == "consent":
        publish_organisation(hub, ORGANISATION)
        hub = replace(hub, _published={})
    else:
        hub = replace(hub, speech=None)
    assert receive(hub, "shop", signed(CALL)).status == 200
    assert works(hub) == []
    assert hub.log.read([KEY])[KEY].recording == ""
    assert _understood(hub).totals()["contacts"] == 1


def test_consent_taken_back_stops_what_waits(hub: World, tape: Tape) -> None:
    publish_organisation(hub, ORGANISATION)
    _run(replace(hub, _published={}), tape, JOB)
    assert tape.calls == []
    assert "no longer has recordings: true" in dead(hub)[0][1]


def test_a_connector_without_recordings_cannot_have_them(world: World) -> None:
    text = ORGANISATION.replace("connector: standard", "connector: standard\n    recordings: true")
    with pytest.raises(BadOrganisation, match="only twilio, connect, aircall do; remove the key"):
        publish_organisation(world, text)


def test_the_check_says_what_must_be_in_place(hub: World) -> None:
    organisation = hub.organisation()
    for world, expected in ((hub, "told before they speak"), (replace(hub, speech=None), "Image")):
        looked_at: Any = SimpleNamespace(world=world)
        (found,) = checks._recordings(looked_at, organisation)
        assert expected in found.note
        assert found.fault == ""


# --- there and back -----------------------------------------------------------------------------


def test_a_recording_is_handed_over_with_what_is_known_of_it(hub: World, tape: Tape) -> None:
    assert _run(hub, tape, JOB) == frozenset()
    assert [call.url for call in tape.calls] == ["https://files.vendor.example/calls/c-1.wav"]
    ((key, content_type, attributes),) = _speech(hub).asked
    assert objects() == [key]
    assert client("s3").get_object(Bucket="archive", Key=key)["Body"].read() == recorded.SOUND
    assert (content_type, attributes) == ("audio/wav", "customer=0; languages=fi,en,sv")
    assert _outcomes(hub) == {"asked": 1}


def test_what_was_heard_becomes_the_calls_words(hub: World, tape: Tape) -> None:
    _understood(hub)
    _run(hub, tape, JOB)
    _run(hub, tape, _speech(hub).answers(SAID))
    counted = _understood(hub)
    state = hub.interactions.read(["shop#c-1"])["shop#c-1"]
    said = [(e.role, e.text) for e in state.events if e.kind is EventKind.MESSAGE]
    assert said[0] == (Role.AGENT, "Hei, kuinka voin auttaa?")
    assert said[1][0] is Role.CUSTOMER
    assert "040 123 4567" not in repr(state)
    assert counted.totals()["contacts"] == 1
    assert counted.totals()["mention:late"] == 1
    assert counted == recount(hub)
    (timed,) = [e for e in state.events if e.talk_s is not None]
    assert (timed.talk_s, timed.hold_s) == (11.0, 2.0)
    assert timed.occurred_at == datetime.fromisoformat(CALL["time"])
    assert objects() == []
    assert _outcomes(hub) == {"asked": 1, "heard": 1}


def test_a_notice_may_come_twice_and_a_job_after_it(hub: World, tape: Tape) -> None:
    _run(hub, tape, JOB)
    notice = _speech(hub).answers(SAID)
    for work in (notice, notice, JOB):
        assert _run(hub, tape, work) == frozenset()
    assert len(_speech(hub).asked) == 1
    counted = _understood(hub)
    assert counted.totals()["contacts"] == 1
    assert counted == recount(hub)
    assert objects() == []
    assert _outcomes(hub) == {"asked": 1, "heard": 1, "known": 1}


def test_what_the_vendor_measured_is_not_measured_again(
    world: World, monkeypatch: pytest.MonkeyPatch, tape: Tape
) -> None:
    hub = recorded.listening(replace(world, clock=Clock()), monkeypatch)
    assert receive(hub, "shop", signed({**CALL, "talk_s": 120.0})).status == 200
    _understood(hub)
    _run(hub, tape, JOB)
    _run(hub, tape, _speech(hub).answers(SAID))
    _understood(hub)
    state = hub.interactions.read(["shop#c-1"])["shop#c-1"]
    assert [e.talk_s for e in state.events if e.talk_s is not None] == [120.0]


def test_a_worker_killed_anywhere_loses_and_doubles_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue gives a message again until a worker has lived to its end."""
    monkeypatch.setattr(
        "tests.pipeline.faults.ADAPTERS",
        (*(a for a in ADAPTERS if a != "vendors"), "recordings_queue", "recordings", "speech"),
    )
    hub = recorded.listening(replace(world, clock=Clock()), monkeypatch)
    blow_at, survived = 2, 0  # behind each call; before the next one is the same place
    while survived < 2:
        name = f"c-{blow_at}"
        call = {**CALL, "id": f"ev-{blow_at}", "conversation": name}
        assert receive(hub, "shop", signed(call)).status == 200
        job: Work = Job(EventKey(f"shop#{name}", f"ev-{blow_at}"))
        survived = _until_done(hub, blow_at, job)
        survived += _until_done(hub, blow_at, _speech(hub).answers(SAID))
        blow_at += 2
    assert blow_at > 15
    counted = _understood(hub)
    assert counted.totals()["contacts"] == counted.totals()["mention:late"] == blow_at // 2 - 1
    assert counted == recount(hub)
    # An answer that came to a question asked twice is never read: its notice removes it.
    assert [key for key in objects() if key.startswith("recordings/")] == []


def _until_done(hub: World, blow_at: int, work: Work) -> int:
    """1 where nothing was killed."""
    clock = hub.clock
    assert isinstance(clock, Clock)
    try:
        transcribe(fused(hub, Fuse(blow_at)), [work], recorded.where, Tape(), clock.sleep)
    except Killed:
        assert _run(hub, Tape(), work) == frozenset()
        return 0
    return 1


# --- what goes wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        pytest.param(Answer(404), "nothing", id="gone at the vendor"),
        pytest.param(Answer(429), "postponed", id="too many calls"),
        pytest.param(Answer(503), "failed", id="broken"),
        pytest.param(Retryable("no answer"), "failed", id="silent"),
        pytest.param(Answer(403), "dead", id="refused"),
        pytest.param(Unreadable("larger than it may be"), "dead", id="too large"),
        pytest.param(Misconfigured("lies elsewhere"), "dead", id="another host"),
    ],
)
def test_what_the_vendor_answers(
    hub: World, tape: Tape, answer: Answer | Exception, outcome: str
) -> None:
    works(hub)
    tape.script = [answer] * 3
    assert _run(hub, tape, JOB) == frozenset()
    assert _outcomes(hub) == {outcome: 1}
    assert (len(dead(hub)) == 1) is (outcome == "dead")
    assert objects() == []
    assert _speech(hub).asked == []


@pytest.mark.parametrize("body", [b"\x00\x00\x00\x20ftypM4A ", b"<html>sorry</html>", b""])
def test_sound_that_cannot_be_heard_is_set_aside(hub: World, tape: Tape, body: bytes) -> None:
    tape.body = body
    _run(hub, tape, JOB)
    assert "neither WAV, MP3" in dead(hub)[0][1]
    assert objects() == []


def _delayed(hub: World) -> int:
    name = "ApproximateNumberOfMessagesDelayed"
    found = client("sqs").get_queue_attributes(
        QueueUrl=hub.recordings_queue.url, AttributeNames=[name]
    )
    return int(found["Attributes"][name])


@pytest.mark.parametrize(
    "answer", [b"{}", b"no json", b'{"schema":"oivallus.transcript.1","turns":7}']
)
def test_an_answer_that_is_none_is_set_aside(hub: World, tape: Tape, answer: bytes) -> None:
    _run(hub, tape, JOB)
    _run(hub, tape, _speech(hub).answers(answer))
    assert len(dead(hub)) == 1
    assert objects() == []


@pytest.mark.parametrize("told", [True, False], ids=["by notices", "without a notice"])
def test_what_nobody_can_hear_ends_as_a_call_without_its_words(
    hub: World, tape: Tape, told: bool
) -> None:
    """Asked so often and no more; then it is counted, an alarm's dead letter, and gone."""
    counted = _understood(hub)
    works(hub)
    later = replace(hub, clock=lambda: datetime.now(NOW.tzinfo) + timedelta(hours=8))
    for tries in range(recordings.ENDPOINT_TRIES):
        _run(hub, tape, Job(KEY, tries))
        _speech(hub).put(f"{recordings.FAILURES}{tries}-error.out", b"no memory")
        if told:
            _run(hub, tape, Notice(_speech(hub).asked[-1][0], None, "no memory"))
            assert [key for key in objects() if key.startswith("recordings/")] == []
        recordings.ask_again(hub)  # soon after nothing is forgotten
        recordings.ask_again(later)
    bound = recordings.ENDPOINT_TRIES
    assert _outcomes(hub) == {"asked": bound, "failed": bound - 1, "dead": 1}
    ((job, reason),) = dead(hub)
    assert job.key == KEY
    assert f"{bound} tries failed: {'the speech endpoint failed: no memory' * told}" in reason
    assert _delayed(hub) == bound - 1
    assert objects() == []
    assert _understood(hub) == counted == recount(hub)
    assert counted.totals()["contacts"] == 1


def test_a_table_that_is_silent_leaves_the_work_in_the_queue(hub: World, tape: Tape) -> None:
    class Silent:
        def __getattr__(self, _: str) -> Any:
            raise Retryable("silent")

    silent: Any = Silent()
    broken = replace(hub, recordings_queue=silent, log=silent)
    assert _run(broken, tape, JOB) == {JOB}


# --- erasure ------------------------------------------------------------------------------------


def _erasure(hub: World) -> None:
    gone = event("gone", interaction_id="c-1", kind=EventKind.ERASURE, role=Role.SYSTEM)
    hub.log.add(gone, hub.clock(), 30, None)


@pytest.mark.parametrize("when", ["before", "on its way", "while it is heard"])
def test_what_is_erased_is_never_written_down(hub: World, tape: Tape, when: str) -> None:
    if when == "before":
        _erasure(hub)
    elif when == "on its way":
        original, tape.calls = Tape.__call__, []

        def meanwhile(*args: Any) -> Answer:
            _erasure(hub)
            return original(tape, *args)

        transcribe(hub, [JOB], recorded.where, meanwhile)
    if when != "on its way":
        _run(hub, tape, JOB)
    if when == "while it is heard":
        _erasure(hub)
        _run(hub, tape, _speech(hub).answers(SAID))
    else:
        assert _speech(hub).asked == []
    assert _outcomes(hub)["erased"] == 1
    assert objects() == []
    assert [key for key in hub.log.all_keys() if "said" in key.event_id] == []


def test_a_persons_recordings_go_with_the_person(hub: World, tape: Tape) -> None:
    _understood(hub)
    _run(hub, tape, JOB)
    assert len(objects()) == 1
    erase(hub, ["email:aino@a.example"])
    assert objects() == []
    late = _speech(hub).answers(SAID)
    assert _run(hub, tape, late) == frozenset()
    assert objects() == []
    assert _understood(hub).totals().get("contacts", 0) == 0


# --- the queue ----------------------------------------------------------------------------------


def test_the_function_in_front_reads_jobs_and_notices(
    hub: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Work] = []

    def remember(_: World, found: list[Work]) -> frozenset[Work]:
        taken.extend(found)
        return frozenset()

    monkeypatch.setattr(recordings, "transcribe", remember)
    monkeypatch.setattr(entry, "world", lambda: hub)
    told = {
        "invocationStatus": "Completed",
        "requestParameters": {"inputLocation": "s3://archive/recordings/shop/a/b"},
        "responseParameters": {"outputLocation": "s3://archive/transcripts/1.out"},
    }
    records = [
        {"messageId": "1", "body": json.dumps(list(KEY)), "eventSource": "aws:sqs"},
        {"messageId": "2", "body": json.dumps(told), "eventSource": "aws:sqs"},
        {"messageId": "3", "body": "nonsense", "eventSource": "aws:sqs"},
    ]
    failed = entry.transcribe({"Records": records}, None)
    assert taken == [JOB, Notice("recordings/shop/a/b", "transcripts/1.out")]
    assert failed == {"batchItemFailures": [{"itemIdentifier": "3"}]}


def test_work_is_read_as_it_was_written() -> None:
    assert read_work('["shop#c-1", "ev-1", 2, 7]') == Job(KEY, 2, 7)


@pytest.mark.parametrize("wrong", ["x" * 1900, "ä" * 400])
def test_an_identity_too_long_for_s3_is_told(hub: World, wrong: str) -> None:
    with pytest.raises(Unreadable):
        hub.recordings.put(Job(EventKey("shop#c-1", wrong)), io.BytesIO(b""), "audio/wav")


def test_a_place_names_nobody() -> None:
    assert place(KEY).startswith("recordings/shop/")
    assert "c-1" not in place(KEY)
    assert place(KEY) != place(EventKey("shop#c-1", "ev-2"))

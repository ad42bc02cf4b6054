"""An endpoint that sleeps: counted at once, judged later, exactly once, and nothing forgotten."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import enrich
from chalicelib.adapters import transact
from chalicelib.adapters.asynchronous import (
    FORGOTTEN_AFTER,
    AsynchronousEndpoint,
    Notice,
    read_notice,
)
from chalicelib.adapters.settings import Settings
from chalicelib.adapters.world import World
from chalicelib.errors import HubError, Retryable, Unreadable
from chalicelib.pipeline.asking import TRIES, ask_again
from chalicelib.pipeline.judge import judge
from chalicelib.pipeline.rebuild import recount
from chalicelib.pipeline.understand import settle, understand
from tests.events import START, event
from tests.pipeline.faults import Fuse, Killed, fused
from tests.pipeline.test_understand import _conversation, _counted, _log
from tests.twins import JudgingEndpoint


@dataclass(frozen=True)
class Sleeper(AsynchronousEndpoint):
    """SageMaker's part, played when `wake` says so; its notices are those that SQS would bring."""

    model: JudgingEndpoint = field(default_factory=JudgingEndpoint)
    waiting: list[str] = field(default_factory=list)
    down: list[bool] = field(default_factory=list)

    def hand_over(self, key: str, content_type: str = "", attributes: str = "") -> str:
        if self.down:
            raise Retryable("the endpoint takes no questions")
        self.waiting.append(key)
        return f"judged/{key}.out"

    def wake(self) -> list[Notice]:
        keys, self.waiting[:] = list(self.waiting), []
        return [self._answered(key) for key in keys]

    def _answered(self, key: str) -> Notice:
        question = self.read(key)
        if question is None:
            return Notice(key, None, "the question is gone")
        try:
            answer = self.model.invoke(question)
        except HubError as error:
            return Notice(key, None, str(error))
        self.put(f"judged/{key}.out", answer)
        return Notice(key, f"judged/{key}.out")


@pytest.fixture
def sleeper(endpoint: JudgingEndpoint) -> Sleeper:
    return Sleeper("model", "archive", model=endpoint)


@pytest.fixture
def hub(world: World, sleeper: Sleeper) -> World:
    return replace(world, endpoint=sleeper, asynchronous=sleeper)


def _left(sleeper: Sleeper) -> list[str]:
    """Everything that lies in the bucket."""
    return list(sleeper.listed("", START + timedelta(days=10_000)))


def test_a_contact_counts_at_once_and_its_themes_when_the_answer_comes(
    hub: World, sleeper: Sleeper
) -> None:
    assert understand(hub, _log(hub, _conversation("a"))) == frozenset()
    at_once = _counted(hub).totals()
    assert (at_once["contacts"], at_once["csat:n"], at_once["mention:late"]) == (1, 1, 0)
    assert judge(hub, sleeper.wake()) == []
    later = _counted(hub).totals()
    assert (later["contacts"], later["csat:n"], later["mention:late"]) == (1, 1, 1)
    assert _counted(hub) == recount(hub)
    assert _left(sleeper) == []


def test_the_same_counts_as_an_endpoint_that_answers_at_once(
    world: World, hub: World, sleeper: Sleeper
) -> None:
    keys = [key for name in "abcd" for key in _log(hub, _conversation(name))]
    understand(hub, keys)
    judge(hub, sleeper.wake())
    slowly = recount(hub)
    understand(world, _log(world, _conversation("e")))
    understand(hub, _log(hub, _conversation("f")))
    judge(hub, sleeper.wake())
    (e,), (f,) = (world.interactions.read([f"shop#{name}"]).values() for name in "ef")
    assert e.contribution == f.contribution
    assert slowly.count("contacts") == 4


def test_a_batch_is_one_question_and_a_message_is_asked_about_once(
    hub: World, sleeper: Sleeper
) -> None:
    first, *rest = _conversation("a")
    understand(hub, _log(hub, [first, *_conversation("b")]))
    assert len(sleeper.waiting) == 1
    understand(hub, _log(hub, rest))  # "kiitos" is new, the complaint waits for its answer
    judge(hub, sleeper.wake())
    assert sorted(sleeper.model.texts).count("kiitos") == 2
    assert len(sleeper.model.texts) == 4
    assert _counted(hub) == recount(hub)


def test_personal_data_never_lie_in_a_question(hub: World, sleeper: Sleeper) -> None:
    understand(hub, _log(hub, _conversation("a")))
    (question,) = sleeper.waiting
    stored = (sleeper.read(question) or b"").decode()
    assert "Toimitus on myöhässä" in stored
    assert "040 123 4567" not in stored
    assert "a@a.example" not in stored


def test_notices_that_come_twice_or_late_change_nothing(hub: World, sleeper: Sleeper) -> None:
    understand(hub, _log(hub, _conversation("a")))
    notices = sleeper.wake()
    assert judge(hub, notices + notices) == []
    before = _counted(hub)
    assert judge(hub, notices) == []
    assert _counted(hub) == before


@pytest.mark.parametrize("step", range(1, 36))
def test_killed_between_any_two_calls(
    hub: World, sleeper: Sleeper, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Whatever dies where: after the queue's redelivery and the clock's, all is judged once."""
    fuse = Fuse(step)
    keys = [key for name in "abc" for key in _log(hub, _conversation(name))]
    with monkeypatch.context() as patch:
        patch.setattr(transact, "write", fuse.wrap("transact.write", transact.write))
        _survive(lambda: understand(_fused(hub, fuse), keys))
        assert understand(hub, keys) == frozenset()
        notices = sleeper.wake()
        _survive(lambda: judge(_fused(hub, fuse), notices))
    assert judge(hub, notices) == []
    ask_again(replace(hub, clock=lambda: hub.clock() + timedelta(days=9_000)))
    assert judge(hub, sleeper.wake()) == []
    counts = _counted(hub)
    assert counts == recount(hub)
    assert (counts.count("contacts"), counts.count("mention:late")) == (3, 3)
    assert _left(sleeper) in ([], [notice.answer for notice in notices if notice.answer])


def test_the_steps_above_cover_every_call(
    hub: World, sleeper: Sleeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    fuse = Fuse(-1)
    keys = [key for name in "abc" for key in _log(hub, _conversation(name))]
    monkeypatch.setattr(transact, "write", fuse.wrap("transact.write", transact.write))
    understand(_fused(hub, fuse), keys)
    judge(_fused(hub, fuse), sleeper.wake())
    assert 2 * len(fuse.calls) < 36, fuse.calls


def _fused(hub: World, fuse: Fuse) -> World:
    wrapped = fused(hub, fuse)
    return replace(wrapped, asynchronous=wrapped.endpoint)  # type: ignore[arg-type]


def _survive(work: Callable[[], Any]) -> None:
    with suppress(Killed):
        work()


def test_events_stay_in_the_queue_while_the_endpoint_takes_no_questions(
    hub: World, sleeper: Sleeper
) -> None:
    sleeper.down.append(True)
    keys = _log(hub, _conversation("a"))
    assert understand(hub, keys) == frozenset(keys)
    assert _counted(hub).count("contacts") == 1
    sleeper.down.clear()
    assert understand(hub, keys) == frozenset()
    assert judge(hub, sleeper.wake()) == []
    assert _counted(hub) == recount(hub)


def test_a_failed_question_is_asked_again(hub: World, sleeper: Sleeper) -> None:
    understand(hub, _log(hub, _conversation("a")))
    sleeper.model.down = True
    assert judge(hub, sleeper.wake()) == []
    assert sleeper.waiting == []
    sleeper.model.down = False
    ask_again(hub)
    assert judge(hub, sleeper.wake()) == []
    assert _counted(hub).count("mention:late") == 1
    assert _left(sleeper) == []


def test_a_refused_text_stands_alone_in_the_end_and_the_others_are_judged(
    hub: World, sleeper: Sleeper
) -> None:
    conversations = [item for name in "abcd" for item in _conversation(name)]
    understand(hub, _log(hub, [*conversations, event("x", text="MYRKKY", interaction_id="x")]))
    for _ in range(TRIES * 5):
        assert judge(hub, sleeper.wake()) == []
        ask_again(hub)
    assert (_left(sleeper), sleeper.waiting) == ([], [])
    assert hub.count["texts_refused",] == 1  # type: ignore[index]
    assert _counted(hub).count("mention:late") == 4
    assert _counted(hub).count("contacts") == 5
    assert _counted(hub) == recount(hub)


def test_a_question_without_notice_is_asked_again_after_the_endpoint_forgot_it(
    hub: World, sleeper: Sleeper
) -> None:
    understand(hub, _log(hub, _conversation("a")))
    (lost,) = sleeper.waiting
    sleeper.waiting.clear()
    written = max(_written(sleeper))
    ask_again(replace(hub, clock=lambda: written + FORGOTTEN_AFTER - timedelta(minutes=1)))
    assert sleeper.waiting == []
    ask_again(replace(hub, clock=lambda: written + FORGOTTEN_AFTER + timedelta(minutes=1)))
    assert len(sleeper.waiting) == 1
    assert sleeper.read(lost) is None
    judge(hub, sleeper.wake())
    assert _counted(hub).count("mention:late") == 1


def _written(sleeper: Sleeper) -> list[Any]:
    from chalicelib.adapters.clients import client

    listed = client("s3").list_objects_v2(Bucket=sleeper.bucket)
    return [item["LastModified"] for item in listed["Contents"]]


def test_an_answer_that_comes_after_an_erasure_counts_nothing(hub: World, sleeper: Sleeper) -> None:
    from chalicelib.interaction import EventKind

    understand(hub, _log(hub, _conversation("a")))
    gone = event("9", interaction_id="a", kind=EventKind.ERASURE, text="", customer=None)
    understand(hub, _log(hub, [gone]))
    assert judge(hub, sleeper.wake()) == []
    assert _counted(hub).count("mention:late") == 0
    assert _counted(hub) == recount(hub)
    assert _left(sleeper) == []


def test_a_late_answer_of_an_older_model_changes_nothing(hub: World, sleeper: Sleeper) -> None:
    understand(hub, _log(hub, _conversation("a")))
    late = sleeper.wake()
    question = json.loads(sleeper.read(late[0].question) or b"")
    answer = sleeper.read(str(late[0].answer)) or b""
    newer = enrich.read(
        answer.replace(b"twin-1", b"twin-2"), [t["text"] for t in question["texts"]]
    )
    settle(hub, {(key, mid): e for (key, mid), e in zip(question["of"], newer, strict=True)})
    assert judge(hub, late) == []
    (state,) = hub.interactions.read(["shop#a"]).values()
    assert {enrichment.model for enrichment in state.enrichments.values()} == {"twin-2"}
    assert _counted(hub) == recount(hub)


def _notice(**changes: Any) -> dict[str, Any]:
    return {
        "invocationStatus": "Completed",
        "requestParameters": {"inputLocation": "s3://archive/asked/0/q.json"},
        "responseParameters": {"outputLocation": "s3://archive/judged/q.out"},
        **changes,
    }


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (_notice(), Notice("asked/0/q.json", "judged/q.out")),
        ({"Message": json.dumps(_notice())}, Notice("asked/0/q.json", "judged/q.out")),
        (
            _notice(invocationStatus="Failed", failureReason="ModelError"),
            Notice("asked/0/q.json", None, "ModelError"),
        ),
        (_notice(invocationStatus="Expired"), Notice("asked/0/q.json", None, "Expired")),
        (
            _notice(
                invocationStatus="Failed",
                failureReason="ClientError: Received server error (500) from primary with message "
                '"Aino Virtanen odotti 404 päivää, timed out"',
            ),
            Notice("asked/0/q.json", None, "server error 500"),
        ),
        (
            _notice(invocationStatus="Failed", failureReason="Toimitus on myöhässä"),
            Notice("asked/0/q.json", None, "of an unknown kind"),
        ),
    ],
)
def test_notices(body: dict[str, Any], expected: Notice) -> None:
    assert read_notice(json.dumps(body)) == expected


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '"x"', '{"Message": 1}', json.dumps(_notice(requestParameters=None))]
)
def test_other_messages_are_refused(body: str) -> None:
    with pytest.raises(Unreadable):
        read_notice(body)


def test_a_command_waits_for_its_answer(aws: Settings) -> None:
    class Prompt(Sleeper):
        def hand_over(self, key: str, content_type: str = "", attributes: str = "") -> str:
            self.waiting.append(key)
            return str(self.wake()[0].answer)

    prompt = Prompt("model", "archive", poll_s=0)
    body = json.dumps({"taxonomy": {"hash": "h"}, "texts": [{"id": "0", "text": "lasku"}]})
    assert b"invoice" in prompt.invoke(body.encode())
    assert _left(prompt) == []


def test_a_command_gives_up(hub: World, sleeper: Sleeper) -> None:
    impatient = replace(sleeper, poll_s=0, patience_s=0)
    with pytest.raises(Retryable, match="no answer"):
        impatient.invoke(b"{}")

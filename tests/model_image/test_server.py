"""The server in this process: loading, failure, back-pressure, draining."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.testclient import TestClient

from model_image import backends, wire
from model_image.admission import Worker
from model_image.backends import Backend
from model_image.server import Limits, Medium, Server, create_app
from tests.model_image.callers import Caller, until, wait
from tests.model_image.conftest import Json, body, wait_until_ready

SMALL: Json = {"hash": "x", "themes": []}


class Gate:
    """A backend that reads only while its gate is open, and remembers its batches."""

    model = "gate"

    def __init__(self, is_open: bool = True) -> None:
        self.gate = threading.Event()
        if is_open:
            self.gate.set()
        self.batches: list[int] = []

    def warm_up(self) -> None:
        self.gate.wait(10)

    def understand(self, texts: Sequence[wire.Text], taxonomy: wire.Taxonomy) -> list[wire.Result]:
        self.batches.append(len(texts))
        assert self.gate.wait(10)
        if any(text.text == "boom" for text in texts):
            raise RuntimeError("boom")
        return [wire.Result("fi", 1.0, (0.0, 1.0, 0.0), [(text.text, 1.0)]) for text in texts]


def request(*texts: str, taxonomy: Json = SMALL) -> wire.Request:
    return wire.read(json.dumps(body(*texts, taxonomy=taxonomy)).encode())


def test_ping_waits_for_the_warm_up() -> None:
    backend = Gate(is_open=False)
    with TestClient(create_app(lambda: backend)) as client:
        early = client.get("/ping")
        assert early.status_code == 503
        assert early.headers["retry-after"]
        refused = client.post("/invocations", json=body("Hei", taxonomy=SMALL))
        assert refused.status_code == 503
        assert refused.headers["retry-after"]
        backend.gate.set()
        wait_until_ready(client)
        assert client.post("/invocations", json=body("Hei", taxonomy=SMALL)).status_code == 200


def test_ping_never_turns_good_when_loading_fails() -> None:
    def load() -> Backend:
        raise OSError("no weights")

    with TestClient(create_app(load)) as client:
        for _ in range(20):
            response = client.get("/ping")
            time.sleep(0.005)
        assert response.status_code == 503
        assert response.json()["error"] == "loading failed"


def test_a_failing_model_is_500_and_the_next_request_is_served() -> None:
    with TestClient(create_app(Gate)) as client:
        wait_until_ready(client)
        failed = client.post("/invocations", json=body("boom", taxonomy=SMALL))
        assert failed.status_code == 500
        assert set(failed.json()) == {"error", "where", "remedy"}
        assert client.post("/invocations", json=body("Hei", taxonomy=SMALL)).status_code == 200


def test_logs_carry_no_words(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with TestClient(create_app(Gate)) as client:
        wait_until_ready(client)
        client.post("/invocations", json=body("salaisuus", taxonomy=SMALL))
        client.post("/invocations", json=body("boom", "salaisuus", taxonomy=SMALL))
    assert "texts=1" in caplog.text
    assert "salaisuus" not in caplog.text


def test_metrics_of_a_backend_of_one_call() -> None:
    with TestClient(create_app(Gate)) as client:
        wait_until_ready(client)
        mixed = {**body("Hei", "boom", taxonomy=SMALL), "want": ["partial"]}
        client.post("/invocations", json=mixed)
        client.post("/invocations", json=body("boom", taxonomy=SMALL))
        page = client.get("/metrics").text
    assert 'oivallus_model_texts_total{outcome="read"} 1.0' in page
    assert 'oivallus_model_texts_total{outcome="failed"} 1.0' in page
    assert 'oivallus_model_answers_total{status="500"} 1.0' in page


def test_a_bad_text_costs_its_neighbours_nothing() -> None:
    with TestClient(create_app(Gate)) as client:
        wait_until_ready(client)
        mixed = body("Hei", "boom", taxonomy=SMALL)
        assert client.post("/invocations", json=mixed).status_code == 500
        answer = client.post("/invocations", json={**mixed, "want": ["partial"]})
        assert ["error" in result for result in answer.json()["results"]] == [False, True]


class NotSpeech(wire.BadRequest):
    status = 422


def test_other_media_have_their_own_limits_and_refusals() -> None:
    async def listen(body: bytes, headers: Mapping[str, str]) -> bytes:
        if body == b"noise":
            raise NotSpeech("not speech", "body", "send a recording")
        return b'{"heard": %d}' % len(body)

    media = {"audio/wav": Medium(listen, 10)}
    with TestClient(create_app(Gate, media=media)) as client:
        wait_until_ready(client)
        for sent, status in ((b"abc", 200), (b"noise", 422), (b"a" * 11, 413)):
            answer = client.post(
                "/invocations", content=sent, headers={"content-type": "audio/wav"}
            )
            assert answer.status_code == status
        assert client.post("/invocations", json=body("Hei", taxonomy=SMALL)).status_code == 200


def test_back_pressure_over_http() -> None:
    """One is read, one waits, the third is told to come back; then all are served."""
    backend = Gate()
    with TestClient(create_app(lambda: backend, Limits(waiting_tokens=100))) as client:
        wait_until_ready(client)
        backend.gate.clear()
        medium = client.app.state.server.media["application/json"]  # type: ignore[attr-defined]
        with ThreadPoolExecutor(2) as callers:
            accepted = []
            for _ in range(2):
                job = body("a" * 100, taxonomy=SMALL)
                accepted.append(callers.submit(client.post, "/invocations", json=job))
                wait(lambda: medium.open >= len(accepted))
                time.sleep(0.05)
            refused = client.post("/invocations", json=body("a" * 100, taxonomy=SMALL))
            backend.gate.set()
            assert refused.status_code == 429
            assert int(refused.headers["retry-after"]) >= 1
            assert [answer.result().status_code for answer in accepted] == [200, 200]
        assert client.post("/invocations", json=body("a", taxonomy=SMALL)).status_code == 200


def _served(
    scenario: Callable[[Server], Awaitable[None]],
    media: Mapping[str, Medium] | None = None,
    limits: Limits | None = None,
) -> None:
    async def run() -> None:
        server = Server(Gate, limits or Limits(), media or {})
        await server.start()
        try:
            await scenario(server)
        finally:
            assert server.worker is not None
            server.worker.close()

    asyncio.run(run())


def test_who_is_one_too_many_is_told_before_the_body_is_read() -> None:
    """Of each medium its own number: slow senders of one do not keep others out."""

    async def listen(body: bytes, headers: Mapping[str, str]) -> bytes:
        return b"{}"

    async def scenario(server: Server) -> None:
        slow = [Caller(server, "audio/wav", None) for _ in range(2)]
        await until(lambda: all(caller.asked for caller in slow))
        third = Caller(server, "audio/wav", None)
        refused = await third.answer()
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "30"
        assert not third.asked
        text = json.dumps(body("Hei", taxonomy=SMALL)).encode()
        assert (await Caller(server, "application/json", text).answer()).status_code == 200
        slow[0].hang_up()
        await slow[0].answer()
        assert (await Caller(server, "audio/wav", b"sound").answer()).status_code == 200

    _served(scenario, {"audio/wav": Medium(listen, 10, most_open=2, retry_after_s=30)})


def test_a_caller_who_leaves_keeps_the_place_until_the_work_ends() -> None:
    ended = asyncio.Event()

    async def listen(body: bytes, headers: Mapping[str, str]) -> bytes:
        try:
            await asyncio.Event().wait()
        finally:
            await ended.wait()
        return b""

    async def scenario(server: Server) -> None:
        first = Caller(server, "audio/wav", b"sound")
        await until(lambda: first.asked)
        await asyncio.sleep(0.02)
        first.hang_up()
        await asyncio.sleep(0.02)
        assert (await Caller(server, "audio/wav", b"sound").answer()).status_code == 429
        ended.set()
        assert (await first.answer()).status_code == 499
        assert server.media["audio/wav"].open == 0

    _served(scenario, {"audio/wav": Medium(listen, 10, most_open=1)})


def test_requests_that_wait_together_are_read_together() -> None:
    async def scenario() -> tuple[list[int], list[str]]:
        backend = Gate(is_open=False)
        worker = Worker(backend)
        worker.start()
        calls = [asyncio.ensure_future(worker.understand(request(str(i)))) for i in range(9)]
        await asyncio.sleep(0.05)
        calls[4].cancel()  # a caller who left costs nothing
        other = asyncio.ensure_future(
            worker.understand(request("z", taxonomy={"hash": "y", "themes": []}))
        )
        await asyncio.sleep(0.05)
        backend.gate.set()
        answers = await asyncio.gather(*calls, other, return_exceptions=True)
        worker.close()
        said = [a[0].themes[0][0] for a in answers if not isinstance(a, BaseException)]
        return backend.batches, said

    batches, said = asyncio.run(scenario())
    assert said == ["0", "1", "2", "3", "5", "6", "7", "8", "z"]
    assert sum(batches) in (9, 10)
    assert len(batches) <= 3


def test_draining_finishes_the_accepted_and_refuses_the_rest() -> None:
    finish = asyncio.Event()

    async def listen(body: bytes, headers: Mapping[str, str]) -> bytes:
        await finish.wait()
        return b"{}"

    async def scenario(server: Server) -> None:
        accepted = Caller(server, "audio/wav", b"sound")
        await until(lambda: accepted.asked)
        draining = asyncio.ensure_future(server.drain())
        await asyncio.sleep(0.02)
        late = await Caller(server, "audio/wav", b"sound").answer()
        assert late.status_code == 503
        assert late.headers["retry-after"]
        assert not draining.done()
        finish.set()
        await draining
        assert (await accepted.answer()).status_code == 200

    _served(scenario, {"audio/wav": Medium(listen, 10)})


def test_what_cannot_finish_is_told_to_ask_again() -> None:
    """Slow senders and slow work alike."""

    async def listen(body: bytes, headers: Mapping[str, str]) -> bytes:
        await asyncio.Event().wait()
        return b""

    async def scenario(server: Server) -> None:
        callers = [Caller(server, "audio/wav", sent) for sent in (b"sound", None)]
        await until(lambda: all(caller.asked for caller in callers))
        await server.drain()
        for caller in callers:
            answer = await caller.answer()
            assert answer.status_code == 503
            assert answer.headers["retry-after"]

    _served(scenario, {"audio/wav": Medium(listen, 10)}, Limits(drain_s=0.1))


def test_unknown_backend() -> None:
    with pytest.raises(ValueError, match="known: compact"):
        backends.load("gpu")

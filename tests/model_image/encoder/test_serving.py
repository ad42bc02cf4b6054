"""The encoder behind the server: batching, back-pressure, leaving callers, failure, SIGTERM."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from model_image.admission import Busy, Failed, Worker
from model_image.backends import Item, Outputs, model_directory
from model_image.backends.encoder import Encoder
from model_image.server import Limits, create_app
from model_image.wire import Request, Taxonomy, Text
from tests.model_image.conftest import Json, body, wait_until_ready
from tests.model_image.encoder.conftest import Build

ROOT = Path(__file__).parents[3]
SMALL: Json = {"hash": "x", "themes": []}
NOTHING = Taxonomy("x", (), 0)
JSON = {"content-type": "application/json"}


class Gated:
    """An encoder whose device waits at a gate, fails where told, and remembers its steps."""

    def __init__(self, encoder: Encoder, step_tokens: int = 200) -> None:
        self.encoder = encoder
        self.step_tokens, self.waiting_tokens = step_tokens, 100_000
        self.gate = threading.Event()
        self.gate.set()
        self.steps: list[int] = []
        self.bad: Callable[[Sequence[Item]], bool] = lambda _: False
        self.dead = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.encoder, name)

    def warm_up(self) -> None:
        if self.dead:
            raise RuntimeError("no device")

    def launch(self, items: Sequence[Item]) -> Any:
        self.steps.append(sum(item.tokens for item in items))
        assert self.gate.wait(10)
        if self.dead or self.bad(items):
            raise RuntimeError("a kernel failed")
        return self.encoder.launch(items)

    def collect(self, launched: Any) -> Outputs:
        return self.encoder.collect(launched)


@pytest.fixture
def gated(encoder: Encoder) -> Gated:
    return Gated(encoder)


def _request(*texts: str) -> Request:
    return Request(NOTHING, tuple(Text(str(i), text, None) for i, text in enumerate(texts)))


def _run(scenario: Callable[[Worker], Any], backend: Any, bound: int | None = None) -> Any:
    async def run() -> Any:
        worker = Worker(backend, bound)
        worker.start()
        try:
            return await scenario(worker)
        finally:
            worker.close()

    return asyncio.run(run())


def test_what_waits_is_read_together_up_to_the_budget(gated: Gated) -> None:
    async def scenario(worker: Worker) -> list[Any]:
        gated.gate.clear()
        asked = [asyncio.ensure_future(worker.understand(_request("Hei vain"))) for _ in range(60)]
        await asyncio.sleep(0.2)
        gated.gate.set()
        return list(await asyncio.gather(*asked))

    answers = _run(scenario, gated)
    assert all(answer == answers[0] for answer in answers)
    each = gated.steps[0] if gated.steps[0] < 20 else 10
    assert max(gated.steps) <= 200
    assert len(gated.steps) <= 60 * each / 200 + 3


def test_a_large_request_lets_small_ones_pass(gated: Gated, messages: list[str]) -> None:
    """Its pieces queue a few at a time, so a small one waits for those, not for all."""

    async def scenario(worker: Worker) -> tuple[int, int]:
        gated.gate.clear()
        large = asyncio.ensure_future(worker.understand(_request(*messages * 5)))
        await asyncio.sleep(0.1)
        small = asyncio.ensure_future(worker.understand(_request("Hei")))
        await asyncio.sleep(0.1)
        gated.gate.set()
        await small
        before = len(gated.steps)
        assert not large.done()
        assert len(await large) == 5 * len(messages)
        return before, len(gated.steps)

    before, in_all = _run(scenario, gated)
    assert before <= in_all / 2


def test_the_queue_is_bounded_in_tokens(gated: Gated) -> None:
    long = _request("Hei vain " * 40)
    size = sum(item.tokens for item in gated.prepare(long.texts, long)[0])

    async def scenario(worker: Worker) -> None:
        gated.gate.clear()
        first = asyncio.ensure_future(worker.understand(long))
        await _until_held(worker, size)
        with pytest.raises(Busy) as busy:
            await worker.understand(_request(*["a"] * 50))  # 200: texts count, not requests
        assert busy.value.retry_after_s >= 1
        second = asyncio.ensure_future(worker.understand(_request("a" * 240)))
        await asyncio.sleep(0.05)
        gated.gate.set()
        await asyncio.gather(first, second)
        assert worker.waiting_tokens == 0

    _run(scenario, gated, bound=size + 100)


@pytest.mark.parametrize("odd", ["abc " * 100, "\N{GRINNING FACE}" * 100])
def test_what_takes_more_tokens_than_it_seemed_counts_as_such(gated: Gated, odd: str) -> None:
    size = sum(item.tokens for item in gated.prepare(_request(odd).texts, _request())[0])

    async def scenario(worker: Worker) -> None:
        gated.gate.clear()
        first = asyncio.ensure_future(worker.understand(_request(odd)))
        await _until_held(worker, size)
        with pytest.raises(Busy):
            await worker.understand(_request(odd))
        gated.gate.set()
        await first
        assert worker.waiting_tokens == 0

    _run(scenario, gated, bound=size + gated.estimate(odd) - 1)


async def _until_held(worker: Worker, tokens: int) -> None:
    async with asyncio.timeout(10):
        while worker.waiting_tokens != tokens:
            await asyncio.sleep(0.005)


def test_who_leaves_costs_nothing(gated: Gated) -> None:
    async def scenario(worker: Worker) -> None:
        gated.gate.clear()
        first = asyncio.ensure_future(worker.understand(_request("Hei")))
        await asyncio.sleep(0.05)
        leaving = asyncio.ensure_future(worker.understand(_request(*["Hei vain"] * 50)))
        last = asyncio.ensure_future(worker.understand(_request("Hei")))
        await asyncio.sleep(0.1)
        leaving.cancel()
        await asyncio.sleep(0.02)
        gated.gate.set()
        await asyncio.gather(first, last)
        assert worker.waiting_tokens == 0

    _run(scenario, gated)
    assert sum(gated.steps) <= 2 * gated.steps[0]


def test_one_bad_text_costs_nobody_else(gated: Gated, encoder: Encoder) -> None:
    (bad,) = encoder.prepare([Text("0", "räjähdys", None)], _request())[0]
    gated.bad = lambda items: any(
        item.content.ids.tolist() == bad.content.ids.tolist() for item in items
    )

    async def scenario(worker: Worker) -> tuple[Any, Any]:
        gated.gate.clear()
        three = replace(_request("Hei", "räjähdys", "Moi"), want=frozenset({"partial"}))
        mixed = asyncio.ensure_future(worker.understand(three))
        other = asyncio.ensure_future(worker.understand(_request("Terve")))
        await asyncio.sleep(0.1)
        gated.gate.set()
        with pytest.raises(Failed):
            await worker.understand(_request("räjähdys"))
        assert worker.device.alive
        return await mixed, await other

    mixed, other = _run(scenario, gated)
    assert [bool(result.error) for result in mixed] == [False, True, False]
    assert other[0].error is None


def test_a_dead_device_is_told_to_ping(gated: Gated) -> None:
    with TestClient(create_app(lambda: gated)) as client:
        wait_until_ready(client)
        gated.dead = True
        answer = client.post("/invocations", json=body("Hei", taxonomy=SMALL))
        assert answer.status_code == 500
        assert client.get("/ping").status_code == 503


def test_a_bad_text_over_http(gated: Gated) -> None:
    gated.bad = lambda items: any(item.tokens > 40 for item in items)
    with TestClient(create_app(lambda: gated)) as client:
        wait_until_ready(client)
        mixed = {**body("Hei", "a b " * 25, taxonomy=SMALL), "want": ["partial"]}
        answer = client.post("/invocations", json=mixed)
        first, second = answer.json()["results"]
        assert "error" not in first
        assert second["error"]
        assert second["language"]["code"] == "und"


def test_metrics_tell_what_was_done(gated: Gated, messages: list[str]) -> None:
    limits = Limits(waiting_tokens=10_000)
    with TestClient(create_app(lambda: gated, limits)) as client:
        wait_until_ready(client)
        client.post("/invocations", json=body(*messages, taxonomy=SMALL))
        client.post("/invocations", json={})
        page = client.get("/metrics")
    assert page.headers["content-type"].startswith("text/plain")
    told = dict(line.rsplit(" ", 1) for line in page.text.splitlines() if line[0] != "#")
    assert float(told['oivallus_model_texts_total{outcome="read"}']) == len(messages)
    assert float(told["oivallus_model_computed_to_real"]) == 1.0
    assert float(told["oivallus_model_waiting_tokens"]) == 0
    assert float(told["oivallus_model_step_tokens_count"]) >= len(gated.steps)
    assert float(told['oivallus_model_answers_total{status="400"}']) == 1
    for stage in ("tokenise", "device", "format"):
        assert float(told[f'oivallus_model_stage_seconds_total{{stage="{stage}"}}']) > 0


def test_the_model_directory_is_looked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MODEL_DIR", raising=False)
    monkeypatch.setattr("model_image.backends.SAGEMAKER_MODEL", tmp_path)
    baked = model_directory()
    assert baked != tmp_path
    (tmp_path / "heads.json").write_text("{}")
    assert model_directory() == tmp_path
    monkeypatch.setenv("MODEL_DIR", "/elsewhere")
    assert model_directory() == Path("/elsewhere")


@pytest.fixture(scope="module")
def server(build: Build) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The real process with the encoder, told of no proxy and no hub."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["-m", "model_image", "--backend", "encoder", "--model", str(build("xlm-roberta"))]
    process = subprocess.Popen(
        [sys.executable, *command, "serve", "--host", "127.0.0.1", "--port", str(port)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "MODEL_THREADS": "1"},
        stderr=subprocess.PIPE,
    )
    try:
        yield process, port
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(5)
        if process.stderr:
            process.stderr.close()


def _ask(port: int, path: str, content: Json | None = None) -> tuple[int, bytes]:
    """(status, body); status 0 where nobody listens."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.connect()
    except OSError:
        return 0, b""
    try:
        method = "POST" if content else "GET"
        connection.request(method, path, json.dumps(content) if content else None, JSON)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_the_process_loads_serves_drops_and_drains(
    server: tuple[subprocess.Popen[bytes], int], messages: list[str]
) -> None:
    """503 -> 200; a caller who hangs up is dropped; SIGTERM under load cuts no answer off."""
    process, port = server
    seen = []
    deadline = time.monotonic() + 120  # importing takes seconds, on a busy machine a minute
    while (status := _ask(port, "/ping")[0]) != 200:
        seen.append(status)
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert set(seen) <= {0, 503}

    _hang_up(port, body(*messages * 60, taxonomy=SMALL))
    _until(lambda: b'outcome="cancelled"' in _ask(port, "/metrics")[1])

    answers: Counter[int] = Counter()

    def keep_asking() -> None:
        while True:
            try:
                status, content = _ask(port, "/invocations", body(*messages[:8], taxonomy=SMALL))
            except ConnectionError:  # made as the port closes and never read
                return
            answers[status] += 1
            if status != 200:
                return
            assert len(json.loads(content)["results"]) == 8

    with ThreadPoolExecutor(5) as callers:
        asked = [callers.submit(keep_asking) for _ in range(4)]
        _until(lambda: answers[200] >= 8)
        long = callers.submit(_ask, port, "/invocations", body(*messages * 60, taxonomy=SMALL))
        _until(lambda: _waiting_tokens(port) > 2000)  # the long one is accepted
        process.send_signal(signal.SIGTERM)
    assert process.wait(30) in (0, -signal.SIGTERM)
    for caller in asked:
        caller.result()  # an answer cut off after its first byte raises here
    assert set(answers) <= {200, 0, 503}
    status, content = long.result()
    assert status == 200
    assert len(json.loads(content)["results"]) == 60 * len(messages)
    assert process.stderr is not None
    log = process.stderr.read().decode()
    assert "ready: encoder-" in log
    assert "Traceback" not in log


def _waiting_tokens(port: int) -> float:
    page = _ask(port, "/metrics")[1].decode()
    found = re.search(r"^oivallus_model_waiting_tokens (\S+)$", page, re.MULTILINE)
    assert found
    return float(found[1])


def _hang_up(port: int, content: Json) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("POST", "/invocations", json.dumps(content), JSON)
    time.sleep(0.1)
    connection.close()


def _until(condition: Callable[[], bool], limit_s: float = 15) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Ahead(Gated):
    """A backend whose steps overlap, as on CUDA: it notes what was launched before a collection."""

    overlaps = True

    def __init__(self, encoder: Encoder) -> None:
        super().__init__(encoder, step_tokens=40)
        self.under_way = self.most = 0

    def launch(self, items: Sequence[Item]) -> Any:
        launched = super().launch(items)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        return launched

    def collect(self, launched: Any) -> Outputs:
        self.under_way -= 1
        return super().collect(launched)


def test_steps_overlap_where_the_device_can(encoder: Encoder, messages: list[str]) -> None:
    backend = Ahead(encoder)

    async def scenario(worker: Worker) -> Any:
        return await worker.understand(_request(*messages[:20]))

    results = _run(scenario, backend)
    assert backend.most == 2
    assert backend.under_way == 0
    alone = encoder.understand(_request(*messages[:20]).texts, NOTHING)
    for one, other in zip(results, alone, strict=True):
        assert one.sentiment == pytest.approx(other.sentiment, abs=2e-4)

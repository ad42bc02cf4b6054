"""Life of the process: loading, back-pressure, failure, SIGTERM."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request as UrlRequest
from urllib.request import urlopen

import pytest
from starlette.testclient import TestClient

from model_image import backends, wire
from model_image.admission import Busy, Draining, Worker
from model_image.backends import Backend
from model_image.server import Limits, Medium, Refused, create_app
from tests.model_image.conftest import Json, body, wait_until_ready

ROOT = Path(__file__).parents[2]
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


def test_other_media_have_their_own_limits_and_refusals() -> None:
    async def listen(body: bytes, headers: Mapping[str, str]) -> bytes:
        if body == b"noise":
            raise Refused(422, "not speech", "body", "send a recording")
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
        with ThreadPoolExecutor(2) as callers:
            accepted = []
            for waiting in (1, 2):
                job = body("a" * 100, taxonomy=SMALL)
                accepted.append(callers.submit(client.post, "/invocations", json=job))
                _until(lambda n=waiting: client.app.state.server.open >= n)  # type: ignore[attr-defined]
                time.sleep(0.05)
            refused = client.post("/invocations", json=body("a" * 100, taxonomy=SMALL))
            backend.gate.set()
            assert refused.status_code == 429
            assert int(refused.headers["retry-after"]) >= 1
            assert [answer.result().status_code for answer in accepted] == [200, 200]
        assert client.post("/invocations", json=body("a", taxonomy=SMALL)).status_code == 200


def test_open_requests_are_bounded() -> None:
    with TestClient(create_app(Gate, Limits(open_bodies=0))) as client:
        wait_until_ready(client)
        assert client.post("/invocations", json=body("a", taxonomy=SMALL)).status_code == 429


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
        await worker.drain(1)
        said = [a[0].themes[0][0] for a in answers if not isinstance(a, BaseException)]
        return backend.batches, said

    batches, said = asyncio.run(scenario())
    assert said == ["0", "1", "2", "3", "5", "6", "7", "8", "z"]
    assert sum(batches) in (9, 10)
    assert len(batches) <= 3


def test_draining_finishes_the_accepted_and_refuses_the_rest() -> None:
    async def scenario() -> None:
        backend = Gate(is_open=False)
        worker = Worker(backend, max_waiting_tokens=25)
        worker.start()
        accepted = asyncio.ensure_future(worker.understand(request("a")))
        await asyncio.sleep(0.02)
        draining = asyncio.ensure_future(worker.drain(5))
        await asyncio.sleep(0.02)
        with pytest.raises(Draining):
            await worker.understand(request("b"))
        assert not draining.done()
        backend.gate.set()
        await draining
        assert len(await accepted) == 1

    asyncio.run(scenario())
    assert issubclass(Draining, Busy)


def test_unknown_backend() -> None:
    with pytest.raises(ValueError, match="known: compact"):
        backends.load("gpu")


@pytest.fixture
def process() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The real server on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "model_image", "serve", "--host", "127.0.0.1", "--port", str(port)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )
    try:
        yield server, f"http://127.0.0.1:{port}"
    finally:
        if server.poll() is None:
            server.kill()
        server.wait(5)
        if server.stderr:
            server.stderr.close()


def test_the_process_starts_answers_and_drains_on_sigterm(
    process: tuple[subprocess.Popen[bytes], str], furniture: Json
) -> None:
    server, url = process
    _until(lambda: _ping(url) == 200, 15)
    # Enough work to be in flight still when the signal comes.
    long = body(*["Lasku on väärin, summa ei täsmää. " * 40] * 1500, taxonomy=furniture)
    with ThreadPoolExecutor(1) as caller:
        answer = caller.submit(_post, url, long)
        time.sleep(0.25)
        server.send_signal(signal.SIGTERM)
        status, results = answer.result(timeout=25)
    assert status == 200
    assert len(results["results"]) == 1500
    assert server.wait(10) in (0, -signal.SIGTERM)
    assert server.stderr is not None
    log = server.stderr.read().decode()
    assert "texts=1500" in log
    assert "täsmää" not in log


def _ping(url: str) -> int:
    try:
        with urlopen(f"{url}/ping", timeout=2) as response:
            return int(response.status)
    except HTTPError as error:
        return error.code
    except (URLError, OSError):
        return 0


def _post(url: str, content: Json) -> tuple[int, Json]:
    sent = UrlRequest(
        f"{url}/invocations",
        json.dumps(content).encode(),
        {"content-type": "application/json"},
    )
    with urlopen(sent, timeout=25) as response:
        return response.status, json.loads(response.read())


def _until(condition: object, limit_s: float = 5) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.01)

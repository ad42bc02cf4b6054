"""The real model's plumbing with random weights: offline, batches, times, certainty; and HTTP."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from starlette.testclient import TestClient

from model_image.server import Limits, Server, create_app
from model_image.speech import audio, whisper
from model_image.speech.handler import MOST_HELD, Speech
from model_image.speech.listen import Options, Segment, listen
from model_image.speech.resample import Samples
from tests.model_image.callers import Caller, until
from tests.model_image.conftest import wait_until_ready
from tests.model_image.speech import sounds, tiny
from tests.model_image.speech.fakes import Hearer
from tests.model_image.test_server import Gate

RNG = np.random.default_rng(2)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[whisper.Whisper]:
    torch.set_num_threads(1)
    place = tiny.write(tmp_path_factory.mktemp("model") / "tiny")

    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        loaded = whisper.load(str(place), batch=2)
        yield loaded


def _window(seconds: float) -> Any:
    return sounds.voice(seconds, RNG).repeat(2)


def test_windows_are_heard_alike_in_any_company(model: whisper.Whisper) -> None:
    many = [_window(seconds) for seconds in (5, 12, 29.9)]
    together = model.transcribe(many, ["fi", "sv", "fi"])
    alone = [model.transcribe([w], [c])[0] for w, c in zip(many, ["fi", "sv", "fi"], strict=True)]
    assert [[s.text for s in segments] for segments in together] == [
        [s.text for s in segments] for segments in alone
    ]
    for window, segments in zip(many, together, strict=True):
        assert segments
        for segment in segments:
            assert 0 <= segment.start_s < segment.end_s <= len(window) / 16_000
            assert 0 < segment.p <= 1


def test_certainty_is_the_mean_log_probability_of_what_was_chosen(model: whisper.Whisper) -> None:
    heard = next(model._batches([_window(6)]))
    tokens, log_p = model._decoded(heard, ["fi"])
    config = model.config
    start = [config.decoder_start_token_id, config.lang_to_id["<|fi|>"]]
    prefix = [*start, config.task_to_id["transcribe"]]
    with torch.inference_mode():
        logits = model.net(
            input_features=heard, decoder_input_ids=torch.tensor([prefix + tokens[0][:-1]])
        ).logits[0, len(prefix) - 1 :]
    # Behind the first timestamp the rules leave words alone: those scores are the model's own.
    free = logits.clone()
    free[:, config.eos_token_id :] = -torch.inf
    expected = free.log_softmax(-1)[range(len(tokens[0])), tokens[0]]
    np.testing.assert_allclose(log_p[0][1:5], expected[1:5], atol=0.05)


def test_the_language_is_one_of_those_allowed(model: whisper.Whisper) -> None:
    assert set(model.languages([_window(4)] * 3, ("fi", "sv"))) <= {"fi", "sv"}
    assert model.languages([_window(4)], ("xx",)) == ["xx"]
    assert set(model.languages([_window(4)], ())) <= set(tiny.LANGUAGES)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_a_gpu_hears_in_half_precision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_DEVICE", "cuda")
    loaded = whisper.load(str(tiny.write(tmp_path / "tiny")))
    assert (loaded.net.dtype, loaded.batch) == (torch.float16, whisper.BATCH)
    windows = [_window(seconds) for seconds in (5, 12, 29.9)]
    assert set(loaded.languages(windows, ("fi", "sv"))) <= {"fi", "sv"}
    for window, segments in zip(windows, loaded.transcribe(windows, ["fi"] * 3), strict=True):
        assert segments
        for segment in segments:
            assert 0 <= segment.start_s < segment.end_s <= len(window) / 16_000
            assert 0 < segment.p <= 1


EOS, ZERO = 100, 110


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        pytest.param([ZERO, 1, 2, ZERO + 50, EOS, 3], [(0, 1, [1, 2])], id="one sentence"),
        pytest.param(
            [ZERO, 1, ZERO + 50, ZERO + 75, 2, ZERO + 100, EOS],
            [(0, 1, [1]), (1.5, 2, [4])],
            id="two, with a pause",
        ),
        pytest.param([ZERO + 10, 1], [(0.2, 9, [1])], id="an end that never came"),
        pytest.param([1, 2, EOS], [(0, 9, [0, 1])], id="no time at all"),
        pytest.param([ZERO, 1, ZERO + 1400, EOS], [(0, 9, [1])], id="a time behind the window"),
        pytest.param([ZERO, EOS], [], id="nothing said"),
    ],
)
def test_sentences(tokens: list[int], expected: list[tuple[float, float, list[int]]]) -> None:
    assert list(whisper.sentences(tokens, EOS, ZERO, 9)) == expected


def test_a_directory_that_is_no_model_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"tokenizer\.json"):
        whisper.load(str(tmp_path))


def test_a_whole_recording_through_the_real_model(model: whisper.Whisper) -> None:
    speech = Speech(lambda: model)
    speech.load()
    with TestClient(create_app(Gate, media=speech.media())) as client:
        wait_until_ready(client)
        call = sounds.encoded(
            sounds.line(sounds.ringing(5), sounds.voice(8, RNG), rng=RNG),
            sounds.line(sounds.silence(6, RNG), sounds.voice(7, RNG, "en"), rng=RNG),
        )
        reply = client.post(
            "/invocations",
            content=call,
            headers={
                "content-type": "audio/wav",
                "x-amzn-sagemaker-custom-attributes": "customer=0; languages=fi,sv",
            },
        )
    assert reply.status_code == 200
    told = reply.json()
    assert told["model"] == "tiny-random@0"
    assert {turn["role"] for turn in told["turns"]} <= {"customer", "agent"}
    assert told["turns"]


def test_a_recording_of_several_windows_through_the_real_model(model: whisper.Whisper) -> None:
    """70 s of talk without a long pause: three windows, and turns from each of them in order."""
    call = audio.read(sounds.encoded(sounds.line(sounds.voice(70, RNG), rng=RNG)), "audio/wav", {})
    heard: list[int] = []

    class Counted(whisper.Whisper):
        def transcribe(
            self, windows: Sequence[Samples], languages: Sequence[str]
        ) -> list[list[Segment]]:
            heard.append(len(windows))
            return super().transcribe(windows, languages)

    counted = Counted(model.model, model.net, model.features, model.tokenizer, model.config, 2)
    found = listen(call, Options(languages=("fi",)), counted)
    assert sum(heard) >= 3
    assert max(heard) == 2  # no more at once than the model takes
    starts = [turn.start_s for turn in found.turns]
    assert starts == sorted(starts)
    assert found.turns[0].start_s < 30
    assert 60 < found.turns[-1].end_s <= 70
    assert {turn.language for turn in found.turns} == {"fi"}


# --- HTTP ---------------------------------------------------------------------------------------


@pytest.fixture
def client() -> Iterator[TestClient]:
    speech = Speech(Hearer, audio.Limits(bytes=100_000, seconds=10))
    speech.load()
    with TestClient(create_app(Gate, media=speech.media())) as made:
        wait_until_ready(made)
        yield made


SHORT = sounds.encoded(sounds.voice(3, RNG))


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (SHORT, "audio/wav", 200),
        (SHORT, "audio/wav; customer=0", 200),
        (sounds.encoded(sounds.voice(3, RNG), form="RAW"), "audio/x-mulaw", 200),
        (SHORT, "audio/wav; customer=nobody", 400),
        (b"ID3?", "audio/mpeg", 400),
        (b"\x00\x00\x00\x20ftypM4A ", "audio/mp4", 415),
        (b"\x00\x00\x00\x20ftypM4A ", "audio/mpeg", 415),
        (sounds.encoded(sounds.voice(11, RNG)), "audio/wav", 413),
        (b"\0" * 100_001, "audio/basic", 413),
    ],
)
def test_statuses(client: TestClient, body: bytes, content_type: str, status: int) -> None:
    reply = client.post("/invocations", content=body, headers={"content-type": content_type})
    assert reply.status_code == status
    told = reply.json()
    assert told["turns"] if status == 200 else told["remedy"]


class Slow(Hearer):
    """Hears a window only while its gate is open."""

    def __init__(self) -> None:
        super().__init__(batch=1)
        self.gate = threading.Event()
        self.gate.set()
        self.began = 0

    def transcribe(
        self, windows: Sequence[Samples], languages: Sequence[str]
    ) -> list[list[Segment]]:
        self.began += 1
        assert self.gate.wait(10)
        return super().transcribe(windows, languages)


def _with(slow: Slow, scenario: Callable[[Server], Awaitable[None]]) -> None:
    async def run() -> None:
        speech = Speech(lambda: slow)
        speech.load()
        server = Server(Gate, Limits(), speech.media())
        await server.start()
        slow.began = 0
        slow.gate.clear()
        await scenario(server)

    asyncio.run(run())


def test_recordings_that_wait_are_bounded() -> None:
    slow = Slow()

    async def scenario(server: Server) -> None:
        callers = [Caller(server, "audio/wav", SHORT) for _ in range(MOST_HELD)]
        await until(lambda: all(caller.asked for caller in callers))
        refused = await Caller(server, "audio/mpeg", SHORT).answer()
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 1
        slow.gate.set()
        assert [(await caller.answer()).status_code for caller in callers] == [200] * MOST_HELD

    _with(slow, scenario)


def test_who_leaves_takes_the_recording_along() -> None:
    """One that waits at once; the one in work after the window that is being heard."""
    slow = Slow()
    long = sounds.encoded(sounds.line(sounds.voice(70, RNG), rng=RNG))

    async def scenario(server: Server) -> None:
        callers = [Caller(server, "audio/wav", long) for _ in range(MOST_HELD)]
        await until(lambda: slow.began == 1)
        for caller in callers:
            caller.hang_up()
        for caller in callers[1:]:
            assert (await caller.answer()).status_code == 499
        assert server.media["audio/wav"].open == 1
        slow.gate.set()
        assert (await callers[0].answer()).status_code == 499
        assert server.media["audio/wav"].open == 0
        assert slow.began == 1

    _with(slow, scenario)

"""Tiny random models, built once a session, and no way out to the network."""

from __future__ import annotations

import importlib.util
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from model_image.server import create_app
from tests.model_image.conftest import HERE, wait_until_ready

if TYPE_CHECKING:
    from model_image.backends.encoder import Encoder

# The encoder's libraries are large: without them the compact backend's tests still run.
collect_ignore_glob = [] if importlib.util.find_spec("torch") else ["test_*.py"]

Build = Callable[[str], Path]


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def messages() -> list[str]:
    """Invented messages."""
    lines = (HERE / "messages.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory, messages: list[str]) -> Build:
    """The directory of a tiny random model of a family."""
    from model_image.encoder import random_model

    built: dict[str, Path] = {}

    def directory(family: str) -> Path:
        if family not in built:
            built[family] = tmp_path_factory.mktemp(family)
            random_model.build(built[family], random_model.Shape(family), messages)
        return built[family]

    return directory


@pytest.fixture(scope="session")
def encoder(build: Build) -> Encoder:
    """The backend on a tiny XLM-R."""
    from model_image.backends.encoder import Encoder, Options

    return Encoder.load(build("xlm-roberta"), Options(device="cpu"))


@pytest.fixture(scope="session")
def client(encoder: Encoder) -> Iterator[TestClient]:
    """A ready server with the encoder: the contract's tests run on it too."""
    with TestClient(create_app(lambda: encoder)) as client:
        wait_until_ready(client)
        yield client


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting or resolving a name fails the test."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)

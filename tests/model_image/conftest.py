"""The compact backend, loaded once, and the server around it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from model_image.backends.compact import Compact
from model_image.server import create_app
from model_image.wire import Result, read

HERE = Path(__file__).parent
# On a machine with a GPU too: what runs there has tests of its own, and its last digits differ.
os.environ.setdefault("MODEL_DEVICE", "cpu")

Json = dict[str, Any]
Understand = Callable[..., list[Result]]


@pytest.fixture(scope="session")
def furniture() -> Json:
    """The taxonomy of an invented furniture store."""
    taxonomy: Json = json.loads((HERE / "taxonomy.json").read_text(encoding="utf-8"))
    return taxonomy


@pytest.fixture(scope="session")
def compact() -> Compact:
    return Compact.load()


@pytest.fixture
def understand(compact: Compact, furniture: Json) -> Understand:
    """Texts -> results, through the JSON of the wire."""

    def call(*texts: str, taxonomy: Json | None = None, hint: str | None = None) -> list[Result]:
        request = read(json.dumps(body(*texts, taxonomy=taxonomy or furniture, hint=hint)).encode())
        return compact.understand(request.texts, request.taxonomy)

    return call


@pytest.fixture(scope="session")
def client(compact: Compact) -> Iterator[TestClient]:
    """A ready server in this process."""
    with TestClient(create_app(lambda: compact)) as client:
        wait_until_ready(client)
        yield client


def body(*texts: str, taxonomy: Json, hint: str | None = None) -> Json:
    """A request of the contract."""
    return {
        "schema": "oivallus.enrich.1",
        "taxonomy": taxonomy,
        "texts": [{"id": str(i), "text": text, "language": hint} for i, text in enumerate(texts)],
    }


def wait_until_ready(client: TestClient) -> None:
    deadline = time.monotonic() + 10
    while client.get("/ping").status_code != 200:
        assert time.monotonic() < deadline, "not ready within 10 s"
        time.sleep(0.01)

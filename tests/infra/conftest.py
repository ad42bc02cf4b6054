"""What is slow to make, once a session: the package, and the model server; and a place to act."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.adapters.settings import Settings
from chalicelib.adapters.world import World
from infra.local.model_server import model_server
from infra.package import Package, package
from infra.template import DEV
from tests.infra import places
from tests.infra.places import Place


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The dev stage, packaged without dependencies, so that no network is needed."""
    return package(DEV, tmp_path_factory.mktemp("dev"), dependencies=False)


@pytest.fixture(scope="session")
def model_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with model_server(tmp_path_factory.mktemp("model") / "model.log") as url:
        yield url


@pytest.fixture
def place(
    world: World,
    aws: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Place:
    return places.made(world, aws, monkeypatch, capsys)

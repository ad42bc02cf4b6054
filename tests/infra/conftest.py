"""One package per stage and session: `chalice package` takes seconds."""

from __future__ import annotations

import pytest

from infra.package import Package, package
from infra.template import DEV


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The dev stage, packaged without dependencies, so that no network is needed."""
    return package(DEV, tmp_path_factory.mktemp("dev"), dependencies=False)

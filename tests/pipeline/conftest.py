"""A hub whose source has thin deliveries, its vendor, and its clock."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.adapters.world import World
from chalicelib.pipeline.receive import receive
from tests.pipeline import thin
from tests.pipeline.test_receive import MESSAGE, signed
from tests.pipeline.thin import Clock, Vendor


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vendor() -> Vendor:
    return Vendor(thin.response)


@pytest.fixture
def hub(world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world whose source `shop` has thin deliveries, and one of them received."""
    thin.wire(monkeypatch)
    thin.give_credentials(world, token="token-of-the-vendor")
    made = replace(world, clock=clock)
    assert receive(made, "shop", signed(MESSAGE)).status == 200
    return made

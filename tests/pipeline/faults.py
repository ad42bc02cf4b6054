"""Kill a worker between any two calls to the outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chalicelib.adapters.world import World

ADAPTERS = (
    "log",
    "interactions",
    "summaries",
    "registry",
    "queue",
    "fetch_queue",
    "endpoint",
    "mail",
    "secrets",
    "vendors",
)


class Killed(BaseException):
    """The process is gone: no handler may catch this as an error of its own."""


class Fuse:
    """Blows at the n-th step, counted from 1; each adapter call is two, before and after it."""

    def __init__(self, blow_at: int) -> None:
        self.left = blow_at
        self.calls: list[str] = []

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed

    def wrap(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def fused(*args: Any, **kwargs: Any) -> Any:
            self.calls.append(name)
            self.step()
            answer = call(*args, **kwargs)
            self.step()
            return answer

        return fused


class _Fused:
    def __init__(self, adapter: Any, name: str, fuse: Fuse) -> None:
        self._adapter, self._name, self._fuse = adapter, name, fuse

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(self._adapter, attribute)
        if callable(value):
            return self._fuse.wrap(f"{self._name}.{attribute}", value)
        return value


def fused(world: World, fuse: Fuse) -> World:
    """The same world, dying when the fuse blows."""
    adapters: Any = {name: _Fused(getattr(world, name), name, fuse) for name in ADAPTERS}
    return replace(world, **adapters)

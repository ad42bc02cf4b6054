"""Lambda's twin: calls the real handlers of app.py, and keeps what they print."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from chalice.app import Chalice
from chalice.local import LambdaContext, LocalChalice
from chalice.utils import to_cfn_resource_name

from infra.local.cloudwatch import Capture, CloudWatch

API = "APIHandler"


class FunctionFailed(Exception):
    """The handler raised, as Lambda would report it: 'name: message'."""


class _OwnRequest(LocalChalice):
    """Chalice keeps the current request on the app; here threads share the app."""


class Functions:
    """The functions of one Chalice app, by their logical ids in the template.

    `timeouts_s` holds the functions' timeouts, and under '' that of the others. Lambda would
    stop a function there; this only tells it how long it has.
    """

    def __init__(self, app: Chalice, timeouts_s: Mapping[str, int], cloudwatch: CloudWatch) -> None:
        self.app = app
        self._timeouts_s = timeouts_s
        self._cloudwatch = cloudwatch
        self._capture = Capture(app.app_name)
        self._handlers: dict[str, Callable[[Any, Any], Any]] = {API: app}
        for name, handler in app.handler_map.items():
            self._handlers[to_cfn_resource_name(name)] = handler

    def __enter__(self) -> Functions:
        self._class = self.app.__class__
        self.app.__class__ = _OwnRequest
        self._capture.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._capture.__exit__()
        self.app.__class__ = self._class

    def invoke_named(self, name: str, event: Mapping[str, Any]) -> Any:
        """As `invoke`, by the name in app.py. Raises KeyError for an unknown one."""
        return self.invoke(to_cfn_resource_name(name), event)

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        """Call a function with an event and return what it returns.

        Raises FunctionFailed when it raises, after logging the traceback as Lambda does.
        """
        context = LambdaContext(
            function,
            memory_size=1024,
            max_runtime_ms=1000 * self._timeouts_s.get(function, self._timeouts_s[""]),
        )
        with self._capture.invocation() as printed:
            try:
                return self._handlers[function](event, context)
            except Exception as error:
                print(json.dumps(_report(error)))
                raise FunctionFailed(f"{type(error).__name__}: {error}") from error
            finally:
                self._cloudwatch.take(function, printed.getvalue())


def _report(error: Exception) -> dict[str, Any]:
    return {
        "level": logging.getLevelName(logging.ERROR),
        "message": f"{type(error).__name__}: {error}",
        "exception": "".join(traceback.format_exception(error)),
    }

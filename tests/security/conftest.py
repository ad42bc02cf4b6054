"""Everything that functions print and log, caught as CloudWatch would get it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.adapters import telemetry

#: They print whole calls at DEBUG, which no function sets; their warnings are caught.
QUIET = ("aws_lambda_powertools", "boto3", "botocore", "moto", "pynamodb", "werkzeug")


class Printed(io.StringIO):
    """Every record of every logger; `text` has standard output and error too."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        super().__init__()
        self._capfd = capfd

    def text(self) -> str:
        self.write("".join(self._capfd.readouterr()))
        return self.getvalue()

    def lines(self, message: str) -> list[dict[str, Any]]:
        """The structured lines of one message."""
        held = [json.loads(line) for line in self.text().splitlines() if line[:1] == "{"]
        return [line for line in held if line.get("message") == message]

    def forget(self) -> None:
        self.text()
        self.seek(0)
        self.truncate()


@pytest.fixture
def printed(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Printed]:
    caught = Printed(capfd)
    for handler in telemetry.logger._logger.handlers:
        if isinstance(handler, logging.StreamHandler):
            monkeypatch.setattr(handler, "stream", caught)
    root, own = logging.getLogger(), logging.StreamHandler(caught)
    own.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
    loggers = [root, *map(logging.getLogger, QUIET)]
    levels = [logger.level for logger in loggers]
    root.addHandler(own)
    for logger in loggers:
        logger.setLevel(logging.DEBUG if logger is root else logging.WARNING)
    yield caught
    root.removeHandler(own)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)

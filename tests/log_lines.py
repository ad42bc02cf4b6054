"""Every line that functions log or print in a test, searched for every secret that tests know.

Caught where a line is made, so that it does not matter who captures the stream behind. What runs
in a process of its own is not caught.
"""

from __future__ import annotations

import builtins
import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from chalicelib.adapters import telemetry
from chalicelib.adapters.secrets import Secrets

#: Shorter ones stand in other words too. Every generated secret is longer.
SHORTEST = 8
_FIXTURES = Path(__file__).parent / "fixtures"
_LINES: list[str] = []
_KNOWN: set[str] = set()  # what was read from Secrets Manager since the tests began


@contextmanager
def caught() -> Iterator[None]:
    """Collect lines and secrets while the block runs: once, around all tests."""
    form, fetch, put, shown = (
        telemetry._Wordless.format,
        Secrets._fetch,
        Secrets._put,
        builtins.print,
    )

    def formed(self: Any, record: logging.LogRecord) -> str:
        _LINES.append(line := form(self, record))
        return line

    def fetched(self: Secrets, secret_id: str) -> Mapping[str, Any]:
        _learn(found := fetch(self, secret_id))
        return found

    def stored(self: Secrets, secret_id: str, content: Mapping[str, Any]) -> None:
        _learn(content)
        put(self, secret_id, content)

    def printed(*words: Any, **how: Any) -> None:
        if how.get("file") in (None, sys.stdout, sys.stderr):
            _LINES.append(" ".join(map(str, words)))
        shown(*words, **how)

    others = _Others(logging.WARNING)
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(telemetry._Wordless, "format", formed))
        stack.enter_context(mock.patch.object(Secrets, "_fetch", fetched))
        stack.enter_context(mock.patch.object(Secrets, "_put", stored))
        stack.enter_context(mock.patch.object(builtins, "print", printed))
        logging.getLogger().addHandler(others)
        stack.callback(logging.getLogger().removeHandler, others)
        yield


class _Others(logging.Handler):
    """What libraries warn of: Lambda prints that too."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.name != telemetry.logger.name:
            _LINES.append(self.format(record))


@contextmanager
def without_secrets() -> Iterator[None]:
    """Fail, showing the place, when a line of the block holds a secret that tests know."""
    before = len(_LINES)
    yield
    held = "\n".join(_LINES[before:])
    del _LINES[before:]
    for secret in secrets() if held else ():
        at = held.find(secret)
        # The secret is invented: whoever mends this may see it.
        assert at < 0, f"a secret is in a line: …{held[max(0, at - 300) : at + 300]}…"


def secrets() -> frozenset[str]:
    """All that no line may hold: recordings' secrets, and what was read from Secrets Manager."""
    return _recorded() | _KNOWN


@cache
def _recorded() -> frozenset[str]:
    texts = (path.read_text(encoding="utf-8") for path in _FIXTURES.rglob("*.json"))
    found = re.findall(r'^\s*"secret": (".*"),?$', "\n".join(texts), re.MULTILINE)
    return frozenset(one for text in set(found) for one in _forms(json.loads(text)))


def _learn(content: Mapping[str, Any]) -> None:
    """Remember what `chalicelib.adapters.secrets` keeps: signing secrets, own keys, credentials."""
    told = [*content.get("secrets", ()), *content.get("api", {}).values(), content.get("offered")]
    _KNOWN.update(form for one in told if isinstance(one, str) for form in _forms(one))


def _forms(secret: str) -> Iterator[str]:
    """A secret, and what follows a user's name in it, as they are and as JSON writes them.

    Of a key of many lines each line. Addresses, of a topic or of an API, are no secrets.
    """
    if secret.startswith(("arn:", "https://")):
        return
    for line in secret.splitlines():
        for part in {line, re.split("[:&]", line)[-1]}:
            if len(part) >= SHORTEST and not part.startswith("-----"):
                yield part
                yield from (json.dumps(part, ensure_ascii=plain)[1:-1] for plain in (True, False))

"""Where dynalite cannot run, a developer goes on and CI fails."""

from __future__ import annotations

import pytest

from tests.dynamodb import server


def test_ci_does_not_do_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="in CI the storage tests"):
        server.left_out("there is no Node.js")
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="no Node"):
        server.left_out("there is no Node.js")

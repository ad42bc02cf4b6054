"""Chatwoot's, Crisp's and Meta's signatures, computed a second time by openssl."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime

import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Request

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")

NOW = datetime(2026, 11, 2, 9, 15, tzinfo=UTC)
SECRET = "d1c6f5b2a0e94f7790a3"
BODY = '{"content":"Äkkiä nyt, sohva on märkä \\u2013 miksi?"}\n'.encode()


def openssl_hex(content: bytes) -> str:
    command = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"key:{SECRET}"]
    done = subprocess.run(command, input=content, capture_output=True, check=True)
    return done.stdout.decode().rpartition("= ")[2].strip()


@pytest.mark.parametrize(
    ("name", "content", "headers"),
    [
        pytest.param(
            "chatwoot",
            b"1793610900." + BODY,
            {"x-chatwoot-timestamp": "1793610900", "x-chatwoot-signature": "sha256={}"},
            id="chatwoot: time, point, body",
        ),
        pytest.param(
            "crisp",
            b"[1793610900000;" + BODY + b"]",
            {"x-crisp-request-timestamp": "1793610900000", "x-crisp-signature": "{}"},
            id="crisp: time and body in brackets",
        ),
        pytest.param("meta", BODY, {"x-hub-signature-256": "sha256={}"}, id="meta: the body alone"),
    ],
)
def test_openssl_agrees(name: str, content: bytes, headers: dict[str, str]) -> None:
    connector = CONNECTORS[name]
    mac = openssl_hex(content)
    signed = {key: value.format(mac) for key, value in headers.items()}
    request = Request("POST", "https://hub.example/webhooks/chat", signed, BODY)
    connector.verify(request, [SECRET], NOW)
    bare = Request("POST", "https://hub.example/webhooks/chat", {}, BODY)
    assert connector.sign(bare, SECRET, NOW).headers == signed

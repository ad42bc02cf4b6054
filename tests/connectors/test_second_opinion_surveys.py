"""Survey vendors' signatures against published vectors and openssl."""

from __future__ import annotations

import base64
import shutil
import subprocess
from datetime import UTC, datetime
from urllib.parse import unquote_plus, urlencode

import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Request
from tests.connectors.recordings import Recording, recordings

NOW = datetime(2026, 11, 2, 9, 15, 40, tzinfo=UTC)
NAMES = ("surveymonkey", "qualtrics", "delighted", "tally", "formbricks", "google_forms")
ALL = [r for r in recordings() if r.connector.name in NAMES]

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")


def openssl(content: bytes, key: bytes, algorithm: str) -> bytes:
    """The HMAC as another program computes it."""
    option = f"hexkey:{key.hex()}"
    command = ["openssl", "dgst", f"-{algorithm}", "-mac", "HMAC", "-macopt", option, "-binary"]
    return subprocess.run(command, input=content, capture_output=True, check=True).stdout


def test_qualtrics_vector() -> None:
    """kyma-incubator/connector-tools, qualtrics-event-gw/pkg/hmac/hmac_test.go: a real delivery."""
    message = (
        '{"Status":"Complete","SurveyID":"SV_1AmkKSDmoZ4XlQx","ResponseID":"R_0B7IcnXszjEUHLP",'
        '"CompletedDate":"2019-06-25 07:58:25","BrandID":"sapdevelopment"}'
    )
    mac = (
        "c2c585a404c239aa3063b462cc33551d3ed3ed2de0899f58d456fc0ef7ebef6f"
        "3c3af44957989bd0592603e41edde9528f7d9ed09ee128bf719aa12f46e5c598"
    )
    body = urlencode({"HMAC": mac, "MSG": message}).encode()
    request = Request("POST", "https://hub.example/webhooks/survey", {}, body)
    CONNECTORS["qualtrics"].verify(request, ["kyma4ever"], NOW)


def expected(recording: Recording) -> tuple[str, str]:
    """(what the delivery says, what openssl says)"""
    name, key = recording.connector.name, recording.secret.encode()
    headers, body = recording.request.headers, recording.request.body
    if name == "surveymonkey":
        return headers["sm-signature"], base64.b64encode(openssl(body, key, "sha1")).decode()
    if name == "tally":
        return headers["tally-signature"], base64.b64encode(openssl(body, key, "sha256")).decode()
    if name == "delighted":
        given = headers["x-delighted-webhook-signature"]
        return given, "sha256=" + openssl(body, key, "sha256").hex()
    if name == "qualtrics":
        fields = dict(pair.split("=", 1) for pair in body.decode().split("&"))
        message = unquote_plus(fields["MSG"]).encode()
        return fields["HMAC"], openssl(message, key, "sha512").hex()
    # Standard Webhooks: base64 after whsec_, and id.time.body
    secret = base64.b64decode(recording.secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = base64.b64encode(openssl(signed, secret, "sha256")).decode()
    return headers["webhook-signature"], f"v1,{mac}"


@needs_openssl
@pytest.mark.parametrize("recording", [pytest.param(r, id=r.name) for r in ALL])
def test_openssl_signs_the_recordings_alike(recording: Recording) -> None:
    given, computed = expected(recording)
    assert given == computed

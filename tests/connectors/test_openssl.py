"""Every plain HMAC, as recorded, computed again by another program: `openssl dgst`.

What a vendor signs is found by trying what vendors are known to sign, with openssl alone, until
its MAC stands in a header of the recording. So a mistake in our own signing code, which signed the
recordings, cannot hide: no other program would find the same value. Connectors whose proof is no
HMAC of such a kind have their second opinion elsewhere.
"""

from __future__ import annotations

import base64
import binascii
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Proof
from tests.connectors.recordings import Recording, recordings

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")

_ALGORITHMS = {20: "sha1", 32: "sha256", 64: "sha512"}
#: What vendors are known to sign: {t} is any of the times or ids in the headers, {b} the body.
_TEMPLATES = (
    "{b}",
    "{t}{b}",
    "{t}.{b}",
    "{t}:{b}",
    "v0:{t}:{b}",
    "[{t};{b}]",
    "{i}.{t}.{b}",
    "{t}",
)
_TESTS = Path(__file__).parents[1]
#: Where schemes that are no HMAC of body and headers have another implementation.
_ELSEWHERE = ("test_signatures.py", "test_asymmetric.py", "connectors/test_second_opinion_*.py")
#: Shared schemes that are tested so by themselves.
_SHARED = frozenset({"asymmetric", "jwt_hs256"})


def candidates(text: str) -> Iterator[bytes]:
    """The MACs that a header may hold, in hex or base64, after a prefix or in a list."""
    for part in re.split(r"[ ,]", text):
        for value in (part, part.partition("=")[2]):
            if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128}", value):
                yield bytes.fromhex(value)
                continue
            try:
                yield base64.b64decode(value, validate=True)
            except (binascii.Error, ValueError):
                continue


def keys(secret: str) -> Iterator[bytes]:
    """The secret's text, or its bytes where it is written in base64 after a prefix."""
    yield secret.encode()
    _, marked, rest = secret.partition("_")
    if marked:
        try:
            yield base64.b64decode(rest + "=" * (-len(rest) % 4), validate=True)
        except (binascii.Error, ValueError):
            return


def contents(recording: Recording) -> Iterator[tuple[str, bytes]]:
    """(template, what it makes) of every template and every pair of header values."""
    short = {
        value
        for name, value in recording.request.headers.items()
        if len(value) < 80 and name not in ("host", "content-type", "content-length")
    }
    for template in _TEMPLATES:
        for t in short if "{t}" in template else {""}:
            for i in short if "{i}" in template else {""}:
                before, body, after = template.replace("{t}", t).replace("{i}", i).partition("{b}")
                held = recording.request.body if body else b""
                yield template, before.encode() + held + after.encode()


@cache
def openssl(content: bytes, key: bytes, algorithm: str) -> bytes:
    command = ["openssl", "dgst", f"-{algorithm}", "-mac", "HMAC", "-macopt"]
    command += [f"hexkey:{key.hex()}", "-binary"]
    return subprocess.run(command, input=content, capture_output=True, check=True).stdout


def found(recording: Recording) -> str | None:
    """How the recording is signed, in words; None where openssl finds no such way."""
    for name, value in recording.request.headers.items():
        for mac in candidates(value):
            algorithm = _ALGORITHMS.get(len(mac))
            if algorithm is None:
                continue
            for template, content in contents(recording):
                for key in keys(recording.secret):
                    if key and openssl(content, key, algorithm) == mac:
                        return f"{name}: {algorithm} of {template}"
    return None


@cache
def last_of(name: str) -> Recording:
    """Another recording than the one of the other conformance tests."""
    told = [r for r in recordings() if r.connector.name == name and "events" in r.expected]
    return told[-1]


SIGNING = [name for name in CONNECTORS if CONNECTORS[name].proof is Proof.SIGNATURE]


@cache
def second_opinions() -> str:
    """The text of the tests with SDKs, published vectors and other programs."""
    files = [path for pattern in _ELSEWHERE for path in sorted(_TESTS.glob(pattern))]
    return "\n".join(path.read_text(encoding="utf-8").lower() for path in files)


@pytest.mark.parametrize("name", SIGNING)
def test_another_implementation_agrees(name: str) -> None:
    recording = last_of(name)
    if found(recording):
        return
    assert name in second_opinions() or _SHARED & imports(name), (
        f"openssl finds no MAC in {name}'s recording: where its proof is no HMAC of body and "
        f"headers, put a second opinion into tests/connectors/test_second_opinion_{name}.py"
    )


def imports(name: str) -> set[str]:
    return set(vars(import_module(f"chalicelib.connectors.{name}")))


def test_what_openssl_finds_is_what_the_vendor_documents() -> None:
    told = {name: found(last_of(name)) for name in ("zendesk", "intercom", "standard", "hmac")}
    assert told == {
        "zendesk": "x-zendesk-webhook-signature: sha256 of {t}{b}",
        "intercom": "x-hub-signature: sha1 of {b}",
        "standard": "webhook-signature: sha256 of {i}.{t}.{b}",
        "hmac": "x-hub-signature-256: sha256 of {b}",
    }


def test_a_changed_recording_is_not_found() -> None:
    one = last_of("intercom")
    changed = replace(one, request=replace(one.request, body=one.request.body + b" "))
    assert found(changed) is None

"""SNS's signature as `openssl` makes and checks it, and whose certificate and topic count."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Request
from chalicelib.errors import Rejected, Skipped, Unreadable
from tests.connectors.recordings import FIXTURES, load
from tests.connectors.test_hostile import mutated, nasty, places
from tests.connectors.validity import assert_valid

SES = CONNECTORS["ses"]
TOPIC = "arn:aws:sns:eu-north-1:111122223333:inbound"
CERTIFICATE_URL = (
    "https://sns.eu-north-1.amazonaws.com/"
    "SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem"
)
INLINE = load(FIXTURES / "ses" / "inline.http")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with key.pem and a self-signed certificate.pem, as SNS publishes one."""
    folder = tmp_path_factory.mktemp("sns")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=sns.amazonaws.com"
    subprocess.run(
        [*command.split(), "-keyout", "key.pem", "-out", "certificate.pem"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder


def as_published(envelope: Mapping[str, Any]) -> bytes:
    """What is signed, written down anew from the developer guide's two lists."""
    if envelope["Type"] == "Notification":
        lines = f"Message\n{envelope['Message']}\nMessageId\n{envelope['MessageId']}\n"
        if "Subject" in envelope:
            lines += f"Subject\n{envelope['Subject']}\n"
    else:
        lines = f"Message\n{envelope['Message']}\nMessageId\n{envelope['MessageId']}\n"
        lines += f"SubscribeURL\n{envelope['SubscribeURL']}\n"
    lines += f"Timestamp\n{envelope['Timestamp']}\n"
    if envelope["Type"] != "Notification":
        lines += f"Token\n{envelope['Token']}\n"
    return (lines + f"TopicArn\n{envelope['TopicArn']}\nType\n{envelope['Type']}\n").encode()


def signed_by_openssl(request: Request, keys: Path, version: str, **changes: Any) -> Request:
    envelope = {**json.loads(request.body), "SigningCertURL": CERTIFICATE_URL, **changes}
    envelope = {name: value for name, value in envelope.items() if value is not None}
    digest = {"1": "-sha1", "2": "-sha256"}[version]
    signature = subprocess.run(
        ["openssl", "dgst", digest, "-sign", "key.pem"],
        cwd=keys,
        input=as_published(envelope),
        capture_output=True,
        check=True,
    ).stdout
    envelope |= {
        "SignatureVersion": version,
        "Signature": base64.b64encode(signature).decode(),
    }
    return replace(request, body=json.dumps(envelope).encode())


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("name", ["inline", "validated", "subscription", "unsubscribed"])
def test_what_openssl_signs_is_accepted(keys: Path, version: str, name: str) -> None:
    """With the certificate as the last secret, as receive() gives what `key_url` named."""
    recording = load(FIXTURES / "ses" / f"{name}.http")
    request = signed_by_openssl(recording.request, keys, version)
    certificate = (keys / "certificate.pem").read_text()
    assert SES.key_url(request) == CERTIFICATE_URL
    SES.verify(request, [TOPIC, certificate], recording.at)
    envelope = json.loads(request.body)
    for field in ("Message", "Timestamp", "MessageId"):
        changed = replace(request, body=json.dumps({**envelope, field: "x"}).encode())
        with pytest.raises(Rejected, match="does not fit"):
            SES.verify(changed, [TOPIC, certificate], recording.at)


def test_the_other_hash_does_not_fit(keys: Path) -> None:
    request = signed_by_openssl(INLINE.request, keys, "1")
    claimed = {**json.loads(request.body), "SignatureVersion": "2"}
    with pytest.raises(Rejected, match="does not fit"):
        SES.verify(
            replace(request, body=json.dumps(claimed).encode()),
            [TOPIC, (keys / "certificate.pem").read_text()],
            INLINE.at,
        )


@pytest.mark.parametrize(
    ("secrets", "reason"),
    [
        ([], "no secret"),
        ([TOPIC], "certificate of SNS is missing"),
        (["CERTIFICATE"], "none of this source's"),
        ([TOPIC.replace("inbound", "other"), "CERTIFICATE"], "none of this source's"),
        ([TOPIC + "-two", "CERTIFICATE"], "none of this source's"),
    ],
)
def test_amazons_signature_alone_is_not_enough(keys: Path, secrets: list[str], reason: str) -> None:
    """Anybody can make a topic and subscribe us to it; Amazon signs that too."""
    certificate = (keys / "certificate.pem").read_text()
    given = [certificate if one == "CERTIFICATE" else one for one in secrets]
    request = signed_by_openssl(INLINE.request, keys, "2")
    with pytest.raises(Rejected, match=reason):
        SES.verify(request, given, INLINE.at)


def test_several_topics_on_lines_of_one_secret(keys: Path) -> None:
    request = signed_by_openssl(INLINE.request, keys, "2")
    secret = f"{TOPIC}-two\n{TOPIC}\n"
    SES.verify(request, [secret, (keys / "certificate.pem").read_text()], INLINE.at)


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-north-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5ca.pem",
        "https://sns.eu-north-1.amazonaws.com.evil.example/SimpleNotificationService-9c6465fa7f48f5ca.pem",
        "https://evil.example/SimpleNotificationService-9c6465fa7f48f5ca.pem",
        "https://sns.eu-north-1.amazonaws.com@evil.example/SimpleNotificationService-9c6465fa7f48f5ca.pem",
        "https://sns.eu-north-1.amazonaws.com:8443/SimpleNotificationService-9c6465fa7f48f5ca.pem",
        "https://bucket.s3.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5ca.pem",
        "https://sns.eu-north-1.amazonaws.com/bucket/evil.pem",
        "https://sns.eu-north-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5ca.pem?x=1",
        "https://sns.eu-north-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5ca.pem#x",
        "https://sns.eu-north-1.amazonaws.com/../SimpleNotificationService-9c6465fa7f48f5ca.pem",
        "https://sns.eu-north-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5ca.pem\n",
        "https://sns.EU-NORTH-1.amazonaws.com/SimpleNotificationService-zz.pem",
        "",
        5,
    ],
)
def test_no_certificate_but_of_sns(url: object) -> None:
    body = json.dumps({"SigningCertURL": url}).encode()
    with pytest.raises(Rejected, match="SigningCertURL"):
        SES.key_url(replace(INLINE.request, body=body))


@pytest.mark.parametrize("region", ["eu-north-1", "us-gov-west-1", "ap-southeast-2"])
def test_certificates_of_every_region(region: str) -> None:
    url = CERTIFICATE_URL.replace("eu-north-1", region)
    body = json.dumps({"SigningCertURL": url}).encode()
    assert SES.key_url(replace(INLINE.request, body=body)) == url


def test_what_the_local_hub_signs_names_no_certificate() -> None:
    assert SES.key_url(INLINE.request) is None


NOTIFICATIONS = [
    load(path)
    for path in sorted((FIXTURES / "ses").glob("*.http"))
    if path.stem in ("inline", "inline_base64", "on_s3", "on_s3_truncated", "spam", "no_mail")
]


@given(data=st.data())
@settings(max_examples=400, deadline=None, derandomize=True)
def test_a_mutated_message_inside_the_envelope(data: st.DataObject) -> None:
    recording = data.draw(st.sampled_from(NOTIFICATIONS))
    envelope = json.loads(recording.request.body)
    message = json.loads(envelope["Message"])
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(places(message)))
        try:
            mutated(message, path, data.draw(nasty), data.draw(st.booleans()))
        except (KeyError, IndexError, TypeError):
            continue
        if not isinstance(message, dict) or not message:
            break
    envelope["Message"] = json.dumps(message)
    request = replace(recording.request, body=json.dumps(envelope).encode())
    try:
        events = SES.events(request, recording.source, recording.at)
    except (Skipped, Unreadable):
        return
    for event in events:
        assert_valid(event)

"""Amazon SNS over HTTPS: its envelope, its signature, its certificate's address.

Source: docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html and
/sns-http-https-endpoint-as-subscriber.html, read 2026-11. Signed: RSA PKCS #1 v1.5 of chosen
fields, by SHA-1 (SignatureVersion 1, SNS's default) or SHA-256 (2), with a certificate of SNS.

Amazon's signature proves that Amazon sent it, not that it is ours: anybody may subscribe us to a
topic of theirs. So a source's secret names its topics, and no other is accepted.

    secret                                   used
    arn:aws:sns:eu-north-1:1111…:inbound     the topic that may send; one a line
    -----BEGIN CERTIFICATE-----              SNS's, given by whoever fetched `key_url`
    arn:…, then -----BEGIN PRIVATE KEY-----  samples and the local hub: a topic and its own key
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from chalicelib import asymmetric
from chalicelib.connectors.base import Request
from chalicelib.connectors.parts.reading import json_value
from chalicelib.errors import Rejected, Unreadable

CERTIFICATE = re.compile(
    r"https://sns\.[a-z]{2}(-[a-z0-9]+){1,4}\.amazonaws\.com(\.cn)?"
    r"/SimpleNotificationService-[0-9a-f]{16,64}\.pem",
    re.ASCII,
)
TOPIC = re.compile(
    r"arn:aws(-[a-z]+)*:sns:(?P<region>[a-z]{2}(-[a-z0-9]+){1,4}):\d{12}:[\w.-]{1,256}", re.ASCII
)
TOKEN = re.compile(r"[0-9A-Za-z]{16,1024}", re.ASCII)
_OF_MESSAGE = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_OF_SUBSCRIPTION = (
    "Message",
    "MessageId",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
)
_HASHES: Mapping[str, asymmetric.Hash] = {"1": "sha1", "2": "sha256"}

Envelope = Mapping[str, object]


def check(request: Request, secrets: Sequence[str]) -> None:
    """Return when SNS signed the envelope for a topic that the secrets name; else Rejected."""
    if not any(secret.strip() for secret in secrets):
        raise Rejected("this source has no secret; add the ARN of its SNS topic")
    envelope = _envelope(request)
    signature = envelope.get("Signature")
    if not isinstance(signature, str):
        raise Rejected("the envelope's field Signature is missing: turn raw message delivery off")
    version = envelope.get("SignatureVersion", "1")
    found = _HASHES.get(version) if isinstance(version, str) else None
    if found is None:
        raise Rejected("the SignatureVersion is neither 1 nor 2")
    topics = {found[0] for secret in secrets for found in TOPIC.finditer(secret)}
    keys = [secret[secret.find("-----BEGIN") :] for secret in secrets if "-----BEGIN" in secret]
    if not keys:
        raise Rejected("the certificate of SNS is missing; it is fetched from SigningCertURL")
    given = asymmetric.signature_bytes(signature)
    asymmetric.check_rsa(signed_text(envelope), given, keys, hash=found)
    if envelope.get("TopicArn") not in topics:
        raise Rejected("the topic is none of this source's: its secret must hold the topic's ARN")


def sign(request: Request, secret: str) -> Request:
    """The envelope signed anew, with its new length. Raises Rejected without a private key.

    A body that is no envelope is given back as it is.
    """
    key = secret[max(0, secret.find("-----BEGIN")) :]
    try:
        envelope = dict(_envelope(request))
        signed = signed_text(envelope)
    except Rejected:
        asymmetric.sign_rsa(b"", key)
        return request
    version = "1" if envelope.get("SignatureVersion") == "1" else "2"
    signature = asymmetric.sign_rsa(signed, key, hash=_HASHES[version])
    envelope.pop("SigningCertURL", None)  # no certificate of SNS holds this key
    envelope["SignatureVersion"] = version
    envelope["Signature"] = base64.b64encode(signature).decode()
    try:
        body = json.dumps(envelope, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return request
    headers = dict(request.headers)
    if "content-length" in headers:
        headers["content-length"] = str(len(body))
    return replace(request, body=body, headers=headers)


def key_url(request: Request) -> str | None:
    """Where SNS publishes the certificate. Raises Rejected for any address but SNS's own.

    None where the envelope names none, as what the local hub signs with its own key.
    """
    url = _envelope(request).get("SigningCertURL")
    if url is None:
        return None
    if not isinstance(url, str) or not CERTIFICATE.fullmatch(url):
        raise Rejected("SigningCertURL is not the address of a certificate of Amazon SNS")
    return url


def confirmation_url(topic: str, token: str) -> str:
    """The address that confirms a subscription, built from what is signed and not as sent.

    Raises Unreadable where topic or token have another form.
    """
    found = TOPIC.fullmatch(topic)
    if found is None or not TOKEN.fullmatch(token):
        raise Unreadable("TopicArn or Token of the subscription are not of SNS's form")
    domain = "amazonaws.com.cn" if topic.startswith("arn:aws-cn:") else "amazonaws.com"
    query = f"Action=ConfirmSubscription&TopicArn={topic}&Token={token}&Version=2010-03-31"
    return f"https://sns.{found['region']}.{domain}/?{query}"


def signed_text(envelope: Envelope) -> bytes:
    """The lines that SNS signs: name and value of each field. Raises Rejected for no text."""
    kind = envelope.get("Type")
    names = _OF_MESSAGE if kind == "Notification" else _OF_SUBSCRIPTION
    lines = []
    for name in names:
        value = envelope.get(name)
        if value is None and name == "Subject":
            continue
        if not isinstance(value, str):
            raise Rejected(f"the envelope's field {name} is missing or no text")
        lines += [name, value]
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogatepass")


def _envelope(request: Request) -> Envelope:
    try:
        body = json_value(request.body, request.headers.get("content-type", ""))
    except Unreadable as error:
        raise Rejected(f"the signature is missing: {error}") from error
    if not isinstance(body, dict):
        raise Rejected("the signature is missing: the body is not an envelope of SNS")
    return body

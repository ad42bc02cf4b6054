"""Each scheme against its published vector, the vendor's own SDK and a second implementation."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook as StandardWebhook
from svix.webhooks import Webhook as SvixWebhook
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from chalicelib import signatures
from chalicelib.errors import Rejected

NOW = datetime(2026, 11, 2, 9, 15, 31, tzinfo=UTC)
BODY = '{"teksti":"Lasku on väärä"}'.encode()
STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # of the standard's own tests
EXAMPLES = settings(max_examples=100, deadline=None, derandomize=True)

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")


def openssl(content: bytes, secret: bytes, algorithm: str) -> bytes:
    """The HMAC as another program computes it."""
    key = f"hexkey:{secret.hex()}"
    command = ["openssl", "dgst", f"-{algorithm}", "-mac", "HMAC", "-macopt", key, "-binary"]
    return subprocess.run(command, input=content, capture_output=True, check=True).stdout


# --- published vectors --------------------------------------------------------------------------


def test_github_vector() -> None:
    """docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries."""
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    secret = "It's a Secret to Everybody"
    assert signatures.sign_body_hex(b"Hello, World!", secret, algorithm="sha256") == signature
    signatures.check_body_hex(b"Hello, World!", signature, [secret], algorithm="sha256")


TWILIO_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
TWILIO_FORM = (
    b"CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234"
    b"&From=%2B14158675309&To=%2B18005551212"
)


def test_twilio_vector() -> None:
    """tests/unit/test_request_validator.py of twilio-python."""
    signature = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert signatures.sign_url_and_form(TWILIO_URL, TWILIO_FORM, "12345", form=True) == signature
    signatures.check_url_and_form(TWILIO_URL, TWILIO_FORM, signature, ["12345"], form=True)


def test_rfc_2202_vector_of_hmac_sha1() -> None:
    signed = signatures.sign_body_hex(b"what do ya want for nothing?", "Jefe")
    assert signed == "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"


def test_rfc_4231_vector_of_hmac_sha256() -> None:
    signed = signatures.sign_body_base64(b"what do ya want for nothing?", "Jefe")
    assert base64.b64decode(signed.removeprefix("sha256=")).hex() == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


# --- openssl ------------------------------------------------------------------------------------


@needs_openssl
@pytest.mark.parametrize("body", [b"", BODY, bytes(range(256)) * 40])
def test_openssl_agrees(body: bytes) -> None:
    secret = "sävelmä-7"
    key = secret.encode()
    hexed = "sha1=" + openssl(body, key, "sha1").hex()
    signatures.check_body_hex(body, hexed, [secret])
    encoded = "sha256=" + base64.b64encode(openssl(body, key, "sha256")).decode()
    signatures.check_body_base64(body, encoded, [secret])
    stamp = "2026-11-02T09:15:31Z"
    timed = base64.b64encode(openssl(stamp.encode() + body, key, "sha256")).decode()
    signatures.check_time_then_body(body, timed, stamp, [secret], NOW)
    assert signatures.sign_time_then_body(body, secret, NOW) == (timed, stamp)


# --- vendors' SDKs ------------------------------------------------------------------------------

fields = st.dictionaries(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=12),
    st.text(st.characters(codec="utf-8"), max_size=12),
    max_size=6,
)


@given(form=fields, token=st.text(st.characters(codec="ascii"), min_size=1, max_size=20))
@EXAMPLES
def test_twilio_sdk_agrees(form: dict[str, str], token: str) -> None:

    body = urlencode(form).encode()
    ours = signatures.sign_url_and_form(TWILIO_URL, body, token, form=True)
    assert ours == RequestValidator(token).compute_signature(TWILIO_URL, form)
    sha256 = RequestValidator(token).compute_signature(TWILIO_URL, form, "HMAC_SHA256")
    signatures.check_url_and_form(TWILIO_URL, body, sha256, [token], form=True, algorithm="sha256")


class Repeated(dict[str, list[str]]):
    """A form in which a name stands several times, as Flask gives it to the SDK."""

    def getall(self, name: str) -> list[str]:
        return self[name]


def test_twilio_repeated_keys_and_blank_values() -> None:
    form = Repeated({"Media": ["b", "a", "b"], "Empty": [""], "A": ["1"]})
    expected = RequestValidator("t").compute_signature(TWILIO_URL, form)
    body = b"Media=b&Media=a&Empty=&Media=b&A=1"
    signatures.check_url_and_form(TWILIO_URL, body, expected, ["t"], form=True)
    with pytest.raises(Rejected):
        signatures.check_url_and_form(
            TWILIO_URL, body.replace(b"&Empty=", b""), "AAAA", ["t"], form=True
        )


@pytest.mark.parametrize(
    ("signed", "received"),
    [
        pytest.param("https://a.example:443/x?y=1", "https://a.example/x?y=1", id="port added"),
        pytest.param("https://a.example/x?y=1", "https://a.example:443/x?y=1", id="port taken"),
        pytest.param("http://a.example:80/x", "http://a.example/x", id="plain http"),
        pytest.param("https://u:p@a.example:443/x", "https://u:p@a.example/x", id="credentials"),
        pytest.param("https://[::1]:443/x", "https://[::1]/x", id="IPv6"),
    ],
)
def test_twilio_ports(signed: str, received: str) -> None:
    signature = RequestValidator("t").compute_signature(signed, {"A": "1"})
    signatures.check_url_and_form(received, b"A=1", signature, ["t"], form=True)


def test_twilio_another_host_or_port_is_refused() -> None:
    signature = RequestValidator("t").compute_signature("https://a.example:8443/x", {})
    for url in ("https://a.example/x", "https://b.example:8443/x", "https://a.example:443/x"):
        with pytest.raises(Rejected):
            signatures.check_url_and_form(url, b"", signature, ["t"], form=True)


def test_twilio_json_body() -> None:
    digest = hashlib.sha256(BODY).hexdigest()
    url = f"https://a.example/x?bodySHA256={digest}"
    validator = RequestValidator("t")
    signature = validator.compute_signature(url, {})
    assert validator.validate(url, BODY.decode(), signature)
    signatures.check_url_and_form(url, BODY, signature, ["t"], form=False)
    with pytest.raises(Rejected, match="bodySHA256"):
        signatures.check_url_and_form(url, BODY + b" ", signature, ["t"], form=False)
    bare = "https://a.example/x"  # signed, but nothing proves the body
    with pytest.raises(Rejected, match="bodySHA256"):
        signatures.check_url_and_form(
            bare, BODY, validator.compute_signature(bare, {}), ["t"], form=False
        )


@given(body=st.text(st.characters(codec="utf-8"), max_size=200))
@EXAMPLES
def test_standard_webhooks_sdks_agree(body: str) -> None:
    now = datetime.now(UTC)  # the SDKs have no clock of ours
    signature, stamp = signatures.sign_standard(body.encode(), STANDARD_SECRET, "msg_1", now)
    assert StandardWebhook(STANDARD_SECRET).sign("msg_1", now, body) == signature
    headers = {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": signature}
    StandardWebhook(STANDARD_SECRET).verify(body, headers, json_parse=False)
    signatures.check_standard(body.encode(), headers, [STANDARD_SECRET], now)
    svix = {name.replace("webhook-", "svix-"): value for name, value in headers.items()}
    signatures.check_standard(body.encode(), svix, [STANDARD_SECRET], now)


def test_svix_sdk_agrees() -> None:
    now = datetime.now(UTC)
    signature = SvixWebhook(STANDARD_SECRET).sign("msg_1", now, BODY.decode())
    headers = {
        "svix-id": "msg_1",
        "svix-timestamp": str(int(now.timestamp())),
        "svix-signature": signature,
    }
    SvixWebhook(STANDARD_SECRET).verify(BODY, headers)
    signatures.check_standard(BODY, headers, [STANDARD_SECRET], now)


# --- Standard Webhooks --------------------------------------------------------------------------


def standard(signature: str | None = None, **changed: str) -> dict[str, str]:
    good, stamp = signatures.sign_standard(BODY, STANDARD_SECRET, "msg_1", NOW)
    headers = {"id": "msg_1", "timestamp": stamp, "signature": signature or good, **changed}
    return {f"webhook-{name}": value for name, value in headers.items()}


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", id="without prefix"),
        pytest.param("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", id="with prefix"),
        pytest.param("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw==", id="with padding"),
    ],
)
def test_standard_secret_forms(secret: str) -> None:
    signatures.check_standard(BODY, standard(), [secret], NOW)


@pytest.mark.parametrize("secret", ["whsec_YWJj", "whsec_YWI=", "whsec_YWI"])
def test_standard_secret_needs_no_padding(secret: str) -> None:
    signature, stamp = signatures.sign_standard(BODY, secret, "m", NOW)
    headers = {"webhook-id": "m", "webhook-timestamp": stamp, "webhook-signature": signature}
    signatures.check_standard(BODY, headers, [secret.rstrip("=")], NOW)


def test_standard_any_of_several_signatures_fits() -> None:
    good = standard()["webhook-signature"]
    signatures.check_standard(
        BODY, standard(f"v1a,AAAA v1,AAAA {good} v2,BBBB"), [STANDARD_SECRET], NOW
    )
    with pytest.raises(Rejected):  # so many signatures are a stranger's guesses
        signatures.check_standard(
            BODY, standard(" ".join(["v1,AAAA"] * 20 + [good])), [STANDARD_SECRET], NOW
        )


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        pytest.param(standard(id="msg_2"), "does not fit", id="another id"),
        pytest.param(standard(timestamp="1793610930"), "does not fit", id="another time"),
        pytest.param(standard("v1a,AAAA"), "no v1", id="only ed25519"),
        pytest.param(standard("AAAA"), "no v1", id="no version"),
    ],
)
def test_standard_refuses(headers: dict[str, str], reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        signatures.check_standard(BODY, headers, [STANDARD_SECRET], NOW)


def test_standard_never_mixes_the_two_prefixes() -> None:
    headers = standard()
    headers["svix-id"] = headers.pop("webhook-id")
    with pytest.raises(Rejected, match="id header is missing"):
        signatures.check_standard(BODY, headers, [STANDARD_SECRET], NOW)


def test_standard_a_broken_secret_beside_a_good_one() -> None:
    signatures.check_standard(BODY, standard(), ["whsec_%%%", STANDARD_SECRET], NOW)
    with pytest.raises(Rejected, match="no secret of this source is base64") as caught:
        signatures.check_standard(BODY, standard(), ["whsec_%%%"], NOW)
    assert "%%%" not in str(caught.value)


@pytest.mark.parametrize("stamp", ["1.5", "-1", "1e9", "²", " ", "9" * 30, "x"])
def test_standard_a_signed_time_that_is_no_number(stamp: str) -> None:
    key = STANDARD_SECRET
    content = b".".join((b"m", stamp.encode(), BODY))
    raw = base64.b64decode(key.removeprefix("whsec_"))
    signature = "v1," + base64.b64encode(openssl_free_hmac(raw, content)).decode()
    headers = {"webhook-id": "m", "webhook-timestamp": stamp, "webhook-signature": signature}
    with pytest.raises(Rejected):
        signatures.check_standard(BODY, headers, [key], NOW)


def openssl_free_hmac(key: bytes, content: bytes) -> bytes:
    """HMAC-SHA256 by its definition (RFC 2104), for keys of up to 64 bytes."""
    padded = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in padded) + content).digest()
    return hashlib.sha256(bytes(b ^ 0x5C for b in padded) + inner).digest()


# --- time windows -------------------------------------------------------------------------------


def timed(age: timedelta) -> None:
    signature, stamp = signatures.sign_time_then_body(BODY, "s", NOW)
    signatures.check_time_then_body(BODY, signature, stamp, ["s"], NOW + age)


@pytest.mark.parametrize("seconds", [-300, -1, 0, 300])
def test_inside_the_window(seconds: int) -> None:
    timed(timedelta(seconds=seconds))


@pytest.mark.parametrize(("seconds", "word"), [(-301, "future"), (301, "old"), (10**9, "old")])
def test_outside_the_window(seconds: int, word: str) -> None:
    with pytest.raises(Rejected, match=word):
        timed(timedelta(seconds=seconds))


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-11-02T09:15:31Z",
        "2026-11-02T11:15:31+02:00",
        "2026-11-02T09:15:31.123456789Z",
        "2026-11-02 09:15:31",
    ],
)
def test_zendesk_times_that_are_read(stamp: str) -> None:
    signature = "".join(signed_stamp(stamp))
    signatures.check_time_then_body(BODY, signature, stamp, ["s"], NOW)


def signed_stamp(stamp: str) -> str:
    return base64.b64encode(openssl_free_hmac(b"s", stamp.encode() + BODY)).decode()


@pytest.mark.parametrize("stamp", ["0000-01-01T00:00:00Z", "yesterday", "9999-12-31T23:59:59Z"])
def test_zendesk_times_that_are_refused(stamp: str) -> None:
    with pytest.raises(Rejected):
        signatures.check_time_then_body(BODY, signed_stamp(stamp), stamp, ["s"], NOW)


def test_a_local_clock_is_no_obstacle() -> None:
    local = NOW.astimezone(timezone(timedelta(hours=2)))
    signature, stamp = signatures.sign_time_then_body(BODY, "s", local)
    assert stamp == "2026-11-02T09:15:31Z"
    signatures.check_time_then_body(BODY, signature, stamp, ["s"], local)


# --- equality -----------------------------------------------------------------------------------


def test_basic() -> None:
    header = signatures.sign_basic("havu:salaisuus:ä")
    assert base64.b64decode(header.removeprefix("Basic ")).decode() == "havu:salaisuus:ä"
    signatures.check_basic(header, ["other:pair", "havu:salaisuus:ä"])
    signatures.check_basic(header.replace("Basic", "bAsIc"), ["havu:salaisuus:ä"])
    for secret in ("havu:salaisuus", "havu:salaisuus:ä ", ""):
        with pytest.raises(Rejected):
            signatures.check_basic(header, [secret])


def test_token() -> None:
    signatures.check_token("abc", ["x", "abc"])
    for given_, secrets in (("abc", ["abcd"]), ("abc", []), (None, ["abc"]), ("ä", ["ä"])):
        with pytest.raises(Rejected):
            signatures.check_token(given_, secrets)


# --- whatever the bytes -------------------------------------------------------------------------

CHECKS: list[Callable[[bytes, str, str], None]] = [
    lambda b, h, s: signatures.check_body_hex(b, h, [s]),
    lambda b, h, s: signatures.check_body_base64(b, h, [s]),
    lambda b, h, s: signatures.check_time_then_body(b, h, h, [s], NOW),
    lambda b, h, s: signatures.check_url_and_form("https://a.example", b, h, [s], form=True),
    lambda b, h, s: signatures.check_url_and_form(h, b, "AAAA", [s], form=False),
    lambda b, h, s: signatures.check_standard(
        b, {"webhook-id": h, "webhook-signature": "v1," + h, "webhook-timestamp": h}, [s], NOW
    ),
    lambda b, h, s: signatures.check_basic(h, [s]),
    lambda b, h, s: signatures.check_token(h + "x", [s]),
]
anything = st.text(st.characters(), max_size=40)  # lone surrogates included


@given(body=st.binary(max_size=60), header=anything, secret=anything)
@EXAMPLES
def test_nothing_but_rejected(body: bytes, header: str, secret: str) -> None:
    for check in CHECKS:
        with pytest.raises(Rejected) as caught:
            check(body, header, secret)
        assert len(str(caught.value)) < 200


@pytest.mark.parametrize(("length", "why"), [(1000, ""), (1001, "longer than 1000")])
def test_a_signature_or_a_time_has_a_length(length: int, why: str) -> None:
    headers = {"x-sent-at": "1" * length}
    if not why:
        assert signatures.header_bytes(headers, "x-sent-at") == b"1" * length
        return
    with pytest.raises(Rejected, match=why):
        signatures.header_bytes(headers, "x-sent-at")

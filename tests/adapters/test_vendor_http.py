"""Calls to vendors go to public addresses by https, and end in time and size."""

from __future__ import annotations

import logging
import socket
import ssl
import time
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters import vendor_http
from chalicelib.adapters.vendor_http import VendorHttp, is_public
from chalicelib.connectors.vendor_api import Answer, Call
from chalicelib.errors import HubError, Misconfigured, Retryable, Unreadable
from tests.adapters.vendor import Vendor, serving

SECRET = "tok-salainen"


HERE = VendorHttp(local=True)


def test_a_call_and_its_answer(there: str) -> None:
    call = Call(f"{there}/a%20b?q=%C3%A4", "POST", {"authorization": SECRET}, b'{"a": 1}')
    answer = HERE.send(call)
    assert (answer.status, answer.body, answer.headers["x-reset"]) == (200, "ä".encode(), "7")
    ((method, path, headers, body),) = Vendor.asked
    assert (method, path, body) == ("POST", "/a%20b?q=%C3%A4", b'{"a": 1}')
    assert headers["authorization"] == SECRET
    assert headers["host"] == there.removeprefix("http://")


def test_a_refusal_is_an_answer(there: str) -> None:
    assert HERE.send(Call(f"{there}/missing")) == Answer(404, b"no", _headers(there))


def _headers(there: str) -> dict[str, str]:
    return dict(HERE.send(Call(f"{there}/missing")).headers)


def test_a_redirect_on_the_same_host_is_followed(there: str) -> None:
    answer = HERE.send(Call(f"{there}/moved", headers={"authorization": SECRET}))
    assert answer.status == 200
    assert [path for _, path, _, _ in Vendor.asked] == ["/moved", "/plain?a=1"]


def test_a_redirect_elsewhere_is_answered_as_it_came(there: str) -> None:
    answer = HERE.send(Call(f"{there}/away", headers={"authorization": SECRET}))
    assert (answer.status, answer.headers["location"]) == (302, "https://files.example/x")
    assert len(Vendor.asked) == 1


def test_a_redirect_of_a_change_is_not_followed(there: str) -> None:
    assert HERE.send(Call(f"{there}/moved", "POST")).status == 302


def test_a_redirect_in_a_circle_ends(there: str) -> None:
    assert HERE.send(Call(f"{there}/round")).status == 302
    assert len(Vendor.asked) == vendor_http.REDIRECTS + 1


@pytest.mark.parametrize(("limit", "fits"), [(2000, True), (1999, False)])
def test_the_size_limit(there: str, limit: int, fits: bool) -> None:
    if fits:
        assert len(HERE.send(Call(f"{there}/large"), max_bytes=limit).body) == 2000
    else:
        with pytest.raises(Unreadable, match="larger than"):
            HERE.send(Call(f"{there}/large"), max_bytes=limit)


def test_the_size_limit_counts_what_is_unpacked(there: str) -> None:
    assert len(HERE.send(Call(f"{there}/packed")).body) == 1_000_000
    with pytest.raises(Unreadable, match="larger than"):
        HERE.send(Call(f"{there}/packed"), max_bytes=500_000)


def test_an_answer_that_drips_ends_in_time(there: str) -> None:
    started = time.monotonic()
    with pytest.raises(Retryable, match="took too long"):
        HERE.send(Call(f"{there}/dripping"), within_s=0.3)
    assert time.monotonic() - started < 2


def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(Retryable, match="nobody answers"):
            HERE.send(Call(place))


def test_a_header_that_http_forbids(there: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        HERE.send(Call(there, headers={"authorization": f"Bearer {SECRET}\nx: y"}))
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://api.vendor.example/x", id="not https"),
        pytest.param("http://127.0.0.1:9001/2018-06-01/runtime", id="Lambda's own interface"),
        pytest.param("http://169.254.169.254/latest/meta-data", id="metadata by http"),
        pytest.param("https://169.254.169.254/latest/meta-data", id="metadata"),
        pytest.param("https://127.0.0.1/x", id="this machine"),
        pytest.param("https://2130706433/x", id="this machine as a number"),
        pytest.param("https://[::1]/x", id="this machine, IPv6"),
        pytest.param("https://[::ffff:10.0.0.1]/x", id="a mapped private address"),
        pytest.param("https://10.1.2.3/x", id="private"),
        pytest.param("https://localhost/x", id="localhost"),
        pytest.param(f"https://user:{SECRET}@api.vendor.example/x", id="a password"),
        pytest.param("https:///x", id="no host"),
        pytest.param("https://api.vendor.example:99999/", id="no such port"),
        pytest.param("https://api.vendor.example:0/", id="port 0"),
        pytest.param("file:///etc/passwd", id="a file"),
        pytest.param("ftp://api.vendor.example/", id="another scheme"),
        pytest.param("https://[::1", id="no URL"),
    ],
)
def test_what_is_never_called(url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        VendorHttp().send(Call(url))
    assert SECRET not in str(caught.value)


def test_only_the_local_address_is_local() -> None:
    for url in ("http://localhost/x", "http://127.0.0.2/x", "http://127.0.0.1.example/x"):
        with pytest.raises(Misconfigured):
            HERE.send(Call(url))


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("0.0.0.0", False),
        ("100.64.0.1", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("64:ff9b::a00:1", False),  # 10.0.0.1 behind NAT64
        ("64:ff9b::808:808", True),
        ("2002:7f00:1::", False),  # 127.0.0.1 by 6to4
        ("::ffff:169.254.169.254", False),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(address) is public


def _resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Names resolve to these; the hosts that were looked up."""
    looked_up: list[str] = []
    real = socket.getaddrinfo

    def resolve(host: str, port: int, *rest: Any, **more: Any) -> Any:
        if not host.endswith(".example"):
            return real(host, port, *rest, **more)
        looked_up.append(host)
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(family[":" in one], socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return looked_up


def test_a_name_with_one_private_address_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    _resolving(monkeypatch, "8.8.8.8", "10.0.0.1")
    with pytest.raises(Misconfigured, match=r"api\.vendor\.example leads into a private network"):
        VendorHttp().send(Call("https://api.vendor.example/x"))


def test_a_name_that_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(Retryable, match="cannot be resolved"):
        VendorHttp().send(Call("https://api.vendor.example/x"))


def test_a_name_is_looked_up_once_and_the_next_address_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_up = _resolving(monkeypatch, "2606:4700::1111", "8.8.8.8", "8.8.4.4")
    connected: list[str] = []

    def refuse(address: tuple[str, int], *_: Any, **__: Any) -> Any:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr("urllib3.util.connection.create_connection", refuse)
    with pytest.raises(Retryable, match="nobody answers"):
        VendorHttp().send(Call("https://api.vendor.example/x"))
    assert looked_up == ["api.vendor.example"]
    assert connected == ["8.8.8.8", "8.8.4.4", "2606:4700::1111"]


def _certificate(folder: Path, name: str) -> Path:
    """A self-signed certificate of a name, with its key, in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.mark.parametrize(
    ("certified", "trusted", "answered"),
    [
        pytest.param("api.vendor.example", True, True, id="its own certificate"),
        pytest.param("other.vendor.example", True, False, id="another's certificate"),
        pytest.param("api.vendor.example", False, False, id="a certificate of nobody we trust"),
    ],
)
def test_the_certificate_must_be_the_names_and_not_the_addresss(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    certified: str,
    trusted: bool,
    answered: bool,
) -> None:
    path = _certificate(tmp_path, certified)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    if trusted:
        monkeypatch.setattr("botocore.httpsession.get_cert_path", lambda _: str(path))
    monkeypatch.setattr(vendor_http, "is_public", lambda _: True)
    _resolving(monkeypatch, "127.0.0.1")
    with serving(context) as place:
        call = Call(f"https://api.vendor.example:{place.partition(':')[2]}/x")
        if answered:
            assert VendorHttp().send(call).status == 200
        else:
            with pytest.raises(Retryable, match="no trusted connection"):
                VendorHttp().send(call)


def _secret_call(url: str) -> Call:
    return Call(f"{url}?token={SECRET}", headers={"authorization": SECRET})


def test_nothing_of_a_call_is_logged_or_quoted(
    there: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    for path in ("/plain", "/missing", "/moved"):
        HERE.send(_secret_call(there + path))
    with pytest.raises(HubError) as caught:
        HERE.send(_secret_call(f"{there}/dripping"), within_s=0.2)
    with pytest.raises(HubError) as refused:
        HERE.send(_secret_call("http://127.0.0.1:1/"))
    for error in (caught.value, refused.value):
        # urllib3's errors quote the whole address.
        said = "".join(traceback.format_exception(error, chain=True))
        assert SECRET not in said
    assert len(Vendor.asked) == 5
    assert SECRET not in caplog.text + "".join(capsys.readouterr())

"""What else is had from outside: public keys, kept for a while, and objects on S3."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.adapters import vendor_http
from chalicelib.adapters.clients import client
from chalicelib.adapters.settings import Settings
from chalicelib.adapters.vendor_http import VendorHttp
from chalicelib.adapters.world import build
from chalicelib.connectors.vendor_api import Answer, Call
from chalicelib.errors import Misconfigured, Retryable, Unreadable
from tests.adapters.vendor import Vendor

# --- public keys --------------------------------------------------------------------------------


def test_a_public_key_is_cached(there: str) -> None:
    vendors = VendorHttp(local=True)
    assert {vendors.public_key(f"{there}/key") for _ in range(3)} == {"-----BEGIN PUBLIC KEY-----"}
    assert len(Vendor.asked) == 1


@pytest.mark.parametrize("path", ["/missing", "/binary", "/away", "/dripping"])
def test_a_key_that_is_not_to_be_had_is_retryable_and_asked_for_once(
    there: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vendor_http, "_KEY_S", 0.3)
    vendors = VendorHttp(local=True)
    for _ in range(2):
        with pytest.raises(Retryable, match="public key"):
            vendors.public_key(f"{there}{path}")
    assert len(Vendor.asked) == 1


def test_forged_addresses_of_keys_do_not_fill_the_memory(there: str) -> None:
    vendors = VendorHttp(local=True)
    for number in range(100):
        vendors.public_key(f"{there}/key?{number}")
    assert len(vendors._keys) <= 32


# --- S3 -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("aws")
def test_an_object_on_s3_is_an_answer() -> None:
    client("s3").put_object(Bucket="archive", Key="a/b c.json", Body=b"{}")
    assert VendorHttp().send(Call("s3://archive/a/b c.json")) == Answer(200, b"{}")
    assert VendorHttp().send(Call("s3://archive/none")) == Answer(404)
    with pytest.raises(Unreadable, match="larger than"):
        VendorHttp().send(Call("s3://archive/a/b c.json"), max_bytes=1)


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("code", ["NoSuchBucket", "AccessDenied"])
def test_a_bucket_that_may_not_be_read_is_named(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": code}}, "GetObject")

    monkeypatch.setattr(client("s3"), "get_object", refuse)
    with pytest.raises(Misconfigured, match=r"may not read bucket calls .*VendorBuckets"):
        VendorHttp().send(Call("s3://calls/x"))


@pytest.mark.parametrize("call", [Call("s3://calls"), Call("s3://calls/x", "PUT"), Call("s3:///x")])
def test_what_is_no_object(call: Call) -> None:
    with pytest.raises(Misconfigured, match="s3://bucket/key"):
        VendorHttp().send(call)


def test_only_the_local_hub_calls_this_machine(aws: Settings) -> None:
    assert not build(aws).vendors.local
    assert not build(replace(aws, public_url="https://127.0.0.1:1")).vendors.local
    assert build(replace(aws, public_url="http://127.0.0.1:8000")).vendors.local

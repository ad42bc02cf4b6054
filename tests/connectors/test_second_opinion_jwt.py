"""HS256 tokens, seen by PyJWT and by OpenSSL: two other implementations than ours."""

from __future__ import annotations

import base64
import json
import subprocess

import jwt
import pytest

from chalicelib.connectors.parts import jwt_hs256
from chalicelib.errors import Rejected

SECRET = "havuvakan-salaisuus-jossa-on-ääkkösiä-0001"
CLAIMS = {"call_id": 5001, "text": "Hei, tuoli on hukassa 😟"}


def test_pyjwt_reads_ours() -> None:
    token = jwt_hs256.sign(json.dumps(CLAIMS).encode(), SECRET)
    assert jwt.decode(token, SECRET, algorithms=["HS256"]) == CLAIMS
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token, SECRET + "x", algorithms=["HS256"])


def test_we_read_pyjwts() -> None:
    token = jwt.encode(CLAIMS, SECRET, algorithm="HS256", headers={"kid": "1"})
    jwt_hs256.check(token, ["toinen", SECRET])
    assert jwt_hs256.claims(token) == CLAIMS
    with pytest.raises(Rejected):
        jwt_hs256.check(token, ["toinen"])


@pytest.mark.parametrize("algorithm", ["HS384", "HS512", "none"])
def test_pyjwts_other_algorithms_are_refused(algorithm: str) -> None:
    key = None if algorithm == "none" else SECRET * 2
    token = jwt.encode(CLAIMS, key, algorithm=algorithm)  # type: ignore[arg-type]
    with pytest.raises(Rejected, match="HS256"):
        jwt_hs256.check(token, [SECRET * 2])


def test_openssl_signs_the_same() -> None:
    token = jwt_hs256.sign(json.dumps(CLAIMS).encode(), "havuvakka-0001")
    signed, _, given = token.rpartition(".")
    command = ["openssl", "dgst", "-sha256", "-hmac", "havuvakka-0001", "-binary"]
    mac = subprocess.run(command, input=signed.encode(), capture_output=True, check=True).stdout
    assert base64.urlsafe_b64encode(mac).rstrip(b"=").decode() == given

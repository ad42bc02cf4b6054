"""SendGrid's ECDSA as `openssl` checks it, the token that stands in for it, and its options."""

from __future__ import annotations

import base64
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Source
from chalicelib.errors import Misconfigured, Rejected, Skipped
from tests.connectors.recordings import FIXTURES, load
from tests.keys import public_half

SENDGRID = CONNECTORS["sendgrid"]
ONE = load(FIXTURES / "sendgrid" / "latin1_text.http")  # bytes that are not UTF-8
SIGNATURE = "x-twilio-email-event-webhook-signature"
TIME = "x-twilio-email-event-webhook-timestamp"
PUBLIC = public_half(ONE.secret)


def test_openssl_agrees(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(PUBLIC)
    (tmp_path / "signature").write_bytes(base64.b64decode(ONE.request.headers[SIGNATURE]))
    signed = ONE.request.headers[TIME].encode() + ONE.request.body
    command = ["openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "signature"]
    assert subprocess.run(command, cwd=tmp_path, input=signed, check=False).returncode == 0
    wrong = subprocess.run(command, cwd=tmp_path, input=signed + b" ", check=False)
    assert wrong.returncode != 0


@pytest.mark.parametrize("key", [PUBLIC, "".join(PUBLIC.split("\n")[1:-2])])
def test_the_public_key_as_the_api_answers_it(key: str) -> None:
    SENDGRID.verify(ONE.request, [key], ONE.at)


def test_a_signature_of_72_hours_is_taken_and_an_older_one_refused() -> None:
    SENDGRID.verify(ONE.request, [PUBLIC], ONE.at + timedelta(hours=72))
    for hours in (74, -1):
        with pytest.raises(Rejected, match=r"old|in the future"):
            SENDGRID.verify(ONE.request, [PUBLIC], ONE.at + timedelta(hours=hours))


BARE = replace(
    ONE.request,
    headers={k: v for k, v in ONE.request.headers.items() if k not in (SIGNATURE, TIME)},
)


def test_a_token_in_the_url_where_no_policy_signs() -> None:
    request = SENDGRID.sign(BARE, "pitka-tunnus", ONE.at)
    assert request.url.endswith("?token=pitka-tunnus")
    SENDGRID.verify(request, ["vanha", "pitka-tunnus"], ONE.at)
    SENDGRID.verify(request, [PUBLIC, "pitka-tunnus"], ONE.at)  # while moving to signatures
    with pytest.raises(Rejected, match="does not fit"):
        SENDGRID.verify(request, ["toinen"], ONE.at)
    with pytest.raises(Rejected, match="missing"):
        SENDGRID.verify(BARE, ["pitka-tunnus"], ONE.at)
    kept = SENDGRID.scrub(request)
    assert "pitka-tunnus" not in kept.url
    assert SENDGRID.events(kept, ONE.source, ONE.at) == SENDGRID.events(request, ONE.source, ONE.at)


def test_where_only_a_key_is_stored_no_token_helps() -> None:
    request = SENDGRID.sign(BARE, "pitka-tunnus", ONE.at)
    with pytest.raises(Rejected, match="missing"):
        SENDGRID.verify(request, [PUBLIC], ONE.at)


def test_the_limit_of_spam_is_the_companys() -> None:
    strict = replace(ONE.source, options={"spam_score": 0.3})
    with pytest.raises(Skipped, match="spam"):
        SENDGRID.events(ONE.request, strict, ONE.at)
    with pytest.raises(Misconfigured, match="spam_score"):
        SENDGRID.check(Source("email", "sendgrid", options={"spam_score": "5"}))

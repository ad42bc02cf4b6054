"""Slack's signature against the vendor's published example."""

from __future__ import annotations

from datetime import UTC, datetime

from chalicelib.connectors import slack
from chalicelib.connectors.base import Request

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
SENT = datetime.fromtimestamp(1531420618, UTC)
SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
    b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
    b"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands"
    b"%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)


def test_the_published_example() -> None:
    """docs.slack.dev/authentication/verifying-requests-from-slack."""
    request = slack.sign(Request("POST", "https://hub.example/", {}, BODY), SECRET, SENT)
    assert request.headers["x-slack-signature"] == SIGNATURE
    slack.verify(request, [SECRET], SENT)

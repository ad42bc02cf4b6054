"""Canny's lists of posts and comments, by recorded answers, and how votes count."""

from __future__ import annotations

import json
import shutil
import subprocess
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib import signatures
from chalicelib.connectors import CONNECTORS, canny, vendor_api
from chalicelib.connectors.base import Source
from chalicelib.connectors.parts import votes
from chalicelib.connectors.vendor_api import Answer, Call, Page
from chalicelib.errors import Misconfigured, Rejected, Retryable, Unreadable
from chalicelib.fold import fold
from tests.connectors.recordings import FIXTURES, load

SINCE, UNTIL = datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)
SOURCE = Source("wishes", "canny")


def recorded(name: str) -> Any:
    return json.loads(load(FIXTURES / "canny" / f"{name}.http").request.body)["object"]


def played(cursor: str | None, answer: Answer) -> tuple[Page, Call]:
    calls: list[Call] = []

    def send(call: Call) -> Answer:
        calls.append(call)
        return answer

    dialogue = canny.page(SOURCE, {"api_key": "avain"}, SINCE, UNTIL, cursor)
    page = vendor_api.run(dialogue, send)
    (call,) = calls
    return page, call


def listed(which: str, items: list[Any], more: bool = False) -> Answer:
    return Answer(200, json.dumps({which: items, "hasMore": more}).encode())


def test_posts_then_comments() -> None:
    post = recorded("post_created")
    page, call = played(None, listed("posts", [post], more=True))
    assert call.url == "https://canny.io/api/v1/posts/list"
    assert json.loads(call.body) == {
        "apiKey": "avain",
        "limit": 100,
        "skip": 0,
        "sort": "newest",
    }
    assert page.cursor == "posts:1"
    old = {**post, "id": "old", "created": "2026-11-01T10:00:00.000Z"}
    page, call = played("posts:1", listed("posts", [old], more=True))
    assert json.loads(call.body)["skip"] == 1
    assert (page.events, page.cursor) == ([], "comments:0")
    page, call = played("comments:0", listed("comments", [recorded("comment_created")]))
    assert call.place.endswith("/comments/list")
    assert page.cursor is None
    assert [event.interaction_id for event in page.events] == ["6907200011"]


@pytest.mark.parametrize(
    ("name", "which"), [("post_created", "posts"), ("comment_created", "comments")]
)
def test_the_same_events_as_the_push(name: str, which: str) -> None:
    one = load(FIXTURES / "canny" / f"{name}.http")
    page, _ = played(f"{which}:0", listed(which, [recorded(name)]))
    assert page.events == one.connector.events(one.request, SOURCE, one.at)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(401), Misconfigured),
        (Answer(503), Retryable),
        (Answer(200, b"null"), Unreadable),
        (Answer(200, b'{"posts":[{"id":"x"}]}'), Unreadable),
    ],
)
def test_what_goes_wrong_has_a_name(answer: Answer, error: type[Exception]) -> None:
    with pytest.raises(error):
        played(None, answer)


@pytest.mark.parametrize(
    ("count", "tags"),
    [(None, 0), (0, 0), (4, 0), (5, 1), (9, 1), (10, 2), ("1000", 8), (10**6, 8), (-3, 0)],
)
def test_votes_that_were_reached(count: Any, tags: int) -> None:
    found = votes.reached(count, "votes")
    assert len(found) == tags
    assert found == votes.reached(1000, "votes")[:tags]


def test_a_vote_is_no_contact_and_a_post_keeps_its_author() -> None:
    names = ("vote_created", "post_created", "comment_created", "vote_deleted")
    told = [load(FIXTURES / "canny" / f"{name}.http") for name in names]
    events = [event for one in told for event in one.connector.events(one.request, SOURCE, one.at)]
    assert not fold(events[:1], {}).contacted
    whole = fold(events, {})
    assert whole == fold(events[::-1], {})
    assert whole.customer == "email:anni@posti.example"
    assert [message.message_id for message in whole.messages] == ["6907200011", "6907200099"]
    assert whole.tags == ("valinta", "votes-10", "votes-5")
    assert not whole.erased


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_openssl_signs_the_nonce() -> None:
    one = load(FIXTURES / "canny" / "vote_created.http")
    command = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"key:{one.secret}"]
    nonce = one.request.headers["canny-nonce"].encode()
    mac = subprocess.run([*command, "-binary"], input=nonce, capture_output=True, check=True)
    assert one.request.headers["canny-signature"] == b64encode(mac.stdout).decode()


def test_the_nonce_is_part_of_the_proof() -> None:
    one = load(FIXTURES / "canny" / "vote_created.http")
    with pytest.raises(Rejected):
        CONNECTORS["canny"].verify(
            one.request.with_headers(canny_nonce="toinen"), [one.secret], one.at
        )
    bare = {k: v for k, v in one.request.headers.items() if k != "canny-nonce"}
    empty = signatures.sign_body_base64(b"", one.secret, prefix="")
    forged = replace(one.request, headers={**bare, "canny-signature": empty})
    with pytest.raises(Rejected, match="nonce header is missing"):
        CONNECTORS["canny"].verify(forged, [one.secret], one.at)

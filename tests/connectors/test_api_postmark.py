"""Postmark's API with recorded answers: backfill by pages, registration of the inbound hook."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Request, Source
from chalicelib.connectors.vendor_api import Answer, Call, Page, run
from chalicelib.errors import Misconfigured, Retryable
from tests.connectors.recordings import FIXTURES, load

POSTMARK = CONNECTORS["postmark"]
SOURCE = Source("email", "postmark", options={"own_domains": ["havuvakka.example"]})
TOKEN = {"server_token": "11111111-aaaa-4aaa-8aaa-111111111111"}
SINCE = datetime(2026, 11, 2, tzinfo=UTC)
UNTIL = datetime(2026, 11, 3, tzinfo=UTC)
HOOK = "https://hub.havuvakka.example/webhooks/email"


class Api:
    """Answers of a Postmark server that holds these mails, newest first."""

    def __init__(self, mails: Sequence[dict[str, Any]], *, gone: str = "", status: int = 200):
        self.mails, self.gone, self.status = mails, gone, status
        self.calls: list[Call] = []

    def __call__(self, call: Call) -> Answer:
        self.calls.append(call)
        assert call.headers["x-postmark-server-token"] == TOKEN["server_token"]
        parts = urlsplit(call.url)
        assert (parts.scheme, parts.hostname) == ("https", "api.postmarkapp.com")
        if self.status != 200:
            return Answer(self.status, b'{"ErrorCode":10}')
        if parts.path == "/messages/inbound":
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            assert (query["fromdate"], query["todate"]) == ("2026-11-01", "2026-11-04")
            start, count = int(query["offset"]), int(query["count"])
            page = self.mails[start : start + count]
            listed = [{k: m[k] for k in ("MessageID", "Status", "Subject")} for m in page]
            body = {"TotalCount": len(self.mails), "InboundMessages": listed}
            return Answer(200, json.dumps(body).encode())
        identity = parts.path.split("/")[3]
        assert parts.path == f"/messages/inbound/{identity}/details"
        if identity == self.gone:
            return Answer(404, b"{}")
        found = next(mail for mail in self.mails if mail["MessageID"] == identity)
        return Answer(200, json.dumps(found).encode())


def recorded(name: str, **changes: Any) -> dict[str, Any]:
    mail: dict[str, Any] = json.loads(load(FIXTURES / "postmark" / f"{name}.http").request.body)
    return {"Status": "Processed", **mail, **changes}


def page(api: Api, cursor: str | None = None) -> Page:
    assert POSTMARK.backfill is not None
    return run(POSTMARK.backfill.page(SOURCE, TOKEN, SINCE, UNTIL, cursor), api)


def test_a_backfilled_mail_is_the_pushed_one() -> None:
    pushed = load(FIXTURES / "postmark" / "reply.http")
    (theirs,) = POSTMARK.events(pushed.request, SOURCE, pushed.at)
    found = page(Api([recorded("reply", StrippedTextReply="")]))
    assert found.cursor is None
    assert list(found.events) == [theirs]


def test_what_a_push_would_not_give_is_left_out() -> None:
    mails = [
        recorded("bounce"),
        recorded("spam"),
        recorded("new_mail", Status="Blocked"),
        recorded("agent_reply", Date="Mon, 1 Nov 2026 11:00:00 +0200"),
        recorded("attachments", From="", FromFull={}, Headers=[]),
        recorded("contact_form"),
    ]
    assert [event.customer for event in page(Api(mails)).events] == [
        "email:kaino.vesa@posti.example"
    ]


def test_pages_go_on_from_their_cursor() -> None:
    mails = [recorded("new_mail", MessageID=f"22c74902-0000-4000-8000-{n:012}") for n in range(120)]
    api, cursor, seen = Api(mails), None, []
    for expected in ("50", "100", None):
        found = page(api, cursor)
        seen += [event.event_id for event in found.events]
        cursor = found.cursor
        assert cursor == expected
    assert seen == [mail["MessageID"] for mail in mails]
    resumed = page(Api(mails), "100")
    assert [event.event_id for event in resumed.events] == seen[100:]


def test_a_mail_deleted_since_it_was_listed_is_passed_over() -> None:
    mails = [recorded("new_mail"), recorded("reply")]
    found = page(Api(mails, gone=mails[0]["MessageID"]))
    assert [event.event_id for event in found.events] == [mails[1]["MessageID"]]


def test_more_than_the_api_lists() -> None:
    with pytest.raises(Misconfigured, match="shorter period"):
        page(Api([]), "10000")


@pytest.mark.parametrize(("status", "error"), [(401, Misconfigured), (500, Retryable)])
def test_refused_and_down(status: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        page(Api([], status=status))


# --- registration -------------------------------------------------------------------------------


def register(hook: str | None, secret: str = "hub:salasana/1") -> list[Call]:
    calls: list[Call] = []

    def send(call: Call) -> Answer:
        calls.append(call)
        server = {"ID": 1, "Name": "Asiakaspalvelu", "InboundHookUrl": hook}
        return Answer(200, json.dumps(server).encode())

    assert POSTMARK.registration is not None
    stored = run(POSTMARK.registration.register(HOOK, SOURCE, TOKEN, secret), send)
    assert stored == secret
    return calls


@pytest.mark.parametrize(
    "hook", [None, "", HOOK, "https://hub:vanha@hub.havuvakka.example/webhooks/email"]
)
def test_the_hook_is_set_with_its_password(hook: str | None) -> None:
    asked, put = register(hook)
    assert (asked.method, asked.url) == ("GET", "https://api.postmarkapp.com/server")
    assert (put.method, put.url) == ("PUT", "https://api.postmarkapp.com/server")
    assert json.loads(put.body) == {
        "InboundHookUrl": "https://hub:salasana%2F1@hub.havuvakka.example/webhooks/email"
    }


def test_somebody_elses_hook_is_left_alone() -> None:
    with pytest.raises(Misconfigured, match=r"already posts its inbound mail to crm\.example"):
        register("https://user:pass@crm.example/inbound")


def test_a_new_secret_fits_the_hook_it_makes() -> None:
    secret = POSTMARK.new_secret()
    request = Request("POST", HOOK, {}, b"{}")
    now = datetime(2026, 11, 2, tzinfo=UTC)
    POSTMARK.verify(POSTMARK.sign(request, secret, now), [secret], now)

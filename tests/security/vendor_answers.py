"""For every connector that calls its vendor: the vendor's hosts, and answers that lead it on.

The answers are as short as a dialogue takes them. Wherever the vendor names something, an id, a
cursor or the address of the next page, they hold HOSTILE, which a test replaces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

HOSTILE = "HOSTILE"
HUB = "https://hub.havuvakka.example/webhooks/source"

STAMP = "2026-11-02T12:00:00Z"
UNIX = 1_793_620_800  # the same moment
TOPIC = "arn:aws:sns:eu-north-1:111122223333:inbound"
Answers = Sequence[tuple[str, Any]]  # (the start of 'METHOD path', the JSON that is answered)


@dataclass(frozen=True)
class Vendor:
    """`hosts` are the only ones to be called with credentials; `bare` without any too.

    `calls` is how many calls all its dialogues make together when nothing is hostile.
    """

    hosts: tuple[str, ...]
    calls: int
    answers: Answers = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    fetch: tuple[str, ...] = ()
    cursors: tuple[str, ...] = (HOSTILE,)
    bare: tuple[str, ...] = ()
    redirect: bool = False  # the first GET is answered by a redirect to HOSTILE
    addresses: bool = False  # the vendor gives whole addresses of next pages, query and all


_TOKEN = {"access_token": "token-of-the-vendor"}
_TICKET = {"id": HOSTILE, "created_at": STAMP, "updated_at": STAMP, "status": "open"}
_HOOKS = {"id": HOSTILE, "url": HUB, "endpoint": HUB, "hook_url": HUB, "formId": "form1"}

VENDORS: dict[str, Vendor] = {
    "zendesk": Vendor(
        ("havuvakka.zendesk.com",),
        6,
        [
            ("GET /api/v2/incremental", {"tickets": [_TICKET], "after_cursor": HOSTILE}),
            ("GET /api/v2/tickets", {"comments": [], "meta": {"has_more": False}}),
            ("GET /api/v2/webhooks?", {"webhooks": [_HOOKS]}),
            ("GET /api/v2/webhooks", {"signing_secret": {"secret": "s"}}),
        ],
        {"subdomain": "havuvakka"},
    ),
    "intercom": Vendor(
        ("api.eu.intercom.io",),
        4,
        [
            (
                "POST /conversations/search",
                {
                    "conversations": [{"id": HOSTILE, "updated_at": UNIX, "created_at": UNIX}],
                    "pages": {"next": {"starting_after": HOSTILE}},
                },
            ),
        ],
        {"region": "eu"},
    ),
    "slack": Vendor(
        ("slack.com",),
        4,
        [
            (
                "GET /api/conversations.history",
                {
                    "ok": True,
                    "messages": [{"ts": "1793620800.000100", "user": "U1", "reply_count": 1}],
                    "response_metadata": {"next_cursor": HOSTILE},
                },
            ),
            ("GET /api/conversations.replies", {"ok": True, "messages": []}),
        ],
        {"channels": [f"C1{HOSTILE}"], "staff": ["U9"]},
        cursors=(f"C1{HOSTILE}|{HOSTILE}",),
    ),
    "freshdesk": Vendor(
        ("havuvakka.freshdesk.com",),
        6,
        [
            ("GET /api/v2/tickets?", [{**_TICKET, "id": 7}]),
            ("GET /api/v2/tickets/7/conversations", []),
            ("GET /api/v2/surveys", []),
        ],
        {"domain": "havuvakka"},
        cursors=(f"tickets|{HOSTILE}|1", f"ratings|{HOSTILE}", "ratings|1"),
    ),
    "front": Vendor(
        ("api2.frontapp.com", "havuvakka.api.frontapp.com"),
        3,
        [
            (
                "GET /events",
                {
                    "_results": [],
                    "_pagination": {"next": HOSTILE},
                },
            ),
            ("GET /messages", {"id": HOSTILE, "body": "Hei"}),
        ],
        fetch=(f"message:{HOSTILE}",),
        addresses=True,
        cursors=(HOSTILE, f"https://havuvakka.api.frontapp.com/events?q={HOSTILE}"),
    ),
    "helpscout": Vendor(
        ("api.helpscout.net",),
        9,
        [
            ("POST /v2/oauth2/token", _TOKEN),
            ("GET /v2/chats", {}),
            ("GET /v2/conversations", {"_embedded": {}, "page": {"number": 1, "totalPages": 2}}),
            ("GET /v2/webhooks", {"_embedded": {"webhooks": [_HOOKS]}}),
        ],
        fetch=(f"chat:{HOSTILE}",),
    ),
    "chatwoot": Vendor(
        ("chat.havuvakka.example",),
        6,
        [
            (
                "GET /api/v1/accounts/3/conversations?",
                {
                    "data": {
                        "payload": [{"id": HOSTILE, "last_activity_at": UNIX, "created_at": UNIX}]
                    }
                },
            ),
            ("GET /api/v1/accounts/3/conversations/", {"payload": []}),
            ("GET /api/v1/accounts/3/webhooks", {"payload": {"webhooks": [_HOOKS]}}),
        ],
        {"url": "https://chat.havuvakka.example", "account": 3},
    ),
    "livechat": Vendor(
        ("api.livechatinc.com",), 2, [("POST /", {"chats": [], "next_page_id": HOSTILE})]
    ),
    "crisp": Vendor(
        ("api.crisp.chat",),
        4,
        [
            ("GET /v1/website/w1/conversations", {"data": [{"session_id": HOSTILE}]}),
            ("GET /v1/website/w1/conversation/", {"data": []}),
        ],
        {"website_id": "w1"},
    ),
    "ses": Vendor(
        ("sns.eu-north-1.amazonaws.com",),
        1,
        fetch=(
            f"s3:{HOSTILE}/{HOSTILE}",
            f"confirm:{TOPIC} {'a' * 32}",
            f"confirm:{TOPIC} {HOSTILE}",
        ),
        options={"bucket": "havuvakka-mail"},
    ),
    "postmark": Vendor(
        ("api.postmarkapp.com",),
        6,
        [
            ("GET /messages/inbound?", {"InboundMessages": [{"MessageID": HOSTILE}]}),
            ("GET /messages/inbound/", {}),
            ("GET /server", {}),
        ],
    ),
    "twilio": Vendor(
        ("api.twilio.com", "intelligence.twilio.com"),
        6,
        [
            (
                "GET /v2/Transcripts?",
                {"transcripts": [{"sid": HOSTILE, "status": "completed"}]},
            ),
            (
                "GET /v2/Transcripts/",
                {"sid": HOSTILE, "sentences": [], "meta": {"next_page_url": HOSTILE}},
            ),
            ("GET /2010-04-01/Accounts/AC1/Messages", {"next_page_uri": HOSTILE}),
            ("GET /2010-04-01/Accounts/AC1/", {"next_page_uri": HOSTILE}),
        ],
        fetch=(f"recording:{HOSTILE}", f"transcript:{HOSTILE}"),
        addresses=True,
        cursors=(HOSTILE, f"/2010-04-01/Accounts/AC1/Messages.json?Page={HOSTILE}"),
    ),
    "connect": Vendor(
        ("sns.eu-north-1.amazonaws.com",),
        2,
        fetch=(
            HOSTILE,
            f"s3://havuvakka-calls/{HOSTILE}.json",
            f"confirm:{TOPIC} {'a' * 32}",
            f"confirm:{TOPIC} {HOSTILE}",
        ),
    ),
    "aircall": Vendor(
        ("api.aircall.io",),
        7,
        [
            ("GET /v1/calls/", {"transcription": {"content": {}}}),
            ("GET /v1/calls?", {"calls": [], "meta": {"next_page_link": HOSTILE}}),
            ("GET /v1/webhooks?", {"webhooks": [], "meta": {"next_page_link": HOSTILE}}),
            ("POST /v1/webhooks", {"webhook": {"token": "t"}}),
        ],
        fetch=(f"transcription:{HOSTILE}",),
        cursors=(f"1793610000:{HOSTILE}", f"{HOSTILE}:1", "1793610000:1"),
    ),
    "genesys": Vendor(
        ("login.mypurecloud.ie", "api.mypurecloud.ie"),
        8,
        [
            ("POST /oauth/token", _TOKEN),
            (
                "GET /api/v2/analytics",
                {"participants": [{"purpose": "customer", "sessions": [{"sessionId": HOSTILE}]}]},
            ),
            ("GET /api/v2/speechandtextanalytics", {"url": HOSTILE}),
            ("POST /api/v2/analytics", {"conversations": []}),
        ],
        {"region": "mypurecloud.ie"},
        fetch=(f"conversation:{HOSTILE}",),
        cursors=(f"1793610000:{HOSTILE}", f"{HOSTILE}:1", "1793610000:1"),
        # Genesys keeps transcripts where it likes and signs their addresses.
        bare=("*",),
    ),
    "dialpad": Vendor(
        ("dialpad.com",),
        7,
        [
            ("GET /api/v2/transcripts", {}),
            ("GET /api/v2/call?", {"items": [], "cursor": HOSTILE}),
            ("GET /api/v2/webhooks", {"items": [_HOOKS]}),
            ("GET /api/v2/subscriptions", {"items": [{"webhook": {"id": HOSTILE}}]}),
        ],
        fetch=(f"transcript:{HOSTILE}",),
    ),
    "zoom_phone": Vendor(
        ("api.zoom.us", "zoom.us"),
        4,
        [
            ("POST /oauth/token", _TOKEN),
            ("GET /v2/marketplace", {"event_subscriptions": [{"event_webhook_url": HUB}]}),
        ],
        fetch=(f"transcript:{HOSTILE}",),
        redirect=True,
    ),
    "vonage": Vendor(
        ("api.nexmo.com",),
        5,
        [
            ("GET /v2/reports", {"_links": {"next": {"href": HOSTILE}}, "records": []}),
            ("GET /v1", {}),
        ],
        addresses=True,
        fetch=(f"transcript:{HOSTILE}", f"transcript:https://api.nexmo.com/v1/files/{HOSTILE}"),
        cursors=(
            f"1793610000:MESSAGES:{HOSTILE}:iv",
            f"1793610000:{HOSTILE}::",
            f"{HOSTILE}:MESSAGES::",
            "1793610000:VOICE-CALL::",
        ),
    ),
    "typeform": Vendor(
        ("api.typeform.com",),
        5,
        [
            ("GET /forms/form1/responses", {"items": []}),
            ("GET /forms/form1", {"fields": []}),
        ],
        {"forms": ["form1"]},
        cursors=(f'[0, "{HOSTILE}"]',),
    ),
    "surveymonkey": Vendor(
        ("api.surveymonkey.com",),
        9,
        [
            ("GET /v3/webhooks", {"data": [{**_HOOKS, "name": "source response_completed"}]}),
            ("GET /v3/surveys", {"data": [], "pages": []}),
        ],
        {"forms": ["form1"]},
        fetch=(f"{HOSTILE}/{HOSTILE}",),
        cursors=("[0, 2]", f'[0, "{HOSTILE}"]'),
    ),
    "qualtrics": Vendor(
        ("fra1.qualtrics.com",),
        10,
        [
            (
                "GET /API/v3/eventsubscriptions",
                {
                    "result": {
                        "elements": [
                            {"id": HOSTILE, "publicationUrl": HUB, "topics": "x.form1"},
                            {
                                "id": HOSTILE,
                                "publicationUrl": HUB,
                                "topics": "surveyengine.completedResponse.form1",
                            },
                        ]
                    }
                },
            ),
            ("POST /API/v3/surveys", {"result": {"progressId": HOSTILE}}),
            (
                "GET /API/v3/surveys",
                {"result": {"status": "complete", "fileId": HOSTILE, "questions": {}}},
            ),
        ],
        {"forms": ["form1"], "api": "https://fra1.qualtrics.com"},
        fetch=(f"{HOSTILE}/{HOSTILE}",),
        cursors=(f'[0, 0, "{HOSTILE}", 0]', '[0, 0, "", 0]'),
    ),
    "delighted": Vendor(("api.delighted.com",), 2, [("GET /", [])]),
    "tally": Vendor(
        ("api.tally.so",),
        4,
        [
            ("GET /forms", {"submissions": [], "questions": []}),
            ("GET /webhooks", {"webhooks": [_HOOKS]}),
        ],
        {"forms": ["form1"]},
        cursors=(f'[0, "{HOSTILE}"]',),
    ),
    "formbricks": Vendor(
        ("app.formbricks.com",),
        7,
        [
            ("GET /api/v1/management/surveys", {"data": {"questions": []}}),
            ("GET /api/v1/management/responses?", {"data": []}),
            ("GET /api/v1/management/responses/", {"data": {}}),
            ("GET /api/v1/webhooks", {"data": [{**_HOOKS, "secret": "s"}]}),
        ],
        {"forms": ["form1"], "environment": HOSTILE},
        fetch=(f"{HOSTILE}/{HOSTILE}",),
        cursors=("[0, 2]", f'[0, "{HOSTILE}"]'),
    ),
    "trustpilot": Vendor(
        ("api.trustpilot.com",), 4, [("POST /v1/oauth", _TOKEN), ("GET /v1", {"reviews": []})]
    ),
    "fider": Vendor(
        ("ideat.havuvakka.example",),
        3,
        [
            (
                "GET /api/v1/posts?",
                [
                    {
                        "id": 1,
                        "number": 7,
                        "title": "Hei",
                        "createdAt": STAMP,
                        "commentsCount": 1,
                        "user": {"id": 2},
                    }
                ],
            ),
            ("GET /api/v1/posts/7/comments", []),
        ],
        {"site": "https://ideat.havuvakka.example"},
    ),
    "canny": Vendor(
        ("canny.io",),
        3,
        [("POST /api/v1/", {"posts": [], "comments": []})],
        cursors=(HOSTILE, f"{HOSTILE}:0", f"posts:{HOSTILE}", "comments:0"),
    ),
}

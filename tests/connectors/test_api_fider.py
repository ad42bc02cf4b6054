"""Fider's posts and comments, by recorded answers, and its template's escapes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib.connectors import CONNECTORS, fider, vendor_api
from chalicelib.connectors.base import Source
from chalicelib.connectors.vendor_api import Answer, Call, Page
from chalicelib.errors import Misconfigured, Retryable, Unreadable
from tests.connectors.recordings import FIXTURES, load

SINCE, UNTIL = datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)
SOURCE = Source("ideas", "fider", options={"site": "https://ideat.havuvakka.example/"})
GUIDE = Path(__file__).parents[2] / "docs" / "connectors" / "fider.md"


def post(number: int, **changed: Any) -> dict[str, Any]:
    base = {
        "id": number + 5,
        "number": number,
        "title": "Mattoja voisi hakea koon mukaan",
        "description": "Mitoilla ei löydy.",
        "createdAt": "2026-11-02T08:59:12.123456Z",
        "user": {"id": 7, "name": "Paavo", "role": "visitor"},
        "votesCount": 12,
        "commentsCount": 0,
        "status": "open",
        "tags": ["haku"],
    }
    return base | changed


COMMENT = {
    "id": 91,
    "content": "Sama täällä.",
    "createdAt": "2026-11-02T09:15:00Z",
    "user": {"id": 9, "role": "visitor"},
}


def played(cursor: str | None, answers: dict[str, Answer]) -> tuple[Page, list[str]]:
    places: list[str] = []

    def send(call: Call) -> Answer:
        assert call.headers["authorization"] == "Bearer avain"
        places.append(call.place.removeprefix("https://ideat.havuvakka.example/api/v1/"))
        return answers[places[-1]]

    dialogue = fider.page(SOURCE, {"api_key": "avain"}, SINCE, UNTIL, cursor)
    return vendor_api.run(dialogue, send), places


def of(items: list[Any]) -> Answer:
    return Answer(200, json.dumps(items).encode())


def test_posts_comments_and_answers() -> None:
    response = {"text": "Valmis.", "respondedAt": "2026-11-02T09:10:05.99Z", "user": {"id": 2}}
    done = post(31, commentsCount=1, status="completed", response=response)
    page, places = played(None, {"posts": of([done]), "posts/31/comments": of([COMMENT])})
    assert places == ["posts", "posts/31/comments"]
    assert page.cursor is None
    assert [event.event_id for event in page.events] == [
        "post:36",
        "status:36:completed:2026-11-02T09:10:05+00:00",
        "status:36:completed:2026-11-02T09:10:05+00:00:answer",
        "comment:91",
    ]
    assert page.events[0].tags == ("haku", "votes-5", "votes-10")


def test_the_same_identities_as_the_push() -> None:
    pushed = {}
    for name in ("new_post", "new_comment", "change_status"):
        one = load(FIXTURES / "fider" / f"{name}.http")
        for event in one.connector.events(one.request, SOURCE, one.at):
            pushed[event.event_id] = (event.interaction_id, event.message_id, event.kind)
    response = {"text": "x", "respondedAt": "2026-11-02T09:10:05.99Z"}
    done = post(31, commentsCount=1, status="completed", response=response)
    page, _ = played(None, {"posts": of([done]), "posts/31/comments": of([COMMENT])})
    listed = {e.event_id: (e.interaction_id, e.message_id, e.kind) for e in page.events}
    assert listed == pushed


def test_twenty_posts_a_page_and_on_from_the_cursor() -> None:
    posts = of([post(n, createdAt="2026-11-02T01:00:00Z") for n in range(45, 0, -1)])
    page, _ = played(None, {"posts": posts})
    assert (len(page.events), page.cursor) == (20, "20")
    page, _ = played("20", {"posts": posts})
    assert (page.events[0].interaction_id, page.cursor) == ("26", "40")
    page, _ = played("40", {"posts": posts})
    assert (len(page.events), page.cursor) == (5, None)


def test_only_the_period_is_taken_and_a_post_deleted_meanwhile_is_passed() -> None:
    old = post(1, createdAt="2026-10-01T10:00:00Z", commentsCount=3)
    gone = post(2, createdAt="2026-11-03T00:00:00Z", commentsCount=3)
    answers = {
        "posts": of([old, gone]),
        "posts/1/comments": of(
            [COMMENT, {**COMMENT, "id": 90, "createdAt": "2026-10-02T00:00:00Z"}]
        ),
        "posts/2/comments": Answer(404),
    }
    page, _ = played(None, answers)
    assert [event.event_id for event in page.events] == ["comment:91"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(403), Misconfigured),
        (Answer(500), Retryable),
        (Answer(200, b"{}"), Unreadable),
        (Answer(200, b"[1]"), Unreadable),
        (Answer(200, b'[{"number":"x"}]'), Unreadable),
    ],
)
def test_what_goes_wrong_has_a_name(answer: Answer, error: type[Exception]) -> None:
    with pytest.raises(error):
        played(None, {"posts": answer})


@pytest.mark.parametrize("site", ["", "ideat.havuvakka.example", "https://a b", "https://u@a/x"])
def test_options(site: str) -> None:
    with pytest.raises(Misconfigured, match=r"sources\.ideas\.options\.site"):
        CONNECTORS["fider"].check(Source("ideas", "fider", options={"site": site}))
    with pytest.raises(Misconfigured, match=r"options\.sit "):
        CONNECTORS["fider"].check(Source("ideas", "fider", options={"sit": site}))
    CONNECTORS["fider"].check(Source("ideas", "fider"))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"a\ab", "ab"),
        (r"a\vb", "ab"),
        (r"\x07!", "!"),
        (r"\xe9", "é"),
        (r"\U0001f600", "😀"),
        (r"\UFFFFFFFF", None),
        (r"\Uffffffff.", "."),
        (r"\\x41", r"\x41"),
        (r"\\\x41", r"\A"),
        (r"\n\t\"\u200d.", '"\u200d.'),
        (r"it\'s", "it's"),
    ],
)
def test_go_escapes_are_read(written: str, read: str | None) -> None:
    one = load(FIXTURES / "fider" / "new_post.http")
    body = '{"fider":1,"event":"new_post","post":{"id":1,"title":"' + written + '"}}'
    request = replace(one.request, body=body.encode())
    if read is None:
        with pytest.raises(Unreadable):
            one.connector.events(request, SOURCE, one.at)
        return
    (event,) = one.connector.events(request, SOURCE, one.at)
    assert event.text == read


TAGS = "{{ range $i, $tag := .post_tags }}{{ if $i }}, {{ end }}{{ quote $tag }}{{ end }}"
TIME = '{{ quote (format "2006-01-02T15:04:05Z07:00" .post_%s) }}'


def filled(template: str) -> str:
    """The guide's template with each of its variables as Fider fills it in."""
    texts = {
        "{{ quote .post_title }}": '"Otsikko"',
        "{{ quote .post_description }}": '"Kuvaus"',
        TIME % "created_at": '"2026-11-02T08:00:00Z"',
        TIME % "response_responded_at": '"2026-11-02T09:00:00Z"',
        TAGS: '"haku"',
        "{{ if .post_response }}": "",
        "{{ end }}": "",
        "{{ quote .post_response_text }}": '"Vastaus"',
        "{{ quote .comment_id }}": '"91"',
        "{{ quote .comment }}": '"Kommentti"',
        "{{ quote .author_email }}": '"a@posti.example"',
        "{{ quote .author_role }}": '"visitor"',
        "{{ quote .post_status }}": '"completed"',
        "{{ quote .post_old_status }}": '"open"',
    }
    for name in ("post_id", "post_number", "post_votes", "author_id"):
        texts[f"{{{{ .{name} }}}}"] = "5"
    for variable, value in texts.items():
        template = template.replace(variable, value)
    assert "{{" not in template
    return template


def test_the_templates_of_the_guide_are_read() -> None:
    blocks = GUIDE.read_text(encoding="utf-8").split("```")[1::2]
    templates = [block.partition("\n")[2] for block in blocks if block.startswith("json")]
    kinds = []
    for template in templates:
        body = filled(template).encode()
        one = load(FIXTURES / "fider" / "new_post.http")
        found = one.connector.events(replace(one.request, body=body), SOURCE, one.at)
        kinds.append([str(event.kind) for event in found])
    assert kinds == [["message"], ["message"], ["status", "message"], ["erasure"]]

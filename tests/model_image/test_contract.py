"""What other parts of the system rely on: paths, shapes, order, error answers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from model_image.server import Limits, create_app
from model_image.wire import MAX_TEXTS
from tests.model_image.conftest import Json, body, wait_until_ready

JSON = {"content-type": "application/json"}
SMALL: Json = {"hash": "ab", "languages": ["fi"], "themes": [{"id": "a", "keywords": {"fi": "a"}}]}


@pytest.mark.parametrize("path", ["/invocations", "/endpoints/oivallus/invocations"])
def test_answer(client: TestClient, furniture: Json, path: str) -> None:
    texts = ["Lasku on väärin, summa ei täsmää", "Thanks, lovely staff!", ""]
    response = client.post(path, json=body(*texts, taxonomy=furniture))
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    answer = response.json()
    assert answer["schema"] == "oivallus.enrichment.1"
    assert re.fullmatch(r"(compact|encoder)-[\d.]+-[0-9a-f]{12}", answer["model"])
    assert answer["taxonomy"] == furniture["hash"]
    assert [result["id"] for result in answer["results"]] == ["0", "1", "2"]
    for result in answer["results"]:
        assert set(result) - {"new_topic"} == {
            "id", "language", "sentiment", "themes", "demand",
            "emotion", "effort", "satisfaction",
        }  # fmt: skip
        assert set(result["sentiment"]) == {"negative", "neutral", "positive"}
        assert abs(sum(result["sentiment"].values()) - 1) <= 1e-6
        assert 0 <= result["demand"]["p_failure"] <= 1
        assert 0 <= result["language"]["p"] <= 1
        scores = [theme["score"] for theme in result["themes"]]
        assert len(scores) <= 5
        assert scores == sorted(scores, reverse=True)
    if answer["model"].startswith("compact"):  # the encoder's tests have random weights
        assert answer["results"][0]["themes"][0]["id"] == "invoice"
    assert answer["results"][2]["themes"] == []


def test_no_texts_and_no_themes(client: TestClient) -> None:
    nothing = client.post("/invocations", json=body(taxonomy={"hash": "x", "themes": []}))
    assert nothing.json()["results"] == []
    one = client.post("/invocations", json=body("Hei", taxonomy={"hash": "x", "themes": []}))
    assert one.json()["results"][0]["themes"] == []


def _without(key: str) -> Json:
    request = body("Hei", taxonomy=SMALL)
    del request[key]
    return request


def _with(**changes: Any) -> Json:
    return {**body("Hei", taxonomy=SMALL), **changes}


def _theme(**changes: Any) -> Json:
    return _with(taxonomy={"hash": "x", "themes": [{"id": "a", **changes}]})


@pytest.mark.parametrize(
    ("request_body", "where"),
    [
        pytest.param([], "body", id="not an object"),
        pytest.param(_without("schema"), "schema", id="no schema"),
        pytest.param(_with(schema="oivallus.enrich.9"), "schema", id="another schema"),
        pytest.param(_without("taxonomy"), "taxonomy", id="no taxonomy"),
        pytest.param(_with(taxonomy={"themes": []}), "taxonomy.hash", id="no hash"),
        pytest.param(_with(taxonomy={"hash": "x"}), "taxonomy.themes", id="no themes"),
        pytest.param(
            _with(taxonomy={"hash": "x", "themes": [{"id": "a"}, {"id": "a"}]}),
            "taxonomy.themes",
            id="a theme twice",
        ),
        pytest.param(
            _with(taxonomy={"hash": "x", "themes": [{"id": str(i)} for i in range(501)]}),
            "taxonomy.themes",
            id="501 themes",
        ),
        pytest.param(_theme(id=3), "taxonomy.themes[0].id", id="theme id a number"),
        pytest.param(_theme(demand="both"), "taxonomy.themes[0].demand", id="unknown demand"),
        pytest.param(_theme(keywords=["a"]), "taxonomy.themes[0].keywords", id="keywords a list"),
        pytest.param(
            _theme(examples={"fi": [1]}), "taxonomy.themes[0].examples.fi", id="example a number"
        ),
        pytest.param(_with(want=["all"]), "want", id="unknown want"),
        pytest.param(_with(want="embedding"), "want", id="want not a list"),
        pytest.param(_without("texts"), "texts", id="no texts"),
        pytest.param(_with(texts=[{"id": "0"}]), "texts[0].text", id="text missing"),
        pytest.param(_with(texts=[{"id": "0", "text": None}]), "texts[0].text", id="text null"),
        pytest.param(_with(texts=[{"id": 0, "text": "a"}]), "texts[0].id", id="text id a number"),
        pytest.param(
            _with(texts=[{"id": "0", "text": "a", "language": 1}]),
            "texts[0].language",
            id="language a number",
        ),
        pytest.param(
            _with(texts=[{"id": "0", "text": ""}] * (MAX_TEXTS + 1)), "texts", id="too many texts"
        ),
    ],
)
def test_bad_requests_say_where_and_what_to_do(
    client: TestClient, request_body: Any, where: str
) -> None:
    response = client.post("/invocations", json=request_body)
    assert response.status_code == 400
    assert set(response.json()) == {"error", "where", "remedy"}
    assert response.json()["where"] == where


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe{", b'{"a":' * 100_000, b"[" * 100_000],
    ids=["empty", "cut", "not UTF-8", "nested objects", "nested lists"],
)
def test_unreadable_bodies(client: TestClient, content: bytes) -> None:
    response = client.post("/invocations", content=content, headers=JSON)
    assert response.status_code == 400
    assert response.json()["where"] == "body"


def test_other_content_types(client: TestClient) -> None:
    response = client.post("/invocations", content=b"{}", headers={"content-type": "text/csv"})
    assert response.status_code == 415
    charset = {"content-type": "application/json; charset=utf-8"}
    assert client.post("/invocations", content=b"{}", headers=charset).status_code == 400


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_body_limit(compact: Any, chunked: bool) -> None:
    with TestClient(create_app(lambda: compact, Limits(body_bytes=100))) as client:
        wait_until_ready(client)
        for size, status in ((100, 400), (101, 413)):
            content = b" " * size
            sent = iter([content[:60], content[60:]]) if chunked else content
            response = client.post("/invocations", content=sent, headers=JSON)
            assert response.status_code == status


def test_wrong_method_and_path(client: TestClient) -> None:
    assert client.get("/invocations").status_code == 405
    assert client.get("/").status_code == 404

"""The endpoint's contract, kept by the encoder backend too; and what it may be asked for."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from model_image import wire
from model_image.backends.encoder import Encoder
from tests.model_image.conftest import Json, body
from tests.model_image.test_contract import (  # noqa: F401 collected here with this client
    test_answer,
    test_bad_requests_say_where_and_what_to_do,
    test_no_texts_and_no_themes,
    test_other_content_types,
    test_unreadable_bodies,
    test_wrong_method_and_path,
)

NOTHING: Json = {"hash": "x", "themes": []}


def _ask(client: TestClient, *texts: str, **more: Any) -> list[Json]:
    response = client.post("/invocations", json={**body(*texts, taxonomy=NOTHING), **more})
    assert response.status_code == 200, response.text
    results: list[Json] = response.json()["results"]
    return results


def test_nothing_is_sent_unasked(client: TestClient) -> None:
    (result,) = _ask(client, "Missä paketti on?")
    assert not {"embedding", "personal_data", "new_topic", "error"} & set(result)


def test_embeddings_of_both_kinds_agree(client: TestClient, encoder: Encoder) -> None:
    texts = ["Missä paketti on?", "Tack för hjälpen!", ""]
    whole = _ask(client, *texts, want=["embedding"])
    halves = _ask(client, *texts, want=["embedding:fp16"])
    for int8, fp16 in zip(whole, halves, strict=True):
        a = np.frombuffer(base64.b64decode(int8["embedding"]["int8"]), np.int8)
        exact = np.frombuffer(base64.b64decode(fp16["embedding"]["fp16"]), "<f2").astype(float)
        assert len(a) == len(exact) == 32
        assert abs(np.linalg.norm(exact) - 1) <= 1e-2
        scale = int8["embedding"]["scale"]
        assert np.abs(a * scale - exact).max() <= scale / 2 + 1e-3


def test_an_embedding_of_zeros_is_no_division_by_zero() -> None:
    assert wire.packed_embedding(np.zeros(4, np.float32), halves=False)["scale"] == 1.0


def test_personal_data_lies_within_the_text(client: TestClient, messages: list[str]) -> None:
    for text, result in zip(
        messages[:20], _ask(client, *messages[:20], want=["personal_data"]), strict=True
    ):
        end = 0
        for found in result["personal_data"]:
            assert set(found) == {"start", "end", "kind", "p"}
            assert end <= found["start"] < found["end"] <= len(text)
            assert text[found["start"] : found["end"]].strip()
            assert found["kind"] in ("name", "phone", "email")
            end = found["end"]


def test_new_topic_is_told_where_there_are_themes(client: TestClient, furniture: Json) -> None:
    answer = client.post("/invocations", json=body("Missä paketti on?", taxonomy=furniture)).json()
    assert 0 <= answer["results"][0]["new_topic"] <= 1


@pytest.mark.parametrize("text", ["\ud83d", "a\udc00b", "\x00", "👍🏽" * 300, "\u0301"])
def test_odd_texts_have_results(client: TestClient, text: str) -> None:
    import json

    content = json.dumps({**body(text, taxonomy=NOTHING), "want": ["personal_data"]})
    response = client.post(
        "/invocations", content=content, headers={"content-type": "application/json"}
    )
    assert response.status_code == 200
    assert len(response.json()["results"]) == 1


def test_a_request_gives_what_each_text_alone_gives(
    client: TestClient, messages: list[str], furniture: Json
) -> None:
    together = client.post("/invocations", json=body(*messages[:30], taxonomy=furniture)).json()
    for place in (0, 7, 29):
        alone = client.post("/invocations", json=body(messages[place], taxonomy=furniture)).json()
        one, other = alone["results"][0], together["results"][place]
        assert one["language"]["code"] == other["language"]["code"]
        for key, value in one["sentiment"].items():
            assert abs(value - other["sentiment"][key]) <= 2e-4

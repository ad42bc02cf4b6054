"""Texts -> endpoint -> Enrichment: the wire schema of the model endpoint, as pure functions.

Request and reply are versioned JSON (`model_image/README.md` describes them). Texts arrive here
redacted. A reply that does not fit the schema raises Misconfigured: the endpoint that is deployed
is not the one this code speaks to, and a person must act.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chalicelib.errors import Misconfigured
from chalicelib.experience import LEVELS
from chalicelib.interaction import Enrichment
from chalicelib.organisation import Organisation

REQUEST_SCHEMA = "oivallus.enrich.1"
REPLY_SCHEMA = "oivallus.enrichment.1"

#: Asked for besides; an endpoint that does not know it leaves it out.
WANTED = ("personal_data",)

#: SageMaker takes 6 MiB a call; the rest of it is for the taxonomy and JSON's own characters.
MAX_REQUEST_BYTES = 4_000_000
MAX_TEXTS = 500

Probability = Annotated[float, Field(ge=0, le=1.000001)]


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore")  # a newer endpoint may say more


class _Language(_Wire):
    code: str


class _Sentiment(_Wire):
    negative: Probability
    neutral: Probability
    positive: Probability


class _Theme(_Wire):
    id: str
    score: Probability


class _Demand(_Wire):
    p_failure: Probability | None = None


class _Felt(_Wire):
    id: str
    share: Probability


class _Emotion(_Wire):
    felt: list[_Felt] = []


class _Effort(_Wire):
    level: str = ""


Step = Annotated[int, Field(ge=1, le=5)]


class _Satisfaction(_Wire):
    score: Annotated[float, Field(ge=1, le=5)]
    low: Step
    high: Step


class _Personal(_Wire):
    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=0)]
    kind: str


class _Result(_Wire):
    """What follows `demand` is told by some endpoints only."""

    id: str
    language: _Language
    sentiment: _Sentiment
    themes: list[_Theme] = []
    demand: _Demand = _Demand()
    emotion: _Emotion | None = None
    effort: _Effort | None = None
    satisfaction: _Satisfaction | None = None
    personal_data: list[_Personal] = []


class _Reply(_Wire):
    schema_: Annotated[str, Field(alias="schema", pattern=f"^{REPLY_SCHEMA}$")]
    model: str
    taxonomy: str
    results: list[_Result]


def batches(texts: Sequence[str]) -> Iterator[Sequence[int]]:
    """Positions of `texts` grouped into calls that stay within the endpoint's limits."""
    batch: list[int] = []
    size = 0
    for position, text in enumerate(texts):
        weight = len(text.encode()) * 2 + 64  # escapes can double a text in JSON
        if batch and (size + weight > MAX_REQUEST_BYTES or len(batch) == MAX_TEXTS):
            yield batch
            batch, size = [], 0
        batch.append(position)
        size += weight
    if batch:
        yield batch


def request(
    texts: Sequence[str],
    organisation: Organisation,
    heads: str = "",
    want: Sequence[str] = WANTED,
) -> bytes:
    """The body of one call; texts are known by their position.

    `heads` are those that the organisation has taught, as they were published; `want` is what is
    asked for besides.
    """
    learnt = {"heads": heads} if heads else {}
    body: Mapping[str, Any] = {
        "schema": REQUEST_SCHEMA,
        "taxonomy": organisation.taxonomy | learnt,
        "want": list(want),
        "texts": [{"id": str(i), "text": text, "language": None} for i, text in enumerate(texts)],
    }
    return json.dumps(body, ensure_ascii=False).encode()


def read(reply: bytes, texts: Sequence[str]) -> list[Enrichment]:
    """One Enrichment per text, in their order. Raises Misconfigured, naming the field."""
    try:
        parsed = _Reply.model_validate_json(reply)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise Misconfigured(
            f"the model endpoint's reply does not fit {REPLY_SCHEMA} at {where or 'its root'}; "
            "deploy a model image and hub of the same release"
        ) from None  # the cause would print the reply
    by_id = {result.id: result for result in parsed.results}
    if set(by_id) != {str(i) for i in range(len(texts))}:
        raise Misconfigured(
            f"the model endpoint answered {len(by_id)} of {len(texts)} texts; deploy a model "
            "image and hub of the same release"
        )
    return [
        _enrichment(parsed, by_id[str(position)], len(text)) for position, text in enumerate(texts)
    ]


def _enrichment(reply: _Reply, result: _Result, characters: int) -> Enrichment:
    scores = result.sentiment
    return Enrichment(
        model=reply.model,
        taxonomy=reply.taxonomy,
        language=result.language.code,
        negative=scores.negative,
        neutral=scores.neutral,
        positive=scores.positive,
        themes=tuple((theme.id, theme.score) for theme in result.themes),
        p_failure=result.demand.p_failure,
        characters=characters,
        # Two digits: the model is not that sure, and each is stored with every message.
        felt=tuple((one.id, round(one.share, 2)) for one in result.emotion.felt)
        if result.emotion
        else (),
        effort=result.effort.level if result.effort and result.effort.level in LEVELS else "",
        satisfaction=_satisfaction(result.satisfaction),
        personal=tuple((one.start, one.end, one.kind) for one in result.personal_data),
    )


def _satisfaction(told: _Satisfaction | None) -> tuple[float, int, int] | None:
    return None if told is None else (told.score, told.low, told.high)

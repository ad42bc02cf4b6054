"""The JSON of the endpoint: bytes -> Request, results -> bytes. No HTTP, no model.

Contract: README.md, "oivallus.enrich.1" in and "oivallus.enrichment.1" out.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

REQUEST_SCHEMA = "oivallus.enrich.1"
RESPONSE_SCHEMA = "oivallus.enrichment.1"

MAX_TEXTS = 10_000
MAX_THEMES = 500
MAX_TAXONOMY_CHARS = 1_000_000
MAX_HEADS_CHARS = 1_000_000

# What a request may ask for besides; a backend without it leaves it out.
WANTS = ("embedding", "embedding:fp16", "personal_data", "partial", "reading")

Demand = Literal["failure", "value"]
Words = Mapping[str, tuple[str, ...]]  # by language code


class BadRequest(Exception):
    """The caller must change the request; says where and how."""

    status = 400

    def __init__(self, error: str, where: str, remedy: str) -> None:
        super().__init__(error)
        self.error, self.where, self.remedy = error, where, remedy


@dataclass(frozen=True, slots=True)
class Theme:
    """One theme of the organisation's taxonomy, every wording by language."""

    id: str
    name: Words
    description: Words
    keywords: Words
    examples: Words
    demand: Demand | None  # None: decide from the text


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """The themes and the hash that names them in caches and answers."""

    hash: str
    themes: tuple[Theme, ...]
    fingerprint: int  # sha256 of the content, since a caller may send one hash with two contents
    heads: str = ""  # the organisation's own, as `learned.dump` packs them


@dataclass(frozen=True, slots=True)
class Text:
    """One customer's words; `language` is a hint or None."""

    id: str
    text: str
    language: str | None


@dataclass(frozen=True, slots=True)
class Request:
    """Texts to understand with one taxonomy."""

    taxonomy: Taxonomy
    texts: tuple[Text, ...]
    want: frozenset[str] = frozenset()  # of WANTS


class Found(NamedTuple):
    """Personal data at code points `start` (included) to `end` (excluded) of a text."""

    start: int
    end: int
    kind: str
    p: float


class Told(NamedTuple):
    """What an organisation's heads would correct in a text: the shipped model's numbers.

    `about` has a score for each theme, in the request's order, however small.
    """

    about: list[float]
    cues: float  # log-odds of failure demand, from the words alone
    positive: float  # probability of positive sentiment
    floor: float  # the score from which a theme is told


@dataclass(frozen=True, slots=True)
class Result:
    """What the model says of one text; every number is a probability, 0..1."""

    language: str  # ISO 639-1, or "und": not told from the text
    language_p: float
    sentiment: tuple[float, float, float]  # negative, neutral, positive; sums to 1
    themes: list[tuple[str, float]] = field(default_factory=list)  # best first
    p_failure: float = 0.5
    neutral: float = 1.0  # probability that no emotion is felt
    emotions: list[tuple[str, float]] = field(default_factory=list)  # best first
    effort: tuple[str, float] = ("unknown", 1.0)
    satisfaction: tuple[float, int, int] | None = None  # score 1..5, its interval
    heads: str = ""  # hash of the organisation's heads that took part
    new_topic: float | None = None  # probability that no theme of the taxonomy fits
    embedding: NDArray[np.float32] | None = None  # of length 1
    personal_data: list[Found] | None = None  # in order of place
    reading: Told | None = None  # of a text with a letter
    error: str | None = None  # the text could not be read: the rest is as for a text without words


def read(body: bytes) -> Request:
    """Parse and check a request; raises BadRequest."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest(
            "the body is not JSON", "body", "send a JSON object encoded as UTF-8"
        ) from error
    if not isinstance(data, dict):
        raise BadRequest("the body is not an object", "body", "send a JSON object")
    if data.get("schema") != REQUEST_SCHEMA:
        raise BadRequest("unknown schema", "schema", f'send "schema": "{REQUEST_SCHEMA}"')
    return Request(
        _taxonomy(data.get("taxonomy")), _texts(data.get("texts")), _want(data.get("want"))
    )


def write(model: str, request: Request, results: Sequence[Result]) -> bytes:
    """The answer, in the order of the request's texts."""
    learned = next((f"+{result.heads}" for result in results if result.heads), "")
    answer = {
        "schema": RESPONSE_SCHEMA,
        "model": model + learned,
        "taxonomy": request.taxonomy.hash,
        "results": [
            _result(text.id, result, request.want)
            for text, result in zip(request.texts, results, strict=True)
        ],
    }
    # ASCII, because an id may hold a lone surrogate, which UTF-8 cannot carry.
    return json.dumps(answer, separators=(",", ":")).encode("ascii")


def _result(text_id: str, result: Result, want: frozenset[str]) -> dict[str, Any]:
    negative, neutral, positive = result.sentiment
    told: dict[str, Any] = {
        "id": text_id,
        "language": {"code": result.language, "p": result.language_p},
        "sentiment": {"negative": negative, "neutral": neutral, "positive": positive},
        "themes": [{"id": theme, "score": score} for theme, score in result.themes],
        "demand": {"p_failure": result.p_failure},
        "emotion": {
            "neutral": result.neutral,
            "felt": [{"id": emotion, "share": share} for emotion, share in result.emotions],
        },
        "effort": {"level": result.effort[0], "p": result.effort[1]},
        "satisfaction": result.satisfaction
        and dict(zip(("score", "low", "high"), result.satisfaction, strict=True)),
    }
    if result.new_topic is not None:
        told["new_topic"] = result.new_topic
    if result.embedding is not None:
        told["embedding"] = packed_embedding(result.embedding, "embedding:fp16" in want)
    if result.personal_data is not None:
        told["personal_data"] = [found._asdict() for found in result.personal_data]
    if result.reading is not None:
        told["reading"] = result.reading._asdict()
    if result.error is not None:
        told["error"] = result.error
    return told


def packed_embedding(values: NDArray[np.float32], halves: bool) -> dict[str, Any]:
    """Base64 of little-endian float16, or of int8 with the `scale` to multiply them by.

    A list of JSON floats would be ten times as long and cost more than the model.
    """
    if halves:
        return {"fp16": base64.b64encode(values.astype("<f2").tobytes()).decode("ascii")}
    scale = float(np.abs(values).max()) / 127 or 1.0
    whole = np.rint(values / scale).astype(np.int8)
    return {"int8": base64.b64encode(whole.tobytes()).decode("ascii"), "scale": round(scale, 9)}


def _want(data: Any) -> frozenset[str]:
    if data is None:
        return frozenset()
    if not isinstance(data, list) or not all(item in WANTS for item in data):
        raise BadRequest("unknown want", "want", f"send a list of {', '.join(WANTS)}")
    return frozenset(data)


def _taxonomy(data: Any) -> Taxonomy:
    if not isinstance(data, dict):
        raise BadRequest("no taxonomy", "taxonomy", 'send {"hash": ..., "themes": [...]}')
    digest = data.get("hash")
    if not isinstance(digest, str) or not digest:
        raise BadRequest("no hash", "taxonomy.hash", "send the taxonomy's hash as a string")
    listed = data.get("themes")
    if not isinstance(listed, list) or len(listed) > MAX_THEMES:
        raise BadRequest(
            "themes are not a list of bearable length",
            "taxonomy.themes",
            f"send a list of 0 to {MAX_THEMES} themes",
        )
    themes = tuple(_theme(item, f"taxonomy.themes[{i}]") for i, item in enumerate(listed))
    if len({theme.id for theme in themes}) != len(themes):
        raise BadRequest("a theme id occurs twice", "taxonomy.themes", "give each its own id")
    wording = json.dumps(listed, sort_keys=True)
    if len(wording) > MAX_TAXONOMY_CHARS:
        raise BadRequest(
            "the taxonomy is too long",
            "taxonomy.themes",
            f"keep it under {MAX_TAXONOMY_CHARS} characters of JSON",
        )
    heads = data.get("heads") or ""
    if not isinstance(heads, str) or len(heads) > MAX_HEADS_CHARS:
        raise BadRequest("heads are not a text of bearable length", "taxonomy.heads", "leave out")
    fingerprint = int.from_bytes(hashlib.sha256(wording.encode()).digest())
    return Taxonomy(digest, themes, fingerprint, heads)


def _theme(data: Any, where: str) -> Theme:
    if not isinstance(data, dict):
        raise BadRequest("a theme is not an object", where, 'send {"id": ..., "name": {...}}')
    theme_id = data.get("id")
    if not isinstance(theme_id, str) or not theme_id:
        raise BadRequest("a theme without id", f"{where}.id", "send a non-empty string")
    demand = data.get("demand")
    if demand not in ("failure", "value", None):
        raise BadRequest("unknown demand", f"{where}.demand", 'send "failure", "value" or null')
    return Theme(
        id=theme_id,
        name=_words(data.get("name"), f"{where}.name"),
        description=_words(data.get("description"), f"{where}.description"),
        keywords=_words(data.get("keywords"), f"{where}.keywords"),
        examples=_words(data.get("examples"), f"{where}.examples"),
        demand=cast(Demand | None, demand),
    )


def _words(data: Any, where: str) -> Words:
    """Wordings by language; a single string stands for a list of one."""
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise BadRequest("not an object by language", where, 'send {"fi": ..., "en": ...}')
    words: dict[str, tuple[str, ...]] = {}
    for language, value in data.items():
        listed = [value] if isinstance(value, str) else value
        if listed is None:
            continue
        if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
            raise BadRequest(
                "wording is neither a string nor a list of strings",
                f"{where}.{language}",
                "send a string or a list of strings",
            )
        words[language] = tuple(item for item in listed if item.strip())
    return words


def _texts(data: Any) -> tuple[Text, ...]:
    if not isinstance(data, list):
        raise BadRequest("texts are not a list", "texts", 'send [{"id": ..., "text": ...}]')
    if len(data) > MAX_TEXTS:
        raise BadRequest("too many texts", "texts", f"send at most {MAX_TEXTS} a request")
    return tuple(_text(item, f"texts[{i}]") for i, item in enumerate(data))


def _text(data: Any, where: str) -> Text:
    if not isinstance(data, dict):
        raise BadRequest("a text is not an object", where, 'send {"id": ..., "text": ...}')
    text_id, text, language = data.get("id"), data.get("text"), data.get("language")
    if not isinstance(text_id, str):
        raise BadRequest("a text without id", f"{where}.id", "send a string")
    if not isinstance(text, str):
        raise BadRequest("a text without words", f"{where}.text", "send a string, '' if empty")
    if language is not None and not isinstance(language, str):
        raise BadRequest("language is not a code", f"{where}.language", 'send "fi" or null')
    return Text(text_id, text, language)

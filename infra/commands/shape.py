"""The shape of a request: names and types, sizes and counts, never a value that somebody wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from chalicelib.connectors.base import Request

_MOST_LINES = 200
_DEEPEST = 12


def lines(request: Request) -> list[str]:
    """A request's outline: method and path, the headers' names, and what the body is made of."""
    url = urlsplit(request.url)
    query = ", ".join(sorted({name for name, _ in parse_qsl(url.query, keep_blank_values=True)}))
    outline = [
        f"{request.method} {url.path}{f' with {query} in its query' if query else ''}",
        f"headers: {', '.join(sorted(request.headers))}",
        f"body: {request.content_type or 'no media type'}, {len(request.body)} bytes",
    ]
    body = list(_body(request))
    if len(body) > _MOST_LINES:
        body = [*body[:_MOST_LINES], f"… and {len(body) - _MOST_LINES} more"]
    return outline + [f"  {line}" for line in body]


def _body(request: Request) -> Iterator[str]:
    try:
        yield from _outline(json.loads(request.body), "$", 0)
    except (ValueError, RecursionError):
        if request.content_type == "application/x-www-form-urlencoded":
            for name, value in parse_qsl(request.body.decode("utf-8", "replace")):
                yield f"{name}: {_type(value)}"


def _outline(value: Any, path: str, depth: int) -> Iterator[str]:
    if depth == _DEEPEST:
        yield f"{path}: …"
    elif isinstance(value, dict):
        if not value:
            yield f"{path}: empty object"
        for name, of in value.items():
            yield from _outline(of, f"{path}.{name}", depth + 1)
    elif isinstance(value, list):
        yield f"{path}: list of {len(value)}"
        if value:
            yield from _outline(value[0], f"{path}[0]", depth + 1)
    else:
        yield f"{path}: {_type(value)}"


def _type(value: Any) -> str:
    if isinstance(value, str):
        return f"text of {len(value)}" if value else "empty text"
    if isinstance(value, bool):
        return "true or false"
    return "null" if value is None else "number"

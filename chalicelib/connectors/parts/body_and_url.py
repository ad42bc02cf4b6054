"""Shared secrets that a vendor sends in the body or in the URL instead of signing.

Whoever sees such a delivery can invent another, so they are the last resort; and what is archived
must not hold them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from chalicelib import signatures
from chalicelib.connectors.base import Request
from chalicelib.connectors.parts.reading import json_value
from chalicelib.errors import Rejected, Unreadable


def check_parameter(request: Request, name: str, secrets: Sequence[str]) -> None:
    """The URL's parameter is the secret itself."""
    _check(dict(_parameters(request)).get(name), f"the URL's parameter {name}", secrets)


def with_parameter(request: Request, name: str, secret: str) -> Request:
    """The URL with the parameter, which takes the place of an older one."""
    kept = [pair for pair in _parameters(request) if pair[0] != name]
    return _with_query(request, [*kept, (name, secret)])


def without_parameter(request: Request, name: str) -> Request:
    found = _parameters(request)
    kept = [pair for pair in found if pair[0] != name]
    return request if kept == found else _with_query(request, kept)


def _parameters(request: Request) -> list[tuple[str, str]]:
    try:
        return parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
    except ValueError as error:
        raise Rejected("the URL cannot be read") from error


def _with_query(request: Request, pairs: Sequence[tuple[str, str]]) -> Request:
    query = urlencode(pairs)
    return replace(request, url=request.url.partition("?")[0] + (f"?{query}" if query else ""))


def check_field(request: Request, name: str, secrets: Sequence[str]) -> None:
    """A field of the JSON body is the secret itself. Raises Rejected, also when it is no JSON."""
    value = (_object(request) or {}).get(name)
    _check(value if isinstance(value, str) else None, f"the body's field {name}", secrets)


def with_field(request: Request, name: str, secret: str) -> Request:
    """The JSON body with the field, and its new length; any other body as it was."""
    body = _object(request)
    raw = None if body is None else _written({**body, name: secret})
    return request if raw is None else _with_body(request, raw)


def without_field(request: Request, name: str) -> Request:
    body = _object(request)
    if body is None or name not in body:
        return request
    raw = _written({k: v for k, v in body.items() if k != name})
    if raw is None:
        field = rb'("%b"\s*+:\s*+)"(?:[^"\\]|\\.)*+"' % re.escape(name.encode())
        raw = re.sub(field, rb'\1""', request.body)
    return _with_body(request, raw)


def _check(given: str | None, where: str, secrets: Sequence[str]) -> None:
    if not given and any(secrets):
        raise Rejected(f"{where} is missing")
    signatures.check_token(given or "none", secrets)


def _object(request: Request) -> dict[str, Any] | None:
    try:
        body = json_value(request.body, request.headers.get("content-type", ""))
    except Unreadable:
        return None
    return body if isinstance(body, dict) else None


def _written(body: dict[str, Any]) -> bytes | None:
    """ASCII, so that it is right in any character set; None for what json reads and cannot write.

    That is a number above every float, and an object nested as deep as it just can read.
    """
    try:
        return json.dumps(body, separators=(",", ":"), allow_nan=False).encode()
    except (ValueError, RecursionError):
        return None


def _with_body(request: Request, raw: bytes) -> Request:
    headers = request.headers
    if "content-length" in headers:
        headers = {**headers, "content-length": str(len(raw))}
    return replace(request, body=raw, headers=headers)

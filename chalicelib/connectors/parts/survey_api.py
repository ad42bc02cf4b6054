"""What the survey vendors' APIs share: where they are, which forms to ask, where a backfill is.

Options of a source, for backfill, registration and fetching:

    api: https://api.eu.example.com     # where the vendor has several data centres
    forms: [abc123, def456]             # the ids of the forms or surveys
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from chalicelib.connectors.base import Source
from chalicelib.connectors.parts.reading import Json, json_value, unreadable
from chalicelib.connectors.vendor_api import Answer, checked
from chalicelib.errors import Misconfigured, Unreadable

OPTIONS = ("api", "forms")
_HTTPS = re.compile(r"https://[A-Za-z0-9.-]+(:\d+)?(/[\w./-]*)?")


def address(source: Source, default: str | None = None) -> str:
    """The API's base address without a trailing slash: options.api, or the vendor's usual one.

    Raises Misconfigured where it is neither, or not https: credentials travel to it.
    """
    said = source.options.get("api", default)
    if not isinstance(said, str) or not _HTTPS.fullmatch(said):
        raise Misconfigured(
            f"sources.{source.name}.options.api must be the https address of the vendor's API"
        )
    return said.rstrip("/")


def forms(source: Source) -> Sequence[str]:
    """The ids in options.forms; raises Misconfigured without one."""
    said = source.options.get("forms")
    ids = [said] if isinstance(said, (str, int)) else said
    if not isinstance(ids, (list, tuple)) or not ids or not all(_is_id(one) for one in ids):
        raise Misconfigured(
            f"sources.{source.name}.options.forms must list the ids of the forms to ask about"
        )
    return [str(one) for one in ids]


def _is_id(value: object) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool) and str(value) != ""


def check(source: Source, default: str | None = None) -> None:
    """Raises Misconfigured for an `api` or `forms` that is written and cannot work."""
    if "api" in source.options:
        address(source, default)
    if "forms" in source.options:
        forms(source)


def credential(source: Source, credentials: Mapping[str, str], name: str) -> str:
    """One of the credentials; raises Misconfigured where it is not there."""
    found = credentials.get(name)
    if not found:
        raise Misconfigured(f"sources.{source.name}: the secret holds no api.{name}")
    return found


def url(base: str, *path: str, **query: object) -> str:
    """The address of a resource; every part is escaped. Raises Unreadable for a part of dots."""
    if not {".", ".."}.isdisjoint(path):
        raise Unreadable("an id of the vendor's is no id but a way up its addresses")
    place = "/".join([base, *(quote(part, safe="") for part in path)])
    said = {k: v for k, v in query.items() if v is not None}
    return f"{place}?{urlencode(said, doseq=True)}" if said else place


def place(source: Source, cursor: str | None) -> tuple[int, list[Any]]:
    """(which form, the vendor's own cursor parts) of a cursor; the first page's is (0, [])."""
    if cursor is None:
        return 0, []
    try:
        found = json.loads(cursor)
        index, rest = found[0], found[1:]
        if isinstance(index, int) and 0 <= index < len(forms(source)):
            return index, list(rest)
    except (ValueError, TypeError, IndexError, KeyError):
        pass
    raise Misconfigured(
        f"sources.{source.name}: the backfill's cursor does not fit options.forms; start it anew"
    )


def cursor(source: Source, index: int, *rest: object) -> str | None:
    """The cursor of the next page; None behind the last form."""
    return json.dumps([index, *rest]) if index < len(forms(source)) else None


def number_of(rest: Sequence[object]) -> int:
    """The page's number in a cursor's parts; 1 for the first page."""
    return rest[0] if rest and isinstance(rest[0], int) else 1


def seconds(moment: datetime) -> str:
    """2026-11-02T09:15:31Z"""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def listed(answer: Answer, what: str) -> list[Json]:
    """The list of objects of a successful answer. Raises as `vendor_api.json_of`."""
    found = json_value(checked(answer, what).body)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        unreadable(what, "a list of objects", found)
    return found

"""Forms as HTTP sends them: URL-encoded or multipart/form-data (RFC 7578), on raw bytes.

Values stay bytes: a vendor may tell the character set of each in another field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote_plus, unquote_to_bytes

from chalicelib.connectors.base import Request
from chalicelib.connectors.parts.charsets import decoded, parameter
from chalicelib.connectors.parts.mime import head_and_body, split_parts
from chalicelib.errors import Unreadable

MOST_FIELDS = 10_000  # a stranger's form is read before its signature is checked


@dataclass(frozen=True)
class Field:
    """One field. `filename` is empty but for a file; `content_type` where the part names one."""

    name: str
    content: bytes
    filename: str = ""
    content_type: str = ""


@dataclass(frozen=True)
class Form:
    """The fields in order. Of a repeated name the last counts."""

    fields: tuple[Field, ...]

    def text(self, name: str, charset: str = "") -> str:
        """A field as text, empty where it is missing."""
        found = self.get(name)
        return (
            decoded(found.content, charset or parameter(found.content_type, "charset"))
            if found
            else ""
        )

    def get(self, name: str) -> Field | None:
        return next((one for one in reversed(self.fields) if one.name == name), None)

    @property
    def invites(self) -> bool:
        """One of the files is a calendar's invitation."""
        kinds = (one.content_type.lower() for one in self.files)
        return any(kind.startswith("text/calendar") and "method=" in kind for kind in kinds)

    @property
    def files(self) -> tuple[Field, ...]:
        return tuple(one for one in self.fields if one.filename)


def read_form(request: Request) -> Form:
    """Raises Unreadable where the body is no form or has more than MOST_FIELDS fields."""
    header = request.headers.get("content-type", "")
    if request.content_type == "application/x-www-form-urlencoded":
        fields = tuple(_pair(segment) for segment in _segments(request.body) if segment)
    elif request.content_type == "multipart/form-data" and parameter(header, "boundary"):
        fields = tuple(map(_part, split_parts(request.body, parameter(header, "boundary"))))
    else:
        raise Unreadable("the body is neither a URL-encoded form nor multipart/form-data")
    if len(fields) > MOST_FIELDS:
        raise Unreadable(f"the form has more than {MOST_FIELDS} fields")
    return Form(tuple(one for one in fields if one.name))


def with_fields(request: Request, values: Mapping[str, str]) -> Request:
    """The same form with these fields, which take the place of older ones, and its new length.

    Any body of a form's content type will do; another request is given back as it is.
    """
    header = request.headers.get("content-type", "")
    boundary = parameter(header, "boundary")
    if request.content_type == "application/x-www-form-urlencoded":
        kept = [one for one in _segments(request.body) if one and _pair(one).name not in values]
        added = [f"{quote_plus(k)}={quote_plus(v)}".encode() for k, v in values.items()]
        body = b"&".join([*kept, *added])
    elif request.content_type == "multipart/form-data" and boundary:
        body = _multipart(request.body, boundary, values)
    else:
        return request
    headers = dict(request.headers)
    if "content-length" in headers:
        headers["content-length"] = str(len(body))
    return replace(request, body=body, headers=headers)


def _segments(body: bytes) -> Sequence[bytes]:
    return body.split(b"&", MOST_FIELDS + 1)


def _pair(segment: bytes) -> Field:
    name, _, value = segment.partition(b"=")
    return Field(_unquoted(name).decode("utf-8", "replace"), _unquoted(value))


def _unquoted(text: bytes) -> bytes:
    return unquote_to_bytes(text.replace(b"+", b" "))


def _part(raw: bytes) -> Field:
    headers, content = head_and_body(raw)
    disposition = headers.get("content-disposition", "")
    return Field(
        parameter(disposition, "name"),
        content,
        parameter(disposition, "filename"),
        headers.get("content-type", ""),
    )


def _multipart(body: bytes, boundary: str, values: Mapping[str, str]) -> bytes:
    parts = split_parts(body, boundary)
    line = b"--" + boundary.encode("utf-8", "replace")
    lead = b"" if parts else body + b"\r\n" * bool(body)
    kept = [part for part in parts if _part(part).name not in values]
    added = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()
        for name, value in values.items()
    ]
    return (
        lead
        + b"".join(line + b"\r\n" + part + b"\r\n" for part in [*kept, *added])
        + (line + b"--\r\n")
    )

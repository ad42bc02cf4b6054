"""What is wrong with an organisation file, in plain words: line, key, remedy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import yaml

Fault = Mapping[str, Any]  # one of pydantic's: 'type', 'loc', 'msg' and 'ctx'

_LIST = "write a list: each item on a line of its own that begins with '- ', or [one, two]"
_KEYS = "write its keys below it, each on an indented line as 'key: value'"
_NUMBER = "write a number, with a point before its decimals, such as 0.5"
_WHOLE = "write a whole number, such as 30"
_DATE = "write a date as 2026-10-16"
_TIME = "write a time as '09:00'"
_TRUTH = "write true or false"


def told(root: yaml.Node, faults: Iterable[Fault]) -> list[str]:
    """One line for each of pydantic's faults: 'line N, key: what; remedy'."""
    found = [fault for fault in faults if not _other_choice(fault)]
    inner = {fault["loc"][:depth] for fault in found for depth in range(len(fault["loc"]))}
    # A list whose items failed is also reported as too short: the items say it better.
    own = [fault for fault in found if not fault["loc"] or fault["loc"] not in inner]
    return [_line_of(root, fault) for fault in own]


def line(node: yaml.Node, path: list[str]) -> int:
    """The line (from 1) of a path, or of the nearest part above it that exists."""
    import yaml

    found: int = node.start_mark.line + 1
    for part in path:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == part:
                    found, node = key.start_mark.line + 1, value
                    break
        elif isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
            node = node.value[int(part)]
            found = node.start_mark.line + 1
    return found


def _other_choice(fault: Fault) -> bool:
    """The first half of 'all or a list': the fault of the list says both."""
    return any(str(part).startswith("literal[") for part in fault["loc"])


def _line_of(root: yaml.Node, fault: Fault) -> str:
    # pydantic puts kinds of values among the keys: 'tuple[…]', '[key]'.
    path = [str(part) for part in fault["loc"] if "[" not in str(part)]
    message = str(fault["msg"]).removeprefix("Value error, ")
    named = re.match(r"([a-z]+(?:\.[a-z0-9_-]+)+): (.*)", message, re.DOTALL)
    if named and not path:
        path, message = named[1].split("."), named[2]
    remedy = _REMEDIES.get(fault["type"])
    what = remedy(fault.get("ctx", {})) if callable(remedy) else remedy or message
    if fault["type"] == "missing" and path and path[-1].isdigit():
        what = "a value is missing in this list; add it"
    if what is _LIST and path != [str(part) for part in fault["loc"]]:
        what = f"{_LIST}; or the word all"
    return f"line {line(root, path)}, {'.'.join(path) or 'file'}: {what}"


def _choice(ctx: Fault) -> str:
    names = re.findall("'([^']*)'", str(ctx.get("expected", "")))
    return f"write one of: {', '.join(names)}"


def _pattern(ctx: Fault) -> str:
    pattern = str(ctx.get("pattern", ""))
    if "@" in pattern and "|" in pattern:
        return "write an address to send from, such as Yritys Oy <palaute@yritys.example>"
    if "@" in pattern:
        return "write one email address, such as palaute@yritys.example"
    if "A-Z" in pattern:
        return f"write {pattern[-3]} capital letters, such as {'FI' if '2' in pattern else 'EUR'}"
    return "write small letters, digits and hyphens, such as late-delivery"


_REMEDIES: Mapping[str, str | Callable[[Fault], str]] = {
    "extra_forbidden": "this key is not known here; remove it or correct its spelling",
    "missing": "this key is required; add it",
    "string_pattern_mismatch": _pattern,
    "string_type": "write text; between quotation marks where it looks like a number or a date",
    "string_too_long": lambda ctx: f"write at most {ctx['max_length']} characters",
    **dict.fromkeys(("tuple_type", "list_type"), _LIST),
    "too_short": "write at least one item",
    "too_long": lambda ctx: f"write at most {ctx['max_length']} items",
    **dict.fromkeys(("dict_type", "model_type", "mapping_type"), _KEYS),
    **dict.fromkeys(("literal_error", "enum"), _choice),
    **dict.fromkeys(
        ("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"),
        _DATE,
    ),
    **dict.fromkeys(("time_type", "time_parsing"), _TIME),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), _WHOLE),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), _NUMBER),
    **dict.fromkeys(("bool_type", "bool_parsing"), _TRUTH),
    "greater_than": lambda ctx: f"write a number above {ctx['gt']:g}",
    "greater_than_equal": lambda ctx: f"write a number of at least {ctx['ge']:g}",
    "less_than": lambda ctx: f"write a number below {ctx['lt']:g}",
    "less_than_equal": lambda ctx: f"write a number of at most {ctx['le']:g}",
}

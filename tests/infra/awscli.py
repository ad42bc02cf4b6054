"""What `aws ...` means, by botocore's own service models: which operation, with which parameters.

Parameters of a shape are `--kebab-case`, booleans `--name` and `--no-name`, structures shorthand
(`A=1,B=2`) or JSON. `…` and `$NAME` stand for what an operator fills in, and fit everything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.validate import ParamValidator

#: The command line's own commands, which no model has -> their options.
OWN = {
    ("s3", "sync"): {"source-region", "region", "endpoint-url"},
    ("s3", "cp"): {"region", "endpoint-url"},
    ("s3", "mb"): {"region", "endpoint-url"},
}
_GLOBAL = {"region", "profile", "query", "output", "endpoint-url"}
_OPEN = re.compile(r"…|\$")


class Wrong(ValueError):
    """A command that `aws` would refuse; the text says why."""


@dataclass(frozen=True)
class Call:
    """One command. `waits` names the waiter of `aws SERVICE wait NAME`."""

    service: str
    operation: str  # as botocore's models name it; of OWN, as the command line does
    params: dict[str, Any] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)  # the global ones
    positional: tuple[str, ...] = ()
    waits: str = ""


@cache
def _session() -> Any:
    return botocore.session.get_session()


@cache
def _model(service: str) -> Any:
    try:
        return _session().get_service_model(service)
    except UnknownServiceError as error:
        raise Wrong(f"there is no service {service!r}") from error


def parsed(argv: Sequence[str], *, whole: bool = True) -> Call:
    """The words behind `aws`; unless `whole`, required members may be missing. Raises Wrong."""
    words = list(argv)
    options = dict(_global_before(words))
    if len(words) < 2:
        raise Wrong(f"aws {' '.join(argv)}: a service and an operation are wanted")
    service, name, *rest = words
    if (service, name) in OWN:
        return _own(service, name, rest, options)
    waits = ""
    if name == "wait":
        waits, *rest = rest or [""]
        name = xform_name(_waited(service, waits), "-")
    operations = {xform_name(known, "-"): known for known in _model(service).operation_names}
    if name not in operations:
        raise Wrong(f"aws {service} has no operation {name!r}")
    shape = _model(service).operation_model(operations[name]).input_shape
    params = _parameters(f"aws {service} {name}", shape, rest, options, whole=whole)
    return Call(service, operations[name], params, options, waits=waits)


def _global_before(words: list[str]) -> Iterator[tuple[str, str]]:
    """Global options stand before the service too; they are taken out of `words`."""
    while words and words[0].startswith("--"):
        name = words.pop(0)[2:]
        if name not in _GLOBAL or not words:
            raise Wrong(f"aws --{name}: no such option, or it lacks its value")
        yield name, words.pop(0)


def _own(service: str, name: str, rest: list[str], options: dict[str, str]) -> Call:
    positional = []
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            positional.append(word)
        elif word[2:] in OWN[service, name] and rest:
            options[word[2:]] = rest.pop(0)
        else:
            raise Wrong(f"aws {service} {name} {word}: no such option, or it lacks its value")
    return Call(service, name, {}, options, tuple(positional))


def _waited(service: str, waiter: str) -> str:
    _model(service)
    model = _session().get_waiter_model(service)
    known = {xform_name(name, "-"): name for name in model.waiter_names}
    if waiter not in known:
        raise Wrong(f"aws {service} wait has no {waiter!r}, but {', '.join(known)}")
    return str(model.get_waiter(known[waiter]).operation)


def _parameters(
    of: str, shape: Any, words: list[str], options: dict[str, str], *, whole: bool
) -> dict[str, Any]:
    members = {xform_name(name, "-"): name for name in (shape.members if shape else ())}
    params: dict[str, Any] = {}
    while words:
        word = words.pop(0)
        if not word.startswith("--"):
            raise Wrong(f"{of}: {word!r} belongs to no option")
        name = word[2:]
        values = []
        while words and not words[0].startswith("--"):
            values.append(words.pop(0))
        if name in members:
            member = shape.members[members[name]]
            params[members[name]] = True if _flag(member, values) else _value(of, member, values)
        elif name.removeprefix("no-") in members and not values:
            params[members[name.removeprefix("no-")]] = False
        elif name in _GLOBAL and len(values) == 1:
            options[name] = values[0]
        else:
            raise Wrong(f"{of} --{name}: no such option")
    if shape is not None:
        report = ParamValidator().validate(params, shape).generate_report()
        faults = [one for one in report.splitlines() if whole or "Missing required" not in one]
        # What an operator fills in has the length that it has.
        open_ = [name for name, value in params.items() if _OPEN.search(str(value))]
        told = [one for one in faults if not any(f"length for parameter {n}" in one for n in open_)]
        if told:
            raise Wrong(f"{of}: {'; '.join(told)}")
    return params


def _flag(shape: Any, values: list[str]) -> bool:
    return shape.type_name == "boolean" and not values


def _value(of: str, shape: Any, values: list[str]) -> Any:
    if not values:
        raise Wrong(f"{of}: an option lacks its value")
    if shape.type_name == "list" and not values[0].startswith("["):
        return [_one(of, shape.member, value) for value in values]
    if len(values) > 1:
        raise Wrong(f"{of}: one value is wanted, and there are {values}")
    return _one(of, shape, values[0])


def _one(of: str, shape: Any, text: str) -> Any:
    kind = shape.type_name
    if kind in ("structure", "map", "list"):
        return json.loads(text) if text[:1] in "{[" else _shorthand(of, shape, text)
    if kind in ("integer", "long"):
        return 1 if _OPEN.search(text) else int(text)
    if kind in ("float", "double"):
        return 1.0 if _OPEN.search(text) else float(text)
    if kind == "boolean":
        return {"true": True, "false": False}[text.lower()]
    if kind == "timestamp":
        return "2026-11-23T08:00:00Z" if _OPEN.search(text) else text
    if getattr(shape, "enum", None) and text not in shape.enum and not _OPEN.search(text):
        raise Wrong(f"{of}: {text!r} is none of {', '.join(shape.enum)}")
    return text


def _shorthand(of: str, shape: Any, text: str) -> Any:
    """A=1,B=2; what lies deeper is written as JSON. `K=v1,v2` is a list in the command line."""
    if shape.type_name == "list":
        return [_one(of, shape.member, part) for part in text.split(",")]
    found: dict[str, list[str]] = {}
    name = ""
    for part in text.split(","):
        key, equals, value = part.partition("=")
        name = key if equals else name
        found.setdefault(name, []).append(value if equals else key)
    made: dict[str, Any] = {}
    for key, values in found.items():
        member = shape.members.get(key) if shape.type_name == "structure" else shape.value
        if member is None:
            raise Wrong(f"{of}: {key!r} is no member of {shape.name}")
        listed = member.type_name == "list"
        made[key] = _value(of, member, values) if listed else _one(of, member, ",".join(values))
    return made

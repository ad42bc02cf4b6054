"""A stage's settings file, infra/stages/STAGE.toml: where to deploy, and the parameters."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.organisation import BadOrganisation
from chalicelib.organisation import read as read_organisation
from infra.paths import ROOT
from infra.template import parameters

FOLDER = ROOT / "infra" / "stages"
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_ACCOUNT = re.compile(r"\d{12}")
_IMAGE = re.compile(r".+@sha256:[0-9a-f]{64}")
_KEYS = {"region", "account", "organisation", "monthly_budget_usd", "parameters"}
_MISSING = " is missing: "
#: What deploying itself sets.
_OURS = {"Version", "CodeSha256", "RawDays"}


class BadSettings(ValueError):
    """The file cannot be deployed by; one fault a line, each with what to write instead."""


@dataclass(frozen=True)
class StageSettings:
    """How one stage is deployed. `parameters` are the template's, as CloudFormation takes them."""

    region: str
    account: str
    monthly_budget_usd: float
    parameters: Mapping[str, str]


def path_of(stage: str) -> Path:
    """Where a stage's settings lie unless another file is named."""
    return FOLDER / f"{stage}.toml"


def read(path: Path, *, complete: bool = True, root: Path = ROOT) -> StageSettings:
    """Read and check a settings file; paths in it are relative to `root`.

    Unless it must be `complete`, parameters may be missing: before there is an image to name.
    Raises BadSettings with every fault at once.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadSettings(
            f"{path} does not exist; copy {FOLDER.name}/prod.toml.example there and fill it in"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{path} is not TOML: {error}") from error
    faults = [fault for fault in _faults(told) if complete or _MISSING not in fault]
    raw_days = ""
    try:
        text = (root / str(told.get("organisation", "organisation.yaml"))).read_text("utf-8")
        raw_days = str(read_organisation(text).retention.raw_days)
    except (OSError, BadOrganisation) as error:
        faults.append(f"organisation: {error}")
    if faults:
        raise BadSettings("\n".join(f"{path.name}: {fault}" for fault in faults))
    chosen = {name: _text(value) for name, value in told.get("parameters", {}).items()}
    return StageSettings(
        region=told["region"],
        account=told["account"],
        monthly_budget_usd=float(told.get("monthly_budget_usd", 0)),
        parameters={**chosen, "RawDays": raw_days},
    )


def _faults(told: Mapping[str, Any]) -> Iterator[str]:
    for key in told.keys() - _KEYS:
        yield f"{key} is unknown{_meant(key, _KEYS)}"
    if not _REGION.fullmatch(str(told.get("region", ""))):
        yield 'region must be like "eu-north-1"'
    if not _ACCOUNT.fullmatch(str(told.get("account", ""))):
        yield "account must be the twelve digits of the AWS account, in quotes"
    budget = told.get("monthly_budget_usd", 0)
    if isinstance(budget, bool) or not isinstance(budget, int | float) or budget < 0:
        yield "monthly_budget_usd must be a number of dollars, 0 for none"
    chosen = told.get("parameters", {})
    if not isinstance(chosen, dict):
        yield "[parameters] must be a table"
        return
    yield from _parameter_faults(chosen)


def _parameter_faults(chosen: Mapping[str, Any]) -> Iterator[str]:
    known = parameters()
    for name in sorted(chosen.keys() & _OURS):
        yield f"parameters.{name} is set by deploying itself; take it out"
    for name in sorted(chosen.keys() - known.keys()):
        yield f"parameters.{name} is unknown{_meant(name, known)}"
    for name, of in known.items():
        if name not in chosen:
            if "Default" not in of:
                yield f"parameters.{name}{_MISSING}{of.get('Description', '')}"
            continue
        fault = _value_fault(chosen[name], of)
        if fault:
            yield f"parameters.{name} {fault}"
    for name in ("ModelImage", "SpeechImage"):
        image = chosen.get(name)
        if image and not _IMAGE.fullmatch(str(image)):
            yield f"parameters.{name} must name its image by digest, …@sha256:…"


def _value_fault(value: Any, of: Mapping[str, Any]) -> str:
    """What is wrong with a parameter's value, '' when nothing is."""
    text, kind = _text(value), of["Type"]
    fits = {"Number": int | float, "CommaDelimitedList": list}.get(kind, str)
    told = {"Number": "a number", "CommaDelimitedList": 'a list, ["…"]'}.get(
        kind, "a text in quotes"
    )
    fault = ""
    if isinstance(value, bool) or not isinstance(value, fits):
        fault = f"must be {told}"
    elif text not in of.get("AllowedValues", [text]):
        fault = f"must be one of {', '.join(of['AllowedValues'])}"
    elif not re.fullmatch(of.get("AllowedPattern", ".*"), text, re.DOTALL):
        fault = f"must fit {of['AllowedPattern']}"
    elif kind == "Number" and not of.get("MinValue", value) <= value <= of.get("MaxValue", value):
        fault = f"must be from {of.get('MinValue', 'anything')} to {of.get('MaxValue', 'anything')}"
    return fault


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _meant(name: str, known: Any) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(sorted(known))}"

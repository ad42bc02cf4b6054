"""The bill of materials, CycloneDX 1.6: `python -m infra.bill` of what is installed here.

What the functions and the compact model's container get, and all that those bring with them. With a
file, of pip's report of what it would install (`pip install --dry-run --report FILE`).
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.paths import ROOT

#: What is deployed; requirements-local.txt and -dev.txt stay on this machine.
DEPLOYED = (ROOT / "requirements.txt", ROOT / "model_image" / "requirements.txt")

Packages = Mapping[str, Mapping[str, Any]]  # canonical name -> its metadata (PEP 566, as JSON)


def required(path: Path) -> Iterator[Requirement]:
    """The pins of a requirements file; lines that name other files are left out."""
    for line in path.read_text().splitlines():
        wanted = line.partition("#")[0].strip()
        if wanted and not wanted.startswith("-"):
            yield Requirement(wanted)


def installed() -> dict[str, Mapping[str, Any]]:
    """What DEPLOYED brings, as it is installed here. Raises LookupError for what is missing."""
    found: dict[str, Mapping[str, Any]] = {}
    wanted = [one for path in DEPLOYED for one in required(path)]
    seen: set[tuple[str, frozenset[str]]] = set()
    while wanted:
        one = wanted.pop()
        name = canonicalize_name(one.name)
        asked = (name, frozenset(one.extras))
        if asked in seen or not _applies(one):
            continue
        seen.add(asked)
        try:
            found[name] = importlib.metadata.metadata(name).json
        except importlib.metadata.PackageNotFoundError as error:
            raise LookupError(f"{name} is not installed here; run `make check`") from error
        wanted += brought(found[name], one.extras)
    return found


def _applies(one: Requirement) -> bool:
    return one.marker is None or one.marker.evaluate({"extra": ""})


def brought(metadata: Mapping[str, Any], extras: set[str]) -> Iterator[Requirement]:
    """What a package requires here, with these extras of it."""
    for text in metadata.get("requires_dist", ()):
        one = Requirement(text)
        wanted = [{"extra": extra} for extra in ("", *extras)]
        if one.marker is None or any(one.marker.evaluate(these) for these in wanted):
            one.marker = None
            yield one


def reported(report: Mapping[str, Any]) -> tuple[Packages, dict[str, str]]:
    """Of pip's report: the packages, and each one's SHA-256."""
    packages: dict[str, Mapping[str, Any]] = {}
    hashes: dict[str, str] = {}
    for one in report["install"]:
        name = canonicalize_name(one["metadata"]["name"])
        packages[name] = one["metadata"]
        hashes[name] = one["download_info"]["archive_info"]["hashes"]["sha256"]
    return packages, hashes


def licence(metadata: Mapping[str, Any]) -> str:
    """As the package declares it: its expression, its classifiers or its field; '' for none."""
    told = metadata.get("license_expression", "")
    ends = [
        text.rpartition(" :: ")[2]
        for text in metadata.get("classifier", ())
        if text.startswith("License :: ") and text.count(" :: ") > 1
    ]
    field: str = metadata.get("license", "").strip()
    return told or " OR ".join(ends) or (field.splitlines()[0] if field else "")


def bill(packages: Packages, hashes: Mapping[str, str] = {}) -> dict[str, Any]:
    """The bill; the same packages give the same text."""
    refs = {name: f"pkg:pypi/{name}@{packages[name]['version']}" for name in sorted(packages)}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "name": "oivallus", "bom-ref": "oivallus"}
        },
        "components": [_component(packages[n], ref, hashes.get(n, "")) for n, ref in refs.items()],
        "dependencies": [
            {"ref": ref, "dependsOn": sorted(_brings(packages[name], refs))}
            for name, ref in refs.items()
        ],
    }


def _component(metadata: Mapping[str, Any], ref: str, sha256: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "library",
        "bom-ref": ref,
        "purl": ref,
        "name": metadata["name"],
        "version": metadata["version"],
    }
    if told := licence(metadata):
        made["licenses"] = [{"license": {"name": told}}]
    if sha256:
        made["hashes"] = [{"alg": "SHA-256", "content": sha256}]
    return made


def _brings(metadata: Mapping[str, Any], refs: Mapping[str, str]) -> set[str]:
    names = {canonicalize_name(one.name) for one in brought(metadata, set())}
    return {refs[name] for name in names if name in refs}


def main(arguments: list[str]) -> None:
    """Print the bill of what is installed, or of pip's report in a file."""
    made = bill(*reported(json.loads(Path(arguments[0]).read_text()))) if arguments else None
    print(json.dumps(made or bill(installed()), indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main(sys.argv[1:])

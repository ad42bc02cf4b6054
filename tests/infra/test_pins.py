"""What is pinned, audited and written into the bill of materials is what is deployed."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from infra import bill
from infra.paths import ROOT

#: Asked about by themselves: what they bring to a training machine is not frozen.
BESIDES = {"requirements-train.txt"}
FILES = sorted({*ROOT.glob("requirements*.txt"), *ROOT.glob("model_image/requirements*.txt")})
ADVISORIES = runpy.run_path(str(ROOT / ".ci" / "advisories.py"))
#: Licences that ask for no more than to be named.
FREE = re.compile(r"\b(MIT|MIT-0|BSD|0BSD|Apache|Zlib|CC0-1\.0|PSF-2\.0|ISC)\b")
#: Changes to these would have to be published; they are shipped as they are.
UNCHANGED = {"python-stdnum"}


def pins(path: Path) -> dict[str, str]:
    """Canonical name -> ==version."""
    return {canonicalize_name(one.name): str(one.specifier) for one in bill.required(path)}


CONSTRAINTS = pins(ROOT / "constraints.txt")
DEPLOYED = bill.installed()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_pin_is_audited(path: Path) -> None:
    if path.name in BESIDES:
        assert f"-r model_image/{path.name}" in (ROOT / "Makefile").read_text()
        return
    for name, version in pins(path).items():
        assert CONSTRAINTS.get(name) == version, f"{name}: run `make lock`"


def test_every_pin_is_one_version() -> None:
    for name, version in CONSTRAINTS.items():
        assert re.fullmatch(r"==[^*,]+", version), name


def test_what_is_deployed_is_installed_as_pinned() -> None:
    """So that the bill, which is read from here, tells of what a deployment gets."""
    found = {name: f"=={metadata['version']}" for name, metadata in DEPLOYED.items()}
    assert found == {name: CONSTRAINTS.get(name) for name in found}


@pytest.mark.parametrize("name", sorted(DEPLOYED))
def test_each_licence_is_one_that_may_be_shipped(name: str) -> None:
    told = bill.licence(DEPLOYED[name])
    assert FREE.search(told) or name in UNCHANGED, f"{name}: {told or 'declares no licence'}"
    assert "GPL" not in told or name in UNCHANGED, f"{name}: {told}"


def test_the_bill_tells_every_package_and_what_brings_it() -> None:
    made = bill.bill(DEPLOYED)
    assert made == bill.bill(DEPLOYED)
    refs = {one["bom-ref"] for one in made["components"]}
    assert f"pkg:pypi/botocore@{CONSTRAINTS['botocore'].removeprefix('==')}" in refs
    assert all(one["licenses"] for one in made["components"])
    brought = {ref for one in made["dependencies"] for ref in one["dependsOn"]}
    asked = {ref for ref in refs for path in bill.DEPLOYED if _name(ref) in pins(path)}
    assert refs == brought | asked


def _name(ref: str) -> str:
    return ref.removeprefix("pkg:pypi/").partition("@")[0]


def test_the_bill_of_an_image_has_each_files_hash() -> None:
    item = {
        "metadata": {"name": "Torch", "version": "2.9", "license": "BSD-3-Clause\nand more"},
        "download_info": {"archive_info": {"hashes": {"sha256": "ab"}}},
    }
    (one,) = bill.bill(*bill.reported({"install": [item]}))["components"]
    assert (one["purl"], one["hashes"][0]["content"]) == ("pkg:pypi/torch@2.9", "ab")
    assert one["licenses"][0]["license"]["name"] == "BSD-3-Clause"


# -- the audit -------------------------------------------------------------------------------


@contextmanager
def answering(status: int, body: str) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/pypi/pip/json"
        thread.join()


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (200, json.dumps({"vulnerabilities": []}), "^$"),
        (200, "{}", "tells of no advisories"),  # a mirror of files alone
        (200, "<html>", "Expecting value"),
        (404, "", "404"),
    ],
)
def test_advisories_are_asked_for_where_they_are_told(status: int, body: str, why: str) -> None:
    reachable: Callable[[str], str] = ADVISORIES["reachable"]
    with answering(status, body) as page:
        assert re.search(why, reachable(page))
    assert "refused" in reachable("http://127.0.0.1:9/pypi/pip/json")
    pinned = ADVISORIES["page"]((ROOT / "constraints.txt").read_text())
    assert pinned == f"https://pypi.org/pypi/boto3/{CONSTRAINTS['boto3'].removeprefix('==')}/json"


def test_an_advisory_is_accepted_with_a_reason_alone() -> None:
    accepted = ADVISORIES["accepted"]
    assert accepted("# a line\n\nPYSEC-2026-1  # no XML is read here\n") == ["PYSEC-2026-1"]
    with pytest.raises(ValueError, match="PYSEC-2026-1 needs a reason"):
        accepted("PYSEC-2026-1\n")
    accepted((ROOT / ".ci" / "advisories.txt").read_text())


@pytest.mark.parametrize(
    ("broken", "reachable", "ran"),
    [
        pytest.param("", True, ["test", "audit"], id="nothing is known"),
        pytest.param("audit", True, ["test", "audit"], id="an advisory is told"),
        pytest.param("audit", False, ["test"], id="no network"),
        pytest.param("test", True, ["test"], id="a test fails"),
    ],
)
def test_ci_fails_for_a_test_and_not_for_what_became_known_today(
    tmp_path: Path, broken: str, reachable: bool, ran: list[str]
) -> None:
    def command(path: Path, script: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    command(tmp_path / ".venv" / "bin" / "python", f"exit {int(not reachable)}")
    command(tmp_path / "bin" / "make", f"echo $1 >> {tmp_path}/ran; [ $1 != '{broken}' ]")
    (tmp_path / ".ci").mkdir()
    script = tmp_path / ".ci" / "run"
    script.write_text((ROOT / ".ci" / "run").read_text())
    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    done = subprocess.run(["bash", script], env={"PATH": path}, check=False, capture_output=True)
    assert (tmp_path / "ran").read_text().split() == ran
    assert bool(done.returncode) == (broken == "test")
    assert (b"advisories.txt" in done.stdout) == (broken in ran and broken == "audit")

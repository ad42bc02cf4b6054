"""The runbook as a text to be read, and as commands that bash runs."""

from __future__ import annotations

import re
import shlex
import socketserver
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from infra.paths import ROOT

PAGE = ROOT / "infra" / "README.md"
#: The words behind a command and $AWS_REGION -> exit status, and what it prints.
Answer = Callable[[list[str], str], tuple[int, str]]
_BLOCK = re.compile(r"^(?: {4,}|\t)\S")
_INLINE = re.compile(r"`([^`]+)`")
_START = re.compile(r"(?:^|[\s(|;&])aws\s+(?=[a-z-])")


def section(heading: str, text: str = "") -> str:
    """What stands below a heading of the runbook, up to the next. Raises KeyError."""
    text = text or PAGE.read_text(encoding="utf-8")
    found = re.search(rf"^##+ {re.escape(heading)}\n(.*?)(?=^##|\Z)", text, re.M | re.S)
    if found is None:
        raise KeyError(heading)
    return found[1]


def steps(heading: str) -> dict[int, str]:
    """The numbered steps below a heading of the runbook, each as its code."""
    parts = re.split(r"^(\d+)\. ", section(heading), flags=re.M)
    return {int(n): code(text) for n, text in zip(parts[1::2], parts[2::2], strict=True)}


def code(text: str) -> str:
    """The lines that are set as code, as an operator pastes them."""
    lines, inside = [], False
    for line in text.splitlines():
        inside = bool(_BLOCK.match(line)) or (inside and not line.strip())
        if inside:
            lines.append(line.strip())
    return "\n".join(lines)


def prose(text: str) -> Iterator[str]:
    """What is set as code within sentences and tables."""
    for line in text.splitlines():
        if not _BLOCK.match(line):
            yield from _INLINE.findall(line)


def aws_commands(script: str) -> Iterator[list[str]]:
    """The words behind each `aws` of a script, also within $(...); what is nested becomes `…`."""
    script = script.replace("\\\n", " ")
    known = dict(re.findall(r'^([A-Z]+)="?([^"(\n]*)"?$', script, re.M))
    for name, value in known.items():
        script = re.sub(rf"\${name}\b", value, script)
    for found in _START.finditer(script):
        words = _to_its_end(script[found.end() :])
        yield shlex.split(words, comments=True)


def _to_its_end(text: str) -> str:
    """Up to the unquoted `)`, `|`, `;`, `&`, `>`, brace or line's end that ends a command."""
    made, quote, depth = [], "", 0
    for place, char in enumerate(text):
        if depth == 0 and not quote and char in ")|;&>}\n":
            break
        if char == "$" and text[place + 1 : place + 2] == "(" and quote != "'":
            made += ["…"] if depth == 0 else []
            depth += 1
            continue
        if depth:
            opened = char == "(" and text[place - 1] != "$"
            depth += opened - (char == ")")
            continue
        quote = {"": char, char: ""}.get(quote, quote) if char in "'\"" else quote
        made.append(char)
    return "".join(made)


#: Each command is asked of the test over a socket: bash expands what the operator pastes.
_SHIM = r"""
set -euo pipefail
asked() {
    local word words=() rc
    for word; do
        if [ "$word" = file:///dev/stdin ]; then word=$(cat); fi
        words+=("$word")
    done
    exec 3<>/dev/tcp/127.0.0.1/PORT
    printf '%s\0' "${#words[@]}" "${words[@]}" >&3
    IFS= read -r rc <&3
    cat <&3
    exec 3>&-
    return "$rc"
}
sleep() { :; }
"""


@contextmanager
def bash(answers: Mapping[str, Answer]) -> Iterator[Callable[[str], str]]:
    """Runs scripts whose `aws`, `hub`, ... are answered here; gives what they print.

    A command that fails ends its script: AssertionError with what it printed.
    """

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            words = [self._word() for _ in range(int(self._word()))]
            try:
                rc, told = answers[words[0]](words[2:], words[1])
            except Exception as error:
                rc, told = 1, f"{shlex.join(words)}: {type(error).__name__}: {error}"
            self.wfile.write(f"{rc}\n{told}\n".encode())

        def _word(self) -> str:
            found = bytearray()
            while (byte := self.rfile.read(1)) not in (b"\0", b""):
                found += byte
            return found.decode()

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        server.timeout = 0.02
        shim = _SHIM.replace("PORT", str(server.server_address[1]))
        shim += "".join(
            f'{name}() {{ asked {name} "${{AWS_REGION-}}" "$@"; }}\n' for name in answers
        )

        def run(script: str) -> str:
            with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
                bash = subprocess.Popen(["bash", "-c", shim + script], stdout=out, stderr=err)
                while bash.poll() is None:
                    server.handle_request()  # in this thread, whose connections to moto are there
                out.seek(0)
                err.seek(0)
                told, faults = out.read().decode(), err.read().decode()
            assert bash.returncode == 0, f"{script}\n{told}\n{faults}"
            return told

        yield run

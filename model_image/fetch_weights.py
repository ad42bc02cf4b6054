"""Weights by pinned revision into a directory, every file's sha256 compared. Build time only.

    python -m model_image.fetch_weights served model/          what models.lock.toml pins
    python -m model_image.fetch_weights served --pin COMMIT    print its pins, to be reviewed

A source is a Hugging Face repository or any HTTPS place with the same paths. HF_TOKEN, when set,
opens a private repository; it goes to the source's own host alone.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import sys
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

LOCK = Path(__file__).parent / "models.lock.toml"
HUB = "https://huggingface.co"
ATTEMPTS, PAUSE_S, TIMEOUT_S = 4, 2.0, 60.0
CHUNK_BYTES = 1 << 20
# Pickles and code can do anything when they are loaded.
PLAIN = (".safetensors", ".json", ".txt", ".model", ".toml", ".md")


class Unfetchable(Exception):
    """What went wrong with which file, and what to do."""


@dataclass(frozen=True)
class Pinned:
    """One model of the lock file; `files`: path -> sha256."""

    name: str
    repository: str
    revision: str
    licence: str
    files: Mapping[str, str]
    source: str = HUB

    def url(self, file: str) -> str:
        """Where a file of the revision is."""
        return f"{self.source}/{self.repository}/resolve/{self.revision}/{file}"


def read(lock: Path, name: str) -> Pinned:
    """The model's entry; raises Unfetchable."""
    entry = tomllib.loads(lock.read_text(encoding="utf-8")).get(name)
    if entry is None:
        raise Unfetchable(f"{lock.name} has no [{name}]")
    pinned = Pinned(name=name, **entry)
    for file in pinned.files:
        parts = Path(file)
        if parts.is_absolute() or ".." in parts.parts or parts.suffix not in PLAIN:
            raise Unfetchable(f"{lock.name}: {file!r} is no plain file below the model")
    return pinned


def check_pins(pinned: Pinned) -> None:
    """Raise Unfetchable unless revision and every file are pinned."""
    open_pins = [file for file, digest in pinned.files.items() if not _hex(digest, 64)]
    if not _hex(pinned.revision, 40) or open_pins or not pinned.files:
        raise Unfetchable(
            f"[{pinned.name}] is not pinned yet: run `python -m model_image.fetch_weights "
            f"{pinned.name} --pin COMMIT`, review what it prints and put it into the lock file"
        )


def fetch(pinned: Pinned, directory: Path) -> None:
    """Every file into the directory; those that are there already are only checked."""
    check_pins(pinned)
    for file, digest in pinned.files.items():
        target = directory / file
        if target.exists() and _digest(target) == digest:
            continue
        got = download(pinned.url(file), target)
        if got != digest:
            target.unlink()
            raise Unfetchable(
                f"{pinned.url(file)} has sha256 {got}, the lock file says {digest}; do not use it "
                "before you know why"
            )


def pins(pinned: Pinned, revision: str, directory: Path) -> str:
    """The entry with the sha256 of what the revision holds now, as TOML."""
    if not _hex(revision, 40):
        raise Unfetchable("a revision is the 40 hexadecimal digits of a commit, not a branch")
    at = Pinned(**{**pinned.__dict__, "revision": revision})
    lines = [f'[{at.name}]\nrepository = "{at.repository}"\nrevision = "{revision}"']
    lines += [f'licence = "{at.licence}"', *([f'source = "{at.source}"'] * (at.source != HUB))]
    lines.append(f"[{at.name}.files]")
    for file in at.files:
        lines.append(f'"{file}" = "{download(at.url(file), directory / file)}"')
    return "\n".join(lines) + "\n"


def download(url: str, target: Path) -> str:
    """The file's sha256; it appears under its name only when it is whole. Raises Unfetchable."""
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name(f"{target.name}.part")
    for attempt in range(1, ATTEMPTS + 1):
        try:
            digest = _stream(url, half)
        except HTTPError as error:
            if error.code < 500 and error.code != 429:
                said = f"{url} answered {error.code}; is it there, and HF_TOKEN set?"
                raise Unfetchable(said) from None  # the request's headers stay out of the trace
            problem = f"answered {error.code}"
        except (URLError, OSError) as error:
            problem = type(error).__name__
        else:
            os.replace(half, target)
            return digest
        if attempt < ATTEMPTS:
            time.sleep(PAUSE_S * attempt)
    raise Unfetchable(f"{url}: {problem} {ATTEMPTS} times; try again later")


def _stream(url: str, half: Path) -> str:
    request = Request(url, headers={"User-Agent": "oivallus"})  # noqa: S310 from the lock file
    if token := os.environ.get("HF_TOKEN"):
        # Not to where the host redirects, which is another's storage.
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    digest = hashlib.sha256()
    with urlopen(request, timeout=TIMEOUT_S) as response, half.open("wb") as out:  # noqa: S310
        expected = response.headers.get("Content-Length")
        while chunk := response.read(CHUNK_BYTES):
            digest.update(chunk)
            out.write(chunk)
        if expected is not None and out.tell() != int(expected):
            raise OSError("cut off")
    return digest.hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _hex(text: Any, digits: int) -> bool:
    return re.fullmatch(rf"[0-9a-f]{{{digits}}}", str(text)) is not None


def main(arguments: list[str] | None = None) -> int:
    """0, or 1 with a sentence of what went wrong."""
    parser = argparse.ArgumentParser(
        prog="model_image.fetch_weights",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", help="of an entry in models.lock.toml")
    parser.add_argument("directory", type=Path, nargs="?", default=Path("model"))
    parser.add_argument("--lock", type=Path, default=LOCK)
    parser.add_argument("--pin", metavar="COMMIT", help="print the pins of this revision")
    chosen = parser.parse_args(arguments)
    try:
        pinned = read(chosen.lock, chosen.name)
        if chosen.pin:
            print(pins(pinned, chosen.pin, chosen.directory), end="")
        else:
            fetch(pinned, chosen.directory)
    except Unfetchable as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What a run was made of: settings, data hashes, library versions."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from model_image.training.encoder import sources
from model_image.training.encoder.settings import NOT_LEARNT_FROM, Settings
from model_image.training.encoder.sources import LEXICONS, UNLABELLED, Source

LIBRARIES = ("torch", "transformers", "tokenizers", "safetensors", "numpy", "scipy")
HERE = Path(__file__).parent
OWN_FILES = (HERE / "personal.tsv", HERE.parent / "authored.tsv", HERE.parent / "effort.tsv")


def files(settings: Settings, found: Iterable[Source]) -> list[Path]:
    """Every file the run reads, in order."""
    root = settings.data or Path()
    paths = [
        root / f"{name}.{part}.jsonl.gz"
        for source in found
        for name in source.files
        for part in ("train", "dev")
    ]
    if settings.data:
        paths += [root / f"{name}.jsonl.gz" for name in LEXICONS]
        paths += [
            root / name
            for name, sharealike in UNLABELLED.items()
            if settings.from_scratch and (settings.sharealike or not sharealike)
        ]
        paths += OWN_FILES
    paths += settings.messages
    if not settings.from_scratch and Path(settings.base).is_dir():
        paths += sorted(path for path in Path(settings.base).iterdir() if path.is_file())
    if settings.teacher:
        paths.append(settings.teacher / "heads.json")
    return [path for path in paths if path.exists()]


def record(settings: Settings) -> dict[str, Any]:
    """What training.json holds before anything is measured."""
    found = files(settings, sources.chosen(settings))
    plain = {
        key: str(value) if isinstance(value, Path) else value
        for key, value in asdict(settings).items()
    }
    plain["messages"] = [path.name for path in settings.messages]
    for key in ("out", "data", "resume", "stop_after", "threads"):
        plain.pop(key)
    return {
        "settings": plain,
        "data": {path.name: sha256(path) for path in found},
        "libraries": {name: version(name) for name in LIBRARIES},
        "python": platform.python_version(),
    }


def fingerprint(made_of: dict[str, Any]) -> str:
    """What must be the same when a run goes on: everything but where and how long it runs."""
    learnt = {k: v for k, v in made_of["settings"].items() if k not in NOT_LEARNT_FROM}
    content = json.dumps({**made_of, "settings": learnt}, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def sha256(path: Path) -> str:
    """Of the file's bytes."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()

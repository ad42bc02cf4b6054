"""Where the repository's parts lie."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHALICE_CONFIG = ROOT / ".chalice" / "config.json"
ORGANISATION = ROOT / "organisation.yaml"
STATE = ROOT / ".hub"
OUT = ROOT / "out"

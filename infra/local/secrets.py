"""Secrets of the local twin: one for each source, and the hub's own keys; made once, then kept."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping

from chalicelib.adapters.clients import client
from chalicelib.adapters.secrets import OWN_KEYS
from chalicelib.connectors import CONNECTORS
from chalicelib.organisation import SourceConfig


def make_missing(prefix: str, sources: Mapping[str, SourceConfig], kept: Iterable[str]) -> None:
    """Create the secrets that `kept` does not name yet."""
    wanted = {f"{prefix}{name}": secrets.token_urlsafe(32) for name in OWN_KEYS}
    for name, source in sources.items():
        wanted[f"{prefix}sources/{name}"] = CONNECTORS[source.connector].new_secret()
    for secret_id in wanted.keys() - set(kept):
        value = json.dumps({"secrets": [wanted[secret_id]]})
        client("secretsmanager").create_secret(Name=secret_id, SecretString=value)


def newest(value: str) -> str:
    """The newest of a stored secret's values."""
    found: str = json.loads(value)["secrets"][0]
    return found

"""Secrets of the local twin: one for each source, and the hub's own keys; made once, then kept."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterable, Mapping

from chalicelib.adapters.clients import client
from chalicelib.organisation import SourceConfig

OWN_KEYS = ("pseudonym-key", "link-key")


def make_missing(prefix: str, sources: Mapping[str, SourceConfig], kept: Iterable[str]) -> None:
    """Create the secrets that `kept` does not name yet."""
    wanted = {f"{prefix}{name}": secrets.token_urlsafe(32) for name in OWN_KEYS}
    for name, source in sources.items():
        wanted[f"{prefix}sources/{name}"] = new_secret(source.connector)
    for secret_id in wanted.keys() - set(kept):
        value = json.dumps({"secrets": [wanted[secret_id]]})
        client("secretsmanager").create_secret(Name=secret_id, SecretString=value)


def new_secret(connector: str) -> str:
    """A fresh signing secret of the form that a connector's vendor uses."""
    if connector == "standard":
        return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    if connector == "postmark":
        return "hub:" + secrets.token_urlsafe(24)  # user:password of the webhook's URL
    return secrets.token_hex(24)


def newest(value: str) -> str:
    """The newest of a stored secret's values."""
    found: str = json.loads(value)["secrets"][0]
    return found

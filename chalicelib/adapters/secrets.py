"""Secrets Manager: signing secrets of sources, and our own keys. Cached for five minutes."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from chalicelib.adapters.clients import calling, client
from chalicelib.errors import Misconfigured

CACHE_S = 300


@dataclass(frozen=True)
class Secrets:
    """Every secret is JSON {"secrets": [newest, …older]}: several fit while one is rotated."""

    prefix: str
    _cache: dict[str, tuple[float, tuple[str, ...]]] = field(default_factory=dict)

    def of_source(self, source: str) -> Sequence[str]:
        """The signing secrets of a source. Raises Misconfigured when there is none."""
        return self._read(f"{self.prefix}sources/{source}")

    def key(self, name: str) -> bytes:
        """Our own newest key: 'pseudonym-key' or 'link-key'."""
        return self._read(self.prefix + name)[0].encode()

    def _read(self, secret_id: str) -> tuple[str, ...]:
        cached = self._cache.get(secret_id)
        if cached is None or cached[0] < time.monotonic():
            cached = (time.monotonic() + CACHE_S, self._fetch(secret_id))
            self._cache[secret_id] = cached
        return cached[1]

    def _fetch(self, secret_id: str) -> tuple[str, ...]:
        try:
            with calling(f"read secret {secret_id}"):
                text = client("secretsmanager").get_secret_value(SecretId=secret_id)["SecretString"]
        except Misconfigured as error:
            cause = error.__cause__
            if isinstance(cause, ClientError):
                raise Misconfigured(
                    f"secret {secret_id} cannot be read; create it as "
                    '{"secrets": ["…"]} and let the function read it'
                ) from error
            raise
        try:
            secrets = tuple(json.loads(text)["secrets"])
        except (ValueError, KeyError, TypeError):
            secrets = ()
        if not secrets or not all(isinstance(secret, str) and secret for secret in secrets):
            # Never with the text: it is the secret, or a typing mistake away from it.
            raise Misconfigured(f'secret {secret_id} is not JSON {{"secrets": ["…"]}}')
        return secrets

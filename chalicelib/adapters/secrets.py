"""Secrets Manager: signing secrets and API credentials of sources, and our own keys.

Cached for five minutes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.clients import calling, client
from chalicelib.errors import Misconfigured

CACHE_S = 300
#: Our own keys: customers' pseudonyms are made with the one, links of mails sealed with the other.
PSEUDONYM_KEY, LINK_KEY = OWN_KEYS = ("pseudonym-key", "link-key")

#: How many secrets of a source fit at once, when the hub itself adds the newest.
KEPT = 5

_FORM = 'secret {} is not JSON {{"secrets": ["…"]}}'


@dataclass(frozen=True)
class Secrets:
    """Every secret is JSON {"secrets": [newest, …older]}: several fit while one is rotated.

    A source's may hold "api" too, the credentials of its vendor's API by name.
    """

    prefix: str
    _cache: dict[str, tuple[float, Mapping[str, Any]]] = field(default_factory=dict)

    def of_source(self, source: str) -> Sequence[str]:
        """The signing secrets of a source. Raises Misconfigured when there is none."""
        return self._secrets(self._source(source))

    def key(self, name: str) -> bytes:
        """Our own newest key, of a name in OWN_KEYS."""
        return self.keys(name)[0]

    def keys(self, name: str) -> Sequence[bytes]:
        """All our own keys of a name, the newest first."""
        return [secret.encode() for secret in self._secrets(self.prefix + name)]

    def add_key(self, name: str, key: str, now: datetime) -> datetime:
        """Put a new own key before the one there is, which still fits; since when it is there.

        Where several fit already a rotation was begun: it is gone on with, and `key` not used.
        For commands, which may write secrets.
        """
        stored = self._fetch(self.prefix + name)
        keys, since = list(stored.get("secrets", ())), stored.get("newest_since")
        if len(keys) > 1 and isinstance(since, str):
            return datetime.fromisoformat(since)
        keys = keys if len(keys) > 1 else [key, *keys]
        self._put(self.prefix + name, {"secrets": keys, "newest_since": now.isoformat()})
        return now

    def drop_older_keys(self, name: str) -> int:
        """Leave an own secret its newest key alone; how many went. For commands."""
        keys = self._fetch(self.prefix + name).get("secrets", [])
        self._put(self.prefix + name, {"secrets": keys[:1]})
        return len(keys) - 1

    def _put(self, secret_id: str, content: Mapping[str, Any]) -> None:
        with calling(f"store secret {secret_id}"):
            client("secretsmanager").put_secret_value(
                SecretId=secret_id, SecretString=json.dumps(content)
            )
        self._cache.pop(secret_id, None)

    def credentials(self, source: str, names: Sequence[str] = ()) -> Mapping[str, str]:
        """What the API of a source's vendor asks for, by name; empty where it asks for nothing.

        Raises Misconfigured naming those of `names` that the secret lacks.
        """
        if not names:
            return {}
        secret_id = self._source(source)
        api = self._read(secret_id).get("api")
        found = api if isinstance(api, dict) else {}
        missing = [name for name in names if not _is_text(found.get(name))]
        if missing:
            wanted = ", ".join(f'"{name}": "…"' for name in missing)
            raise Misconfigured(
                f"secret {secret_id} lacks what the vendor's API asks for: write "
                f'{{"secrets": […], "api": {{{wanted}}}}}'
            )
        return {name: value for name, value in found.items() if _is_text(value)}

    def offer(self, source: str, secret: str) -> str:
        """Let a new signing secret fit before its vendor is told of it; the one to tell.

        The one of an earlier offer that `settle` has not ended is offered again: the vendor may
        have taken it without our hearing so. For commands, which may write secrets: reads past
        the cache, and creates the secret where there is none.
        """
        found = self._stored(source)
        earlier = (found or {}).get("offered")
        offered = earlier if isinstance(earlier, str) and earlier else secret
        self._write(source, found, offered, offered=offered)
        return offered

    def settle(self, source: str, offered: str, secret: str) -> int:
        """The vendor signs with `secret`, the offered one or its own: it is the newest from now
        on, and the older ones still fit. How many fit.
        """
        found = self._stored(source) or {}
        kept = [one for one in found.get("secrets", ()) if one != offered]
        return self._write(source, {**found, "secrets": kept}, secret)

    def _write(
        self, source: str, before: Mapping[str, Any] | None, newest: str, **more: object
    ) -> int:
        content = dict(before or {})
        content.pop("offered", None)
        older = [one for one in content.get("secrets", ()) if one != newest]
        content |= {"secrets": [newest, *older][:KEPT], **more}
        manager, secret_id = client("secretsmanager"), self._source(source)
        with calling(f"store secret {secret_id}"):
            if before is None:
                manager.create_secret(Name=secret_id, SecretString=json.dumps(content))
            else:
                manager.put_secret_value(SecretId=secret_id, SecretString=json.dumps(content))
        self._cache.pop(secret_id, None)
        return len(content["secrets"])

    def _stored(self, source: str) -> Mapping[str, Any] | None:
        """What is stored, past the cache; None where there is no such secret."""
        try:
            return self._fetch(self._source(source))
        except Misconfigured as error:
            if _is_missing(error):
                return None
            raise

    def _source(self, source: str) -> str:
        return f"{self.prefix}sources/{source}"

    def _secrets(self, secret_id: str) -> tuple[str, ...]:
        secrets = tuple(self._read(secret_id).get("secrets", ()))
        if not secrets:
            raise Misconfigured(_FORM.format(secret_id))
        return secrets

    def _read(self, secret_id: str) -> Mapping[str, Any]:
        cached = self._cache.get(secret_id)
        if cached is None or cached[0] < time.monotonic():
            cached = (time.monotonic() + CACHE_S, self._fetch(secret_id))
            self._cache[secret_id] = cached
        return cached[1]

    def _fetch(self, secret_id: str) -> Mapping[str, Any]:
        """What is stored. Raises Misconfigured for what is not of our form."""
        try:
            with calling(f"read secret {secret_id}"):
                text = client("secretsmanager").get_secret_value(SecretId=secret_id)["SecretString"]
        except Misconfigured as error:
            cause = error.__cause__
            if isinstance(cause, ClientError):
                raise Misconfigured(
                    f"secret {secret_id} cannot be read; create it as "
                    '{"secrets": ["…"]} and let the function read it'
                ) from cause
            raise
        try:
            content = json.loads(text)
        except ValueError:
            content = None
        if not isinstance(content, dict) or not _is_list_of_texts(content.get("secrets", [])):
            # Never with the text: it is the secret, or a typing mistake away from it.
            raise Misconfigured(_FORM.format(secret_id))
        return content


def _is_list_of_texts(secrets: object) -> bool:
    return isinstance(secrets, list) and all(map(_is_text, secrets))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_missing(error: Misconfigured) -> bool:
    cause = error.__cause__
    if not isinstance(cause, ClientError):
        return False
    code: object = cause.response.get("Error", {}).get("Code")
    return code == "ResourceNotFoundException"

"""Corrections and published heads: the registry's rows, and the heads' objects in the archive."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from pynamodb.exceptions import PutError, PynamoDBException

from chalicelib.adapters.clients import calling, client
from chalicelib.adapters.registry import read_row
from chalicelib.adapters.tables import RegistryRow, stamp
from chalicelib.corrections import Correction, Quoted, place
from chalicelib.errors import Misconfigured, Retryable

KIND = "correction"
QUOTED = "quoted"
HEADS = "heads"
CURRENT = "current"
KEPT_VERSIONS = 10  # that `hub learn --rollback` can go back through
CACHE_S = 60


@dataclass(frozen=True)
class Corrections:
    """Rows of the kinds 'correction' and 'quoted'.

    Methods raise Retryable when the table does not answer.
    """

    def keep(self, correction: Correction, expires_at: datetime) -> None:
        """Store or replace; `expires_at` is the interaction's."""
        row = RegistryRow(
            KIND,
            correction.id,
            body=_dump(correction),
            state=correction.origin,
            changed_at=stamp(correction.at),
            expires_at=expires_at,
        )
        try:
            row.save()
        except PutError as error:
            raise Retryable("could not keep a correction") from error

    def keep_quote(self, quoted: Quoted, expires_at: datetime, now: datetime) -> None:
        """Store what the page of a link shows. Harmless to repeat."""
        row = RegistryRow(
            QUOTED,
            quoted.id,
            body=_json({**asdict(quoted), "keep_until": stamp(quoted.keep_until)}),
            changed_at=stamp(now),
            expires_at=expires_at,
        )
        try:
            row.save()
        except PutError as error:
            raise Retryable("could not keep a quote") from error

    def quote(
        self, interaction: str, message: str, department: str, now: datetime
    ) -> Quoted | None:
        """What the page of a link shows; None when it was erased or its time is over."""
        row = read_row(QUOTED, place(interaction, message, department))
        if row is None or row.expires_at <= now:
            return None
        plain = json.loads(str(row.body))
        return Quoted(**{**plain, "keep_until": datetime.fromisoformat(plain["keep_until"])})

    def all(self, now: datetime) -> Iterator[Correction]:
        """Every correction whose time is not over, as it was stored."""
        for row in self._rows(KIND):
            if row.expires_at > now:
                yield _load(str(row.body))

    def of(self, interaction: str, now: datetime) -> list[Correction]:
        """Those of one interaction, for whoever asks what is known of them."""
        return [
            one
            for row in self._rows(KIND, f"{interaction}#")
            if (one := _load(str(row.body))).interaction == interaction and row.expires_at > now
        ]

    def forget(self, interaction: str) -> int:
        """Remove an interaction's corrections and quotes; how many. Harmless to repeat."""
        gone = 0
        for kind in (KIND, QUOTED):
            for row in self._rows(kind, f"{interaction}#"):
                if json.loads(str(row.body))["interaction"] == interaction:
                    row.delete()
                    gone += 1
        return gone

    def remove(self, correction: Correction) -> None:
        """Remove one; harmless to repeat."""
        RegistryRow(KIND, correction.id).delete()

    def _rows(self, kind: str, beginning: str = "") -> Iterator[RegistryRow]:
        where = RegistryRow.id.startswith(beginning) if beginning else None
        try:
            yield from RegistryRow.query(kind, where, consistent_read=True)
        except PynamoDBException as error:
            raise Retryable(f"could not read corrections: {error.cause_response_code}") from error


@dataclass(frozen=True)
class HeadsShelf:
    """The organisation's heads: objects named by their content, and one row that says which counts.

    A publication writes the object, then the row: killed in between, the old heads stay.
    """

    bucket: str
    _cache: dict[str, tuple[float, str]] = field(default_factory=dict)
    _texts: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The current heads, at most CACHE_S old; '' for none.

        Raises Retryable, and Misconfigured when their object is not there.
        """
        cached = self._cache.get(CURRENT)
        if cached is None or cached[0] < time.monotonic():
            name = self.versions()[:1]
            cached = (time.monotonic() + CACHE_S, self._read(name[0]) if name else "")
            self._cache[CURRENT] = cached
        return cached[1]

    def versions(self) -> list[str]:
        """Hashes of published heads, the current first, '' standing for the shipped model."""
        row = read_row(HEADS, CURRENT)
        return list(json.loads(str(row.body))) if row else []

    def report(self, name: str) -> Mapping[str, Any]:
        """What was told of a version when it was published."""
        row = read_row(HEADS, name)
        return json.loads(str(row.body)) if row else {}

    def publish(self, text: str, report: Mapping[str, Any], now: datetime) -> str:
        """Make heads the current ones; their hash. The same heads again change nothing."""
        name = hashlib.sha256(text.encode()).hexdigest()
        before = self.versions()
        if before[:1] == [name]:
            return name
        with calling("store an organisation's heads"):
            client("s3").put_object(Bucket=self.bucket, Key=_key(name), Body=text.encode())
        told = json.dumps(report, default=str)
        RegistryRow(HEADS, name, body=told, changed_at=stamp(now)).save()
        self._point([name, *(before or [""])], before, now)
        return name

    def roll_back(self, now: datetime) -> str | None:
        """Make the heads before the current ones current; their hash, '' for the shipped model.

        None when there is nothing to go back to.
        """
        before = self.versions()
        if len(before) < 2:
            return None
        self._point(before[1:], before, now)
        return before[1]

    def _point(self, names: list[str], before: list[str], now: datetime) -> None:
        """One conditional write: whoever published meanwhile is not overwritten."""
        row = RegistryRow(
            HEADS,
            CURRENT,
            body=json.dumps(names[: KEPT_VERSIONS + 1]),
            state=names[0],
            changed_at=stamp(now),
        )
        unchanged = (
            RegistryRow.body == json.dumps(before) if before else RegistryRow.id.does_not_exist()
        )
        try:
            row.save(condition=unchanged)
        except PutError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                raise Retryable("heads were published meanwhile; run it again") from error
            raise Retryable("could not publish heads") from error
        self._cache.clear()

    def _read(self, name: str) -> str:
        if name and name not in self._texts:
            with calling("read an organisation's heads"):
                body = client("s3").get_object(Bucket=self.bucket, Key=_key(name))["Body"].read()
            if hashlib.sha256(body).hexdigest() != name:
                raise Misconfigured(
                    f"heads {name[:12]} in the archive are not what was published; run "
                    "`hub learn --rollback`"
                )
            self._texts.clear()
            self._texts[name] = body.decode()
        return self._texts[name] if name else ""


def _key(name: str) -> str:
    return f"heads/{name}"


def _json(plain: Mapping[str, Any]) -> str:
    return json.dumps(plain, ensure_ascii=False)


def _dump(one: Correction) -> str:
    return _json({**asdict(one), "at": stamp(one.at)})


def _load(body: str) -> Correction:
    plain = json.loads(body)
    themes = plain["themes"]
    return Correction(
        **{
            **plain,
            "at": datetime.fromisoformat(plain["at"]),
            "themes": None if themes is None else tuple(themes),
        }
    )

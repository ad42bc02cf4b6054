"""Small named state: the published organisation, sent digests, opt-outs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pynamodb.exceptions import DeleteError, DoesNotExist, PutError, PynamoDBException, UpdateError

from chalicelib.adapters.tables import RegistryRow, stamp
from chalicelib.errors import Misconfigured, Retryable

_KEEP_LEDGER = timedelta(days=400)
#: Nothing reads a superseded file again but a person who compares: a quarter of a year.
_KEEP_SUPERSEDED = timedelta(days=90)
_KEEP_PACE = timedelta(days=1)
_KEEP_PLACE = timedelta(days=14)
_BACK = "back"


@dataclass(frozen=True)
class Registry:
    """DynamoDB. Methods raise Retryable when the table does not answer."""

    def organisation(self) -> str:
        """The published organisation (`organisation.published` reads it).

        Raises Misconfigured when there is none.
        """
        row = read_row("organisation", "current")
        if row is None or row.body is None:
            raise Misconfigured("no organisation is published; run `hub publish organisation.yaml`")
        return str(row.body)

    def publish_organisation(self, form: str, text: str, digest: str, now: datetime) -> None:
        """Make a validated organisation the current one.

        The file's text stays beside it, by hash; those that it supersedes expire, since readers'
        addresses are in them.
        """
        for name, body in ((digest, text), ("current", form)):
            RegistryRow("organisation", name, body=body, changed_at=stamp(now)).save()
        for row in RegistryRow.query("organisation", consistent_read=True):
            if row.id not in (digest, "current") and row.expires_at is None:
                row.update(
                    actions=[RegistryRow.expires_at.set(now + _KEEP_SUPERSEDED)],
                    condition=RegistryRow.id.exists(),
                )

    def published_at(self) -> datetime:
        """When the organisation became the current one; the earliest time where none is."""
        row = read_row("organisation", "current")
        if row is None or row.changed_at is None:
            return datetime.min.replace(tzinfo=UTC)
        return datetime.fromisoformat(row.changed_at)

    def claim_digest(self, digest_id: str, now: datetime, lease: timedelta) -> bool:
        """Take the sending of one digest to one reader; False when it is sent or being sent.

        A claim that nobody finished within `lease` can be taken again: by then the mail
        service has told of a mail that did leave (`mark_sent`).
        """
        row = RegistryRow(
            "digest",
            digest_id,
            state="sending",
            changed_at=stamp(now),
            expires_at=now + _KEEP_LEDGER,
        )
        abandoned = (RegistryRow.state == "sending") & (RegistryRow.changed_at < stamp(now - lease))
        over = RegistryRow.expires_at <= now
        try:
            row.save(condition=RegistryRow.id.does_not_exist() | abandoned | over)
        except PutError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                return False
            raise Retryable("could not claim a digest") from error
        return True

    def release_digest(self, digest_id: str) -> None:
        """Give a claim back after the mail service refused: the next run tries again."""
        RegistryRow("digest", digest_id).delete(condition=RegistryRow.state == "sending")

    def mark_sent(self, digest_id: str, now: datetime) -> None:
        """The mail left. Harmless to repeat."""
        try:
            RegistryRow("digest", digest_id).update(
                actions=[
                    RegistryRow.state.set("sent"),
                    RegistryRow.changed_at.set(stamp(now)),
                    RegistryRow.expires_at.set(now + _KEEP_LEDGER),
                ]
            )
        except UpdateError as error:
            raise Retryable("could not record a sent digest") from error

    def digest_state(self, digest_id: str, now: datetime) -> str | None:
        """'sending', 'sent', or None; an entry whose time is over is none."""
        row = read_row("digest", digest_id)
        return row.state if row and row.expires_at > now else None

    def opt_out(self, reader: str, now: datetime) -> None:
        """A reader (see `pipeline.reader_id`) wants no more of a department's digests."""
        RegistryRow("opt-out", reader, changed_at=stamp(now)).save()

    def opt_in(self, reader: str, now: datetime) -> None:
        """A reader who left wants a department's digests again."""
        RegistryRow("opt-out", reader, state=_BACK, changed_at=stamp(now)).save()

    def opted_out(self, reader: str) -> bool:
        row = read_row("opt-out", reader)
        return row is not None and row.state != _BACK

    def opt_outs(self) -> dict[str, datetime]:
        """Every reader who left and is not back, and when they left."""
        return {row.id: _when(row) for row in _rows("opt-out") if row.state != _BACK}

    def note_mail(self, reader: str, kind: str, now: datetime) -> None:
        """What the mail service last told of a reader's letter: 'Delivery', 'Bounce' and others."""
        try:
            RegistryRow("mail", reader).update(
                actions=[
                    RegistryRow.state.set(kind),
                    RegistryRow.changed_at.set(stamp(now)),
                    RegistryRow.expires_at.set(now + _KEEP_LEDGER),
                ]
            )
        except UpdateError as error:
            raise Retryable("could not record what became of a letter") from error

    def mails(self, now: datetime) -> dict[str, tuple[str, datetime]]:
        """What became of each reader's last letter, and when that was told."""
        told = (row for row in _rows("mail") if row.expires_at > now)
        return {row.id: (str(row.state), _when(row)) for row in told}

    def keep_receipt(self, receipt_id: str, told: Mapping[str, Any], now: datetime) -> None:
        """Remember that a person's data were erased, and how much, never whose."""
        body = json.dumps(told, default=str)
        RegistryRow("erasure", receipt_id, body=body, changed_at=stamp(now)).save()

    def next_call(self, source: str) -> datetime | None:
        """When the API of a source's vendor may next be called; None when nobody called it."""
        row = read_row("pace", source)
        return datetime.fromisoformat(row.state) if row and row.state else None

    def move_next_call(self, source: str, before: datetime | None, after: datetime) -> bool:
        """Move that moment; False when another worker moved it since it was read."""
        row = RegistryRow("pace", source, state=stamp(after), expires_at=after + _KEEP_PACE)
        unchanged = (
            RegistryRow.id.does_not_exist()
            if before is None
            else RegistryRow.state == stamp(before)
        )
        try:
            row.save(condition=unchanged)
        except PutError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                return False
            raise Retryable("could not move the next call of a vendor") from error
        return True

    def backfill(self, source: str) -> str | None:
        """Where a source's backfill is (the form is `pipeline/backfill.py`'s); None without one."""
        row = read_row("backfill", source)
        return row.body if row else None

    def keep_backfill(self, source: str, body: str, now: datetime) -> None:
        """Remember where a backfill is."""
        row = RegistryRow("backfill", source, body=body, changed_at=stamp(now))
        try:
            row.save()
        except PutError as error:
            raise Retryable("could not save where the backfill is") from error

    def place(self, work: str) -> str | None:
        """Where a long work that may be stopped is (the form is its own); None before it began."""
        row = read_row("place", work)
        return row.body if row else None

    def keep_place(self, work: str, body: str, now: datetime) -> None:
        """Remember where a long work is, for as long as somebody may go on with it."""
        row = RegistryRow("place", work, body=body, changed_at=stamp(now))
        row.expires_at = now + _KEEP_PLACE
        try:
            row.save()
        except PutError as error:
            raise Retryable(f"could not save where {work} is") from error

    def forget_place(self, work: str) -> None:
        """The work is done: the next one begins at its beginning."""
        try:
            RegistryRow("place", work).delete()
        except DeleteError as error:
            raise Retryable(f"could not forget where {work} was") from error


def read_row(kind: str, name: str) -> RegistryRow | None:
    """One row as it is now; None where there is none. Raises Retryable."""
    try:
        return RegistryRow.get(kind, name, consistent_read=True)
    except DoesNotExist:
        return None
    except PynamoDBException as error:
        raise Retryable(f"could not read {kind}: {error.cause_response_code}") from error


def _rows(kind: str) -> list[RegistryRow]:
    try:
        return list(RegistryRow.query(kind, consistent_read=True))
    except PynamoDBException as error:
        raise Retryable(f"could not read {kind}: {error.cause_response_code}") from error


def _when(row: RegistryRow) -> datetime:
    return datetime.fromisoformat(str(row.changed_at))

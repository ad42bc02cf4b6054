"""The facts about a deployment, as plain data: what `facts` gathers and `diagnosis` judges.

`None` is a fact that was not asked for, or that AWS refused to tell (then `refused` says why).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True)
class FunctionFact:
    """One function. `errors` are the last lines of its log at level ERROR, newest last."""

    name: str
    code_sha256: str
    state: str  # Active, Inactive (unused for long), Pending or Failed
    errors: tuple[str, ...] = ()
    last_ran_at: datetime | None = None


@dataclass(frozen=True)
class QueueFact:
    """One queue: how many messages wait, and for how long the oldest has (None: not known)."""

    name: str
    waiting: int
    dead: bool
    oldest_s: float | None = None


@dataclass(frozen=True)
class TableFact:
    """One table's promises."""

    name: str
    status: str
    recoverable: bool
    expires: bool
    protected: bool


@dataclass(frozen=True)
class BucketFact:
    """The archive's promises."""

    name: str
    encrypted_with: str  # aws:kms, AES256 or ''
    private: bool
    versioned: bool
    expiring: frozenset[str]  # prefixes


@dataclass(frozen=True)
class MailFact:
    """What SES says. `suppressed` are how many of `readers` it refuses to send to."""

    verified: bool
    production: bool
    sending: bool
    readers: int
    suppressed: int
    sent_24h: float = 0
    quota_24h: float = 0


@dataclass(frozen=True)
class EndpointFact:
    """A model endpoint. `instances` is None where it has none to count."""

    name: str
    status: str
    asynchronous: bool
    instances: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class BudgetFact:
    """Dollars of this month."""

    limit: float
    spent: float
    forecast: float | None = None


@dataclass(frozen=True)
class DigestFact:
    """The ledger of one department's last digest: readers it is for, and the letters that left."""

    department: str
    week: str
    readers: int
    sent: int
    due: bool  # now: it may still be sent by itself


@dataclass(frozen=True)
class Facts:
    """All that was asked about one deployment."""

    now: datetime
    stack: str
    keep: bool  # whether its data must outlive it
    status: str | None = None
    version: str | None = None
    code_sha256: str | None = None
    functions: tuple[FunctionFact, ...] | None = None
    every: Mapping[str, timedelta] = field(default_factory=dict)  # function -> its schedule
    queues: tuple[QueueFact, ...] | None = None
    mappings: Mapping[str, str] | None = None  # queue's reader -> Enabled, Disabled, ...
    tables: tuple[TableFact, ...] | None = None
    bucket: BucketFact | None = None
    wanted_prefixes: frozenset[str] = frozenset()
    mail: MailFact | None = None
    endpoints: tuple[EndpointFact, ...] | None = None
    mode: str | None = None
    secrets: Mapping[str, datetime | None] | None = None  # name -> last change, None: missing
    published: str | None = None  # hashes
    in_file: str | None = None
    schedules: Mapping[str, str] | None = None  # rule -> ENABLED or DISABLED
    digests: tuple[DigestFact, ...] | None = None
    ringing: Mapping[str, str] | None = None  # alarm -> why
    heard: int | None = None  # confirmed subscribers of the alarm topic
    budget: BudgetFact | None = None
    refused: Mapping[str, str] = field(default_factory=dict)  # what -> AWS's word

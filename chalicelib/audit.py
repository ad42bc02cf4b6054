"""Audit: who looked at what customers said, or at what is known of a person. Never the words.

An entry is written before anything is shown, and nothing is shown when it cannot be written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

#: How long it can be asked who looked: a year, and some weeks to ask in.
KEPT = timedelta(days=400)
_ID = re.compile(r"[^\s@]{1,200}")  # no sentence and no address


@dataclass(frozen=True)
class Look:
    """One look. `at` is aware UTC; `who` an AWS identity's ARN, or 'local:USER' on a local hub;
    `seen` are ids of deliveries, interactions or messages, and pseudonyms.

    Raises ValueError for what could be words or an address.
    """

    at: datetime
    who: str
    command: str
    seen: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not all(_ID.fullmatch(one) for one in self.seen):
            # The value is not repeated: it may be what must not be written here.
            raise ValueError("an audit entry is about ids and pseudonyms, not words or addresses")

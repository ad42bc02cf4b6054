"""A time that is signed together with the body: what Chatwoot, Crisp and Zoom Phone share."""

from __future__ import annotations

import re
from datetime import datetime

from chalicelib import signatures
from chalicelib.connectors.base import Request
from chalicelib.errors import Rejected

_MILLISECONDS = 1e11  # a larger Unix time counts milliseconds


def sent(request: Request, header: str) -> bytes:
    """The time as it was signed. Raises Rejected when it is missing or no Unix time."""
    value = signatures.time_of(request.headers, header)
    if not re.fullmatch(r"[0-9]{1,16}", value):
        raise Rejected(f"the {header} header is not a whole number of Unix time")
    return value.encode("ascii")


def fresh(stamp: bytes, now: datetime) -> None:
    """Raise Rejected when the time, in seconds or milliseconds, is over 5 minutes off."""
    unix = float(stamp)
    signatures.check_age(unix / 1000 if unix > _MILLISECONDS else unix, now)

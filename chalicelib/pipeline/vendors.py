"""Good manners towards a vendor's API: its pace, its Retry-After, and what counts as a failure."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.connectors.vendor_api import Answer, Call

Send = Callable[[Call], Answer]

"""Good manners towards a vendor's API: its pace, its Retry-After, and what counts as a failure."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from chalicelib.adapters.world import World
from chalicelib.connectors.vendor_api import Answer, Call
from chalicelib.errors import Retryable

Send = Callable[[Call], Answer]
Sleep = Callable[[float], None]

#: How long to leave a vendor alone that says 'too many' and not how long, seconds.
USUAL_WAIT_S = 30.0
#: The longest that we leave it alone before asking again, whatever it says.
LONGEST_WAIT_S = 3600.0
#: How often a worker tries to take a turn that others take before it.
_RACES = 50


class Postponed(Retryable):
    """Not now: our own pace, or the vendor's wish. Nobody failed. `wait_s` says how long."""

    def __init__(self, why: str, wait_s: float) -> None:
        super().__init__(why)
        self.wait_s = wait_s


class VendorFailed(Retryable):
    """The vendor's API is broken for now; it asked to be left alone for `wait_s`, if at all."""

    def __init__(self, why: str, wait_s: float) -> None:
        super().__init__(why)
        self.wait_s = wait_s


@dataclass
class Paced:
    """Sends the calls of one source: never more a minute than its vendor takes.

    All workers share the source's next turn, which the registry keeps. `patience_s` is how long
    one call may wait for its turn here. `calls` counts what was sent.
    """

    world: World
    source: str
    calls_per_minute: int
    send: Send
    patience_s: float
    sleep: Sleep = time.sleep
    calls: int = 0

    def __call__(self, call: Call) -> Answer:
        """The vendor's answer: never a 408, 429 or 5xx.

        Raises Postponed when the turn is further away than the patience, VendorFailed for 408
        and 5xx, and what `send` raises.
        """
        waited = 0.0
        while True:
            waited += self._turn(self.patience_s - waited)
            self.calls += 1
            answer = self.send(call)
            if answer.status == 429:
                self._leave_alone(retry_after_s(answer, self.world.clock()) or USUAL_WAIT_S)
            elif answer.status == 408 or answer.status >= 500:
                wait = retry_after_s(answer, self.world.clock()) or 0.0
                raise VendorFailed(f"{call.method} {call.place} answered {answer.status}", wait)
            else:
                return answer

    def _turn(self, patience_s: float) -> float:
        """Take the next turn and wait for it; how long that took, seconds."""
        for _ in range(_RACES):
            now = self.world.clock()
            following = self.world.registry.next_call(self.source)
            turn = max(now, following or now)
            wait = (turn - now).total_seconds()
            if wait > patience_s:
                raise Postponed(f"the API of {self.source} takes no call for {wait:.0f} s", wait)
            interval = timedelta(minutes=1 / max(1, self.calls_per_minute))
            if self.world.registry.move_next_call(self.source, following, turn + interval):
                if wait > 0:
                    self.sleep(wait)
                return wait
        raise Postponed(f"others call the API of {self.source} all the time", 1.0)

    def _leave_alone(self, wait_s: float) -> None:
        """Move everybody's next turn behind what the vendor asks for."""
        until = self.world.clock() + timedelta(seconds=wait_s)
        for _ in range(_RACES):
            following = self.world.registry.next_call(self.source)
            if following is not None and following >= until:
                return
            if self.world.registry.move_next_call(self.source, following, until):
                return


def retry_after_s(answer: Answer, now: datetime) -> float | None:
    """Retry-After in seconds, 1..3600; None without one that can be read (RFC 9110, 10.2.3)."""
    said = answer.headers.get("retry-after", "").strip()
    try:
        wait = float(said)
    except ValueError:
        try:
            at = parsedate_to_datetime(said)
        except ValueError:
            return None
        wait = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    if math.isnan(wait):
        return None
    return max(1.0, min(LONGEST_WAIT_S, wait))

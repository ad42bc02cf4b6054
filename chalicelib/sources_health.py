"""What a source's deliveries say about its set-up: each finding has a cause that a person can mend.

Pure rules over a Tally. A finding is told to the integrator; see `again` for how often.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from chalicelib import rhythm
from chalicelib.organisation import SourceConfig
from chalicelib.source_tally import Cause, Run, Tally

#: Between two messages about the same cause of the same source...
AGAIN = timedelta(hours=24)
#: ...and about what may well be meant so.
AGAIN_WHERE_IT_MAY_BE_MEANT = timedelta(days=30)
#: Strangers try addresses; a vendor whose proof does not fit comes again and again.
REFUSED_FROM = 5
#: So many events of one side, over so many days, without one of the other.
ONE_SIDED_FROM = 50
ONE_SIDED_DAYS = timedelta(days=7)

#: Connectors whose vendors tell the customers' and the agents' words by events that are chosen
#: one by one, so that half of them is easily forgotten.
BOTH_SIDES = frozenset(
    {"zendesk", "intercom", "front", "helpscout", "chatwoot", "livechat", "crisp"}
)

_FROM = {Cause.SECRET: REFUSED_FROM, Cause.UNSIGNED: REFUSED_FROM, Cause.CLOCK: REFUSED_FROM}


def again(cause: Cause) -> timedelta:
    """How long a cause that was told is not told again."""
    return AGAIN_WHERE_IT_MAY_BE_MEANT if cause is Cause.NOT_SUBSCRIBED else AGAIN


@dataclass(frozen=True)
class Finding:
    """Something to mend: its cause, since when, how many deliveries, and the last one's reason.

    `detail` is the cause's own: the media type that came, or the side that is missing.
    """

    cause: Cause
    since: datetime
    n: int = 0
    reason: str = ""
    detail: str = ""


def findings(
    tally: Tally,
    config: SourceConfig,
    now: datetime,
    zone: tzinfo,
    days_off: Collection[date] = (),
) -> tuple[Finding, ...]:
    """All that is wrong with a source now, the gravest first."""
    found = [*_runs(tally), *_one_sided(tally, config, now)]
    if not found:
        # Whoever is shut out is silent for a reason that is told already.
        found += _silent(tally, config, now, zone, days_off)
    return tuple(sorted(found, key=lambda finding: list(Cause).index(finding.cause)))


def _runs(tally: Tally) -> Iterator[Finding]:
    for name, run in tally.runs.items():
        cause = Cause(name)
        if run.n >= _FROM.get(cause, 1):
            yield _of_run(cause, run)


def _of_run(cause: Cause, run: Run) -> Finding:
    detail = run.type if cause is Cause.CONTENT_TYPE else ""
    return Finding(cause, run.first, run.n, run.reason, detail)


def _one_sided(tally: Tally, config: SourceConfig, now: datetime) -> Iterator[Finding]:
    """Customers who never get an answer, or agents whom nobody asks."""
    since = tally.first_verified
    if config.connector not in BOTH_SIDES or since is None or now - since < ONE_SIDED_DAYS:
        return
    spoke = tally.events_by_role()
    for heard, missing in (("customer", "agent"), ("agent", "customer")):
        if spoke[heard] >= ONE_SIDED_FROM and not spoke[missing]:
            yield Finding(Cause.NOT_SUBSCRIBED, since, spoke[heard], detail=missing)


def _silent(
    tally: Tally,
    config: SourceConfig,
    now: datetime,
    zone: tzinfo,
    days_off: Collection[date],
) -> Iterator[Finding]:
    """Longer than organisation.yaml allows, or than its own rhythm makes believable.

    A source that was never heard is being set up, not silent.
    """
    last = tally.last_verified
    if last is None:
        return
    usual = rhythm.silence(tally, now, zone, days_off)
    too_long = now - last > timedelta(hours=config.expected_every_h)
    if too_long or (usual is not None and usual.told):
        yield Finding(Cause.SILENT, last, detail="" if usual is None else "rhythm")

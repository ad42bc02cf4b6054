"""Which functions of app.py the model counts: every schedule by itself, the others by name.

A function that app.py gains is refused with a message until somebody says here how often it runs.
"""

from __future__ import annotations

from chalice.app import Chalice, ScheduledEventConfig

from infra.local.schedules import _interval

#: Counted by name: what the calls of `cost_units.functions` say of each.
COUNTED = ("webhook", "understand", "judge", "mail_events")
#: Not counted, and why; docs/cost.md tells it.
LEFT_OUT = {
    "fetch": "a vendor whose deliveries only name what happened: a queue message, four DynamoDB "
    "calls and one call to the vendor each",
    "transcribe": "recordings of calls, only where a speech endpoint is deployed",
    "unsubscribe": "a reader's rare click",
    "correct": "a reader's rare click",
}


def every_s(app: Chalice) -> dict[str, float]:
    """Seconds between the runs of each schedule.

    Raises ValueError naming a function that the model neither counts nor leaves out knowingly.
    """
    schedules = {
        config.name: _interval(config.schedule_expression).total_seconds()
        for config in app.event_sources
        if isinstance(config, ScheduledEventConfig)
    }
    strangers = app.handler_map.keys() - schedules.keys() - {*COUNTED, *LEFT_OUT}
    if strangers:
        raise ValueError(
            f"the cost model does not know how often {', '.join(sorted(strangers))} of app.py "
            "runs: count it in infra/cost/units.py and name it in COUNTED of "
            "infra/cost/functions.py, or give the reason in LEFT_OUT"
        )
    return schedules

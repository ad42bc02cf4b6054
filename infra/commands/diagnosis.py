"""What the facts about a deployment mean: a pure function from facts to findings.

`None` is a fact that was not asked for, or that AWS refused to tell (then `refused` says why): no
finding is made of it but that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from infra.commands.deployment import Facts

OLD_S = 3600
#: A secret that nobody changed for so long is worth a look.
OLD_SECRET = timedelta(days=365)
#: A month's money, of the budget.
NEARLY_SPENT = 0.8
GOOD_STACKS = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """One sentence about the deployment; `remedy` says what to do about it, '' when it is well."""

    level: Level
    what: str
    remedy: str = ""


def findings(facts: Facts) -> list[Finding]:
    """What is well and what is wrong, the worst first."""
    parts = (
        _stack,
        _functions,
        _clockwork,
        _queues,
        _tables,
        _bucket,
        _mail,
        _endpoints,
        _secrets,
        _organisation,
        _digests,
        _alarms,
        _budget,
        _refused,
    )
    found = [finding for part in parts for finding in part(facts)]
    return sorted(found, key=lambda finding: list(Level).index(finding.level), reverse=True)


def _ok(what: str) -> Finding:
    return Finding(Level.OK, what)


def _warn(what: str, remedy: str) -> Finding:
    return Finding(Level.WARN, what, remedy)


def _fail(what: str, remedy: str) -> Finding:
    return Finding(Level.FAIL, what, remedy)


def _stack(facts: Facts) -> Iterator[Finding]:
    if facts.status is None:
        return
    if facts.status in GOOD_STACKS:
        yield _ok(f"stack {facts.stack} is {facts.status}, version {facts.version}")
    elif facts.status.endswith("_IN_PROGRESS"):
        yield _warn(f"stack {facts.stack} is being changed ({facts.status})", "wait until it ends")
    else:
        yield _fail(
            f"stack {facts.stack} is {facts.status}: its last change failed",
            "make deploy says why; what runs is the version before",
        )
    if facts.version in (None, "", "unknown"):
        yield _warn("the stack does not say which version it is", "deploy it with make deploy")


def _functions(facts: Facts) -> Iterator[Finding]:
    functions = facts.functions or ()
    for one in functions:
        if one.state not in ("Active", "Inactive"):
            yield _fail(f"function {one.name} is {one.state}", "deploy again")
        if one.errors:
            yield _fail(
                f"function {one.name} logged errors within a day, the last: {one.errors[-1]}",
                "infra/README.md, what each alarm means; the log has the rest",
            )
    wanted = facts.code_sha256
    if wanted not in (None, "", "unknown"):
        changed = [one.name for one in functions if one.code_sha256 != wanted]
        if changed:
            yield _fail(
                f"{_names(changed)}: other code than version {facts.version} has",
                "somebody changed it by hand: make deploy VERSION="
                f"{facts.version} puts it back, or deploy what is meant",
            )
        elif functions:
            yield _ok(f"{len(functions)} functions have the code of version {facts.version}")


def _clockwork(facts: Facts) -> Iterator[Finding]:
    """Schedules, readers of queues, and when each function with a schedule last ran."""
    for rule, state in (facts.schedules or {}).items():
        if state != "ENABLED":
            yield _fail(
                f"schedule {rule} is {state}", "EventBridge > Rules > Enable; nothing else runs it"
            )
    for reader, state in (facts.mappings or {}).items():
        if state != "Enabled":
            yield _fail(
                f"{reader} does not read its queue ({state})",
                "Lambda > the function > Triggers > Enable",
            )
    for one in facts.functions or ():
        every = facts.every.get(one.name)
        if every is None:
            continue
        if one.last_ran_at is None:
            yield _warn(f"{one.name} has not run yet", f"look again in {_span(every)}")
        elif facts.now - one.last_ran_at > 2 * every + timedelta(minutes=5):
            yield _fail(
                f"{one.name} last ran {_span(facts.now - one.last_ran_at)} ago, and should every "
                f"{_span(every)}",
                "its schedule is disabled, or it ends before it logs: see its errors",
            )
    if facts.schedules and all(state == "ENABLED" for state in facts.schedules.values()):
        yield _ok(f"{len(facts.schedules)} schedules are enabled")


def _queues(facts: Facts) -> Iterator[Finding]:
    for queue in facts.queues or ():
        if queue.dead and queue.waiting:
            yield _fail(
                f"dead letters in {queue.name}: {queue.waiting}",
                f"hub dead show {queue.name} tells why; mend it, then hub dead redrive it",
            )
        elif not queue.dead and queue.oldest_s is not None and queue.oldest_s >= OLD_S:
            yield _fail(
                f"the oldest of {queue.waiting} messages in {queue.name} waits for "
                f"{_span(timedelta(seconds=queue.oldest_s))}",
                "its reader fails or is too slow: see its errors",
            )
        elif not queue.dead:
            yield _ok(f"queue {queue.name}: {queue.waiting} messages wait")


def _tables(facts: Facts) -> Iterator[Finding]:
    for table in facts.tables or ():
        faults = []
        if table.status != "ACTIVE":
            faults.append(f"is {table.status}")
        if not table.recoverable:
            faults.append("has no point-in-time recovery")
        if not table.expires:
            faults.append("does not expire its rows")
        if facts.keep and not table.protected:
            faults.append("may be deleted")
        if faults:
            yield _fail(
                f"table {table.name} {' and '.join(faults)}",
                "the template says otherwise, so somebody changed it: set it back in DynamoDB",
            )
        else:
            yield _ok(f"table {table.name} is active, recoverable and expires its rows")


def _bucket(facts: Facts) -> Iterator[Finding]:
    bucket = facts.bucket
    if bucket is None:
        return
    faults = []
    if bucket.encrypted_with != "aws:kms":
        faults.append("is not encrypted with the stage's key")
    if not bucket.private:
        faults.append("may be made public")
    if bucket.versioned:
        faults.append("keeps versions of what was erased")
    missing = facts.wanted_prefixes - bucket.expiring
    if missing:
        faults.append(f"does not expire {_names(sorted(missing))}")
    if faults:
        yield _fail(
            f"bucket {bucket.name} {' and '.join(faults)}",
            "the template says otherwise, so somebody changed it: set it back in S3",
        )
    else:
        yield _ok(f"bucket {bucket.name} is private, encrypted, and expires what it holds")


def _mail(facts: Facts) -> Iterator[Finding]:
    mail = facts.mail
    if mail is None:
        return
    if not mail.verified:
        yield _fail(
            "SES may not send for the sender of organisation.yaml",
            "put the DKIM records of its domain into DNS: SES > Identities > the domain",
        )
    if not mail.production:
        yield _fail(
            "the SES account is in the sandbox: it sends to verified addresses alone",
            "SES > Account dashboard > Request production access",
        )
    if not mail.sending:
        yield _fail(
            "SES has paused sending", "SES > Reputation metrics says why; AWS must be answered"
        )
    if mail.suppressed:
        yield _warn(
            f"SES refuses to send to {mail.suppressed} of {mail.readers} readers: they bounced or "
            "complained",
            "correct their addresses in organisation.yaml, or SES > Suppression list",
        )
    if mail.quota_24h and mail.sent_24h > NEARLY_SPENT * mail.quota_24h:
        yield _warn(
            f"{mail.sent_24h:.0f} of {mail.quota_24h:.0f} letters a day are sent",
            "Service Quotas > SES > Sending quota",
        )
    if mail.verified and mail.production and mail.sending:
        yield _ok("SES sends for the sender of organisation.yaml")


def _endpoints(facts: Facts) -> Iterator[Finding]:
    for endpoint in facts.endpoints or ():
        mode = "asynchronous" if endpoint.asynchronous else "in real time"
        if endpoint.status == "InService":
            of = "" if endpoint.instances is None else f", {endpoint.instances} instances"
            yield _ok(f"endpoint {endpoint.name} is in service, {mode}{of}")
        elif endpoint.status in ("Updating", "Creating", "RollingBack"):
            yield _warn(
                f"endpoint {endpoint.name} is {endpoint.status}", "events wait until it is done"
            )
        else:
            yield _fail(
                f"endpoint {endpoint.name} is {endpoint.status}: {endpoint.reason or 'no reason'}",
                "SageMaker > Endpoints > the endpoint > log; deploy an image that works",
            )
        if facts.mode is not None and endpoint.name.endswith("-model"):
            asked = facts.mode == "asynchronous"
            if asked != endpoint.asynchronous:
                yield _fail(
                    f"the functions ask it {facts.mode}, and endpoint {endpoint.name} answers "
                    f"{mode}",
                    "the last change of ModelMode was not finished: deploy again",
                )


def _secrets(facts: Facts) -> Iterator[Finding]:
    if facts.secrets is None:
        return
    for name, changed_at in facts.secrets.items():
        if changed_at is None:
            yield _fail(
                f"secret {name} is missing: what it is for is refused",
                "infra/README.md, Secrets: aws secretsmanager create-secret",
            )
        elif facts.now - changed_at > OLD_SECRET and "/sources/" in name:
            yield _warn(
                f"secret {name} is {(facts.now - changed_at).days} days old",
                "rotate it: infra/README.md, Secrets",
            )
    if all(facts.secrets.values()):
        yield _ok(f"{len(facts.secrets)} secrets are there")


def _organisation(facts: Facts) -> Iterator[Finding]:
    if facts.published is None:
        return
    if facts.in_file is None or facts.in_file == facts.published:
        yield _ok(f"the published organisation is {facts.published[:12]}")
    else:
        yield _warn(
            "the published organisation is another than the file's",
            "hub publish makes the file's the current one",
        )


def _digests(facts: Facts) -> Iterator[Finding]:
    for digest in facts.digests or ():
        what = f"{digest.department}, {digest.week}: {digest.sent} of {digest.readers} digests sent"
        if digest.sent >= digest.readers:
            yield _ok(what)
        elif digest.due:
            yield _warn(what, "they are tried every quarter of an hour; the log says what is wrong")
        else:
            yield _fail(
                what,
                "their time is over: readers who left count too; else hub digest shows what they "
                "would have got",
            )


def _alarms(facts: Facts) -> Iterator[Finding]:
    for name, why in (facts.ringing or {}).items():
        yield _fail(f"alarm {name} rings: {why}", "infra/README.md, what each alarm means")
    if facts.ringing is not None and not facts.ringing:
        yield _ok("no alarm rings")
    if facts.heard == 0:
        yield _fail(
            "nobody hears the alarms: the subscription of AlarmEmail is not confirmed",
            "press the link in AWS's letter, or SNS > the topic > Request confirmation",
        )


def _budget(facts: Facts) -> Iterator[Finding]:
    budget = facts.budget
    if budget is None:
        return
    told = f"{budget.spent:.0f} of {budget.limit:.0f} dollars are spent this month"
    if budget.spent > budget.limit:
        yield _fail(told, "Cost Explorer > by service; docs/cost.md says what is usual")
    elif budget.spent > NEARLY_SPENT * budget.limit or (budget.forecast or 0) > budget.limit:
        forecast = f", and {budget.forecast:.0f} are foreseen" if budget.forecast else ""
        yield _warn(told + forecast, "Cost Explorer > by service; docs/cost.md says what is usual")
    else:
        yield _ok(told)


def _refused(facts: Facts) -> Iterator[Finding]:
    for what, why in facts.refused.items():
        yield _warn(f"{what} could not be looked at: {why}", "allow it to the profile, and repeat")


def _names(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _span(span: timedelta) -> str:
    """A length of time in its largest whole unit."""
    seconds = int(span.total_seconds())
    for length, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"

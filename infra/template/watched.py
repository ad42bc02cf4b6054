"""What is watched: the one list that alarms, dashboard and the runbook's table are made from.

Names in `${...}` are CloudFormation's; metrics counted from a function's log are named after what
the code counts (`telemetry.count`), so that a stage counts its own: the code's own metrics have
one namespace for all stages of an account.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

HOUR_S = 3600
QUARTER_S = 900

#: Where metrics that are counted from logs go: a stage's own.
NAMESPACE = "Oivallus/${AWS::StackName}"


@dataclass(frozen=True)
class Metric:
    """One series. `dimensions` are texts for Fn::Sub."""

    namespace: str
    name: str
    statistic: str
    dimensions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Counted:
    """A metric counted from a function's log: lines that fit `pattern`, or the `value` of each."""

    name: str
    function: str
    pattern: str
    value: str = "1"

    @property
    def metric(self) -> Metric:
        return Metric(NAMESPACE, self.name, "Sum")


@dataclass(frozen=True)
class Alarm:
    """Rings at `threshold` or more (`below`: at less) within `period_s`.

    `what` is wrong and what to `do`, for a person. `of`: the threshold is a percentage of this
    metric, asked only where there are `least` of them. `silence_rings`: no data is a fault too.
    `condition`: only in stacks that have the part.
    """

    id: str
    metric: Metric
    threshold: float
    what: str
    do: str
    period_s: int = QUARTER_S
    periods: int = 1
    below: bool = False
    silence_rings: bool = False
    of: Metric | None = None
    least: int = 0
    condition: str = ""


def _counted(name: str, pattern: str) -> Counted:
    return Counted(name, "APIHandler", f'{{ $.message = "delivery" && {pattern} }}')


def _summed(name: str, function: str, metric: str) -> Counted:
    """What `telemetry.count(metric)` prints: {"metric": [value], ...}."""
    return Counted(name, function, f"{{ $.{metric}[0] > 0 }}", f"$.{metric}[0]")


#: A source that nobody wired is a stranger's guess: no share of ours.
_OURS = '$.source != "unknown"'
DELIVERIES = _counted("Deliveries", _OURS)
REJECTED = _counted("RejectedDeliveries", f'$.outcome = "rejected" && {_OURS}')
UNREADABLE = _counted("UnreadableDeliveries", '$.outcome = "unreadable"')
MISCONFIGURED = _counted("MisconfiguredDeliveries", '$.outcome = "misconfigured"')
SILENT = Counted("SilentSources", "WatchSources", '{ $.notices_sent[0] > 0 && $.cause = "silent" }')
NOTICES = _summed("NoticesSent", "WatchSources", "notices_sent")
UNDERSTOOD = _summed("EventsUnderstood", "Understand", "events_understood")
UNDERSTANDING_FAILED = _summed("EventsFailed", "Understand", "events_failed")
JUDGED = _summed("TextsJudged", "Judge", "texts_judged")
REFUSED = _summed("TextsRefused", "AskAgain", "texts_refused")
DIGESTS_SENT = _summed("DigestsSent", "SendDigests", "digests_sent")
DIGESTS_FAILED = _summed("DigestsFailed", "SendDigests", "digests_failed")
DIGESTS_OVERDUE = _summed("DigestsOverdue", "SendDigests", "digest_overdue")
MAIL_PROBLEMS = _summed("MailProblems", "MailEvents", "mail_problems")

COUNTED = (
    DELIVERIES,
    REJECTED,
    UNREADABLE,
    MISCONFIGURED,
    SILENT,
    NOTICES,
    UNDERSTOOD,
    UNDERSTANDING_FAILED,
    JUDGED,
    REFUSED,
    DIGESTS_SENT,
    DIGESTS_FAILED,
    DIGESTS_OVERDUE,
    MAIL_PROBLEMS,
)


def _sqs(name: str, queue: str) -> Metric:
    return Metric("AWS/SQS", name, "Maximum", {"QueueName": f"${{{queue}.QueueName}}"})


def _lambda(name: str, function: str) -> Metric:
    return Metric("AWS/Lambda", name, "Sum", {"FunctionName": f"${{{function}}}"})


def _endpoint(name: str, endpoint: str, statistic: str = "Sum") -> Metric:
    return Metric(
        "AWS/SageMaker", name, statistic, {"EndpointName": f"${{{endpoint}.EndpointName}}"}
    )


_REDRIVE = (
    "`hub dead show {name}` tells which, and why where that is known; `log {function}` tells the "
    "rest. They are kept for 14 days. When it is mended: `hub dead redrive {name}`, and "
    "`hub dead list` until none is left"
)
#: dead letters' queue -> what they are, the queue's name, whose log tells why.
_DEAD = {
    "EventsDeadLetterQueue": ("events", "events-dead", "Understand"),
    "FetchDeadLetterQueue": ("fetches", "fetch-dead", "Fetch"),
    "JudgedDeadLetterQueue": ("answers of the model", "judged-dead", "Judge"),
    "RecordingsDeadLetterQueue": (
        "recordings, whose calls are counted without their words",
        "recordings-dead",
        "Transcribe",
    ),
    "FailedCallsQueue": ("function calls", "failed-calls", "MailEvents"),
}
_AGES = {
    "EventsQueue": (
        "Events wait for over an hour",
        "`log Understand`: where it fails, why. Where it says nothing, `hub doctor`: is the queue "
        "read, and is the model's endpoint in service? After an outage the queue empties by "
        "itself; it keeps messages for 14 days",
    ),
    "FetchQueue": (
        "Fetches wait for over an hour",
        "`log Fetch` and `hub sources` name the vendor whose API is slow or refuses. One that "
        "answers 429 is asked again by itself, for four days",
    ),
    "JudgedQueue": (
        "The model's answers wait for over an hour",
        "`log Judge` says why; answers are kept for a week, and counting them twice is harmless",
    ),
    "RecordingsQueue": (
        "Recordings wait for over an hour",
        "`log Transcribe` says why; a vendor keeps recordings for days, so there is time",
    ),
}
_LOG_SAYS = (
    "`log {name}` says why, of the last hour. Where it began with a deployment (`make versions`): "
    "roll back. What it was called with waits in its queue or in failed-calls, and comes again"
)
_THROTTLED = (
    "The account's concurrency is used up: `aws lambda get-account-settings` tells it, and "
    "`aws service-quotas request-service-quota-increase --service-code lambda --quota-code "
    "L-B99A9384 --desired-value 2000` raises it. What was called waits, and comes again"
)
_STOPPED = (
    "`aws events enable-rule --name $(resource {name}{name}Event)`; where that is refused, the "
    "rule is gone: `make deploy`. Where it was enabled: `log {name}`"
)
#: schedule's function -> hours within which it must have run.
_CLOCKWORK = {"SendDigests": 1, "WatchSources": 1, "AskAgain": 1, "RollUp": 3}


def _dead_letters() -> Iterator[Alarm]:
    for queue, (what, name, function) in _DEAD.items():
        metric = _sqs("ApproximateNumberOfMessagesVisible", queue)
        remedy = _REDRIVE.format(name=name, function=function)
        yield Alarm(f"{queue}Alarm", metric, 1, f"Dead {what}: work that was given up", remedy)


def _ages() -> Iterator[Alarm]:
    for queue, (what, remedy) in _AGES.items():
        metric = _sqs("ApproximateAgeOfOldestMessage", queue)
        yield Alarm(f"{queue.removesuffix('Queue')}AgeAlarm", metric, HOUR_S, what, remedy)


def _functions(names: tuple[str, ...]) -> Iterator[Alarm]:
    for name in names:
        remedy = _LOG_SAYS.format(name=name)
        yield Alarm(f"{name}ErrorsAlarm", _lambda("Errors", name), 1, f"{name} fails", remedy)
        yield Alarm(
            f"{name}ThrottlesAlarm",
            _lambda("Throttles", name),
            10,
            f"{name} is not allowed to run as often as it is called",
            _THROTTLED,
            periods=2,
        )


def _clockwork() -> Iterator[Alarm]:
    for name, hours in _CLOCKWORK.items():
        yield Alarm(
            f"{name}StoppedAlarm",
            _lambda("Invocations", name),
            1,
            f"{name} has not run for {hours} h",
            _STOPPED.format(name=name),
            period_s=HOUR_S,
            periods=hours,
            below=True,
            silence_rings=True,
        )


_DELIVERED = (
    Alarm(
        "UnreadableDeliveriesAlarm",
        UNREADABLE.metric,
        1,
        "A vendor's format changed: deliveries are kept, and not counted",
        "`hub deliveries --outcome unreadable --since 24h` names source and reason, `hub show ID` "
        "the shape. It can wait until morning: within `retention.raw_days` mend the connector, "
        "`make deploy`, and `hub replay SOURCE`",
    ),
    Alarm(
        "MisconfiguredDeliveriesAlarm",
        MISCONFIGURED.metric,
        1,
        "A source lacks its secret, or its options are wrong",
        "`hub check` names the source and what it lacks; how a secret is made stands below. "
        "Vendors come again for as long as docs/connectors/matrix.md says",
    ),
    Alarm(
        "RejectedShareAlarm",
        REJECTED.metric,
        20,
        "A fifth of the deliveries or more prove no sender, of fifty at least",
        "`hub deliveries --outcome rejected --since 2h`: where one source's are refused, its "
        "secret was changed at the vendor (rotate it here, below); where all are, somebody tries "
        "the door, and nothing need be done",
        period_s=HOUR_S,
        of=DELIVERIES.metric,
        least=50,
    ),
    Alarm(
        "SilentSourcesAlarm",
        SILENT.metric,
        1,
        "A source that used to deliver is silent",
        "`hub sources` says since when; look at the vendor's whether the webhook is disabled. "
        "`hub sample SOURCE EVENT` shows whether our side works. What was missed: "
        "`hub backfill SOURCE --since 2d`, where the vendor has a list of it",
        period_s=HOUR_S,
    ),
    # Chalice answers 500 where a route raises, and Lambda counts no error: ask the API.
    Alarm(
        "ApiErrorsAlarm",
        Metric("AWS/ApiGateway", "5XXError", "Sum", {"ApiName": "${AWS::StackName}-api"}),
        5,
        "The API answers 5xx: vendors come again, and some give up",
        "`hub deliveries --outcome retryable --since 1h` shows which source and why, "
        "`log ApiHandler` the rest. Where it is all sources: `hub doctor` names a table or queue "
        "that is gone (restoring stands below); where it began with a deployment, roll back",
    ),
)
_MAILED = (
    Alarm(
        "DigestsFailedAlarm",
        DIGESTS_FAILED.metric,
        1,
        "A digest was not sent: SES refused it",
        "`hub doctor`: the identity is not verified, or the account is in the sandbox or paused; "
        "`log SendDigests` has SES's word. The digest is tried again every quarter of an hour for "
        "as long as it is due",
    ),
    Alarm(
        "DigestsOverdueAlarm",
        DIGESTS_OVERDUE.metric,
        1,
        "A reader of a department lacks the digest of the week, two hours after its time or later",
        "`log SendDigests digest_overdue` names department and week, `hub doctor` how many of its "
        "readers; for a day it is tried again by itself. After that "
        "`hub digest --weeks 1` writes what they would have got, to be sent by hand; "
        "the alarm rings until the next digest's time",
        period_s=HOUR_S,
    ),
    Alarm(
        "MailProblemsAlarm",
        MAIL_PROBLEMS.metric,
        1,
        "A digest bounced, or a reader called it spam",
        "`log MailEvents mail_problems` names the digest; correct the recipient in "
        "organisation.yaml, and `hub publish`. To an address that was right SES sends again after "
        "`aws sesv2 delete-suppressed-destination --email-address ADDRESS`",
    ),
)
_MODELS = (
    Alarm(
        "ModelErrorsAlarm",
        Metric(
            "AWS/SageMaker",
            "Invocation5XXErrors",
            "Sum",
            {"EndpointName": "${ModelEndpoint.EndpointName}", "VariantName": "all"},
        ),
        5,
        "The model endpoint answers 5xx",
        "`endpoint_log model` says why, `hub doctor` whether it is in service; events wait "
        "meanwhile, and none is lost. Where a new image does it: the earlier `ModelImage` into the "
        "settings, and `make deploy`",
    ),
    Alarm(
        "ModelFailuresAlarm",
        _endpoint("InvocationFailures", "ModelEndpoint"),
        5,
        "The asynchronous model endpoint fails at questions",
        "`endpoint_log model` says why; `AskAgain` asks anew, and halves what fails thrice. Where "
        "a new image does it: the earlier `ModelImage` into the settings, and `make deploy`",
        condition="IsAsynchronous",
    ),
    Alarm(
        "ModelBacklogAlarm",
        _endpoint("ApproximateAgeOfOldestRequest", "ModelEndpoint", "Maximum"),
        HOUR_S,
        "Questions wait for over an hour at the model endpoint",
        "`hub doctor` tells how many instances it has. None: `aws application-autoscaling "
        "describe-scaling-activities --service-namespace sagemaker --resource-id "
        "endpoint/$S-model/variant/all` says why none starts, most often a quota of the instance "
        "type. As many as it may have: raise `ModelMaxInstances`, and `make deploy`",
        condition="IsAsynchronous",
    ),
    Alarm(
        "TextsRefusedAlarm",
        REFUSED.metric,
        10,
        "The model endpoint refuses messages; they are counted without a judgement",
        "`log AskAgain texts_refused` names the interactions, `endpoint_log model` why; when a "
        "model is there that takes them, `hub reenrich` judges them",
        period_s=HOUR_S,
    ),
    Alarm(
        "SpeechFailuresAlarm",
        _endpoint("InvocationFailures", "SpeechEndpoint"),
        5,
        "The speech endpoint fails at recordings",
        "`endpoint_log speech`: a format that it cannot read, or no memory. Calls are counted "
        "without their words meanwhile; `hub dead list` tells what was given up",
        condition="HasSpeech",
    ),
)


def alarms(functions: tuple[str, ...]) -> list[Alarm]:
    """Every alarm, in the order of the runbook; `functions` are those that may fail."""
    return [
        *_DELIVERED,
        *_ages(),
        *_dead_letters(),
        *_MODELS,
        *_MAILED,
        *_functions(functions),
        *_clockwork(),
    ]

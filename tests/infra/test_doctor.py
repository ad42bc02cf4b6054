"""The doctor: each fact that is wrong becomes a finding with a remedy; facts come from moto."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from chalice.app import ScheduledEventConfig
from chalice.utils import to_cfn_resource_name

import app
from chalicelib.adapters.clients import client
from chalicelib.adapters.settings import Settings, read_settings
from chalicelib.adapters.world import build
from chalicelib.fold import iso_week
from chalicelib.organisation import read
from chalicelib.pipeline import digests, overdue
from chalicelib.pipeline.rebuild import publish_organisation
from infra import hub
from infra.commands import facts as gathering
from infra.commands import facts_of_stack as of_stack
from infra.commands.deployment import (
    BucketFact,
    BudgetFact,
    DigestFact,
    EndpointFact,
    Facts,
    FunctionFact,
    MailFact,
    QueueFact,
    TableFact,
)
from infra.commands.diagnosis import Level, findings
from infra.commands.worlds import Hub, Where
from infra.local.hub import REGION
from infra.local.schedules import Schedules
from infra.package import Package
from infra.paths import ORGANISATION
from infra.template import archive, storage
from tests.infra.places import Place, call, made
from tests.infra.test_stack import NAME, deploy, empty_aws, for_moto

pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse AWS")  # what moto passes over

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
PREFIXES = frozenset({"raw/", "asked/"})

FUNCTION = FunctionFact("SendDigests", "abc=", "Active", (), NOW - QUARTER)
QUEUE = QueueFact("events", 3, dead=False, oldest_s=20)
DEAD = QueueFact("events-dead", 0, dead=True)
TABLE = TableFact("t-events", "ACTIVE", recoverable=True, expires=True, protected=True)
BUCKET = BucketFact("b", "aws:kms", private=True, versioned=False, expiring=PREFIXES)
MAIL = MailFact(verified=True, production=True, sending=True, readers=4, suppressed=0)
ENDPOINT = EndpointFact("oivallus-prod-model", "InService", asynchronous=True, instances=0)
DIGEST = DigestFact("delivery", "2026-W47", readers=2, sent=2, due=False)

WELL = Facts(
    now=NOW,
    stack="oivallus-prod",
    keep=True,
    status="UPDATE_COMPLETE",
    version="0123456789ab",
    code_sha256="abc=",
    functions=(FUNCTION,),
    every={"SendDigests": QUARTER},
    queues=(QUEUE, DEAD),
    mappings={"Understand": "Enabled"},
    tables=(TABLE,),
    bucket=BUCKET,
    wanted_prefixes=PREFIXES,
    mail=MAIL,
    endpoints=(ENDPOINT,),
    mode="asynchronous",
    secrets={"oivallus/prod/sources/chat": NOW - timedelta(days=9)},
    published="f00",
    in_file="f00",
    schedules={"SendDigestsEvent": "ENABLED"},
    digests=(DIGEST,),
    ringing={},
    heard=1,
    budget=BudgetFact(limit=150, spent=20, forecast=60),
)


def test_a_well_deployment_is_well() -> None:
    found = findings(WELL)
    assert {one.level for one in found} == {Level.OK}
    assert not any(one.remedy for one in found)
    assert len(found) >= 12


def wrong(**facts: Any) -> Facts:
    return replace(WELL, **facts)


@pytest.mark.parametrize(
    ("facts", "level", "told"),
    [
        (wrong(status="UPDATE_ROLLBACK_COMPLETE"), Level.FAIL, "its last change failed"),
        (wrong(status="UPDATE_IN_PROGRESS"), Level.WARN, "is being changed"),
        (wrong(version="unknown"), Level.WARN, "does not say which version"),
        (wrong(code_sha256="other="), Level.FAIL, "SendDigests: other code than version 0123"),
        (wrong(functions=(replace(FUNCTION, state="Failed"),)), Level.FAIL, "is Failed"),
        (wrong(functions=(replace(FUNCTION, errors=("a", "b")),)), Level.FAIL, "the last: b"),
        (
            wrong(functions=(replace(FUNCTION, last_ran_at=NOW - timedelta(hours=3)),)),
            Level.FAIL,
            "last ran 3 h ago, and should every 15 min",
        ),
        (
            wrong(functions=(replace(FUNCTION, last_ran_at=None),)),
            Level.WARN,
            "has not run yet",
        ),
        (wrong(schedules={"RollUpEvent": "DISABLED"}), Level.FAIL, "RollUpEvent is DISABLED"),
        (wrong(mappings={"Judge": "Disabled"}), Level.FAIL, "Judge does not read its queue"),
        (wrong(queues=(replace(DEAD, waiting=2),)), Level.FAIL, "dead letters in events-dead: 2"),
        (wrong(queues=(replace(QUEUE, oldest_s=3600),)), Level.FAIL, "waits for 60 min"),
        (wrong(tables=(replace(TABLE, recoverable=False),)), Level.FAIL, "no point-in-time"),
        (wrong(tables=(replace(TABLE, expires=False),)), Level.FAIL, "does not expire its rows"),
        (wrong(tables=(replace(TABLE, protected=False),)), Level.FAIL, "may be deleted"),
        (wrong(tables=(replace(TABLE, status="ARCHIVED"),)), Level.FAIL, "is ARCHIVED"),
        (wrong(bucket=replace(BUCKET, encrypted_with="")), Level.FAIL, "not encrypted"),
        (wrong(bucket=replace(BUCKET, private=False)), Level.FAIL, "made public"),
        (wrong(bucket=replace(BUCKET, versioned=True)), Level.FAIL, "versions of what was erased"),
        (wrong(bucket=replace(BUCKET, expiring=frozenset())), Level.FAIL, "expire asked/, raw/"),
        (wrong(mail=replace(MAIL, verified=False)), Level.FAIL, "may not send for the sender"),
        (wrong(mail=replace(MAIL, production=False)), Level.FAIL, "sandbox"),
        (wrong(mail=replace(MAIL, sending=False)), Level.FAIL, "paused sending"),
        (wrong(mail=replace(MAIL, suppressed=1)), Level.WARN, "1 of 4 readers"),
        (wrong(mail=replace(MAIL, sent_24h=90, quota_24h=100)), Level.WARN, "90 of 100 letters"),
        (
            wrong(endpoints=(replace(ENDPOINT, status="Failed", reason="no memory"),)),
            Level.FAIL,
            "is Failed: no memory",
        ),
        (wrong(endpoints=(replace(ENDPOINT, status="Updating"),)), Level.WARN, "is Updating"),
        (wrong(mode="realtime"), Level.FAIL, "ask it realtime, and endpoint oivallus-prod-model"),
        (wrong(secrets={"oivallus/prod/link-key": None}), Level.FAIL, "link-key is missing"),
        (
            wrong(secrets={"oivallus/prod/sources/chat": NOW - timedelta(days=400)}),
            Level.WARN,
            "is 400 days old",
        ),
        (wrong(in_file="other"), Level.WARN, "another than the file's"),
        (wrong(digests=(replace(DIGEST, sent=1),)), Level.FAIL, "2026-W47: 1 of 2 digests sent"),
        (wrong(digests=(replace(DIGEST, sent=1, due=True),)), Level.WARN, "1 of 2 digests sent"),
        (wrong(ringing={"EventsAgeAlarm": "3700 >= 3600"}), Level.FAIL, "EventsAgeAlarm rings"),
        (wrong(heard=0), Level.FAIL, "nobody hears the alarms"),
        (wrong(budget=BudgetFact(150, 151)), Level.FAIL, "151 of 150 dollars"),
        (wrong(budget=BudgetFact(150, 121)), Level.WARN, "121 of 150 dollars"),
        (wrong(budget=BudgetFact(150, 10, 151)), Level.WARN, "151 are foreseen"),
        (wrong(refused={"alarms": "AccessDenied"}), Level.WARN, "alarms could not be looked at"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_comes_first_with_its_remedy(facts: Facts, level: Level, told: str) -> None:
    first, *_ = findings(facts)
    assert first.level is level
    assert told in first.what
    assert first.remedy


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(
            wrong(tables=(replace(TABLE, protected=False),), keep=False), id="dev may be deleted"
        ),
        pytest.param(wrong(queues=(replace(QUEUE, oldest_s=3599),)), id="just under an hour"),
        pytest.param(wrong(queues=(replace(QUEUE, oldest_s=None),)), id="no age is known"),
        pytest.param(
            wrong(functions=(replace(FUNCTION, last_ran_at=NOW - 2 * QUARTER),)), id="one run late"
        ),
        pytest.param(wrong(functions=(replace(FUNCTION, state="Inactive"),)), id="long unused"),
        pytest.param(wrong(budget=None), id="no budget"),
        pytest.param(wrong(in_file=None), id="no file here"),
    ],
)
def test_what_is_well(facts: Facts) -> None:
    assert {one.level for one in findings(facts)} == {Level.OK}


def test_nothing_is_found_of_what_was_not_asked() -> None:
    assert findings(Facts(NOW, "oivallus-prod", keep=True)) == []


def test_the_clock_is_the_schedules_own() -> None:
    every = Schedules(app.app)._every
    assert {to_cfn_resource_name(name): of for name, of in every.items()} == of_stack.EVERY
    assert every.keys() == {
        c.name for c in app.app.event_sources if isinstance(c, ScheduledEventConfig)
    }


# -- gathered from the template in moto ---------------------------------------------------------


@pytest.fixture(scope="module")
def deployed(dev: Package) -> Iterator[Hub]:
    """The whole template in moto, as a stage that commands find."""
    with empty_aws(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # what moto passes over
        deploy(for_moto(dev.cloudformation))
        settings = _settings()
        world = build(settings)
        publish_organisation(world, ORGANISATION.read_text())
        yield Hub(Where("dev"), world, settings)


def _settings() -> Settings:
    functions = client("lambda").list_functions()["Functions"]
    understand = next(f for f in functions if "Understand" in f["FunctionName"])
    return read_settings({**understand["Environment"]["Variables"], "AWS_REGION": REGION})


def test_cloudformation_creates_the_template(deployed: Hub) -> None:
    (stack,) = client("cloudformation").describe_stacks(StackName=NAME)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    # The environment that a function gets names what was created.
    settings = deployed.settings
    assert settings.events_table in client("dynamodb").list_tables()["TableNames"]
    for url in (settings.events_queue_url, settings.recordings_queue_url):
        queue = client("sqs").get_queue_attributes(QueueUrl=url)
        assert queue["ResponseMetadata"]["HTTPStatusCode"] == 200
    client("s3").head_bucket(Bucket=settings.archive_bucket)
    endpoint = client("sagemaker").describe_endpoint(EndpointName=settings.model_endpoint)
    assert endpoint["EndpointStatus"] == "InService"


@pytest.fixture
def ses(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What SES answers, by operation; moto cannot be asked for the account."""
    answers: dict[str, Any] = {
        "get_account": {
            "ProductionAccessEnabled": True,
            "SendingEnabled": True,
            "SendQuota": {"Max24HourSend": 200.0, "SentLast24Hours": 4.0},
        },
        "get_email_identity": {"havuvakka.example": {"VerifiedForSendingStatus": True}},
        "get_suppressed_destination": {},
    }

    class Ses:
        def get_account(self) -> Any:
            return answers["get_account"]

        def get_email_identity(self, EmailIdentity: str) -> Any:
            return self._found("get_email_identity", EmailIdentity)

        def get_suppressed_destination(self, EmailAddress: str) -> Any:
            return self._found("get_suppressed_destination", EmailAddress)

        def _found(self, operation: str, name: str) -> Any:
            if name not in answers[operation]:
                raise ClientError({"Error": {"Code": "NotFoundException"}}, operation)
            return answers[operation][name]

    real = client
    monkeypatch.setattr(gathering, "client", lambda name: Ses() if name == "sesv2" else real(name))
    return answers


def test_what_ses_says(ses: dict[str, Any]) -> None:
    organisation = read(ORGANISATION.read_text())
    reader = organisation.departments[0].recipients[0]
    ses["get_suppressed_destination"] = {reader.lower(): {"SuppressedDestination": {}}}
    found = gathering._mail(organisation)
    assert (found.verified, found.production, found.sending) == (True, True, True)
    assert (found.suppressed, found.quota_24h, found.sent_24h) == (1, 200, 4)
    ses["get_email_identity"] = {}
    assert not gathering._mail(organisation).verified


@pytest.mark.usefixtures("ses")
def test_facts_of_a_deployed_stack(deployed: Hub) -> None:
    facts = gathering.gather(deployed, read(ORGANISATION.read_text()))
    assert (facts.status, facts.version, facts.mode) == ("CREATE_COMPLETE", "unknown", "realtime")
    assert facts.functions is not None
    assert {"APIHandler", "Judge", "RollUp"} <= {one.name for one in facts.functions}
    assert facts.tables is not None
    assert len(facts.tables) == len(storage.TABLES)
    assert facts.queues is not None
    assert {q.name for q in facts.queues if not q.dead} == {
        name for name, *_ in storage.QUEUES.values()
    }
    assert len([q for q in facts.queues if q.dead]) == len(storage.QUEUES) + 1
    assert facts.schedules is not None
    assert set(facts.schedules.values()) == {"ENABLED"}
    assert facts.endpoints is not None
    assert [endpoint.status for endpoint in facts.endpoints] == ["InService"]
    assert facts.published == facts.in_file
    assert facts.secrets is not None
    assert set(facts.secrets.values()) == {None}  # nobody has made one
    assert facts.bucket is not None
    assert facts.wanted_prefixes == {*archive.RAW_PREFIXES, *archive.QUESTION_PREFIXES}
    told = [one.what for one in findings(facts)]
    assert any("oivallus/dev/link-key is missing" in one for one in told)


@pytest.mark.usefixtures("ses")
def test_what_aws_refuses_is_told_and_the_rest_is_asked(
    deployed: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    denied = {"Error": {"Code": "AccessDenied", "Message": "no"}}

    def refuse(*_: object) -> None:
        raise ClientError(denied, "DescribeAlarms")

    monkeypatch.setattr(of_stack, "_ringing", refuse)
    facts = gathering.gather(deployed, None)
    assert facts.ringing is None
    assert facts.refused["alarms"] == "AccessDenied: no"
    assert facts.tables


def test_errors_are_read_from_the_logs(deployed: Hub) -> None:
    logs, group = client("logs"), "/aws/lambda/some-function"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="1")
    now = datetime.now(UTC)
    at = int(now.timestamp() * 1000)
    lines = [json.dumps({"level": "ERROR", "message": f"wrong {n}"}) for n in range(5)]
    logs.put_log_events(
        logGroupName=group,
        logStreamName="1",
        logEvents=[{"timestamp": at, "message": line} for line in lines],
    )
    since = now - timedelta(hours=1)
    assert of_stack._errors(group, since) == ["wrong 2", "wrong 3", "wrong 4"]
    assert of_stack._errors("/aws/lambda/never-ran", since) == []
    assert of_stack._last_event("/aws/lambda/never-ran") is None


# -- the command on a hub without a stack -------------------------------------------------------


@pytest.fixture
def place(
    world: Any, aws: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Place:
    return made(world, aws, monkeypatch, capsys)


def test_the_command_on_the_local_hub(place: Place) -> None:
    base = place.hub.settings.events_queue_url.rpartition("/")[0]
    client("sqs").send_message(QueueUrl=f"{base}/stack-events-dead", MessageBody='["a", "b"]')
    done = call("doctor", "--json")
    told = json.loads(done.stdout)["findings"]
    faults = [one["what"] for one in told if one["level"] == "fail"]
    assert done.exit_code == hub.FAULTS
    assert faults == ["dead letters in events-dead: 1"]
    assert not any(one["what"].startswith(("stack", "alarm", "table")) for one in told)
    shown = call("doctor").stdout
    assert "✗" in shown
    assert "✓" not in shown


def test_the_ledger_of_digests(deployed: Hub) -> None:
    organisation = read(ORGANISATION.read_text())
    department = organisation.departments[0]
    manager, key = client("secretsmanager"), '{"secrets": ["k"]}'
    manager.create_secret(Name="oivallus/dev/link-key", SecretString=key)
    try:
        now = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
        world = replace(deployed.world, clock=lambda: now)
        moment = overdue.last_moment(department.schedule, organisation.zone, now)
        assert now - timedelta(days=7) < moment <= now
        before = gathering._digests(replace(deployed, world=world), organisation, now, now)
        assert list(before) == []  # the stack was not there yet

        reader = digests.reader_id(world, department.id, department.recipients[0])
        monday = moment.date() - timedelta(days=moment.weekday() + 7)
        digest = f"{iso_week(monday)}_{department.id}_{reader}"
        world.registry.claim_digest(digest, now, timedelta(minutes=5))
        world.registry.mark_sent(digest, now)
        long_ago = now - timedelta(days=90)
        (first, *others) = gathering._digests(
            replace(deployed, world=world), organisation, now, long_ago
        )
        assert (first.department, first.week) == (department.id, iso_week(monday))
        assert first.sent == 1
        assert first.readers == len(department.recipients)
        assert all(other.sent == 0 for other in others)
    finally:
        manager.delete_secret(SecretId="oivallus/dev/link-key", ForceDeleteWithoutRecovery=True)

"""The runbook's redrive, restore and move, typed by bash as they stand, with the real handlers.

At the end of each an exact recount: what was taken is stored, understood and counted once. What
moto does otherwise, and what stands for it (`company.py`):

* It restores a table to a moment as it is now: here the copy is given that was put aside then.
  DynamoDB's own backup of a deleted table is one made just before.
* It restores no table of another region: here that table is given, as it is now.
* Its readers of queues take messages away: here `Enabled` says whether Understand gets its queue.
* CloudFormation's list of resources, Lambda's concurrency and `s3 sync` are played. `hub doctor` is
  left out; `test_doctor.py` runs it.

Rolling back is in `test_deploy.py`, where change sets are.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest

from chalicelib.adapters.clients import client
from chalicelib.adapters.tables import InteractionRow, SummaryRow
from chalicelib.pipeline.rebuild import recount, roll_up
from chalicelib.summary import weekly
from infra.commands.recounting import correct_counts
from infra.template import storage
from tests.infra import runbook
from tests.infra.company import HERE, NAME, RULES, START, THERE, Company, company

HOUR = timedelta(hours=1)
RESTORE = runbook.steps("Restore a table")
MOVE = runbook.steps("Move to a second region")
_SETUP = runbook.code(runbook.section("What each alarm means"))


@pytest.fixture
def stage() -> Iterator[Company]:
    with company(HERE) as made:
        yield made


def typed(stage: Company, *scripts: str, meanwhile: Any = None) -> str:
    """What bash prints; the word `meanwhile` between two scripts does something here."""

    def done(*_: object) -> tuple[int, str]:
        meanwhile()
        return 0, ""

    answers: dict[str, runbook.Answer] = {"aws": stage.aws, "hub": stage.hub, "meanwhile": done}
    setup = _SETUP.replace("AWS_REGION=eu-north-1", f"AWS_REGION={HERE}").replace("…", "acme")
    with runbook.bash(answers) as run:
        return run("\n".join((setup, *scripts)))


def of_table(end: str, step: str) -> str:
    """A step that is written for `…-interactions`, for another table."""
    assert "T=$S-interactions" in step
    return step.replace("T=$S-interactions", f"T=$S-{end}")


def test_each_table_that_was_deleted_comes_back_whole(stage: Company) -> None:
    ends = [end for _, end in storage.TABLES.values()]
    for place, end in enumerate(ends):
        number = 2 * place + 1
        stage.deliver(number)
        stage.work()
        _lose_and_restore(stage, end, number + 1)
        stage.assert_whole(number + 1)
    stage.assert_set(*ends)
    for rule in RULES:
        assert client("events").describe_rule(Name=rule)["State"] == "ENABLED"


def _lose_and_restore(stage: Company, end: str, number: int) -> None:
    """A table goes and comes back; meanwhile a vendor delivers, and comes again if refused."""
    counted = end in ("interactions", "summaries")
    stage.lose(end)
    taken = []

    def meanwhile() -> None:
        taken.append(stage.delivers(number))
        stage.work()  # is stopped: what waits, waits

    steps = [of_table(end, RESTORE[1]), "meanwhile", RESTORE[3], RESTORE[4], RESTORE[5]]
    typed(stage, *steps, RESTORE[6] if counted else "", RESTORE[7], meanwhile=meanwhile)
    assert taken == [200 if counted else 503]
    if not counted:
        stage.deliver(number)
    stage.work()


def test_wrong_interactions_are_restored_from_a_moment_and_nothing_is_lost(stage: Company) -> None:
    stage.deliver(1, 2, 3, 4)
    stage.work()
    stage.deliver(5, 6)  # taken before the moment, understood after
    stage.put_aside("interactions")
    stage.now = moment = START + HOUR
    stage.work()
    stage.deliver(7, 8)
    stage.work()
    stage.now += HOUR
    for row in InteractionRow.scan():  # a fault writes nonsense, and deletes
        if row.key.endswith(("1", "5", "7")):
            row.delete()
        else:
            row.update([InteractionRow.body.set(b"nonsense")])

    def meanwhile() -> None:
        stage.deliver(9)
        stage.work()

    steps = {number: step.replace("2026-11-23T08:00:00Z", moment.isoformat())
             .replace("2026-11-22T08:00:00Z", START.isoformat())
             for number, step in RESTORE.items()}  # fmt: skip
    typed(
        stage, steps[1], "meanwhile", *(steps[n] for n in (2, 4, 5, 6, 7, 8)), meanwhile=meanwhile
    )
    stage.work()
    stage.assert_whole(9)
    stage.assert_set("interactions")
    assert f"{NAME}-interactions-restored" not in client("dynamodb").list_tables()["TableNames"]


def test_counts_that_are_wrong_follow_the_interactions(stage: Company) -> None:
    stage.deliver(1, 2, 3)
    stage.work()
    for place, row in enumerate(SummaryRow.scan()):
        if place % 2:
            row.delete()
        else:
            row.update([SummaryRow.version.add(1)])
            client("dynamodb").update_item(
                TableName=f"{NAME}-summaries",
                Key={"week": {"S": row.week}, "part": {"S": row.part}},
                UpdateExpression="ADD #n :n",
                ExpressionAttributeNames={"#n": "n:contacts"},
                ExpressionAttributeValues={":n": {"N": "7"}},
            )
    typed(stage, of_table("summaries", RESTORE[1]), RESTORE[6], RESTORE[7])
    stage.assert_whole(3)


def test_weeks_that_were_rolled_up_are_corrected_too_and_expired_ones_left(stage: Company) -> None:
    stage.deliver(1, 2)
    stage.work()
    stage.now += timedelta(days=21)
    stage.deliver(3)
    stage.work()
    world = stage.world(HERE)
    assert roll_up(world) > 0
    assert correct_counts(world) == 0  # rolled up, and as they should be
    for row in SummaryRow.scan():
        row.delete()
    assert correct_counts(world) > 0
    days = START.date() - timedelta(days=2), stage.now.date() + timedelta(days=4)
    assert weekly(world.summaries.read(*days)) == weekly(recount(world))

    before = world.summaries.read(*days)
    assert before.count("contacts") == 3
    for expired in InteractionRow.scan():
        expired.delete()  # the counts stay
    stage.now += timedelta(days=world.organisation().retention.interactions_days)
    assert correct_counts(stage.world(HERE)) == 0
    assert world.summaries.read(*days) == before


def test_redriven_letters_are_counted_once(stage: Company) -> None:
    stage.deliver(1)
    stage.work()
    stage.endpoint.down = True
    stage.deliver(2, 3)
    stage.work()  # until the queue gives them up
    dead = {"QueueUrl": stage.regions[HERE].settings.events_queue_url + "-dead"}
    count = "ApproximateNumberOfMessages"
    told = client("sqs").get_queue_attributes(**dead, AttributeNames=[count])["Attributes"]
    assert told[count] == "2"
    stage.endpoint.down = False
    shown = typed(stage, runbook.code(runbook.section("Redrive dead letters")))
    assert "shop#c-2" in shown
    stage.work()
    stage.assert_whole(3)


def test_a_stage_moves_to_another_region_with_all_that_it_has() -> None:
    with company(HERE, THERE) as stage:
        stage.deliver(1, 2, 3)
        stage.work()
        archive = stage.regions[HERE].settings.archive_bucket
        client("s3").put_object(Bucket=archive, Key="raw/shop/large", Body=b"large")
        stage.deliver(4)  # still in the old region's queue when that is stopped

        def meanwhile() -> None:
            assert stage.delivers(5) == 502  # the door is closed: the vendor comes again
            for region in (HERE, THERE):
                assert not stage.regions[region].reads

        named = MOVE[1].splitlines()[0]
        assert named == "NEW=eu-west-1"
        steps = (MOVE[2], MOVE[3], "meanwhile", MOVE[4], MOVE[5])
        last = MOVE[6].replace("--since 2d", f"--since {START.isoformat()}")
        typed(stage, named, *steps, last, meanwhile=meanwhile)
        stage.cname = THERE
        stage.deliver(5)
        stage.work(THERE)
        stage.assert_whole(5, THERE)
        stage.assert_set(*(end for _, end in storage.TABLES.values()), region=THERE)
        moved = boto3.client("s3", region_name=THERE).get_object(
            Bucket=stage.regions[THERE].settings.archive_bucket, Key="raw/shop/large"
        )
        assert moved["Body"].read() == b"large"
        world = stage.world(THERE)
        assert recount(world).count("contacts") == 5

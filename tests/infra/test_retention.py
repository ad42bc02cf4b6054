"""What is over is gone: at once for every reader, and for good after the sweep.

DynamoDB deletes expired items up to some days late, so readers must not see them until then.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.adapters.audit import AuditLog
from chalicelib.adapters.clients import client
from chalicelib.adapters.settings import Settings
from chalicelib.adapters.tables import EventRow, InteractionRow, RegistryRow, SummaryRow
from chalicelib.adapters.world import World
from chalicelib.audit import KEPT, Look
from chalicelib.connectors.base import Outcome
from chalicelib.corrections import Correction, Quoted
from chalicelib.deliveries import time_digits
from chalicelib.insights.weeks import IsoWeek
from chalicelib.pipeline.customers import silent_of, topics_of
from chalicelib.pipeline.digests import quote_candidates
from chalicelib.pipeline.persons import export
from chalicelib.pipeline.receive import receive
from chalicelib.pipeline.replay import by_id, within
from chalicelib.pipeline.understand import understand
from infra.local.stack import Expiry
from infra.local.sweeper import archive_days, sweep, sweep_archive
from infra.template import archive, inbound, storage
from tests.conftest import NOW
from tests.pipeline.test_receive import MESSAGE, signed

AINO = "email:aino@a.example"
ROOT = Path(__file__).parent.parent.parent
SECOND = timedelta(seconds=1)
WEEK = IsoWeek(date(2026, 11, 16))


@pytest.fixture
def told(world: World) -> World:
    """One understood delivery, one that could not be read, one in the archive, a sent digest."""
    assert receive(world, "shop", signed({**MESSAGE, "text": "Toimitus on myöhässä"})).status == 200
    large = " ".join(f"{n * 7919 % 100003:x}" for n in range(160_000))
    again = {**MESSAGE, "id": "ev-2", "conversation": "c-2", "text": large}
    assert receive(world, "shop", signed(again)).status == 200
    assert receive(world, "shop", signed(json.dumps({"strange": 1}).encode())).status == 202
    assert understand(world, list(world.log.all_keys())) == frozenset()
    world.registry.claim_digest("d-1", NOW, timedelta(minutes=40))
    world.registry.mark_sent("d-1", NOW)
    AuditLog().add(Look(NOW, "local:a", "show --text", ("1",)))
    return world


def _at(world: World, moment: datetime) -> World:
    return replace(world, clock=lambda: moment)


def _over(model: type[EventRow] | type[InteractionRow] | type[SummaryRow]) -> datetime:
    """When the last row of a table is over."""
    return max(_all_over(model))


def _all_over(model: type[EventRow] | type[InteractionRow] | type[SummaryRow]) -> list[datetime]:
    return [row.expires_at for row in model.scan()]


def _sweep(settings: Settings, now: datetime) -> None:
    sweep(list(_expiries(settings)), settings.region, now)


def _expiries(settings: Settings) -> Iterator[Expiry]:
    """As the template sets them, of the tests' tables."""
    for model, name in storage.TABLES.values():
        expiry = storage.table_schema(model)["TimeToLiveSpecification"]
        assert expiry["Enabled"]
        yield Expiry(getattr(settings, f"{name}_table"), expiry["AttributeName"], ())


def _kept(world: World) -> int:
    """Deliveries that `hub show`, `hub replay` and `hub renormalize` find."""
    found = int(by_id(world, time_digits(NOW)) is not None)
    for outcome in (Outcome.ACCEPTED, Outcome.UNREADABLE):
        spans = within(world, ["shop"], NOW - timedelta(days=9), NOW + timedelta(9), outcome)
        found += len(list(spans))
    return found


def test_events_and_deliveries(told: World, aws: Settings) -> None:
    over = _over(EventRow)
    before, after = _at(told, min(_all_over(EventRow)) - SECOND), _at(told, over)
    assert _kept(before) > 0
    assert _kept(after) == 0
    received = [page["received"] for page in export(before, [AINO])]
    assert all(received)
    assert not any(page["received"] for page in export(after, [AINO]))
    _sweep(aws, over)
    assert list(EventRow.scan()) == []
    assert told.log.last_received_at("shop") is None


def test_interactions_samples_and_the_index_of_persons(told: World, aws: Settings) -> None:
    organisation, over = told.organisation(), max(_over(InteractionRow), _over(EventRow))
    before, after = _at(told, min(_all_over(InteractionRow)) - SECOND), _at(told, over)
    args = organisation, WEEK.monday, "late", "negative"
    assert len(list(quote_candidates(before, *args))) == 1
    assert list(quote_candidates(after, *args)) == []
    assert topics_of(after, WEEK) == ()
    assert list(export(after, [AINO])) == []
    assert silent_of(after, organisation, WEEK.back(-200)) == ((), True)
    _sweep(aws, over)
    assert list(told.interactions.all_keys()) == []
    assert told.interactions.sample("2026-W47#late#negative", 9) == []
    assert list(told.interactions.rhythm()) == []
    # Counts hold no person: they stay for their own time.
    assert told.summaries.read(WEEK.monday, WEEK.sunday).count("contacts") == 2


def test_corrections_and_the_quotes_behind_their_links(told: World, aws: Settings) -> None:
    """As long as their interaction; whoever learns from them, exports or shows one asks by now."""
    interaction, over = "shop#conv-1", NOW + timedelta(days=60)
    words = "Toimitus on myöhässä", "fi", "chat"
    asked = Correction(interaction, "m", *words, ("late",), "", "", NOW, "t", "model", "terminal")
    told.corrections.keep(asked, over)
    told.corrections.keep_quote(Quoted(interaction, "m", "a", *words, "model", over), over, NOW)
    for moment, seen in ((over - SECOND, 1), (over, 0)):
        assert len(list(told.corrections.all(moment))) == seen
        assert len(told.corrections.of(interaction, moment)) == seen
        assert (told.corrections.quote(interaction, "m", "a", moment) is not None) is bool(seen)
    kinds = {"correction", "quoted"}
    assert {row.kind for row in RegistryRow.scan()} >= kinds
    _sweep(aws, over)
    assert not {row.kind for row in RegistryRow.scan()} & kinds


def test_the_ledger_of_digests_forgets(told: World) -> None:
    lease = timedelta(minutes=40)
    for moment, state in ((NOW + KEPT - SECOND, "sent"), (NOW + KEPT, None)):
        assert told.registry.digest_state("d-1", moment) == state
        assert told.registry.claim_digest("d-1", moment, lease) is (state is None)


def test_an_organisation_that_was_superseded_is_forgotten(told: World, aws: Settings) -> None:
    """Readers' addresses are in its file: one that left must not stay for ever."""
    registry, left = told.registry, "lahtenyt@esimerkki.example"
    for number, text in enumerate((f"to: {left}", "to: uusi@esimerkki.example")):
        registry.publish_organisation(f"form of {text}", text, f"hash-{number}", NOW)

    def kept() -> str:
        return " ".join(str(row.body) for row in RegistryRow.query("organisation"))

    over = NOW + timedelta(days=90)
    _sweep(aws, over - SECOND)
    assert left in kept()
    _sweep(aws, over)
    assert left not in kept()
    assert registry.organisation() == "form of to: uusi@esimerkki.example"
    # One that comes back is current again, and its time starts when it is superseded again.
    registry.publish_organisation("form of 0", f"to: {left}", "hash-0", over)
    _sweep(aws, over + timedelta(days=400))
    assert "hash-0" in {row.id for row in RegistryRow.query("organisation")}
    assert "hash-1" not in {row.id for row in RegistryRow.query("organisation")}


def test_counts_and_small_state(told: World, aws: Settings) -> None:
    _sweep(aws, NOW + KEPT - SECOND)
    assert told.registry.digest_state("d-1", NOW) == "sent"
    assert {row.kind for row in RegistryRow.scan()} >= {"digest", "audit#2026-11-18"}
    _sweep(aws, NOW + KEPT)
    assert told.registry.digest_state("d-1", NOW) is None
    assert {row.kind for row in RegistryRow.scan()} == {"organisation"}
    days = told.organisation().retention.summaries_days
    assert _over(SummaryRow) >= NOW + timedelta(days=400)
    _sweep(aws, _over(SummaryRow) + timedelta(days=days))
    assert told.summaries.read(WEEK.monday, WEEK.sunday).cells == {}


def test_the_archive(told: World, aws: Settings) -> None:
    """By the rules of the template: what vendors sent, and questions to the endpoint."""
    told.log.archive.put_json("asked/0/q.json", {"texts": []})
    written = datetime.now(UTC)  # S3's own time
    days = archive_days(raw_days=30)
    assert sweep_archive(aws.archive_bucket, days, written + timedelta(days=6, hours=23)) == 0
    assert sweep_archive(aws.archive_bucket, days, written + timedelta(days=8)) == 1
    assert sweep_archive(aws.archive_bucket, days, written + timedelta(days=31)) == 1
    assert "Contents" not in client("s3").list_objects_v2(Bucket=aws.archive_bucket)


def test_received_mail(aws: Settings) -> None:
    """What nobody read, by the rule of the template: the whole bucket, after RawDays."""
    bucket = inbound.resources("dev", keep=False)["InboundBucket"]["Properties"]
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["Prefix"]) == ("Enabled", "")
    assert rule["ExpirationInDays"] == {"Ref": "RawDays"}
    key = "mail/spam"
    client("s3").put_object(Bucket=aws.archive_bucket, Key=key, Body=b"From: a@a.example")
    days = {rule["Prefix"]: 30}
    assert sweep_archive(aws.archive_bucket, days, datetime.now(UTC) + timedelta(days=29)) == 0
    assert sweep_archive(aws.archive_bucket, days, datetime.now(UTC) + timedelta(days=31)) == 1


def test_only_writers_read_what_has_expired() -> None:
    """`Interactions.read` is for whoever writes the interaction anew; a reader takes `alive`."""
    writers = {"understand", "rebuild", "renormalize", "reenrich", "rotate", "passes", "persons"}
    writers |= {"recounting"}  # counts of what has expired, too, are in the summaries
    about_to_store = {"fetch", "recordings"}  # they look whether it was erased
    found = {
        path.stem
        for folder in ("chalicelib", "infra/commands")
        for path in (ROOT / folder).rglob("*.py")
        if "interactions.read(" in path.read_text(encoding="utf-8")
    }
    assert found <= writers | about_to_store


def test_every_part_of_the_archive_has_its_days() -> None:
    bucket = archive.resources(keep=True)["ArchiveBucket"]["Properties"]
    rules = bucket["LifecycleConfiguration"]["Rules"]
    assert {rule["Prefix"] for rule in rules} == set(archive_days(30))
    assert all(rule["Status"] == "Enabled" and rule["ExpirationInDays"] for rule in rules)

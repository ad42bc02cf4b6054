"""watch: the log of deliveries -> tallies -> findings -> one letter for each, to the integrator."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from chalicelib import notices, source_tally
from chalicelib.adapters.mail import Note
from chalicelib.adapters.telemetry import record, warn
from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Proof
from chalicelib.deliveries import Delivery
from chalicelib.errors import Misconfigured, Retryable
from chalicelib.insights.exposure import public_holidays
from chalicelib.organisation import Organisation
from chalicelib.source_tally import Tally
from chalicelib.sources_health import Finding, again, findings

#: A line is readable some seconds after it was printed; this long, all of them are.
SETTLED = timedelta(minutes=3)
#: How far back the first watch looks.
AT_FIRST = timedelta(days=7)


@dataclass(frozen=True)
class Watched:
    """One source, as its deliveries up to now tell it."""

    source: str
    tally: Tally
    findings: tuple[Finding, ...]
    about: notices.About


def watch(world: World) -> int:
    """Read what was delivered since the last time, and tell what is wrong; letters that left."""
    organisation, now = world.organisation(), world.clock()
    told = 0
    for watched in look(world, now - SETTLED):
        world.sources.keep(watched.source, watched.tally, now)
        for finding in watched.findings:
            told += _tell(world, organisation, watched, finding, now)
    return told


def look(world: World, until: datetime | None = None) -> list[Watched]:
    """Every watched source as of `until` (now, unless told); nothing is kept and nobody told."""
    organisation, now = world.organisation(), world.clock()
    until = until or now
    names = watched_sources(organisation)
    tallies = {name: world.sources.tally(name) or Tally(until - AT_FIRST) for name in names}
    new: dict[str, list[Delivery]] = {name: [] for name in names}
    since = min((tally.read_until for tally in tallies.values()), default=until)
    if since < until:
        for delivery in world.deliveries.between(since, until):
            if delivery.source in new:
                new[delivery.source].append(delivery)
    days_off = _days_off(organisation, now)
    found = []
    for name in names:
        tally = source_tally.fold(tallies[name], new[name], until)
        config = organisation.sources[name]
        wrong = findings(tally, config, now, organisation.zone, days_off)
        found.append(Watched(name, tally, wrong, about(world, organisation, name)))
    return found


def watched_sources(organisation: Organisation) -> list[str]:
    """The sources that deliver by themselves, in the order of the file."""
    return [
        name
        for name, source in organisation.sources.items()
        if CONNECTORS[source.connector].proof is not Proof.IMPORT
    ]


def about(world: World, organisation: Organisation, name: str) -> notices.About:
    """What a notice about a source must name."""
    config = organisation.sources[name]
    connector = CONNECTORS[config.connector]
    # The local hub alone is told its own address by its environment.
    stage = "" if world.public_url else f" --stage {world.secrets.prefix.split('/')[1]}"
    return notices.About(
        source=name,
        title=config.title,
        connector=config.connector,
        vendor=connector.title,
        hint=connector.secret_hint,
        retries=connector.retries,
        secret=f"{world.secrets.prefix}sources/{name}",
        url=f"{world.url()}/webhooks/{name}",
        stage=stage,
        expected_every_h=config.expected_every_h,
    )


def _days_off(organisation: Organisation, now: datetime) -> Collection[date]:
    return public_holidays(organisation.country, {now.year - 1, now.year, now.year + 1})


def _tell(
    world: World, organisation: Organisation, watched: Watched, finding: Finding, now: datetime
) -> int:
    """Write one finding to every integrator unless they know it already; how many letters left."""
    source, cause = watched.source, finding.cause.value
    facts: Mapping[str, str] = {"source": source, "cause": cause}
    if not world.sources.claim_notice(source, cause, now, again(finding.cause)):
        return 0
    letter = notices.notice(
        finding, watched.about, now, organisation.zone, organisation.languages[0]
    )
    sent = 0
    for recipient in organisation.integrators or (organisation.contact,):
        note = Note(
            sender=organisation.sender,
            recipient=recipient,
            reply_to=organisation.contact,
            subject=letter.subject,
            text=letter.text,
            language=letter.language,
            date=now,
        )
        try:
            world.mail.send_note(note)
        except (Retryable, Misconfigured) as error:
            warn("a notice was not sent", why=str(error), **facts)
        else:
            sent += 1
    if sent:
        record("notice sent", letters=sent, **facts)
    else:
        world.sources.release_notice(source, cause)
    world.count("notices_sent", sent, cause=cause)
    return sent

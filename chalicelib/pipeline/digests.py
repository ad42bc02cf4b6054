"""send_digests: summaries -> insights -> one letter per reader, once, on the local schedule."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from zoneinfo import ZoneInfo

from chalicelib import pages
from chalicelib.adapters.mail import Letter
from chalicelib.adapters.secrets import LINK_KEY, PSEUDONYM_KEY
from chalicelib.adapters.telemetry import record, warn
from chalicelib.adapters.world import World
from chalicelib.connectors.base import Reply
from chalicelib.digest import Digest, IsoWeek, Links, QuoteCandidate, compose, render, with_quotes
from chalicelib.digest.whole import WholeWeek, whole_week
from chalicelib.errors import Misconfigured, Retryable
from chalicelib.fold import fold, iso_week, part_of, sample_of
from chalicelib.interaction import Role
from chalicelib.organisation import WEEKDAYS, Department, Organisation, Schedule
from chalicelib.pipeline.corrections import linked
from chalicelib.pipeline.customers import more_of
from chalicelib.privacy.pseudonyms import same_person
from chalicelib.summary import Summary

HISTORY_WEEKS = 27  # the week itself and 26 before it
CATCH_UP = timedelta(hours=24)  # a digest that could not leave on time still does, for a day
UNDO = timedelta(hours=1)  # who left by mistake can come back from the page that said so
LEASE = timedelta(minutes=40)  # after it, a claimed digest that never left is sent by another run
QUOTE_SAMPLE = 40  # interactions that are read to choose a theme's quotes from


def due(schedule: Schedule, zone: ZoneInfo, now: datetime) -> date | None:
    """The Monday of the week that a digest is due for at `now`, or None.

    A digest tells of the last full ISO week before its scheduled local moment. It is due from
    then on for CATCH_UP.
    """
    local = now.astimezone(zone)
    days_since = (local.weekday() - WEEKDAYS.index(schedule.weekday)) % 7
    for back in (days_since, days_since + 7):
        day = local.date() - timedelta(days=back)
        moment = datetime.combine(day, schedule.at, zone)
        if moment <= now < moment + CATCH_UP:
            return day - timedelta(days=day.weekday() + 7)
    return None


def send_digests(world: World) -> int:
    """Send every digest that is due and not sent yet; how many left now."""
    organisation = world.organisation()
    now = world.clock()
    weeks: dict[date, _Week] = {}
    sent = 0
    for department in organisation.departments:
        monday = due(department.schedule, organisation.zone, now)
        if monday is None:
            continue
        week = weeks.setdefault(monday, _Week(world, organisation, monday))
        sent += sum(_send(world, week, department, reader) for reader in department.recipients)
    return sent


def _send(world: World, week: _Week, department: Department, recipient: str) -> bool:
    """Send one digest to one reader unless that is done; True when it left now."""
    reader = reader_id(world, department.id, recipient)
    digest_id = f"{iso_week(week.monday)}_{department.id}_{reader}"
    if world.registry.opted_out(reader):
        return False
    if world.registry.digest_state(digest_id, world.clock()) == "sent":
        return False
    letter = week.letter(department, recipient, digest_id)
    if not world.registry.claim_digest(digest_id, world.clock(), LEASE):
        return False
    try:
        world.mail.send(letter)
    except (Retryable, Misconfigured) as error:
        # Refused, so it did not leave: free it for the next run, and go on with the others.
        world.registry.release_digest(digest_id)
        warn("a digest was not sent", digest=digest_id, why=str(error))
        world.count("digests_failed", department=department.id)
        return False
    world.registry.mark_sent(digest_id, world.clock())
    world.count("digests_sent", department=department.id)
    record("digest sent", digest=digest_id, bytes=len(letter.html))
    return True


@dataclass(frozen=True)
class _Week:
    """One week's material, read once for all departments."""

    world: World
    organisation: Organisation
    monday: date

    @cached_property
    def summary(self) -> Summary:
        first = self.monday - timedelta(weeks=HISTORY_WEEKS - 1)
        return self.world.summaries.read(first, self.monday + timedelta(days=6))

    @cached_property
    def freshness(self) -> Mapping[str, datetime | None]:
        """When each webhook source last delivered; files have no rhythm."""
        return {
            name: self.world.log.last_received_at(name)
            for name, source in self.organisation.sources.items()
            if source.connector != "rows"
        }

    @cached_property
    def computed(self) -> WholeWeek:
        week = IsoWeek(self.monday)
        more = more_of(self.world, self.organisation, week, self.summary)
        return whole_week(self.organisation, week, self.summary, more)

    def digest(self, department: Department) -> Digest:
        digest = compose(
            self.organisation,
            department,
            IsoWeek(self.monday),
            self.summary,
            self.freshness,
            self.world.clock(),
            self.computed,
        )
        candidates = {
            (theme, feeling): list(
                quote_candidates(self.world, self.organisation, self.monday, theme, feeling)
            )
            for theme, feeling in digest.quote_requests
        }
        return linked(self.world, with_quotes(digest, candidates))

    def letter(self, department: Department, recipient: str, digest_id: str) -> Letter:
        token = unsubscribe_token(self.world, department.id, recipient)
        unsubscribe_url = f"{self.world.url()}/unsubscribe/{token}"
        mail = render(
            self.digest(department),
            Links(unsubscribe_url=unsubscribe_url, contact=self.organisation.contact),
        )
        return Letter(
            sender=self.organisation.sender,
            recipient=recipient,
            reply_to=self.organisation.contact,
            subject=mail.subject,
            text=mail.text,
            html=mail.html,
            language=department.language,
            unsubscribe_url=unsubscribe_url,
            tag=digest_id,
            date=self.world.clock(),
        )


def quote_candidates(
    world: World, organisation: Organisation, monday: date, theme: str, feeling: str
) -> Iterator[QuoteCandidate]:
    """Redacted customer texts of one week, theme and sentiment, from a bounded uniform sample."""
    part = part_of(iso_week(monday), theme, feeling)
    keys = world.interactions.sample(part, QUOTE_SAMPLE)
    person = same_person(world.secrets.keys(PSEUDONYM_KEY))
    for state in world.interactions.alive(keys, world.clock()).values():
        interaction = fold(state.events, state.enrichments)
        if sample_of(interaction, organisation) != part:
            continue  # the index is a moment behind an erasure or a correction
        spoken = [m for m in interaction.messages if m.message_id in interaction.enrichments]
        about = [
            (getattr(interaction.enrichments[m.message_id], feeling), m)
            for m in spoken
            if theme in dict(interaction.enrichments[m.message_id].themes)
            and m.role is Role.CUSTOMER
        ]
        if about:
            p, message = max(about, key=lambda scored: (scored[0], scored[1].message_id))
            judged = interaction.enrichments[message.message_id]
            yield QuoteCandidate(
                interaction_key=interaction.key,
                customer=interaction.customer and person(interaction.customer),
                text=message.text,
                language=judged.language,
                p=p,
                at=message.at,
                message_id=message.message_id,
                channel=interaction.channel.value,
                model=judged.model,
                keep_until=interaction.last_at
                + timedelta(days=organisation.retention.interactions_days),
            )


def record_mail(world: World, message: str) -> None:
    """Note what SES tells of a mail: one that it took is sent, whoever crashed afterwards.

    `message` is an SES event as JSON; its 'digest' tag is the ledger's id.
    """
    event = json.loads(message)
    kind = event.get("eventType", "")
    tags = event.get("mail", {}).get("tags", {}).get("digest", [])
    bounce = event.get("bounce", {})
    told = " ".join(filter(None, (kind, bounce.get("bounceType"), bounce.get("bounceSubType"))))
    for digest_id in tags:
        if kind in ("Send", "Delivery"):
            world.registry.mark_sent(digest_id, world.clock())
        if kind != "Send":
            world.registry.note_mail(digest_id.rpartition("_")[2], told, world.clock())
        if kind not in ("Send", "Delivery"):
            world.count("mail_problems", kind=kind)
            warn("a digest met a problem", digest=digest_id, kind=kind)


def reader_id(world: World, department: str, recipient: str) -> str:
    """A reader of a department without their address, 16 hex characters.

    By the oldest link key, so that a new one forgets nobody who wanted no more digests.
    """
    oldest = world.secrets.keys(LINK_KEY)[-1]
    return _mac(oldest, f"reader:{department}:{recipient.lower()}")[:16]


def unsubscribe_token(world: World, department: str, recipient: str) -> str:
    """What an unsubscribe link carries: no address, and nothing that can be made up.

    It never expires: a letter may be old when its reader has had enough of them (RFC 8058 has the
    address work for as long as the letter is there), and the link can do nothing else.
    """
    reader = reader_id(world, department, recipient)
    return f"{reader}.{_signature(world.secrets.key('link-key'), reader)}"


def undo_token(world: World, reader: str) -> str:
    """What the button carries with which a reader who has just left comes back, for UNDO."""
    until = int((world.clock() + UNDO).timestamp())
    return f"{reader}.{_undo(world.secrets.key('link-key'), reader, until)}.{until}"


def _signature(key: bytes, reader: str) -> str:
    return _mac(key, f"unsubscribe:{reader}")[:32]


def _undo(key: bytes, reader: str, until: int) -> str:
    return _mac(key, f"resubscribe:{reader}:{until}")[:32]


def _mac(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), sha256).hexdigest()


def unsubscribe(world: World, token: str, method: str) -> Reply:
    """A reader's unsubscribe link: a GET asks, a POST (RFC 8058 one-click) does it.

    Link scanners of mail gateways follow GETs, so a GET changes nothing. The page after it has a
    button that takes it back, whose token this reads too.
    """
    reader, _, signed = token.partition(".")
    mac, _, until = signed.partition(".")
    if until:
        return _resubscribe(world, reader, mac, until, method)
    fits = [
        hmac.compare_digest(mac.encode(), _signature(key, reader).encode())
        for key in world.secrets.keys(LINK_KEY)
    ]
    if not any(fits):
        return Reply(404, pages.broken(), pages.HEADERS)
    if method != "POST":
        return Reply(200, pages.asking(), pages.HEADERS)
    world.registry.opt_out(reader, world.clock())
    world.count("opt_outs")
    told = pages.stopped(undo_token(world, reader), world.organisation().contact)
    return Reply(200, told, pages.HEADERS)


def _resubscribe(world: World, reader: str, mac: str, until: str, method: str) -> Reply:
    at = int(until) if re.fullmatch(r"[0-9]{1,12}", until) else 0
    fits = [
        hmac.compare_digest(mac.encode(), _undo(key, reader, at).encode())
        for key in world.secrets.keys(LINK_KEY)
    ]
    if not any(fits) or at < world.clock().timestamp():
        return Reply(404, pages.broken(), pages.HEADERS)
    if method != "POST":
        return Reply(200, pages.offering(), pages.HEADERS)
    world.registry.opt_in(reader, world.clock())
    return Reply(200, pages.resumed(), pages.HEADERS)

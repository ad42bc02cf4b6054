"""Customer lists: whom to get in touch with, and whom not to ask, each with its reason.

Both name customers, so they are made when a person asks for one and are never mailed. A customer is
named by the organisation's own reference where one is known: from the list that the asker brings,
or from the vendor's id in the event log as long as that is kept; else by the pseudonym.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice

from chalicelib import privacy
from chalicelib.adapters.codec import State
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.secrets import PSEUDONYM_KEY
from chalicelib.adapters.world import World
from chalicelib.digest import customer_reasons
from chalicelib.digest.speech import Speech
from chalicelib.fold import fold, sentiment, themes
from chalicelib.insights.weeks import IsoWeek
from chalicelib.interaction import Interaction, Rating
from chalicelib.organisation import Organisation
from chalicelib.pipeline.customers import silent_of
from chalicelib.privacy.pseudonyms import same_person, under_each

OWN_REFERENCE = "id:"  # a vendor's or the organisation's own number; addresses are not written out
KNOWN_DAYS = 30
READ_AT_ONCE = 200
DISSATISFIED, SATISFIED = 2, 4  # the whole interval must lie at or beyond


@dataclass(frozen=True)
class Listed:
    """One customer. `theme` is what the last contact was about, `suits` the department that owns
    it; both are names, empty where nothing tells."""

    customer: str
    reason: str
    last_contact: date
    theme: str
    suits: str


@dataclass(frozen=True)
class _Seen:
    """A customer's interaction, with the record that it was read from."""

    state: State
    interaction: Interaction


def silent_customers(
    world: World, week: IsoWeek, references: Iterable[str] = (), language: str = ""
) -> tuple[Listed, ...]:
    """Regular customers whose pause became unusual in a week; those who left unhappy come first.

    `references` are the organisation's own words for customers ('id:VK100', 'email:a@b.example').
    """
    organisation = world.organisation()
    speech = Speech(language or organisation.languages[0])
    named = _named(world, references)
    rows = []
    for one in silent_of(world, organisation, week)[0]:
        seen = _last_of(world, one.customer)
        if seen is None:
            continue
        tone = sentiment(seen.interaction)
        reason = customer_reasons.silent(speech, one, tone, seen.interaction.resolved)
        unhappy = (tone == "negative") + (seen.interaction.resolved is False)
        row = _listed(organisation, speech, named(one.customer, seen), reason, seen)
        rows.append((-unhappy, -one.contacts, row.customer, row))
    return tuple(row for *_, row in sorted(rows, key=lambda of: of[:3]))


def known_customers(
    world: World, days: int = KNOWN_DAYS, references: Iterable[str] = (), language: str = ""
) -> tuple[Listed, ...]:
    """Customers who told us clearly within `days`: a rating, or words that leave no doubt."""
    organisation = world.organisation()
    speech = Speech(language or organisation.languages[0])
    named = _named(world, references)
    since = world.clock() - timedelta(days=days)
    told: dict[str, tuple[datetime, str, _Seen]] = {}
    for customer, seen in _recent(world, since):
        found = _clearly_told(seen, since)
        if found is None or (customer in told and told[customer][0] >= found[0]):
            continue
        at, what = found
        day = organisation.local_day(at)
        reason = (
            customer_reasons.rated(speech, what, day)
            if isinstance(what, Rating)
            else customer_reasons.told(speech, what, day)
        )
        told[customer] = (at, reason, seen)
    rows = [
        _listed(organisation, speech, named(customer, seen), reason, seen)
        for customer, (_, reason, seen) in told.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.last_contact.toordinal(), row.customer)))


def _clearly_told(seen: _Seen, since: datetime) -> tuple[datetime, Rating | bool] | None:
    """When and what a customer told for sure: the latest rating, else the latest clear words."""
    rated = [e for e in seen.state.events if e.ratings and e.occurred_at >= since]
    if rated and seen.interaction.ratings:
        latest = max(rated, key=lambda event: (event.occurred_at, event.event_id))
        return latest.occurred_at, latest.ratings[0]
    for message in reversed(seen.interaction.messages):
        judged = seen.interaction.enrichments.get(message.message_id)
        if judged is None or judged.satisfaction is None or message.at < since:
            continue
        _, low, high = judged.satisfaction
        if high <= DISSATISFIED or low >= SATISFIED:
            return message.at, low >= SATISFIED
    return None


def _recent(world: World, since: datetime) -> Iterator[tuple[str, _Seen]]:
    """Known customers' interactions that began since then."""
    person = same_person(world.secrets.keys(PSEUDONYM_KEY))
    every = world.interactions.recent(since)
    while keys := list(islice(every, READ_AT_ONCE)):
        for state in world.interactions.alive(keys, world.clock()).values():
            interaction = fold(state.events, state.enrichments)
            if interaction.customer and interaction.contacted:
                yield person(interaction.customer), _Seen(state, interaction)


def _last_of(world: World, customer: str) -> _Seen | None:
    """A customer's latest contact."""
    keys = world.secrets.keys(PSEUDONYM_KEY)
    every = [
        of
        for name in sorted(under_each(customer, keys))
        for of in world.interactions.of_customer(name)
    ]
    seen = [
        _Seen(state, interaction)
        for state in world.interactions.alive(every, world.clock()).values()
        if (interaction := fold(state.events, state.enrichments)).contacted
        and not interaction.erased
    ]
    return max(seen, key=lambda one: (one.interaction.started_at, one.state.key), default=None)


def _listed(
    organisation: Organisation, speech: Speech, customer: str, reason: str, seen: _Seen
) -> Listed:
    spoken = themes(seen.interaction, organisation)[:1]
    theme = organisation.theme_by_id[spoken[0]] if spoken else None
    return Listed(
        customer,
        reason,
        organisation.local_day(seen.interaction.started_at),
        theme.called(speech.language) if theme else "",
        organisation.department_by_id[theme.department].called(speech.language) if theme else "",
    )


# --- names --------------------------------------------------------------------------------------


def _named(world: World, references: Iterable[str]) -> Callable[[str, _Seen], str]:
    """How a customer is named: by the asker's own list, else by an id of the log, else not."""
    keys = world.secrets.keys(PSEUDONYM_KEY)
    own = {privacy.pseudonym(reference, keys[0]): reference for reference in references}

    def name(customer: str, seen: _Seen) -> str:
        return own.get(customer) or _logged(world, keys, customer, seen.state) or customer

    return name


def _logged(world: World, keys: Sequence[bytes], customer: str, state: State) -> str:
    """The id that the source gave the customer, where the log still holds it."""
    wanted = [EventKey(state.key, event.event_id) for event in state.events]
    logged = world.log.read(wanted)
    told = {logged[key].customer or "" for key in wanted if key in logged}
    ids = sorted(one for one in told if one.startswith(OWN_REFERENCE))
    return next((one for one in ids if privacy.pseudonym(one, keys[0]) == customer), "")

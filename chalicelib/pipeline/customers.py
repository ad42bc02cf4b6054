"""What counts alone cannot tell: who came back, what is new in the words, who fell silent.

Each is found once a week for the whole organisation, from indexes and bounded samples, and kept in
the registry: every department's digest, and every later run, reads the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from chalicelib.adapters.world import World
from chalicelib.fold import fold, iso_week, part_of
from chalicelib.insights.new_topics import NewTopic, Text, new_topics
from chalicelib.insights.repeats import Contact, Repeats, repeats
from chalicelib.insights.silent import Silent, newly_silent
from chalicelib.insights.weeks import IsoWeek
from chalicelib.interaction import Role
from chalicelib.organisation import Organisation
from chalicelib.summary import UNSURE

FEELINGS = ("negative", "neutral", "positive", None)
TOPIC_WEEKS = 8
TOPIC_SAMPLE = 120  # texts of a week and sentiment: some 4 MB are read for the nine weeks
LARGEST_RHYTHM = 3_000_000  # contacts: what a function of 1 GB can hold


def repeats_of(
    world: World, organisation: Organisation, week: IsoWeek, all_contacts: int
) -> Repeats:
    """First contact resolution and repeats of a week whose window has passed."""
    window = organisation.first_contact_resolution_window_days
    first = IsoWeek.of(week.monday - timedelta(days=window))
    last = IsoWeek.of(week.sunday + timedelta(days=window))
    weeks = [last.back(age) for age in range((last.monday - first.monday).days // 7, -1, -1)]
    contacts = [one for each in weeks for one in _contacts(world, organisation, each)]
    return repeats(contacts, week, window, all_contacts)


def _contacts(world: World, organisation: Organisation, week: IsoWeek) -> Iterator[Contact]:
    for theme in [*organisation.theme_by_id, UNSURE]:
        for feeling in FEELINGS:
            for one in world.interactions.linked(part_of(iso_week(week.monday), theme, feeling)):
                day = organisation.local_day(one.started_at)
                yield Contact(one.customer, theme, day, one.resolved)


def topics_of(world: World, week: IsoWeek) -> tuple[NewTopic, ...]:
    """What customers talk of this week that fits no theme and that they hardly did before."""
    before = [
        text for age in range(1, TOPIC_WEEKS + 1) for text in _unsure_texts(world, week.back(age))
    ]
    return new_topics(list(_unsure_texts(world, week)), before, TOPIC_WEEKS)


def _unsure_texts(world: World, week: IsoWeek) -> Iterator[Text]:
    """A sample of the redacted texts that no theme fits."""
    for feeling in FEELINGS[:3]:
        part = part_of(iso_week(week.monday), UNSURE, feeling)
        keys = world.interactions.sample(part, TOPIC_SAMPLE)
        for state in world.interactions.read(keys).values():
            interaction = fold(state.events, state.enrichments)
            said = [
                m.text for m in interaction.messages if m.role is Role.CUSTOMER and not m.erased
            ]
            if said and not interaction.erased:
                yield Text(state.key, interaction.customer, "\n".join(said))


def silent_of(world: World, organisation: Organisation, week: IsoWeek) -> tuple[Silent, ...]:
    """Customers whose pause became unusual during a week. Empty above LARGEST_RHYTHM contacts:
    `hub silent` then reads an export instead."""
    days: dict[str, list[date]] = {}
    for number, (customer, started_at) in enumerate(world.interactions.rhythm()):
        if number == LARGEST_RHYTHM:
            return ()
        day = organisation.local_day(started_at)
        if day <= week.sunday:
            days.setdefault(customer, []).append(day)
    return newly_silent(days, week.sunday, week.back().sunday)

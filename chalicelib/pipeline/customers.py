"""What counts alone cannot tell: who came back, what is new in the words, who fell silent.

Each is found for the whole organisation from indexes and bounded samples: every department's digest
of a run reads the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from chalicelib.adapters.secrets import PSEUDONYM_KEY
from chalicelib.adapters.world import World
from chalicelib.digest.whole import More
from chalicelib.fold import fold, iso_week, language, part_of
from chalicelib.insights import PUBLISHED_FROM
from chalicelib.insights.new_topics import NewTopic, Text, new_topics
from chalicelib.insights.read_anew import read_anew
from chalicelib.insights.repeats import Contact, Repeats, repeats
from chalicelib.insights.silent import Silent, newly_silent
from chalicelib.insights.together import Word, telling_words
from chalicelib.insights.weeks import IsoWeek
from chalicelib.insights.words import stems, usual_forms
from chalicelib.interaction import Role
from chalicelib.organisation import Organisation
from chalicelib.privacy.pseudonyms import same_person
from chalicelib.summary import UNSURE, Summary

FEELINGS = ("negative", "neutral", "positive", None)
TOPIC_WEEKS = 8
TOPIC_SAMPLE, EARLIER_SAMPLE = 120, 30  # texts of each sentiment: this week, and each earlier
WORD_THEMES, WORD_SAMPLE, EARLIER_WORDS, TOLD_WORDS = 5, 60, 20, 12
LARGEST_RHYTHM = 100_000  # contacts of known customers: two seconds
LARGEST_LINKED = 40_000  # contacts of known customers: a second of CPU, half a point of error


def more_of(world: World, organisation: Organisation, week: IsoWeek, summary: Summary) -> More:
    """What a week's digests tell beside its counts; `summary` holds the week and the one before.

    Repeats are of the latest week whose window has passed. What is held against weeks that another
    model read is not told.
    """
    anew = read_anew(summary, week)
    alike = anew.weeks if anew else TOPIC_WEEKS
    window = timedelta(days=organisation.first_contact_resolution_window_days)
    closed = IsoWeek.of(week.sunday - window - timedelta(days=6))
    contacts = summary.between(closed.monday, closed.sunday).count("contacts")
    this_week = summary.between(week.monday, week.sunday)
    silent, every = silent_of(world, organisation, week, LARGEST_RHYTHM)
    return More(
        repeats=repeats_of(world, organisation, closed, contacts) if contacts and alike else None,
        new_topics=topics_of(world, week) if alike >= TOPIC_WEEKS else (),
        silent=silent,
        words=words_of(world, week, _loudest(this_week)) if alike >= TOPIC_WEEKS else {},
        every_customer=every,
    )


def _loudest(this_week: Summary) -> list[str]:
    """The themes with most negative contacts."""
    negatives = {
        theme: measures["negative"]
        for theme, measures in this_week.by(lambda cell: cell.theme).items()
        if theme != UNSURE and measures["negative"] >= 2 * PUBLISHED_FROM
    }
    return sorted(negatives, key=lambda theme: (-negatives[theme], theme))[:WORD_THEMES]


def words_of(world: World, week: IsoWeek, themes: Sequence[str]) -> Mapping[str, tuple[Word, ...]]:
    """Theme -> the words that its negative texts use more this week than in the eight before."""
    found = {}
    for theme in themes:
        now, *before = [
            list(_texts(world, week.back(age), theme, ("negative",), limit))
            for age, limit in enumerate([WORD_SAMPLE] + TOPIC_WEEKS * [EARLIER_WORDS])
        ]
        said = [stems(one.text) for one in now]
        earlier = [stems(one.text) for texts in before for one in texts]
        telling = telling_words(said, earlier)[:TOLD_WORDS]
        if telling:
            forms = usual_forms(one.text for one in now)
            users: dict[str, set[str]] = {}
            for one, held in zip(now, said, strict=True):
                for stem in held:
                    users.setdefault(stem, set()).add(one.language)
            found[theme] = tuple(
                replace(
                    one, word=forms.get(one.word, one.word), languages=frozenset(users[one.word])
                )
                for one in telling
            )
    return found


def repeats_of(
    world: World, organisation: Organisation, week: IsoWeek, all_contacts: int
) -> Repeats:
    """First contact resolution and repeats of a week whose window has passed.

    `all_contacts` is how many the week had. Where the weeks around it may hold more than
    LARGEST_LINKED, a random sample of the customers is counted, each with all contacts.
    """
    window = organisation.first_contact_resolution_window_days
    first = IsoWeek.of(week.monday - timedelta(days=window))
    last = IsoWeek.of(week.sunday + timedelta(days=window))
    weeks = [last.back(age) for age in range((last.monday - first.monday).days // 7, -1, -1)]
    sampled = min(1.0, LARGEST_LINKED / max(1, all_contacts * len(weeks)))
    contacts = [one for each in weeks for one in _contacts(world, organisation, each, sampled)]
    return repeats(contacts, week, window, all_contacts, sampled)


def _contacts(
    world: World, organisation: Organisation, week: IsoWeek, sampled: float
) -> Iterator[Contact]:
    person = _person(world)
    for theme in [*organisation.theme_by_id, UNSURE]:
        for feeling in FEELINGS:
            part = part_of(iso_week(week.monday), theme, feeling)
            for one in world.interactions.linked(part, sampled):
                day = organisation.local_day(one.started_at)
                yield Contact(person(one.customer), theme, day, one.resolved)


def topics_of(world: World, week: IsoWeek) -> tuple[NewTopic, ...]:
    """What customers talk of this week that fits no theme and that they hardly did before."""
    before = [
        text
        for age in range(1, TOPIC_WEEKS + 1)
        for text in _unsure_texts(world, week.back(age), EARLIER_SAMPLE)
    ]
    return new_topics(list(_unsure_texts(world, week, TOPIC_SAMPLE)), before)


def _unsure_texts(world: World, week: IsoWeek, limit: int) -> Iterator[Text]:
    """A sample of the redacted texts that no theme fits."""
    return _texts(world, week, UNSURE, FEELINGS[:3], limit)


def _texts(
    world: World, week: IsoWeek, theme: str, feelings: Iterable[str | None], limit: int
) -> Iterator[Text]:
    """A sample of a week's redacted texts of one theme, `limit` of each sentiment."""
    person = _person(world)
    for feeling in feelings:
        keys = world.interactions.sample(part_of(iso_week(week.monday), theme, feeling), limit)
        for state in world.interactions.alive(keys, world.clock()).values():
            interaction = fold(state.events, state.enrichments)
            said = [
                m.text for m in interaction.messages if m.role is Role.CUSTOMER and not m.erased
            ]
            if said and not interaction.erased:
                customer = interaction.customer and person(interaction.customer)
                yield Text(state.key, customer, "\n".join(said), language(interaction))


def silent_of(
    world: World, organisation: Organisation, week: IsoWeek, most: int | None = None
) -> tuple[tuple[Silent, ...], bool]:
    """Customers whose pause became unusual during a week, and whether every customer was looked at.

    From all contacts that are kept, or the first `most` of known customers: the index holds one
    customer's together, and its order of customers is as good as random.
    """
    person, days, every = _person(world), dict[str, list[date]](), True
    kept = timedelta(days=organisation.retention.interactions_days)
    oldest = organisation.local_day(world.clock() - kept)  # the table deletes some days late
    for number, (customer, started_at) in enumerate(world.interactions.rhythm()):
        if number == most:
            every = False
            days.pop(person(customer), None)  # perhaps not all of theirs were read
            break
        day = organisation.local_day(started_at)
        if oldest <= day <= week.sunday:
            days.setdefault(person(customer), []).append(day)
    return newly_silent(days, week.sunday, week.back().sunday), every


def _person(world: World) -> Callable[[str], str]:
    """One name for each customer, also while the key of pseudonyms is being rotated."""
    return same_person(world.secrets.keys(PSEUDONYM_KEY))

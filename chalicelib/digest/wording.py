"""Wording: a Digest in the reader's language, as a View."""

from __future__ import annotations

from chalicelib.digest import sentences
from chalicelib.digest.contents import Digest, Links
from chalicelib.digest.correction_words import CORRECTION
from chalicelib.digest.insight_sections import priorities
from chalicelib.digest.quotes import shortened
from chalicelib.digest.sections import SECTIONS, margin
from chalicelib.digest.speech import N_, Speech
from chalicelib.digest.view import Link, Tile, View
from chalicelib.insights import PUBLISHED_FROM
from chalicelib.insights.history import JUDGED_FROM_WEEKS
from chalicelib.insights.read_anew import ReadAnew

PREHEADER = 200  # characters: no inbox shows more

_WEEKLY = {
    "monday": N_("on Mondays at {time}"),
    "tuesday": N_("on Tuesdays at {time}"),
    "wednesday": N_("on Wednesdays at {time}"),
    "thursday": N_("on Thursdays at {time}"),
    "friday": N_("on Fridays at {time}"),
    "saturday": N_("on Saturdays at {time}"),
    "sunday": N_("on Sundays at {time}"),
}


def view(digest: Digest, links: Links) -> View:
    """Every word of the digest, once, for both templates."""
    speech = Speech(digest.language)
    parts = (SECTIONS[section](digest, speech) for section in digest.order)
    alerts, headlines = _alerts(digest, speech), _headlines(digest, speech)
    tiles = _tiles(digest, speech)
    return View(
        language=digest.language,
        subject=sentences.subject(digest, speech),
        preheader=_preheader(alerts, headlines, tiles),
        department=digest.department,
        organisation=digest.organisation,
        week=speech.say("Week {week}", week=digest.week.number),
        dates=speech.dates(digest.week),
        alerts=alerts,
        headlines=headlines,
        notes=_notes(digest, speech),
        first=priorities(digest, speech),
        numbers_title=speech.say("The week in numbers"),
        tiles=tiles,
        parts=tuple(part for part in parts if part),
        why=_why(digest, speech),
        links=_links(speech, links),
        wrong_theme=CORRECTION[digest.language].link,
    )


def _preheader(alerts: tuple[str, ...], headlines: tuple[str, ...], tiles: tuple[Tile, ...]) -> str:
    """What an inbox shows after the subject, which tells the first headline already."""
    if not tiles:
        return " ".join(headlines)
    numbers = " · ".join(f"{tile.label} {tile.value}" for tile in tiles[:2])
    return shortened(" ".join((*alerts, *headlines[1:2], numbers)), PREHEADER)


def _alerts(digest: Digest, speech: Speech) -> tuple[str, ...]:
    silent = digest.silent
    if not silent:
        return ()
    names = ", ".join(digest.names.sources[state.source] for state in silent)
    told = speech.count(
        "A source is silent: {names}.", "{n} sources are silent: {names}.", len(silent), names=names
    )
    if digest.contacts.now:
        told += " " + speech.say("The week's numbers may be too small.")
    return (told,)


def _headlines(digest: Digest, speech: Speech) -> tuple[str, ...]:
    if digest.headlines:
        return tuple(sentences.headline(digest, speech, head) for head in digest.headlines)
    contacts = digest.contacts.now
    if contacts >= PUBLISHED_FROM:
        return (sentences.calm(digest, speech),)
    if contacts:
        return (speech.say("Under five contacts: too few to break down."),)
    if digest.whole_contacts:
        elsewhere = speech.published(digest.whole_contacts)
        return (
            speech.say(
                "The week had no contacts on your themes; the whole organisation had {n}.",
                n=elsewhere,
            ),
        )
    if digest.silent:
        return (
            speech.say(
                "The week had no contacts. Have the silent sources checked: "
                "silence does not mean a good week."
            ),
        )
    return (
        speech.say("The week had no contacts, though every source is within its usual rhythm."),
    )


def _notes(digest: Digest, speech: Speech) -> tuple[str, ...]:
    """What the reader must know before comparing weeks."""
    if digest.judged or not digest.contacts.now:
        return ()
    if digest.anew:
        return (_read_anew(digest.anew, speech),)
    if digest.history_weeks == 0:
        return (speech.say("The first week: there is nothing to compare with yet."),)
    return (
        speech.count(
            "Changes are judged from {needed} earlier weeks on; so far there is {n}.",
            "Changes are judged from {needed} earlier weeks on; so far there are {n}.",
            digest.history_weeks,
            needed=JUDGED_FROM_WEEKS,
        ),
    )


def _read_anew(anew: ReadAnew, speech: Speech) -> str:
    """Why earlier weeks are not compared with: another model read them."""
    if anew.since is None:
        return speech.say(
            "A new version of the software is reading earlier weeks' messages again. They are "
            "compared with once that is done."
        )
    return speech.say(
        "A new version of the software has read the messages since the week of {day}. It judges "
        "a little differently, so earlier weeks are not compared with.",
        day=speech.day(anew.since.monday),
    )


def _tiles(digest: Digest, speech: Speech) -> tuple[Tile, ...]:
    contacts = digest.contacts.now
    if not contacts:
        return ()
    compared = sentences.change(speech, digest.contacts)
    tiles = [Tile(speech.say("Contacts"), speech.published(contacts), details=compared)]
    return tuple(
        tiles
        + _negative_tile(digest, speech)
        + _rating_tile(digest, speech)
        + _failure_tile(digest, speech)
    )


def _negative_tile(digest: Digest, speech: Speech) -> list[Tile]:
    share = digest.negative.now
    if share is None:
        return []
    texts = speech.say("{k} of {n} contacts with text.", k=speech.published(share.k), n=share.n)
    return [
        Tile(
            speech.say("Negative"),
            speech.percent(share.value),
            speech.interval(share.low, share.high),
            (texts, *sentences.share_change(speech, digest.negative)),
        )
    ]


def _rating_tile(digest: Digest, speech: Speech) -> list[Tile]:
    """The organisation's first question with a result; its change stands in the ratings."""
    for row in digest.ratings:
        score = row.whole.now
        if score.value is None:
            continue
        name = sentences.QUESTIONS[score.question]
        if row.own is not None:
            name = speech.say("{question}, whole organisation", question=name)
        answers = speech.say("{n} answers.", n=score.n)
        return [Tile(name, sentences.score_value(speech, score), margin(speech, score), (answers,))]
    return []


def _failure_tile(digest: Digest, speech: Speech) -> list[Tile]:
    if digest.failure is None:
        return []
    share = digest.failure.failures
    basis = speech.say("{k} of {n} contacts.", k=speech.published(share.k), n=share.n)
    return [
        Tile(
            speech.say("Failure demand"),
            speech.percent(share.value),
            speech.interval(share.low, share.high),
            (basis, *sentences.share_change(speech, digest.failure_change)),
        )
    ]


def _why(digest: Digest, speech: Speech) -> tuple[str, ...]:
    when = speech.say(_WEEKLY[digest.weekday], time=speech.clock(digest.at))
    margins = speech.say(
        "The margin of error (± or a range in brackets) shows how much a number may vary by "
        "chance: 95 times out of 100 the true value lies within it."
    )
    clear = speech.say("A change is clear where chance hardly explains it.")
    withheld = speech.say(
        "Counts under five are not shown. Personal data has been removed from quotes."
    )
    reading = " ".join((margins, *((clear,) if digest.judged else ()), withheld))
    return (
        speech.say(
            "A contact is a customer's message, call, survey answer or review. "
            "Software judges its theme and tone, and is sometimes wrong."
        ),
        *((reading,) if digest.contacts.now else ()),
        speech.say(
            "You receive this because your address is on the list of recipients "
            "({department}, {organisation}). It is sent {when}.",
            department=digest.department,
            organisation=digest.organisation,
            when=when,
        ),
    )


def _links(speech: Speech, links: Links) -> tuple[Link, ...]:
    page = (Link(speech.say("Open in the browser"), links.page_url),) if links.page_url else ()
    return (
        *page,
        Link(speech.say("Questions: {contact}", contact=links.contact), f"mailto:{links.contact}"),
        Link(speech.say("Unsubscribe"), links.unsubscribe_url),
    )

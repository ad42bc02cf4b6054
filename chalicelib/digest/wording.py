"""Wording: a Digest in the reader's language, as a View."""

from __future__ import annotations

from chalicelib.digest import calm, sentences
from chalicelib.digest.contents import Digest, Links, ShareChange, Top
from chalicelib.digest.correction_words import CORRECTION
from chalicelib.digest.insight_sections import priorities
from chalicelib.digest.letter import divided, words
from chalicelib.digest.quotes import shortened
from chalicelib.digest.sections import SECTIONS, first_result, margin
from chalicelib.digest.speech import N_, Speech
from chalicelib.digest.subjects import subject, worst_of_calm
from chalicelib.digest.view import Link, Tile, View
from chalicelib.insights import PUBLISHED_FROM
from chalicelib.insights.history import JUDGED_FROM_WEEKS
from chalicelib.insights.read_anew import ReadAnew

_WITH_TEXT = N_("{k} of {n} contacts with text.")
_AVOIDABLE = N_(
    "{k} of {n} contacts would not have been needed had things been done right first time."
)
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
    alerts, headlines = _alerts(digest, speech), _headlines(digest, speech)
    notes, tiles, first = _notes(digest, speech), _tiles(digest, speech), priorities(digest, speech)
    told = {section: SECTIONS[section](digest, speech) for section in digest.order}
    parts, details = divided(
        digest,
        {section: part for section, part in told.items() if part},
        words(*alerts, *headlines, *notes, *tiles, *((first,) if first else ())),
        is_calm=calm.is_calm(digest, speech),
    )
    return View(
        language=digest.language,
        subject=subject(digest, speech),
        preheader=_preheader(digest, speech, alerts, headlines, tiles),
        department=digest.department,
        organisation=digest.organisation,
        week=speech.say("Week {week}", week=digest.week.number),
        dates=speech.dates(digest.week),
        alerts=alerts,
        headlines=headlines,
        notes=notes,
        first=first,
        numbers_title=speech.say("The week in numbers"),
        numbers_note=_numbers_note(digest, speech),
        tiles=tiles,
        parts=parts,
        details_title=speech.say("The figures in detail"),
        details=details,
        why=_why(digest, speech),
        links=_links(speech, links),
        wrong_theme=CORRECTION[digest.language].link,
    )


def _preheader(
    digest: Digest,
    speech: Speech,
    alerts: tuple[str, ...],
    headlines: tuple[str, ...],
    tiles: tuple[Tile, ...],
) -> str:
    """What an inbox shows after the subject."""
    if not tiles:
        return " ".join(headlines)
    numbers = " · ".join(f"{tile.label} {tile.value}" for tile in tiles[:2])
    untold = _untold(digest, speech, headlines)
    return shortened(" ".join((*alerts, *untold, numbers)), PREHEADER)


def _untold(digest: Digest, speech: Speech, headlines: tuple[str, ...]) -> tuple[str, ...]:
    """The first headline that the subject does not tell."""
    if worst_of_calm(digest, speech):  # it tells two: no clear changes, and the worst theme
        return headlines[2:3]
    opened = len(headlines) > len(digest.headlines) > 0  # by a clear change, before the worst theme
    return headlines[:1] if opened and not calm.is_calm(digest, speech) else headlines[1:2]


def _alerts(digest: Digest, speech: Speech) -> tuple[str, ...]:
    silent = digest.silent
    if not silent:
        return ()
    names = ", ".join(digest.names.sources[state.source] for state in silent)
    told = speech.count(
        "A source is silent: {names}.", "{n} sources are silent: {names}.", len(silent), names=names
    )
    if digest.contacts.now:
        told += " " + speech.say("Some of the week's contacts may be missing.")
    return (told,)


def _headlines(digest: Digest, speech: Speech) -> tuple[str, ...]:
    contacts = digest.contacts.now
    told = tuple(sentences.headline(digest, speech, head) for head in digest.headlines)
    if told and not _lacks_the_change(digest, speech):
        return told
    if contacts >= PUBLISHED_FROM:
        return calm.told(digest, speech), *told
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


def _lacks_the_change(digest: Digest, speech: Speech) -> bool:
    """Whether the headlines do not say how the week's own numbers changed, or that they did not."""
    if not digest.judged:
        return False
    only_tops = all(isinstance(head, Top) for head in digest.headlines)
    return only_tops and not (calm.has_news(digest) and not calm.clear_change(digest, speech))


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


def _numbers_note(digest: Digest, speech: Speech) -> str:
    """How to read a difference of which nothing is said."""
    if not digest.judged or calm.is_calm(digest, speech):
        return ""
    return speech.say("A difference from the week before may be chance unless it is called clear.")


def _tiles(digest: Digest, speech: Speech) -> tuple[Tile, ...]:
    contacts = digest.contacts.now
    if not contacts:
        return ()
    compared = sentences.change(speech, digest.contacts)
    return (
        Tile(speech.say("Contacts"), speech.published(contacts), details=compared),
        *_share_tile(speech, speech.say("Negative"), _WITH_TEXT, digest.negative),
        *_rating_tile(digest, speech),
        *_share_tile(speech, speech.say("Failure demand"), _AVOIDABLE, digest.failure_change),
    )


def _share_tile(speech: Speech, label: str, basis: str, compared: ShareChange) -> list[Tile]:
    """A share of the week; `basis` is the message that tells what it is of."""
    share, changes = compared.now, sentences.share_change(speech, compared)
    if share is None:
        return []
    if sentences.is_small(share):
        value, margin_ = speech.published(share.k), ""
    else:
        value, margin_ = speech.percent(share.value), speech.interval(share.low, share.high)
    told = speech.sentence(basis, k=speech.published(share.k), n=share.n)
    return [Tile(label, value, margin_, (told, *changes))]


def _rating_tile(digest: Digest, speech: Speech) -> list[Tile]:
    """The organisation's first question with a result."""
    result = first_result(digest)
    if result is None:
        return []
    score, name = result.now, sentences.QUESTIONS[result.now.question]
    if any(row.own is not None for row in digest.ratings):
        name = speech.say("{question}, whole organisation", question=name)
    details = speech.say("{n} answers.", n=score.n), *sentences.score_change(speech, result)
    return [Tile(name, sentences.score_value(speech, score), margin(speech, score), details)]


def _why(digest: Digest, speech: Speech) -> tuple[str, ...]:
    when = speech.say(_WEEKLY[digest.weekday], time=speech.clock(digest.at))
    margins = speech.say(
        "The true value lies within the margin of error (± or a range in brackets) 95 times out "
        "of 100."
    )
    clear = speech.say("A change is called clear where chance hardly explains it.")
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
    return (
        Link(speech.say("Questions: {contact}", contact=links.contact), f"mailto:{links.contact}"),
        Link(speech.say("Unsubscribe"), links.unsubscribe_url),
    )

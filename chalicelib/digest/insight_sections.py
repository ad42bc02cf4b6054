"""Insight sections: the parts that tell what the week's insights found, in short rows.

A part is None where its rule says nothing: no section stands for 'not enough data'.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.digest import insight_sentences as told
from chalicelib.digest import sentences
from chalicelib.digest import work_sentences as work
from chalicelib.digest.contents import Digest, Quote
from chalicelib.digest.quotes import shortened
from chalicelib.digest.speech import Speech
from chalicelib.digest.spoken import said
from chalicelib.digest.view import Part, Row, Table
from chalicelib.insights import PUBLISHED_FROM
from chalicelib.insights.actions import Outcome
from chalicelib.insights.new_topics import NewTopic
from chalicelib.insights.priorities import Costly, Ground, Proposal
from chalicelib.insights.proportion import Share

GROUNDS, MORE_GROUNDS = 2, 1  # pieces of evidence that the first proposal shows, and the others
RISES, TOPICS, ACTIONS, LOWEST, HIGHEST = 3, 3, 5, 3, 2  # rows shown


def priorities(digest: Digest, speech: Speech) -> Part | None:
    """At most three proposals, each with its evidence and its owner."""
    rows = []
    explained = False
    for one in digest.selection.proposals:
        grounds = _shown(digest, one)
        evidence = [told.ground(digest, speech, g, explained=explained) for g in grounds]
        explained = explained or any(isinstance(ground, Costly) for ground in grounds)
        owner = digest.names.departments[one.owner]
        others = one.owner != digest.department_id
        owned = (speech.say("Owner: {department}.", department=owner),) if others else ()
        rows.append(Row(told.proposal(digest, speech, one), (), (*evidence, *owned)))
    if not rows:
        return None
    return Part(speech.say("Priorities"), (), Table((), tuple(rows)), notes=_order(digest, speech))


def _order(digest: Digest, speech: Speech) -> tuple[str, ...]:
    """Which proposals may as well stand in another order, or in another's place."""
    chosen = digest.selection
    shown = [told.about(digest, one) for one in chosen.tied if one in chosen.proposals]
    left_out = [told.about(digest, one) for one in chosen.tied if one not in chosen.proposals]
    lines = []
    if len(shown) > 1:
        lines.append(sentences.chance_order(speech, shown, among=len(chosen.proposals)))
    if left_out:
        lines.append(speech.say("May matter just as much: {list}.", list=", ".join(left_out)))
    return tuple(lines)


def proposed(digest: Digest) -> Sequence[Ground]:
    """The evidence that the proposals tell."""
    return [ground for one in digest.selection.proposals for ground in _shown(digest, one)]


def _shown(digest: Digest, one: Proposal) -> Sequence[Ground]:
    """The evidence that a proposal tells: not again what a headline tells with its numbers."""
    grounds = [ground for ground in one.grounds if ground not in digest.headlines]
    first = one is digest.selection.proposals[0]
    return (grounds or one.grounds)[: GROUNDS if first else MORE_GROUNDS]


def news(digest: Digest, speech: Speech) -> Part | None:
    """New topics, and rising themes that no proposal tells of."""
    chosen = digest.selection
    known = proposed(digest)
    rows = [
        Row(
            sentences.topic_name(speech, one),
            (),
            (told.new_topic(speech, one, counted=one not in digest.headlines),),
            quotes=_typical(speech, one),
        )
        for one in chosen.new_topics[:TOPICS]
        if one.customers >= PUBLISHED_FROM
    ]
    rows += [
        Row(digest.names.themes[one.theme], (), (told.rise(speech, one),))
        for one in chosen.rises[:RISES]
        if one.theme in digest.names.themes and one not in known
    ]
    return Part(speech.say("New and growing"), (), Table((), tuple(rows))) if rows else None


def _typical(speech: Speech, one: NewTopic) -> tuple[Quote, ...]:
    """What the most typical of a new topic's texts says."""
    voice = one.voice(speech.language)
    text = said(voice.quote)
    return (sentences.quoted(speech, Quote(shortened(text), voice.language)),) if text else ()


def actions(digest: Digest, speech: Speech) -> Part | None:
    """What became of fixes."""
    effects = digest.selection.effects[:ACTIONS]
    rows = tuple(
        Row(digest.names.actions[one.action], (), told.effect(digest, speech, one))
        for one in effects
    )
    if not rows:
        return None
    compared = any(one.outcome is not Outcome.TOO_EARLY for one in effects)
    intro = speech.say("Contacts on the theme, compared with the other themes, before and after.")
    title = speech.say("What the fixes achieved")
    return Part(title, (intro,) if compared else (), Table((), rows))


def moved(digest: Digest, speech: Speech) -> Part | None:
    """Why a score changed, for each that did."""
    rows = tuple(
        Row(sentences.QUESTIONS[one.movement.question], (), told.moved(digest, speech, one))
        for one in digest.selection.moved
    )
    return Part(speech.say("Why a score changed"), (), Table((), rows)) if rows else None


def waiting(digest: Digest, speech: Speech) -> Part | None:
    """Patience and the wait from which ratings fall, by channel."""
    rows = []
    for wait in digest.selection.waits:
        name = work.channel(speech, wait.channel)
        lines = [
            work.patience(speech, wait.patience) if wait.patience else None,
            work.threshold(speech, wait.threshold) if wait.threshold else None,
        ]
        details = tuple(line for line in lines if line)
        if name and details:
            rows.append(Row(name, (), details))
    return Part(speech.say("Waiting"), (), Table((), tuple(rows))) if rows else None


def forecast(digest: Digest, speech: Speech) -> Part | None:
    """How much work to expect, and what came of the week's forecast."""
    whole = digest.selection.workload
    if whole is None:
        return None
    title = speech.say("Forecast for week {week}", week=whole.next.week.number)
    return Part(title, work.forecast_told(speech, whole, digest.week.number))


def channels(digest: Digest, speech: Speech) -> Part | None:
    """The forecast by channel and day."""
    rows = tuple(
        Row(
            name,
            (speech.number(one.next.total.contacts), work.expected(speech, one.next.total)),
            work.forecast(speech, one, digest.week.number),
        )
        for one in digest.selection.forecasts
        if (name := work.channel(speech, one.channel))
    )
    if not rows:
        return None
    week = digest.selection.forecasts[0].next.week.number
    columns = (speech.say("Channel"), speech.say("Forecast"), speech.say("Range"))
    title = speech.say("Forecast for week {week} by channel", week=week)
    return Part(title, (), Table(columns, rows))


def drivers(digest: Digest, speech: Speech) -> Part | None:
    """What goes with low and high ratings."""
    found = digest.selection.drivers
    low = [one for one in found if one.effect < 0][:LOWEST]
    high = [one for one in reversed(found) if one.effect > 0][:HIGHEST]
    rows = tuple(
        Row(
            told.driver(digest, speech, one),
            (
                f"{speech.signed(one.effect, 1)} ±{speech.number(one.margin, 1)}",
                speech.number(one.n),
            ),
        )
        for one in (*low, *high)
    )
    if not rows:
        return None
    intro = speech.say(
        "How much satisfaction (1–5) differs from the average of 26 weeks, other things being "
        "equal. They are associated; that is no proof of a cause."
    )
    columns = (speech.say("Associated with"), speech.say("Difference"), speech.say("Answers"))
    return Part(speech.say("What goes with ratings"), (intro,), Table(columns, rows))


def repeats(digest: Digest, speech: Speech) -> Part | None:
    """First contact resolution and repeat contacts, a week late."""
    found = digest.selection.repeats
    if found is None or found.solved is None or found.solved.n < PUBLISHED_FROM:
        return None
    solved, repeated = found.solved, found.repeated
    lines = [
        speech.say(
            "Of the issues that began in week {week}, {share} {interval} were solved at first "
            "contact ({k}/{n}).",
            week=found.week.number,
            share=speech.percent(solved.value),
            interval=speech.interval(solved.low, solved.high),
            k=speech.published(solved.k),
            n=solved.n,
        )
    ]
    if repeated:
        lines.append(_repeated(speech, repeated))
    if found.linked and (found.sampled < 1 or round(found.linked.value, 2) < 1):
        known = speech.percent(found.linked.value)
        lines.append(
            speech.say("Counted among contacts of known customers, {share} of all.", share=known)
        )
        if found.sampled < 1:
            of_them = speech.percent(found.sampled)
            lines.append(speech.say("A random {share} of them were counted.", share=of_them))
    return Part(speech.say("Repeat contacts"), tuple(lines))


def _repeated(speech: Speech, found: Share) -> str:
    """How many came back; a few without their percentage, which would tell the count."""
    if sentences.is_small(found):
        k = speech.published(found.k)
        return speech.sentence("{k} of {n} contacts came back to the same theme.", k=k, n=found.n)
    return speech.say(
        "{share} {interval} of the contacts came back to the same theme ({k}/{n}).",
        share=speech.percent(found.value),
        interval=speech.interval(found.low, found.high),
        k=found.k,
        n=found.n,
    )

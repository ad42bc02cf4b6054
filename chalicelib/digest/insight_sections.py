"""Insight sections: the parts that tell what the week's insights found, in short rows.

A part is None where its rule says nothing: no section stands for 'not enough data'.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.digest import insight_sentences as told
from chalicelib.digest import sentences
from chalicelib.digest import work_sentences as work
from chalicelib.digest.by_channel import ChannelForecast
from chalicelib.digest.contents import Digest, Quote
from chalicelib.digest.quotes import shortened
from chalicelib.digest.speech import Speech
from chalicelib.digest.view import Part, Row, Table
from chalicelib.insights import PUBLISHED_FROM
from chalicelib.insights.new_topics import NewTopic
from chalicelib.insights.priorities import Ground, Proposal

GROUNDS = 2  # pieces of evidence a proposal shows
RISES, TOPICS, ACTIONS, LOWEST, HIGHEST = 3, 3, 5, 3, 2  # rows shown


def priorities(digest: Digest, speech: Speech) -> Part | None:
    """At most three proposals, each with its evidence and its owner."""
    rows = []
    for one in digest.selection.proposals:
        evidence = (told.ground(digest, speech, ground) for ground in _shown(digest, one))
        owner = speech.say("Owner: {department}.", department=digest.names.departments[one.owner])
        rows.append(Row(told.proposal(digest, speech, one), (), (*evidence, owner)))
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
        lines.append(speech.say("{list}: their order may be chance.", list=", ".join(shown)))
    if left_out:
        lines.append(speech.say("May matter just as much: {list}.", list=", ".join(left_out)))
    return tuple(lines)


def _shown(digest: Digest, one: Proposal) -> Sequence[Ground]:
    """The evidence that a proposal tells: not again what a headline tells with its numbers."""
    grounds = [ground for ground in one.grounds if ground not in digest.headlines]
    return (grounds or one.grounds)[:GROUNDS]


def news(digest: Digest, speech: Speech) -> Part | None:
    """New topics, and rising themes that no proposal tells of."""
    chosen = digest.selection
    proposed = [ground for one in chosen.proposals for ground in _shown(digest, one)]
    rows = [
        Row(
            sentences.topic_name(speech, one),
            (),
            (told.new_topic(speech, one),),
            quotes=_typical(speech, one),
        )
        for one in chosen.new_topics[:TOPICS]
        if one.customers >= PUBLISHED_FROM
    ]
    rows += [
        Row(digest.names.themes[one.theme], (), (told.rise(speech, one),))
        for one in chosen.rises[:RISES]
        if one.theme in digest.names.themes and one not in proposed
    ]
    return Part(speech.say("New and growing"), (), Table((), tuple(rows))) if rows else None


def _typical(speech: Speech, one: NewTopic) -> tuple[Quote, ...]:
    """What the most typical of a new topic's texts says."""
    text = " ".join(one.quote.split())
    return (sentences.quoted(speech, Quote(shortened(text), "")),) if text else ()


def actions(digest: Digest, speech: Speech) -> Part | None:
    """What became of fixes."""
    rows = tuple(
        Row(digest.names.actions[one.action], (), told.effect(digest, speech, one))
        for one in digest.selection.effects[:ACTIONS]
    )
    if not rows:
        return None
    intro = speech.say("Contacts on the theme, compared with the other themes, before and after.")
    return Part(speech.say("What became of fixes"), (intro,), Table((), rows))


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
    """What was expected and came, then what to expect, in all and by channel and day."""
    whole = digest.selection.workload
    chosen = [f for f in digest.selection.forecasts if work.channel(speech, f.channel)]
    if whole is None or not chosen:
        return None
    rows = [_forecast_row(digest, speech, work.channel(speech, one.channel), one) for one in chosen]
    if len(rows) > 1:
        every = Row(speech.say("All channels"), _expected(speech, whole))
        rows.insert(0, every)
    columns = (speech.say("Channel"), speech.say("Forecast"), speech.say("Range"))
    return Part(
        speech.say("Forecast for week {week}", week=whole.next.week.number),
        work.forecast_told(speech, whole, digest.week.number),
        Table(columns, tuple(rows)),
    )


def _forecast_row(digest: Digest, speech: Speech, name: str, one: ChannelForecast) -> Row:
    return Row(name, _expected(speech, one), work.forecast(speech, one, digest.week.number))


def _expected(speech: Speech, one: ChannelForecast) -> tuple[str, str]:
    return speech.number(one.next.total.contacts), work.expected(speech, one.next.total)


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
        lines.append(
            speech.say(
                "{share} {interval} of the contacts came back to the same theme ({k}/{n}).",
                share=speech.percent(repeated.value),
                interval=speech.interval(repeated.low, repeated.high),
                k=speech.published(repeated.k),
                n=repeated.n,
            )
        )
    if found.linked:
        known = speech.percent(found.linked.value)
        lines.append(speech.say("Counted among known customers: {share} of contacts.", share=known))
    return Part(speech.say("Repeat contacts"), tuple(lines))

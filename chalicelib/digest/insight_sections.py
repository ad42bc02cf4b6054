"""Insight sections: the parts that tell what the week's insights found, in short rows.

A part is None where its rule says nothing: no section stands for 'not enough data'.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.digest import insight_sentences as told
from chalicelib.digest import work_sentences as work
from chalicelib.digest.contents import Digest
from chalicelib.digest.speech import Speech
from chalicelib.digest.view import Part, Row, Table
from chalicelib.insights import PUBLISHED_FROM
from chalicelib.insights.priorities import Ground, Proposal
from chalicelib.insights.proportion import Z_99, difference

GROUNDS = 2  # pieces of evidence a proposal shows
RISES, TOPICS, ACTIONS, LOWEST, HIGHEST = 3, 3, 5, 3, 2  # rows shown


def priorities(digest: Digest, speech: Speech) -> Part | None:
    """At most three proposals, each with its evidence and its owner."""
    rows = []
    for one in digest.selection.proposals:
        evidence = (told.ground(digest, speech, ground) for ground in _shown(digest, one))
        owner = speech.say("Owner: {department}.", department=digest.names.departments[one.owner])
        rows.append(Row(told.proposal(digest, speech, one), (), (*evidence, owner)))
    return Part(speech.say("Priorities"), (), Table((), tuple(rows))) if rows else None


def _shown(digest: Digest, one: Proposal) -> Sequence[Ground]:
    """The evidence that a proposal tells: not again what a headline tells with its numbers."""
    grounds = [ground for ground in one.grounds if ground not in digest.headlines]
    return (grounds or one.grounds)[:GROUNDS]


def news(digest: Digest, speech: Speech) -> Part | None:
    """New topics, and rising themes that no proposal tells of."""
    chosen = digest.selection
    proposed = [ground for one in chosen.proposals for ground in _shown(digest, one)]
    rows = [
        Row(told.topic_name(speech, one), (), (told.new_topic(speech, one),))
        for one in chosen.new_topics[:TOPICS]
        if one.customers >= PUBLISHED_FROM
    ]
    rows += [
        Row(digest.names.themes[one.theme], (), (told.rise(speech, one),))
        for one in chosen.rises[:RISES]
        if one.theme in digest.names.themes and one not in proposed
    ]
    return Part(speech.say("New and growing"), (), Table((), tuple(rows))) if rows else None


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
    """Contacts to expect in the week that has begun, by channel and day."""
    chosen = [f for f in digest.selection.forecasts if work.channel(speech, f.channel)]
    if not chosen:
        return None
    rows = tuple(
        Row(
            work.channel(speech, one.channel),
            (speech.number(one.next.total.contacts), work.expected(speech, one.next.total)),
            work.forecast(speech, one, digest.week.number),
        )
        for one in chosen
    )
    columns = (speech.say("Channel"), speech.say("Forecast"), speech.say("Range"))
    return Part(
        speech.say("Forecast for week {week}", week=chosen[0].next.week.number),
        (
            speech.say(
                "The whole organisation's contacts. The true number falls within the range four "
                "times out of five."
            ),
        ),
        Table(columns, rows),
    )


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


def unanswered(digest: Digest, speech: Speech) -> Part | None:
    """Those who never answer."""
    chosen = digest.selection
    if chosen.estimate is None:
        return None
    lines = told.unanswered(speech, chosen.estimate)
    negative, positive = (chosen.response.get(tone) for tone in ("negative", "positive"))
    if negative and positive:
        low, high = difference(negative, positive, Z_99)
        if low > 0 or high < 0:
            lines = (*lines, told.response(speech, negative, positive))
    return Part(speech.say("Those who do not answer"), lines)


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


def quiet(digest: Digest, speech: Speech) -> Part | None:
    """Customers whose pause is unusual for their own rhythm."""
    n = digest.selection.quiet
    if not n:
        return None
    line = speech.say("{n} regular customers have been quiet for unusually long for them.", n=n)
    return Part(speech.say("Customers gone quiet"), (line,))

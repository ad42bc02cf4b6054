"""People sections: effort, repeated questions, personas, those who do not answer, the silent.

A part is None where its rule says nothing.
"""

from __future__ import annotations

from chalicelib.digest import insight_sentences, people_sentences
from chalicelib.digest.contents import Digest
from chalicelib.digest.speech import N_, Speech
from chalicelib.digest.view import Part, Row, Table
from chalicelib.insights.proportion import Z_99, difference

STRUGGLES, PERSONAS = 4, 4  # rows shown


def effort(digest: Digest, speech: Speech) -> Part | None:
    """Where customers have to struggle."""
    found = digest.selection.effort
    if found is None or not found.struggles:
        return None
    rows = tuple(
        Row(
            people_sentences.place(digest, speech, one),
            (
                f"{speech.percent(one.share.value)} "
                f"{speech.interval(one.share.low, one.share.high)}",
                speech.number(one.share.n),
            ),
            (people_sentences.elsewhere(speech, one.rest),),
        )
        for one in found.struggles[:STRUGGLES]
    )
    columns = (speech.say("Where"), speech.say("High effort"), speech.say("Contacts"))
    return Part(
        speech.say("Where customers have to struggle"),
        people_sentences.struggles(speech, found),
        Table(columns, rows),
    )


def basics(digest: Digest, speech: Speech) -> Part | None:
    """What agents ask for that a form could ask before."""
    found = digest.selection.pre_questions
    if found is None:
        return None
    title = speech.say("Questions that could be asked beforehand")
    return Part(title, people_sentences.basics(speech, found))


def personas(digest: Digest, speech: Speech) -> Part | None:
    """Personas that fare otherwise than the rest."""
    by_persona: dict[str, list[str]] = {}
    for one in digest.selection.apart:
        if one.persona in digest.names.personas:
            told = by_persona.setdefault(one.persona, [])
            told.append(people_sentences.apart(speech, one))
    rows = tuple(
        Row(digest.names.personas[persona], (), tuple(told))
        for persona, told in list(by_persona.items())[:PERSONAS]
    )
    if not rows:
        return None
    intro = speech.say(
        "Contacts of four weeks, each group beside everybody else. Groups get in touch about "
        "different things, so the cause may lie there."
    )
    return Part(speech.say("Customer groups that fare differently"), (intro,), Table((), rows))


def unanswered(digest: Digest, speech: Speech) -> Part | None:
    """Those who never answer: how many, who, and what they would say."""
    chosen = digest.selection
    lines: tuple[str, ...] = ()
    found = chosen.answering
    if chosen.estimate is not None:
        lines = insight_sentences.unanswered(speech, chosen.estimate)
        negative, positive = (chosen.response.get(tone) for tone in ("negative", "positive"))
        if negative and positive:
            low, high = difference(negative, positive, Z_99)
            if low > 0 or high < 0:
                lines = (*lines, insight_sentences.response(speech, negative, positive))
    elif found is not None:
        lines = (people_sentences.rated(speech, found),)
    if not lines:
        return None
    if found is not None:
        lines = (*lines, *people_sentences.answering(speech, found))
    known = "hub customers known --out FILE.csv"
    note = speech.say(
        "Those who have told their opinion already need not be asked. Ask whoever runs Oivallus "
        "for their list: {command}",
        command=known,
    )
    return Part(speech.say("Those who do not answer"), (*lines, note))


def quiet(digest: Digest, speech: Speech) -> Part | None:
    """Customers whose pause is unusual for their own rhythm, and how to get their list."""
    n = digest.selection.quiet
    if not n:
        return None
    command = f"hub customers silent --week {digest.week} --out FILE.csv"
    told = (
        N_("{n} regular customers have been quiet for longer than is usual for them.")
        if digest.selection.quiet_is_all
        else N_("At least {n} regular customers have been quiet for longer than is usual for them.")
    )
    lines = (
        speech.say(told, n=n),
        speech.say(
            "Ask whoever runs Oivallus for the list, with a reason to get in touch with each: "
            "{command}",
            command=command,
        ),
    )
    return Part(speech.say("Customers gone quiet"), lines)

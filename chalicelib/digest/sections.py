"""Sections: each part of a digest in words, or None where there is nothing to tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from chalicelib.digest import insight_sections, people_sections, sentences, work_sentences
from chalicelib.digest.contents import Digest, RatingRow, Result, Section, ThemeRow
from chalicelib.digest.speech import N_, Speech
from chalicelib.digest.view import Bar, Part, Row, Table
from chalicelib.insights import PUBLISHED_FROM, SCORED_FROM
from chalicelib.insights.proportion import Share
from chalicelib.insights.ratings import Score
from chalicelib.insights.solicited import Voice
from chalicelib.insights.themes import tied

FAILURE_THEMES = 3
MOMENTS, SOURCES = 15, 15  # touchpoints, silent and other sources shown

_RATINGS = {
    "nps": N_("Share of promoters (9–10) minus share of detractors (0–6)."),
    "csat": N_("Share satisfied (4–5 of 5)."),
    "ces": N_("Share who found it easy (5–7 of 7)."),
}


def themes(digest: Digest, speech: Speech, rows: Sequence[ThemeRow]) -> Table:
    """A list of themes of one sentiment, with bars and quotes."""
    widest = max(row.ranked.n for row in rows)
    bad = rows[0].sentiment == "negative"
    proposed = insight_sections.proposed(digest)
    return Table(
        (
            speech.say("Theme"),
            speech.say("Negative") if bad else speech.say("Positive"),
            speech.say("Contacts"),
        ),
        tuple(
            Row(
                digest.names.themes[row.ranked.theme],
                (speech.number(row.ranked.k), speech.number(row.ranked.n)),
                (
                    *sentences.row_change(speech, row, told=row.told or row.finding in proposed),
                    *_hints(digest, speech, row, above=[r.ranked.theme for r in rows[:place]]),
                ),
                _bar(row.ranked.k, row.ranked.n, widest, "bad" if bad else "good"),
                tuple(
                    sentences.quoted(speech, quote)
                    for quote in digest.quotes.get((row.ranked.theme, row.sentiment), ())
                ),
            )
            for place, row in enumerate(rows)
        ),
    )


def _hints(digest: Digest, speech: Speech, row: ThemeRow, above: Sequence[str]) -> tuple[str, ...]:
    """What a theme of complaints is mentioned with, unless a row above tells it; in which words."""
    theme, pairs = row.ranked.theme, digest.selection.pairs
    if row.sentiment != "negative":
        return ()
    pair, words = pairs.get(theme), digest.selection.words.get(theme)
    is_told = pair in [pairs.get(other) for other in above]
    return (
        *((work_sentences.pair(digest, speech, theme, pair),) if pair and not is_told else ()),
        *((work_sentences.words(speech, words),) if words else ()),
    )


def _bar(k: int, n: int, widest: int, tone: str) -> Bar:
    part = round(100 * k / widest)
    return Bar(part, max(0, round(100 * n / widest) - part), tone)


def negative(digest: Digest, speech: Speech) -> Part | None:
    if not digest.negatives:
        return None
    title = speech.say("Most negative feedback")
    table, others = themes(digest, speech, digest.negatives), _others(digest, speech)
    return Part(title, _order(digest, speech, digest.negatives), table, others)


def _order(digest: Digest, speech: Speech, rows: Sequence[ThemeRow]) -> tuple[str, ...]:
    """Which of the listed themes may each be the largest, where no one surely is."""
    alike = tied([row.ranked for row in rows])
    if len(alike) < 2:
        return ()
    names = [digest.names.themes[one.theme] for one in alike]
    return (sentences.chance_order(speech, names, among=len(rows)),)


def _others(digest: Digest, speech: Speech) -> tuple[str, ...]:
    """One line that names the largest themes of no list, and counts the rest."""
    others, names = digest.others, digest.names.themes
    if not others.largest:
        return ()
    listed = [f"{names[theme]}\u00a0{speech.number(n)}" for theme, n in others.largest]
    if others.rest >= PUBLISHED_FROM:
        listed.append(speech.say("the rest {n}", n=others.rest))
    return (speech.say("Contacts on other themes: {list}.", list=", ".join(listed)),)


def positive(digest: Digest, speech: Speech) -> Part | None:
    if not digest.positives:
        return None
    intro = _order(digest, speech, digest.positives)
    return Part(speech.say("Most praise"), intro, themes(digest, speech, digest.positives))


def failure(digest: Digest, speech: Speech) -> Part | None:
    found = digest.failure
    if found is None or not found.themes:
        return None
    title = speech.say("Failure demand")
    intro = speech.say(
        "Contacts that would not have been needed had everything been done right the first time. "
        "Survey answers are not counted."
    )
    widest = max(theme.failures.n for theme in found.themes[:FAILURE_THEMES])
    n = speech.published(found.unknown)
    unknown = speech.sentence("{n} contacts could not be classified.", n=n)
    table = Table(
        (speech.say("Theme"), speech.say("Failure demand"), speech.say("Share")),
        tuple(
            Row(
                digest.names.themes[theme.theme],
                (
                    f"{speech.number(theme.failures.k)}/{speech.number(theme.failures.n)}",
                    speech.percent(theme.failures.value),
                ),
                bar=_bar(theme.failures.k, theme.failures.n, widest, "bad"),
            )
            for theme in found.themes[:FAILURE_THEMES]
        ),
    )
    cost = digest.selection.cost
    spent = work_sentences.cost(speech, cost, digest.selection.currency) if cost else ()
    return Part(title, (intro,), table, (*spent, *((unknown,) if found.unknown else ())))


def ratings(digest: Digest, speech: Speech) -> Part | None:
    if not digest.ratings:
        return None
    columns = (speech.say("Question"), speech.say("Result"), speech.say("Answers"))
    rows = tuple(_rating(digest, speech, row) for row in digest.ratings)
    # Few answers carry a theme, so the organisation's own result stands first.
    own = any(row.own for row in digest.ratings)
    intro = (
        speech.say(
            "The whole organisation's answers. Your own themes have a result from {n} answers on.",
            n=SCORED_FROM,
        ),
    )
    return Part(speech.say("Ratings"), intro if own else (), Table(columns, rows))


def first_result(digest: Digest) -> Result | None:
    """The first question with a result, which the week's numbers tell."""
    results = (row.whole for row in digest.ratings)
    return next((result for result in results if result.now.value is not None), None)


def _rating(digest: Digest, speech: Speech, row: RatingRow) -> Row:
    result, score = row.whole, row.whole.now
    name, answers = sentences.QUESTIONS[score.question], speech.published(score.n)
    in_tile = result is first_result(digest)
    if score.value is None:
        return Row(name, ("–", answers), (speech.say("Too few answers for a result."),))
    explained = " ".join((speech.say(_RATINGS[score.question]), *_mean(speech, score)))
    details = (
        explained,
        *(() if in_tile else sentences.score_change(speech, result)),
        *_own(speech, row.own),
    )
    return Row(name, (with_margin(speech, score), answers), details)


def _mean(speech: Speech, score: Score) -> tuple[str, ...]:
    """The mean beside the share of good answers, where its margin is known."""
    if score.good is None or score.value is None or score.margin is None:
        return ()
    mean, around = speech.number(score.value, 1), speech.number(score.margin, 1)
    return (speech.say("Mean {mean} ±{margin}.", mean=mean, margin=around),)


def _own(speech: Speech, own: Result | None) -> tuple[str, ...]:
    """The same question among the department's own contacts, where it has a result."""
    if own is None or own.now.value is None:
        return ()
    value = with_margin(speech, own.now)
    return (speech.say("Your own themes: {value}, {n} answers.", value=value, n=own.now.n),)


def with_margin(speech: Speech, score: Score) -> str:
    """'12 ±9' for NPS, '82 % (78–85 %)' for the shares of good answers."""
    return f"{sentences.score_value(speech, score)} {margin(speech, score)}"


def margin(speech: Speech, score: Score) -> str:
    """'±9' for NPS, '(78–85 %)' for the shares of good answers."""
    if score.good is not None:
        return speech.interval(score.good.low, score.good.high)
    return f"±{speech.number(score.margin or 0)}"


def touchpoints(digest: Digest, speech: Speech) -> Part | None:
    journey = digest.journey
    if not journey.heard:
        return None
    names, proposed = digest.names.touchpoints, insight_sections.proposed(digest)
    rows = tuple(
        Row(
            names[moment.touchpoint],
            (speech.number(moment.contacts), sentences.share_in_cell(speech, moment.negative)),
            tuple(
                work_sentences.hot_spot(speech, spot)
                for spot in digest.selection.hot_spots
                if spot.touchpoint == moment.touchpoint and spot not in proposed
            )
            + tuple(sentences.target(speech, result) for result in moment.targets),
        )
        for moment in journey.heard[:MOMENTS]
    )
    columns = (speech.say("Touchpoint"), speech.say("Contacts"), speech.say("Negative"))
    rest = ", ".join(names[moment.touchpoint] for moment in journey.heard[MOMENTS:])
    notes = (speech.say("Other touchpoints: {list}.", list=rest),) if rest else ()
    intro = speech.say(
        "The whole organisation's contacts, along the customer's journey. "
        "Negative shares are of those with text."
    )
    return Part(speech.say("Touchpoints"), (intro,), Table(columns, rows), notes)


def _percent(speech: Speech, share: Share | None) -> str:
    return "–" if share is None else speech.percent(share.value)


def voices(digest: Digest, speech: Speech) -> Part | None:
    both = digest.voices.solicited, digest.voices.unsolicited
    if min(voice.contacts for voice in both) < PUBLISHED_FROM:
        return None  # nothing to set beside the other
    kinds = (
        (speech.say("Prompted"), digest.voices.solicited, speech.say("Survey answers.")),
        (
            speech.say("Unprompted"),
            digest.voices.unsolicited,
            speech.say("All other contacts."),
        ),
    )
    columns = (
        speech.say("Voice"),
        speech.say("Contacts"),
        speech.say("Negative"),
        speech.say("Positive"),
    )
    intro = speech.say(
        "Those who answer surveys are often not those who get in touch themselves, "
        "so the shares cannot be compared directly."
    )
    rows = tuple(_voice(speech, name, voice, detail) for name, voice, detail in kinds)
    return Part(speech.say("Prompted and unprompted feedback"), (intro,), Table(columns, rows))


def _voice(speech: Speech, name: str, voice: Voice, detail: str) -> Row:
    tones = [s if s and s.n >= 5 else None for s in (voice.negative, voice.positive)]
    cells = (speech.published(voice.contacts), *(_percent(speech, tone) for tone in tones))
    if tones[0] is None or tones[0].n == voice.contacts:
        return Row(name, cells, (detail,))
    basis = speech.say("Shares of {n} contacts with text.", n=tones[0].n)
    return Row(name, cells, (f"{detail} {basis}",))


def sources(digest: Digest, speech: Speech) -> Part | None:
    if not digest.sources:
        return None
    names = digest.names.sources
    rows = tuple(
        Row(
            names[state.source],
            (speech.published(state.contacts),),
            (sentences.source(speech, state, digest.time_zone),),
            alert=True,
        )
        for state in digest.silent[:SOURCES]
    )
    columns = (speech.say("Source"), speech.say("Contacts"))
    working = [state for state in digest.sources if not state.silent][:SOURCES]
    listed = ", ".join(
        f"{names[one.source]}\u00a0{speech.published(one.contacts)}" for one in working
    )
    told = (speech.say("Contacts by source: {list}.", list=listed),) if listed else ()
    title = speech.say("Sources")
    return Part(title, (), Table(columns, rows), told) if rows else Part(title, told)


SECTIONS: Mapping[Section, Callable[[Digest, Speech], Part | None]] = {
    Section.NEWS: insight_sections.news,
    Section.ACTIONS: insight_sections.actions,
    Section.NEGATIVE: negative,
    Section.POSITIVE: positive,
    Section.FAILURE: failure,
    Section.MOVED: insight_sections.moved,
    Section.RATINGS: ratings,
    Section.TOUCHPOINTS: touchpoints,
    Section.EFFORT: people_sections.effort,
    Section.PERSONAS: people_sections.personas,
    Section.WAITING: insight_sections.waiting,
    Section.BASICS: people_sections.basics,
    Section.REPEATS: insight_sections.repeats,
    Section.DRIVERS: insight_sections.drivers,
    Section.UNANSWERED: people_sections.unanswered,
    Section.QUIET: people_sections.quiet,
    Section.FORECAST: insight_sections.forecast,
    Section.CHANNELS: insight_sections.channels,
    Section.VOICES: voices,
    Section.SOURCES: sources,
}

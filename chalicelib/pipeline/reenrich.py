"""reenrich: history judged again, by the present model or a candidate.

`compare` changes nothing and tells what would change. `switch_on` writes: each interaction in one
conditional transaction with its counts, so that a recount gives the same at any moment; it may be
stopped, and repeated, while new contacts come. Digests meanwhile: decision 8.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from itertools import islice

from chalicelib import enrich
from chalicelib.adapters.codec import State
from chalicelib.adapters.interactions import Change
from chalicelib.adapters.world import Judge, World
from chalicelib.errors import Misconfigured, Unreadable
from chalicelib.fold import fold, iso_week
from chalicelib.interaction import WORDLESS, Enrichment, Interaction, Message, Role
from chalicelib.model_change import Moves
from chalicelib.organisation import Organisation
from chalicelib.pipeline.passes import BATCH, batches, rewrite
from chalicelib.pipeline.understand import refold

WORK = "reenrich"

Asked = dict[tuple[str, str], str]  # (interaction key, message id) -> text
Answers = Mapping[tuple[str, str], Enrichment | None]  # None for a text that the model refuses
Each = Callable[[int], None]  # hears how many interactions are done


@dataclass(frozen=True)
class Days:
    """Local days, both included, on which contacts began."""

    first: date
    last: date

    @property
    def weeks(self) -> tuple[str, str]:
        return iso_week(self.first), iso_week(self.last)


@dataclass(frozen=True)
class Switched:
    """What a pass did: interactions looked at, written, and messages that the model refused."""

    model: str
    looked_at: int
    written: int
    refused: int


def compare(
    world: World, endpoint: Judge, days: Days, sample: int = 0, each: Each = lambda _: None
) -> Moves:
    """What `endpoint` sees differently, in a uniform sample of contacts or, of 0, in all.

    Nothing is written. Raises Retryable or Misconfigured when the endpoint does not judge.
    """
    organisation, moves, heads = world.organisation(), Moves(), world.heads.text()
    interactions = world.interactions
    keys: Iterator[str] = iter(
        interactions.uniform(days.weeks, sample)
        if sample
        else interactions.all_keys(weeks=days.weeks)
    )
    looked_at = 0
    while batch := list(islice(keys, BATCH)):
        states = _within(interactions.alive(batch, world.clock()).values(), days, organisation)
        folded = {state.key: fold(state.events, state.enrichments) for state in states}
        answers = _judged(endpoint, organisation, heads, _texts(folded.values()))
        for key, interaction in folded.items():
            own = {message: answer for (of, message), answer in answers.items() if of == key}
            moves.add(interaction, own, organisation)
        looked_at += len(batch)
        each(looked_at)
    return moves


def switch_on(world: World, endpoint: Judge, days: Days, each: Each = lambda _: None) -> Switched:
    """Judge every interaction of these days again and count it so; what is done is passed over.

    `endpoint` must be of the model that judges new contacts, else Misconfigured is raised: they
    would be of another model for ever. Raises Retryable when something does not answer: run it
    again, it goes on where it was.
    """
    organisation, heads = world.organisation(), world.heads.text()
    model = _model(endpoint, organisation, heads)
    present = model if endpoint is world.endpoint else _model(world.endpoint, organisation, heads)
    if model != present:
        raise Misconfigured(
            f"new contacts are judged by {present}, and this is {model}; deploy it first "
            "(ModelImage), then switch it on"
        )
    about = {"days": f"{days.first} {days.last}", "model": model}
    about["taxonomy"] = organisation.taxonomy["hash"]
    looked_at = written = refused = 0
    for batch in batches(world, WORK, about, days.weeks):
        states = _within(world.interactions.read(batch).values(), days, organisation)
        folded = [fold(state.events, state.enrichments) for state in states]
        asked = _texts(folded, lambda e: (e.model, e.taxonomy) == (model, about["taxonomy"]))
        answers = _judged(endpoint, organisation, heads, asked)
        refused += sum(answer is None for answer in answers.values())
        written += rewrite(world, states, partial(_change, organisation, asked, answers))
        looked_at += len(batch)
        each(looked_at)
    _roll_up(world, organisation, days)
    return Switched(model, looked_at, written, refused)


def _model(endpoint: Judge, organisation: Organisation, heads: str) -> str:
    """What the endpoint calls its model."""
    texts = ["kiitos"]
    body = enrich.request(texts, organisation, heads)
    return enrich.read(endpoint.invoke(body), texts)[0].model


def _within(states: Iterable[State], days: Days, organisation: Organisation) -> list[State]:
    return [
        state
        for state in states
        if days.first
        <= organisation.local_day(fold(state.events, state.enrichments).started_at)
        <= days.last
    ]


def _texts(
    folded: Iterable[Interaction], done: Callable[[Enrichment], bool] = lambda _: False
) -> Asked:
    """What customers wrote, of messages that no enrichment judged so that it is `done`."""
    return {
        (interaction.key, message.message_id): message.text
        for interaction in folded
        for message in interaction.messages
        if _can_be_judged(message)
        and not (
            message.message_id in interaction.enrichments
            and done(interaction.enrichments[message.message_id])
        )
    }


def _can_be_judged(message: Message) -> bool:
    return (
        message.role is Role.CUSTOMER
        and bool(message.text)
        and not message.erased
        and message.text not in WORDLESS  # nothing can judge them again
    )


def _judged(endpoint: Judge, organisation: Organisation, heads: str, asked: Asked) -> Answers:
    """An answer for each text, in as few calls as the endpoint's limits allow."""
    wanted, texts = list(asked), list(asked.values())
    answers: dict[tuple[str, str], Enrichment | None] = {}
    for positions in enrich.batches(texts):
        found = _ask(endpoint, organisation, heads, [texts[position] for position in positions])
        answers.update(zip((wanted[position] for position in positions), found, strict=True))
    return answers


def _ask(
    endpoint: Judge, organisation: Organisation, heads: str, texts: Sequence[str]
) -> Sequence[Enrichment | None]:
    """One call; a refused one is halved until the text that it refuses stands alone."""
    try:
        return enrich.read(endpoint.invoke(enrich.request(texts, organisation, heads)), texts)
    except Unreadable:
        if len(texts) == 1:
            return [None]
    middle = len(texts) // 2
    return [
        *_ask(endpoint, organisation, heads, texts[:middle]),
        *_ask(endpoint, organisation, heads, texts[middle:]),
    ]


def _change(
    organisation: Organisation, asked: Asked, answers: Answers, state: State
) -> Change | None:
    """The state with the new answers, where its messages still say what was judged."""
    interaction = fold(state.events, state.enrichments)
    new = {
        message.message_id: answer
        for message in interaction.messages
        if asked.get((state.key, message.message_id)) == message.text
        and (answer := answers.get((state.key, message.message_id))) is not None
    }
    if not new:
        return None
    return refold(organisation, state, replace(state, enrichments={**state.enrichments, **new}))


def _roll_up(world: World, organisation: Organisation, days: Days) -> None:
    """Closed weeks into one part each again; the daily roll-up does not look this far back."""
    now = world.clock()
    keep = timedelta(days=organisation.retention.summaries_days)
    world.summaries.roll_up(days.first, organisation.local_day(now), now + keep)

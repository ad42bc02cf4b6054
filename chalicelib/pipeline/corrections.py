"""correct: a reader's link -> the page -> a stored correction -> labels to learn from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from urllib.parse import parse_qsl

from chalicelib import corrections, pages
from chalicelib.adapters.codec import State
from chalicelib.adapters.secrets import LINK_KEY
from chalicelib.adapters.world import World
from chalicelib.connectors.base import Reply, Request
from chalicelib.corrections import Correction, Demand, Link, Quoted, settled
from chalicelib.digest import Digest
from chalicelib.digest.contents import Quote
from chalicelib.digest.quotes import with_links
from chalicelib.errors import Misconfigured
from chalicelib.fold import fold, iso_week
from chalicelib.interaction import Enrichment, Interaction, Message, Role
from chalicelib.organisation import Organisation

MAX_FORM_BYTES = 2000
BATCH = 100


@dataclass(frozen=True)
class Stored:
    """A customer's message as its interaction holds it, redacted, and what the model said."""

    interaction: Interaction
    message: Message
    judged: Enrichment

    def corrected(
        self,
        organisation: Organisation,
        themes: tuple[str, ...] | None,
        demand: Demand,
        at: datetime,
    ) -> Correction:
        """A correction of it that nobody's digest asked for."""
        return Correction(
            interaction=self.interaction.key,
            message=self.message.message_id,
            text=self.message.text,
            language=self.judged.language,
            channel=self.interaction.channel.value,
            themes=themes,
            demand=demand,
            department="",
            at=at,
            taxonomy=organisation.taxonomy["hash"],
            model=self.judged.model,
            origin="terminal",
        )


def linked(world: World, digest: Digest) -> Digest:
    """The digest with a correction link under every quote; what the page shows is stored."""
    key, base, now = world.secrets.key(LINK_KEY), world.url(), world.clock()
    until = corrections.expiry(now)

    def link(theme: str, quote: Quote) -> str:
        of = quote.of
        if of is None or of.keep_until is None or not of.message_id:
            return ""
        department = digest.department_id
        shown = Quoted(
            of.interaction_key,
            of.message_id,
            department,
            quote.text,
            quote.language,
            of.channel,
            of.model,
            of.keep_until,
        )
        world.corrections.keep_quote(shown, min(until, of.keep_until), now)
        named = Link(of.interaction_key, of.message_id, department, theme, until)
        return f"{base}/correct/{corrections.seal(named, key)}"

    return with_links(digest, link)


def correct(world: World, token: str, request: Request) -> Reply:
    """A correction link: GET shows the message, POST stores what its reader chose.

    Link scanners of mail gateways follow GETs, so a GET changes nothing.
    """
    from chalicelib.digest.correction_page import apology

    link = corrections.unseal(token, world.secrets.keys(LINK_KEY), world.clock())
    if link is None:
        return Reply(404, apology(None), pages.HEADERS)
    organisation = world.organisation()
    shown = world.corrections.quote(link.interaction, link.message, link.department, world.clock())
    if shown is None:
        return Reply(410, apology(_language(organisation, link)), pages.HEADERS)
    if request.method != "POST":
        return Reply(200, _page(organisation, link, shown), pages.HEADERS)
    chosen = corrections.choice(_form(request), [theme.id for theme in organisation.themes])
    if chosen is None:
        return Reply(400, _page(organisation, link, shown, unclear=True), pages.HEADERS)
    made = Correction(
        shown.interaction,
        shown.message,
        shown.text,
        shown.language,
        shown.channel,
        chosen.themes,
        chosen.demand,
        shown.department,
        world.clock(),
        organisation.taxonomy["hash"],
        shown.model,
        "digest",
    )
    world.corrections.keep(made, shown.keep_until)
    world.count("corrections", department=shown.department)
    return Reply(200, _page(organisation, link, shown, chosen), pages.HEADERS)


def keep(world: World, organisation: Organisation, stored: Stored, correction: Correction) -> None:
    """Store a correction for as long as its interaction is kept."""
    days = timedelta(days=organisation.retention.interactions_days)
    world.corrections.keep(correction, stored.interaction.last_at + days)


def find(world: World, interaction: str, message: str) -> Stored | None:
    """A customer's message that is stored and judged; None when it is not there or was erased."""
    state = world.interactions.alive([interaction], world.clock()).get(interaction)
    return next((one for one in _stored(state) if one.message.message_id == message), None)


def _stored(state: State | None) -> Iterator[Stored]:
    if state is None:
        return
    interaction = fold(state.events, state.enrichments)
    for message in interaction.messages:
        judged = interaction.enrichments.get(message.message_id)
        spoken = message.role is Role.CUSTOMER and not message.erased and message.text
        if judged is not None and spoken and not interaction.erased:
            yield Stored(interaction, message, judged)


def labels(world: World) -> list[Correction]:
    """One correction a message, its text as the interaction holds it now.

    A correction whose message was erased or has expired is removed on the way.
    """
    found = list(world.corrections.all(world.clock()))
    keys = {one.interaction for one in found if one.interaction}
    texts = {
        (one.interaction.key, one.message.message_id): one.message.text
        for state in _states(world, sorted(keys))
        for one in _stored(state)
    }
    kept = []
    for one in found:
        text = texts.get((one.interaction, one.message))
        if one.origin == "file":
            kept.append(one)
        elif text is None:
            world.corrections.remove(one)
        else:
            kept.append(replace(one, text=text))
    return settled(kept)


def pool(world: World, weeks: int, count: int) -> Iterator[Stored]:
    """Customers' messages of a uniform sample of `count` interactions of the last weeks."""
    today = world.organisation().local_day(world.clock())
    within = (iso_week(today - timedelta(weeks=weeks)), iso_week(today))
    for state in _states(world, world.interactions.uniform(within, count)):
        yield from _stored(state)


def _states(world: World, keys: Iterable[str]) -> Iterator[State]:
    left = iter(keys)
    while batch := list(islice(left, BATCH)):
        yield from world.interactions.alive(batch, world.clock()).values()


def _form(request: Request) -> dict[str, str]:
    if len(request.body) > MAX_FORM_BYTES:
        return {}
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def _page(
    organisation: Organisation,
    link: Link,
    shown: Quoted,
    chosen: corrections.Choice | None = None,
    *,
    unclear: bool = False,
) -> str:
    from chalicelib.digest.correction_page import Question, page

    language = _language(organisation, link)
    names = [(theme.id, theme.called(language)) for theme in organisation.themes]
    called = dict(names)
    best = chosen.themes[0] if chosen and chosen.themes else ""
    return page(
        Question(
            language=language,
            organisation=organisation.name,
            text=shown.text,
            text_language=shown.language,
            now=called.get(link.theme, link.theme),
            themes=names,
            chosen=best or (corrections.NONE if chosen else link.theme),
            demand=chosen.demand if chosen else "",
            saved=chosen is not None,
            unclear=unclear,
        )
    )


def _language(organisation: Organisation, link: Link) -> str:
    """The language of the department whose digest held the link."""
    by_id = {one.id: one.language for one in organisation.departments}
    return by_id.get(link.department, organisation.languages[0])


def checked(organisation: Organisation, names: Iterable[str]) -> tuple[str, ...]:
    """Ids of themes. Raises Misconfigured naming one that the organisation does not have."""
    known = {theme.id for theme in organisation.themes}
    found = tuple(names)
    for name in found:
        if name not in known:
            raise Misconfigured(
                f"organisation.yaml has no theme {name[:60]!r}; it has {', '.join(sorted(known))}"
            )
    return found

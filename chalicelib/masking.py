"""Masking: personal data that the endpoint found where the rules did not, before it is stored.

The endpoint tells places in the text that it judged. What stands there is replaced by the same
placeholders that the rules use, in every message of the conversation, so that a name is not masked
where the customer signs and readable where the agent answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from chalicelib.interaction import Enrichment, Event
from chalicelib.privacy.spans import PLACEHOLDER, Kind, Span, fill, merge, outside

SHORTEST = 3  # characters of a find that is looked for elsewhere too: 'No' is a name and a word


def masked(
    events: Sequence[Event], enrichments: Mapping[str, Enrichment]
) -> tuple[tuple[Event, ...], Mapping[str, Enrichment]]:
    """The events without what `enrichments` found, and the enrichments without its places.

    Nothing changes where nothing was found, or where the judged text is no longer there.
    """
    if not any(enrichment.personal for enrichment in enrichments.values()):
        return tuple(events), enrichments
    found: dict[str, Kind] = {}
    places: dict[str, list[Span]] = {}
    for event in events:
        judged = enrichments.get(event.message_id or event.event_id)
        # The same text was judged where it is as long; an edited one has other places.
        if judged is None or not judged.personal or judged.characters != len(event.text):
            continue
        spans = _spans(event.text, judged.personal)
        places[event.event_id] = spans
        found |= {event.text[span.start : span.end]: span.kind for span in spans}
    elsewhere = _finder(found)
    return (
        tuple(_masked(event, places.get(event.event_id, ()), found, elsewhere) for event in events),
        {key: replace(one, personal=()) for key, one in enrichments.items()},
    )


def _spans(text: str, personal: Iterable[tuple[int, int, str]]) -> list[Span]:
    """Disjoint places within the text, outside of what the rules have replaced."""
    told = [
        Span(start, min(end, len(text)), Kind(kind) if kind in set(Kind) else Kind.ID)
        for start, end, kind in personal
        if start < min(end, len(text))
    ]
    return outside(merge(told), [match.span() for match in PLACEHOLDER.finditer(text)])


def _finder(found: Iterable[str]) -> re.Pattern[str] | None:
    """Whole words that were found, the longest first, in any case."""
    long = sorted((v for v in found if len(v.strip()) >= SHORTEST), key=lambda v: (-len(v), v))
    if not long:
        return None
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, long)) + r")(?!\w)", re.IGNORECASE)


def _masked(
    event: Event,
    spans: Sequence[Span],
    found: Mapping[str, Kind],
    elsewhere: re.Pattern[str] | None,
) -> Event:
    text = fill(event.text, spans)
    if elsewhere is not None:
        kinds = {value.casefold(): kind for value, kind in found.items()}
        text = elsewhere.sub(
            lambda match: f"[{kinds.get(match[0].casefold(), Kind.ID).value}]", text
        )
    return event if text == event.text else replace(event, text=text)


def known_again(stored: Event, arrived: Event) -> bool:
    """Whether an event that comes again is a stored one whose text was masked since."""
    # While a key is being rotated, the same customer may have come under another pseudonym.
    person = stored.customer if arrived.customer else None
    if stored == arrived or replace(arrived, text=stored.text, customer=person) != stored:
        return False
    first, *rest = PLACEHOLDER.split(stored.text)
    if not rest or not arrived.text.startswith(first):
        return False
    *middle, last = rest
    at = len(first)
    for part in middle:
        place = arrived.text.find(part, at)
        if place < 0:
            return False
        at = place + len(part)
    return arrived.text.endswith(last) and len(arrived.text) - len(last) >= at

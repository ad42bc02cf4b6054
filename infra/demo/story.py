"""The demo's history and live traffic, and the story planted in them.

Havuvakka sells furniture online. Weeks count back from the digest's week, the last full ISO week
before `today`; rates stand in `plot.py`.

- **Late deliveries doubled** in the digest's week: the carrier's drivers around Tampere strike.
  `delivery-late` goes from about 10 to over 20 contacts a week; more than half name the strike.
- **Invoice errors fell and stayed down**: a fault in billing was fixed five weeks ago.
  `invoice-error` goes from about 9 to about 1 contact a week. organisation.yaml tells the fix as
  an action, and another one that is too young to be judged.
- **Assembling became easier**: new instructions came six weeks ago, and the CSAT of the touchpoint
  `assembly` rises by about one point of five. Those who write about it praise more than complain.
- **A new topic**: the transformer of the Aamurusko lamp hums and gets hot. First heard in the
  week before the digest's, a dozen contacts in it. No theme of organisation.yaml fits.
- **A silent source**: nothing from `shop-feedback` since the Thursday of the digest's week.
- **An old outbreak**: discount codes failed in one week three months ago, and must not spoil what
  counts as usual.
- **Three kinds of customers**: firms complain about their orders far more often than others, new
  customers mostly ask before they buy, and members of the loyalty programme are like everybody.
- **Questions that could be asked beforehand**: in most live chats about an order the agent first
  asks for its number, an address or a picture.
- Everything else only varies, as weeks do: what the digest says of it must be "no change".

In the live traffic one request is forged, one has an unknown shape, a few are of kinds that the
hub does not use, about 4 % are sent twice and about 3 % arrive late. Text messages carry no time
of their own (Twilio sends none): they count on the day the demo runs.

With `year=True` the half year before comes too, with what `earlier.py` planted in it.

    python -m infra.demo.story --today 2026-11-23 --out DIR
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from chalicelib.connectors.base import Outcome
from chalicelib.interaction import Channel, Role
from infra.demo import earlier, letters, plot
from infra.demo.contact import Contact
from infra.demo.conversations import intercom, intercom_topic, zendesk, zendesk_event
from infra.demo.delivery import Delivery, reference
from infra.demo.phrasing import Phrasing
from infra.demo.simulate import contacts, earlier_contacts, first_monday, midnight

SEED = 1
_TWICE = 0.04
_LATE = 0.03
_GREETED = 0.15  # chats that a bot opens


# --- the organisation ---------------------------------------------------------------------------


def organisation_at(text: str, today: date, *, year: bool = False) -> str:
    """organisation.yaml with the story's fixes dated for `today`; other actions stay.

    With `year`, those of the half year before are added.
    """
    content = yaml.safe_load(text)
    monday = first_monday(today)
    for action in content.get("actions") or ():
        if action["id"] in plot.ACTIONS:
            week, weekday = plot.ACTIONS[action["id"]]
            action["done"] = monday + timedelta(weeks=week, days=weekday)
    if year:
        made = [
            {
                "id": name,
                "name": dict(fix.name),
                "department": fix.department,
                "theme": fix.theme,
                "done": monday + timedelta(weeks=fix.week, days=fix.weekday),
            }
            for name, fix in earlier.FIXES.items()
        ]
        content["actions"] = [*made, *(content.get("actions") or ())]
    return str(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))


# --- history ------------------------------------------------------------------------------------


def history(
    today: date, seed: int = SEED, volume: float = 1.0, *, year: bool = False
) -> Iterator[dict[str, Any]]:
    """Rows for `hub import`, 24 weeks, or 50: the columns of connectors/parts/columns.py.

    `source` names the source of organisation.yaml that each row belongs to; the rows of one
    conversation stand together. `volume` multiplies the number of contacts.
    """
    if year:
        for contact in earlier_contacts(today, seed, volume):
            yield from _rows(contact)
    for contact in contacts(today, seed, volume):
        if contact.week < plot.HISTORY_WEEKS:
            yield from _rows(contact)


def _rows(contact: Contact) -> Iterator[dict[str, Any]]:
    """The contact's first words with its figures, and now and then a later message.

    Agents' answers are left out: they are nobody's voice, and every row costs time.
    """
    conversation = f"h-{reference(contact)}"
    asked = contact.channel in (Channel.SURVEY, Channel.FEEDBACK)
    first = {
        "id": f"{conversation}-0",
        "conversation": conversation,
        "source": contact.source,
        "time": _iso(contact.started_at),
        "channel": contact.channel.value,
        "role": Role.CUSTOMER.value,
        "customer": contact.vendor_customer,
        "subject": contact.subject,
        "text": contact.turns[0].text if contact.turns else "",
        "touchpoint": contact.touchpoint if asked else None,
        "language": contact.person.language if asked else None,
        "nps": contact.nps,
        "csat": contact.csat,
        "ces": contact.ces,
        "wait_s": contact.wait_s,
        "handle_time_s": contact.handle_time_s,
        "abandoned": contact.abandoned,
        "resolved": contact.resolved,
        "tags": list(contact.tags),
    }
    yield {name: value for name, value in first.items() if value not in (None, "", [])}
    later = [turn for turn in contact.turns[1:] if turn.role is Role.CUSTOMER]
    for place, turn in enumerate(later if contact.number % 3 == 0 else (), start=1):
        yield {
            "id": f"{conversation}-{place}",
            "conversation": conversation,
            "source": contact.source,
            "time": _iso(turn.at),
            "channel": contact.channel.value,
            "role": Role.CUSTOMER.value,
            "customer": contact.vendor_customer,
            "text": turn.text,
        }


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


# --- live ---------------------------------------------------------------------------------------


def live(today: date, seed: int = SEED, volume: float = 1.0) -> Iterator[Delivery]:
    """The deliveries of the last two full weeks and of this week so far, in order of sending.

    Unsigned: sign `delivery.request(webhook_url)` with the source's connector at sending time.
    """
    rng = random.Random(f"live {seed}")
    recent = [c for c in contacts(today, seed, volume) if c.week >= plot.HISTORY_WEEKS]
    made = [delivery for contact in recent for delivery in _deliveries(contact, rng)]
    made += _odd_ones(recent)
    end = midnight(today)
    made = [one for one in made if one.occurred_at < end]
    made.sort(key=lambda one: (one.occurred_at, one.body))
    yield from _repeated(_delayed(made, rng), rng)


def _deliveries(contact: Contact, rng: random.Random) -> Iterable[Delivery]:
    if contact.source == "zendesk":
        return zendesk(contact)
    if contact.source == "chat":
        greeting = ""
        if rng.random() < _GREETED:
            greeting = Phrasing(rng).phrase("bot", contact.person, contact.order)
        return intercom(contact, greeting)
    if contact.source == "email":
        return letters.postmark(contact)
    if contact.source == "phone":
        return letters.twilio(contact)
    if contact.source == "survey":
        return (letters.typeform(contact),)
    return (letters.feedback(contact),)


def _assigned(contact: Contact) -> Delivery:
    return zendesk_event(contact, "ticket.agent_assignment_changed", contact.started_at, {})


def _routed(contact: Contact) -> Delivery:
    return intercom_topic(contact, "conversation.admin.assigned", contact.started_at, {})


def _half_answered(contact: Contact) -> Delivery:
    return letters.typeform(contact, "form_response_partial")


def _viewed(contact: Contact) -> Delivery:
    return letters.feedback(contact, "feedback.viewed")


#: One request of each vendor of a kind that the hub does not use.
_UNUSED: Mapping[str, Callable[[Contact], Delivery]] = {
    "zendesk": _assigned,
    "chat": _routed,
    "email": letters.automatic_reply,
    "phone": letters.ringing,
    "survey": _half_answered,
    "shop-feedback": _viewed,
}


def _odd_ones(recent: Sequence[Contact]) -> Iterator[Delivery]:
    """The requests that are not simply accepted: forged, of unknown shape, of unused kinds.

    Each follows the first contact of its source that has words; a tiny company may lack some.
    """
    spoken = [c for c in recent if c.turns and c.channel is not Channel.SMS]
    first = {contact.source: contact for contact in reversed(spoken)}
    for source, contact in first.items():
        yield replace(_UNUSED[source](contact), expected=Outcome.SKIPPED)
        if source == "zendesk":
            at = contact.started_at + timedelta(minutes=7)
            forged = zendesk_event(contact, "ticket.created", at, {})
            yield replace(forged, forged=True, expected=Outcome.REJECTED)
            # As if a new version of the event wrote comments as a list.
            comments = {"comment": [{"id": "1", "body": "Hei"}]}
            unknown = zendesk_event(contact, "ticket.comment_added", at, comments)
            yield replace(unknown, expected=Outcome.UNREADABLE)


def _delayed(made: list[Delivery], rng: random.Random) -> list[Delivery]:
    """About 3 % arrive up to 15 places late, some of them behind what followed them."""
    places = [(place + (rng.randint(2, 15) if rng.random() < _LATE else 0), place)
              for place in range(len(made))]  # fmt: skip
    return [made[place] for _, place in sorted(places)]


def _repeated(made: list[Delivery], rng: random.Random) -> Iterator[Delivery]:
    """About 4 % are sent again, up to 40 places later, as vendors do after a lost answer."""
    waiting: dict[int, list[Delivery]] = {}
    last = len(made) - 1
    for place, one in enumerate(made):
        yield one
        yield from waiting.pop(place, ())
        if one.expected is Outcome.ACCEPTED and rng.random() < _TWICE:
            again = replace(one, expected=Outcome.DUPLICATE)
            if place == last:
                yield again
            else:
                waiting.setdefault(min(last, place + rng.randint(1, 40)), []).append(again)


# --- a look at both -----------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> None:
    """Write history.jsonl, and a sample of both to read."""
    parser = argparse.ArgumentParser(description="Write the demo company's history and a sample.")
    parser.add_argument("--today", type=date.fromisoformat, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--volume", type=float, default=1.0)
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)
    rows = list(history(chosen.today, chosen.seed, chosen.volume))
    deliveries = list(live(chosen.today, chosen.seed, chosen.volume))
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (chosen.out / "history.jsonl").write_text("".join(lines), encoding="utf-8")
    (chosen.out / "sample.txt").write_text(_sample(rows, deliveries), encoding="utf-8")
    outcomes = Counter(str(one.expected) for one in deliveries)
    print(f"{len(rows)} rows in {chosen.out / 'history.jsonl'}")
    print(f"{len(deliveries)} live deliveries: {dict(outcomes)}")


def _sample(rows: Sequence[dict[str, Any]], deliveries: Sequence[Delivery]) -> str:
    chosen = rows[:: max(1, len(rows) // 300)]
    texts = [f"[{row['source']}] {row.get('text', '-')}" for row in chosen]
    bodies = [
        f"{one.source} {_iso(one.occurred_at)} {one.expected}\n{one.body.decode()}"
        for one in deliveries[:: max(1, len(deliveries) // 60)]
    ]
    return "\n\n".join([*texts, *bodies]) + "\n"


if __name__ == "__main__":
    main()

"""One mail -> one shape -> events: what the email connectors share.

A Letter comes of MIME bytes (`of_bytes`) or of the parts that a vendor parsed (`of_parts`), and
`events` makes of it a message of its conversation. Sources: RFC 5322 (headers, threads).

Options that every email source has:
options.own_domains: [havuvakka.example]   # mail from these is an agent's answer
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.connectors.base import Source
from chalicelib.connectors.parts import record
from chalicelib.connectors.parts.forwarded import (
    ADDRESS,
    Original,
    bare_subject,
    is_forward,
    is_reply,
    original,
)
from chalicelib.connectors.parts.html_text import html_text
from chalicelib.connectors.parts.mail_kinds import machine, no_letter, no_letter_by_type, robot
from chalicelib.connectors.parts.mime import Headers, Mime, read_mime, shown
from chalicelib.connectors.parts.reading import clean, mail_time
from chalicelib.connectors.parts.reply_text import own_words, reply_text
from chalicelib.errors import Misconfigured, Skipped, Unreadable
from chalicelib.interaction import Channel, Event, EventKind, Role

CHANNEL = Channel.EMAIL
FORWARDED = "forwarded"  # the tag of a customer's mail that came through a colleague
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,995}>")
_MOST_HEADER = 20_000  # characters of References: two hundred answers
_ANGLE = re.compile(rf"<\s*({ADDRESS.pattern})\s*>")
_PGP = "-----BEGIN PGP MESSAGE-----"


@dataclass(frozen=True)
class Letter:
    """One mail. `text` is all that a reader sees, `words` what its sender wrote.

    `sender` and `reply_to` are addresses in lower case, or empty. `references` are the Message-IDs
    of the mails before it, the oldest first. `machine` says why no person wrote it, else empty.
    """

    headers: Headers
    sender: str
    reply_to: str
    message_id: str
    references: tuple[str, ...]
    subject: str
    text: str
    words: str
    attachments: int = 0
    machine: str = ""
    unread: str = ""  # why its words cannot be read, where that is for a person to see
    attached: Letter | None = None  # a mail inside it

    @property
    def is_reply(self) -> bool:
        return bool(self.references) or is_reply(self.subject)

    @property
    def root(self) -> str:
        """The Message-ID of the mail that began the conversation, or empty."""
        return (*self.references, self.message_id)[0]


# --- from bytes and from parts ------------------------------------------------------------------


def of_bytes(raw: bytes) -> Letter:
    """A Letter of a whole mail. Raises Unreadable where it has hundreds of parts."""
    return _of_mime(read_mime(raw))


def _of_mime(mime: Mime) -> Letter:
    letter = of_parts(mime.headers, mime.plain, mime.html, mime.attachments)
    unread = ""
    if not letter.text and mime.signed_inside:
        unread = "the mail's words lie inside an S/MIME signature, which is not opened"
    elif not letter.text and mime.tnef:
        unread = "the mail's words lie in winmail.dat (TNEF), which is not opened"
    return replace(
        letter,
        machine=no_letter(mime) or _pgp(clean(mime.plain)),
        unread=unread,
        attached=_of_mime(mime.attached[0]) if mime.attached else None,
    )


def of_parts(headers: Headers, plain: str, html: str, attachments: int = 0) -> Letter:
    """A Letter of what a vendor parsed. `headers` have lower-case names and may be encoded."""
    subject = clean(shown(headers.get("subject", "")))
    references = _ids(headers.get("references", "")) or _ids(headers.get("in-reply-to", ""))
    is_answer = bool(references) or is_reply(subject)
    plain = clean(plain)
    return Letter(
        headers=headers,
        sender=_address(headers, "x-original-from", "from", "sender", "return-path"),
        reply_to=_address(headers, "reply-to"),
        message_id=(_ids(headers.get("message-id", "")) or ("",))[0],
        references=references,
        subject=subject,
        text=plain or html_text(html),
        words=_words(plain, html, is_answer=is_answer),
        attachments=attachments,
        machine=_pgp(plain) or no_letter_by_type(headers.get("content-type", "")),
    )


def _words(plain: str, page: str, *, is_answer: bool) -> str:
    """What the sender wrote. An answer may be empty; a first mail keeps what it has."""
    stripped = own_words if is_answer else reply_text
    if plain:
        return stripped(plain)
    found = stripped(html_text(page, quotes=not is_answer, signatures=False))
    return found or ("" if is_answer else reply_text(html_text(page)))


def _pgp(plain: str) -> str:
    found = plain.startswith(_PGP)
    return "encrypted with PGP: only its recipient's key opens it" if found else ""


def _ids(header: str) -> tuple[str, ...]:
    return tuple(_MESSAGE_ID.findall(header[:_MOST_HEADER]))


def _address(headers: Headers, *names: str) -> str:
    """The first address that one of these headers holds, in lower case; else empty."""
    for name in names:
        value = headers.get(name, "")[:1000]
        # In angle brackets first: a display name may hold another address, or try to look so.
        found = _ANGLE.findall(value) or ADDRESS.findall(shown(value))
        if found:
            return clean(str(found[-1])).lower()
    return ""


# --- to events ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Identity:
    """Who a mail is among its fellows: ids that the vendor signed or numbered."""

    event_id: str
    message_id: str = ""  # hashed Message-ID where the vendor has none of its own
    interaction_id: str = ""  # by the mail's references where empty


def events(
    letter: Letter,
    source: Source,
    received_at: datetime,
    identity: Identity,
    tags: Sequence[str] = (),
) -> list[Event]:
    """One mail is one message; its thread is the interaction.

    Raises Skipped for mail that no person wrote to us, Unreadable without a sender or where the
    words are in a form that we do not open, Misconfigured for options that cannot work.
    """
    domains = own_domains(source)
    letter = _by_its_writer(letter, domains)
    if not letter.sender:
        raise Unreadable("From holds no email address")
    reason = letter.machine or machine(letter.headers, letter.subject, letter.sender, domains)
    if reason:
        raise Skipped(reason)
    if letter.unread:
        raise Unreadable(letter.unread)
    role, customer, words, extra = _spoken(letter, domains)
    # A colleague's forward belongs to the conversation that the customer's own mail began.
    found = letter.attached if letter.attached and FORWARDED in extra else letter
    counted = [f"attachments:{letter.attachments}"] if letter.attachments else []
    values = {
        "event_id": identity.event_id,
        "message_id": identity.message_id or hashed(letter.message_id) or identity.event_id,
        "interaction_id": identity.interaction_id or thread(found) or identity.event_id,
        "kind": EventKind.MESSAGE,
        "occurred_at": sent_at(letter.headers, received_at),
        "role": role,
        "text": words,
        "customer": record.customer(email=customer) if customer else None,
        "tags": tuple(filter(None, [*tags, *extra, *counted])),
    }
    return [record.event(source, CHANNEL, **values)]


def hashed(message_id: str) -> str:
    """32 hex digits of a Message-ID, which may hold a name or a whole address; ids go into logs."""
    return hashlib.sha256(message_id.encode()).hexdigest()[:32] if message_id else ""


def thread(letter: Letter) -> str:
    """The conversation: the first mail that this one refers to, itself when it starts one."""
    return hashed(letter.root)


def sent_at(headers: Headers, received_at: datetime) -> datetime:
    """The sender's Date; the time of receipt where it is missing, unreadable or ahead of us.

    A mail program with a wrong clock or a home-made date is no reason to alarm anybody.
    """
    try:
        sent = mail_time(headers.get("date"), "Date")
    except Unreadable:
        return received_at
    return sent if sent <= received_at + timedelta(hours=1) else received_at


def _by_its_writer(letter: Letter, domains: Collection[str]) -> Letter:
    """The letter from the customer who filled in a form that mails from our own address.

    Web shops send their contact form from noreply@ or from the shop's address, with the customer
    in Reply-To; a list that rewrites From does the same.
    """
    ours = robot(letter.sender) or _is_own(letter.sender, domains)
    writer = letter.reply_to
    theirs = writer and not _is_own(writer, domains) and not robot(writer)
    if ours and theirs and not letter.is_reply and not is_forward(letter.subject):
        return replace(letter, sender=writer)
    return letter


def _spoken(letter: Letter, domains: Collection[str]) -> tuple[Role, str, str, list[str]]:
    """(role, customer's address, words, tags) of a mail, whoever passed it on."""
    own = _is_own(letter.sender, domains)
    found = _inside(letter)
    if found and own and found.sender and not _is_own(found.sender, domains):
        return Role.CUSTOMER, found.sender, _titled(letter, found.words), [FORWARDED]
    if own:
        return Role.AGENT, "", _titled(letter, letter.words), []
    if found and not found.above:
        # They forward without a word: their own earlier mail, or one of ours.
        ours = _is_own(found.sender, domains)
        return Role.CUSTOMER, letter.sender, "" if ours else _titled(letter, found.words), []
    words = found.above if found else letter.words
    return Role.CUSTOMER, letter.sender, _titled(letter, words), []


def _titled(letter: Letter, words: str) -> str:
    """A first mail's subject above its words; a reply repeats somebody else's."""
    return words if letter.is_reply else record.titled(bare_subject(letter.subject), words)


def _inside(letter: Letter) -> Original | None:
    """The mail that this one forwards, in its text or attached whole."""
    if letter.attached is not None and letter.attached.sender:
        inner = letter.attached
        return Original(above=letter.words, sender=inner.sender, words=inner.words)
    # A reply quotes with the same headers; only its subject tells.
    return original(letter.text) if is_forward(letter.subject) else None


def _is_own(address: str, domains: Collection[str]) -> bool:
    return address.rpartition("@")[2] in domains


def own_domains(source: Source) -> frozenset[str]:
    """options.own_domains. Raises Misconfigured unless it is a list of texts."""
    domains = source.options.get("own_domains") or ()
    if not isinstance(domains, (list, tuple)) or not all(isinstance(d, str) for d in domains):
        raise Misconfigured(
            f"sources.{source.name}.options.own_domains must be a list such as [havuvakka.example]"
        )
    return frozenset(one.lower().lstrip("@") for one in domains)


def check(source: Source) -> None:
    """Raises Misconfigured when the options that every email source has cannot work."""
    own_domains(source)

"""Mail out: one MIME message per reader, through SES."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.adapters.clients import calling, client

if TYPE_CHECKING:
    from email.message import EmailMessage


@dataclass(frozen=True)
class Letter:
    """A digest addressed to one reader. `tag` comes back in SES's events about this mail."""

    sender: str
    recipient: str
    reply_to: str
    subject: str
    text: str
    html: str
    language: str
    unsubscribe_url: str
    tag: str
    date: datetime


@dataclass(frozen=True)
class Note:
    """A few plain lines to somebody who keeps the hub running."""

    sender: str
    recipient: str
    reply_to: str
    subject: str
    text: str
    language: str
    date: datetime


@dataclass(frozen=True)
class Mail:
    """SES v2, raw: its simple form drops headers that one-click unsubscribing needs."""

    configuration_set: str = ""

    def send(self, letter: Letter) -> None:
        """Hand a letter to SES. Raises Retryable or Misconfigured when SES did not take it."""
        self._send(letter, compose(letter, self.configuration_set), "send a digest")

    def send_note(self, note: Note) -> None:
        """As `send`, for a note."""
        self._send(note, compose_note(note, self.configuration_set), "send a note")

    def _send(self, letter: Letter | Note, content: bytes, doing: str) -> None:
        with calling(doing):
            client("sesv2").send_email(
                FromEmailAddress=letter.sender,
                Destination={"ToAddresses": [letter.recipient]},
                Content={"Raw": {"Data": content}},
            )


def compose(letter: Letter, configuration_set: str = "") -> bytes:
    """The letter as MIME: text and HTML alternatives, RFC 8058 one-click unsubscribe headers."""
    message = _addressed(letter, configuration_set)
    message["List-Unsubscribe"] = f"<{letter.unsubscribe_url}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["X-SES-MESSAGE-TAGS"] = f"digest={letter.tag}"
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = letter.language  # content takes earlier Content- headers away
    return message.as_bytes()


def compose_note(note: Note, configuration_set: str = "") -> bytes:
    """The note as MIME: plain text."""
    message = _addressed(note, configuration_set)
    message.set_content(note.text, cte="quoted-printable")
    message["Content-Language"] = note.language
    return message.as_bytes()


def _addressed(letter: Letter | Note, configuration_set: str) -> EmailMessage:
    from email.message import EmailMessage  # only scheduled functions write mail
    from email.policy import SMTP
    from email.utils import format_datetime, make_msgid, parseaddr

    message = EmailMessage(policy=SMTP)
    message["From"] = letter.sender
    message["To"] = letter.recipient
    message["Reply-To"] = letter.reply_to
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(letter.date)
    message["Message-ID"] = make_msgid(domain=parseaddr(letter.sender)[1].partition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    if configuration_set:
        message["X-SES-CONFIGURATION-SET"] = configuration_set
    return message

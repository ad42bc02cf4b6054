"""A forwarded mail: whose words are inside, and what the one who forwarded it says above them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chalicelib.connectors.parts.reply_text import (
    HEADER_LINE,
    LONGEST_READ,
    header_block,
    own_words,
    reply_text,
)

ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"']{1,64}@[^\s<>()\[\]:;,\"']{1,190}")
_FORWARD = re.compile(r"\s*(vl|fw|fwd|vb|edelleen|vidarebefordrat|välitetty)\s*:", re.IGNORECASE)
_PREFIXES = re.compile(
    r"(\s*(vl|fw|fwd|vb|edelleen|vidarebefordrat|välitetty|re|vs|sv|aw|ang)(\[\d+\])?\s*:)+\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Original:
    """The mail inside a forward. `sender` is an address, or empty where only a name is shown."""

    above: str  # the words of the one who forwarded it
    sender: str
    words: str  # of the original sender


def is_forward(subject: str) -> bool:
    return bool(_FORWARD.match(subject))


def bare_subject(subject: str) -> str:
    """Without 'VL:', 'Fwd:', 'VS:', 'Re:' and their like."""
    return _PREFIXES.sub("", subject, count=1).strip()


def is_reply(subject: str) -> bool:
    """Begins with 'Re:', 'VS:' or 'SV:', for programs that lose the references."""
    return bool(_PREFIXES.match(subject)) and not is_forward(subject)


def original(text: str) -> Original | None:
    """The first mail quoted with its headers, or None where there is none."""
    lines = [line.strip().removeprefix(">").strip() for line in text[:LONGEST_READ].splitlines()]
    for number in range(len(lines)):
        length = header_block(lines, number)
        if length:
            break
    else:
        return None
    sender = ""
    for place, line in enumerate(lines[number : number + length], number):
        found = HEADER_LINE.fullmatch(line)
        if found and found["sender"]:
            address = ADDRESS.search(line) or ADDRESS.search(lines[place + 1])
            sender = address[0].strip("*.").lower() if address else ""
    body = lines[number + length :]
    while body and body[0] and HEADER_LINE.fullmatch(body[0]):
        body = body[1:]
    return Original(
        above=own_words("\n".join(lines[:number])),
        sender=sender,
        words=reply_text("\n".join(body)),
    )

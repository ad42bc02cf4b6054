"""What recordings hold that no log may: words, people, secrets; and the search for it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.connectors.recordings import Recording
from tests.security.hub import KEY, RECORDINGS

EMAIL = re.compile(r"[\w.+-]+@(?:[\w-]+\.)+[a-z]{2,}", re.IGNORECASE)
PHONE = re.compile(r"(?<![\w.-])(?:\+|00)\d[\d ]{6,}\d(?![\w-])")
WORDS = re.compile(r"\w{3,}(?:\W+\w+){2,}")  # three words in a row: a sentence, and no field's name


def told(recording: Recording) -> Iterator[str]:
    """What a recording holds that no log may: words by five, people, secrets."""
    secret = recording.secret
    yield from (line for line in secret.splitlines() if len(line) >= 8 and "-----" not in line)
    for one in recording.expected.get("events", ()):
        yield from pieces(one.get("text", ""))
        yield from (tag for tag in one.get("tags", ()) if " " in tag)
        customer = str(one.get("customer") or "").partition(":")[2]
        if "@" in customer or customer.startswith("+"):
            yield customer
    body = recording.request.body.decode("utf-8", "replace")
    yield from EMAIL.findall(body)
    yield from PHONE.findall(body)


def pieces(words: str) -> Iterator[str]:
    """Parts of a text that are too long to be anything else."""
    for line in words.splitlines():
        spoken = line.split()
        yield from (" ".join(spoken[at : at + 4]) for at in range(0, len(spoken) - 3, 2))


FORBIDDEN = sorted({one for recording in RECORDINGS for one in told(recording)} | {KEY})


def found_in(text: str) -> list[str]:
    """What of all that is forbidden stands in the log: plain, or as JSON writes it."""
    plain = text.replace("\\n", " ").replace('\\"', '"')
    decoded = re.sub(r"\\u([0-9a-f]{4})", lambda m: chr(int(m[1], 16)), plain)
    held = " ".join(decoded.split())
    leaks = [one for one in FORBIDDEN if one in held] + EMAIL.findall(held)
    return [f"…{held[max(0, held.index(leak) - 150) :][: 200 + len(leak)]}…" for leak in leaks]

"""What a vote on a feedback board is to us, for every board alike.

A vote is support for what somebody else wrote. It says nothing new, so it is no contact: it adds
nothing to contacts, themes or sentiment, and who voted is not kept. It is a STATUS event of the
post, and the post carries a tag for each number of votes that it has reached: `votes-5`,
`votes-10`, … A tag stays when votes are taken back: it says that so many once agreed. Tags are a
set, so repeated, late and missing deliveries lead to the same post.
"""

from __future__ import annotations

from chalicelib.connectors.parts.reading import optional_number

STEPS = (5, 10, 25, 50, 100, 250, 500, 1000)


def reached(count: object, where: str) -> tuple[str, ...]:
    """The tags of a vendor's count of votes. Raises Unreadable for what is no number."""
    votes = optional_number(count, where) or 0
    return tuple(f"votes-{step}" for step in STEPS if votes >= step)

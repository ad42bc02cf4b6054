"""Errors, named by what happens next.

    raise          means                    webhook answers by default   queue
    Rejected       not from the vendor      401                          -
    Skipped        understood, unused       204, counted                 delete
    Unreadable     verified, shape changed  202, body kept, alarm        -
    Retryable      the world is flaky       503                          redeliver
    Misconfigured  we are wrong             500, alarm                   dead-letter queue

A connector's `status` table overrides the default where its vendor reads a code differently.
Messages name what and where, and never hold a secret or a customer's words.
"""

from __future__ import annotations


class HubError(Exception):
    """Base of the five outcomes that are not success."""


class Rejected(HubError):
    """The request did not prove that the vendor sent it."""


class Skipped(HubError):
    """Understood and deliberately not used, such as a typing indicator."""


class Unreadable(HubError):
    """Verified, but its shape is not the documented one; kept, alarmed and replayable."""


class Retryable(HubError):
    """Something outside failed for now; the same work may succeed later."""


class Misconfigured(HubError):
    """Our own set-up is wrong; a person must act."""

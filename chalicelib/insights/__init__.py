"""Insights: pure functions of summaries, one insight in one file.

    themes        which themes hurt and pleased customers most
    usual         what differs from its usual level
    last_week     what differs from the week before
    ratings       NPS, CSAT and CES with their margins
    demand        failure demand: contacts caused by something that failed
    touchpoints   the journey: volumes, sentiment, targets, silence
    solicited     what customers say when asked beside what they say unasked
    sources       which sources are silent

Shared ground: `weeks` (ISO weeks), `history` (27 weeks read in one pass), `exposure` (open
days), `proportion`, `dispersion`, `discoveries` and `distributions` (the statistics), `verdict`
(what a comparison may claim). A count below `PUBLISHED_FROM` is never published.
"""

from __future__ import annotations

PUBLISHED_FROM = 5  # contacts: a smaller cell could point at a person
SCORED_FROM = 10  # answers: fewer give a count, no score

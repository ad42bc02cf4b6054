"""Digest: one department's week as an email and a page.

    whole_week   27 weeks of counts -> the organisation's insights, once a week     whole.py
    compose      what concerns a department -> Digest (numbers and ids)        composition.py
    with_quotes  candidates -> Digest with two or three quotes a theme            quotes.py
    render       Digest -> Mail: subject, plain text, HTML     sentences.py, view.py, rendering.py

`contents.py` holds the dataclasses; `locale/` every word of the reader's language; `templates/`
only the layout. All pure: nothing here reads a table or sends a mail.
"""

from __future__ import annotations

from chalicelib.digest.composition import compose
from chalicelib.digest.contents import Digest, Links, Mail, Quote, QuoteCandidate
from chalicelib.digest.quotes import with_quotes
from chalicelib.digest.rendering import render
from chalicelib.digest.whole import More, WholeWeek, whole_week
from chalicelib.insights.weeks import IsoWeek

__all__ = [
    "Digest",
    "IsoWeek",
    "Links",
    "Mail",
    "More",
    "Quote",
    "QuoteCandidate",
    "WholeWeek",
    "compose",
    "render",
    "whole_week",
    "with_quotes",
]

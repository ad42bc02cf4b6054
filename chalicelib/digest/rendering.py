"""Rendering: a Digest as a mail, plain text and HTML saying the same."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from chalicelib.digest.contents import Digest, Links, Mail
from chalicelib.digest.palette import DARK, LIGHT
from chalicelib.digest.wording import view

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

LARGEST_HTML = 100_000  # bytes; Gmail clips at 102 KB
#: '(31–38 %)', '1 340–1 460 €', '--out FILE.csv': a line must not break after the dash.
_NUMBER = r"\d(?:[\d.,]*\d|\u00a0\d)*"
_DASHED = re.compile(rf"[(€]*{_NUMBER}–{_NUMBER}(?:\u00a0?[%€h]|[.,])?\)?|--\w+ \S+")


def render(digest: Digest, links: Links) -> Mail:
    """The mail of a digest, the same for the same digest.

    Where long names and quotes would pass the size at which Gmail clips a mail, the quotes of
    the least important themes are left out, and then the department's last sections.
    """
    mail = _render(digest, links)
    while digest.quotes and len(mail.html.encode()) > LARGEST_HTML:
        kept = [key for key in digest.quote_requests if key in digest.quotes][:-1]
        digest = replace(digest, quotes={key: digest.quotes[key] for key in kept})
        mail = _render(digest, links)
    while digest.order and len(mail.html.encode()) > LARGEST_HTML:
        digest = replace(digest, order=digest.order[:-1])
        mail = _render(digest, links)
    return mail


def _render(digest: Digest, links: Links) -> Mail:
    words = view(digest, links)
    known = templates()
    text = known.get_template("digest.txt").render(view=words)
    html = known.get_template("digest.html").render(view=words, light=LIGHT, dark=DARK)
    return Mail(words.subject, text, html)


@cache
def templates() -> Environment:
    """The templates of digests and pages; what they are given is escaped in HTML."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader("chalicelib.digest"),
        # Customers' words are escaped in HTML and left alone in plain text.
        autoescape=select_autoescape(["html"], disabled_extensions=["txt"], default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["unbroken"] = _unbroken
    return environment


def _unbroken(text: str) -> Markup:
    """The text in HTML, each range of numbers and option kept on one line."""
    from markupsafe import Markup, escape

    return Markup(_DASHED.sub(r'<span class="nb">\g<0></span>', str(escape(text))))  # noqa: S704 escaped

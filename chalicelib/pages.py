"""The page behind an unsubscribe link: in every language, for its token does not say whose it is.

Works without a script, in the light and in the dark, and at a telephone's width. No I/O here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from chalicelib.digest.palette import DARK, LIGHT, Palette

#: Of every page that a stranger's browser opens: nothing is loaded, framed, kept or told on.
HEADERS: Mapping[str, str] = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
}

_ASK = {
    "fi": "Haluatko lopettaa viikkokatsauksen?",
    "sv": "Vill du avsluta veckobrevet?",
    "en": "Stop the weekly digest?",
}
_DONE = {
    "fi": "Viikkokatsaus on lopetettu.",
    "sv": "Veckobrevet är avslutat.",
    "en": "The weekly digest has been stopped.",
}
_BROKEN = {
    "fi": "Linkki ei kelpaa.",
    "sv": "Länken är ogiltig.",
    "en": "This link is not valid.",
}
_BUTTON = '<form method="post"><button>Lopeta · Avsluta · Stop</button></form>'

_PAGE = """<!doctype html>
<html lang="fi">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Oivallus</title>
<style>
:root{{color-scheme:light dark;{light}}}
@media (prefers-color-scheme:dark){{:root{{{dark}}}}}
*{{box-sizing:border-box}}
body{{margin:0;padding:24px 12px;background:var(--page);color:var(--ink);\
font:18px/1.5 -apple-system,'Segoe UI',Roboto,Arial,sans-serif}}
main{{max-width:36em;margin:0 auto;padding:24px 28px 28px;background:var(--paper);\
border-radius:12px}}
b{{color:var(--accent);font-family:Georgia,'Times New Roman',serif;font-size:15px}}
p{{margin:0 0 10px}}
button{{min-height:48px;margin-top:14px;padding:10px 28px;border:0;border-radius:8px;\
background:var(--accent);color:var(--paper);font:inherit;font-weight:600;cursor:pointer}}
:focus-visible{{outline:3px solid var(--accent);outline-offset:2px}}
@media (max-width:600px){{body{{padding:0;background:var(--paper)}}\
main{{padding:20px;border-radius:0}}button{{width:100%}}}}
</style>
</head>
<body>
<main>
<p><b>Oivallus</b></p>
{told}
</main>
</body>
</html>
"""


def asking() -> str:
    """The page that asks before anything is stopped."""
    return _page(_ASK, _BUTTON)


def stopped() -> str:
    """The page after it."""
    return _page(_DONE)


def broken() -> str:
    """The page of a link that is not ours."""
    return _page(_BROKEN)


def _page(sentences: Mapping[str, str], form: str = "") -> str:
    told = [f'<p lang="{language}">{words}</p>' for language, words in sentences.items()]
    return _PAGE.format(light=_colours(LIGHT), dark=_colours(DARK), told="\n".join([*told, form]))


def _colours(tone: Palette) -> str:
    return ";".join(f"--{name}:{value}" for name, value in asdict(tone).items())

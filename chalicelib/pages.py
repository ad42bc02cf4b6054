"""The page behind an unsubscribe link: in every language, for its token does not say whose it is.

Works without a script, in the light and in the dark, and at a telephone's width. No I/O here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from html import escape

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
_MISTAKE = {
    "fi": "Lopetitko vahingossa? Voit perua lopetuksen tunnin ajan alla olevasta painikkeesta. "
    "Myöhemmin voit pyytää katsauksen takaisin osoitteesta {contact}.",
    "sv": "Var det ett misstag? Inom en timme kan du ångra dig med knappen nedan. "
    "Senare kan du be om veckobrevet igen på {contact}.",
    "en": "By mistake? The button below takes it back within an hour. Later, ask {contact}.",
}
_OFFER = {
    "fi": "Haluatko viikkokatsauksen takaisin?",
    "sv": "Vill du ha veckobrevet tillbaka?",
    "en": "Get the weekly digest again?",
}
_RESUMED = {
    "fi": "Saat viikkokatsauksen taas.",
    "sv": "Du får veckobrevet igen.",
    "en": "You will get the weekly digest again.",
}
_BROKEN = {
    "fi": "Linkki ei kelpaa tai on vanhentunut.",
    "sv": "Länken är ogiltig eller har gått ut.",
    "en": "This link is not valid, or has expired.",
}
_BUTTON = '<form method="post"><button>Lopeta · Avsluta · Stop</button></form>'
_BACK = '<form method="post"{to}><button>Peru lopetus · Ångra · Undo</button></form>'

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
    return _page(_ASK, form=_BUTTON)


def stopped(undo: str, contact: str) -> str:
    """The page after it: `undo` is the token that takes it back, `contact` whom to ask later."""
    mistake = {
        language: words.format(contact=escape(contact)) for language, words in _MISTAKE.items()
    }
    return _page(_DONE, mistake, form=_BACK.format(to=f' action="{escape(undo)}"'))


def offering() -> str:
    """The page of a link that takes it back, before it does."""
    return _page(_OFFER, form=_BACK.format(to=""))


def resumed() -> str:
    """The page after that."""
    return _page(_RESUMED)


def broken() -> str:
    """The page of a link that is not ours."""
    return _page(_BROKEN)


def _page(*paragraphs: Mapping[str, str], form: str = "") -> str:
    told = [
        f'<p lang="{language}">{words}</p>'
        for sentences in paragraphs
        for language, words in sentences.items()
    ]
    return _PAGE.format(light=_colours(LIGHT), dark=_colours(DARK), told="\n".join([*told, form]))


def _colours(tone: Palette) -> str:
    return ";".join(f"--{name}:{value}" for name, value in asdict(tone).items())

"""Spoken: what a customer said in a message, on one line, without its greeting and sign-off.

Only what is plainly one of these is left out: a greeting at the start of the message or below
its subject, and a closing phrase, a name or a number at its end.
"""

from __future__ import annotations

import re
import unicodedata

_EMOJI_JOINER = "\u200d"
#: A mail client breaks its lines at about this many characters; a shorter line ended on purpose.
_WRAPPED_FROM = 60
_CLOSERS = ")]}”’\"'»"
_WORD_BEFORE_END = re.compile(r"[\w%€$°]")

_OPENER = (
    r"(?:(?:no|joo|ja|yes|well)(?:,[ ]|[ ]))?"
    r"(?:hei|heippa|hei[ ]hei|moi|moikka|moro|terve|tervehdys|"
    r"(?:hyvää[ ])?(?:päivää|iltapäivää|iltaa|huomenta)|"
    r"hej|hejsan|hallå|god[ ](?:dag|morgon|kväll|afton)|"
    r"hi|hello|hey|greetings|good[ ](?:day|morning|afternoon|evening))"
)
# After 'Dear' and the like anybody may be named; after 'Hei' only who is plainly spoken to.
_ADDRESSED = r"(?:arvoisat?|ärade|dear)(?:[ ][^\s,.!?:;]+){1,4}"
_SERVICE = r"asiakaspalvelu|kundtjänst|kundservice|customer[ ](?:service|support)"
_WHOM = (
    rf"(?i:{_SERVICE}|there|all|team|everyone|again|kaikki|vaan|taas|teille|siellä|alla|igen)"
    r"|\[\w+\]|[A-ZÅÄÖ][\w’'-]*"
)
# 'Hyvä asiakaspalvelu' may also be praise: a greeting only where it has a line of its own.
_ADDRESSED_ALONE = rf"(?:hyvät?|bästa|kära)[ ](?:{_SERVICE}|vastaanottaja|mottagare|\[\w+\])"
_GREETING = re.compile(
    rf"(?:(?i:{_OPENER})(?:[ ](?:{_WHOM})){{0,2}}|(?i:{_ADDRESSED}))(?:[ ]?[,.!]+(?=\s)|(?=\n))"
    rf"|(?i:{_ADDRESSED_ALONE})[ ]?[,!]?(?=\n)"
)
_SUBJECT = re.compile(r"[^\n]{1,100}\n\n")

_CLOSING = (
    r"(?i:(?:(?:ystävällisin|parhain|lämpimin)[ ])?terveisin|(?:yst\.?[ ])?terv(?=[.:, ])|"
    r"kunnioittaen|ystävällisesti|t(?=[.:])|"
    r"med[ ](?:vänliga?|bästa)[ ]hälsning(?:ar)?|(?:vänliga[ ])?hälsningar|hälsn(?=[.:, ])|mvh|"
    r"vänligen|(?:(?:kind|best|warm)[ ])?regards|best[ ]wishes|"
    r"yours[ ](?:sincerely|faithfully|truly)|sincerely|cheers)"
)
_LABEL = (
    r"(?i:p|puh|tel|phone|gsm|asiakasnumero|asiakasnro|kundnummer|customer[ ]number|"
    r"tilausnumero|ordernummer|order[ ]number)"
)
_NAME = r"(?:\[\w+\]|[A-ZÅÄÖ][\w’'-]{0,30})"
_MATTER = rf"(?:{_NAME}|{_LABEL}\b)"
_BETWEEN = r"[\s,./|:]{1,4}"
_ENDS = r"[\s.,!]*\Z"
_SIGN_OFF = re.compile(
    # 'Terveisin', with or without a name, below what was said
    rf"\n{_CLOSING}[.,:!]?(?:{_BETWEEN}{_MATTER}){{0,6}}{_ENDS}"
    # 'Terveisin Oona Lehto, Turku' after the last sentence
    rf"|(?<=[.!?…])[ ]{_CLOSING}[.,:!]?(?:{_BETWEEN}{_MATTER}){{1,6}}{_ENDS}"
    # '[name], customer number [id]', where nothing but a new paragraph or sentence goes before
    rf"|(?:\n\n|(?<=[.!?…])[ \n])(?:{_LABEL}{_BETWEEN})?\[\w+\]"
    rf"(?:{_BETWEEN}{_MATTER}){{0,6}}{_ENDS}"
    # '-Oona'
    rf"|(?:\n|(?<=[.!?…])[ ])[-–—][ ]?{_NAME}{_ENDS}"
)


def said(text: str) -> str:
    """What the customer said, on one visible line; the whole text where nothing else is left.

    A line that ended on purpose without punctuation, such as a subject, gets a full stop.
    """
    lines = "\n".join(visible(line) for line in text.splitlines()).strip("\n")
    whole = re.sub(r"\n{3,}", "\n\n", lines)
    return _joined(_ungreeted(_unsigned(whole))) or _joined(whole)


def visible(text: str) -> str:
    """One line of printable text: no control characters, no direction overrides.

    Redirecting marks (Unicode category Cf) could make a quote read as something else, and line
    breaks could forge a line of the plain-text digest.
    """
    kept = (
        " " if unicodedata.category(ch) in {"Cc", "Zl", "Zp"} else ch
        for ch in unicodedata.normalize("NFC", text)
        if ch == _EMOJI_JOINER or unicodedata.category(ch) not in {"Cf", "Cs", "Co", "Cn"}
    )
    return " ".join("".join(kept).split())


def _unsigned(text: str) -> str:
    found = _SIGN_OFF.search(text)
    return text[: found.start()] if found else text


def _ungreeted(text: str) -> str:
    """Without a greeting at the start, and then without one below the subject."""
    text = _without_greeting(text, 0)
    subject = _SUBJECT.match(text)
    return _without_greeting(text, subject.end()) if subject else text


def _without_greeting(text: str, start: int) -> str:
    """Without the greetings that stand there: some write two, 'Hei' and then 'Hyvää päivää'."""
    while found := _GREETING.match(text, start):
        rest = text[found.end() :].lstrip()
        if text[start].isupper():
            rest = rest[:1].upper() + rest[1:]
        text = text[:start] + rest
    return text


def _joined(text: str) -> str:
    """The lines as one, with a full stop after each that ended on purpose without punctuation."""
    lines = text.split("\n")
    told = ""
    for place, line in enumerate(lines):
        if line:
            told += line + (_stop(line, lines[place + 1 :]) if place + 1 < len(lines) else "") + " "
    return told.strip()


def _stop(line: str, after: list[str]) -> str:
    """'.' or '' after `line`; a wrapped line goes on in the next one."""
    last = line.rstrip(_CLOSERS)[-1:]
    if not any(after) or not _WORD_BEFORE_END.match(last):
        return ""
    following = after[0]
    if not following:  # a new paragraph
        return "."
    wrapped = len(f"{line} {following.split()[0]}") >= _WRAPPED_FROM
    return "." if following[0].isupper() and not wrapped else ""

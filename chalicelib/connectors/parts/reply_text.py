"""What a person wrote in an email: without the quoted mail below it and without the signature.

Used where the vendor does not strip replies itself. Knows how mail programs write in Finnish,
Swedish and English: Outlook, Gmail, Apple Mail, Thunderbird, Samsung, Yahoo, Proton, Roundcube.

Own rules rather than a library: none of the kept ones knows Finnish. The figures are in
docs/connectors/mail.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_LONGEST_MARKER = 300  # characters of a line that introduces a quotation
_WRAPPED = 60  # characters from which a quoted line was wrapped where an unquoted one follows
_LONGEST_SIGNATURE = 14  # lines
LONGEST_READ = 200_000  # characters; an event keeps 10,000 of them
_LONGEST_BLOCK = 8  # lines of headers above a quotation that are looked at

# "ma 2. marrask. 2026 klo 11.00 Maija (maija@example.fi) kirjoitti:", "On … wrote:",
# "Den mån 2 nov. 2026 kl 11:00 skrev Maija <…>:". A date or an address is what tells it from the
# sentence "Hän kirjoitti:".
_INTRODUCTION = re.compile(r"(?=.*[\d@]).*\b(kirjoitti|wrote|skrev)\b.*:", re.IGNORECASE)
# "-----Alkuperäinen viesti-----", "Välitetty viesti alkaa:", and a rule as Outlook draws it.
_TITLES = (
    r"(alkuperäinen viesti|välitetty viesti|edelleenlähetetty viesti|original message|"
    r"forwarded message|ursprungligt meddelande|originalmeddelande|vidarebefordrat meddelande|"
    r"vidarebefordrat brev)"
)
_RULE = re.compile(rf"-{{2,}}\s*{_TITLES}\s*-{{2,}}|_{{20,}}", re.IGNORECASE)
_BEGIN = re.compile(
    r"(begin forwarded message|välitetty viesti alkaa( tästä)?|vidarebefordrat brev|"
    r"(på)?börja(r|n på)? vidarebefordrat (brev|meddelande))\s*:",
    re.IGNORECASE,
)
_FROM = r"lähettäjä|from|från|avsändare"
_DATE = r"lähetetty|lähetyspäivä|sent|skickat|date|päivämäärä|päiväys|pvm|datum"
_OTHER = (
    r"aihe|otsikko|subject|ämne|vastaanottajat?|saaja|kenelle|to|till|kopio|cc|kopia|bcc|"
    r"reply-to|vastaa|vastausosoite|svar till|tärkeys|importance|prioritet|liitteet|attachments"
)
#: A line of the headers that a mail program puts above what it quotes.
HEADER_LINE = re.compile(
    rf"[*\s]*((?P<sender>{_FROM})|(?P<date>{_DATE})|{_OTHER})\s*:[*\s]*(?P<value>.*)",
    re.IGNORECASE,
)
_FOOTER = re.compile(
    r"(lähetetty|sent (from|with|using)|skickat (från|med)|hanki outlook|get outlook|"
    r"(skaffa|hämta) outlook)\b.{0,60}(iphone|ipad|android|puhelim|outlook|samsung|galaxy|laitte|"
    r"mobile|mobil|\bios\b|sähköposti|yahoo|proton|windows|e-post|huawei|\bmail\b).{0,60}",
    re.IGNORECASE,
)
_KIND = r"(ystävällisin|yst(äv)?\.?|parhain|kiittäen|kunnioittaen|lämpimin|iloisin|kevät|syys)"
_THANKS = (
    r"(kiitos|kiitän|tack|thanks|thank you|many thanks)( jo etukäteen| på förhand| in advance)?"
)
_CLOSING_WORDS = (
    rf"({_KIND}[\s-]*)?(terveisin|terveiset|terv|terkuin)|{_KIND}|t|yt|ystävällisesti|"
    r"(med )?(vänliga?|bästa|hjärtliga) hälsning(ar)?|hälsningar|hälsn|mvh|vh|"
    r"((kind|best|warm|warmest) )?regards|best wishes|all the best|"
    r"(yours )?(sincerely|faithfully|truly)|br|rgds"
)
_CLOSING = re.compile(
    rf"({_THANKS}( ja|,| och| and)? )?({_CLOSING_WORDS})\s*[.,:;!/-]*|{_THANKS},", re.IGNORECASE
)
_NAME = r"(?-i:[A-ZÅÄÖ][\w.'’-]*)( ((ja|och|and|&) )?(?-i:[A-ZÅÄÖ][\w.'’-]*)){0,3}"
_CLOSING_WITH_NAME = re.compile(
    rf"({_THANKS}( ja|,| och| and)? )?({_CLOSING_WORDS})\s*[.,:/-]*\s*{_NAME}[.!]?|"
    rf"//?\s?{_NAME}",
    re.IGNORECASE,
)
# What a person adds below the name is theirs: a sentence, a question, a postscript.
_SENTENCE = re.compile(r".{45,}[.!]|.*\?|p\.?\s?s\b.*", re.IGNORECASE)
_DISCLAIMER = re.compile(
    r"(tämä (sähköposti)?viesti (ja sen liitteet|liitteineen|on luottamuksellinen|saattaa)|"
    r"this (e-?mail|message) (and any|may contain|is confidential|is intended|contains conf)|"
    r"det(ta|ta här) (e-?post)?(meddelandet?|mejlet?) (och|kan innehålla|är konfid|är avsett))",
    re.IGNORECASE,
)
# What a mail gateway writes above mail from strangers.
_BANNER = re.compile(
    r"(et saa usein sähköpostia osoitteesta|you don't often get email from|"
    r"du får inte ofta e-post från|"
    r"(caution|warning|external|varoitus|obs|varning)\W{1,3}(this|the|tämä|det här) .{0,40}"
    r"(outside|ulkopuol\w*|utanför))\b.{0,250}",
    re.IGNORECASE,
)
_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"


def reply_text(body: str) -> str:
    """The person's own words; the whole text where nothing would be left."""
    return own_words(body) or body.strip()


def own_words(body: str) -> str:
    """The text above the first quotation or signature, without lines that start with '>'.

    Empty where the mail holds nothing else. Answers below or between quoted lines are kept.
    """
    lines = [line.strip() for line in body[:LONGEST_READ].splitlines()]
    kept: list[str] = []
    number = 0
    cited = 0  # characters of the line before, where it was quoted
    while number < len(lines):
        line = lines[number]
        length = quotation(lines, number)
        if length:
            # Text after an introduction and its '>' lines is an answer below or between them.
            if not _quoted(lines, number + length):
                break
            number += length
            cited = 0
            continue
        if line in ("--", _SIGNATURE) or (len(line) < 150 and _FOOTER.fullmatch(line)):
            break
        # A program that wraps a long quoted line leaves its end without a '>'.
        if not line.startswith(">") and not (line and cited >= _WRAPPED):
            kept.append(line)
        cited = len(line) if line.startswith(">") else 0
        number += 1
    return "\n".join(_unsigned(_unsealed(kept))).strip()


def quotation(lines: Sequence[str], number: int) -> int:
    """How many lines introduce a quotation here; 0 where this line does not begin one."""
    line = lines[number]
    if not line or len(line) > _LONGEST_MARKER:
        return 0
    if _RULE.fullmatch(line) or _BEGIN.fullmatch(line) or _INTRODUCTION.fullmatch(line):
        return 1
    if block := header_block(lines, number):
        return block
    # Mail programs wrap a long introduction onto a second and a third line.
    for more in (2, 3):
        wrapped = lines[number : number + more]
        if len(wrapped) < more or not wrapped[-1] or line.endswith((".", "!", "?")):
            break
        joined = " ".join(wrapped)
        fits = len(joined) <= _LONGEST_MARKER and len(wrapped[-1]) <= 80
        if fits and joined.endswith(":") and _INTRODUCTION.fullmatch(joined):
            return more
    return 0


def header_block(lines: Sequence[str], number: int) -> int:
    """How many lines of headers stand here, with a sender and a date; else 0."""
    names: set[str] = set()
    length = 0
    for line in lines[number : number + _LONGEST_BLOCK]:
        found = HEADER_LINE.fullmatch(line) if len(line) <= 1000 else None
        if found is None:
            break
        names |= {name for name in ("sender", "date") if found[name]}
        length += 1
    return length if names == {"sender", "date"} else 0


def _quoted(lines: Sequence[str], number: int) -> bool:
    """The next line that says anything starts with '>'."""
    return next((line for line in lines[number:] if line), "").startswith(">")


def _unsealed(lines: list[str]) -> list[str]:
    """Without the opening lines of a PGP signature and a mail gateway's first-contact banner."""
    if _SIGNED in lines:
        start = lines.index(_SIGNED)
        end = next((n for n in range(start, len(lines)) if not lines[n]), len(lines) - 1)
        lines = lines[:start] + lines[end + 1 :]
    return [line for line in lines if not _BANNER.match(line)]


def _unsigned(lines: list[str]) -> list[str]:
    """Without the closing phrase and what follows it, and without a company's disclaimer."""
    for number, line in enumerate(lines):
        if number and _DISCLAIMER.match(line):
            lines = lines[:number]
            break
    for number in range(max(1, len(lines) - _LONGEST_SIGNATURE), len(lines)):
        line = lines[number]
        closes = len(line) < 80 and (_CLOSING.fullmatch(line) or _CLOSING_WITH_NAME.fullmatch(line))
        if closes and not any(_SENTENCE.fullmatch(after) for after in lines[number + 1 :]):
            return lines[:number]
    return lines

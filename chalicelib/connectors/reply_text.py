"""What a person wrote in an email: without the quoted mail below it and without the signature.

Used where the vendor does not strip replies itself. Knows how mail programs write in Finnish,
Swedish and English. When nothing would be left, the whole text is kept.
"""

from __future__ import annotations

import re

_LONGEST_MARKER = 300  # characters of a line that introduces a quotation

# "ma 2. marrask. 2026 klo 11.00 Maija (maija@example.fi) kirjoitti:", "On … wrote:",
# "Den mån 2 nov. 2026 kl 11:00 skrev Maija <…>:". A digit keeps "Hän kirjoitti:" a sentence.
_INTRODUCTION = re.compile(r"(?=.*\d).*\b(kirjoitti|wrote|skrev)\b.*:", re.IGNORECASE)
# "-----Alkuperäinen viesti-----" and a rule of underscores, as Outlook draws them.
_RULE = re.compile(
    r"-{2,}\s*(alkuperäinen viesti|välitetty viesti|original message|forwarded message|"
    r"ursprungligt meddelande|vidarebefordrat meddelande)\s*-{2,}|_{20,}",
    re.IGNORECASE,
)
_HEADER = re.compile(r"\*?(lähettäjä|from|från)\s*:\*?\s.*", re.IGNORECASE)
_HEADER_NEXT = re.compile(r"\*?(lähetetty|sent|skickat|date|päivämäärä|datum)\s*:", re.IGNORECASE)
_FOOTER = re.compile(
    r"(lähetetty|sent from|skickat från|hanki outlook|get outlook|hämta outlook)\b"
    r".{0,60}(iphone|ipad|android|puhelim|outlook|samsung|laitteest|mobile|mobil|ios).{0,60}",
    re.IGNORECASE,
)


def reply_text(body: str) -> str:
    """The text above the first quotation or signature, without lines that start with '>'."""
    lines = body.splitlines()
    kept: list[str] = []
    for number, line in enumerate(lines):
        bare = line.strip()
        following = lines[number + 1].strip() if number + 1 < len(lines) else ""
        if line.rstrip() == "--" or _introduces(bare, following):
            break
        if not bare.startswith(">"):
            kept.append(line.rstrip())
    stripped = "\n".join(kept).strip()
    return stripped or body.strip()


def _introduces(line: str, following: str) -> bool:
    if not line or len(line) > _LONGEST_MARKER:
        return False
    if _RULE.fullmatch(line) or _FOOTER.fullmatch(line) or _INTRODUCTION.fullmatch(line):
        return True
    if _HEADER.fullmatch(line):
        return bool(_HEADER_NEXT.match(following))
    # Mail programs wrap a long introduction onto a second line.
    wrapped = len(following) <= 80 and following.endswith(":") and not line.endswith((".", "!"))
    return wrapped and bool(_INTRODUCTION.fullmatch(f"{line} {following}"))

"""Mail that no person wrote to us: automatic replies, bounces, lists, spam, what nobody can read.

Sources: RFC 3834 (automatic replies), RFC 3464 (bounces), RFC 8098 (receipts), RFC 2919 and 2369
(lists), and what Exchange, Gmail, cPanel and Finnish hosting write instead; read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from chalicelib.connectors.parts.charsets import parameter
from chalicelib.connectors.parts.mime import Mime

_BULK = frozenset({"bulk", "junk", "list", "auto_reply", "auto-reply"})
_AUTOMATIC = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-autoreply-from",
    "x-autorespond-for",
    "x-mail-autoreply",
    "x-amazon-auto-reply",
)
_ROBOT = re.compile(
    r"(mailer-daemon|postmaster|no[._-]?reply|do[._-]?not[._-]?reply|ei[._-]?vasta(usta|ta)?|"
    r"(ala|älä)[._-]?vastaa|svara[._-]?(inte|ej)|bounces?|microsoftexchange[0-9a-f]{16,})"
    r"([+._=-].*)?@.*",
    re.IGNORECASE,
)
_AWAY = re.compile(
    r"(automaattinen vastaus|automaattivastaus|poissaoloviesti|poissaoloilmoitus|poissa|"
    r"poissa toimistolta|automatic reply|auto[- ]?reply|autoreply|auto|out of (the )?office"
    r"( autoreply| reply)?|autosvar|automatiskt svar|frånvaromeddelande|frånvarande|"
    r"ej på kontoret)\s*(:.*)?",
    re.IGNORECASE,
)
_REPORTS = {
    "delivery-status": "a bounce",
    "disposition-notification": "a read receipt",
    "feedback-report": "a spam complaint",
}


def robot(address: str) -> bool:
    """An address that no person writes from."""
    return bool(_ROBOT.fullmatch(address))


def machine(
    headers: Mapping[str, str], subject: str, sender: str, own_domains: Collection[str]
) -> str:
    """Why no person wrote this mail to the company, such as 'an automatic reply'; else empty.

    `headers` have lower-case names. A list of the company's own is how a shared mailbox works
    (Google Groups): its mail is the customers'.
    """
    for mark, reason in (
        (headers.get("x-spam-status", "")[:3].lower() == "yes", "spam"),
        (headers.get("x-spam-flag", "").strip().lower() == "yes", "spam"),
        (_auto_submitted(headers), "an automatic reply"),
        (any(name in headers for name in _AUTOMATIC), "an automatic reply"),
        (bool(_AWAY.fullmatch(subject.strip())), "an automatic reply"),
        (headers.get("return-path", "").replace(" ", "") == "<>", "a bounce"),
        (robot(sender), "a mail from a machine"),
    ):
        if mark:
            return reason
    listed = headers.get("list-id", "") + headers.get("list-post", "")
    if listed and any(domain in listed.lower() for domain in own_domains):
        return ""
    if headers.get("precedence", "").strip().lower() in _BULK:
        return "an automatic or bulk mail"
    if listed or "list-unsubscribe" in headers:
        return "a mailing list or newsletter"
    return ""


def _auto_submitted(headers: Mapping[str, str]) -> bool:
    found = headers.get("auto-submitted", "no").partition(";")[0].partition("(")[0]
    return found.strip().lower() not in ("no", "")


def no_letter(mime: Mime) -> str:
    """What a mail is instead of a letter, by its structure; else empty."""
    if mime.report:
        return _REPORTS.get(mime.report, "a report of a mail server")
    if mime.calendar:
        return "a calendar invitation"
    if mime.encrypted:
        return f"encrypted with {mime.encrypted}: only its recipient's key opens it"
    return ""


def no_letter_by_type(content_type: str) -> str:
    """The same of a mail whose parts a vendor has parsed away, by its own Content-Type."""
    kind = content_type.partition(";")[0].strip().lower()
    return no_letter(
        Mime(
            {},
            report=(parameter(content_type, "report-type") or "report").lower()
            if kind == "multipart/report"
            else "",
            calendar=kind == "text/calendar",
            encrypted="" if "signed-data" in content_type else _ENCRYPTED.get(kind, ""),
        )
    )


_ENCRYPTED = {
    "multipart/encrypted": "PGP",
    "application/pkcs7-mime": "S/MIME",
    "application/x-pkcs7-mime": "S/MIME",
}

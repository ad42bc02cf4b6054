"""Keyed pseudonyms of customers: the same person gives the same one, nobody can go back."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from chalicelib.errors import Misconfigured

_PSEUDONYM = re.compile(r"c_[A-Za-z0-9_-]{28}")
_DIALLED = re.compile(r"\+[1-9]\d{6,14}")


def is_pseudonym(customer: str) -> bool:
    """Whether this is already one of ours; a vendor's word has a kind and a colon."""
    return _PSEUDONYM.fullmatch(customer) is not None


def pseudonym(customer: str, key: bytes) -> str:
    """'email:Matti@X.example' -> 'c_' and 28 url-safe characters, stable under one key.

    HMAC-SHA256 (RFC 2104) of the normalised customer, cut to 168 bits. Emails are lower-cased,
    telephone numbers put in E.164 (national ones read as Finnish); other kinds only stripped.
    Kinds stay apart: an id never equals an email. Raises Misconfigured on an empty key.
    """
    if not key:
        raise Misconfigured("the key of customer pseudonyms is empty; set the secret that holds it")
    normal = _normalised(customer).encode("utf-8", "surrogatepass")
    digest = hmac.new(key, b"customer\0" + normal, hashlib.sha256).digest()
    return "c_" + base64.urlsafe_b64encode(digest[:21]).decode("ascii")


def _normalised(customer: str) -> str:
    kind, colon, value = customer.strip().partition(":")
    if not colon:
        return customer.strip()
    kind, value = kind.strip().lower(), value.strip()
    if kind == "email":
        value = value.removeprefix("mailto:").strip("<> ").lower()
    elif kind == "phone":
        value = _e164(value)
    return f"{kind}:{value}"


def _e164(number: str) -> str:
    """'+358401234567'; what is no telephone number stays as its own figures and letters."""
    plain = re.sub(r"[\s().\-–/]", "", number.replace("(0)", ""))
    if plain.startswith("00"):
        plain = "+" + plain[2:]
    plain = re.sub(r"^\+3580", "+358", plain)  # '+358 040 ...' is a common slip
    if _DIALLED.fullmatch(plain):  # E.164 already: the common case, without loading metadata
        return plain
    from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, parse

    try:
        return format_number(parse(plain, "FI"), PhoneNumberFormat.E164)
    except NumberParseException:
        return plain.lower()

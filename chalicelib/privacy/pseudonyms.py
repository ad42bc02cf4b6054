"""Keyed pseudonyms of customers: the same person gives the same one, nobody can go back.

A pseudonym is one AES block of the customer's hash, behind a mark of the key that made it. Whoever
has the key can test a guess, as with any keyed hash; unlike one, a pseudonym can be moved to a new
key without knowing the person, so that an old key can go (decision 7).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from chalicelib.errors import Misconfigured

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import Cipher

_PSEUDONYM = re.compile(r"c_[A-Za-z0-9_-]{28}")
_DIALLED = re.compile(r"\+[1-9]\d{6,14}")
_MARK = 5  # bytes of a pseudonym that tell its key
_BLOCK = 16  # bytes that tell the person


def is_pseudonym(customer: str) -> bool:
    """Whether this is already one of ours; a vendor's word has a kind and a colon."""
    return _PSEUDONYM.fullmatch(customer) is not None


def pseudonym(customer: str, key: bytes) -> str:
    """'email:Matti@X.example' -> 'c_' and 28 url-safe characters, stable under one key.

    AES-256 (FIPS 197) of one block, the first 128 bits of the SHA-256 of the normalised customer.
    Emails are lower-cased, telephone numbers put in E.164 (national ones read as Finnish); other
    kinds only stripped. Kinds stay apart: an id never equals an email. Raises Misconfigured on an
    empty key.
    """
    normal = normalised(customer).encode("utf-8", "surrogatepass")
    return _sealed(hashlib.sha256(b"customer\0" + normal).digest()[:_BLOCK], key)


def rekeyed(pseudonym: str, keys: Sequence[bytes]) -> str:
    """The same person's pseudonym under the first of `keys`, the newest.

    Unchanged where it is that already, or was made by none of these keys.
    """
    newest, *older = keys
    found = _opened(pseudonym, older)
    return pseudonym if found is None else _sealed(found, newest)


def same_person(keys: Sequence[bytes]) -> Callable[[str], str]:
    """What tells people apart while a key is being rotated: everybody under the newest key."""
    if len(keys) == 1:
        return lambda pseudonym: pseudonym  # nothing to move, and no cipher to load
    return lambda pseudonym: rekeyed(pseudonym, keys)


def under_each(customer: str, keys: Sequence[bytes]) -> frozenset[str]:
    """What a person, told by a source's word or by a pseudonym, is called under each key."""
    if not is_pseudonym(customer):
        return frozenset(pseudonym(customer, key) for key in keys)
    found = _opened(customer, keys)
    return frozenset({customer} | ({_sealed(found, key) for key in keys} if found else set()))


def _sealed(block: bytes, key: bytes) -> str:
    mark, cipher = _keyed(key)
    encryptor = cipher.encryptor()
    sealed = encryptor.update(block) + encryptor.finalize()
    return "c_" + base64.urlsafe_b64encode(mark + sealed).decode("ascii")


def _opened(pseudonym: str, keys: Sequence[bytes]) -> bytes | None:
    """The person's hash, where one of these keys made the pseudonym."""
    if not is_pseudonym(pseudonym):
        return None
    content = base64.urlsafe_b64decode(pseudonym[2:])
    for key in keys:
        mark, cipher = _keyed(key)
        if mark == content[:_MARK]:
            decryptor = cipher.decryptor()
            return decryptor.update(content[_MARK:]) + decryptor.finalize()
    return None


@lru_cache(maxsize=16)
def _keyed(key: bytes) -> tuple[bytes, Cipher[Any]]:
    """A key's mark and cipher. Raises Misconfigured on an empty key."""
    if not key:
        raise Misconfigured("the key of customer pseudonyms is empty; set the secret that holds it")
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    mark = hmac.digest(key, b"pseudonym mark", "sha256")[:_MARK]
    secret = hmac.digest(key, b"pseudonym cipher", "sha256")
    # One block of what is never the same for two people: no mode hides more.
    return mark, Cipher(algorithms.AES(secret), modes.ECB())  # noqa: S305


def normalised(customer: str) -> str:
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

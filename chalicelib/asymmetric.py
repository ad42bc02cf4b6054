"""Signatures by key pairs: the vendor keeps the private half, we hold the public one.

    scheme     signature                              vendors
    rsa        PKCS #1 v1.5 over SHA-256 or SHA-1     Amazon SNS, Freshchat
    ecdsa      P-256 over SHA-256, in DER             SendGrid

Each `check_*` returns when the signature fits under any of the keys and otherwise raises Rejected,
whatever the bytes; each `sign_*` gives what the vendor would send. A key is PEM (a public key, a
certificate, or a private key, whose public half is used) or the base64 of a public key in DER.
Line ends of PEM may have become blanks or `\\n` on their way through a form or a secret store.

A certificate gives its key and nothing else: whose it is, and until when, must be known from
where it was found.

`cryptography` is imported on first use: it takes longer to load than a webhook takes to answer.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from chalicelib.errors import Rejected

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

Hash = Literal["sha256", "sha1"]

_LONGEST_HEADER = 8192  # API Gateway takes 10,240 bytes of headers in all
_RSA_BITS = 2048
_ARMOUR = re.compile(
    r"-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\s]*)-----END \1-----\s*\Z", re.ASCII
)

_NO_KEY = "this source has no secret; add the vendor's public key before the vendor sends"
_NO_FIT = "the signature does not fit the message under any key"


def signature_bytes(given: str) -> bytes:
    """The signature that is given in base64.

    Raises Rejected where it is empty, longer than 8,192 characters or not base64.
    """
    if not given.strip():
        raise Rejected("the signature is empty")
    if len(given) > _LONGEST_HEADER:
        raise Rejected(f"the signature is longer than {_LONGEST_HEADER} characters")
    try:
        return base64.b64decode(given.strip(), validate=True)
    except ValueError as error:  # binascii.Error is one; so is what is not ASCII
        raise Rejected("the signature is not base64") from error


def signature_text(signature: bytes) -> str:
    """The base64 that `signature_bytes` reads."""
    return base64.b64encode(signature).decode("ascii")


# --- RSA ----------------------------------------------------------------------------------------


def check_rsa(
    message: bytes, signature: bytes, keys: Sequence[str], *, hash: Hash = "sha256"
) -> None:
    """RSASSA-PKCS1-v1_5 (RFC 8017, 8.2). Raises Rejected."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    def verify(key: PublicKeyTypes) -> None:
        if not isinstance(key, RSAPublicKey):
            raise TypeError
        key.verify(signature, message, PKCS1v15(), _hash(hash))

    _any_fits(keys, verify, "RSA")


def sign_rsa(message: bytes, key: str, *, hash: Hash = "sha256") -> bytes:
    """Raises Rejected when `key` is not a private RSA key in PEM."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    private = _private(key)
    if not isinstance(private, RSAPrivateKey):
        raise Rejected("the key is not a private RSA key")
    return private.sign(message, PKCS1v15(), _hash(hash))


def new_rsa_key() -> str:
    """A private key of 2,048 bits, PKCS #8 PEM."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    return _pem(rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS))


# --- ECDSA --------------------------------------------------------------------------------------


def check_ecdsa(message: bytes, signature: bytes, keys: Sequence[str]) -> None:
    """ECDSA on P-256 over SHA-256, the signature in DER (RFC 3279, 2.2.3). Raises Rejected."""
    from cryptography.hazmat.primitives.asymmetric.ec import (
        ECDSA,
        SECP256R1,
        EllipticCurvePublicKey,
    )

    def verify(key: PublicKeyTypes) -> None:
        if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
            raise TypeError
        key.verify(signature, message, ECDSA(_hash("sha256")))

    _any_fits(keys, verify, "P-256")


def sign_ecdsa(message: bytes, key: str) -> bytes:
    """In DER. Raises Rejected when `key` is not a private P-256 key in PEM."""
    from cryptography.hazmat.primitives.asymmetric.ec import (
        ECDSA,
        SECP256R1,
        EllipticCurvePrivateKey,
    )

    private = _private(key)
    if not (isinstance(private, EllipticCurvePrivateKey) and isinstance(private.curve, SECP256R1)):
        raise Rejected("the key is not a private P-256 key")
    return private.sign(message, ECDSA(_hash("sha256")))


def new_ec_key() -> str:
    """A private key on P-256, PKCS #8 PEM."""
    from cryptography.hazmat.primitives.asymmetric import ec

    return _pem(ec.generate_private_key(ec.SECP256R1()))


# --- keys ---------------------------------------------------------------------------------------


def _any_fits(keys: Sequence[str], verify: Callable[[PublicKeyTypes], None], kind: str) -> None:
    """`verify` returns for a key that fits; raises TypeError for a key of another kind."""
    given = [key for key in keys if key.strip()]
    if not given:
        raise Rejected(_NO_KEY)
    # A list: all are tried, so that the time does not tell which one fitted.
    outcomes = list(_outcomes(given, verify))
    if True not in outcomes:
        unusable = outcomes.count(None)
        hint = f"; {unusable} of {len(given)} is no {kind} key, copy it again" if unusable else ""
        raise Rejected(_NO_FIT + hint)


def _outcomes(
    keys: Sequence[str], verify: Callable[[PublicKeyTypes], None]
) -> Iterator[bool | None]:
    """For each key: it fits, it does not, or None where it is not a key of the kind."""
    from cryptography.exceptions import InvalidSignature

    for key in keys:
        try:
            verify(_public(key))
            yield True
        except InvalidSignature:
            yield False
        except (Rejected, TypeError):
            yield None
        except ValueError:  # a key too short for the hash
            yield None


def _public(key: str) -> PublicKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.x509 import InvalidVersion, load_der_x509_certificate

    label, content = _unwrapped(key)
    try:
        if "PRIVATE" in label:
            return serialization.load_der_private_key(content, password=None).public_key()
        if label == "CERTIFICATE":
            # The wider type lists key agreement too, which no `check_*` accepts.
            return load_der_x509_certificate(content).public_key()
        return serialization.load_der_public_key(content)
    except (ValueError, TypeError, OverflowError, UnsupportedAlgorithm, InvalidVersion) as error:
        raise Rejected("a key of this source cannot be read; copy it again") from error


def _private(key: str) -> PrivateKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    label, content = _unwrapped(key)
    try:
        if "PRIVATE" in label:
            return serialization.load_der_private_key(content, password=None)
    except (ValueError, TypeError, OverflowError, UnsupportedAlgorithm) as error:
        raise Rejected("the private key cannot be read") from error
    raise Rejected("a private key in PEM is needed to sign")


def _unwrapped(key: str) -> tuple[str, bytes]:
    """(label, DER) of PEM; an empty label for what is base64 alone."""
    found = _ARMOUR.search(key.replace("\\n", "\n"))
    label, text = (found[1], found[2]) if found else ("", key)
    try:
        return label, base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Rejected("a key of this source is neither PEM nor base64; copy it again") from error


def _hash(name: Hash) -> HashAlgorithm:
    from cryptography.hazmat.primitives import hashes

    return hashes.SHA256() if name == "sha256" else hashes.SHA1()  # noqa: S303 - SNS version 1


def _pem(key: PrivateKeyTypes) -> str:
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

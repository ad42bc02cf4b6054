"""Key-pair signatures against openssl, and against a stranger's bytes."""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import asymmetric
from chalicelib.errors import Rejected
from tests.keys import public_half

MESSAGE = '{"teksti":"Lasku on väärä"}'.encode()
EXAMPLES = settings(max_examples=30, deadline=None, derandomize=True)

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")


class Scheme(NamedTuple):
    """One way to sign, and how openssl does the same."""

    new: Callable[[], str]
    sign: Callable[[bytes, str], bytes]
    check: Callable[[bytes, bytes, Sequence[str]], None]
    openssl: str  # the digest


SCHEMES = {
    "rsa-sha256": Scheme(
        asymmetric.new_rsa_key, asymmetric.sign_rsa, asymmetric.check_rsa, "sha256"
    ),
    "rsa-sha1": Scheme(
        asymmetric.new_rsa_key,
        lambda message, key: asymmetric.sign_rsa(message, key, hash="sha1"),
        lambda message, signature, keys: asymmetric.check_rsa(
            message, signature, keys, hash="sha1"
        ),
        "sha1",
    ),
    "ecdsa": Scheme(asymmetric.new_ec_key, asymmetric.sign_ecdsa, asymmetric.check_ecdsa, "sha256"),
}
every_scheme = pytest.mark.parametrize("name", SCHEMES)


@cache
def key_of(name: str, number: int = 0) -> str:
    return SCHEMES[name].new()


def openssl(*command: str, content: bytes = b"") -> bytes:
    run = subprocess.run(["openssl", *command], input=content, capture_output=True, check=True)
    return run.stdout


def forms_of(name: str) -> dict[str, str]:
    """One key in every form in which a person may store it."""
    private = key_of(name)
    public = public_half(private)
    bare = "".join(line for line in public.splitlines() if not line.startswith("--"))
    return {
        "private PEM": private,
        "public PEM": public,
        "PEM with blanks for line ends": public.replace("\n", " ").strip(),
        "PEM with backslash n": public.replace("\n", "\\n"),
        "PEM with Windows line ends": public.replace("\n", "\r\n"),
        "base64 of DER": bare,
    }


# --- other programs -----------------------------------------------------------------------------


@needs_openssl
@every_scheme
def test_openssl_reads_what_we_sign_and_signs_what_we_read(name: str, tmp_path: Path) -> None:
    scheme = SCHEMES[name]
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    message, signature = tmp_path / "message", tmp_path / "signature"
    private.write_text(key_of(name), "ascii")
    public.write_bytes(openssl("pkey", "-in", str(private), "-pubout"))
    message.write_bytes(MESSAGE)
    raw = ("-rawin", "-digest", scheme.openssl)

    theirs = openssl("pkeyutl", "-sign", *raw, "-inkey", str(private), "-in", str(message))
    scheme.check(MESSAGE, theirs, [public.read_text("ascii")])

    signature.write_bytes(scheme.sign(MESSAGE, key_of(name)))
    key = ("-pubin", "-inkey", str(public), "-sigfile", str(signature))
    told = openssl("pkeyutl", "-verify", *raw, *key, "-in", str(message))
    assert b"Signature Verified Successfully" in told


@needs_openssl
def test_a_certificate_gives_its_key(tmp_path: Path) -> None:
    """As Amazon SNS publishes it."""
    private = tmp_path / "private.pem"
    private.write_text(key_of("rsa-sha256"), "ascii")
    subject = ("-subj", "/CN=sns.eu-north-1.example", "-days", "2")
    certificate = openssl("req", "-x509", "-key", str(private), *subject).decode()
    signature = asymmetric.sign_rsa(MESSAGE, key_of("rsa-sha256"))
    asymmetric.check_rsa(MESSAGE, signature, [certificate])


# --- what fits, what does not -------------------------------------------------------------------


@every_scheme
def test_every_form_of_a_key_fits(name: str) -> None:
    signature = SCHEMES[name].sign(MESSAGE, key_of(name))
    for form, key in forms_of(name).items():
        try:
            SCHEMES[name].check(MESSAGE, signature, [key])
        except Rejected as error:
            pytest.fail(f"{form}: {error}")


@every_scheme
def test_any_of_several_keys_fits_even_beside_a_broken_one(name: str) -> None:
    signature = SCHEMES[name].sign(MESSAGE, key_of(name))
    SCHEMES[name].check(MESSAGE, signature, ["", "broken", key_of(name, 1), key_of(name)])


@every_scheme
def test_one_changed_byte_does_not_fit(name: str) -> None:
    signature = SCHEMES[name].sign(MESSAGE, key_of(name))
    changed = signature[:-1] + bytes([signature[-1] ^ 1])
    for message, given_signature in ((MESSAGE + b" ", signature), (MESSAGE, changed)):
        with pytest.raises(Rejected, match="does not fit"):
            SCHEMES[name].check(message, given_signature, [key_of(name)])


@every_scheme
def test_another_pairs_key_does_not_fit(name: str) -> None:
    signature = SCHEMES[name].sign(MESSAGE, key_of(name, 1))
    with pytest.raises(Rejected, match="does not fit"):
        SCHEMES[name].check(MESSAGE, signature, [key_of(name)])


def test_the_hash_is_part_of_the_signature() -> None:
    key = key_of("rsa-sha256")
    with pytest.raises(Rejected, match="does not fit"):
        asymmetric.check_rsa(MESSAGE, asymmetric.sign_rsa(MESSAGE, key, hash="sha1"), [key])


@every_scheme
@pytest.mark.parametrize("keys", [[], [""], ["  "]], ids=["none", "empty", "blank"])
def test_no_key_fails_closed(name: str, keys: list[str]) -> None:
    signature = SCHEMES[name].sign(MESSAGE, key_of(name))
    with pytest.raises(Rejected, match="no secret"):
        SCHEMES[name].check(MESSAGE, signature, keys)


@every_scheme
def test_a_key_of_another_kind_is_told_apart(name: str) -> None:
    other = key_of("ecdsa" if name != "ecdsa" else "rsa-sha256")
    signature = SCHEMES[name].sign(MESSAGE, key_of(name))
    with pytest.raises(Rejected, match="copy it again"):
        SCHEMES[name].check(MESSAGE, signature, [other])
    with pytest.raises(Rejected, match="not a private"):
        SCHEMES[name].sign(MESSAGE, other)


@needs_openssl
def test_another_curve_is_refused() -> None:
    command = ("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384")
    key = openssl(*command).decode()
    with pytest.raises(Rejected, match="copy it again"):
        asymmetric.check_ecdsa(MESSAGE, b"0", [key])
    with pytest.raises(Rejected, match="P-256"):
        asymmetric.sign_ecdsa(MESSAGE, key)


@needs_openssl
def test_an_encrypted_private_key_is_refused_without_a_question() -> None:
    cipher = ("-aes256", "-passout", "pass:salaisuus")
    key = openssl("pkey", *cipher, content=key_of("ecdsa").encode()).decode()
    with pytest.raises(Rejected, match="copy it again"):
        asymmetric.check_ecdsa(MESSAGE, b"0", [key])
    with pytest.raises(Rejected, match="cannot be read"):
        asymmetric.sign_ecdsa(MESSAGE, key)


# --- a stranger's bytes, a person's mistakes ----------------------------------------------------


@every_scheme
@EXAMPLES
@given(signature=st.binary(max_size=300))
def test_no_stray_signature_raises_anything_but_rejected(name: str, signature: bytes) -> None:
    with pytest.raises(Rejected):
        SCHEMES[name].check(MESSAGE, signature, [key_of(name)])


@every_scheme
@EXAMPLES
@given(key=st.text(max_size=200))
def test_no_stray_key_raises_anything_but_rejected(name: str, key: str) -> None:
    with pytest.raises(Rejected):
        SCHEMES[name].check(MESSAGE, b"signature", [key])


@every_scheme
@pytest.mark.parametrize("form", ["private PEM", "public PEM"])
@EXAMPLES
@given(data=st.data())
def test_no_damaged_key_raises_anything_but_rejected(
    name: str, form: str, data: st.DataObject
) -> None:
    """One byte of the DER changed, or the end cut off."""
    lines = forms_of(name)[form].strip().splitlines()
    der = bytearray(base64.b64decode("".join(lines[1:-1])))
    at = data.draw(st.integers(0, len(der) - 1))
    if data.draw(st.booleans()):
        der[at] ^= data.draw(st.integers(1, 255))
    else:
        del der[at:]
    damaged = "\n".join((lines[0], base64.b64encode(bytes(der)).decode(), lines[-1]))
    with pytest.raises(Rejected):
        SCHEMES[name].check(MESSAGE, b"signature", [damaged])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", "empty", id="empty"),
        pytest.param("  ", "empty", id="blank"),
        pytest.param("ä", "not base64", id="not ASCII"),
        pytest.param("abc", "not base64", id="wrong padding"),
        pytest.param("A" * 8196, "longer", id="too long"),
    ],
)
def test_what_is_no_signature(text: str, reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        asymmetric.signature_bytes(text)


def test_a_signature_in_base64() -> None:
    assert asymmetric.signature_bytes(" AAEC ") == bytes([0, 1, 2])
    assert asymmetric.signature_text(bytes([0, 1, 2])) == "AAEC"


def test_a_key_with_something_behind_it_is_refused() -> None:
    key = key_of("ecdsa")
    with pytest.raises(Rejected, match="copy it again"):
        asymmetric.check_ecdsa(MESSAGE, asymmetric.sign_ecdsa(MESSAGE, key), [key + "0000"])


def test_the_reason_holds_no_key() -> None:
    key = key_of("ecdsa")
    body = key.splitlines()[1]
    with pytest.raises(Rejected) as refused:
        asymmetric.check_rsa(MESSAGE, b"0", [key])
    assert body[:20] not in str(refused.value)


def test_loading_the_module_does_not_load_cryptography() -> None:
    """The cold start of every webhook would pay for it."""
    script = "import chalicelib.asymmetric, sys; print('cryptography' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert run.stdout.split() == [b"False"]

"""Letters as people write them: each gives what its expectation says, and none breaks us."""

from __future__ import annotations

import email
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.connectors.base import Source
from chalicelib.connectors.parts import mail
from chalicelib.connectors.parts.charsets import decoded, header_text, parameter, transfer_decoded
from chalicelib.connectors.parts.forwarded import original
from chalicelib.connectors.parts.mail_kinds import machine, robot
from chalicelib.connectors.parts.mime import MOST_PARTS, read_mime
from chalicelib.errors import HubError, Misconfigured, Skipped, Unreadable
from tests.connectors.letters import NOW, SOURCE, Fixture, expected, letters, outcome
from tests.connectors.validity import assert_valid

ALL = letters()
EXAMPLES = settings(max_examples=400, deadline=None, derandomize=True)
each = pytest.mark.parametrize("letter", [pytest.param(one, id=one.name) for one in ALL])


def test_the_corpus_is_there() -> None:
    assert len(ALL) >= 50


@each
def test_letter(letter: Fixture) -> None:
    assert outcome(letter.raw) == expected(letter)


@each
def test_unix_line_ends_change_nothing(letter: Fixture) -> None:
    assert outcome(letter.raw.replace(b"\r\n", b"\n")) == expected(letter)


# --- a second reader ----------------------------------------------------------------------------


READ_OTHERWISE = {
    "broken_base64": "the standard library gives up at the junk",
    "mislabelled_latin1": "its label is wrong",
    "mislabelled_utf8": "its label is wrong",
    "unknown_charset": "its label names nothing",
}


@each
def test_the_standard_library_finds_the_same_words(letter: Fixture) -> None:
    """Whatever text we read stands in one of the parts that `email` reads."""
    if letter.name in READ_OTHERWISE:
        return
    mime = read_mime(letter.raw)
    message = email.message_from_bytes(letter.raw)
    parts = [part for part in message.walk() if not part.is_multipart()]
    theirs = [
        bytes(part.get_payload(decode=True) or b"").decode(
            part.get_content_charset() or "utf-8", "replace"
        )
        for part in parts
    ]
    heard = set(re.findall(r"\w+", " ".join(theirs).replace("\x80", "€")))
    assert set(re.findall(r"\w+", f"{mime.plain} {mime.html}")) <= heard


def test_as_many_parts_as_the_standard_library() -> None:
    for letter in ALL:
        message = email.message_from_bytes(letter.raw)
        files = [
            part
            for part in message.walk()
            if part.get_content_disposition() == "attachment" and not part.is_multipart()
        ]
        mime = read_mime(letter.raw)
        if mime.encrypted or mime.report or mime.signed_inside or "signed" in letter.name:
            continue
        assert mime.attachments >= len(files), letter.name


# --- hostile mail -------------------------------------------------------------------------------


def survives(raw: bytes) -> None:
    """Valid events or one of our errors."""
    try:
        letter = mail.of_bytes(raw)
        for event in mail.events(letter, SOURCE, NOW, mail.Identity("e1")):
            assert_valid(event)
    except (Skipped, Unreadable):
        return


@given(raw=st.binary(max_size=600))
@EXAMPLES
def test_any_bytes(raw: bytes) -> None:
    survives(raw)
    survives(b"From: a@b.example\r\n" + raw)


NASTY = [
    b"\x00",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"=?utf-8?B?",
    b"=?x?Q?=ZZ?=",
    b"=?\x00?Q?a?=",
    b"Content-Type: multipart/mixed; boundary=\r\n\r\n",
    b'Content-Type: multipart/mixed; boundary="--"\r\n',
    b"Content-Type: text/plain; charset=idna\r\n",
    b"Content-Type: text/plain; charset*0*=''%ff; charset*x=1\r\n",
    b"Content-Type: text/html; charset=unicode_escape\r\n\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: x-uuencode\r\n",
    b"Date: Mon, 99 Foo 99999 99:99:99 +9999\r\n",
    b"From: @\r\n",
    b'From: "\\"<>" <<a@b>>\r\n',
    b"References: <" + b"a" * 3000 + b">\r\n",
    b"\r\n\r\n",
    b"\r\n--=_b1\r\n",
    b"<" * 300,
    b"> " * 200,
    b"&#xd800;&#0;",
    "\u202e\u2028\x85".encode(),
]


@given(data=st.data())
@settings(parent=EXAMPLES, max_examples=1500)
def test_mutated_letters(data: st.DataObject) -> None:
    raw = data.draw(st.sampled_from(ALL)).raw
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(raw)))
        length = data.draw(st.integers(0, 60))
        new = data.draw(st.sampled_from(NASTY) | st.binary(max_size=12))
        raw = raw[:start] + new + raw[start + length :]
    survives(raw)


def nested(levels: int, kind: bytes = b"multipart/mixed") -> bytes:
    return b"From: a@b.example\r\n" + b"".join(
        b"Content-Type: %s; boundary=b%d\r\n\r\n--b%d\r\n" % (kind, level, level)
        for level in range(levels)
    )


FROM = b"From: a@b.example\r\nSubject: x\r\n"
MIXED = FROM + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(nested(300) + b"\r\n" + b"a\r\n" * 100_000, id="300 levels"),
        pytest.param(nested(20_000), id="20,000 levels"),
        pytest.param(
            FROM + b"Content-Type: message/rfc822\r\n\r\n" * 20_000, id="mails inside mails"
        ),
        pytest.param(MIXED + b"\n" * 6_000_000, id="6 MB of line ends"),
        pytest.param(MIXED + b"--b\r\n" * 500_000, id="half a million parts"),
        pytest.param(MIXED + b"x--b" * 500_000, id="half a million near boundaries"),
        pytest.param(FROM + b"X: y\r\n" * 300_000 + b"\r\n", id="300,000 headers"),
        pytest.param(FROM + b"Subject:" + b" =?a?q?" * 300_000 + b"\r\n\r\n", id="encoded words"),
        pytest.param(b"From: " + b"<a@" * 300_000 + b"\r\n\r\n", id="addresses never closed"),
        pytest.param(FROM + b"\r\n" + b"> a\r\n" * 500_000, id="quoted lines"),
        pytest.param(FROM + b"\r\n" + b"1 kirjoitti " * 300_000, id="introductions in one line"),
        pytest.param(FROM + b"\r\n" + b"1 kirjoitti\n" * 300_000, id="introductions in lines"),
        pytest.param(FROM + b"\r\n" + b"From: a\nSent\n" * 300_000, id="header lines"),
        pytest.param(FROM + b"\r\n" + b"terveisin\n" * 300_000, id="closings"),
        pytest.param(
            FROM + b"Content-Type: text/html\r\n\r\n" + b"<div style='" * 300_000, id="open tags"
        ),
        pytest.param(
            FROM + b"Content-Type: text/plain; x=" + b'";' * 200_000 + b"\r\n\r\na", id="parameters"
        ),
        pytest.param(
            FROM + b"Content-Type: text/plain; format=flowed\r\n\r\n" + b"a \n" * 500_000,
            id="one flowed paragraph",
        ),
    ],
)
def test_time_grows_with_the_length(raw: bytes) -> None:
    started = time.process_time()
    survives(raw)
    assert time.process_time() - started < 3


def test_a_mail_of_hundreds_of_parts_is_kept_and_told() -> None:
    with pytest.raises(Unreadable, match=f"more than {MOST_PARTS} parts"):
        mail.of_bytes(MIXED + b"--b\r\n\r\na\r\n" * (MOST_PARTS + 1))


# --- character sets -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "label", "expected_text"),
    [
        ("hinta 5 €".encode("cp1252"), "iso-8859-1", "hinta 5 €"),
        ("hinta 5 €".encode("iso-8859-15"), "iso-8859-15", "hinta 5 €"),
        ("pöytä".encode(), "iso-8859-1", "pöytä"),
        ("pöytä".encode("latin-1"), "utf-8", "pöytä"),
        ("pöytä".encode("latin-1"), "", "pöytä"),
        ("pöytä".encode("latin-1"), "klingon", "pöytä"),
        ("pöytä".encode("latin-1"), "rot13", "pöytä"),
        ("pöytä".encode("cp437"), "cp437", "pöytä"),
        ("стол".encode("koi8-r"), "koi8-r", "стол"),
        ("机".encode("iso-2022-jp"), "iso-2022-jp", "机"),
        ("pöytä".encode("utf-16"), "utf-16", "pöytä"),
        ("\ufeffpöytä".encode(), '"UTF-8"', "pöytä"),
        ("näin on näreet".encode()[:-1] + b"\xc3", "utf-8", "näin on näree\ufffd"),
        (b"", "utf-8", ""),
    ],
)
def test_decoded(content: bytes, label: str, expected_text: str) -> None:
    assert decoded(content, label) == expected_text


@given(content=st.binary(max_size=80), label=st.text(max_size=20))
@EXAMPLES
def test_any_label(content: bytes, label: str) -> None:
    decoded(content, label)
    header_text(f"=?{label}?b?{content.hex()}?=")
    parameter(f"text/plain; charset={label}", "charset")
    transfer_decoded(content, "base64")
    transfer_decoded(content, "quoted-printable")


# --- who and what -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "mailer-daemon@mx.example",
        "no-reply@a.example",
        "noreply+77@a.example",
        "ei.vastausta@a.example",
        "do_not_reply@a.example",
        "bounces+12-ab@a.example",
    ],
)
def test_robots(address: str) -> None:
    assert robot(address)


@pytest.mark.parametrize("address", ["noora.reply@a.example", "eija@a.example", "posti@a.example"])
def test_people(address: str) -> None:
    assert not robot(address)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"auto-submitted": "no"}, ""),
        ({"auto-submitted": "auto-replied (vacation)"}, "an automatic reply"),
        ({"precedence": "Bulk"}, "an automatic or bulk mail"),
        ({"x-spam-flag": "YES"}, "spam"),
        ({"list-id": "<x.havuvakka.example>", "precedence": "list"}, ""),
        ({"list-id": "<x.muu.example>"}, "a mailing list or newsletter"),
        ({"feedback-id": "1.eu-north-1.x:AmazonSES"}, ""),
        ({"x-auto-response-suppress": "All"}, ""),
    ],
)
def test_machines(headers: dict[str, str], reason: str) -> None:
    assert machine(headers, "Sohva", "a@b.example", ["havuvakka.example"]) == reason


def test_an_address_in_a_display_name_is_not_the_sender() -> None:
    raw = b'From: "asiakaspalvelu@havuvakka.example" <vieras@muu.example>\r\n\r\nHei'
    assert mail.of_bytes(raw).sender == "vieras@muu.example"


def test_a_forward_that_shows_a_name_alone_is_a_colleagues() -> None:
    text = "Katso.\n\nLähettäjä: Otso Laine\nLähetetty: ma 2.11.2026\nAihe: x\n\nTeksti"
    found = original(text)
    assert found is not None
    assert (found.above, found.sender, found.words) == ("Katso.", "", "Teksti")


@pytest.mark.parametrize("domains", ["havuvakka.example", [1], 5, {"a": 1}])
def test_own_domains_must_be_a_list(domains: object) -> None:
    with pytest.raises(Misconfigured, match=r"sources\.email\.options\.own_domains"):
        mail.check(Source("email", "ses", options={"own_domains": domains}))


def test_errors_hold_no_words_of_the_customer() -> None:
    for letter in ALL:
        try:
            outcome_ = outcome(letter.raw)
        except HubError as error:  # pragma: no cover - outcome() tells the two that may come
            pytest.fail(type(error).__name__)
        reason = outcome_.get("skipped") or outcome_.get("unreadable") or ""
        assert not any(word in reason for word in ("@", "Pekka", "Tarjouspyyntö", "Hei"))

"""Nothing that a customer puts into a header or a page reaches a log, or a digest unescaped."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from chalicelib.adapters import telemetry
from chalicelib.adapters.clients import client
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Request
from chalicelib.connectors.parts import mail
from chalicelib.digest import QuoteCandidate, render, with_quotes
from chalicelib.digest.quotes import choose
from chalicelib.fold import fold
from chalicelib.pipeline.rebuild import publish_organisation
from chalicelib.pipeline.receive import receive
from chalicelib.pipeline.understand import understand
from chalicelib.privacy import redacted_event
from tests.conftest import NOW, ORGANISATION
from tests.connectors.letters import SOURCE
from tests.digest.sample import LINKS, digest
from tests.digest.sample import NOW as DIGEST_NOW

MARK = "alert(666)"
HOSTILE = (
    f"<script>{MARK}</script>",
    f"<img src=x onerror={MARK}>",
    f'"><svg/onload={MARK}>',
    f"</td></table><a href=javascript:{MARK}>klikkaa</a>",
    f"{{{{ {MARK} }}}} {{% set x = 1 %}}",
)


def encoded(text: str) -> str:
    return f"=?utf-8?B?{b64encode(text.encode()).decode()}?="


def letter(number: int) -> bytes:
    """A complaint whose display name, subject and page are hostile, in one of the forms."""
    bad = HOSTILE[number]
    page = (
        f"<p>Toimitus myöhästyi {bad.replace('<', '&lt;')} taas viikolla {number}.</p>"
        f"{bad}<!-- {bad} --><p title='{bad}'>Miksi kukaan ei vastaa?</p>"
    )
    return "\r\n".join(
        [
            f"From: {encoded(bad)} <hostile{number}@posti.example>",
            f"Subject: {encoded(bad + chr(10) + 'Bcc: kaikki@havuvakka.example')}",
            f"Message-ID: <{number}{bad.replace(' ', '')[:20].strip('<>')}@posti.example>",
            "Date: Mon, 16 Nov 2026 11:00:00 +0200",
            f'X-Mailer: "{bad}"',
            "MIME-Version: 1.0",
            "Content-Type: text/html; charset=utf-8",
            "",
            page,
        ]
    ).encode()


def candidates() -> list[QuoteCandidate]:
    """Each letter through the reader, redaction and the fold, as the digest would quote it."""
    made = []
    for number in range(len(HOSTILE)):
        (event,) = mail.events(
            mail.of_bytes(letter(number)), SOURCE, DIGEST_NOW, mail.Identity(f"e{number}")
        )
        clean = redacted_event(event, (), b"k" * 32)
        interaction = fold([clean], {})
        (message,) = interaction.messages
        at = DIGEST_NOW - timedelta(days=2)
        made.append(
            QuoteCandidate(interaction.key, interaction.customer, message.text, "fi", 0.9, at)
        )
    return made


class Page(HTMLParser):
    """What a mail program would see as markup."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.live: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.live += [f"{name}={value}" for name, value in attrs if MARK in f"{name}{value}"]
        self.live += [name for name, _ in attrs if name.startswith("on")]


def test_a_hostile_letter_is_words_in_the_digest() -> None:
    given = candidates()
    one = with_quotes(digest(), {})
    key = one.quote_requests[0]
    quoted = choose(given, "fi")
    assert quoted  # else nothing would be shown
    sent = render(replace(one, quotes={key: quoted}), LINKS)
    page = Page()
    page.feed(sent.html)
    assert page.live == []
    assert not page.tags & {"script", "svg", "img", "iframe", "form"}
    assert MARK not in sent.subject
    assert not any(line.startswith("Bcc:") for line in sent.text.splitlines())


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_each_form_is_escaped_where_it_is_shown(number: int) -> None:
    """Chosen or not: what is left of it by the reader is shown with its markup escaped."""
    words = candidates()[number].text
    assert MARK in words  # it was said, in the subject and on the page, so it is kept as words
    one = with_quotes(digest(), {})
    quote = replace(choose(candidates(), "fi")[0], text=words)
    sent = render(replace(one, quotes={one.quote_requests[0]: (quote,)}), LINKS)
    page = Page()
    page.feed(sent.html)
    assert page.live == []
    assert not page.tags & {"script", "svg", "img"}
    assert MARK in sent.html
    assert f"<script>{MARK}" not in sent.html


MAILBOX = ORGANISATION.replace(
    "touchpoints:",
    "  posti:\n    connector: mailgun\n    options: {own_domains: [esimerkki.example]}\n"
    "touchpoints:",
    1,
)
KEY = "key-of-the-mailbox"


@pytest.fixture
def mailbox(world: World) -> World:
    client("secretsmanager").create_secret(
        Name="oivallus/test/sources/posti", SecretString=json.dumps({"secrets": [KEY]})
    )
    made = replace(world, count=telemetry.count)
    publish_organisation(made, MAILBOX)
    return made


def delivered(raw: bytes, secret: str = KEY) -> Request:
    boundary = b"b0b0"
    body = b'--%b\r\nContent-Disposition: form-data; name="body-mime"\r\n\r\n%b\r\n--%b--\r\n' % (
        boundary,
        raw,
        boundary,
    )
    headers = {"content-type": f"multipart/form-data; boundary={boundary.decode()}"}
    request = Request("POST", "https://hub.esimerkki.example/webhooks/posti", headers, body)
    return CONNECTORS["mailgun"].sign(request, secret, NOW)


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_no_log_holds_a_word_of_it(
    mailbox: World,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    number: int,
) -> None:
    """Accepted, refused, skipped, unreadable, understood: ids, counts and reasons alone."""
    raw = letter(number)
    variants = [
        (delivered(raw), 200),
        (delivered(raw, "another key"), 401),
        (delivered(raw.replace(b"MIME-Version", b"Auto-Submitted: auto-replied\r\nX")), 200),
        (delivered(raw.replace(b"From:", b"Frm:")), 200),
        (delivered(raw.replace(b"text/html", b"application/pkcs7-mime")), 200),
    ]
    for request, status in variants:
        assert receive(mailbox, "posti", request).status == status
    queued = _queued(mailbox)
    assert len(queued) == 1
    assert understand(mailbox, queued) == frozenset()
    captured = capfd.readouterr()
    told = captured.out + captured.err + caplog.text
    assert '"reason":"From holds no email address"' in told.replace('": "', '":"')
    for word in ("alert", "script", "onerror", "hostile", "klikkaa", "posti.example", "vastaa?"):
        assert word not in told


def _queued(world: World) -> list[EventKey]:
    found = client("sqs").receive_message(QueueUrl=world.queue.url, MaxNumberOfMessages=10)
    bodies = [json.loads(message["Body"]) for message in found.get("Messages", [])]
    return [EventKey(*body[:2]) for body in bodies]

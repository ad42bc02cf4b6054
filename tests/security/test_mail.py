"""What customers and the organisation's file write stays inside the letter's own parts."""

from __future__ import annotations

import email
from dataclasses import replace
from email.message import EmailMessage
from email.policy import default

import pytest
from moto.ses.models import ses_backends

from chalicelib.adapters.log import EventKey
from chalicelib.adapters.mail import Letter, Note, compose, compose_note
from chalicelib.adapters.world import World
from chalicelib.organisation import BadOrganisation, read
from chalicelib.pipeline.digests import send_digests
from chalicelib.pipeline.understand import understand
from tests.conftest import NOW, ORGANISATION
from tests.connectors.test_hostile_letters import Page
from tests.events import event
from tests.pipeline.test_digests import MONDAY_9

#: What a customer may write; each is told to a reader thirty times over.
HOSTILE = [
    "Toimitus myöhässä\r\nBcc: kaikki@evil.example\r\n\r\n<h1>uusi</h1>",
    "Toimitus myöhässä <script>alert(666)</script>",
    "Toimitus myöhässä <img src=x onerror=alert(666)>",
    "Toimitus myöhässä --b0undary\r\nContent-Type: text/html\r\n\r\nmoi",
    "Toimitus myöhässä \u202e\u2066evil\u2069 ja \x1b[31mpunainen\x1b[0m",
    "Toimitus myöhässä {{ 7*7 }} {% include 'x' %} ${7*7} #{7*7}",
    "Toimitus myöhässä <!--[if mso]><a href='http://evil.example'>klik</a><![endif]-->",
    "Toimitus myöhässä </style><style>body{display:none}</style>",
    "Toimitus myöhässä\r\n.\r\nMAIL FROM:<evil@evil.example>",
]


def letters(world: World, words: str) -> list[EmailMessage]:
    """The digests of a week in which thirty customers wrote this."""
    keys = []
    for number in range(30):
        item = event(
            str(number),
            interaction_id=f"i{number}",
            customer=f"id:{number}",
            text=f"Tilaus {number}: {words}",
        )
        world.log.add(item, MONDAY_9, 30, None)
        keys.append(EventKey(item.interaction_key, item.event_id))
    assert understand(world, keys) == frozenset()
    assert send_digests(replace(world, clock=lambda: MONDAY_9)) == 3
    sent = ses_backends["123456789012"]["eu-north-1"].sent_messages
    return [email.message_from_string(one.raw_data, policy=default) for one in sent]


def test_the_words_do_reach_the_letter(world: World) -> None:
    """Else nothing below would be tried."""
    bodies = [str(one) for one in letters(world, "myöhässä, ja keittiö on vielä kesken")]
    assert any("kesken" in body for body in bodies)


@pytest.mark.parametrize("words", HOSTILE)
def test_a_customers_words_are_words(world: World, words: str) -> None:
    for letter in letters(world, words):
        assert letter["Bcc"] is None
        assert letter.defects == []
        assert [part.get_content_type() for part in letter.walk()] == [
            "multipart/alternative",
            "text/plain",
            "text/html",
        ]
        assert letter["Subject"].isprintable()
        assert "evil" not in letter["Subject"]
        plain, html = (
            letter.get_body((kind,)).get_content()  # type: ignore[union-attr]
            for kind in ("plain", "html")
        )
        page = Page()
        page.feed(html)
        assert page.live == []
        assert not page.tags & {"script", "svg", "img", "iframe"}
        assert "<h1>uusi" not in html
        assert "evil.example'>klik</a>" not in html
        assert "display:none}</style>" not in html
        assert "\x1b" not in plain + html
        assert not any(line.startswith(("Bcc:", "MAIL FROM")) for line in plain.splitlines())


LETTER = Letter(
    sender="Oivallus <oivallus@havuvakka.example>",
    recipient="lukija@havuvakka.example",
    reply_to="palaute@havuvakka.example",
    subject="Viikko 47",
    text="Hei",
    html="<p>Hei</p>",
    language="fi",
    unsubscribe_url="https://hub.havuvakka.example/unsubscribe/a.b",
    tag="2026-W47_x_y",
    date=NOW,
)
NOTE = Note("a@b.example", "c@d.example", "e@f.example", "Otsikko", "Hei", "fi", NOW)


@pytest.mark.parametrize(
    "field", ["sender", "recipient", "reply_to", "subject", "language", "unsubscribe_url", "tag"]
)
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_no_field_of_a_letter_can_begin_another_header(field: str, end: str) -> None:
    hostile = replace(LETTER, **{field: f"x{end}Bcc: kaikki@evil.example"})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"(?i)header|linefeed|carriage|CR or LF"):
        compose(hostile)


@pytest.mark.parametrize("field", ["sender", "recipient", "reply_to", "subject", "language"])
def test_no_field_of_a_note_can_begin_another_header(field: str) -> None:
    hostile = replace(NOTE, **{field: "x\r\nBcc: kaikki@evil.example"})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"(?i)header|linefeed|carriage|CR or LF"):
        compose_note(hostile)


@pytest.mark.parametrize(
    ("place", "hostile"),
    [
        ("sender: Oivallus <oivallus@esimerkki.example>", 'sender: "a@b.example\\nBcc: x@y.z"'),
        ("contact: palaute@esimerkki.example", 'contact: "a@b.example\\nBcc: x@y.example"'),
        ("recipients: [prosessit@esimerkki.example]", 'recipients: ["a@b.example\\nBcc: x@y.z"]'),
    ],
)  # fmt: skip
def test_an_organisation_whose_addresses_hold_lines_is_refused(place: str, hostile: str) -> None:
    assert place in ORGANISATION
    with pytest.raises(BadOrganisation):
        read(ORGANISATION.replace(place, hostile))


@pytest.mark.parametrize(
    ("place", "hostile"),
    [
        ("name: Esimerkki Oy", 'name: "Esimerkki\\r\\nBcc: x@y.example"'),
        ("name: {fi: Prosessit, en: Processes}", 'name: {fi: "Pro\\nBcc: x@y.example", en: P}'),
        ("name: {fi: Toimitus myöhässä,", 'name: {fi: "Toimitus\\nBcc: x@y.example",'),
        ("name: {fi: Toimitus myöhässä,", 'name: {fi: "<script>alert(666)</script>",'),
    ],
)
def test_names_of_the_organisation_are_words_too(world: World, place: str, hostile: str) -> None:
    """Refused, or one line of the letter: a file may come from a colleague's spreadsheet."""
    from chalicelib.pipeline.rebuild import publish_organisation

    assert place in ORGANISATION
    try:
        publish_organisation(world, ORGANISATION.replace(place, hostile))
    except BadOrganisation:
        return
    world._published.clear()
    for letter in letters(world, "myöhässä taas"):
        assert letter["Bcc"] is None
        page = Page()
        page.feed(letter.get_body(("html",)).get_content())  # type: ignore[union-attr]
        assert page.live == []
        assert "script" not in page.tags

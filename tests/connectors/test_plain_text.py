"""HTML and quoted mail -> what the person wrote."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest

from chalicelib.connectors.parts.html_text import html_text
from chalicelib.connectors.parts.reply_text import reply_text


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("Hei\n\nvain tekstiä", "Hei\n\nvain tekstiä", id="no HTML"),
        pytest.param("<p>Hei</p><p>moi</p>", "Hei\nmoi", id="paragraphs"),
        pytest.param("yksi<br>kaksi<BR/>kolme<br />x", "yksi\nkaksi\nkolme\nx", id="line breaks"),
        pytest.param("<p>a\n   b</p>", "a b", id="a line end in the source is a blank"),
        pytest.param("&lt;3 &amp; &auml;iti &#128544;&nbsp;!", "<3 & äiti 😠 !", id="references"),
        pytest.param("hinta < 5 € ja 3 > 2", "hinta < 5 € ja 3 > 2", id="smaller and greater"),
        pytest.param("<style>p{a:b}</style><script>x<y>z</script>A", "A", id="hidden elements"),
        pytest.param("<head><title>t</title><body>A", "A", id="a head never closed"),
        pytest.param("a<!-- <p>b</p> -->c<!-- open", "ac", id="comments"),
        pytest.param('<a href="https://x.example">linkki</a>', "linkki", id="links"),
        pytest.param("<ul><li>a<li>b</ul>", "a\nb", id="lists"),
        pytest.param("&#0;&#1;&#xd800;x", "\ufffd\ufffdx", id="references to controls"),
        pytest.param("<table><tr><td>a</td><td>b</td></tr></table>", "a\nb", id="tables"),
        pytest.param("", "", id="empty"),
    ],
)
def test_html_text(body: str, expected: str) -> None:
    assert html_text(body) == expected


def test_quotes_can_be_left_out() -> None:
    body = "<div>Uusi</div><blockquote>vanha<blockquote>vanhempi</blockquote></blockquote>loppu"
    assert html_text(body) == "Uusi\nvanha\nvanhempi\nloppu"
    assert html_text(body, quotes=False) == "Uusi\nloppu"


class _Words(HTMLParser):
    """The standard library's reading of the same page, without its blanks."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words += data.split()


def test_html_parser_agrees_on_an_ordinary_mail() -> None:
    body = (
        '<html><body class="x"><div>Hei&nbsp;<b>Havuvakka</b>,</div><p>tilaus <i>HV-1</i> on '
        'myöhässä&hellip;</p><hr/><img src="a.png" alt="x"><span>Terveisin</span> Impi</body>'
    )
    parser = _Words()
    parser.feed(body)
    parser.close()
    assert "".join(html_text(body).split()) == "".join(parser.words)


@pytest.mark.parametrize(
    "piece", ["<", "<!--", "<a ", '<a b="', "<script>", "</", "<!", "&#", "<a>", "<!-- --", "a"]
)
def test_time_grows_with_the_length(piece: str) -> None:
    body = "<" + piece * (400_000 // len(piece))
    started = time.process_time()
    html_text(body)
    assert time.process_time() - started < 2  # html.parser takes minutes for some of these


QUOTED = [
    pytest.param("Uusi\n\n> vanha\n> vanha 2\n", id="quoted lines"),
    pytest.param(
        "Uusi\n\nma 2. marrask. 2026 klo 11.00 Otso (otso@havuvakka.example) kirjoitti:\nvanha",
        id="Gmail in Finnish",
    ),
    pytest.param("Uusi\n\nDen mån 2 nov. 2026 kl 11:00 skrev Otso <o@h.example>:\nvanha", id="sv"),
    pytest.param("Uusi\n\nOn Mon, 2 Nov 2026 at 11:00, Otso <o@h.example> wrote:\nvanha", id="en"),
    pytest.param(
        "Uusi\n\nOn Mon, 2 Nov 2026 at 11:00, Otso\n<o@h.example> wrote:\nvanha", id="wrapped"
    ),
    pytest.param("Uusi\n\nOtso <o@h.example> kirjoitti 2.11.2026 kello 11.00:\nvanha", id="Apple"),
    pytest.param("Uusi\n\n-----Alkuperäinen viesti-----\nvanha", id="Outlook in Finnish"),
    pytest.param("Uusi\n\n________________________________\nLähettäjä: O\nvanha", id="a rule"),
    pytest.param("Uusi\n\nLähettäjä: Otso\nLähetetty: ma 2.11.2026\nvanha", id="headers"),
    pytest.param("Uusi\n\nFrån: Otso\nSkickat: den 2 november\nvanha", id="headers in Swedish"),
    pytest.param("Uusi\n-- \nLiisa Maijala\nPuh. 040", id="signature"),
    pytest.param("Uusi\n\nYstävällisin terveisin\nLiisa Maijala\n040 000 0000", id="a closing"),
    pytest.param("Uusi\n\nTerv. Liisa ja Pekka Maijala", id="a closing with names"),
    pytest.param("Uusi\n\nKiitos jo etukäteen,\nLiisa", id="thanks that close"),
    pytest.param("Uusi\n\nMed vänlig hälsning\nEskil", id="a closing in Swedish"),
    pytest.param("Uusi\n\n/Eskil", id="a Swedish stroke"),
    pytest.param("Uusi\n\nBest regards,\n\nPriya\nHead of Tea", id="a closing in English"),
    pytest.param("Uusi\n\nVälitetty viesti alkaa:\nvanha", id="Apple's forward"),
    pytest.param(
        "Uusi\n\nOtso <o@h.example> kirjoitti:\n> " + "vanha " * 12 + "\njatkuu tässä\n> vanha",
        id="a quoted line that was wrapped",
    ),
    pytest.param("VAROITUS: Tämä viesti tuli organisaation ulkopuolelta.\nUusi", id="a banner"),
    pytest.param("Uusi\n\nLähetetty iPhonesta\n", id="footer"),
    pytest.param("Uusi\n\nSkickat från min iPhone\n", id="footer in Swedish"),
    pytest.param("Uusi\n\nHanki Outlook for Android\n", id="footer of Outlook"),
]


@pytest.mark.parametrize("body", QUOTED)
def test_reply_text(body: str) -> None:
    assert reply_text(body) == "Uusi"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("Myyjä kirjoitti: tulossa pian.\nEi tullut.", id="a sentence with 'wrote'"),
        pytest.param("Lähettäjä: en tiedä kuka\nMitä teen?", id="one header-like line"),
        pytest.param("Terveisin ei ole ongelmaa, mutta hinta on väärä.", id="a word of closing"),
        pytest.param("Kiitos, tuli perille!\nLiisalle ei tullut.", id="thanks inside"),
        pytest.param("Hei\n\nTerveisin\nLiisa\n\nMilloin rahat tulevat?", id="a question below"),
        pytest.param("> kaikki on lainattu", id="nothing but a quotation"),
        pytest.param("Sain kirjeen 2.11. Siinä luki näin.\nMaksa heti:\n50 €", id="a colon later"),
        pytest.param("Tuote lähetetty iphonen mukana eilen, mutta laturi puuttuu", id="a phone"),
    ],
)
def test_own_words_stay(body: str) -> None:
    assert reply_text(body) == body

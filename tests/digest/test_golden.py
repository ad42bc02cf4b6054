"""The golden digests: what a reader of each department sees."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from chalicelib.digest import Digest, render
from chalicelib.digest.letter import MINUTES, PACE, words
from chalicelib.digest.wording import view
from tests.digest import golden
from tests.digest.sample import LINKS

DIGESTS = golden.digests()
everyone = pytest.mark.parametrize("one", DIGESTS.values(), ids=DIGESTS.keys())


class Page(HTMLParser):
    """What a reader of the HTML can see and hear: texts, headings and table structure."""

    VOID = frozenset({"meta", "br", "img", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open and data.strip() and not self._names_the_rows():
            self.texts.append(" ".join(data.split()))

    def _names_the_rows(self) -> bool:
        """Inside the first column's heading, which a list in plain text has no place for."""
        tag, attrs = self.tags[-1]
        return tag == "th" and attrs.get("scope") == "col" and attrs.get("align") == "left"


def squeezed(text: str) -> str:
    return " ".join(text.split()).casefold()


@pytest.mark.parametrize("name", DIGESTS)
def test_golden(name: str) -> None:
    for path, content in golden.files(name, render(DIGESTS[name], LINKS)).items():
        expected = Path(path).read_text(encoding="utf-8")
        assert content == expected, f"{path.name} changed: run python -m tests.digest.golden"


@everyone
def test_rendering_twice_gives_the_same(one: Digest) -> None:
    assert render(one, LINKS) == render(one, LINKS)


@everyone
def test_plain_text_says_everything_that_html_says(one: Digest) -> None:
    mail = render(one, LINKS)
    text = squeezed(mail.text)
    preheader_and_title = 2
    for said in Page(mail.html).texts[preheader_and_title:]:
        assert squeezed(said) in text, f"only the HTML says {said!r}"


@everyone
def test_every_number_of_the_html_is_in_the_text(one: Digest) -> None:
    mail = render(one, LINKS)
    numbers = set(re.findall(r"\d+(?:[.,]\d+)?", " ".join(Page(mail.html).texts)))
    assert numbers <= set(re.findall(r"\d+(?:[.,]\d+)?", mail.text))


@everyone
def test_html_is_fit_for_mail(one: Digest) -> None:
    html = render(one, LINKS).html
    tags = Page(html).tags
    names = {tag for tag, _ in tags}
    assert not names & {"svg", "script", "img", "link", "iframe", "form", "object"}
    assert "url(" not in html
    assert "@import" not in html
    assert len(html.encode()) < 102 * 1024
    assert ("html", {"lang": one.language, "dir": "ltr"}) in tags


@everyone
def test_layout_tables_are_presentation_and_data_tables_have_scopes(one: Digest) -> None:
    tags = Page(render(one, LINKS).html).tags
    tables = [attrs for tag, attrs in tags if tag == "table"]
    for attrs in tables:
        is_data = attrs.get("class") == "data"
        assert ("role" in attrs or "aria-hidden" in attrs) is not is_data
    assert all(attrs.get("scope") in {"col", "row"} for tag, attrs in tags if tag == "th")
    told = view(one, LINKS)
    shown = [part for part in (told.first, *told.parts, *told.details) if part and part.table]
    assert sum(attrs.get("class") == "data" for attrs in tables) == len(shown)


@everyone
def test_the_letter_is_read_in_about_two_minutes(one: Digest) -> None:
    told = view(one, LINKS)
    first = words(*told.alerts, *told.headlines, *told.notes, *told.tiles)
    first += words(told.first) if told.first else 0
    taken = (first + words(*told.parts)) / PACE[one.language]
    # What is always told may be much at once: a crisis takes a little longer.
    assert taken <= 1.2 * MINUTES


@everyone
def test_the_reader_learns_why_and_how_to_stop(one: Digest) -> None:
    mail = render(one, LINKS)
    for part in (mail.text, mail.html):
        assert LINKS.unsubscribe_url in part
        assert LINKS.contact in part
        assert one.organisation in part

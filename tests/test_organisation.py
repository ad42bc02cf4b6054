"""A bad organisation.yaml gets an answer that names line, key and remedy."""

from __future__ import annotations

from datetime import time

import pytest

from chalicelib.organisation import BadOrganisation, Organisation, read
from tests.conftest import ORGANISATION


def _with(old: str, new: str) -> str:
    assert old in ORGANISATION
    return ORGANISATION.replace(old, new, 1)


ACTION = """actions:
  - {id: a, name: {fi: Korjaus}, department: service, theme: late, done: 16.10.2026}
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            _with("  - id: invoice", "  - id: invoice\n    colour: red"),
            "line 30, themes.1.colour: this key is not known here",
            id="unknown key",
        ),
        pytest.param(
            _with("contact: palaute@esimerkki.example\n", ""),
            "contact: this key is required",
            id="missing key",
        ),
        pytest.param(
            _with("department: processes", "department: nobody"),
            "line 28, themes.0.department: 'nobody' is not one of departments; "
            "write one of processes, service",
            id="reference to nothing",
        ),
        pytest.param(
            _with("id: payment", "id: delivery"),
            "touchpoints: 'delivery' stands twice",
            id="id twice",
        ),
        pytest.param(
            _with("name: Esimerkki Oy", "name: Esimerkki Oy\ntime_zone: Helsinki"),
            "line 3, time_zone: is not an IANA time zone; write one such as Europe/Helsinki",
            id="time zone",
        ),
        pytest.param(
            _with("id: late", "id: Late!"),
            "line 24, themes.0.id: write small letters",
            id="id's form",
        ),
        pytest.param(_with(r"'ES-\d{6}'", "'ES-('"), "is not a regular expression", id="pattern"),
        pytest.param(
            _with("recipients: [prosessit@esimerkki.example]", "recipients: [a, b@c.d]"),
            "departments.0.recipients.0: write one email address",
            id="address",
        ),
        pytest.param(
            _with("sender: Oivallus <oivallus@esimerkki.example>", "sender: Havuvakka"),
            "line 4, sender: write an address to send from, such as Yritys Oy <palaute@",
            id="sender without an address",
        ),
        pytest.param(
            _with("recipients: [prosessit@esimerkki.example]", "recipients: product"),
            "departments.0.recipients: write a list: each item on a line of its own that begins "
            "with '- ', or [one, two]",
            id="one word for a list",
        ),
        pytest.param(
            _with("recipients: [prosessit@esimerkki.example]", "themes: late"),
            "departments.0.themes: write a list: each item on a line of its own that begins "
            "with '- ', or [one, two]; or the word all",
            id="one word for a list or all",
        ),
        pytest.param(
            _with("demand: failure", "demand: valu"),
            "line 27, themes.0.demand: write one of: failure, value",
            id="one of some words",
        ),
        pytest.param(
            _with("departments:\n", f"{ACTION}departments:\n"),
            "actions.0.done: write a date as 2026-10-16",
            id="date",
        ),
        pytest.param(
            _with("name: {fi: Laskuvirhe, en: Invoice error}", "name: Laskuvirhe"),
            "themes.1.name: write its keys below it, each on an indented line as 'key: value'",
            id="text for keys",
        ),
        pytest.param(
            _with("fi: Laskuvirhe", "de: Rechnung"),
            "themes.1.name.de: write one of: fi, en, sv",
            id="language",
        ),
        pytest.param(
            _with("contact:", "retention: {raw_days: month, interactions_days: 3}\ncontact:"),
            "raw_days: write a whole number, such as 30\n"
            "line 3, retention.interactions_days: write a number of at least 30",
            id="numbers",
        ),
        pytest.param(
            _with("demand: failure", "avoidable: [0.3]"),
            "themes.0.avoidable.1: a value is missing in this list",
            id="short list",
        ),
        pytest.param(
            _with("    language: en\n", "    schedule: {weekday: maanantai, at: klo 9}\n"),
            "departments.1.schedule.at: write a time as '09:00'",
            id="time",
        ),
        pytest.param("a: [", "line ", id="not YAML"),
        pytest.param("- a\n- b\n", "must be a mapping", id="not a mapping"),
        pytest.param("", "must be a mapping", id="empty"),
    ],
)
def test_what_is_wrong_and_where(text: str, expected: str) -> None:
    with pytest.raises(BadOrganisation) as caught:
        read(text)
    assert expected in str(caught.value)
    assert "Input should" not in str(caught.value)


@pytest.mark.parametrize(
    ("sender", "fine"),
    [
        ("palaute@esimerkki.example", True),
        ("Esimerkki Oy:n palaute <palaute@esimerkki.example>", True),
        ("Oivallus palaute@esimerkki.example", False),
        ("<palaute@esimerkki.example> Oivallus", False),
        ("Oivallus <palaute@esimerkki>", False),
        ("Oivallus <palaute@esimerkki.example", False),
        ("Oivallus\\nBcc: x@y.example <palaute@esimerkki.example>", False),
    ],
)
def test_a_sender_holds_one_address(sender: str, *, fine: bool) -> None:
    text = _with("Oivallus <oivallus@esimerkki.example>", f'"{sender}"')
    if fine:
        assert read(text).sender == sender
    else:
        with pytest.raises(BadOrganisation, match="sender: write an address to send from"):
            read(text)


def test_layout_and_comments_do_not_change_the_hash(organisation: Organisation) -> None:
    assert read("# a comment\n" + ORGANISATION).hash == organisation.hash
    assert read(_with("Esimerkki Oy", "Toinen Oy")).hash != organisation.hash


def test_the_taxonomys_hash_covers_what_the_model_reads(organisation: Organisation) -> None:
    renamed = read(_with("fi: Laskuvirhe", "fi: Virhe laskussa"))
    rerouted = read(_with("recipients: [prosessit@esimerkki.example]", "recipients: []"))
    assert renamed.taxonomy["hash"] != organisation.taxonomy["hash"]
    assert rerouted.taxonomy["hash"] == organisation.taxonomy["hash"]


def test_a_clock_time_without_quotes_is_still_a_clock_time() -> None:
    changed = _with(
        "  - id: processes\n    name", "  - id: processes\n    schedule: {at: 14:30}\n    name"
    )
    assert read(changed).departments[0].schedule.at == time(14, 30)


def test_a_department_reads_what_it_owns_unless_it_says_otherwise(
    organisation: Organisation,
) -> None:
    processes, service = organisation.departments
    assert [t.id for t in organisation.themes_of(processes)] == ["late", "invoice"]
    assert [t.id for t in organisation.themes_of(service)] == ["praise"]
    everything = read(_with("    language: en\n", "    language: en\n    themes: all\n"))
    assert len(everything.themes_of(everything.departments[1])) == 3

"""A bad organisation.yaml gets an answer that names line, key and remedy."""

from __future__ import annotations

from datetime import time

import pytest

from chalicelib.organisation import BadOrganisation, Organisation, read
from tests.conftest import ORGANISATION


def _with(old: str, new: str) -> str:
    assert old in ORGANISATION
    return ORGANISATION.replace(old, new, 1)


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
        pytest.param("a: [", "line ", id="not YAML"),
        pytest.param("- a\n- b\n", "must be a mapping", id="not a mapping"),
        pytest.param("", "must be a mapping", id="empty"),
    ],
)
def test_what_is_wrong_and_where(text: str, expected: str) -> None:
    with pytest.raises(BadOrganisation) as caught:
        read(text)
    assert expected in str(caught.value)


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

"""organisation.yaml, the example that everybody starts from, is valid and whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Source
from chalicelib.organisation import Organisation, read
from infra.demo import plot

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def organisation() -> Organisation:
    return read((ROOT / "organisation.yaml").read_text(encoding="utf-8"))


def test_it_names_one_source_of_each_channel_and_one_for_files(organisation: Organisation) -> None:
    wired = {name: source.connector for name, source in organisation.sources.items()}
    assert wired == {
        "zendesk": "zendesk",
        "chat": "intercom",
        "email": "postmark",
        "phone": "twilio",
        "survey": "typeform",
        "shop-feedback": "standard",
        "import": "rows",
    }


def test_every_source_has_options_that_its_connector_can_use(organisation: Organisation) -> None:
    for name, config in organisation.sources.items():
        source = Source(name, config.connector, config.touchpoint, config.channel, config.options)
        CONNECTORS[config.connector].check(source)
        assert config.title


def test_themes_are_named_described_and_exemplified(organisation: Organisation) -> None:
    assert 15 <= len(organisation.themes) <= 30
    for theme in organisation.themes:
        assert set(theme.name) == set(theme.description) == {"fi", "en", "sv"}, theme.id
        assert len(theme.examples["fi"]) >= 3, theme.id
        assert len(theme.examples["en"]) >= 3, theme.id
        assert len(theme.examples["sv"]) >= 3, theme.id
        assert all(len(words) >= 3 for words in theme.keywords.values()), theme.id
        assert theme.touchpoint, theme.id


def test_no_example_stands_twice(organisation: Organisation) -> None:
    examples = [e for t in organisation.themes for lines in t.examples.values() for e in lines]
    assert len(examples) == len(set(examples))


def test_six_departments_read_something_in_three_languages(organisation: Organisation) -> None:
    assert len(organisation.departments) == 6
    for department in organisation.departments:
        assert organisation.themes_of(department), department.id
        assert department.recipients, department.id
        assert all(address.endswith(".example") for address in department.recipients)
    assert {d.language for d in organisation.departments} == {"fi", "en", "sv"}


def test_every_theme_is_read_by_its_owner(organisation: Organisation) -> None:
    for theme in organisation.themes:
        owner = organisation.department_by_id[theme.department]
        assert theme in organisation.themes_of(owner), theme.id


def test_the_plot_speaks_of_the_same_themes_and_touchpoints(organisation: Organisation) -> None:
    planned = set(plot.TOPICS) - plot.UNTHEMED - {plot.RATING_ONLY}
    assert planned == set(organisation.theme_by_id)
    for theme in planned:
        assert plot.TOPICS[theme].touchpoint == organisation.theme_by_id[theme].touchpoint


def test_retention_window_and_numbers_to_redact(organisation: Organisation) -> None:
    assert organisation.retention.raw_days == 30
    assert organisation.first_contact_resolution_window_days == 7
    assert len(organisation.redact) == 2

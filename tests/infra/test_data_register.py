"""Nothing is stored that the register does not name, and it names nothing that is not stored."""

from __future__ import annotations

from infra import data_register

ABOUT = {"about", "basis", "kept"}


def test_every_stored_field_is_registered() -> None:
    told = data_register.register()
    for place in data_register.places():
        missing = set(place.fields) - set(told.get(place.name, {}))
        assert not missing, f"say in data_register.toml what {place.name}.{missing} is for"
        unknown = set(told[place.name]) - set(place.fields) - ABOUT
        assert not unknown, f"{place.name} no longer stores {unknown}"
        assert set(told[place.name]) >= ABOUT


def test_every_kind_of_small_state_is_registered_with_its_time() -> None:
    told = data_register.register()["kinds"]
    assert data_register.kinds() == set(told), "say in data_register.toml what this kind is for"
    for kind, of in told.items():
        assert set(of) == {"about", "kept"}, kind
    # Among them those that are written by a constant, and by the day.
    assert {"organisation", "audit", "correction", "source"} <= data_register.kinds()


def test_the_page_is_up_to_date() -> None:
    remedy = "run `python -m infra.data_register` and read the difference"
    assert data_register.PAGE.read_text(encoding="utf-8") == data_register.page(), remedy

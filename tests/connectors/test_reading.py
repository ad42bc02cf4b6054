"""Reading a stranger's values, and making events of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.connectors.base import Request, Source
from chalicelib.connectors.parts import reading, record
from chalicelib.errors import Unreadable
from chalicelib.interaction import Channel, Event, EventKind, RatingKind

NOW = datetime(2026, 11, 2, 9, 15, tzinfo=UTC)
SOURCE = Source("chat", "intercom")


def made(source: Source = SOURCE, **values: Any) -> Event:
    told = {"event_id": "e", "interaction_id": "i", "occurred_at": NOW, "kind": EventKind.MESSAGE}
    return record.event(source, Channel.CHAT, **(told | values))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(5, 5.0), (" 2,5 ", 2.5), ("-3", -3.0), (1e308, 1e308)],
)
def test_number(value: object, expected: float) -> None:
    assert reading.number(value, "x") == expected


@pytest.mark.parametrize(
    "value", [None, True, "", "x", [], "nan", "inf", float("inf"), 10**400, "1" * 5000]
)
def test_no_number(value: object) -> None:
    with pytest.raises(Unreadable, match="x "):
        reading.number(value, "x")


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_constants_that_are_not_json(constant: str) -> None:
    with pytest.raises(Unreadable, match=constant):
        reading.json_value(f'{{"unused": {constant}}}'.encode())


@pytest.mark.parametrize("body", [b"", b" \r\n"])
def test_an_empty_body_is_said_to_be_empty(body: bytes) -> None:
    with pytest.raises(Unreadable, match=r"^the body is empty$"):
        reading.json_value(body)


def test_the_place_of_a_fault_is_told_without_the_text() -> None:
    request = Request("POST", "https://hub.example", {}, b'{"text": "salaista" x}')
    with pytest.raises(Unreadable, match="at character 20") as caught:
        reading.json_body(request)
    assert "salaista" not in str(caught.value)


@pytest.mark.parametrize(
    ("seconds", "good"), [(0, True), (-0.1, False), (31_622_400, True), (31_622_401, False)]
)
def test_duration_bounds(seconds: float, good: bool) -> None:
    if good:
        assert reading.duration_s(seconds, "wait_s") == seconds
    else:
        with pytest.raises(Unreadable, match="between 0 s and a year"):
            reading.duration_s(seconds, "wait_s")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-02T09:15:00Z", NOW),
        ("2026-11-02T11:15:00+02:00", NOW),
        ("2026-11-02T09:15:00.000000999Z", NOW),
        ("2000-01-01T00:00:00Z", datetime(2000, 1, 1, tzinfo=UTC)),
    ],
)
def test_iso_time(value: str, expected: datetime) -> None:
    assert reading.iso_time(value, "time") == expected


@pytest.mark.parametrize(
    "value",
    [
        *(None, 5, "", "soon", "2026-11-02T09:15:00", "1999-12-31T23:59:59Z", "0000-01-01T00:00Z"),
        *("9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2100-01-01T00:00:01Z"),
    ],
)
def test_no_iso_time(value: object) -> None:
    with pytest.raises(Unreadable, match="time"):
        reading.iso_time(value, "time")


@pytest.mark.parametrize("value", [None, "x", 0, 253402300800, -(10**12), float("nan")])
def test_no_unix_time(value: object) -> None:
    with pytest.raises(Unreadable):
        reading.unix_time(value, "created_at")


@pytest.mark.parametrize(
    "value", [None, "", "x", "Mon, 2 Nov 9999 11:00:00 -2359", "Mon, 99 Nov 2026 11:00:00"]
)
def test_no_mail_time(value: object) -> None:
    with pytest.raises(Unreadable):
        reading.mail_time(value, "Date")


def test_mail_time() -> None:
    assert reading.mail_time("Mon, 2 Nov 2026 11:15:00 +0200", "Date") == NOW
    assert reading.mail_time("2 Nov 2026 09:15:00 -0000", "Date") == NOW


@pytest.mark.parametrize(
    ("value", "expected"),
    [("fi-FI", "fi"), ("SV", "sv"), ("nb_NO", "nb"), ("", None), (None, None), ("suomi", None)],
)
def test_language(value: object, expected: str | None) -> None:
    assert reading.language(value, "lang") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("Kyllä", True), ("nej", False), (1, True), (0, False), (True, True), ("", None)],
)
def test_truth(value: object, expected: bool | None) -> None:
    assert reading.truth(value, "resolved") is expected


@pytest.mark.parametrize("value", [2, "ehkä", [], 0.5])
def test_no_truth(value: object) -> None:
    with pytest.raises(Unreadable):
        reading.truth(value, "resolved")


def test_labels() -> None:
    assert reading.labels("lasku, palautus lasku", "tags") == ("lasku", "palautus")
    assert reading.labels(["a b", 7, "", None, "a b"], "tags") == ("a b", "7")
    assert reading.labels(None, "tags") == ()


def test_ids() -> None:
    assert reading.identifier(7, "id") == "7"
    assert len(reading.identifier("x" * 255, "id")) == 255
    refused: list[object] = [None, "", " ", True, 1.5, "x" * 256, 10**30, {}]
    for bad in refused:
        with pytest.raises(Unreadable, match="id"):
            reading.identifier(bad, "id")


# --- events -------------------------------------------------------------------------------------


def test_the_source_decides_the_channel_and_leaves_the_touchpoint_to_the_fold() -> None:
    shop = Source("shop", "standard", touchpoint="store", channel=Channel.REVIEW)
    assert made(shop).channel is Channel.REVIEW
    assert made().channel is Channel.CHAT
    assert made(shop).touchpoint is None  # a tag of the event may say better
    assert made(shop, touchpoint="delivery").touchpoint == "delivery"


def test_text_at_the_bound_is_whole() -> None:
    assert made(text="ä" * record.MAX_TEXT).tags == ()
    cut = made(text="ä" * (record.MAX_TEXT + 1), tags=("lasku",))
    assert cut.tags == (record.TEXT_CUT, "lasku")
    assert len(cut.text) == record.MAX_TEXT


def test_a_thousand_tags_are_too_many() -> None:
    assert len(made(tags=tuple(map(str, range(1000)))).tags) == record.MAX_TAGS


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param({"email": " Aino@Posti.Example "}, "email:aino@posti.example", id="email"),
        pytest.param({"phone": "+358 40 111-2233"}, "phone:+358401112233", id="phone"),
        pytest.param({"phone": "00358401112233"}, "phone:+358401112233", id="00 is +"),
        pytest.param({"phone": "anonymous"}, None, id="no digits"),
        pytest.param({"phone": "112233"}, None, id="six digits"),
        pytest.param({"phone": "1" * 16}, None, id="sixteen digits"),
        pytest.param({"email": "no address"}, None, id="no address"),
        pytest.param({"email": "a@" + "b" * 300}, None, id="longer than an address"),
        pytest.param({"own_id": "VK7", "vendor": "x", "vendor_id": "1"}, "id:VK7", id="own id"),
        pytest.param({"vendor": "zendesk", "vendor_id": "1"}, "id:zendesk:1", id="vendor's id"),
        pytest.param(
            {"email": "a@b.example", "phone": "+358401112233"}, "email:a@b.example", id="both"
        ),
        pytest.param({}, None, id="nobody"),
    ],
)
def test_customer(told: dict[str, str], expected: str | None) -> None:
    assert record.customer(**told) == expected


@pytest.mark.parametrize(("value", "good"), [(0, True), (10, True), (-1, False), (11, False)])
def test_rating_scale(value: float, good: bool) -> None:
    if good:
        assert record.rating(RatingKind.NPS, value, (0, 10), "nps").value == value
    else:
        with pytest.raises(Unreadable, match=r"nps: rating .* outside its scale"):
            record.rating(RatingKind.NPS, value, (0, 10), "nps")


@pytest.mark.parametrize(
    ("subject", "body", "expected"),
    [
        ("Lasku", "Missä se on?", "Lasku\n\nMissä se on?"),
        ("Lasku", "Lasku puuttuu", "Lasku puuttuu"),
        ("", "Hei", "Hei"),
        ("Hei", "", "Hei"),
    ],
)
def test_titled(subject: str, body: str, expected: str) -> None:
    assert record.titled(subject, body) == expected

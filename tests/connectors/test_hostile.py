"""Any bytes end in valid events or in one of the named errors; never in another exception."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Proof, Request
from chalicelib.connectors.parts import jwt_hs256
from chalicelib.connectors.parts.record import MAX_TEXT, TEXT_CUT
from chalicelib.errors import HubError, Rejected, Skipped, Unreadable
from chalicelib.interaction import Event
from tests.connectors.recordings import FIXTURES, Recording, load, recordings
from tests.connectors.validity import assert_valid


def opened(body: bytes) -> bytes:
    """The payload of a JSON Web Token; any other body as it is."""
    return jwt_hs256.payload(body.decode("latin-1")) or body


ALL = recordings()


def is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


#: Of a body that is a signed token what is mutated is its payload; signing wraps it again.
OPEN = [replace(r, request=replace(r.request, body=opened(r.request.body))) for r in ALL]
JSON = [
    r for r in OPEN if r.request.content_type.endswith(("json", "jwt")) and is_json(r.request.body)
]
FORMS = [r for r in ALL if "urlencoded" in r.request.content_type]
EXAMPLES = settings(max_examples=250, deadline=None, derandomize=True)


def signed(recording: Recording, body: bytes) -> Request:
    request = replace(recording.request, body=body)
    return recording.connector.sign(request, recording.secret, recording.at)


def read(recording: Recording, body: bytes) -> Sequence[Event] | HubError:
    """Verify, shake hands and read, as the pipeline does; the events must be valid."""
    request = signed(recording, body)
    if recording.connector.proof is not Proof.IMPORT:
        try:
            recording.connector.verify(request, [recording.secret], recording.at)
        except Rejected:
            # A proof inside the body: such a body cannot carry it. It must be read without harm
            # all the same, for a stored one is read again.
            assert request == replace(recording.request, body=body)
    return told(recording, request)


def told(recording: Recording, request: Request) -> Sequence[Event] | HubError:
    """What the connector makes of a request: valid events, a handshake's none, or its error."""
    if recording.connector.handshake(request):
        return ()
    try:
        events = recording.connector.events(request, recording.source, recording.at)
    except (Skipped, Unreadable) as error:
        refusal: HubError = error
    else:
        assert events
        for event in events:
            assert_valid(event)
        return events
    assert len(str(refusal)) < 500
    return refusal


BODIES = [
    pytest.param(b"", id="empty"),
    pytest.param(b" \n", id="blank"),
    pytest.param(b"null", id="null"),
    pytest.param(b"[]", id="list"),
    pytest.param(b"{}", id="empty object"),
    pytest.param(b'"text"', id="text"),
    pytest.param(b"0", id="number"),
    pytest.param(b"[" * 200_000, id="nested lists"),
    pytest.param(b'{"a":' * 200_000, id="nested objects"),
    pytest.param(b'{"a":' * 900 + b"1" + b"}" * 900, id="objects nested as deep as allowed"),
    pytest.param(b'{"data":{"text":"x","nps":NaN}}', id="NaN"),
    pytest.param(b'{"data":{"text":"x","nps":-Infinity}}', id="Infinity"),
    pytest.param(b'{"data":{"text":"x","nps":1e400}}', id="a number above every float"),
    pytest.param(b'{"data":{"text":"x","nps":' + b"9" * 5000 + b"}}", id="5,000 digits"),
    pytest.param(b'{"data":{"text":"x","id":' + b"9" * 4000 + b"}}", id="an id of 4,000 digits"),
    pytest.param(b'{"id":"\xff\xfe"}', id="not UTF-8"),
    pytest.param('{"data":{"text":"ä"}}'.encode("utf-16"), id="UTF-16"),
    pytest.param('{"data":{"text":"ä"}}'.encode("latin-1"), id="Latin-1"),
    pytest.param(b"\xef\xbb\xbf{}", id="a byte order mark"),
    pytest.param(b"\x00" * 1000, id="NUL bytes"),
    pytest.param(b"<xml/>", id="XML"),
    pytest.param(b"a=1&b=2&" * 2000, id="a form of 4,000 fields"),
    pytest.param(b"%ff=%00&MessageSid=%ed%a0%80", id="a form that is not UTF-8"),
    pytest.param(b"=&&;=&==&+", id="a form without names"),
    pytest.param(b'{"topic":"ping"', id="half a handshake"),
    pytest.param(b"\n\n\n", id="empty lines"),
    pytest.param(b'text\n"never closed', id="an open quotation mark"),
]


@pytest.mark.parametrize("name", CONNECTORS)
@pytest.mark.parametrize("body", BODIES)
def test_hostile_body(name: str, body: bytes) -> None:
    recording = next(r for r in ALL if r.connector.name == name and "events" in r.expected)
    read(recording, body)


@given(body=st.binary(max_size=300), name=st.sampled_from(sorted(CONNECTORS)))
@EXAMPLES
def test_any_bytes(body: bytes, name: str) -> None:
    read(next(r for r in ALL if r.connector.name == name), body)


# --- mutated recordings -------------------------------------------------------------------------

NASTY: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        -1,
        11,
        1e308,
        -1e308,
        10**40,
        "",
        " ",
        "x",
        "\x00",
        "\ud800",
        "\ud83d",
    ),
    *([], {}, [None], [[]], [{}], {"": None}, {"id": {}}, "ä" * 20_000, "9999-12-31T23:59:59Z"),
    *("0000-00-00T00:00:00Z", "9999-12-31T23:59:59-23:59", "Mon, 32 Foo 99999 99:99:99 +9999"),
    *(253402300799, -62135596800, "NaN", "inf", "1e999", "\u202e\uffff", "<" * 500, "&#0;&#xd800;"),
]
nasty = st.sampled_from(NASTY) | st.text(max_size=20) | st.integers() | st.floats()


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside a JSON value."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path] * bool(path) + [p for key, one in inner for p in places(one, (*path, key))]


def mutated(value: Any, path: tuple[Any, ...], new: Any, drop: bool) -> None:
    """Change or drop one value of a JSON value, in place."""
    for key in path[:-1]:
        value = value[key]
    if drop:
        del value[path[-1]]
    else:
        # A copy: the next change may be made inside it, and NASTY must stay what it is.
        value[path[-1]] = copy.deepcopy(new)


def at(value: Any, path: Sequence[Any]) -> Any:
    for key in path:
        value = value[key]
    return value


def unsigned(recording: Recording, body: bytes) -> Request:
    """Signing tells nothing of how a body is read, and a key pair signs slowly."""
    if recording.request.content_type == "application/jwt":
        return signed(recording, body)
    return replace(recording.request, body=body)


#: Of every fixture: this many of its values, evenly chosen, are dropped and replaced one by one.
MOST_PLACES = 40
DEEP = '{"a":[' * 400 + "1" + "]}" * 400
HUGE: list[Any] = [10**40, -1e308, 1e308, "ä" * 20_000, 253402300799, 2**63]


def instead(value: Any, turn: int) -> list[Any]:
    """A wrong type, a huge value, something nested deeply and something nasty, for one value."""
    wrong: list[Any] = [[value], {"value": value}, str(value), None, 7, True, -0.5]
    return [
        wrong[turn % len(wrong)],
        HUGE[turn % len(HUGE)],
        NASTY[turn % len(NASTY)],
        NASTY[(turn * 7 + 3) % len(NASTY)],
    ]


@pytest.mark.parametrize("recording", [pytest.param(r, id=r.name) for r in JSON])
def test_every_value_of_every_fixture(recording: Recording) -> None:
    """Dropped, of another type, huge, nested deeply: never an exception of another kind."""
    payload = json.loads(recording.request.body)
    every = places(payload)
    for turn, (*above, key) in enumerate(every[:: 1 + len(every) // MOST_PLACES]):
        parent = at(payload, above)
        before = parent[key]
        bodies = []
        for new in instead(before, turn):
            parent[key] = new
            bodies.append(json.dumps(payload))
        parent[key] = "\ufdd0"
        bodies.append(json.dumps(payload).replace('"\\ufdd0"', DEEP))
        del parent[key]
        bodies.append(json.dumps(payload))
        parent.insert(key, before) if isinstance(parent, list) else parent.update({key: before})
        for body in bodies:
            told(recording, unsigned(recording, body.encode()))
    assert payload == json.loads(recording.request.body)


@pytest.mark.parametrize("name", sorted({r.connector.name for r in JSON}))
@given(data=st.data())
@settings(parent=EXAMPLES, max_examples=40)
def test_mutated_json(name: str, data: st.DataObject) -> None:
    """Up to three changes at once of any fixture, signed and verified as the pipeline does."""
    recording = data.draw(st.sampled_from([r for r in JSON if r.connector.name == name]))
    payload = json.loads(recording.request.body)
    for _ in range(data.draw(st.integers(1, 3))):
        paths = places(payload)
        if paths:
            path = data.draw(st.sampled_from(paths))
            mutated(payload, path, data.draw(nasty), data.draw(st.booleans()))
    read(recording, json.dumps(payload).encode())


@given(data=st.data())
@EXAMPLES
def test_mutated_forms(data: st.DataObject) -> None:
    recording = data.draw(st.sampled_from(FORMS))
    fields = dict(parse_qsl(recording.request.body.decode(), keep_blank_values=True))
    for _ in range(data.draw(st.integers(1, 3))):
        name = data.draw(st.sampled_from(sorted(fields)) | st.text(max_size=10))
        value = data.draw(nasty)
        fields[name] = value if isinstance(value, str) else json.dumps(value)
        if data.draw(st.booleans()) and len(fields) > 1:
            del fields[name]
    read(recording, urlencode(fields, errors="surrogatepass").encode())


@given(
    column=st.sampled_from(
        ["text", "time", "channel", "nps", "rating_kind", "tags", "erase", "id"]
    ),
    value=nasty,
)
@EXAMPLES
def test_mutated_rows(column: str, value: Any) -> None:
    recording = load(FIXTURES / "rows" / "json_lines.http")
    row = {"text": "Hyvä", "time": "2026-10-26T08:30:00Z", "channel": "chat", column: value}
    read(recording, json.dumps(row).encode())


@given(value=st.text(max_size=80), data=st.data())
@EXAMPLES
def test_any_header(value: str, data: st.DataObject) -> None:
    recording = data.draw(st.sampled_from(ALL))
    name = data.draw(st.sampled_from(sorted(recording.request.headers)))
    headers = {**recording.request.headers, name: value}
    request = replace(recording.request, headers=headers)
    try:
        recording.connector.verify(request, [recording.secret, value], recording.at)
    except Rejected:
        return
    assert recording.connector.name != "rows"


# --- what each kind of bad value becomes --------------------------------------------------------


def feedback(**data: Any) -> bytes:
    return json.dumps({"type": "x", "timestamp": "2026-11-02T09:00:00Z", "data": data}).encode()


OWN = load(FIXTURES / "standard" / "own_columns.http")


def only(body: bytes) -> Event:
    found = read(OWN, body)
    assert not isinstance(found, HubError), found
    (event,) = found
    return event


def test_a_text_of_5_mb_is_cut_and_says_so() -> None:
    started = time.process_time()
    event = only(feedback(text="Lasku on väärin. " * 300_000, tags=["lasku"]))
    assert len(event.text) == MAX_TEXT
    assert event.tags == (TEXT_CUT, "lasku")
    assert only(feedback(text="ä" * MAX_TEXT)).tags == ()
    assert time.process_time() - started < 2


def test_half_a_surrogate_pair_is_replaced() -> None:
    assert only(feedback(text="Hei \ud83d maailma")).text == "Hei \ufffd maailma"
    assert only(feedback(text="Hei 😟")).text == "Hei 😟"  # json writes both halves


def test_nul_and_controls_are_dropped() -> None:
    assert only(feedback(text="a\x00b\x07c\td\r\ne\rf")).text == "abc\td\ne\nf"


def test_of_a_repeated_key_the_last_counts() -> None:
    assert only(b'{"data":{"text":"eka","text":"toka"}}').text == "toka"


@pytest.mark.parametrize("stamp", ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1999-12-31"])
def test_an_impossible_time_is_unreadable(stamp: str) -> None:
    assert isinstance(read(OWN, feedback(text="x", time=stamp)), Unreadable)


@pytest.mark.parametrize("column", ["nps", "csat", "ces", "stars", "thumb", "rating"])
def test_a_rating_of_11_is_unreadable(column: str) -> None:
    found = read(OWN, feedback(text="x", **{column: 11}))
    assert isinstance(found, Unreadable)
    assert "outside its scale" in str(found)


def test_the_named_character_set_is_read() -> None:
    body = '{"data":{"text":"Äänekäs jääkaappi"}}'.encode("latin-1")
    named = {**OWN.request.headers, "content-type": "application/json; charset=ISO-8859-1"}
    recording = replace(OWN, request=replace(OWN.request, headers=named))
    found = read(recording, body)
    assert not isinstance(found, HubError)
    assert found[0].text == "Äänekäs jääkaappi"
    unknown = {**named, "content-type": "application/json; charset=klingon"}
    recording = replace(OWN, request=replace(OWN.request, headers=unknown))
    assert isinstance(read(recording, body), Unreadable)


def test_messages_hold_no_words_of_the_customer() -> None:
    secret_words = "Olen sairas ja soitan numerosta 0401234567"
    for column in ("time", "nps", "channel", "role", "wait_s", "resolved", "rating_kind", "id"):
        value = secret_words * (8 if column == "id" else 1)
        found = read(OWN, feedback(**{"text": "x", "rating": 3, column: value}))
        assert isinstance(found, Unreadable), column
        assert "sairas" not in str(found)
        assert "0401234567" not in str(found)

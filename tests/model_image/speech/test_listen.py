"""Samples -> turns: windows, times, roles, overlap and measures, with a transcriber that knows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_image.speech import turns, windows, wire
from model_image.speech.activity import Kind, Span
from model_image.speech.audio import Audio, Refused
from model_image.speech.listen import Options, Segment, Transcript, listen
from model_image.speech.resample import to_16k
from model_image.speech.turns import Role, Turn
from model_image.speech.windows import Piece, Window
from tests.model_image.speech import sounds
from tests.model_image.speech.fakes import Hearer, loudness
from tests.model_image.speech.sounds import RATE

RNG = np.random.default_rng(11)


def heard(*channels: sounds.Sound, hearer: Hearer | None = None, **options: object) -> Transcript:
    made = Audio(np.stack([to_16k(one, RATE) for one in channels]))
    return listen(made, Options(**options), hearer or Hearer())  # type: ignore[arg-type]


def test_a_call_in_two_channels_becomes_turns_in_order() -> None:
    customer = sounds.line(
        sounds.ringing(5),
        sounds.voice(4, RNG),
        sounds.silence(6, RNG),
        sounds.voice(3, RNG),
        rng=RNG,
    )
    agent = sounds.line(
        sounds.silence(9.5, RNG), sounds.voice(5, RNG, "en"), sounds.silence(3.5, RNG), rng=RNG
    )
    found = heard(customer, agent, customer=0, languages=("fi",))
    assert [(one.role, one.channel) for one in found.turns] == [
        (Role.CUSTOMER, 0),
        (Role.AGENT, 1),
        (Role.CUSTOMER, 0),
    ]
    for turn, (start, end) in zip(found.turns, [(5, 9), (9.5, 14.5), (15, 18)], strict=True):
        assert turn.start_s == pytest.approx(start, abs=0.4)
        assert turn.end_s == pytest.approx(end, abs=0.4)
        assert turn.language == "fi"
    assert found.measures.ringing_s == pytest.approx(1, abs=0.1)
    assert found.measures.talk_s[Role.CUSTOMER] == pytest.approx(7, abs=0.8)


def test_people_who_talk_at_once_both_keep_their_words() -> None:
    long = sounds.line(sounds.voice(10, RNG), rng=RNG)
    short = sounds.line(
        sounds.silence(4, RNG), sounds.voice(2, RNG, "en"), sounds.silence(4, RNG), rng=RNG
    )
    found = heard(long, short, customer=1)
    assert {one.role for one in found.turns} == {Role.AGENT, Role.CUSTOMER}
    inner = next(one for one in found.turns if one.role is Role.CUSTOMER)
    outer = next(one for one in found.turns if one.role is Role.AGENT)
    assert outer.start_s < inner.start_s < inner.end_s < outer.end_s


def test_channels_are_never_mixed() -> None:
    hearer = Hearer()
    quiet = sounds.silence(8, RNG)
    heard(sounds.voice(8, RNG), quiet, hearer=hearer)
    assert len(hearer.windows) == 1
    assert loudness(hearer.windows[0]) > 0.01


@pytest.mark.parametrize(
    ("channels", "customer", "expected"),
    [
        (1, None, [Role.UNKNOWN]),
        (1, 0, [Role.CUSTOMER]),
        (2, None, [Role.UNKNOWN, Role.UNKNOWN]),
        (2, 1, [Role.AGENT, Role.CUSTOMER]),
        (3, 0, [Role.CUSTOMER, Role.AGENT, Role.AGENT]),
    ],
)
def test_roles_come_from_the_channel(
    channels: int, customer: int | None, expected: list[Role]
) -> None:
    assert list(turns.roles(channels, customer)) == expected


def test_hold_is_music_between_words_and_a_queue_is_not() -> None:
    queue, hold = sounds.music(10, RNG), sounds.music(20, RNG)
    call = sounds.line(
        *(queue, sounds.silence(1, RNG), sounds.voice(5, RNG), sounds.silence(1, RNG), hold),
        *(sounds.silence(1, RNG), sounds.voice(5, RNG), sounds.silence(7, RNG)),
        rng=RNG,
    )
    measures = heard(call).measures
    assert measures.duration_s == 50
    assert measures.music_s == pytest.approx(30, abs=5)
    assert measures.hold_s == pytest.approx(20, abs=3)
    assert measures.silence_s == pytest.approx(10, abs=1.5)
    together = measures.music_s + measures.silence_s + measures.ringing_s
    assert together + measures.talk_s[Role.UNKNOWN] == pytest.approx(50)


def test_a_recording_without_a_word_asks_no_model() -> None:
    hearer = Hearer()
    found = heard(sounds.silence(4, RNG), hearer=hearer)
    assert (found.turns, hearer.windows, hearer.among) == ([], [], [])


def test_a_model_that_stops_too_soon_is_asked_again_from_there() -> None:
    parts = [part for _ in range(4) for part in (sounds.voice(3, RNG), sounds.silence(2, RNG))]
    call = sounds.line(*parts, rng=RNG)
    short = Hearer(stops_after_s=2.9)
    found = heard(call, hearer=short)
    assert len(short.windows) == 4
    assert found.turns[0].start_s < 1
    assert found.turns[-1].end_s > 17


def test_languages_are_told_once_for_each_channel() -> None:
    hearer = Hearer()
    call = sounds.voice(8, RNG), sounds.voice(8, RNG)
    heard(*call, hearer=hearer, languages=("fi", "sv"))
    heard(*call, hearer=hearer, languages=("sv",))
    assert hearer.among == [("fi", "sv")]
    assert hearer.spoken_in == ["fi", "fi", "sv", "sv"]


class Stuck(Hearer):
    def _heard(self, window: object) -> list[Segment]:
        return [Segment(0, 2, "kiitos " * 30, 0.9), Segment(2, 9, "Sohva on rikki.", 0.9)]


def test_text_that_goes_round_in_circles_is_left_out_and_counted() -> None:
    found = heard(sounds.voice(9, RNG), hearer=Stuck())
    assert [turn.text for turn in found.turns] == ["Sohva on rikki."]
    assert found.left_out == 1


# --- windows ------------------------------------------------------------------------------------

STRETCHES = st.lists(st.tuples(st.floats(0.1, 20), st.floats(0.2, 80)), min_size=1, max_size=8)


def _spans(stretches: Sequence[tuple[float, float]]) -> tuple[list[Span], float]:
    at, made = 0.0, []
    for pause, talk in stretches:
        made += [
            Span(at, at + pause, Kind.SILENCE),
            Span(at + pause, at + pause + talk, Kind.SPEECH),
        ]
        at += pause + talk
    return made, at


@given(STRETCHES)
@settings(max_examples=60, deadline=None)
def test_windows_hold_all_talk_once_and_no_more_than_half_a_minute(
    stretches: list[tuple[float, float]],
) -> None:
    spans, length = _spans(stretches)
    samples = np.zeros(round(length * 16_000) + 1, np.float32)
    packed = windows.pack(0, samples, spans)
    pieces = [piece for window in packed for piece in window.pieces]
    assert all(window.seconds <= windows.WINDOW_S + 1e-6 for window in packed)
    assert sum(p.end_s - p.start_s for p in pieces) == pytest.approx(sum(t for _, t in stretches))
    assert [p.start_s for p in pieces] == sorted(p.start_s for p in pieces)
    assert all(a.end_s <= b.start_s + 1e-6 for a, b in pairwise(pieces))


def test_long_talk_is_cut_at_its_quietest_moment() -> None:
    samples = np.full(40 * 16_000, 0.1, np.float32)
    samples[round(24.4 * 16_000) : round(24.7 * 16_000)] = 0
    first, second = windows.pack(0, samples, [Span(0, 40, Kind.SPEECH)])
    assert 24.4 <= first.pieces[0].end_s <= 24.7
    assert second.pieces[0].start_s == first.pieces[0].end_s


WINDOW = Window(0, (Piece(10, 14, 0), Piece(50, 56, 5), Piece(90, 92, 12)))


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        pytest.param((0, 4), (10, 14), id="a whole piece"),
        pytest.param((1, 2), (11, 12), id="inside one"),
        pytest.param((5.5, 7), (50.5, 52), id="in the second"),
        pytest.param((2, 7.5), (50, 52.5), id="over two: where most of it is"),
        pytest.param((3, 5.2), (13, 14), id="over two: the first"),
        pytest.param((12, 30), (90, 92), id="behind the end"),
        pytest.param((4.2, 4.4), (14, 14), id="in the silence between"),
    ],
)
def test_a_windows_times_are_the_recordings(
    inside: tuple[float, float], outside: tuple[float, float]
) -> None:
    assert WINDOW.place(*inside) == pytest.approx(outside)


def test_what_is_left_of_a_window() -> None:
    left = WINDOW.after(6)
    assert left == Window(0, (Piece(51, 56, 0), Piece(90, 92, 6)))
    assert WINDOW.after(12.5) is None


# --- turns --------------------------------------------------------------------------------------


def _turn(start: float, end: float, channel: int = 0, text: str = "a") -> Turn:
    return Turn(start, end, Role.UNKNOWN, channel, text, "fi", 0.5)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param([_turn(0, 1), _turn(3, 4)], [(0, 4)], id="goes on within two seconds"),
        pytest.param([_turn(0, 1), _turn(3.01, 4)], [(0, 1), (3.01, 4)], id="a longer pause"),
        pytest.param(
            [_turn(0, 1), _turn(1.2, 1.4, 1), _turn(1.5, 2)],
            [(0, 1), (1.2, 1.4), (1.5, 2)],
            id="interrupted",
        ),
        pytest.param([_turn(2, 3), _turn(0, 1)], [(0, 3)], id="in any order"),
    ],
)
def test_turns(said: list[Turn], expected: list[tuple[float, float]]) -> None:
    assert [(one.start_s, one.end_s) for one in turns.joined(said)] == expected


def test_a_turns_certainty_is_weighed_by_its_words() -> None:
    (turn,) = turns.joined(
        [
            Turn(0, 1, Role.AGENT, 0, "a" * 30, "fi", 0.9),
            Turn(1, 2, Role.AGENT, 0, "b" * 10, "fi", 0.5),
        ]
    )
    assert turn.p == pytest.approx(0.8)
    assert turn.text == "a" * 30 + " " + "b" * 10


# --- the wire -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attributes", "parameters", "channels", "expected"),
    [
        ("", {}, 2, Options()),
        ("customer=1; languages=fi,sv", {}, 2, Options(1, ("fi", "sv"))),
        ("customer=1", {"customer": "0", "languages": "FI"}, 2, Options(1, ("fi",))),
        ("customer=1", {}, 1, Options()),
    ],
)
def test_options(
    attributes: str, parameters: dict[str, str], channels: int, expected: Options
) -> None:
    assert wire.options(attributes, parameters, channels) == expected


@pytest.mark.parametrize(
    "attributes",
    [
        *("customer=x", "customer=-1", "customer=9", "customer=0009", "customer=" + "0" * 5000),
        "languages=suomi",
    ],
    ids=lambda value: value[:20],
)
def test_options_that_say_nothing_are_refused(attributes: str) -> None:
    with pytest.raises(Refused) as refused:
        wire.options(attributes, {}, 2)
    assert refused.value.status == 400


def test_the_answer() -> None:
    call = sounds.line(sounds.voice(4, RNG), sounds.silence(2, RNG), rng=RNG)
    told = json.loads(wire.write(heard(call, customer=0)))
    (turn,) = told.pop("turns")
    assert told == {
        **{"schema": "oivallus.transcript.1", "model": "hearer-1", "duration_s": 6.0},
        **{"talk_s": {"customer": told["talk_s"]["customer"]}, "hold_s": 0, "music_s": 0},
        **{"ringing_s": 0, "silence_s": told["silence_s"], "left_out": 0},
    }
    assert set(turn) == {"start_s", "end_s", "role", "channel", "text", "language", "p"}

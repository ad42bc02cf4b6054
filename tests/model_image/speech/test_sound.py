"""Bytes -> samples -> what is talk: formats, rates, limits, and spans with a known truth."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from contextlib import suppress
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly

from model_image.speech import activity, audio
from model_image.speech.activity import Kind
from model_image.speech.resample import Resampler, most_at_16k, to_16k
from tests.model_image.speech import sounds
from tests.model_image.speech.sounds import RATE

RNG = np.random.default_rng(7)
TALK = sounds.voice(6, RNG)
TALK_16K = to_16k(TALK, RATE)


# --- reading ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content_type", "form", "subtype"),
    [
        ("audio/wav", "WAV", "PCM_16"),
        ("audio/wav", "WAV", "ULAW"),
        ("audio/x-wav", "WAV", "ALAW"),
        ("audio/wav", "WAV", "GSM610"),
        ("audio/mpeg", "MP3", "MPEG_LAYER_III"),
        ("audio/ogg", "OGG", "VORBIS"),
        ("audio/ogg", "OGG", "OPUS"),
        ("audio/flac", "FLAC", "PCM_16"),
        ("audio/basic", "AU", "ULAW"),
    ],
)
def test_a_telephones_formats_are_read(content_type: str, form: str, subtype: str) -> None:
    found = audio.read(sounds.encoded(TALK, form=form, subtype=subtype), content_type, {})
    assert found.duration_s == pytest.approx(6, abs=0.1)
    size = min(len(TALK_16K), found.samples.shape[1])
    likeness = np.abs(np.fft.rfft(found.samples[0, :size])) @ np.abs(np.fft.rfft(TALK_16K[:size]))
    likeness /= np.linalg.norm(np.fft.rfft(found.samples[0, :size]))
    assert likeness / np.linalg.norm(np.fft.rfft(TALK_16K[:size])) > 0.9


@pytest.mark.parametrize("content_type", ["audio/basic", "audio/x-mulaw", "audio/pcmu"])
def test_mu_law_without_a_header_is_eight_kilohertz(content_type: str) -> None:
    raw = sounds.encoded(TALK, form="RAW", subtype="ULAW")
    found = audio.read(raw, content_type, {})
    assert found.duration_s == 6
    assert np.abs(found.samples[0] - TALK_16K).max() < 0.02
    both = audio.read(raw, content_type, {"rate": "16000", "channels": "2"})
    assert both.samples.shape == (2, 3 * RATE)


@pytest.mark.parametrize("rate", ["0", "-1", "fast", "8e3", "000000001" + "0" * 5000])
def test_a_rate_that_is_no_number_is_refused(rate: str) -> None:
    with pytest.raises(audio.Refused) as refused:
        audio.read(b"\xff" * 800, "audio/basic", {"rate": rate})
    assert refused.value.status == 400


@pytest.mark.parametrize("second", range(256))
def test_mu_law_may_begin_with_any_byte(second: int) -> None:
    quiet = bytes([0xFF, second]) + b"\xff" * 8000
    assert audio.read(quiet, "audio/basic", {}).samples.shape == (1, 16_004)


def test_channels_stay_apart() -> None:
    other = sounds.silence(6, RNG)
    found = audio.read(sounds.encoded(TALK, other, subtype="PCM_16"), "audio/wav", {})
    assert np.abs(found.samples[0] - TALK_16K).max() < 1e-3
    assert np.abs(found.samples[1]).max() < 1e-3


M4A = b"\x00\x00\x00\x20ftypM4A \x00\x00"


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        pytest.param(M4A, "audio/mp4", 415, id="M4A by its name"),
        pytest.param(M4A, "audio/wav", 415, id="M4A by its bytes"),
        pytest.param(b"\xff\xf1\x50\x80", "audio/mpeg", 415, id="AAC"),
        pytest.param(b"\x30\x26\xb2\x75\x8e\x66", "audio/x-ms-wma", 415, id="WMA"),
        pytest.param(b"not sound at all", "audio/wav", 400, id="no sound"),
        pytest.param(b"", "audio/mpeg", 400, id="nothing"),
        pytest.param(sounds.encoded(TALK)[:30], "audio/wav", 400, id="a header alone"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_remedy(
    body: bytes, content_type: str, status: int
) -> None:
    with pytest.raises(audio.Refused) as refused:
        audio.read(body, content_type, {})
    assert refused.value.status == status
    assert refused.value.remedy


SIZE = len(sounds.encoded(TALK))


@pytest.mark.parametrize("limits", [audio.Limits(seconds=6), audio.Limits(bytes=SIZE)])
def test_what_is_just_within_the_limits_is_read(limits: audio.Limits) -> None:
    assert audio.read(sounds.encoded(TALK), "audio/wav", {}, limits).duration_s == 6


@pytest.mark.parametrize("limits", [audio.Limits(seconds=5.999), audio.Limits(bytes=SIZE - 1)])
def test_what_is_just_beyond_them_is_not(limits: audio.Limits) -> None:
    with pytest.raises(audio.Refused) as refused:
        audio.read(sounds.encoded(TALK), "audio/wav", {}, limits)
    assert refused.value.status == 413


def _zeros(seconds: float, channels: int, rate: int, form: str = "FLAC") -> bytes:
    return sounds.encoded(
        *np.zeros((channels, round(seconds * rate)), np.float32),
        form=form,
        subtype="PCM_16",
        rate=rate,
    )


def test_a_small_file_of_many_samples_takes_no_more_than_its_sound() -> None:
    """Eight channels of 192 kHz: 25 MB when decoded at once, of a file of some kilobytes."""
    bomb = _zeros(4, 8, 192_000)
    assert len(bomb) < 10_000
    tracemalloc.start()
    found = audio.read(bomb, "audio/flac", {})
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.samples.shape == (8, 4 * 16_000)
    assert most < found.samples.nbytes + 5_000_000


def test_what_a_header_tells_to_be_too_long_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    body = _zeros(3, 4, 8000)
    within, beyond = audio.Limits(channel_seconds=12), audio.Limits(channel_seconds=11.9)
    assert audio.read(body, "audio/flac", {}, within).samples.shape[0] == 4
    monkeypatch.setattr("soundfile.SoundFile.read", None)
    with pytest.raises(audio.Refused, match="4 channels") as refused:
        audio.read(body, "audio/flac", {}, beyond)
    assert refused.value.status == 413


@pytest.mark.parametrize("rate_hz", [4_000, 7_919, 44_101, 192_000])
def test_a_rate_need_not_be_a_usual_one(rate_hz: int) -> None:
    found = audio.read(_zeros(0.5, 1, rate_hz, "WAV"), "audio/wav", {})
    assert found.duration_s == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("rate_hz", [3_999, 192_001])
def test_a_rate_that_no_telephone_has_is_refused(rate_hz: int) -> None:
    with pytest.raises(audio.Refused, match=f"{rate_hz} Hz") as refused:
        audio.read(_zeros(0.1, 1, rate_hz, "WAV"), "audio/wav", {})
    assert refused.value.status == 415


@given(st.binary(max_size=200), st.sampled_from(sorted(audio.CONTENT_TYPES)))
@settings(max_examples=60, deadline=None)
def test_strange_bytes_are_sound_or_refused(body: bytes, content_type: str) -> None:
    with suppress(audio.Refused):
        assert np.isfinite(audio.read(body, content_type, {}).samples).all()


TONE_ERROR = 1e-4  # of tones of size 1; libsoxr promises 20 bits

# --- resampling ---------------------------------------------------------------------------------


def _tones(rate_hz: int) -> sounds.Sound:
    """A second of tones in the telephone's band, as they are at any rate."""
    t = np.arange(rate_hz) / rate_hz
    tones = [np.sin(2 * np.pi * hz * t + hz) for hz in (200, 440, 1010, 3100)]
    return np.asarray(np.mean(tones, axis=0), np.float32)


@pytest.mark.parametrize("rate_hz", [8000, 11025, 16000, 22050, 44100, 48000])
def test_resampled_sound_is_the_sound_itself(rate_hz: int) -> None:
    made = to_16k(_tones(rate_hz), rate_hz)
    assert len(made) == 16_000
    np.testing.assert_allclose(made[500:-500], _tones(16_000)[500:-500], atol=TONE_ERROR)


@pytest.mark.parametrize(("rate_hz", "up", "down"), [(8000, 2, 1), (48000, 1, 3)])
def test_resampling_is_what_scipy_does(rate_hz: int, up: int, down: int) -> None:
    """As near as scipy's own filter comes to the sound."""
    samples = _tones(rate_hz)
    expected = resample_poly(samples.astype(float), up, down)
    np.testing.assert_allclose(to_16k(samples, rate_hz)[500:-500], expected[500:-500], atol=5e-3)


@pytest.mark.parametrize("rate_hz", [8000, 11025, 16000, 22050, 48000])
@pytest.mark.parametrize("length", [1, 1003, 40_001])
def test_as_many_samples_come_out_as_the_time_holds(rate_hz: int, length: int) -> None:
    made = to_16k(RNG.standard_normal(length).astype(np.float32), rate_hz)
    assert abs(len(made) - length * 16_000 / rate_hz) <= 0.5


@pytest.mark.parametrize("rate_hz", [8000, 11025, 16000, 44100, 48000])
def test_blocks_of_any_size_give_what_the_whole_does(rate_hz: int) -> None:
    both = RNG.standard_normal((9001, 2)).astype(np.float32)
    resampler = Resampler(rate_hz, 2)
    blocks = np.split(both, [1, 2, 500, 501, 4000, 4000])
    made = np.concatenate([*map(resampler.feed, blocks), resampler.rest()], axis=1)
    assert made.shape[1] <= most_at_16k(9001, rate_hz)
    for channel, samples in zip(made, both.T, strict=True):
        np.testing.assert_allclose(channel, to_16k(samples, rate_hz), atol=2e-6)


# --- activity -----------------------------------------------------------------------------------


def seconds(samples: sounds.Sound) -> dict[Kind, float]:
    found = activity.spans(to_16k(samples, RATE))
    assert found[0].start_s == 0
    assert found[-1].end_s == pytest.approx(len(samples) / RATE)
    assert all(a.end_s == b.start_s for a, b in pairwise(found))
    return {kind: sum(one.seconds for one in found if one.kind is kind) for kind in Kind}


@pytest.mark.parametrize("language", ["fi", "en", "sv"])
def test_talk_is_talk(language: str) -> None:
    rng = np.random.default_rng(1)
    found = seconds(sounds.line(sounds.voice(12, rng, language), rng=rng))
    assert found[Kind.SPEECH] > 11.5
    assert found[Kind.MUSIC] == found[Kind.RINGING] == 0


@pytest.mark.parametrize("noise_db", [-20, -10, -5])
def test_no_word_is_lost_in_noise(noise_db: float) -> None:
    rng = np.random.default_rng(3)
    talk = sounds.voice(10, rng)
    noise = rng.standard_normal(len(talk)) * talk.std() * 10 ** (noise_db / 20)
    assert seconds((talk + noise).astype(np.float32))[Kind.SPEECH] > 9


@pytest.mark.parametrize("noise_db", [-20, -5])
def test_noise_between_words_is_neither_talk_nor_music(noise_db: float) -> None:
    rng = np.random.default_rng(8)
    talk = sounds.voice(5, rng)
    call = np.concatenate([talk, np.zeros(10 * RATE, np.float32), talk])
    noise = rng.standard_normal(len(call)) * talk.std() * 10 ** (noise_db / 20)
    found = seconds((call + noise).astype(np.float32))
    assert found[Kind.SPEECH] == pytest.approx(10, abs=1)
    assert found[Kind.SILENCE] == pytest.approx(10, abs=1)


def test_a_word_over_music_is_heard() -> None:
    rng = np.random.default_rng(9)
    music = (sounds.music(20, rng) / 4).astype(np.float32)
    music[8 * RATE : 12 * RATE] += sounds.voice(4, rng)
    found = seconds(sounds.line(music, sounds.silence(5, rng), rng=rng))
    assert found[Kind.SPEECH] == pytest.approx(4, abs=0.6)
    assert found[Kind.MUSIC] == pytest.approx(16, abs=1)


def test_the_detector_leaves_the_threads_of_torch_as_they_were() -> None:
    code = (
        "import numpy as np, torch; torch.set_num_threads(3)\n"
        "from model_image.speech.voice import talk; talk(np.zeros(16000, np.float32))\n"
        "print(torch.get_num_threads())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "3"


@pytest.mark.parametrize("note_s", [0.2, 0.5, 1.5])
def test_music_is_not_talk(note_s: float) -> None:
    rng = np.random.default_rng(4)
    found = seconds(sounds.line(sounds.music(15, rng, note_s), rng=rng))
    assert found[Kind.MUSIC] > 14
    assert found[Kind.SPEECH] < 0.5


@pytest.mark.parametrize(
    ("hz", "on_s", "off_s"), [((425,), 1, 4), ((440, 480), 2, 4), ((425,), 0.5, 0.5)]
)
def test_ringing_is_not_talk(hz: tuple[float, ...], on_s: float, off_s: float) -> None:
    rng = np.random.default_rng(5)
    length = 3 * (on_s + off_s)
    found = seconds(sounds.line(sounds.ringing(length, hz, on_s, off_s), rng=rng))
    assert found[Kind.SPEECH] == found[Kind.MUSIC] == 0
    assert found[Kind.RINGING] == pytest.approx(3 * on_s, rel=0.1)


@pytest.mark.parametrize("samples", [np.zeros(RATE * 3, np.float32), sounds.silence(3, RNG)])
def test_a_quiet_line_is_silence(samples: sounds.Sound) -> None:
    assert seconds(samples)[Kind.SILENCE] == pytest.approx(3)


def test_music_takes_no_word_before_or_behind_it() -> None:
    rng = np.random.default_rng(6)
    hold = sounds.line(sounds.voice(10, rng), sounds.music(12, rng), sounds.voice(8, rng), rng=rng)
    (music,) = [one for one in activity.spans(to_16k(hold, RATE)) if one.kind is Kind.MUSIC]
    assert 10 <= music.start_s <= 11.5
    assert 20.5 <= music.end_s <= 22

"""A recording -> its transcript: the steps of this package, strung together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from model_image.speech import activity, turns
from model_image.speech.audio import Audio
from model_image.speech.resample import Samples
from model_image.speech.turns import Measures, Role, Turn
from model_image.speech.windows import Window, pack

#: How often the rest of a window is heard again, where the model stopped before its end.
ROUNDS = 4


@dataclass(frozen=True)
class Segment:
    """Words of one window: its own seconds, and how sure the model is of them, 0..1."""

    start_s: float
    end_s: float
    text: str
    p: float


class Transcriber(Protocol):
    """A speech model. Windows are at most 30 s at 16 kHz; it is best given `batch` at once."""

    model: str
    batch: int

    def languages(self, windows: Sequence[Samples], among: Sequence[str]) -> list[str]:
        """The language of each window (ISO 639-1), of those in `among`, or of all it knows."""
        ...

    def transcribe(
        self, windows: Sequence[Samples], languages: Sequence[str]
    ) -> list[list[Segment]]:
        """What is said in each window."""
        ...


@dataclass(frozen=True)
class Options:
    """What the caller knows: the customer's channel, and which languages it can be."""

    customer: int | None = None
    languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Transcript:
    """The answer. `left_out` counts the segments that repeated themselves."""

    model: str
    turns: Sequence[Turn]
    measures: Measures
    left_out: int = 0


class Left(Exception):
    """Nobody waits for the transcript any more."""


def listen(
    audio: Audio,
    options: Options,
    transcriber: Transcriber,
    left: Callable[[], bool] = lambda: False,
) -> Transcript:
    """Write a recording down; channels are heard apart and never mixed.

    `left` is asked between batches of windows: once it is true, raises Left.
    """
    channels = list(audio.samples)
    spans = [activity.spans(samples) for samples in channels]
    roles = turns.roles(len(channels), options.customer)
    windows = [
        window
        for number, (samples, found) in enumerate(zip(channels, spans, strict=True))
        for window in pack(number, samples, found)
    ]
    languages = _languages(windows, channels, options.languages, transcriber)
    hearing = _Hearing(channels, languages, roles, transcriber, left)
    said, left_out = hearing.said(windows)
    return Transcript(
        transcriber.model,
        turns.joined(said),
        turns.measures(audio.duration_s, spans, roles),
        left_out,
    )


def _languages(
    windows: Sequence[Window],
    channels: Sequence[Samples],
    among: Sequence[str],
    transcriber: Transcriber,
) -> dict[int, str]:
    """channel -> language, told from its window with the most talk."""
    fullest: dict[int, Window] = {}
    for window in windows:
        known = fullest.get(window.channel)
        if known is None or window.seconds > known.seconds:
            fullest[window.channel] = window
    if len(among) == 1:
        return dict.fromkeys(fullest, among[0])
    heard = [window.samples(channels[window.channel]) for window in fullest.values()]
    found = transcriber.languages(heard, among) if heard else []
    return dict(zip(fullest, found, strict=True))


@dataclass(frozen=True)
class _Hearing:
    """What one recording's windows are heard with."""

    channels: Sequence[Samples]
    languages: Mapping[int, str]  # of each channel
    roles: Sequence[Role]
    transcriber: Transcriber
    left: Callable[[], bool]

    def said(self, windows: Sequence[Window]) -> tuple[list[Turn], int]:
        """Every segment with its place in the recording, and how many were left out."""
        said: list[Turn] = []
        left_out = 0
        pending = list(windows)
        for _ in range(ROUNDS):
            rest: list[Window] = []
            for window, segments in self._segments(pending):
                for segment in segments:
                    if turns.repeats(segment.text):
                        left_out += 1
                    elif segment.text:
                        said.append(self._turn(window, segment))
                # Where it heard nothing at all it would hear nothing again.
                behind = window.after(max(one.end_s for one in segments)) if segments else None
                rest += [behind] if behind and behind.seconds < window.seconds else []
            pending = rest
        return said, left_out

    def _segments(self, windows: Sequence[Window]) -> Iterator[tuple[Window, list[Segment]]]:
        """What the model says of each window, a batch at a time."""
        for start in range(0, len(windows), self.transcriber.batch):
            if self.left():
                raise Left
            batch = windows[start : start + self.transcriber.batch]
            heard = [window.samples(self.channels[window.channel]) for window in batch]
            spoken_in = [self.languages[window.channel] for window in batch]
            answers = self.transcriber.transcribe(heard, spoken_in)
            yield from zip(batch, answers, strict=True)

    def _turn(self, window: Window, segment: Segment) -> Turn:
        start_s, end_s = window.place(segment.start_s, segment.end_s)
        role, language = self.roles[window.channel], self.languages[window.channel]
        return Turn(start_s, end_s, role, window.channel, segment.text, language, segment.p)

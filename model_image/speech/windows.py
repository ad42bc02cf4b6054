"""Stretches of talk -> windows of at most 30 s for the model, and its times back to the recording.

A model of Whisper's kind always hears 30 s: what is not there costs as much as what is. So the
talk of one channel is laid together, a second of silence between two pieces, and each piece keeps
its place in the recording. Talk that goes on for longer is cut where it is quietest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from model_image.speech.activity import Kind, Span
from model_image.speech.resample import RATE_HZ, Samples

WINDOW_S = 30.0
BETWEEN_S = 1.0  # of silence, at which the model ends a sentence
#: Where a long stretch is cut: in the last third of a window, at its quietest tenth of a second.
_CUT_FROM_S = 20.0
_CUT_S = 0.1
#: Talk behind the model's last word that is heard again from there.
UNHEARD_S = 2.0


@dataclass(frozen=True)
class Piece:
    """A stretch of the recording, and where it lies in its window."""

    start_s: float
    end_s: float
    offset_s: float

    @property
    def offset_end_s(self) -> float:
        return self.offset_s + self.end_s - self.start_s


@dataclass(frozen=True)
class Window:
    """Pieces of one channel that are heard together, in order of time."""

    channel: int
    pieces: tuple[Piece, ...]

    @property
    def seconds(self) -> float:
        return self.pieces[-1].offset_end_s

    def samples(self, channel: Samples) -> Samples:
        """What the model hears."""
        heard = np.zeros(round(self.seconds * RATE_HZ), np.float32)
        for piece in self.pieces:
            part = channel[round(piece.start_s * RATE_HZ) : round(piece.end_s * RATE_HZ)]
            at = round(piece.offset_s * RATE_HZ)
            part = part[: len(heard) - at]
            heard[at : at + len(part)] = part
        return heard

    def place(self, start_s: float, end_s: float) -> tuple[float, float]:
        """Seconds of the recording for seconds of the window.

        Words that the model laid over two pieces belong to the one that they cover more of.
        """
        piece = max(
            self.pieces,
            key=lambda one: (
                min(end_s, one.offset_end_s) - max(start_s, one.offset_s),
                -one.offset_s,
            ),
        )
        start, end = (
            min(max(moment - piece.offset_s + piece.start_s, piece.start_s), piece.end_s)
            for moment in (start_s, end_s)
        )
        return start, end

    def after(self, offset_s: float) -> Window | None:
        """What is left behind a moment of the window; None where there is hardly any talk."""
        left = [
            (max(piece.start_s, piece.start_s + offset_s - piece.offset_s), piece.end_s)
            for piece in self.pieces
            if piece.offset_end_s > offset_s
        ]
        if sum(end - start for start, end in left) < UNHEARD_S:
            return None
        return next(_laid(self.channel, left))


def pack(channel: int, samples: Samples, spans: Sequence[Span]) -> list[Window]:
    """The talk of one channel at 16 kHz in as few windows as hold it in order."""
    talk = [
        piece
        for span in spans
        if span.kind is Kind.SPEECH
        for piece in _cut(samples, span.start_s, span.end_s)
    ]
    return list(_laid(channel, talk))


def _laid(channel: int, talk: Sequence[tuple[float, float]]) -> Iterator[Window]:
    held: list[Piece] = []
    for start, end in talk:
        offset = held[-1].offset_end_s + BETWEEN_S if held else 0.0
        if held and offset + end - start > WINDOW_S:
            yield Window(channel, tuple(held))
            held, offset = [], 0.0
        held.append(Piece(start, end, offset))
    if held:
        yield Window(channel, tuple(held))


def _cut(samples: Samples, start_s: float, end_s: float) -> Iterator[tuple[float, float]]:
    """The stretch in pieces of at most 30 s."""
    while end_s - start_s > WINDOW_S:
        first = round((start_s + _CUT_FROM_S) * RATE_HZ)
        last = round((start_s + WINDOW_S) * RATE_HZ)
        size = round(_CUT_S * RATE_HZ)
        zone = samples[first : last - (last - first) % size].reshape(-1, size)
        quietest = int((zone**2).sum(axis=1).argmin())
        cut_s = (first + (quietest + 0.5) * size) / RATE_HZ
        yield start_s, cut_s
        start_s = cut_s
    yield start_s, end_s

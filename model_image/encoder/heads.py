"""Logits of windows -> what is told of each text, many texts at once. Plain numbers, no torch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_image import effort, language, learned, satisfaction
from model_image.emotion import EMOTIONS, MOST
from model_image.encoder.layout import ANY, Description, Head
from model_image.encoder.taxonomy import Prototypes
from model_image.learned import Heads
from model_image.linear import Floats, softmax
from model_image.reading import Reading
from model_image.wire import Result

SILENT = Result("und", 1.0, (0.25, 0.5, 0.25))  # of a text without a letter
LEAST_SHARE = 2 / len(EMOTIONS)  # of an emotion, where the model gives none
_LETTERS = re.compile(r"[^\W\d_]+")
ENOUGH_LETTERS = 2000  # more of them change no answer


@dataclass(frozen=True)
class Windows:
    """Windows of texts, each text's together.

    `logits` (windows, outputs) in the description's order; `owner` (windows,) the text; `first`
    (texts,) its first window; `weight` (windows,) tokens.
    """

    logits: Floats
    owner: NDArray[np.int64]
    first: NDArray[np.int64]
    weight: Floats

    def mean(self, p: Floats) -> Floats:
        """(windows, k) -> (texts, k) by tokens."""
        if len(self.first) == len(self.owner):
            return p
        total = np.add.reduceat(self.weight, self.first)
        share = (self.weight / total[self.owner])[:, None]
        return np.asarray(np.add.reduceat(p * share, self.first, axis=0))

    def greatest(self, p: Floats) -> Floats:
        """(windows,) -> (texts,)."""
        return np.asarray(np.maximum.reduceat(p, self.first))


class Reader:
    """Knows where each head's outputs stand and how they are read."""

    def __init__(self, description: Description) -> None:
        self.description = description
        self.heads: dict[str, tuple[Head, slice]] = {}
        place = 0
        for head in description.heads:
            if head.kind == "sequence":
                self.heads[head.name] = (head, slice(place, place + head.outputs))
                place += head.outputs
        self.languages = self.heads["language"][0].labels if "language" in self.heads else ()

    def results(
        self,
        texts: Sequence[str],
        hints: Sequence[str | None],
        windows: Windows,
        embedding: Floats,
        prototypes: Prototypes,
        heads: Heads | None = None,
        *,
        with_reading: bool = False,
    ) -> list[Result]:
        """One result a text. `embedding` (texts, dimensions) of length 1; `heads` correct it.

        `with_reading` adds what heads would correct: the model's own numbers, whatever the heads.
        """
        spoken = self._spoken(windows, hints)
        codes = [self.languages[i] for i in spoken.argmax(axis=1)] if self.languages else []
        codes = codes or [ANY] * len(texts)
        felt = {
            name: self._probabilities(name, windows, codes)
            for name in ("sentiment", "emotion", "effort", "satisfaction")
        }
        letters_of = [count_letters(text) for text in texts]
        scale = self.description.themes
        scores, news = prototypes.scores(embedding, scale)
        cues, positive = self._cues(windows, codes), _positive(felt["sentiment"], len(texts))
        wordless = np.array(letters_of) == 0
        vectors, hint = learned.embedding(embedding), prototypes.hint
        reading = Reading(vectors, scores, cues, positive, hint, wordless, scale.min_score)
        about, floor, failing = reading.judged(prototypes.ids, heads)
        silent = replace(SILENT, heads=heads.hash if heads else "")
        spoken_p, failing_p = spoken.tolist(), failing.tolist()
        news_p = None if news is None else news.tolist()
        results = []
        for row, letters in enumerate(letters_of):
            if not letters:
                results.append(silent)
                continue
            results.append(
                Result(
                    **self._said_and_felt(spoken_p[row], felt, row, codes[row], letters),
                    themes=prototypes.told(about[row], floor, scale),
                    p_failure=round(failing_p[row], 4),
                    heads=silent.heads,
                    new_topic=None if news_p is None else round(news_p[row], 4),
                    reading=reading.told(row) if with_reading else None,
                )
            )
        return results

    def _said_and_felt(
        self,
        spoken_p: list[float],
        felt: dict[str, Floats | None],
        row: int,
        code: str,
        letters: int,
    ) -> dict[str, Any]:
        """Language, sentiment, emotion, effort and satisfaction of one text, as of a Result."""
        told, p = self._language(spoken_p, letters)
        neutral, emotions = self._emotion(felt["emotion"], row, code)
        return {
            "language": told,
            "language_p": round(p, 4),
            "sentiment": _sentiment(felt["sentiment"], row),
            "neutral": neutral,
            "emotions": emotions,
            "effort": self._effort(felt["effort"], row, code),
            "satisfaction": self._satisfaction(felt, row, code, letters),
        }

    def _spoken(self, windows: Windows, hints: Sequence[str | None]) -> Floats:
        """(texts, languages) with the callers' hints."""
        if not self.languages:
            return np.zeros((len(windows.first), 0))
        head, columns = self.heads["language"]
        p = softmax(windows.logits[:, columns] / head.temperature.get(ANY, 1.0))
        odds = np.ones((len(hints), len(self.languages)))
        for row, hint in enumerate(hints):
            code = (hint or "").lower()[:2]
            code = code if code in self.languages else "other" if hint else ""
            if code in self.languages:
                odds[row, self.languages.index(code)] = language.HINT_ODDS
        weighted = windows.mean(p) * odds
        return np.asarray(weighted / weighted.sum(axis=1, keepdims=True))

    def _language(self, p: list[float], letters: int) -> tuple[str, float]:
        if not self.languages:
            return language.UNDETERMINED, 1.0
        sure = max(p)
        code = self.languages[p.index(sure)]
        least = self.heads["language"][0].threshold("min_p", code, language.MIN_P)
        if code == "other":
            return language.UNDETERMINED, sure
        if letters < language.MIN_LETTERS or sure < least:
            return language.UNDETERMINED, 1 - sure
        return code, sure

    def _probabilities(self, name: str, windows: Windows, codes: Sequence[str]) -> Floats | None:
        """(texts, labels), calibrated for each text's language."""
        if name not in self.heads:
            return None
        head, columns = self.heads[name]
        logits = windows.logits[:, columns] / self._temperature(head, windows, codes)
        return windows.mean(_steps(logits) if head.link == "ordinal" else softmax(logits))

    def _temperature(self, head: Head, windows: Windows, codes: Sequence[str]) -> Floats:
        by = head.temperature
        each = np.array([by.get(code, by.get(ANY, 1.0)) for code in codes])
        return np.asarray(each[windows.owner][:, None])

    def _cues(self, windows: Windows, codes: Sequence[str]) -> Floats:
        """(texts,) log-odds: the window that tells most of a failure decides."""
        if "demand" not in self.heads:
            return np.zeros(len(windows.first))
        head, columns = self.heads["demand"]
        logits = windows.logits[:, columns] / self._temperature(head, windows, codes)
        return windows.greatest(logits[:, 1] - logits[:, 0])

    def _emotion(
        self, felt: Floats | None, row: int, code: str
    ) -> tuple[float, list[tuple[str, float]]]:
        if felt is None:
            return SILENT.neutral, []
        head = self.heads["emotion"][0]
        p = felt[row].tolist()
        neutral = round(p[0], 4)
        if p[0] >= head.threshold("calm", code, 0.5):
            return neutral, []
        whole = max(sum(p[1:]), 1e-12)
        shares = [value / whole for value in p[1:]]
        best = sorted(range(len(shares)), key=lambda i: -shares[i])[:MOST]
        above = [i for i in best if shares[i] > head.threshold(EMOTIONS[i], code, LEAST_SHARE)]
        return neutral, [(EMOTIONS[i], round(shares[i], 4)) for i in above]

    def _effort(self, felt: Floats | None, row: int, code: str) -> tuple[str, float]:
        if felt is None:
            return SILENT.effort
        least = self.heads["effort"][0].threshold("min_p", code, effort.MIN_P)
        return effort.decide(felt[row], least)

    def _satisfaction(
        self, felt: dict[str, Floats | None], row: int, code: str, letters: int
    ) -> tuple[float, int, int] | None:
        steps, sentiment = felt["satisfaction"], felt["sentiment"]
        if steps is None:
            return None
        head = self.heads["satisfaction"][0]
        return satisfaction.decide(
            steps[row],
            0.0 if sentiment is None else float(sentiment[row, 1]),
            letters,
            head.threshold("max_neutral", code, satisfaction.MAX_NEUTRAL),
            head.threshold("max_width", code, satisfaction.MAX_WIDTH),
        )


def count_letters(text: str) -> int:
    """Letters of any script, wherever they stand; counted until there are enough."""
    count = 0
    for word in _LETTERS.finditer(text):
        count += word.end() - word.start()
        if count >= ENOUGH_LETTERS:
            break
    return count


def _steps(logits: Floats) -> Floats:
    """Ordinal logits (rows, steps - 1), of P(step > k) -> (rows, steps) probabilities."""
    above = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
    above = np.minimum.accumulate(above, axis=1)  # P(step > k) cannot grow with k
    return np.asarray(-np.diff(above, axis=1, prepend=1.0, append=0.0))


def _sentiment(felt: Floats | None, row: int) -> tuple[float, float, float]:
    """Four digits that still sum to 1."""
    if felt is None:
        return SILENT.sentiment
    p = felt[row].tolist()
    negative, positive = round(p[0], 4), round(p[2], 4)
    return negative, round(1 - negative - positive, 4), positive


def _positive(felt: Floats | None, rows: int) -> Floats:
    """(texts,) the probability of positive sentiment."""
    return np.zeros(rows) if felt is None else felt[:, 2]


def least_p(head: Head) -> dict[str, Any]:
    """The token head's least probability of each kind; kinds not named keep the default."""
    return dict(head.thresholds.get(ANY, {}))

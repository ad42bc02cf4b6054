"""A model of the Whisper family, by transformers: windows -> segments. Files of this disk alone.

The directory is one of the Hugging Face form: config.json, generation_config.json, tokenizer.json,
preprocessor_config.json and model.safetensors. Decoding is greedy and a window is heard once: no
ladder of temperatures, for a batch would wait for its worst window. What went wrong shows in `p`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Before transformers is imported: nothing is looked up in the network.
os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from tokenizers import Tokenizer
from transformers import (
    GenerationConfig,
    LogitsProcessor,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
)
from transformers.utils import logging

from model_image import accelerator
from model_image.speech.listen import Segment
from model_image.speech.resample import RATE_HZ, Samples
from model_image.speech.windows import WINDOW_S

STEP_S = 0.02  # of a timestamp
BATCH = 8  # windows at once on a GPU, where the decoder's steps are shared
_FILES = ("config.json", "generation_config.json", "tokenizer.json", "preprocessor_config.json")


class _Record(LogitsProcessor):
    """Keeps the tokens that greedy decoding chooses, and their log-probabilities.

    Last of all processors, so it sees what is chosen from; `output_scores` would keep the whole
    vocabulary for every step.
    """

    def __init__(self) -> None:
        self.tokens: list[torch.Tensor] = []
        self.log_p: list[torch.Tensor] = []

    def __call__(
        self,
        input_ids: torch.Tensor,  # noqa: ARG002
        scores: torch.Tensor,
    ) -> torch.Tensor:
        best = scores.float().max(dim=-1)
        self.tokens.append(best.indices)
        self.log_p.append(best.values - scores.float().logsumexp(dim=-1))
        return scores


@dataclass
class Whisper:
    """A loaded model. `model` names it in answers, with the revision where the files tell it."""

    model: str
    net: Any
    features: Any
    tokenizer: Tokenizer
    config: Any
    batch: int = BATCH
    _language_ids: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        told = getattr(self.config, "lang_to_id", None) or {}
        self._language_ids = {name.strip("<|>"): number for name, number in told.items()}

    def languages(self, windows: Sequence[Samples], among: Sequence[str]) -> list[str]:
        """The likeliest language of each window; 'en' of a model that knows English alone."""
        known = {code: n for code, n in self._language_ids.items() if not among or code in among}
        if not known:
            return [among[0] if among else "en"] * len(windows)
        codes, numbers = list(known), list(known.values())
        found: list[str] = []
        for heard in self._batches(windows):
            start = torch.full((len(heard), 1), self.config.decoder_start_token_id)
            with torch.inference_mode():
                logits = self.net(
                    input_features=heard,
                    decoder_input_ids=start.to(heard.device),
                    use_cache=False,
                ).logits[:, -1, numbers]
            found += [codes[best] for best in logits.argmax(dim=-1).tolist()]
        return found

    def transcribe(
        self, windows: Sequence[Samples], languages: Sequence[str]
    ) -> list[list[Segment]]:
        """What is said in each window, sentence by sentence."""
        made: list[list[Segment]] = []
        for place, heard in enumerate(self._batches(windows)):
            start = place * self.batch
            part = slice(start, start + len(heard))
            tokens, log_p = self._decoded(heard, languages[part])
            made += [
                list(self._segments(row, sure, len(window) / RATE_HZ))
                for row, sure, window in zip(tokens, log_p, windows[part], strict=True)
            ]
        return made

    def _batches(self, windows: Sequence[Samples]) -> Iterator[Any]:
        """Log-mel features, on the device."""
        for start in range(0, len(windows), self.batch):
            found = self.features(
                list(windows[start : start + self.batch]),
                sampling_rate=RATE_HZ,
                return_tensors="pt",
            )
            yield found.input_features.to(self.net.device, self.net.dtype)

    def _decoded(
        self, heard: Any, languages: Sequence[str]
    ) -> tuple[list[list[int]], list[list[float]]]:
        """Greedy tokens of each window and their log-probabilities."""
        record = _Record()
        # A language that the model does not know is left to the model.
        said = [code if code in self._language_ids else None for code in languages]
        spoken: dict[str, Any] = {"task": "transcribe"} if self._language_ids else {}
        if spoken and None not in said:
            spoken["language"] = said
        with torch.inference_mode():
            self.net.generate(
                heard,
                generation_config=self.config,
                logits_processor=[record],
                return_timestamps=True,
                force_unique_generate_call=True,  # what is left is heard again by `listen`
                **spoken,
            )
        if not record.tokens:
            return [[] for _ in said], [[] for _ in said]
        tokens = torch.stack(record.tokens, dim=1).tolist()
        return tokens, torch.stack(record.log_p, dim=1).tolist()

    def _segments(
        self, tokens: Sequence[int], log_p: Sequence[float], seconds: float
    ) -> Iterator[Segment]:
        eos = self.config.eos_token_id
        first = self.config.no_timestamps_token_id + 1  # the token of 0.00 s
        for start_s, end_s, words in sentences(tokens, eos, first, min(seconds, WINDOW_S)):
            said = [tokens[place] for place in words]
            text = self.tokenizer.decode(said, skip_special_tokens=True).strip()
            if text and end_s > start_s:
                p = math.exp(sum(log_p[place] for place in words) / len(words))
                yield Segment(start_s, end_s, text, min(1.0, p))


def sentences(
    tokens: Sequence[int], eos: int, first: int, seconds: float
) -> Iterator[tuple[float, float, list[int]]]:
    """(start, end, places of the words) between a model's timestamps; times within `seconds`.

    `first` is the token of 0.00 s; those from `eos` on are no words. The last sentence may lack
    its end, and then lasts to the end of the window.
    """
    start_s = 0.0
    words: list[int] = []
    for place, token in enumerate(tokens):
        if token == eos:
            break
        if token < eos:
            words.append(place)
        elif token >= first:
            at_s = min((token - first) * STEP_S, seconds)
            if words:
                yield start_s, at_s, words
            start_s, words = at_s, []
    if words:
        yield start_s, seconds, words


def load(directory: str, batch: int | None = None) -> Whisper:
    """The model of a directory, on the GPU in half precision where there is one.

    Raises OSError, naming what is missing, and ValueError for a GPU that is. Weights are read from
    safetensors alone: a pickle could run code.
    """
    place = Path(directory)
    lacking = [name for name in _FILES if not (place / name).is_file()]
    if lacking:
        raise OSError(f"the speech model in {directory} lacks {', '.join(lacking)}")
    # Its progress bars and advice are for people at a terminal.
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    device = accelerator.chosen()
    gpu = device.startswith("cuda")
    config = GenerationConfig.from_pretrained(place, local_files_only=True)
    config.do_sample, config.num_beams = False, 1
    net: Any = WhisperForConditionalGeneration.from_pretrained(
        place,
        local_files_only=True,
        use_safetensors=True,
        dtype=torch.float16 if gpu else torch.float32,
    )
    return Whisper(
        model=_name(place),
        net=net.to(torch.device(device)).eval(),
        features=WhisperFeatureExtractor.from_pretrained(place, local_files_only=True),
        tokenizer=Tokenizer.from_file(str(place / "tokenizer.json")),
        config=config,
        batch=batch or (BATCH if gpu else 1),
    )


def _name(place: Path) -> str:
    """The file MODEL in the directory (name@revision), else the directory's own name."""
    told = place / "MODEL"
    return told.read_text(encoding="utf-8").strip()[:200] if told.is_file() else place.name

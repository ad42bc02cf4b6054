"""The transformers backend: one shared encoder, all heads from one pass over unpadded packs.

prepare (threads)  texts -> windows of tokens
launch, collect    windows of many requests -> one pack -> numbers of each window
finish (threads)   a text's windows -> its result
"""

from __future__ import annotations

import logging
import os
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import torch

from model_image import accelerator, learned
from model_image.backends import Item, Outputs
from model_image.encoder import layout, spans, taxonomy
from model_image.encoder.heads import Reader, Windows, least_p
from model_image.encoder.network import Launched, Network
from model_image.encoder.packing import pack
from model_image.encoder.taxonomy import Prototypes
from model_image.encoder.tokenise import Tokeniser, Window
from model_image.linear import Floats
from model_image.wire import Request, Result, Taxonomy, Text

log = logging.getLogger("model_image")

KEPT_TAXONOMIES = 16
BYTES_A_TOKEN = 3  # of UTF-8, in usual prose; odd texts have more tokens, and are found out
CPU_STEP_TOKENS, SMALL_GPU_STEP_TOKENS, GPU_STEP_TOKENS = 4096, 8192, 32_768
SMALL_GPU_BYTES = 40 * 2**30
WAITING_STEPS = 64
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


@dataclass(frozen=True)
class Options:
    """How the model runs; None: as fits the device."""

    device: str | None = None
    dtype: str | None = None  # of DTYPES or "auto"; bfloat16 on CUDA, float32 on CPU
    step_tokens: int | None = None
    compiled: bool = False  # torch.compile, CUDA alone: the CPU's groups differ by step
    threads: int | None = None  # of one step on CPU

    @classmethod
    def of_environment(cls) -> Self:
        """MODEL_DTYPE, MODEL_STEP_TOKENS, MODEL_COMPILE, MODEL_THREADS."""
        step, threads = os.environ.get("MODEL_STEP_TOKENS"), os.environ.get("MODEL_THREADS")
        return cls(
            dtype=os.environ.get("MODEL_DTYPE"),
            step_tokens=int(step) if step else None,
            compiled=os.environ.get("MODEL_COMPILE") == "1",
            threads=int(threads) if threads else None,
        )


class Output(NamedTuple):
    """Of one window."""

    window: Window
    logits: Floats
    embedding: Floats
    tags: spans.Tags | None


@dataclass
class Encoder:
    """Stages for the server; `understand` for whoever has texts and no server."""

    model: str
    description: layout.Description
    tokeniser: Tokeniser
    network: Network
    step_tokens: int
    waiting_tokens: int
    overlaps: bool

    def __post_init__(self) -> None:
        self.reader = Reader(self.description)
        self._tags = next((h for h in self.description.heads if h.kind == "token"), None)
        self._kept: OrderedDict[tuple[str, int], Prototypes] = OrderedDict()

    @classmethod
    def load(cls, directory: Path, options: Options | None = None) -> Self:
        """Read a model directory; raises layout.BadModel."""
        options = options or Options.of_environment()
        read = layout.read(directory)
        device = accelerator.chosen(options.device)
        cuda = device.startswith("cuda")
        if options.threads:
            torch.set_num_threads(options.threads)
        halves = accelerator.halves(device) if cuda else torch.cpu._is_avx512_bf16_supported()
        dtype = _dtype(options.dtype, cuda, halves)
        step_tokens = options.step_tokens or _step_tokens(device, cuda)
        about = read.description
        made = cls(
            model=read.model,
            description=about,
            tokeniser=Tokeniser.load(
                directory / layout.TOKENIZER, about.max_tokens, about.overlap_tokens
            ),
            network=Network.load(read, device, dtype, options.compiled and cuda),
            step_tokens=step_tokens,
            waiting_tokens=WAITING_STEPS * step_tokens,
            overlaps=cuda,
        )
        told = device, _name(dtype), step_tokens, made.network.flash
        log.info("encoder: device=%s dtype=%s step_tokens=%d flash=%s", *told)
        return made

    def warm_up(self) -> None:
        """A short and a longest window through every part; the numbers must be numbers.

        On a GPU a whole step before, since its memory is the other thing that can fail.
        """
        if self.overlaps:
            self.settle()
        texts = [Text("0", "Missä paketti on?", None), Text("1", "Var är den? " * 400, None)]
        request = Request(Taxonomy("warm-up", (), 0), tuple(texts), frozenset({"personal_data"}))
        results = self._read(request, Prototypes.of(request.taxonomy, np.zeros((0, 1))))
        if len(results) != len(texts):
            raise RuntimeError("the warm-up gave no result")

    def settle(self) -> None:
        """A whole step of longest windows, halved until the GPU's memory holds it.

        Raises torch.OutOfMemoryError where not even one window fits.
        """
        longest = self.description.max_tokens
        spans_wanted = np.zeros((longest, 2), np.int32)
        window = Window(np.zeros(longest, np.int32), 0, longest, spans_wanted)
        while True:
            items = [Item(longest, window)] * max(1, self.step_tokens // longest)
            try:
                self.collect(self.launch(items))
                return
            except torch.OutOfMemoryError:
                if len(items) == 1:
                    raise

    def understand(self, texts: Sequence[Text], taxonomy: Taxonomy) -> list[Result]:
        """One result a text, in order. For the server's concurrency use its stages."""
        return self.answer(Request(taxonomy, tuple(texts)))

    def answer(self, request: Request) -> list[Result]:
        """The same with what the request wants besides."""
        known = self.known(request.taxonomy)
        if known is None:
            words = Request(request.taxonomy, tuple(self.wordings(request.taxonomy)))
            known = self.learn(request.taxonomy, self._outputs(words))
        return self._read(request, known)

    def _read(self, request: Request, known: Prototypes) -> list[Result]:
        return self.finish(request.texts, self._outputs(request), request, known)

    def _outputs(self, request: Request) -> list[list[Output]]:
        prepared = self.prepare(request.texts, request)
        flat = [item for items in prepared for item in items]
        outputs: list[Any] = []
        for first, last in steps([item.tokens for item in flat], self.step_tokens):
            outputs += self.collect(self.launch(flat[first:last])).each
        for output in outputs:
            if isinstance(output, Exception):
                raise output
        each = iter(outputs)
        return [[next(each) for _ in items] for items in prepared]

    # Stages

    def estimate(self, text: str) -> int:
        """Tokens, rather too many in prose; what it really has is counted once tokenised."""
        return len(text.encode("utf-8", "replace")) // BYTES_A_TOKEN + 4

    def known(self, taxonomy: Taxonomy) -> Prototypes | None:
        """Its prototypes, if they are kept; by content and hash, as they belong to this model."""
        key = (taxonomy.hash, taxonomy.fingerprint)
        kept = self._kept.get(key)
        if kept is None and not taxonomy.themes:
            return Prototypes.of(taxonomy, np.zeros((0, 1)))
        return kept

    def wordings(self, about: Taxonomy) -> list[Text]:
        """The taxonomy's own words."""
        return taxonomy.wordings(about)

    def learn(self, about: Taxonomy, outputs: Sequence[Sequence[Any]]) -> Prototypes:
        """Keep its prototypes; the oldest of too many are forgotten."""
        learnt = Prototypes.of(about, _embeddings(outputs))
        self._kept[(about.hash, about.fingerprint)] = learnt
        while len(self._kept) > KEPT_TAXONOMIES:
            self._kept.popitem(last=False)
        return learnt

    def prepare(self, texts: Sequence[Text], request: Request) -> list[list[Item]]:
        """Tokenise; places in the text are found only when personal data is wanted."""
        with_spans = self._tags is not None and "personal_data" in request.want
        windows = self.tokeniser.windows([text.text for text in texts], with_spans)
        return [[Item(len(window.ids), window) for window in each] for each in windows]

    def launch(self, items: Sequence[Item]) -> tuple[list[Window], Launched]:
        """One forward pass, all heads."""
        windows = [item.content for item in items]
        packed = pack([window.ids for window in windows], self.network.first_position)
        tagged = any(window.spans is not None for window in windows)
        try:
            return windows, self.network.launch(packed, tagged)
        except torch.OutOfMemoryError:
            # The device reads this step's texts in halves; the next ones shall not need it.
            fits = min(self.step_tokens, packed.tokens // 2)
            self.step_tokens = max(self.description.max_tokens, fits)
            log.warning("the GPU's memory is too small: step_tokens=%d now", self.step_tokens)
            raise

    def collect(self, launched: tuple[list[Window], Launched]) -> Outputs:
        """Each window's numbers; those that are no numbers fail their text."""
        windows, step = launched
        numbers = self.network.collect(step)
        good = np.isfinite(numbers.heads.sum(axis=1) + numbers.embedding.sum(axis=1)).tolist()
        place = np.empty(len(windows), np.int64)
        place[step.pack.order] = step.pack.bounds[:-1]
        each: list[Any] = []
        for row, window in enumerate(windows):
            tags = None
            if window.spans is not None and numbers.labels is not None and numbers.p is not None:
                own = slice(place[row] + window.first, place[row] + window.last)
                inner = window.spans[window.first : window.last]
                tags = spans.Tags(numbers.labels[own], numbers.p[own], inner)
            output = Output(window, numbers.heads[row], numbers.embedding[row], tags)
            each.append(output if good[row] else ArithmeticError("not a number"))
        return Outputs(each, step.pack.tokens)

    def finish(
        self,
        texts: Sequence[Text],
        outputs: Sequence[Sequence[Any]],
        request: Request,
        known: Any,
    ) -> list[Result]:
        """Merge windows, read the heads, let the organisation's own correct them, add what is
        wanted besides."""
        if not texts:
            return []
        embedding = _embeddings(outputs)
        results = self.reader.results(
            [text.text for text in texts],
            [text.language for text in texts],
            _windows(outputs),
            embedding,
            known,
            learned.serving(self.model, request.taxonomy.heads, 0, embedding.shape[1]),
            with_reading="reading" in request.want,
        )
        if request.want:
            results = [
                self._with_wanted(text.text, result, row, own, request.want)
                for text, result, row, own in zip(texts, results, embedding, outputs, strict=True)
            ]
        return results

    def _with_wanted(
        self,
        text: str,
        result: Result,
        embedding: Floats,
        outputs: Sequence[Output],
        want: frozenset[str],
    ) -> Result:
        found = None
        tags = [output.tags for output in outputs if output.tags is not None]
        if "personal_data" in want and self._tags is not None and tags:
            found = spans.find(text, spans.joined(tags), self._tags.labels, least_p(self._tags))
        vector = embedding.astype(np.float32) if want & {"embedding", "embedding:fp16"} else None
        return replace(result, personal_data=found, embedding=vector)


def steps(sizes: Sequence[int], budget: int) -> list[tuple[int, int]]:
    """(first, end) of runs whose sizes sum to at most `budget`, but always one."""
    runs = []
    first = tokens = 0
    for place, size in enumerate(sizes):
        if place > first and tokens + size > budget:
            runs.append((first, place))
            first, tokens = place, 0
        tokens += size
    if sizes:
        runs.append((first, len(sizes)))
    return runs


def _dtype(named: str | None, cuda: bool, halves: bool) -> torch.dtype:
    """The named type; by `auto`, and unnamed on CUDA, 16 bits where `halves` says that they pay."""
    chosen = named or ("auto" if cuda else "float32")
    if chosen == "auto":
        chosen = "bfloat16" if halves else "float32"
    if chosen not in DTYPES:
        raise ValueError(f"MODEL_DTYPE {chosen!r} is none of auto, {', '.join(DTYPES)}")
    return DTYPES[chosen]


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _step_tokens(device: str, cuda: bool) -> int:
    if not cuda:
        return CPU_STEP_TOKENS
    small = accelerator.memory_bytes(device) < SMALL_GPU_BYTES
    return SMALL_GPU_STEP_TOKENS if small else GPU_STEP_TOKENS


def _windows(outputs: Sequence[Sequence[Output]]) -> Windows:
    count = np.fromiter((len(own) for own in outputs), np.int64, len(outputs))
    flat = [output for own in outputs for output in own]
    return Windows(
        logits=np.stack([output.logits for output in flat]).astype(np.float64),
        owner=np.repeat(np.arange(len(outputs)), count),
        first=np.cumsum(count) - count,
        weight=np.array([output.window.own for output in flat], np.float64),
    )


def _embeddings(outputs: Sequence[Sequence[Output]]) -> Floats:
    """(texts, dimensions) of length 1."""
    rows = [
        taxonomy.mean_of_windows([o.embedding for o in own], [o.window.own for o in own])
        for own in outputs
    ]
    return taxonomy.normalised(np.stack(rows).astype(np.float64)) if rows else np.zeros((0, 1))

"""The encoder backend beside transformers' own pipelines, and both beside the machine's ceiling.

    python -m model_image.bench --backend encoder [--size base] [--texts 256] [--model DIR]

Random weights unless --model names a directory: speed does not depend on what they say. Seconds
are process CPU time on one thread, so that other jobs on the machine count little; on CUDA they
are wall time. Every figure is of one run, the median of rounds in which the methods take turns.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
import transformers
from transformers import AutoModel
from transformers.utils import logging

from model_image import wire
from model_image.backends import Item
from model_image.backends.encoder import Encoder, Options, steps
from model_image.bench import over_http, rivals, texts
from model_image.bench.floor import CUDA, DEVICE, TYPES, Floor, clock
from model_image.encoder import layout, random_model
from model_image.encoder.packing import pack
from model_image.wire import Request, Text

BATCH = 32
WANT = frozenset({"embedding", "personal_data"})
ENOUGH_REQUESTS = 100  # fewer have no 99th percentile, only a maximum


@dataclass(frozen=True)
class Row:
    """One method's line."""

    name: str
    seconds: float  # for `texts` texts
    texts: int
    tokens: int
    computed: int
    steps: int  # times an encoder's weights are read
    passes: int = 1  # of a token through an encoder
    dtype: str = "fp32"
    errors: tuple[float, ...] = ()  # of mean state, logits of heads, probability of a tag


def measure(stages: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Seconds of each stage; the stages take turns."""
    taken: dict[str, list[float]] = {name: [] for name in stages}
    for _ in range(rounds):
        for name, stage in stages.items():
            began = clock()
            stage()
            taken[name].append(clock() - began)
    return {name: statistics.median(times) for name, times in taken.items()}


def main(arguments: Sequence[str]) -> None:
    """Print the report."""
    chosen = _arguments(arguments)
    torch.set_num_threads(chosen.threads)
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    sentences, origin = texts.lines()
    messages = texts.messages(sentences, chosen.texts)
    with tempfile.TemporaryDirectory() as made:
        directory = chosen.model or Path(made)
        if chosen.model is None:
            shape = random_model.BASE if chosen.size == "base" else random_model.SMALL
            random_model.build(directory, shape, sentences[: 4 * random_model.SMALL.vocabulary])
        report(directory, messages, origin, chosen)


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="model_image.bench --backend encoder",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--size", choices=("small", "base"), default="small")
    parser.add_argument("--model", type=Path, help="a model directory instead of random weights")
    parser.add_argument("--texts", type=int, default=2048 if CUDA else 256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--http-s", type=float, default=15.0, help="seconds of load; 0: none")
    parser.add_argument("--callers", type=int, default=32 if CUDA else 4)
    return parser.parse_args(arguments)


def report(
    directory: Path, messages: Sequence[str], origin: str, chosen: argparse.Namespace
) -> None:
    """Measure everything with one model directory."""
    backends = {
        name: Encoder.load(directory, Options(DEVICE, str(dtype).removeprefix("torch.")))
        for name, dtype in TYPES.items()
    }
    whole = backends["fp32"]
    request = request_of(messages)
    windows = [w for own in whole.tokeniser.windows(messages, False) for w in own]
    lengths = [len(window.ids) for window in windows]
    tokens = sum(len(e.ids) for e in whole.tokeniser.tokenizer.encode_batch(list(messages)))
    floor = Floor.of(whole.network.encoder, lengths, whole.step_tokens)
    config = whole.network.encoder.config
    print(f"{_device()}; {chosen.threads} thread(s); torch {torch.__version__}, ", end="")
    print(f"transformers {transformers.__version__}, Python {platform.python_version()}")
    print(f"{config.model_type} {config.num_hidden_layers}x{config.hidden_size}; ", end="")
    print(f"{len(messages)} texts, {origin}; tokens a text: {texts.quantiles(lengths)}")
    print(f"FLOP/token {floor.matrices / 1e6:.1f} M in matrices, ", end="")
    print(f"{floor.attention / 1e6:.2f} M in attention; numbers to and from matrices ", end="")
    print(f"{floor.moved:,} a token, {floor.weights / 1e6:.1f} M weights a step")
    print(f"Ceilings measured here: {floor.rates['fp32'] / 1e9:,.1f} GFLOP/s fp32, ", end="")
    print(f"{floor.rates['bf16'] / 1e9:,.1f} bf16; copy {floor.copy / 1e9:.1f} GB/s\n")
    rows = [
        *_pipelines(directory, messages, lengths, tokens, chosen.rounds),
        *_ours(backends, directory, request, lengths, tokens, chosen.rounds),
    ]
    _table(rows, floor)
    _host(whole, request, chosen.rounds)
    if chosen.http_s:
        _http(directory, messages, chosen)
    _ratios(rows)


def request_of(messages: Sequence[str]) -> Request:
    """With the furniture store's themes, and everything wanted."""
    taxonomy = json.loads((texts.TESTS / "taxonomy.json").read_text(encoding="utf-8"))
    body = {"schema": wire.REQUEST_SCHEMA, "taxonomy": taxonomy, "texts": []}
    about = wire.read(json.dumps(body).encode()).taxonomy
    return Request(about, tuple(Text(str(i), t, None) for i, t in enumerate(messages)), WANT)


def _device() -> str:
    if CUDA:
        return str(torch.cuda.get_device_name())
    info = Path("/proc/cpuinfo")
    named = info.read_text().splitlines() if info.exists() else []
    return next((line.split(": ")[1] for line in named if "model name" in line), "CPU")


def _pipelines(
    directory: Path, messages: Sequence[str], lengths: Sequence[int], tokens: int, rounds: int
) -> Iterator[Row]:
    """On a CPU one round each: a round of theirs is as long as many of ours. On a GPU in 16 bits
    too, as ours."""
    most = layout.read(directory).description.max_tokens
    padded = rivals.padded_tokens(lengths, BATCH)
    count, reads = len(messages), -(-len(messages) // BATCH)
    rounds = rounds if CUDA else 1
    for name, dtype in TYPES.items() if CUDA else [("fp32", torch.float32)]:
        four = rivals.pipelines(directory / layout.ENCODER, most, DEVICE, dtype)

        def timed(run: Callable[..., object], size: int) -> float:
            run(messages if CUDA and size > 1 else messages[:4], min(size, BATCH))  # warm
            return measure({"": lambda: run(messages, size)}, rounds)[""]

        said = f", {name}" if CUDA else ""
        one, alone = f"pipeline, one by one, one head{said}", timed(four[0], 1)
        yield Row(one, alone, count, tokens, tokens, count, 1, name)
        batched = [timed(run, BATCH) for run in four]
        one, many = f"batches of {BATCH}, one head{said}", f"batches of {BATCH}{said}"
        yield Row(f"pipeline, {one}", batched[0], count, tokens, padded, reads, 1, name)
        whole = sum(batched)
        yield Row(f"four pipelines, {many}", whole, count, tokens, 4 * padded, 4 * reads, 4, name)


def _ours(
    backends: dict[str, Encoder],
    directory: Path,
    request: Request,
    lengths: Sequence[int],
    tokens: int,
    rounds: int,
) -> Iterator[Row]:
    stock = AutoModel.from_pretrained(
        directory / layout.ENCODER, attn_implementation="eager", local_files_only=True
    )
    stock = stock.eval().to(DEVICE)
    first = next(iter(backends.values()))
    some = [w for own in first.prepare(request.texts[:64], request) for w in own]
    exact = rivals.one_by_one(
        stock, layout.read(directory), [item.content for item in some], DEVICE
    )
    count = len(steps(lengths, first.step_tokens))
    windows = [item for own in first.prepare(request.texts, request) for item in own]
    stages: dict[str, Callable[[], object]] = {}
    for name, backend in backends.items():
        backend.answer(request)  # warm, and the taxonomy is known
        stages[name] = lambda backend=backend: wire.write(  # type: ignore[misc]
            backend.model, request, backend.answer(request)
        )
    for name, seconds in measure(stages, rounds).items():
        outputs = backends[name].collect(backends[name].launch(some)).each
        yield Row(
            f"packed, all heads, JSON, {name}", seconds, len(request.texts), tokens,
            sum(lengths), count, 1, name, exact.errors(outputs),
        )  # fmt: skip
    alone = {name: partial(device_alone, backend, windows) for name, backend in backends.items()}
    for name, seconds in measure(alone, rounds).items():
        yield Row(
            f"its device thread alone, {name}", seconds, len(request.texts), tokens,
            sum(lengths), count, 1, name,
        )  # fmt: skip


def device_alone(backend: Encoder, windows: Sequence[Item]) -> None:
    """Every window's numbers as the server's device thread gets them: steps that overlap."""
    running = None
    for first, last in steps([window.tokens for window in windows], backend.step_tokens):
        launched = backend.launch(windows[first:last])
        if running:
            backend.collect(running)
        running = launched
    if running:
        backend.collect(running)


def _table(rows: Sequence[Row], floor: Floor) -> None:
    """% of floor: what the real tokens take at the ceilings, of what was taken."""
    print("| method | texts/s | tok/s | of the floor | computed/real tokens ", end="")
    print("| error: mean state, logits, p of tags |")
    print("|---|---:|---:|---:|---:|---|")
    for row in rows:
        least = floor.seconds(row.tokens * row.passes, row.steps, row.dtype)
        errors = ", ".join(f"{error:.0e}" for error in row.errors)
        print(
            f"| {row.name} | {row.texts / row.seconds:,.1f} | {row.tokens / row.seconds:,.0f} "
            f"| {least / row.seconds:.0%} | {row.computed / row.passes / row.tokens:.2f} "
            f"| {errors} |"
        )


def _host(backend: Encoder, request: Request, rounds: int) -> None:
    """What a text costs beside the encoder, in order of its way."""
    words = [text.text for text in request.texts]
    known = backend.known(request.taxonomy)
    prepared = backend.prepare(request.texts, request)
    items = [item for own in prepared for item in own]
    outputs = backend._outputs(request)
    results = backend.finish(request.texts, outputs, request, known)
    first, last = steps([item.tokens for item in items], backend.step_tokens)[0]
    launched = backend.launch(items[first:last])
    bare = Request(request.taxonomy, request.texts)
    seconds = measure(
        {
            "tokenise": lambda: backend.tokeniser.windows(words, False),
            "tokenise with places (personal data)": lambda: backend.tokeniser.windows(words, True),
            "pack": lambda: pack([item.content.ids for item in items]),
            "collect": lambda: backend.collect(launched),
            "heads and themes": lambda: backend.finish(request.texts, outputs, bare, known),
            "the same with spans": lambda: backend.finish(request.texts, outputs, request, known),
            "write JSON": lambda: wire.write(backend.model, request, results),
        },
        max(rounds, 5),
    )
    print("\n| host step | µs/text |\n|---|---:|")
    for name, taken in seconds.items():
        part = len(items) / (last - first) if name == "collect" else 1.0
        print(f"| {name} | {taken * part / len(words) * 1e6:.1f} |")


def _http(directory: Path, messages: Sequence[str], chosen: argparse.Namespace) -> None:
    taxonomy = json.loads((texts.TESTS / "taxonomy.json").read_text(encoding="utf-8"))
    print(f"\n| over HTTP, {chosen.callers} callers, {BATCH} texts a request (wall time) ", end="")
    print("| texts/s | p50 ms | p99 ms | server CPU ms/text | computed/real | requests |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, dtype in TYPES.items():
        environment = {
            "MODEL_DTYPE": str(dtype).removeprefix("torch."),
            "MODEL_THREADS": str(chosen.threads),
        }
        with over_http.serving(directory, environment) as server:
            seen = over_http.load(server, messages, taxonomy, chosen.callers, BATCH, chosen.http_s)
        slow = "max " if seen.requests < ENOUGH_REQUESTS else ""
        print(
            f"| {name} | {seen.texts_per_s:,.1f} | {seen.p50_s * 1e3:,.0f} "
            f"| {slow}{seen.p99_s * 1e3:,.0f} | {seen.cpu_s * 1e3:.1f} "
            f"| {seen.computed_to_real:.2f} | {seen.requests} |"
        )


def _ratios(rows: Sequence[Row]) -> None:
    ours = [row for row in rows if row.name.startswith("packed")]
    print("\n| times as fast as | " + " | ".join(row.dtype for row in ours) + " |")
    print("|---|" + "---:|" * len(ours))
    for row in rows:
        if "pipeline" in row.name:
            times = " | ".join(f"{row.seconds / own.seconds:.1f}x" for own in ours)
            print(f"| {row.name} | {times} |")

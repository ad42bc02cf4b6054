"""One training run: data -> weights -> directory -> card. Strings the steps; decides nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tokenizers
import torch
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from model_image.encoder import layout
from model_image.encoder.layout import ModelDirectory
from model_image.encoder.network import FAMILIES
from model_image.training.corpora import Corpora
from model_image.training.encoder import exams, provenance, scratch, sources, theme_scale
from model_image.training.encoder.batches import Batch, Reader, epoch
from model_image.training.encoder.lectures import Lectures, gather
from model_image.training.encoder.loop import BEST, LAST, Loop, Machine, Progress, Stage, checkpoint
from model_image.training.encoder.network import Network, arrays, pretrained
from model_image.training.encoder.reading import Read, read
from model_image.training.encoder.settings import BadSettings, Settings, Size
from model_image.training.encoder.teaching import Teacher
from model_image.training.encoder.tuning import tuning_score

MOST_TOKENIZER_TEXTS = 150_000
RECORD = "training.json"
READING_TOKENS = 16_384


@dataclass(frozen=True)
class Trained:
    """A finished run: the directory as the server reads it, and what is needed to measure it."""

    stored: ModelDirectory
    network: Network
    reader: Reader
    machine: Machine
    lectures: Lectures
    progress: dict[str, Progress]
    made_of: dict[str, Any]

    def read(self, texts: Sequence[str]) -> Read:
        """Texts through the network."""
        return read(self.network, self.reader, texts, self.machine, READING_TOKENS)


def train(settings: Settings) -> Trained:
    """The whole run. Raises BadSettings, or loop.Stopped when it is to go on later."""
    if settings.threads:
        torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    machine = Machine.of(settings)
    torch.use_deterministic_algorithms(machine.device.type == "cpu")
    settings.out.mkdir(parents=True, exist_ok=True)
    kept = checkpoint(settings)
    if kept is None:
        (settings.out / BEST).unlink(missing_ok=True)
    made_of = provenance.record(settings)
    lectures = gather(settings)
    _tell(lectures, machine)
    mark = provenance.fingerprint(made_of)
    network, reader = begin(settings, lectures)
    progress: dict[str, Progress] = {}
    if settings.from_scratch and settings.pretrain_epochs > 0:
        loop = Loop(_filling(settings, lectures, network, reader), settings, machine, mark)
        progress["pretraining"] = _go(loop, kept)
    before = {name: asdict(one) for name, one in progress.items()}
    stage = _heads(settings, lectures, network, reader, machine)
    progress["heads"] = _go(Loop(stage, settings, machine, mark, before), kept)
    network.modules.eval()
    stored = store(settings, lectures, network, reader, machine)
    return Trained(stored, network, reader, machine, lectures, progress, made_of)


def begin(settings: Settings, lectures: Lectures) -> tuple[Network, Reader]:
    """The network before the first step, and its tokenizer, saved to the directory."""
    place = settings.out / layout.ENCODER
    place.mkdir(parents=True, exist_ok=True)
    if settings.from_scratch:
        tokenizer = _own_tokenizer(settings, lectures, place)
        encoder = scratch.encoder(Size.parse(settings.size), tokenizer.get_vocab_size())
    else:
        encoder = pretrained(settings)
        tokenizer = _base_tokenizer(settings, place)
    heads = [head for head in settings.heads if head in lectures.head_weights]
    folders = [intent.split("/")[0] for intent in lectures.intents]
    pad = encoder.config.pad_token_id
    most = min(settings.max_tokens, positions(encoder.config))
    reader = Reader(tokenizer, int(pad or 0), most, lectures.intents)
    return Network(encoder, heads, folders), reader


def _own_tokenizer(settings: Settings, lectures: Lectures, place: Path) -> tokenizers.Tokenizer:
    path = place / layout.TOKENIZER.name
    if not (settings.resume and path.exists()):  # a resumed run reads the very same one
        texts = _unlabelled(settings, lectures)
        texts = texts[:: -(-len(texts) // MOST_TOKENIZER_TEXTS)]
        tokenizer = scratch.train_tokenizer(texts, settings.vocabulary)
        fast: Any = PreTrainedTokenizerFast
        fast(
            tokenizer_object=tokenizer,
            pad_token=scratch.PAD,
            cls_token=scratch.BEGIN,
            sep_token=scratch.END,
            unk_token=scratch.UNKNOWN,
            mask_token=scratch.GAP,
        ).save_pretrained(place)
    return tokenizers.Tokenizer.from_file(str(path))


def _base_tokenizer(settings: Settings, place: Path) -> tokenizers.Tokenizer:
    where = {"revision": settings.revision} if settings.revision else {}
    try:
        fast = AutoTokenizer.from_pretrained(settings.base, **where)
        fast.backend_tokenizer.no_truncation()
        fast.backend_tokenizer.no_padding()
    except (OSError, ValueError, AttributeError) as error:
        raise BadSettings(
            f"--base {settings.base} has no fast tokenizer (tokenizer.json)"
        ) from error
    fast.save_pretrained(place)
    return tokenizers.Tokenizer.from_file(str(place / layout.TOKENIZER.name))


def _unlabelled(settings: Settings, lectures: Lectures) -> list[str]:
    held_out = {lesson.text for lesson in lectures.dev}
    return sources.unlabelled(settings, lectures.learning, held_out)


def _filling(settings: Settings, lectures: Lectures, network: Network, reader: Reader) -> Stage:
    texts = _unlabelled(settings, lectures)
    filler = scratch.Filler(network.modules["encoder"])

    def batches(lap: int) -> Iterator[scratch.Gaps]:
        return scratch.gap_epoch(texts, reader, settings.batch_tokens, settings.seed, lap)

    return Stage(
        "pretraining", filler.modules, len(texts), settings.pretrain_epochs, batches, filler.loss
    )


def _heads(
    settings: Settings, lectures: Lectures, network: Network, reader: Reader, machine: Machine
) -> Stage:
    teacher = Teacher.of(settings.teacher, machine) if settings.teacher else None
    weights = lectures.head_weights

    def loss(batch: Batch) -> torch.Tensor:
        seen = network.forward(batch.ids, batch.mask)
        total: Any = seen.mean.sum() * 0.0  # a batch without a lesson still has a gradient
        for head, one in network.losses(batch, seen).items():
            total = total + weights[head] * one
        if teacher:
            total = total + teacher.loss(batch.texts, network, seen)
        found: torch.Tensor = total
        return found

    def batches(lap: int) -> Iterator[Batch]:
        return epoch(
            lectures.learning, reader, settings.batch_tokens, settings.augment, settings.seed, lap
        )

    def score() -> float:
        said = read(network, reader, [one.text for one in lectures.tuning], machine, READING_TOKENS)
        return tuning_score(lectures, said, network)

    rows = len(lectures.learning)
    return Stage("heads", network.modules, rows, settings.epochs, batches, loss, score)


def _go(loop: Loop, kept: dict[str, Any] | None) -> Progress:
    """Begin, go on, or pass over a stage that the checkpoint has behind it."""
    if kept and kept["stage"] == "heads" and loop.stage.name == "pretraining":
        return Progress(**kept["before"]["pretraining"])
    if kept and kept["stage"] == loop.stage.name:
        loop.restore(kept)
    progress = loop.run()
    loop.save()
    return progress


def store(
    settings: Settings, lectures: Lectures, network: Network, reader: Reader, machine: Machine
) -> ModelDirectory:
    """Write the directory of `encoder/layout.py` and read it back; the checkpoint goes."""
    place = settings.out / layout.ENCODER
    network.modules["encoder"].save_pretrained(place, max_shard_size="100GB")
    tuning = lectures.tuning
    said = None
    if tuning:
        said = read(network, reader, [one.text for one in tuning], machine, READING_TOKENS)
    names = [*network.heads, *(["personal_data"] if "personal_data" in network.modules else [])]

    def embed(texts: Sequence[str]) -> Any:
        return read(network, reader, texts, machine, READING_TOKENS).embeddings

    fitting = []
    if settings.data and "projection" in network.modules:
        fitting = theme_scale.tasks(Corpora(settings.data), seed=0)
    most = positions(network.modules["encoder"].config)
    description = layout.Description(
        heads=tuple(exams.scaled_head(name, tuning, said) for name in names),
        themes=theme_scale.fit(fitting, embed),
        max_tokens=min(512, most),
        overlap_tokens=min(64, most // 8),
        licence="Apache-2.0" if settings.from_scratch else settings.licence,
        source=_origin(settings),
    )
    stored = layout.write(settings.out, description, arrays(network))
    shutil.rmtree((settings.out / LAST).parent, ignore_errors=True)
    return stored


def positions(config: Any) -> int:
    """Tokens that the encoder can place; RoBERTa's kind counts from after the padding id."""
    after = int(config.pad_token_id or 0) + 1 if FAMILIES.get(config.model_type) else 0
    return int(getattr(config, "max_position_embeddings", 512)) - after


def _origin(settings: Settings) -> str:
    if settings.from_scratch:
        return f"scratch {settings.size}"
    return f"{Path(settings.base).name if Path(settings.base).is_dir() else settings.base}" + (
        f"@{settings.revision}" if settings.revision else ""
    )


def write_record(trained: Trained, directory: Path, measured: dict[str, Any]) -> None:
    """training.json: settings, data hashes, versions, the course of the run, measurements."""
    content = {
        **trained.made_of,
        "model": trained.stored.model,
        "lessons": {
            "learning": len(trained.lectures.learning),
            "tuning": len(trained.lectures.tuning),
        },
        "head_weights": trained.lectures.head_weights,
        "course": {name: asdict(one) for name, one in trained.progress.items()},
        "measured": measured,
    }
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
    (directory / RECORD).write_text(text + "\n", encoding="utf-8")


def _tell(lectures: Lectures, machine: Machine) -> None:
    counts = ", ".join(f"{head} x{weight:.1f}" for head, weight in lectures.head_weights.items())
    print(
        f"{len(lectures.learning)} texts to learn from, {len(lectures.tuning)} to tune on, "
        f"{len(lectures.dev)} to measure on; {counts}; {machine.device.type}, "
        f"{'bf16' if machine.bf16 else 'fp32'}",
        flush=True,
    )

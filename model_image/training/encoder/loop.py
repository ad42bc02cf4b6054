"""The training loop: one stage over batches, with checkpoints from which it goes on unchanged.

Nothing random carries over from step to step: batches follow from seed and lap, dropout from seed
and step. So a resumed run takes the very steps that an unbroken one would have taken.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import nn

from model_image import accelerator
from model_image.training.encoder.batches import moved
from model_image.training.encoder.settings import BadSettings, Settings

LONGEST_GRADIENT = 1.0
LAST, BEST = Path("checkpoint/last.pt"), Path("checkpoint/best.pt")


class Stopped(Exception):
    """`stop_after` steps are done and the checkpoint is written."""


@dataclass(frozen=True)
class Stage:
    """What is learnt: `loss` of a batch, and `score` (higher is better) that decides when to stop.

    Batches have `texts` and `tokens`.
    """

    name: str
    modules: nn.ModuleDict
    rows: int  # of one lap
    laps: float
    batches: Callable[[int], Iterator[Any]]
    loss: Callable[[Any], torch.Tensor]
    score: Callable[[], float] | None = None


@dataclass
class Progress:
    """Where a stage stands; the whole of it is in a checkpoint."""

    lap: int = 0
    batch: int = 0  # micro-batches of this lap that are done
    rows: int = 0
    steps: int = 0
    tokens: int = 0
    seconds: float = 0.0  # of training, without measuring
    cpu_s: float = 0.0  # the same, of all threads of this process
    best: float = -math.inf
    waited: int = 0  # evaluations since the best
    losses: list[float] = field(default_factory=list)  # mean of each stretch between evaluations
    scores: list[float] = field(default_factory=list)
    done: bool = False


def pace(progress: Progress, device: torch.device) -> float:
    """Tokens a second: of CPU time on a CPU, which others may use too, else of the clock."""
    spent = progress.cpu_s if device.type == "cpu" else progress.seconds
    return progress.tokens / max(spent, 1e-9)


@dataclass(frozen=True)
class Machine:
    """Where it runs."""

    device: torch.device
    bf16: bool

    @classmethod
    def of(cls, settings: Settings) -> Machine:
        """MODEL_DEVICE, else CUDA when there is one; bf16 where the GPU has it, or it is asked for.

        Raises BadSettings for a GPU that is asked for and missing.
        """
        try:
            device = torch.device(accelerator.chosen())
        except ValueError as error:
            raise BadSettings(str(error)) from error
        auto = device.type == "cuda" and accelerator.halves(str(device))
        return cls(device, auto if settings.precision == "auto" else settings.precision == "bf16")

    def autocast(self) -> Any:
        """Matrix products in bfloat16, if so chosen."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16)


def rate_factor(share: float, warmup: float) -> float:
    """0..1 of the highest rate: straight up over `warmup`, then down by a cosine.

    `share` 0..1 is how much of the stage is done.
    """
    if share < warmup:
        return share / warmup
    rest = (share - warmup) / max(1e-9, 1 - warmup)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, rest)))


def optimiser(modules: nn.ModuleDict, settings: Settings) -> torch.optim.AdamW:
    """AdamW; vectors (biases, norms) do not decay, what is new learns faster."""
    groups: dict[tuple[float, float], list[Any]] = {}
    for name, parameter in modules.named_parameters():
        faster = 1.0 if name.startswith("encoder.") else settings.head_rate
        rate = settings.rate * (1.0 if settings.from_scratch else faster)
        decay = settings.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": own, "lr": rate, "weight_decay": decay, "highest": rate}
            for (rate, decay), own in groups.items()
        ],
        betas=(0.9, 0.98),
    )


@dataclass
class Loop:
    """One stage on its way."""

    stage: Stage
    settings: Settings
    machine: Machine
    fingerprint: str
    before: dict[str, Any] = field(default_factory=dict)  # the course of earlier stages
    progress: Progress = field(default_factory=Progress)

    def __post_init__(self) -> None:
        """The optimiser, on weights that are where they run."""
        self.stage.modules.to(self.machine.device)
        self.optimiser = optimiser(self.stage.modules, self.settings)
        self.begun = 0  # steps of this process
        self._sum: Any = 0.0
        self._count = 0

    @property
    def total(self) -> int:
        """Rows of the whole stage."""
        return max(1, round(self.stage.rows * self.stage.laps))

    def run(self) -> Progress:
        """Train until the rows are used up or the score no longer rises; the best weights stay.

        Raises Stopped after `stop_after` steps.
        """
        while not self.progress.done:
            for micro in self._steps():
                self._step(micro)
                self._after_step()
                if self.progress.done:
                    break
            else:
                self.progress.lap, self.progress.batch = self.progress.lap + 1, 0
        if self.progress.best > -math.inf:
            self.stage.modules.load_state_dict(_load(self.settings.out / BEST)["modules"])
        return self.progress

    def _steps(self) -> Iterator[list[Any]]:
        batches = self.stage.batches(self.progress.lap)
        rest = islice(batches, self.progress.batch, None)
        while micro := list(islice(rest, self.settings.accumulate)):
            yield micro

    def _step(self, micro: list[Any]) -> None:
        """One step over the micro-batches, each weighing by its rows."""
        started, cpu_started = time.perf_counter(), time.process_time()
        self.stage.modules.train()
        torch.manual_seed(self.settings.seed * 1_000_003 + self.progress.steps)
        factor = rate_factor(self.progress.rows / self.total, self.settings.warmup)
        for group in self.optimiser.param_groups:
            group["lr"] = group["highest"] * factor
        rows = sum(len(batch.texts) for batch in micro)
        for batch in micro:
            with self.machine.autocast():
                loss = self.stage.loss(moved(batch, self.machine.device))
            (loss * (len(batch.texts) / rows)).backward()  # type: ignore[no-untyped-call,unused-ignore]
            self._sum = self._sum + loss.detach() * len(batch.texts)  # not read: no wait for CUDA
            self.progress.tokens += batch.tokens
        self._count += rows
        nn.utils.clip_grad_norm_(self.stage.modules.parameters(), LONGEST_GRADIENT)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.progress.batch += len(micro)
        self.progress.rows += rows
        self.progress.steps += 1
        self.progress.seconds += time.perf_counter() - started
        self.progress.cpu_s += time.process_time() - cpu_started

    def _after_step(self) -> None:
        progress = self.progress
        self.begun += 1
        stretch = max(1, self.stage.rows // self.settings.evaluations)
        progress.done = progress.rows >= self.total
        if progress.done or progress.rows // stretch > len(progress.losses):
            self._evaluate()
            self.save()
        elif self.begun == self.settings.stop_after:
            self.save()
        if self.begun == self.settings.stop_after and not progress.done:
            raise Stopped(f"{progress.steps} steps of {self.stage.name} done; --resume goes on")

    def _evaluate(self) -> None:
        progress = self.progress
        waiting = time.perf_counter()
        summed = float(self._sum)  # on CUDA the steps that are queued are done only now
        progress.seconds += time.perf_counter() - waiting
        progress.losses.append(round(summed / max(1, self._count), 6))
        self._sum, self._count = 0.0, 0
        told = (
            f"{self.stage.name}: {progress.rows / self.total:.0%}, loss {progress.losses[-1]:.4f}"
        )
        if self.stage.score:
            self.stage.modules.eval()
            score = self.stage.score()
            progress.scores.append(round(score, 6))
            told += f", score {score:.4f}"
            progress.waited = 0 if score > progress.best else progress.waited + 1
            if score >= progress.best:  # of equals the longer trained
                progress.best = score
                _save(self.settings.out / BEST, {"modules": self.stage.modules.state_dict()})
            progress.done = progress.done or progress.waited >= self.settings.patience
        print(f"{told}, {pace(progress, self.machine.device):.0f} tokens/s", flush=True)

    def save(self) -> None:
        """The checkpoint: weights, optimiser, and where the stage stands."""
        content = {
            "fingerprint": self.fingerprint,
            "stage": self.stage.name,
            "before": self.before,
            "progress": asdict(self.progress),
            "stretch": (float(self._sum), self._count),
            "modules": self.stage.modules.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        _save(self.settings.out / LAST, content)

    def restore(self, content: dict[str, Any]) -> None:
        """Stand where the checkpoint stood. Raises BadSettings when it is of another run."""
        if content["fingerprint"] != self.fingerprint:
            raise BadSettings(
                f"{self.settings.out / LAST} is of a run with other settings, data or libraries; "
                "give those, or another --out"
            )
        self.progress = Progress(**content["progress"])
        self._sum, self._count = content["stretch"]
        self.stage.modules.load_state_dict(content["modules"])
        self.optimiser.load_state_dict(content["optimiser"])


def checkpoint(settings: Settings) -> dict[str, Any] | None:
    """What to go on from; None to begin. Raises BadSettings where neither is meant for sure."""
    path = settings.out / LAST
    if not path.exists():
        return None
    if not settings.resume:
        raise BadSettings(f"{path} holds an unfinished run; add --resume, or remove it")
    return _load(path)


def _load(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return content


def _save(path: Path, content: dict[str, Any]) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".part")
    torch.save(content, half)
    os.replace(half, path)

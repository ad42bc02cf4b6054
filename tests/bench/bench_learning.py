"""What labels bring: the learning curve of an organisation's heads.

    python -m tests.bench.bench_learning [--questions TRAIN --held DEV] [--seeds 5] [--encoder DIR]

On the labelled messages (tests/data/labelled) it learns from the learning styles and is judged on
the testing styles, whose way of writing it never saw; an organisation with fewer learning messages
than asked for gives all it has. `--questions` and `--held` are gzipped JSON Lines of `text`,
`theme` and `demand_type`, such as BANKING77 (Casanueva et al. 2020, CC BY 4.0) grouped into eight
themes; 'ambiguous' demand is left out. Intervals are 95 % percentile intervals, resampling
messages; each resample averages the seeds. Unlike `hub learn`, nothing is refused here. `--encoder`
is a model directory whose heads are learnt instead of the compact model's, on those messages.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from chalicelib import privacy
from chalicelib.organisation import Organisation
from infra.commands.readings import Afar
from model_image import learned, wire
from model_image.backends.compact import Compact
from model_image.learned import Heads
from model_image.learning import fit
from model_image.learning.choose import choose, uncertainty
from model_image.learning.refit import Example, refit
from model_image.learning.score import macro_f1, true_or_told
from model_image.linear import Ints
from model_image.reading import Readable, Reading, joined
from tests.model_image.labelled import messages, organisations

COUNTS = (0, 20, 50, 100, 300)
POOL = 1500  # questions to choose labels from
RESAMPLES = 200
Select = Callable[["Task", int, int, Heads | None, Ints], Ints]

#: Themes of BANKING77's questions; wordings are ours.
BANK = {
    "payments_transfers": (
        "Payments and transfers",
        "Transfers, top-ups, card payments and withdrawals that are pending, declined or missing.",
        "transfer,top up,payment,pending,declined,withdrawal,direct debit,atm",
    ),
    "billing_fees": ("Fees", "A fee or a charge that was taken.", "fee,charge,charged,extra"),
    "price_rates": (
        "Exchange rates",
        "The exchange rate of a payment or a withdrawal abroad.",
        "exchange rate,rate,exchange,currency",
    ),
    "card_product": (
        "Cards",
        "A card: ordering, activating, lost, stolen, not working, its PIN.",
        "card,virtual card,disposable,pin,activate,lost,stolen,contactless",
    ),
    "delivery": ("Delivery of a card", "When a card comes.", "arrive,delivery,mail,tracking"),
    "login_identity": (
        "Identity and passcode",
        "Proving identity, the passcode, the source of funds.",
        "identity,verify,passcode,source of funds",
    ),
    "refund_return": ("Refunds", "Money back for something bought.", "refund,money back"),
    "account_mgmt": (
        "Account and details",
        "Closing an account, changing details, age and country.",
        "account,close,delete,address,name,country,age",
    ),
}


@dataclass(frozen=True)
class Task:
    """One organisation: messages to label, and others to be judged on."""

    model: Readable
    taxonomy: wire.Taxonomy
    pool: list[Example]
    held: list[Example]
    strata: list[str]

    def reading(self, examples: Sequence[Example]) -> Reading:
        texts = [wire.Text(str(i), one.text, None) for i, one in enumerate(examples)]
        return joined(self.model.readings(texts, self.taxonomy))

    @property
    def ids(self) -> list[str]:
        return [theme.id for theme in self.taxonomy.themes]


@dataclass(frozen=True)
class Judged:
    """What was right and what was told of held messages, in whole numbers of a task's classes."""

    themes: tuple[Ints, Ints]
    demand: tuple[Ints, Ints]


def taxonomy_of(themes: object) -> wire.Taxonomy:
    body = {"schema": wire.REQUEST_SCHEMA, "taxonomy": {"hash": "bench", "themes": themes}}
    return wire.read(json.dumps(body | {"texts": []}).encode()).taxonomy


@dataclass(frozen=True)
class InProcess:
    """The encoder's contract without a server; a text of one taxonomy is read once."""

    encoder: Any
    read: dict[tuple[int, str], Any] = field(default_factory=dict)

    def invoke(self, body: bytes) -> bytes:
        request = wire.read(body)
        of = request.taxonomy.fingerprint
        new = replace(
            request, texts=tuple(t for t in request.texts if (of, t.text) not in self.read)
        )
        answer = json.loads(wire.write(self.encoder.model, new, self.encoder.answer(new)))
        for text, result in zip(new.texts, answer["results"], strict=True):
            self.read[of, text.text] = result
        results = [self.read[of, text.text] for text in request.texts]
        return json.dumps(answer | {"results": results}).encode()


@cache
def _encoder(directory: Path) -> InProcess:
    from model_image.backends.encoder import Encoder

    return InProcess(Encoder.load(directory))


def model_of(directory: Path | None, organisation: Organisation) -> Readable:
    """The compact model, or that of a directory as `hub learn` reaches it."""
    if directory is None:
        return Compact.load()
    endpoint = _encoder(directory)
    return Afar(endpoint.encoder.model, endpoint, organisation)


def labelled_tasks(directory: Path | None) -> list[Task]:
    tasks = []
    for name, organisation in organisations().items():
        redact = privacy.redactor(organisation.redact)
        own = [one for one in messages() if one.organisation == name]
        parts: dict[str, list[Example]] = {"learn": [], "test": []}
        for one in own:
            failure = one.demand == "failure"
            parts[one.split].append(Example(redact(one.text), one.themes, failure))
        strata = [one.language + one.channel for one in own if one.split == "learn"]
        taxonomy = taxonomy_of(organisation.taxonomy["themes"])
        model = model_of(directory, organisation)
        tasks.append(Task(model, taxonomy, parts["learn"], parts["test"], strata))
    return tasks


def bank_task(model: Compact, train: Path, held: Path) -> Task:
    themes = [
        {
            "id": theme,
            "name": {"en": name},
            "description": {"en": description},
            "keywords": {"en": words.split(",")},
        }
        for theme, (name, description, words) in BANK.items()
    ]
    rows = questions(train)
    chosen = np.random.default_rng(0).permutation(len(rows))[:POOL]
    pool = [rows[row] for row in chosen]
    return Task(model, taxonomy_of(themes), pool, questions(held), ["en"] * len(pool))


def questions(path: Path) -> list[Example]:
    demands = {"failure": True, "value": False}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [Example(row["text"], (row["theme"],), demands.get(row["demand_type"])) for row in rows]


def at_random(task: Task, count: int, seed: int, _heads: Heads | None, _taken: Ints) -> Ints:
    return np.random.default_rng(seed).permutation(len(task.pool))[:count]


def by_use(task: Task, count: int, seed: int, heads: Heads | None, taken: Ints) -> Ints:
    """What `hub label` would show next, from a random half of the pool."""
    seen = np.random.default_rng(seed).permutation(len(task.pool))[: max(len(task.pool) // 2, 300)]
    rest = np.setdiff1d(seen, taken)
    if count <= len(taken) or not len(rest):
        return taken
    reading = task.reading([task.pool[row] for row in rest])
    about, floor, failing = reading.judged(task.ids, heads)
    known = task.reading([task.pool[row] for row in taken]).vectors if len(taken) else None
    more = choose(
        reading,
        uncertainty(about, failing, floor),
        count - len(taken),
        [task.strata[row] for row in rest],
        fit.matrix(known) if known else None,
    )
    return np.concatenate((taken, rest[more]))


def judge(task: Task, heads: Heads | None) -> Judged:
    reading = task.reading(task.held)
    about, floor, failing = reading.judged(task.ids, heads)
    target = np.zeros((len(task.held), len(task.ids)))
    for row, one in enumerate(task.held):
        target[row, [task.ids.index(theme) for theme in one.themes or ()]] = 1
    told = np.where(about.max(axis=1) >= floor, about.argmax(axis=1), len(task.ids))
    sure = np.array([one.failure is not None for one in task.held])
    fails = np.array([int(one.failure is True) for one in task.held])
    return Judged(
        (true_or_told(target, told), told), (fails[sure], (failing[sure] > 0.5).astype(int))
    )


def taught(task: Task, rows: Ints) -> Heads | None:
    if not len(rows):
        return None
    found = refit(task.model, task.taxonomy, [task.pool[row] for row in rows])
    return Heads("bench", found.model, found.themes, found.demand)


def curve(task: Task, select: Select, seed: int) -> list[Judged]:
    """At each of COUNTS; labels are added to those that were there."""
    taken, heads, found = np.zeros(0, np.int64), None, []
    for count in COUNTS:
        if count:
            taken = select(task, min(count, len(task.pool)), seed, heads, taken)
            heads = taught(task, taken)
        found.append(judge(task, heads))
    return found


def interval(runs: Sequence[Sequence[tuple[Ints, Ints]]]) -> tuple[float, float, float]:
    """Mean macro-F1 of seeds, each of which holds the (right, told) of every task; 95 %."""
    chance = np.random.default_rng(7)

    def value(picks: Sequence[Ints]) -> float:
        return float(np.mean([_macro(run, picks) for run in runs]))

    sizes = [len(right) for right, _ in runs[0]]
    drawn = [value([chance.integers(0, n, n) for n in sizes]) for _ in range(RESAMPLES)]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return value([np.arange(n) for n in sizes]), float(low), float(high)


def _macro(run: Sequence[tuple[Ints, Ints]], picks: Sequence[Ints]) -> float:
    right, told, start = [], [], 0
    for (a, b), pick in zip(run, picks, strict=True):
        right.append(a[pick] + start)
        told.append(b[pick] + start)
        start += int(max(a.max(), b.max())) + 1
    return macro_f1(np.concatenate(right), np.concatenate(told), start)


def rows(tasks: Sequence[Task], select: Select, seeds: int) -> list[tuple[str, str, str]]:
    """(labels, themes, demand) of every count."""
    runs = [[curve(task, select, seed) for task in tasks] for seed in range(seeds)]
    found = []
    for place, count in enumerate(COUNTS):
        cells = []
        for head in ("themes", "demand"):
            told = [[getattr(task[place], head) for task in run] for run in runs]
            # Demand has two classes whoever is asked; themes are those of each organisation.
            merged = [[_together(run)] for run in told] if head == "demand" else told
            value, low, high = interval(merged)
            cells.append(f"{value:.3f} [{low:.3f}, {high:.3f}]")
        found.append((str(count), *cells))
    return [(a, b, c) for a, b, c in found]


def _together(run: Sequence[tuple[Ints, Ints]]) -> tuple[Ints, Ints]:
    return np.concatenate([a for a, _ in run]), np.concatenate([b for _, b in run])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=Path)
    parser.add_argument("--held", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--encoder", type=Path)
    chosen = parser.parse_args()
    console = Console(width=110)
    groups = {"labelled messages, five organisations": labelled_tasks(chosen.encoder)}
    groups["labelled messages, the shop alone"] = groups["labelled messages, five organisations"][
        -1:
    ]
    if chosen.questions and chosen.held and not chosen.encoder:
        task = bank_task(Compact.load(), chosen.questions, chosen.held)
        groups["questions to a bank"] = [task]
    for name, tasks in groups.items():
        for how, select in (("at random", at_random), ("as hub label chooses", by_use)):
            began = time.perf_counter()
            console.print(f"{name}, labels {how}")
            table = Table(box=None)
            for column in ("labels", "themes", "demand"):
                table.add_column(column)
            for row in rows(tasks, select, chosen.seeds):
                table.add_row(*row)
            console.print(table)
            console.print(f"{time.perf_counter() - began:.0f} s\n")
    _cost(console, groups["labelled messages, the shop alone"][0])


def _cost(console: Console, task: Task) -> None:
    """Seconds of a refit, characters of a bundle, and what heads cost a batch."""
    both = task.pool + task.held
    began = time.perf_counter()
    found = refit(task.model, task.taxonomy, both)
    spent = time.perf_counter() - began
    bundle = found.bundle(None)
    console.print(f"refit of {len(both)} labels, {len(task.ids)} themes: {spent:.2f} s, ", end="")
    console.print(f"{len(bundle)} characters ({', '.join(found.better) or 'no head'} better)")
    texts = [wire.Text(str(i), one.text, None) for i, one in enumerate(both)]
    everything = learned.dump(found.model, found.themes, found.demand)
    model = task.model
    if not isinstance(model, Compact):
        console.print(f"{len(everything)} characters with both heads")
        return
    with_heads = wire.Taxonomy("bench", task.taxonomy.themes, 0, everything)
    for name, taxonomy in (("shipped", task.taxonomy), ("with heads", with_heads)):
        model.understand(texts, taxonomy)
        best = min(_timed(model, texts, taxonomy) for _ in range(5))
        console.print(
            f"{name}: {len(texts) / best:.0f} messages/s; {len(taxonomy.heads)} characters"
        )


def _timed(model: Compact, texts: Sequence[wire.Text], taxonomy: wire.Taxonomy) -> float:
    began = time.perf_counter()
    model.understand(texts, taxonomy)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()

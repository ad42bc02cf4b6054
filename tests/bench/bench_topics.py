"""New topics in real questions: how often one is invented, and how large one is found.

`python -m tests.bench.bench_topics --questions FILE` reads JSON Lines of `text` and `label` (or
`intent`), such as Banking77 (Casanueva et al. 2020) or MASSIVE (FitzGerald et al. 2022), both
CC BY 4.0. A week is 150 questions of known labels, and the
eight weeks before it are 8 × 150 more; an unseen label is hidden in the week.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
from pathlib import Path

from rich.console import Console
from rich.table import Table

from chalicelib.insights.new_topics import NewTopic, Text, new_topics

KNOWN, WEEKS = 150, 8
SIZES = (8, 15, 30)


def questions(path: Path) -> dict[str, list[str]]:
    """Label -> its texts."""
    opened = gzip.open if path.suffix == ".gz" else open
    by_label: dict[str, list[str]] = {}
    with opened(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            by_label.setdefault(row.get("label") or row["intent"], []).append(row["text"])
    return by_label


def week(rng: random.Random, by_label: dict[str, list[str]], hidden: int) -> bool | int:
    """With `hidden` > 0, whether the unseen label was found; else how many were invented."""
    enough = [name for name in sorted(by_label) if len(by_label[name]) >= max(SIZES)]
    unseen = rng.choice(enough)
    known = [text for name, texts in by_label.items() if name != unseen for text in texts]
    drawn = rng.sample(known, KNOWN * (WEEKS + 1))
    new = rng.sample(by_label[unseen], hidden)
    now = [Text(f"k{n}", None, text) for n, text in enumerate(drawn[:KNOWN])]
    now += [Text(f"new{n}", None, text) for n, text in enumerate(new)]
    before = [Text(f"b{n}", None, text) for n, text in enumerate(drawn[KNOWN:])]
    rng.shuffle(now)
    topics = new_topics(now, before)
    return any(map(_is_the_hidden, topics)) if hidden else len(topics)


def _is_the_hidden(topic: NewTopic) -> bool:
    return sum(key.startswith("new") for key in topic.keys) > len(topic.keys) / 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=Path, help="JSON Lines of text and label, or .gz")
    parser.add_argument("--runs", type=int, default=100)
    chosen = parser.parse_args()
    console = Console()
    if chosen.questions is None:
        console.print("nothing measured: name a file of labelled questions with --questions")
        return
    by_label = questions(chosen.questions)
    rng = random.Random(1)
    invented = sum(week(rng, by_label, 0) for _ in range(chosen.runs))
    table = Table("new topics", "", title=f"{chosen.runs} weeks of {KNOWN} questions each")
    table.add_row("invented a week", f"{invented / chosen.runs:.3f}")
    for size in SIZES:
        found = sum(week(rng, by_label, size) for _ in range(chosen.runs))
        table.add_row(f"found, of {size} texts", f"{found / chosen.runs:.0%}")
    console.print(table)


if __name__ == "__main__":
    main()

"""Precision, recall and F1 of redaction on data/spans.jsonl, by type and language.

    python -m tests.privacy.evaluate [NER.jsonl.gz] [--part PART] [--errors] [--model DIR]

A find is right when its start, end and kind are those of the label ('exact'); 'covered' is the
share of labelled characters that redaction hides, whatever it calls them, and 'hidden in error'
the share of other characters that it hides too. The rules were mended on the part "tuned" and
then, once it was measured, on "held out"; "fresh" was written afterwards and no rule was mended
on it, so that its figures say how redaction fares on a new message.

NER.jsonl.gz holds lines of {"tokens": [...], "tags": [...]} with BIO tags; its persons (PER) are
compared by overlap, since its names end where tokens do. --model measures the token head of an
encoder's directory, as it is served, instead of the rules.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from chalicelib.privacy.spans import Kind
from tests.privacy.scan import find

SPANS = Path(__file__).with_name("data") / "spans.jsonl"
OWN_PATTERNS = (r"\bHV-?\d{6}\b", r"\bVK\d{7}\b")  # as in organisation.yaml
_CLOSE_UP = frozenset(".,:;!?)]}%")  # tokens that follow without a blank

Finder = Callable[[str], list[tuple[int, int, str]]]  # text -> start, end, kind


def rules(text: str) -> list[tuple[int, int, str]]:
    """What redaction finds, with the organisation's own patterns."""
    return [(s.start, s.end, str(s.kind)) for s in find(text, OWN_PATTERNS)]


def token_head(directory: Path) -> Finder:
    """What the encoder of a model directory finds; raises layout.BadModel."""
    # Here, since the rules need no torch.
    from model_image.backends.encoder import Encoder, Options
    from model_image.wire import Request, Taxonomy, Text

    encoder = Encoder.load(directory, Options("cpu", "float32", threads=1))

    @cache
    def found(text: str) -> list[tuple[int, int, str]]:
        want = frozenset({"personal_data"})
        request = Request(Taxonomy("none", (), 0), (Text("0", text, None),), want)
        spans = encoder.answer(request)[0].personal_data or []
        return [(span.start, span.end, span.kind) for span in spans]

    return found


@dataclass(frozen=True, slots=True)
class Label:
    """Personal data of `kind` at text[start:end]; `type` is finer: hetu and number are both id."""

    start: int
    end: int
    kind: str
    type: str


@dataclass(frozen=True, slots=True)
class Message:
    """One invented message; `part` tells whether the rules were mended on it."""

    id: str
    language: str
    part: str
    text: str
    labels: tuple[Label, ...]
    finder: Finder = rules

    def found(self) -> list[tuple[int, int, str]]:
        return self.finder(self.text)

    def wanted(self) -> list[tuple[int, int, str]]:
        return [(label.start, label.end, label.kind) for label in self.labels]


@dataclass(slots=True)
class Tally:
    """Counts of one kind or group."""

    hit: int = 0
    missed: int = 0
    false: int = 0

    @property
    def precision(self) -> float:
        return self.hit / (self.hit + self.false) if self.hit + self.false else float("nan")

    @property
    def recall(self) -> float:
        return self.hit / (self.hit + self.missed) if self.hit + self.missed else float("nan")

    @property
    def f1(self) -> float:
        return 2 * self.hit / (2 * self.hit + self.missed + self.false) if self.hit else 0.0

    def __str__(self) -> str:
        return (
            f"{self.precision:9.3f} {self.recall:9.3f} {self.f1:9.3f} "
            f"{self.hit + self.missed:6d} {self.false:6d}"
        )


def messages(part: str | None = None, finder: Finder = rules) -> list[Message]:
    """The labelled messages, all or one part."""
    found = []
    for line in SPANS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        labels = tuple(Label(*span) for span in row["spans"])
        if part in (None, row["part"]):
            about = row["id"], row["language"], row["part"], row["text"]
            found.append(Message(*about, labels, finder))
    return found


def exact(part: Iterable[Message]) -> dict[str, Tally]:
    """Tallies by kind of exact spans; 'all' is their sum."""
    table: dict[str, Tally] = defaultdict(Tally)
    for message in part:
        wanted, found = set(message.wanted()), set(message.found())
        for name, spans in (
            ("hit", wanted & found),
            ("missed", wanted - found),
            ("false", found - wanted),
        ):
            for span in spans:
                for key in (span[2], "all"):
                    setattr(table[key], name, getattr(table[key], name) + 1)
    return dict(table)


def recall_by_type(part: Iterable[Message]) -> dict[str, tuple[int, int]]:
    """(found exactly, labelled) by the finer type."""
    hits: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for message in part:
        found = set(message.found())
        for label in message.labels:
            total[label.type] += 1
            hits[label.type] += (label.start, label.end, label.kind) in found
    return {name: (hits[name], total[name]) for name in sorted(total)}


def characters(part: Iterable[Message]) -> tuple[float, float]:
    """(share of labelled characters hidden, share of the others hidden)."""
    hidden = labelled = excess = other = 0
    for message in part:
        wanted = {i for start, end, _ in message.wanted() for i in range(start, end)}
        found = {i for start, end, _ in message.found() for i in range(start, end)}
        hidden += len(wanted & found)
        labelled += len(wanted)
        excess += len(found - wanted)
        other += len(message.text) - len(wanted)
    return hidden / labelled, excess / other


def persons(tokens: Sequence[str], tags: Sequence[str]) -> tuple[str, list[tuple[int, int]]]:
    """The text of a tagged sentence and the places of its persons."""
    text = ""
    found: list[tuple[int, int]] = []
    for token, tag in zip(tokens, tags, strict=True):
        if text and token[0] not in _CLOSE_UP:
            text += " "
        start = len(text)
        text += token
        if tag == "B-PER":
            found.append((start, len(text)))
        elif tag == "I-PER" and found:
            found[-1] = (found[-1][0], len(text))
    return text, found


def ner(path: Path, finder: Finder = rules) -> Tally:
    """Names against the persons of a BIO file, by overlap."""
    tally = Tally()
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            text, wanted = persons(row["tokens"], row["tags"])
            given = [(start, end) for start, end, kind in finder(text) if kind == Kind.NAME]
            met = sum(any(a < d and c < b for c, d in given) for a, b in wanted)
            tally.hit += met
            tally.missed += len(wanted) - met
            tally.false += sum(not any(a < d and c < b for a, b in wanted) for c, d in given)
    return tally


def report(part: Sequence[Message]) -> Iterator[str]:
    """The tables of one set of messages."""
    heading = f"{'':18s} {'precision':>9s} {'recall':>9s} {'F1':>9s} {'n':>6s} {'false':>6s}"
    for language in (None, *sorted({message.language for message in part})):
        group = [message for message in part if language in (None, message.language)]
        table = exact(group)
        yield ""
        yield f"{language or 'all languages'}: {len(group)} messages, exact spans"
        yield heading
        for name in sorted(table, key=lambda key: (key == "all", key)):
            yield f"{name:18s} {table[name]}"
        covered, excess = characters(group)
        yield f"characters: {covered:.3f} of personal data covered, {excess:.4f} hidden in error"
    clean = [message for message in part if not message.labels]
    kept = sum(not message.found() for message in clean)
    yield ""
    yield f"messages without personal data left as they are: {kept} of {len(clean)}"
    told = ", ".join(f"{name} {hit}/{n}" for name, (hit, n) in recall_by_type(part).items())
    yield f"recall by type: {told}"


def errors(part: Iterable[Message]) -> Iterator[str]:
    """What is missed and found in error, for whoever mends the rules."""
    for message in part:
        wanted, found = set(message.wanted()), set(message.found())
        if wanted != found:
            show = [f"-{kind}:{message.text[a:b]!r}" for a, b, kind in sorted(wanted - found)]
            show += [f"+{kind}:{message.text[a:b]!r}" for a, b, kind in sorted(found - wanted)]
            yield f"{message.id} {' '.join(show)} in {message.text!r}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ner", nargs="?", type=Path, help="a BIO file with persons")
    parser.add_argument("--part", choices=("tuned", "held out", "fresh"))
    parser.add_argument("--errors", action="store_true", help="list what is wrong")
    parser.add_argument("--model", type=Path, help="an encoder's directory instead of the rules")
    chosen = parser.parse_args()
    finder = token_head(chosen.model) if chosen.model else rules
    part = messages(chosen.part, finder)
    for line in report(part):
        print(line)
    if chosen.errors:
        print()
        for line in errors(part):
            print(line)
    if chosen.ner:
        print(f"\npersons in {chosen.ner.name}, by overlap\n{'name':18s} {ner(chosen.ner, finder)}")


if __name__ == "__main__":
    main()

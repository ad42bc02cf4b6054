"""What there is to learn from: each source with its licence, and how its labels become lessons.

A source is read when its files are in the data directory; the card names those that were.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model_image.emotion import LABELS as EMOTIONS
from model_image.language import LANGUAGES
from model_image.sentiment import LABELS as SENTIMENTS
from model_image.training.corpora import (
    Corpora,
    authored,
    other_language_texts,
    own_efforts,
)
from model_image.training.corpora import polarity as xed_polarity
from model_image.training.encoder.lessons import Lesson, Target, sure
from model_image.training.encoder.personal import personal_lessons
from model_image.training.encoder.settings import BadSettings, Settings

Reader = Callable[[Corpora, str], list[Lesson]]  # data, "train" or "dev"

PLAIN = 0.15  # weight of "neutral" for a plain request to a machine
QUESTION = 0.2  # ... and for a bank's customer's question, who may be displeased
OWN = 3.0  # an own customer-service message against one corpus line
WORD = 0.3  # a word of a lexicon against a sentence
SALADS = 4000


@dataclass(frozen=True)
class Source:
    """One corpus. `files`: names without .train/.dev; `attribution` is what its licence asks."""

    name: str
    files: tuple[str, ...]
    licence: str
    attribution: str
    read: Reader

    @property
    def sharealike(self) -> bool:
        """Whether what is made of it may have to keep its licence."""
        return "SA" in self.licence.split("-") or "BY-SA" in self.licence

    def is_in(self, root: Path) -> bool:
        """Whether every file of it is there."""
        return all((root / f"{name}.train.jsonl.gz").exists() for name in self.files)


def finnsentiment(data: Corpora, split: str) -> list[Lesson]:
    """Votes as shares of sentiment, the five-step scale as satisfaction."""
    lessons = []
    for row in data.rows(f"fi_sentiment_finnsentiment.{split}"):
        votes = [row[key] + 1 for key in ("a", "b", "c", "majority")]
        shares = tuple(votes.count(label) / len(votes) for label in range(3))
        if split == "dev":  # measured by the majority, as the compact model is
            shares = sure("sentiment", SENTIMENTS[row["majority"] + 1])["sentiment"].shares
        step = min(5, max(1, round(row["derived_norm"] * 2 + 3)))
        targets = {"sentiment": Target(shares)} | sure("satisfaction", str(step))
        lessons.append(Lesson(row["text"], "FinnSentiment", "fi", targets | sure("language", "fi")))
    return lessons


def xed(code: str) -> Reader:
    """Eight emotions or none as shares, and their polarity as sentiment."""

    def read(data: Corpora, split: str) -> list[Lesson]:
        lessons = []
        for row in data.rows(f"{code}_emotion_xed.{split}"):
            labels = set(re.findall(r"\b[0-8]\b", str(row["labels"])))
            if not labels:
                continue
            shares = tuple((str(i) in labels) / len(labels) for i in range(len(EMOTIONS)))
            targets = {"emotion": Target(shares)} | sure("language", code)
            side = xed_polarity(labels)
            if side is not None:
                targets |= sure("sentiment", SENTIMENTS[side])
            lessons.append(Lesson(joined(row["text"]), "XED", code, targets))
        return lessons

    return read


def massive(code: str) -> Reader:
    """Intents; requests to a machine are plain speech. Ids are shared by the languages."""

    def read(data: Corpora, split: str) -> list[Lesson]:
        targets = sure("language", code)
        if split == "train":
            targets |= sure("sentiment", "neutral", PLAIN)
            targets |= sure("emotion", "neutral", PLAIN) if code == "sv" else {}
        return [
            Lesson(
                row["text"],
                "MASSIVE",
                code,
                targets,
                intent=f"massive/{row['intent']}",
                group=f"massive/{row['id']}",
            )
            for row in data.rows(f"{code}_intent_massive.{split}")
        ]

    return read


def intents(name: str, folder: str, every: int = 1) -> Reader:
    """English intents, with failure or value demand where we mapped them."""

    def read(data: Corpora, split: str) -> list[Lesson]:
        lessons = []
        for row in data.rows(f"{name}.{split}")[::every]:
            intent = "" if row["label"] == "oos" else f"{folder}/{row['label']}"
            kind = row.get("demand_type")
            targets = sure("language", "en") if split == "train" else {}
            if kind in ("failure", "value"):
                targets |= sure("demand", kind)
            if split == "train" and kind:
                half = 0.5 if kind == "failure" else 0.0
                targets["sentiment"] = Target((half, 1 - half, 0.0), QUESTION)
            lessons.append(Lesson(row["text"], folder, "en", targets, intent=intent))
        return lessons

    return read


def turku_names(data: Corpora, split: str) -> list[Lesson]:
    """Persons' names of the Turku NER corpus; its other entities are no personal data."""
    lessons = []
    for row in data.rows(f"fi_ner_turku.{split}"):
        if row["tokens"] == ["-DOCSTART-"]:
            continue
        text, spans = "", []
        for token, tag in zip(row["tokens"], row["tags"], strict=True):
            start = len(text) + bool(text)
            text = f"{text} {token}" if text else token
            if tag == "B-PER":
                spans.append((start, len(text), "name"))
            elif tag == "I-PER" and spans:
                spans[-1] = (spans[-1][0], len(text), "name")
        lessons.append(Lesson(text, "Turku NER", "fi", sure("language", "fi"), tuple(spans)))
    return lessons


def lexicons(data: Corpora, split: str) -> list[Lesson]:
    """Words with a polarity, as texts of one word. No dev part."""
    if split != "train":
        return []
    words = [(code, example) for code in LANGUAGES for example in data.afinn(code, WORD)]
    words += [("sv", example) for example in data.sentimentlex(WORD)]
    return [
        Lesson(word.text, "lexicons", code, sure("sentiment", SENTIMENTS[word.label], word.weight))
        for code, word in words
    ]


def own(data: Corpora, split: str) -> list[Lesson]:
    """Our invented messages: sentiment, demand, effort, personal data; other languages' salads."""
    del data
    if split != "train":
        return []
    lessons = []
    for code, sentiment, demand, text in authored():
        targets = sure("sentiment", sentiment, OWN) | sure("language", code)
        if demand in ("failure", "value"):
            targets |= sure("demand", demand, OWN)
        lessons.append(Lesson(text, "own", code, targets))
    for code, level, text in own_efforts():
        lessons.append(Lesson(text, "own", code, sure("effort", level) | sure("language", code)))
    salads = other_language_texts(SALADS)
    lessons += [Lesson(text, "own", "other", sure("language", "other")) for text in salads]
    return lessons + personal_lessons()


XED_CREDIT = "E. Öhman, M. Pàmies, K. Kajava, J. Tiedemann (COLING 2020)"
MASSIVE_CREDIT = "J. FitzGerald et al. (2022), Amazon, after SLURP (E. Bastianelli et al. 2020)"
SOURCES = (
    Source(
        "FinnSentiment", ("fi_sentiment_finnsentiment",), "CC-BY-4.0",
        "K. Lindén, T. Jauhiainen, S. Hardwick (2020/2023), urn:nbn:fi:lb-2020111001",
        finnsentiment,
    ),
    *(
        Source(f"XED {code}", (f"{code}_emotion_xed",), "CC-BY-4.0", XED_CREDIT, xed(code))
        for code in LANGUAGES
    ),
    *(
        Source(f"MASSIVE {code}", (f"{code}_intent_massive",), "CC-BY-4.0", MASSIVE_CREDIT,
               massive(code))
        for code in LANGUAGES
    ),
    Source("BANKING77", ("en_intent_banking77",), "CC-BY-4.0", "I. Casanueva et al. (2020), PolyAI",
           intents("en_intent_banking77", "BANKING77")),
    Source("CLINC150", ("en_intent_clinc150",), "CC-BY-3.0", "S. Larson et al. (2019)",
           intents("en_intent_clinc150", "CLINC150")),
    Source("Bitext", ("en_intent_bitext",), "CDLA-Sharing-1.0", "Bitext Innovations",
           intents("en_intent_bitext", "Bitext", 10)),
    Source("Turku NER", ("fi_ner_turku",), "CC-BY-SA-4.0", "J. Luoma et al. (2020)", turku_names),
    Source("lexicons", (), "Apache-2.0 and CC-BY",
           "AFINN: F. Å. Nielsen; sentimentlex: B. Nusko, N. Tahmasebi, O. Mogren (2016)",
           lexicons),
    Source("own messages", (), "this repository's", "invented; nobody's words", own),
)  # fmt: skip
LEXICONS = ("fi_lexicon_afinn", "en_lexicon_afinn", "sv_lexicon_afinn", "sv_lexicon_sentimentlex")
UNLABELLED = {"fi_text_open.txt.gz": False, "fi_text_sharealike.txt.gz": True}  # share-alike?


def chosen(settings: Settings) -> list[Source]:
    """The sources this run learns from, in order. Raises BadSettings when there is none."""
    if settings.data is None:
        return []
    root = settings.data
    found = []
    for source in SOURCES:
        words = all((root / f"{name}.jsonl.gz").exists() for name in LEXICONS)
        there = words if source.name == "lexicons" else source.is_in(root)
        if there and (settings.sharealike or not source.sharealike):
            found.append(source)
    if not any(source.files for source in found):
        raise BadSettings(f"--data {root} holds none of the corpora of data/README.md")
    return found


def lessons(settings: Settings, sources: Sequence[Source], split: str) -> list[Lesson]:
    """Every source's lessons, thinned evenly to `rows_per_source`."""
    found: list[Lesson] = []
    for source in sources:
        mine = source.read(Corpora(settings.data or Path()), split)
        most = settings.rows_per_source
        if most and len(mine) > most:
            mine = mine[:: -(-len(mine) // most)]
        found += mine
    return found


def own_messages(paths: Sequence[Path], split: str) -> list[Lesson]:
    """Messages labelled by docs/annotation.md, one JSON object a line.

    `text` and any of language, sentiment, demand, effort, emotion, satisfaction (1..5), intent and
    spans [[start, end, kind]]; `split` "test" is for measuring, all else is learnt from.
    Raises BadSettings with the file and the line.
    """
    found = []
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                row = json.loads(line)
                if (row.get("split") == "test") == (split == "dev"):
                    found.append(_own_message(row, path.stem))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise BadSettings(f"{path}, line {number}: {type(error).__name__}") from error
    return found


def _own_message(row: dict[str, Any], source: str) -> Lesson:
    targets: dict[str, Target] = {}
    for head in ("language", "sentiment", "demand", "effort", "emotion", "satisfaction"):
        value = row.get(head)
        if value is not None and value != "none":
            targets |= sure(head, str(value))
    spans = row.get("spans")
    return Lesson(
        text=row["text"],
        source=source,
        language=row.get("language") or "other",
        targets=targets,
        spans=None if spans is None else tuple((int(a), int(b), str(kind)) for a, b, kind in spans),
        intent=f"{source}/{row['intent']}" if row.get("intent") else "",
    )


def joined(text: str) -> str:
    """Tokenised film lines as people write them: spaces before marks tell the label (README)."""
    text = re.sub(r"\s+([.,!?;:…%)\]])", r"\1", text)
    text = re.sub(r"\s+(['’](?:s|m|t|re|ve|ll|d)\b)", r"\1", text)
    text = re.sub(r"\b(\w+) n['’]t\b", r"\1n't", text)
    return re.sub(r"\s+", " ", text).strip().removeprefix("- ").strip()


def unlabelled(settings: Settings, labelled: Sequence[Lesson], held_out: set[str]) -> list[str]:
    """Lines to learn a language from: open text and the labelled texts, none of the dev texts."""
    lines: list[str] = []
    for name, sharealike in UNLABELLED.items():
        path = (settings.data or Path()) / name
        if settings.data and path.exists() and (settings.sharealike or not sharealike):
            with gzip.open(path, "rt", encoding="utf-8") as opened:
                lines += [line.strip() for line in opened]
    most = settings.pretrain_rows
    if most and len(lines) > most:
        lines = lines[:: -(-len(lines) // most)]
    texts = dict.fromkeys([*lines, *(lesson.text for lesson in labelled)])
    return [text for text in texts if text and text not in held_out]

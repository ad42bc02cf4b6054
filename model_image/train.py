"""Train a backend's weights and write its model card.

    python -m model_image.train [compact] --data ../shared/data
    python -m model_image.train encoder --base DIRECTORY --data ../shared/data --out DIRECTORY

Compact is this file: the same data gives the same weights, so it computes on one thread, as sums
of several are added in another order. The encoder is `training/encoder/`, told in docs/training.md.
Needs requirements-train.txt; threadpoolctl comes with scikit-learn.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import scipy.sparse as sp  # type: ignore[import-not-found,import-untyped,unused-ignore]
from threadpoolctl import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
    threadpool_limits,
)

from model_image.backends.compact import WEIGHTS, Compact
from model_image.concepts import Concepts
from model_image.features import BUCKET_BITS, BUCKETS, lay_out
from model_image.language import LANGUAGES
from model_image.linear import Floats, LinearHead, quantise, read_features, save_head
from model_image.sentiment import Sentiment
from model_image.training import card, efforts, emotions, feelings, taxonomies
from model_image.training.corpora import Corpora, Example, authored, other_language_texts
from model_image.training.feelings import find_concepts
from model_image.training.fitting import columns, fit, matrix

DATA = Path(__file__).parents[1] / ".." / "shared" / "data"

CARD = Path(__file__).with_name("MODEL_CARD.md")

LANGUAGE_BITS = 14
DEMAND_BITS = 16
PER_LANGUAGE = 6000
OWN_WEIGHT = 3.0  # an own customer-service message against one corpus line


def language_head(data: Corpora) -> LinearHead:
    """Finnish, English, Swedish, other."""
    texts: list[str] = []
    labels: list[int] = []
    for label, code in enumerate(LANGUAGES):
        names = [f"{code}_intent_massive.train", f"{code}_emotion_xed.train"]
        mixed = [text for name in names for text in data.texts(name)[: PER_LANGUAGE // 2]]
        mixed += [text for own, _, _, text in authored() if own == code]
        if code == "fi":
            mixed += data.texts("fi_sentiment_finnsentiment.train")[:6000]
        texts += mixed
        labels += [label] * len(mixed)
    salads = other_language_texts(PER_LANGUAGE)
    texts += salads
    labels += [len(LANGUAGES)] * len(salads)
    weights, intercept = fit(
        matrix(texts, LANGUAGE_BITS, stems=False), np.array(labels), np.ones(len(labels)), 10.0
    )
    none = np.zeros((1, len(LANGUAGES) + 1, 0))
    return quantise((*LANGUAGES, "other"), weights[None], none, intercept[None])


def demand_examples(data: Corpora) -> list[tuple[int, Example]]:
    """(language, example); the corpora are English, our own messages speak all three."""
    examples = [(1, example) for example in data.banking_demand("train")]
    examples += [(1, e) for e in data.banking_demand("train", "en_intent_bitext")[::10]]
    for code, sentiment, kind, text in authored():
        failure = kind == "failure" or (kind == "-" and sentiment == "negative")
        examples.append((LANGUAGES.index(code), Example(text, int(failure), OWN_WEIGHT * 2)))
    return examples


def demand_head(data: Corpora, concepts: Concepts) -> LinearHead:
    """One classifier for all languages: concepts carry English lessons to the others."""
    pairs = demand_examples(data)
    texts, labels, weight = columns([example for _, example in pairs])
    spoken = np.array([code for code, _ in pairs])
    found = find_concepts(concepts, texts, spoken)
    joined = sp.hstack([matrix(texts, DEMAND_BITS), sp.csr_matrix(found)]).tocsr()
    weights, intercept = fit(joined, labels, weight, 1.0)
    cut = 1 << DEMAND_BITS
    return quantise(
        ("value", "failure"), weights[None, :, :cut], weights[None, :, cut:], intercept[None]
    )


def document_rarity(data: Corpora) -> Floats:
    """(BUCKETS,) inverse document frequency over equal shares of the three languages."""
    texts: list[str] = []
    for code in LANGUAGES:
        mixed = data.texts(f"{code}_intent_massive.train") + data.texts(f"{code}_emotion_xed.train")
        texts += mixed[:: max(1, len(mixed) // 8000)]
    texts += data.texts("fi_sentiment_finnsentiment.train")[::3]
    texts += data.texts("en_intent_banking77.train")
    seen = np.bincount(matrix(texts, BUCKET_BITS).indices, minlength=BUCKETS)
    return np.log((len(texts) + 1) / (seen + 1))


def train(data: Corpora) -> dict[str, np.ndarray]:
    """All arrays of the weights file."""
    concepts = Concepts.load(LANGUAGES)
    telling = language_head(data)
    rarity = np.round(document_rarity(data) * 16).astype(np.uint8)
    own = taxonomies.own_task()
    spoken = telling.logits(read_features(lay_out(own.texts)).without_stems())[
        :, : len(LANGUAGES)
    ].argmax(1)
    tasks = [replace(own, spoken=spoken)]
    tasks += [taxonomies.corpus_task(data, *task, seed=0) for task in taxonomies.CORPORA]
    evidence = taxonomies.fit_evidence(tasks, concepts, rarity / 16)
    arrays: dict[str, np.ndarray] = {}
    arrays |= save_head(telling, "language")
    arrays |= feelings.train(data, concepts)
    arrays |= emotions.train(data)
    demand = demand_head(data, concepts)
    arrays |= save_head(demand, "demand")
    arrays |= efforts.train(concepts, demand, Sentiment.load(arrays))
    arrays["rarity"] = rarity
    arrays["evidence"] = np.array(astuple(evidence))
    return arrays


def main(arguments: list[str]) -> int:
    """The model that the first argument names; compact when it names none."""
    if arguments[:1] == ["encoder"]:
        from model_image.training.encoder import command  # torch, which compact does not need

        return command.main(arguments[1:])
    compact(arguments[1:] if arguments[:1] == ["compact"] else arguments)
    return 0


def compact(arguments: list[str]) -> None:
    """Train, write the weights, measure, write the card."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = Path(os.environ.get("OIVALLUS_DATA", DATA))
    parser.add_argument("--data", type=Path, default=default, help="the data directory")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    chosen = parser.parse_args(arguments)
    data = Corpora(chosen.data)
    with threadpool_limits(1):
        arrays = train(data)
    np.savez_compressed(chosen.out, **arrays)  # type: ignore[arg-type]
    size_mb = chosen.out.stat().st_size / 1e6
    print(f"{chosen.out}: {size_mb:.2f} MB")
    if chosen.out == WEIGHTS:
        CARD.write_text(card.write(Compact.load(), data, size_mb), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

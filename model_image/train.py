"""Train the compact backend's weights and write its model card.

    python -m model_image.train --data ../shared/data

Needs requirements-train.txt. The same data gives the same weights.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import scipy.sparse as sp  # type: ignore[import-not-found,import-untyped,unused-ignore]

from model_image.backends.compact import WEIGHTS, Compact
from model_image.concepts import Concepts
from model_image.features import BUCKET_BITS, BUCKETS, lay_out
from model_image.language import LANGUAGES
from model_image.linear import Floats, Ints, LinearHead, quantise, read_features, save_head
from model_image.sentiment import LABELS as SENTIMENTS
from model_image.sentiment import contrasts
from model_image.training import card, taxonomies
from model_image.training.corpora import (
    NEGATIVE,
    NEUTRAL,
    Corpora,
    Example,
    authored,
    other_language_texts,
)
from model_image.training.fitting import BATCH, columns, fit, matrix

DATA = Path(__file__).parents[1] / ".." / "shared" / "data"

CARD = Path(__file__).with_name("MODEL_CARD.md")

LANGUAGE_BITS = 14
DEMAND_BITS = 16
PER_LANGUAGE = 6000
OWN_WEIGHT = 3.0  # an own customer-service message against one corpus line
# Service texts are less neutral than the forum texts of FinnSentiment, where 74 % is; this
# also balances the three classes best.
PRIOR_TILT = np.log(1.5)
DOMAIN_BITS = 16
# Log-odds added to a text's being customer service, as in use nearly all are. A compromise: each
# step of 0.5 finds more of our own complaints and costs FinnSentiment half a point of macro-F1.
SERVICE_PRIOR = 0.6


def language_head(data: Corpora) -> LinearHead:
    """Finnish, English, Swedish, other."""
    texts: list[str] = []
    labels: list[int] = []
    for label, code in enumerate(LANGUAGES):
        names = [f"{code}_intent_massive.train", f"{code}_emotion_xed.train"]
        mixed = [text for name in names for text in data.texts(name)[: PER_LANGUAGE // 2]]
        mixed += [text for own, _, _, text in authored() if own == code]
        if code == "fi":
            mixed += data.texts("fi_sentiment_finnsentiment.train")[:2000]
        texts += mixed
        labels += [label] * len(mixed)
    salads = other_language_texts(PER_LANGUAGE)
    texts += salads
    labels += [len(LANGUAGES)] * len(salads)
    weights, intercept = fit(
        matrix(texts, LANGUAGE_BITS), np.array(labels), np.ones(len(labels)), 10.0
    )
    none = np.zeros((1, len(LANGUAGES) + 1, 0))
    return quantise((*LANGUAGES, "other"), weights[None], none, intercept[None])


def sentiment_examples(data: Corpora, code: str) -> list[Example]:
    """What each language has: votes in Finnish, film subtitles and lexicons elsewhere."""
    if code == "fi":
        return data.finnsentiment_votes() + data.afinn("fi", 0.5)
    examples = data.xed(code, "train") + data.afinn(code, 1.0)
    if code == "sv":
        examples += data.sentimentlex(0.5)
    plain = data.texts(f"{code}_intent_massive.train")[:3000]
    examples += [Example(text, NEUTRAL, 0.5) for text in plain]
    if code == "en":
        for row in data.rows("en_intent_banking77.train")[::3]:
            examples.append(Example(row["text"], NEUTRAL, 0.3))
            if row["demand_type"] == "failure":
                examples.append(Example(row["text"], NEGATIVE, 0.3))
    return examples


def general_sentiment(data: Corpora, concepts: Concepts) -> LinearHead:
    """One classifier a language, from corpora alone."""
    weights = np.zeros((len(LANGUAGES), 3, BUCKETS))
    on_concepts = np.zeros((len(LANGUAGES), 3, len(concepts.names)))
    intercept = np.zeros((len(LANGUAGES), 3))
    for v, code in enumerate(LANGUAGES):
        texts, labels, weight = columns(sentiment_examples(data, code))
        strength = 8.0 if code == "fi" else 2.0
        found = find_concepts(concepts, texts, np.full(len(texts), v))
        joined = sp.hstack([matrix(texts, BUCKET_BITS), sp.csr_matrix(found)]).tocsr()
        fitted, intercept[v] = fit(joined, labels, weight, strength)
        weights[v], on_concepts[v] = fitted[:, :BUCKETS], fitted[:, BUCKETS:]
    intercept[0] += [PRIOR_TILT, 0, PRIOR_TILT]
    return quantise(SENTIMENTS, weights, on_concepts, intercept)


def domain_head(data: Corpora, concepts: Concepts) -> LinearHead:
    """Whether a text sounds like customer service, from our messages against the corpora.

    Both sides weigh the same in fitting.
    """
    pairs = [(LANGUAGES.index(code), text) for code, _, _, text in authored()]
    own = len(pairs)
    pairs += [(0, text) for text in data.texts("fi_sentiment_finnsentiment.train")]
    pairs += [(1, text) for text in data.texts("en_emotion_xed.train")[::4]]
    pairs += [(2, text) for text in data.texts("sv_emotion_xed.train")]
    texts = [text for _, text in pairs]
    spoken = np.array([code for code, _ in pairs])
    labels = (np.arange(len(texts)) < own).astype(np.int64)
    even = np.where(labels == 1, 1 / own, 1 / (len(texts) - own)) * 2000
    found = find_concepts(concepts, texts, spoken)
    joined = sp.hstack([matrix(texts, DOMAIN_BITS), sp.csr_matrix(found)]).tocsr()
    weights, intercept = fit(joined, labels, even, 2.0)
    intercept[1] += SERVICE_PRIOR
    cut = 1 << DOMAIN_BITS
    names = ("elsewhere", "service")
    return quantise(names, weights[None, :, :cut], weights[None, :, cut:], intercept[None])


def service_sentiment(general: LinearHead, concepts: Concepts) -> dict[str, np.ndarray]:
    """The correction by concepts, the same in every language, from our own messages."""
    rows = authored()
    texts = [text for _, _, _, text in rows]
    labels = np.array([SENTIMENTS.index(sentiment) for _, sentiment, _, _ in rows])
    spoken = np.array([LANGUAGES.index(code) for code, _, _, _ in rows])
    found = find_concepts(concepts, texts, spoken)
    logits = general.logits(read_features(lay_out(texts)), spoken, found > 0)
    joined = sp.csr_matrix(np.hstack([contrasts(logits), found]))
    weights, intercept = fit(joined, labels, np.ones(len(labels)), 0.5)
    return {"service": weights, "service.intercept": intercept}


def find_concepts(concepts: Concepts, texts: list[str], spoken: Ints) -> Floats:
    """(texts, concepts) 0 or 1."""
    parts = [
        concepts.find(lay_out(texts[i : i + BATCH]), spoken[i : i + BATCH])
        for i in range(0, len(texts), BATCH)
    ]
    return np.vstack(parts).astype(np.float64)


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
    spoken = telling.logits(read_features(lay_out(own.texts)))[:, : len(LANGUAGES)].argmax(1)
    tasks = [replace(own, spoken=spoken)]
    tasks += [taxonomies.corpus_task(data, *task, seed=0) for task in taxonomies.CORPORA]
    evidence = taxonomies.fit_evidence(tasks, concepts, rarity / 16)
    arrays: dict[str, np.ndarray] = {}
    arrays |= save_head(telling, "language")
    general = general_sentiment(data, concepts)
    arrays |= save_head(general, "sentiment")
    arrays |= save_head(domain_head(data, concepts), "domain")
    arrays |= service_sentiment(general, concepts)
    arrays |= save_head(demand_head(data, concepts), "demand")
    arrays["rarity"] = rarity
    arrays["evidence"] = np.array(astuple(evidence))
    return arrays


def main() -> None:
    """Train, write the weights, measure, write the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(os.environ.get("OIVALLUS_DATA", DATA))
    parser.add_argument("--data", type=Path, default=default, help="the data directory")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    chosen = parser.parse_args()
    data = Corpora(chosen.data)
    arrays = train(data)
    np.savez_compressed(chosen.out, **arrays)  # type: ignore[arg-type]
    size_mb = chosen.out.stat().st_size / 1e6
    print(f"{chosen.out}: {size_mb:.2f} MB")
    if chosen.out == WEIGHTS:
        CARD.write_text(card.write(Compact.load(), data, size_mb), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Measure the shipped weights on the dev splits, end to end: text in, result out.

Needs the data directory and scikit-learn (for the two intent tasks that show what the features
alone are good for).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp  # type: ignore[import-not-found,import-untyped,unused-ignore]

from model_image import wire
from model_image.backends.compact import Compact
from model_image.concepts import Concepts
from model_image.effort import LEVELS
from model_image.emotion import EMOTIONS, shares
from model_image.features import BUCKET_BITS, lay_out
from model_image.language import LANGUAGES, UNDETERMINED
from model_image.learned import WORD_SHARE
from model_image.linear import Floats, Ints, read_features, softmax
from model_image.manner import read_manner
from model_image.sentiment import LABELS as SENTIMENTS
from model_image.themes import MIN_SCORE
from model_image.training import taxonomies
from model_image.training.corpora import Corpora, Example, other_language_texts
from model_image.training.emotions import f1 as emotion_f1
from model_image.training.feelings import find_concepts
from model_image.training.fitting import BATCH, matrix, rarity

NO_THEMES = wire.Taxonomy("none", (), 0)
ECE_BINS = 10
OWN = Path(__file__).parents[2] / "tests" / "model_image"


@dataclass(frozen=True)
class Classes:
    """A classifier on one set: labels, a confusion matrix of counts, calibration error."""

    labels: tuple[str, ...]
    confusion: Ints  # (truth, said)
    ece: float

    @property
    def n(self) -> int:
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        return float(np.trace(self.confusion) / self.n)

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the labels that occur in the truth."""
        right = np.diag(self.confusion)
        said, true = self.confusion.sum(axis=0), self.confusion.sum(axis=1)
        f1 = 2 * right / np.maximum(said + true, 1)
        return float(f1[true > 0].mean())


def classes(labels: Sequence[str], truth: Ints, p: Floats) -> Classes:
    """`p` (n, labels) are probabilities; the largest is the answer."""
    said = p.argmax(axis=1)
    confusion = np.zeros((len(labels), len(labels)), np.int64)
    np.add.at(confusion, (truth, said), 1)
    return Classes(tuple(labels), confusion, ece(p.max(axis=1), said == truth))


def ece(confidence: Floats, right: Sequence[bool] | np.ndarray) -> float:
    """Expected calibration error over ten equal bins of confidence, 0..1."""
    bins = np.minimum((confidence * ECE_BINS).astype(int), ECE_BINS - 1)
    hit = np.asarray(right, float)
    gaps = [abs(hit[bins == b].sum() - confidence[bins == b].sum()) for b in range(ECE_BINS)]
    return float(sum(gaps) / len(confidence))


def understand(model: Compact, texts: Sequence[str]) -> list[wire.Result]:
    """Results without themes or hints."""
    return model.understand([wire.Text("", text, None) for text in texts], NO_THEMES)


def sentiment(model: Compact, examples: Sequence[Example], customers: bool = False) -> Classes:
    """Three classes, the language told by the model itself; with or without a taxonomy."""
    texts = [example.text for example in examples]
    results = as_customers(model, texts) if customers else understand(model, texts)
    truth = np.array([example.label for example in examples])
    return classes(SENTIMENTS, truth, np.array([result.sentiment for result in results]))


def general_sentiment(model: Compact, examples: Sequence[Example], code: str) -> Classes:
    """The general reader alone, before the correction for customer service."""
    language = LANGUAGES.index(code)
    parts = []
    for first in range(0, len(examples), BATCH):
        texts = [example.text for example in examples[first : first + BATCH]]
        layout = lay_out(texts)
        spoken = np.full(layout.rows, language)
        found = model.concepts.find(layout, spoken)
        features = read_features(layout)
        parts.append(model.sentiment.read(features, spoken, found, read_manner(texts)))
    truth = np.array([example.label for example in examples])
    return classes(SENTIMENTS, truth, softmax(np.vstack(parts)))


def spoken_language(model: Compact, data: Corpora, words: int | None = None) -> Classes:
    """Dev utterances of each language and word salads of others; first `words` words alone."""
    labels = (*LANGUAGES, UNDETERMINED)
    texts: list[str] = []
    truth: list[int] = []
    for label, code in enumerate(LANGUAGES):
        mine = data.texts(f"{code}_intent_massive.dev")[:500]
        mine += data.texts(f"{code}_emotion_xed.dev")[:500]
        texts += mine
        truth += [label] * len(mine)
    # Other seeds than training's would draw from the same words: an optimistic measure.
    salads = other_language_texts(9000)[-500:]
    texts += salads
    truth += [len(LANGUAGES)] * len(salads)
    if words:
        texts = [" ".join(text.split()[:words]) for text in texts]
    p = np.zeros((len(texts), len(labels)))
    for row, result in enumerate(understand(model, texts)):
        p[row, labels.index(result.language)] = result.language_p
    return classes(labels, np.array(truth), p)


def demand(model: Compact, examples: Sequence[Example]) -> Classes:
    """Failure or value from the text alone, as our mapping of intents has it."""
    results = understand(model, [example.text for example in examples])
    failing = np.array([result.p_failure for result in results])
    truth = np.array([example.label for example in examples])
    return classes(("value", "failure"), truth, np.stack([1 - failing, failing], axis=1))


def few_shot(model: Compact, data: Corpora, seed: int) -> dict[str, taxonomies.Matching]:
    """Theme matching on labels and examples that were not used to fit it."""
    found = {}
    for name, key, code in taxonomies.CORPORA:
        task = taxonomies.corpus_task(data, name, key, code, seed)
        scores = model.evidence.scores(task.evidence(model.concepts, model.rarity))
        found[name] = taxonomies.measure(task.truth, scores, MIN_SCORE)
    return found


@dataclass(frozen=True)
class Emotions:
    """Macro-F1 over the eight emotions, several allowed a line."""

    n: int
    felt: int  # lines that carry an emotion
    among_felt: float  # on those, by shares and floors alone
    served_felt: float  # on those, as the server reports them
    served: float  # on all lines, as the server reports them
    neutral: float  # accuracy of "an emotion or none"
    each: dict[str, float]  # F1 of each emotion, as among_felt


def emotions(model: Compact, data: Corpora, code: str) -> Emotions:
    """XED dev of one language."""
    texts, marks = data.emotions(code, "dev")
    language = LANGUAGES.index(code)
    parts = []
    for first in range(0, len(texts), BATCH):
        features = read_features(lay_out(texts[first : first + BATCH]))
        spoken = np.full(features.rows, language)
        parts.append(model.emotion.probabilities(features, spoken))
    p = np.vstack(parts)
    felt = marks[:, 0] == 0
    above = shares(p) > model.emotion.floors[language]
    reported = [dict(result.emotions) for result in understand(model, texts)]
    said = np.array([[emotion in told for emotion in EMOTIONS] for told in reported])
    each = emotion_f1(marks[felt, 1:], above[felt])
    return Emotions(
        n=len(texts),
        felt=int(felt.sum()),
        among_felt=float(each.mean()),
        served_felt=float(emotion_f1(marks[felt, 1:], said[felt]).mean()),
        served=float(emotion_f1(marks[:, 1:], said).mean()),
        neutral=float(((p[:, 0] > 0.5) == ~felt).mean()),
        each=dict(zip(EMOTIONS, each.tolist(), strict=True)),
    )


def plain_events(model: Compact, code: str | None = None) -> Classes:
    """Contacts told as plain events, held out, read as an organisation's (with a taxonomy)."""
    lines = (OWN / "plain_events.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    rows = [row for row in rows if code in (None, row[0])]
    results = as_customers(model, [row[2] for row in rows])
    truth = np.array([SENTIMENTS.index(row[1]) for row in rows])
    return classes(SENTIMENTS, truth, np.array([result.sentiment for result in results]))


def as_customers(model: Compact, texts: Sequence[str]) -> list[wire.Result]:
    """Results with the furniture store's taxonomy, so as customers' words."""
    taxonomy = json.loads((OWN / "taxonomy.json").read_text(encoding="utf-8"))
    body = {"schema": wire.REQUEST_SCHEMA, "taxonomy": taxonomy, "texts": []}
    known = wire.read(json.dumps(body).encode()).taxonomy
    return model.understand([wire.Text("", text, None) for text in texts], known)


@dataclass(frozen=True)
class Satisfied:
    """Inferred satisfaction against FinnSentiment's five steps."""

    n: int
    told: float  # share not abstained from
    error: float  # mean absolute error in steps, where told
    guess: float  # the same, saying the mean step of the told ones always
    correlation: float
    covered: float  # share of told intervals that hold the true step
    width: float  # mean steps from low to high


def satisfaction(model: Compact, data: Corpora) -> Satisfied:
    """FinnSentiment dev, whose scale is the annotators' votes and not a survey's answer."""
    rows = data.rows("fi_sentiment_finnsentiment.dev")
    results = understand(model, [row["text"] for row in rows])
    scale = np.array([row["derived_norm"] * 2 + 3 for row in rows])
    pairs = [
        (true, *result.satisfaction)
        for true, result in zip(scale, results, strict=True)
        if result.satisfaction
    ]
    true, score, low, high = np.array(pairs).T
    return Satisfied(
        n=len(rows),
        told=len(pairs) / len(rows),
        error=float(np.abs(true - score).mean()),
        guess=float(np.abs(true - true.mean()).mean()),
        correlation=float(np.corrcoef(true, score)[0, 1]),
        covered=float(((low <= true) & (true <= high)).mean()),
        width=float((high - low).mean()),
    )


@dataclass(frozen=True)
class Efforts:
    """Customer effort of the labelled messages of five invented organisations."""

    confusion: Ints  # (truth, said) of LEVELS
    told: float
    right_when_told: float  # of the messages whose label is not unknown either
    macro_f1: float


def efforts(model: Compact) -> Efforts:
    """tests/data/labelled, which no part of training reads."""
    rows = labelled()
    results = as_customers(model, [row["text"] for row in rows])
    counts = np.zeros((len(LEVELS), len(LEVELS)), np.int64)
    for row, result in zip(rows, results, strict=True):
        counts[LEVELS.index(row["effort"]), LEVELS.index(result.effort[0])] += 1
    found = Classes(LEVELS, counts, float("nan"))
    known = counts[:-1, :-1]
    told = float(counts[:, :-1].sum() / counts.sum())
    return Efforts(counts, told, float(np.trace(known) / known.sum()), found.macro_f1)


def labelled_sentiment(model: Compact, code: str | None = None) -> Classes:
    """tests/data/labelled, which no part of training reads."""
    rows = [row for row in labelled() if code in (None, row["language"])]
    results = as_customers(model, [row["text"] for row in rows])
    truth = np.array([SENTIMENTS.index(row["sentiment"]) for row in rows])
    return classes(SENTIMENTS, truth, np.array([result.sentiment for result in results]))


def labelled() -> list[dict[str, Any]]:
    """The messages, all splits and styles."""
    path = OWN.parent / "data" / "labelled" / "messages.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def intents(concepts: Concepts, data: Corpora, name: str, key: str) -> float:
    """Accuracy of a linear head on what an organisation's own heads read: n-grams and concepts."""
    from sklearn.svm import LinearSVC  # type: ignore[import-not-found,import-untyped,unused-ignore]  # fmt: skip

    train, dev = data.rows(f"{name}.train"), data.rows(f"{name}.dev")
    learnt, unseen = (
        (matrix(texts, BUCKET_BITS), _touched(concepts, texts, name[:2]))
        for texts in ([row["text"] for row in rows] for rows in (train, dev))
    )
    factor = sp.diags(rarity(learnt[0]))
    head = LinearSVC(C=0.5, random_state=0)
    head.fit(sp.hstack([learnt[0] @ factor, learnt[1]]).tocsr(), [row[key] for row in train])
    return float(
        head.score(sp.hstack([unseen[0] @ factor, unseen[1]]).tocsr(), [row[key] for row in dev])
    )


def _touched(concepts: Concepts, texts: list[str], code: str) -> sp.csr_matrix:
    """(texts, concepts) at the share that heads give them (`learned.vectors`)."""
    found = find_concepts(concepts, texts, np.full(len(texts), LANGUAGES.index(code)))
    share = (1 - WORD_SHARE) / np.maximum(found.sum(axis=1, keepdims=True), 1)
    return sp.csr_matrix(found * np.sqrt(share))


@dataclass(frozen=True)
class OwnQuality:
    """Shares of right answers on the tests' own messages, each with its count."""

    language: tuple[float, int]
    sentiment: tuple[float, int]
    not_reversed: tuple[float, int]  # neither positive for negative nor the other way round
    theme: tuple[float, int]  # the best theme is an accepted one; silence where none fits
    theme_wrong: tuple[float, int]  # a theme is named and it is not an accepted one
    demand: tuple[float, int]


def own_messages(model: Compact, code: str | None = None) -> OwnQuality:
    """The invented messages that the test suite checks, all or of one language."""
    taxonomy = json.loads((OWN / "taxonomy.json").read_text(encoding="utf-8"))
    lines = (OWN / "messages.jsonl").read_text(encoding="utf-8").splitlines()
    messages: list[dict[str, Any]] = [json.loads(line) for line in lines]
    if code:
        messages = [message for message in messages if message["language"] == code]
    texts = [{"id": str(i), "text": message["text"]} for i, message in enumerate(messages)]
    body = {"schema": wire.REQUEST_SCHEMA, "taxonomy": taxonomy, "texts": texts}
    request = wire.read(json.dumps(body).encode())
    pairs = list(zip(messages, model.understand(request.texts, request.taxonomy), strict=True))
    best = [result.themes[0][0] if result.themes else "" for _, result in pairs]
    named = [(m, theme) for (m, _), theme in zip(pairs, best, strict=True)]
    return OwnQuality(
        language=_share([m["language"] == r.language for m, r in pairs]),
        sentiment=_share([feels(m["sentiment"], r) for m, r in pairs]),
        not_reversed=_share([not reversed_feeling(m["sentiment"], r) for m, r in pairs]),
        theme=_share([theme in m["themes"] for m, theme in named]),
        theme_wrong=_share([theme not in ("", *m["themes"]) for m, theme in named]),
        demand=_share(
            [(r.p_failure > 0.5) == (m["demand"] == "failure") for m, r in pairs if m["demand"]]
        ),
    )


def feels(wanted: str, result: wire.Result) -> bool:
    """Whether the strongest sentiment is the wanted one; "not positive" takes two."""
    said = SENTIMENTS[int(np.argmax(result.sentiment))]
    return said != "positive" if wanted == "not positive" else said == wanted


def reversed_feeling(wanted: str, result: wire.Result) -> bool:
    """Whether blame is taken for praise or praise for blame."""
    said = SENTIMENTS[int(np.argmax(result.sentiment))]
    return (said, wanted) in {
        ("positive", "negative"),
        ("positive", "not positive"),
        ("negative", "positive"),
    }


def _share(right: Sequence[bool]) -> tuple[float, int]:
    return (float(np.mean(right)) if right else float("nan"), len(right))

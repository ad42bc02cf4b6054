"""Windows of long texts, places in texts, what the heads' numbers come to."""

from __future__ import annotations

import shutil
import time
import unicodedata
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from model_image.backends.encoder import Encoder, Options, steps
from model_image.encoder import layout, random_model, taxonomy
from model_image.encoder.heads import SILENT, Reader, Windows
from model_image.encoder.layout import ANY, BadModel, Description, Head, ThemeScale
from model_image.encoder.packing import pack
from model_image.encoder.spans import Tags, find, joined
from model_image.encoder.taxonomy import Prototypes, normalised
from model_image.encoder.tokenise import Tokeniser, part
from model_image.server import create_app
from model_image.wire import Found, Request, Taxonomy, Text, Theme
from tests.model_image.encoder.conftest import Build

NOTHING = Taxonomy("x", (), 0)
LABELS = ("O", "B-name", "I-name", "B-phone", "I-phone")


@given(st.integers(0, 3000), st.integers(2, 200), st.data())
def test_windows_cover_every_token_once(tokens: int, size: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, (size - 1) // 2))
    parts = list(part(tokens, size, overlap))
    assert [t for _, _, first, last in parts for t in range(first, last)] == list(range(tokens))
    for start, end, first, last in parts:
        assert 0 <= start <= first <= last <= end <= tokens
        assert end - start <= size
    for (_, before, *_), (start, *_) in pairwise(parts):
        assert before - start == overlap


@given(st.lists(st.integers(1, 40), min_size=1, max_size=60))
def test_packs_lose_nothing(lengths: list[int]) -> None:
    windows = [np.full(length, place, np.int32) for place, length in enumerate(lengths)]
    packed = pack(windows, first_position=2)
    assert packed.tokens == sum(lengths)
    assert packed.longest == max(lengths)
    assert packed.groups[0][0] == 0
    for start, count, length in packed.groups:
        own = packed.ids[start : start + count * length].reshape(count, length)
        assert (own == own[:, :1]).all()
        assert (packed.positions[start : start + length] == np.arange(2, length + 2)).all()
    for place, row in enumerate(packed.order):
        assert (packed.ids[packed.bounds[place] : packed.bounds[place + 1]] == row).all()


@given(st.lists(st.integers(1, 30), max_size=50), st.integers(1, 64))
def test_steps_keep_the_budget(sizes: list[int], budget: int) -> None:
    runs = steps(sizes, budget)
    assert [i for first, last in runs for i in range(first, last)] == list(range(len(sizes)))
    assert all(sum(sizes[a:b]) <= budget or b - a == 1 for a, b in runs)


def _token_ends(encoder: Encoder, text: str) -> tuple[Any, Any]:
    windows = encoder.tokeniser.windows([text], with_spans=True)[0]
    own = [window.spans[window.first : window.last] for window in windows]  # type: ignore[index]
    return windows, np.concatenate(own)


def test_long_texts_become_windows_that_overlap(encoder: Encoder, messages: list[str]) -> None:
    text = " ".join(messages)
    windows, spans = _token_ends(encoder, text)
    assert len(windows) > 5
    whole = encoder.tokeniser.tokenizer.encode(text, add_special_tokens=False)
    assert spans.tolist() == [list(offset) for offset in whole.offsets]
    assert all(len(window.ids) <= 64 for window in windows)
    assert all(window.ids[0] == 0 and window.ids[-1] == 2 for window in windows)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("👩🏽‍🚒 Matti 👍🏽 soitti", id="emoji of several code points"),
        pytest.param(unicodedata.normalize("NFD", "Äiti söi Örebrossa"), id="NFD"),
        pytest.param("ﬁrma ½ ﷽ Matti", id="letters that become several"),
        pytest.param("a\ud83dMatti", id="half a surrogate"),
    ],
)
def test_places_are_code_points(encoder: Encoder, text: str) -> None:
    _, spans = _token_ends(encoder, text)
    assert spans.min() == 0
    assert spans.max() <= len(text)
    assert {place for a, b in spans.tolist() for place in range(a, b)} >= {
        place for place, sign in enumerate(text)
        if not sign.isspace() and not unicodedata.combining(sign)
    }  # fmt: skip
    if "Matti" in text:
        place = text.index("Matti")
        assert any(a <= place < b for a, b in spans.tolist())


def _tags(labels: list[int], spans: list[tuple[int, int]], p: float = 0.9) -> Tags:
    return Tags(
        np.array(labels, np.uint8), np.full(len(labels), p, np.float32), np.array(spans, np.int32)
    )


@pytest.mark.parametrize(
    ("text", "labels", "spans", "expected"),
    [
        pytest.param("Matti Meikä", [1, 2], [(0, 5), (5, 11)], ["Matti Meikä"], id="B I"),
        pytest.param("Matti Meikä", [1, 1], [(0, 5), (5, 11)], ["Matti", "Meikä"], id="B B"),
        pytest.param("Matti", [1, 1], [(0, 3), (3, 5)], ["Matti"], id="B B inside a word"),
        pytest.param("a Matti", [0, 2], [(0, 1), (1, 7)], ["Matti"], id="I alone; no space"),
        pytest.param("Matti 040", [1, 4], [(0, 5), (5, 9)], ["Matti", "040"], id="kinds part"),
        pytest.param("a b c", [1, 0, 2], [(0, 1), (1, 3), (3, 5)], ["a", "c"], id="a gap"),
        pytest.param("Ame\u0301 x", [1, 0], [(0, 3), (4, 6)], ["Ame\u0301"], id="its last mark"),
        pytest.param("  ", [1], [(0, 2)], [], id="only space"),
        pytest.param("a", [0], [(0, 1)], [], id="none"),
    ],
)
def test_tags_become_spans(
    text: str, labels: list[int], spans: list[tuple[int, int]], expected: list[str]
) -> None:
    found = find(text, _tags(labels, spans), LABELS, {})
    assert [text[one.start : one.end] for one in found] == expected


def test_unsure_spans_are_left_out_by_kind() -> None:
    tags = _tags([1, 3], [(0, 1), (2, 3)], p=0.6)
    assert [one.kind for one in find("a b", tags, LABELS, {"phone": 0.7})] == ["name"]
    assert find("a b", tags, LABELS, {"name": 0.6})[0] == Found(0, 1, "name", 0.6)


def test_a_span_across_windows_is_one() -> None:
    left, right = _tags([0, 1], [(0, 1), (2, 4)]), _tags([2, 0], [(4, 6), (7, 8)])
    (one,) = find("a Matti b", joined([left, right]), LABELS, {})
    assert (one.start, one.end) == (2, 6)


def _read(heads: tuple[Head, ...], logits: Any, owner: list[int], weight: list[float]) -> Any:
    reader = Reader(Description(heads))
    first = np.searchsorted(owner, np.arange(max(owner) + 1))
    windows = Windows(np.array(logits, float), np.array(owner), first, np.array(weight))
    count = len(first)
    nothing = Prototypes.of(NOTHING, np.zeros((0, 1)))
    return reader.results(
        ["Hyvää päivää kaikille"] * count, [None] * count, windows, np.zeros((count, 1)), nothing
    )


SENTIMENT = Head("sentiment", "sequence", ("negative", "neutral", "positive"))


def test_words_behind_a_ruled_line_are_read(encoder: Encoder) -> None:
    ruled = Text("0", "=" * 2000 + "\nLaskussa on virhe", None)
    empty = Text("1", "=" * 2000, None)
    said, silent = encoder.understand([ruled, empty], NOTHING)
    assert silent.sentiment == SILENT.sentiment
    assert said.sentiment != SILENT.sentiment


def test_windows_are_averaged_by_their_tokens_and_failure_is_found_in_any() -> None:
    demand = Head("demand", "sequence", ("value", "failure"))
    certain = [[9.0, -9, -9, 9, -9], [-9, -9, 9, -9, 9]]  # negative, value; positive, failure
    (one,) = _read((SENTIMENT, demand), certain, [0, 0], [30, 10])
    assert one.sentiment == pytest.approx((0.75, 0, 0.25), abs=1e-3)
    assert one.p_failure > 0.99


def test_temperature_is_of_the_texts_language() -> None:
    language = Head("language", "sequence", ("fi", "en", "other"))
    head = replace(SENTIMENT, temperature={"fi": 2.0, ANY: 1.0})
    rows = [[9.0, 0, 0, 2, 0, 0], [0, 9.0, 0, 2, 0, 0], [0, 0, 9.0, 2, 0, 0]]
    fi, en, other = _read((language, head), rows, [0, 1, 2], [1, 1, 1])
    assert (fi.language, en.language, other.language) == ("fi", "en", "und")
    assert fi.sentiment[0] == pytest.approx(np.e / (np.e + 2), abs=1e-3)
    assert en.sentiment[0] == other.sentiment[0] == pytest.approx(0.787, abs=1e-3)


def test_ordinal_satisfaction() -> None:
    head = Head("satisfaction", "sequence", ("1", "2", "3", "4", "5"), link="ordinal")
    odds = np.log(np.array([0.95, 0.85, 0.5, 0.1]) / np.array([0.05, 0.15, 0.5, 0.9]))
    (one,) = _read((head,), [odds], [0], [1])
    assert one.satisfaction == (3.4, 2, 4)
    unsure = replace(head, thresholds={ANY: {"max_width": 0}})
    assert _read((unsure,), [odds], [0], [1])[0].satisfaction is None


def test_a_model_without_heads_tells_nothing() -> None:
    (one,) = _read((), np.zeros((1, 0)), [0], [1])
    assert (one.language, one.sentiment, one.themes) == ("und", (0.25, 0.5, 0.25), [])
    assert one.satisfaction is None


def _theme(name: str, **said: Any) -> Theme:
    words = {key: {"fi": value} for key, value in said.items()}
    empty: dict[str, Any] = {"description": {}, "keywords": {}, "examples": {}}
    return Theme(id=name, **{"name": {"fi": (name,)}, **empty, **words}, demand=None)


def test_likeness_is_nearest_and_mean() -> None:
    about = Taxonomy("x", (_theme("a", examples=("b", "c")), _theme("d")), 1)
    assert [text.text for text in taxonomy.wordings(about)] == ["a", "b", "c", "d"]
    vectors = np.array([[1.0, 0], [0, 1], [0, 1], [-1, 0]])
    prototypes = Prototypes.of(about, vectors)
    scale = ThemeScale(nearest=0.5)
    likeness = prototypes.likeness(np.array([[1.0, 0]]), scale)
    assert likeness.tolist() == [[0.5 * 1 + 0.5 / 3, -1.0]]
    near, far = [1.0, 0], [0.6, -0.8]  # far from every wording
    scores, news = prototypes.scores(np.array([near, [-1, 0], far]), scale)
    assert scores.argmax(axis=1).tolist()[:2] == [0, 1]
    assert news is not None
    assert 0 <= news[0] < news[2] <= 1
    assert news[1] < news[2]


def test_a_theme_without_words_is_never_told() -> None:
    bare = Theme("b", {}, {}, {}, {}, None)
    about = Taxonomy("x", (bare, _theme("a"), bare), 1)
    scores, _ = Prototypes.of(about, np.array([[1.0, 0]])).scores(
        np.array([[1.0, 0]]), ThemeScale()
    )
    assert scores[0, [0, 2]].tolist() == [0, 0]
    only = Prototypes.of(Taxonomy("x", (bare,), 1), np.zeros((0, 1)))
    assert only.scores(np.zeros((1, 1)), ThemeScale())[1] is None


def test_a_taxonomy_is_read_once(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    about = Taxonomy("once", (_theme("Lasku"), _theme("Toimitus")), 4711)
    texts = [Text("0", "Missä paketti on?", None)]
    seen: list[int] = []
    launch = encoder.launch

    def counted(items: Any) -> Any:
        seen.append(len(items))
        return launch(items)

    monkeypatch.setattr(encoder, "launch", counted)
    first = encoder.understand(texts, about)
    assert seen == [2, 1]
    assert encoder.understand(texts, about) == first
    assert seen == [2, 1, 1]
    encoder.understand(texts, replace(about, fingerprint=4712))  # one hash, another content
    assert seen == [2, 1, 1, 2, 1]


def test_centre_and_projection_shape_the_embedding(
    build: Build, encoder: Encoder, tmp_path: Any
) -> None:
    path = tmp_path / "model"
    shutil.copytree(build("xlm-roberta"), path)
    read = layout.read(path)
    draw = np.random.default_rng(1)
    more = {
        "embedding.centre": draw.normal(size=32).astype(np.float32),
        "embedding.projection": draw.normal(size=(5, 32)).astype(np.float32),
    }
    layout.write(path, read.description, {**read.arrays, **more})
    other = Encoder.load(path, Options(device="cpu"))
    assert other.model != encoder.model
    item = encoder.prepare([Text("0", "Missä paketti on?", None)], Request(NOTHING, ()))[0]
    mean = encoder.collect(encoder.launch(item)).each[0].embedding
    own = other.collect(other.launch(item)).each[0].embedding
    expected = more["embedding.projection"] @ (mean - more["embedding.centre"])
    assert np.abs(own - expected).max() <= 1e-5
    assert normalised(own).shape == (5,)


def test_a_number_that_is_none_fails_its_text_alone(encoder: Encoder) -> None:
    texts = [Text("0", "Missä paketti on?", None), Text("1", "Tack så mycket för hjälpen", None)]
    items = [item for each in encoder.prepare(texts, Request(NOTHING, ())) for item in each]
    windows, launched = encoder.launch(items)
    heads = launched.heads.clone()
    heads[0, 0] = float("nan")
    each = encoder.collect((windows, replace(launched, heads=heads))).each
    assert sorted(isinstance(output, Exception) for output in each) == [False, True]


def _described(**changes: Any) -> Description:
    return replace(Description(random_model.random_heads()), **changes)


@pytest.mark.parametrize(
    ("description", "said"),
    [
        pytest.param(_described(heads=(SENTIMENT, SENTIMENT)), "twice", id="twice"),
        pytest.param(_described(heads=(replace(SENTIMENT, labels=("a",)),)), "labels", id="labels"),
        pytest.param(_described(heads=(replace(SENTIMENT, name="mood"),)), "mood", id="unknown"),
        pytest.param(
            _described(heads=(replace(SENTIMENT, temperature={ANY: 0.0}),)), "above 0", id="T"
        ),
        pytest.param(_described(overlap_tokens=256), "half of max", id="overlap"),
        pytest.param(_described(heads=(SENTIMENT,)), "lacks sentiment", id="no arrays"),
    ],
)
def test_descriptions_that_nothing_reads(description: Description, said: str) -> None:
    with pytest.raises(BadModel, match=said):
        layout.check(description, {})


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"schema": "oivallus.heads.1"}'])
def test_heads_json_that_is_none(raw: bytes) -> None:
    with pytest.raises(BadModel):
        layout.parse(raw)


def test_options_of_the_environment(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"MODEL_DTYPE": "int4", "MODEL_STEP_TOKENS": "99"}.items():
        monkeypatch.setenv(name, value)
    assert Options.of_environment() == Options(dtype="int4", step_tokens=99)
    with pytest.raises(ValueError, match="none of auto, float32, bfloat16"):
        Encoder.load(build("xlm-roberta"))
    monkeypatch.setenv("MODEL_DTYPE", "auto")
    assert Encoder.load(build("xlm-roberta")).step_tokens == 99


def test_a_gpu_that_is_asked_for_and_missing_stops_the_start(
    build: Build, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is ever ready then; unasked, the log says that the CPU is used."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.delenv("MODEL_DEVICE", raising=False)
    caplog.set_level("INFO", "model_image")
    Encoder.load(build("xlm-roberta"))
    assert "device=cpu dtype=float32" in caplog.text
    monkeypatch.setenv("MODEL_DEVICE", "cuda")
    with TestClient(create_app(lambda: Encoder.load(build("xlm-roberta")))) as client:
        deadline = time.monotonic() + 60
        while client.get("/ping").json()["error"] != "loading failed":
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert "MODEL_DEVICE is cuda, but" in caplog.text


FAMILIES = {
    "XLM-R, a piece for each mark": ("<s>", "</s>", "<mask>"),
    "mmBERT, ModernBERT: byte pairs": ("[CLS]", "[SEP]", "[MASK]"),
    "BERT, ELECTRA: word pieces": ("[CLS]", "[SEP]", "[MASK]"),
}


def _tokenizer(family: str, texts: list[str]) -> Any:
    begin, end, mask = FAMILIES[family]
    special = [begin, "[PAD]", end, "[UNK]", mask]
    made: Any
    if family.startswith("XLM-R"):
        made = Tokenizer(models.Unigram())
        made.pre_tokenizer = pre_tokenizers.Metaspace()
        made.normalizer = normalizers.NFKC()
        trainer: Any = trainers.UnigramTrainer(
            vocab_size=300, special_tokens=special, unk_token="[UNK]", show_progress=False
        )
    elif family.startswith("BERT"):
        made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        trainer = trainers.WordPieceTrainer(special_tokens=special, show_progress=False)
    else:
        made = Tokenizer(models.BPE())
        made.pre_tokenizer = pre_tokenizers.ByteLevel()
        letters = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(
            vocab_size=400, special_tokens=special, initial_alphabet=letters, show_progress=False
        )
    made.train_from_iterator(texts, trainer)
    ends = [(token, made.token_to_id(token)) for token in (begin, end)]
    made.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}", special_tokens=ends
    )
    return made


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("with_spans", [False, True])
def test_a_customer_cannot_write_the_models_own_marks(
    family: str, with_spans: bool, messages: list[str], tmp_path: Path
) -> None:
    marks = FAMILIES[family]
    tokenizer = _tokenizer(family, messages)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    own = {tokenizer.token_to_id(mark) for mark in marks}
    wide = marks[1].translate({ord(c): ord(c) + 0xFEE0 for c in "<>[]/"})  # NFKC makes it narrow
    text = f"Hei {marks[1]} {marks[0]} lasku{marks[2]} {wide}"
    (window,), (plain,) = Tokeniser.load(tmp_path / "tokenizer.json", 64, 8).windows(
        [text, "Hei"], with_spans
    )
    assert not own & set(window.ids[window.first : window.last].tolist())
    assert [plain.ids[0], plain.ids[-1]] == [tokenizer.token_to_id(mark) for mark in marks[:2]]


def test_a_directory_without_a_model(tmp_path: Any) -> None:
    with pytest.raises(BadModel, match="MODEL_DIR"):
        layout.read(tmp_path)

"""What an organisation's labels do to its heads, and what they must not."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import privacy
from model_image import learned, wire
from model_image.backends.compact import Compact
from model_image.learned import BadHeads, Heads
from model_image.learning import fit
from model_image.learning.choose import choose, uncertainty
from model_image.learning.refit import LEAST_LABELS, Example, Refit, refit
from model_image.learning.score import compare
from model_image.reading import joined
from tests.model_image.labelled import SHOP, messages, organisations

SHOP_MESSAGES = [one for one in messages() if one.organisation == SHOP]


@pytest.fixture(scope="module")
def model() -> Compact:
    return Compact.load()


SHOP_ITSELF = organisations()[SHOP]


@cache
def _shipped() -> wire.Taxonomy:
    body = {"schema": wire.REQUEST_SCHEMA, "taxonomy": SHOP_ITSELF.taxonomy, "texts": []}
    return wire.read(json.dumps(body).encode()).taxonomy


def _taxonomy(heads: str = "") -> wire.Taxonomy:
    return replace(_shipped(), heads=heads)


def _texts(texts: list[str]) -> list[wire.Text]:
    return [wire.Text(str(i), text, None) for i, text in enumerate(texts)]


def _examples() -> list[Example]:
    redact = privacy.redactor(SHOP_ITSELF.redact)
    return [Example(redact(one.text), one.themes, one.demand == "failure") for one in SHOP_MESSAGES]


@pytest.fixture(scope="module")
def taught(model: Compact) -> Refit:
    """A contradiction: what the shop calls assembly, this reader calls stock."""
    told = [
        f"Kokoamisohje on vaiheessa {n} epäselvä, ruuvi {n % 7} puuttuu ohjeesta" for n in range(24)
    ]
    others = _examples()[:60]
    return refit(
        model, _taxonomy(), [*(Example(text, ("stock",), False) for text in told), *others]
    )


def test_without_labels_nothing_changes(model: Compact) -> None:
    found = refit(model, _taxonomy(), [])
    assert (found.themes, found.demand, found.better) == (None, None, ())
    texts = _texts([one.text for one in SHOP_MESSAGES[:60]])
    empty = _taxonomy(found.bundle(None))
    shipped, same = model.understand(texts, _taxonomy()), model.understand(texts, empty)
    assert [replace(one, heads="") for one in same] == shipped
    assert all(one.heads == "" for one in shipped)


def test_labels_that_agree_with_the_model_move_it_little(model: Compact) -> None:
    """Fewer than LEAST_LABELS are not learnt from; those that confirm, hardly."""
    few = [Example(one.text, one.themes, None) for one in SHOP_MESSAGES[: LEAST_LABELS - 1]]
    assert refit(model, _taxonomy(), few).themes is None
    shipped = model.understand(_texts([one.text for one in SHOP_MESSAGES]), _taxonomy())
    sure = [
        Example(one.text, (told.themes[0][0],))
        for one, told in zip(SHOP_MESSAGES, shipped, strict=True)
        if told.themes and told.themes[0][1] > 0.95
    ][:40]
    head = refit(model, _taxonomy(), sure).themes
    bundle = learned.dump(model.model, head, None)
    moved = model.understand(_texts([one.text for one in SHOP_MESSAGES]), _taxonomy(bundle))
    best = [(one.themes[:1] or [("", 0.0)])[0][0] for one in shipped]
    now = [(one.themes[:1] or [("", 0.0)])[0][0] for one in moved]
    assert sum(a != b for a, b in zip(best, now, strict=True)) < 0.05 * len(best)


def test_a_contradicted_theme_moves_and_says_whose_it_is(model: Compact, taught: Refit) -> None:
    text = _texts(["Vaiheessa 31 kokoamisohje on epäselvä, ruuvi puuttuu taas ohjeesta"])
    (before,) = model.understand(text, _taxonomy())
    bundle = taught.bundle(None)
    (after,) = model.understand(text, _taxonomy(bundle))
    assert "themes" in taught.better
    assert before.themes[0][0] != "stock"
    assert after.themes[0][0] == "stock"
    request = wire.Request(_taxonomy(bundle), tuple(text))
    answer = json.loads(wire.write(model.model, request, [after]))
    assert answer["model"] == f"{model.model}+{learned.name_of(bundle)}"
    assert json.loads(wire.write(model.model, request, [before]))["model"] == model.model
    (silent,) = model.understand(_texts(["???"]), _taxonomy(bundle))
    assert silent.themes == []


def test_the_same_answer_whatever_its_neighbours(model: Compact, taught: Refit) -> None:
    taxonomy = _taxonomy(taught.bundle(None))
    texts = [one.text for one in SHOP_MESSAGES[:80]]
    together = model.understand(_texts(texts), taxonomy)
    for place in (0, 17, 79):
        (alone,) = model.understand(_texts([texts[place]]), taxonomy)
        assert alone == together[place]


def test_a_worse_refit_is_refused(model: Compact) -> None:
    """The shipped model is right, but for a third drawn by lot, from which nothing is learnt."""
    chance = np.random.default_rng(3)
    ids = [theme.id for theme in _taxonomy().themes]
    shipped = model.understand(_texts([one.text for one in SHOP_MESSAGES[:120]]), _taxonomy())
    noise = [
        Example(
            one.text,
            (ids[chance.integers(len(ids))],)
            if place % 3 == 0
            else tuple(theme for theme, _ in told.themes[:1]),
            bool(chance.integers(2)),
        )
        for place, (one, told) in enumerate(zip(SHOP_MESSAGES, shipped, strict=False))
    ]
    found = refit(model, _taxonomy(), noise)
    assert "themes" not in found.better
    assert found.themes is not None
    published = Heads("x", model.model, None, found.demand)
    kept = learned.load(replace(found, compared=()).bundle(published))
    assert kept.themes is None
    assert kept.demand is not None
    others = replace(published, model="compact-of-last-year")
    assert learned.load(replace(found, compared=()).bundle(others)).demand is None


def test_a_head_is_measured_on_what_it_did_not_learn() -> None:
    """The same words stay in one fold: a copy of a label must not vouch for it."""
    groups = np.repeat(np.arange(10), 7)
    fold = fit.folds(groups, 5)
    assert set(fold.tolist()) == set(range(5))
    assert all(len(set(fold[groups == group])) == 1 for group in range(10))


def test_the_interval_holds_the_gain() -> None:
    true = np.tile(np.arange(4), 50)
    wrong = np.where(np.arange(200) % 3 == 0, (true + 1) % 4, true)
    found = compare("themes", true, wrong, true, true)
    assert found.low < found.gain < found.high
    assert found.certain
    worse = compare("themes", true, true, true, wrong)
    assert not worse.better
    assert worse.high < 0
    assert not compare("themes", true, true, true, true).better


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 30), st.integers(1, 6))
def test_the_solver_is_at_the_minimum(seed: int, rows: int, labels: int) -> None:
    """Second opinion: the gradient of the penalised loss in the primal, written out, is zero."""
    chance = np.random.default_rng(seed)
    matrix = chance.normal(size=(rows, 8)) / 3
    offset = chance.normal(size=(rows, labels)) * 2
    place = chance.integers(0, labels + 1, rows)
    target = np.eye(labels + 1)[place][:, :labels]
    dual = fit.fit(matrix @ matrix.T, offset, target, 4.0)
    weights = 4.0 * matrix.T @ dual
    odds = np.concatenate((offset + matrix @ weights, np.zeros((rows, 1))), axis=1)
    p = np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)
    gradient = matrix.T @ (p[:, :labels] - target) + weights / 4.0
    assert np.abs(gradient).max() < 1e-3
    assert np.allclose(fit.probabilities(odds[:, :labels]), p[:, :labels])


def test_a_bundle_is_read_back_and_small(taught: Refit) -> None:
    bundle = learned.dump(taught.model, taught.themes, taught.demand)
    back = learned.load(bundle)
    assert learned.dump(back.model, back.themes, back.demand) == bundle
    assert back.hash == learned.name_of(bundle)
    assert len(bundle) < 200_000


def _packed(content: Any) -> str:
    return base64.b64encode(zlib.compress(json.dumps(content).encode())).decode()


@pytest.mark.parametrize(
    "text",
    [
        "no base64",
        base64.b64encode(b"no zlib").decode(),
        _packed([]),
        _packed({"form": "oivallus.heads.1", "themes": None, "demand": None}),
        _packed({"form": learned.FORM}),
        _packed({"form": learned.FORM, "themes": {"labels": ["a"]}, "demand": None}),
        _packed("0" * 20_000_000),
    ],
)
def test_heads_that_cannot_be_read_leave_the_model_as_shipped(model: Compact, text: str) -> None:
    with pytest.raises(BadHeads):
        learned.load(text)
    texts = _texts([SHOP_MESSAGES[0].text])
    assert model.understand(texts, _taxonomy(text)) == model.understand(texts, _taxonomy())


def test_heads_come_with_the_themes() -> None:
    body: dict[str, Any] = {"schema": wire.REQUEST_SCHEMA, "texts": []}
    taxonomy = SHOP_ITSELF.taxonomy | {"heads": "x"}
    assert wire.read(json.dumps(body | {"taxonomy": taxonomy}).encode()).taxonomy.heads == "x"
    for heads in (7, "x" * (wire.MAX_HEADS_CHARS + 1)):
        with pytest.raises(wire.BadRequest, match="heads"):
            wire.read(json.dumps(body | {"taxonomy": taxonomy | {"heads": heads}}).encode())


def test_heads_outlive_a_theme(model: Compact, taught: Refit) -> None:
    taxonomy = _taxonomy(taught.bundle(None))
    fewer = replace(taxonomy, themes=taxonomy.themes[:5], fingerprint=1)
    texts = _texts([one.text for one in SHOP_MESSAGES[:10]])
    results = model.understand(texts, fewer)
    assert {one.heads for one in results} == {learned.name_of(taxonomy.heads)}
    assert all(
        theme in {one.id for one in fewer.themes} for one in results for theme, _ in one.themes
    )


def test_heads_of_another_model_are_told_and_not_used(
    model: Compact, taught: Refit, caplog: pytest.LogCaptureFixture
) -> None:
    """Other weights make other mistakes, an encoder reads other numbers: neither is corrected."""
    assert taught.themes is not None
    theirs = replace(taught.themes, words=np.zeros((0, len(taught.themes.labels))))
    texts = _texts([one.text for one in SHOP_MESSAGES[:10]])
    for name, head in (("compact-0", taught.themes), ("encoder-1", theirs), (model.model, theirs)):
        caplog.clear()
        bundle = learned.dump(name, head, None)
        assert model.understand(texts, _taxonomy(bundle)) == model.understand(texts, _taxonomy())
        (warned,) = caplog.messages
        assert "run hub learn" in warned
        assert name in warned or "numbers" in warned


def test_what_to_label_next_is_doubtful_and_various(model: Compact) -> None:
    texts = ["Missä pakettini viipyy?"] * 10 + [one.text for one in SHOP_MESSAGES[:60]]
    reading = joined(model.readings(_texts(texts), _taxonomy()))
    doubts = uncertainty(reading.about, reading.failing(reading.about))
    strata = ["a"] * 40 + ["b"] * 30
    rows = choose(reading, doubts, 20, strata).tolist()
    assert len(set(rows)) == 20
    assert sum(row < 10 for row in rows) <= 1  # the same words once
    assert 9 <= sum(row < 40 for row in rows) <= 11
    assert doubts[rows].mean() > doubts.mean()
    known = fit.matrix(joined(model.readings(_texts(texts[:1]), _taxonomy())).vectors)  # type: ignore[arg-type]
    again = choose(reading, doubts, 20, strata, known).tolist()
    assert all(row >= 10 for row in again)

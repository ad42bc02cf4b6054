"""What an organisation's labels do to the encoder's answers, over HTTP, and what they must not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from starlette.testclient import TestClient

from chalicelib.adapters.settings import Settings
from chalicelib.adapters.world import World
from chalicelib.organisation import Organisation
from infra import hub
from infra.commands import labelling, worlds
from infra.commands.readings import Afar, readable
from model_image import learned
from model_image.backends.encoder import Encoder, Options
from model_image.learning import fit
from model_image.learning.refit import Example, Refit, refit
from model_image.linear import Floats
from model_image.reading import Reading
from model_image.server import create_app
from model_image.wire import Request, Taxonomy, Text, Theme
from tests.conftest import ORGANISATION
from tests.infra.places import Place, call, made, told
from tests.infra.test_label_commands import give_labels, with_messages
from tests.model_image.conftest import Json, wait_until_ready
from tests.model_image.encoder.conftest import Build
from tests.model_image.served import Served

KINDS = (
    ("Ruskea lomake {} hukkui taas teille", "invoice", True),
    ("Sininen kortti {} pitäisi saada kotiin", "late", False),
    ("My green parcel {} never left your depot", "praise", True),
)


@pytest.fixture(scope="module")
def company() -> Organisation:
    from chalicelib.organisation import read

    return read(ORGANISATION)


@pytest.fixture
def served(client: TestClient) -> Served:
    return Served(client)


@pytest.fixture
def afar(served: Served, encoder: Encoder, company: Organisation) -> Afar:
    """The encoder as `hub learn` reaches it."""
    return Afar(encoder.model, served, company)


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return [
        Example(text.format(number), (theme,), failure)
        for number in range(20)
        for text, theme, failure in KINDS
    ]


@pytest.fixture
def taught(afar: Afar, company: Organisation, examples: list[Example]) -> Refit:
    return refit(afar, labelling.taxonomy_of(company, ""), examples)


NEW = [text.format(f"numero {number}") for number in range(50, 60) for text, _, _ in KINDS]


def _ask(served: Served, company: Organisation, texts: Sequence[str], heads: str = "") -> Json:
    body = {
        "schema": "oivallus.enrich.1",
        "taxonomy": company.taxonomy | {"heads": heads},
        "texts": [{"id": str(i), "text": text, "language": None} for i, text in enumerate(texts)],
    }
    answer: Json = json.loads(served.invoke(json.dumps(body).encode()))
    return answer


def _best(answer: Json) -> list[str]:
    return [one["themes"][0]["id"] if one["themes"] else "" for one in answer["results"]]


def test_labels_move_the_answers_to_similar_messages(
    served: Served, company: Organisation, taught: Refit
) -> None:
    """Every kind of message gets the theme and the demand that readers gave such messages."""
    bundle = taught.bundle(None)
    before, after = _ask(served, company, NEW), _ask(served, company, NEW, bundle)
    assert taught.better == ("themes", "demand")
    right = [theme for _, theme, _ in KINDS] * 10
    assert _best(after) == right
    assert sum(a == b for a, b in zip(_best(before), right, strict=True)) <= 20
    failing = [one["demand"]["p_failure"] > 0.5 for one in after["results"]]
    assert failing == [failure for _, _, failure in KINDS] * 10
    assert before["model"] == taught.model
    assert after["model"] == f"{taught.model}+{learned.name_of(bundle)}"
    for name in ("sentiment", "emotion", "effort", "language", "satisfaction", "new_topic"):
        assert [a[name] for a in after["results"]] == [b[name] for b in before["results"]]


def test_the_served_answer_is_what_was_measured(
    served: Served, company: Organisation, taught: Refit, afar: Afar
) -> None:
    """What is sent is rounded: the hub's own view of a text must not differ from the answer."""
    bundle = taught.bundle(None)
    taxonomy = labelling.taxonomy_of(company, "")
    (reading,) = afar.readings([Text(str(i), text, None) for i, text in enumerate(NEW)], taxonomy)
    ids = [theme.id for theme in taxonomy.themes]
    about, _, failing = reading.judged(ids, learned.load(bundle))
    for row, one in enumerate(_ask(served, company, NEW, bundle)["results"]):
        for theme in one["themes"]:
            assert about[row, ids.index(theme["id"])] == pytest.approx(theme["score"], abs=5e-3)
        assert failing[row] == pytest.approx(one["demand"]["p_failure"], abs=5e-3)


def test_packed_with_others_or_alone_the_answer_is_the_same(
    served: Served, company: Organisation, taught: Refit, messages: list[str]
) -> None:
    bundle = taught.bundle(None)
    texts = [*NEW, *messages[:30], "???", "Sininen kortti. " * 60]
    together = _ask(served, company, texts, bundle)["results"]
    assert together[-2]["themes"] == []
    for place in (0, 1, 2, 40, len(texts) - 1):
        (alone,) = _ask(served, company, [texts[place]], bundle)["results"]
        one = together[place]
        assert [t["id"] for t in alone["themes"]] == [t["id"] for t in one["themes"]]
        for a, b in zip(alone["themes"], one["themes"], strict=True):
            assert a["score"] == pytest.approx(b["score"], abs=2e-3)
        assert alone["demand"]["p_failure"] == pytest.approx(one["demand"]["p_failure"], abs=2e-3)


def test_heads_cost_no_second_pass(
    served: Served,
    company: Organisation,
    taught: Refit,
    encoder: Encoder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither for the texts nor, when heads are published, for the taxonomy's wordings."""
    _ask(served, company, NEW)
    steps: list[int] = []
    launch = encoder.network.launch

    def counted(pack: Any, tagged: bool) -> Any:
        steps.append(pack.tokens)
        return launch(pack, tagged)

    monkeypatch.setattr(encoder.network, "launch", counted)
    _ask(served, company, NEW)
    without = list(steps)
    steps.clear()
    _ask(served, company, NEW, taught.bundle(None))
    assert steps == without
    assert len(steps) == 1


def test_a_worse_refit_is_refused(
    afar: Afar, company: Organisation, served: Served, messages: list[str]
) -> None:
    """Themes: right, but for a third drawn by lot. Demand: right. Neither can be improved on."""
    chance = np.random.default_rng(3)
    taxonomy = labelling.taxonomy_of(company, "")
    ids = [theme.id for theme in taxonomy.themes]
    shipped = _ask(served, company, messages)
    noise = [
        Example(
            text,
            (ids[chance.integers(len(ids))],) if chance.random() < 1 / 3 else (said,) * bool(said),
            one["demand"]["p_failure"] > 0.5,
        )
        for text, said, one in zip(messages, _best(shipped), shipped["results"], strict=True)
    ]
    found = refit(afar, taxonomy, noise)
    assert found.better == ()
    assert found.themes is not None
    kept = learned.load(found.bundle(None))
    assert (kept.themes, kept.demand) == (None, None)
    nothing = _ask(served, company, messages, found.bundle(None))
    assert nothing["results"] == shipped["results"]


def test_heads_of_another_model_are_told_and_not_used(
    served: Served,
    company: Organisation,
    taught: Refit,
    build: Build,
    caplog: pytest.LogCaptureFixture,
) -> None:
    other = Encoder.load(build("bert"), Options(device="cpu"))
    shipped = _ask(served, company, NEW)
    assert taught.themes is not None
    wider = replace(taught.themes, dense=np.zeros((33, len(taught.themes.labels))))
    for model, head in (
        (other.model, taught.themes),
        ("compact-0.1.0-0123456789ab", taught.themes),
        (taught.model, wider),
    ):
        caplog.clear()
        answer = _ask(served, company, NEW, learned.dump(model, head, None))
        assert answer == shipped
        (warned,) = [line for line in caplog.messages if "run hub learn" in line]
        assert model in warned or "33" in warned


@dataclass(frozen=True)
class _Numbers:
    """A model that says the same of every text, with embeddings given."""

    rows: Floats
    model: str = "encoder-x"

    def readings(self, texts: Sequence[Text], taxonomy: Taxonomy) -> list[Reading]:
        count = len(texts)
        return [
            Reading(
                vectors=learned.embedding(self.rows[:count]),
                about=np.full((count, len(taxonomy.themes)), 0.3),
                cues=np.zeros(count),
                positive=np.zeros(count),
                hint=np.full(len(taxonomy.themes), -1),
                silent=np.zeros(count, np.bool_),
                floor=0.4,
            )
        ]


THEMES = tuple(Theme(name, {}, {}, {}, {}, None) for name in "abc")
ABC = Taxonomy("x", THEMES, 0)


def _drawn(seed: int, rows: int = 60) -> tuple[Floats, list[Example]]:
    """Embeddings whose first three columns tell the theme, with noise."""
    chance = np.random.default_rng(seed)
    place = chance.integers(0, 3, rows)
    drawn = chance.normal(size=(rows, 8)) + 2.5 * np.eye(8)[place]
    unit = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return unit, [Example(f"message {i}", ("abc"[p],)) for i, p in enumerate(place)]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_the_fit_is_that_of_another_solver(seed: int) -> None:
    """Second opinion: scipy minimises the penalised loss in the primal, written out."""
    rows, examples = _drawn(seed)
    head = refit(_Numbers(rows), ABC, examples).themes
    assert head is not None
    centred = rows - rows.mean(axis=0)
    z = centred / np.sqrt((centred**2).sum(axis=1).mean())
    target = np.array([[one.themes == (name,) for name in "abc"] for one in examples], float)
    shipped = 8 * np.tanh(np.log(0.3 / 0.7) / 8)

    def loss(flat: Floats) -> tuple[float, Floats]:
        w = flat.reshape(8, 3)
        odds = np.concatenate((shipped + z @ w, np.zeros((len(z), 1))), axis=1)
        whole = np.log(np.exp(odds).sum(axis=1))
        p = np.exp(odds - whole[:, None])[:, :3]
        value = whole.sum() - (target * odds[:, :3]).sum() + (w**2).sum() / 2 / fit.STRENGTH
        return float(value), (z.T @ (p - target) + w / fit.STRENGTH).ravel()

    best = minimize(loss, np.zeros(24), jac=True, method="L-BFGS-B", options={"ftol": 1e-14})
    expected = z @ best.x.reshape(8, 3)
    moved = head.correction(learned.embedding(rows))
    assert np.abs(moved - expected).max() < 0.02 * np.abs(expected).max()  # a byte a weight


def test_what_all_texts_share_teaches_nothing() -> None:
    """Embeddings of real encoders point the same way: that is no evidence, and no constant."""
    rows, examples = _drawn(5)
    shared = 20 * np.eye(8)[7] + rows
    plain, leaning = (refit(_Numbers(one), ABC, examples) for one in (rows, shared))
    assert plain.compared == leaning.compared
    assert plain.themes is not None
    assert leaning.themes is not None
    a = plain.themes.correction(learned.embedding(rows))
    b = leaning.themes.correction(learned.embedding(shared))
    assert a == pytest.approx(b, abs=1e-3)
    middle = leaning.themes.correction(learned.embedding(shared.mean(axis=0, keepdims=True)))
    assert np.abs(middle).max() < 1e-3


@pytest.fixture
def place(
    world: World,
    aws: Settings,
    served: Served,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Place:
    """A hub whose messages the encoder judged."""
    return with_messages(made(replace(world, endpoint=served), aws, monkeypatch, capsys))


def test_from_a_label_to_the_next_message(place: Place, served: Served) -> None:
    """`hub label` and `hub learn` teach whatever model answers, without its weights at hand."""
    world = place.hub.world
    assert call("label", "--count", "2", input="1f2v").exit_code == hub.OK
    give_labels(world)
    done = call("learn")
    assert done.exit_code == hub.OK, done.output
    heads = learned.load(world.heads.text())
    assert heads.model == readable(world).model
    assert heads.themes is not None
    report = world.heads.report(world.heads.versions()[0])
    assert report["model"] == heads.model
    organisation = world.organisation()
    answer = _ask(served, organisation, [NEW[0], NEW[1]], world.heads.text())
    assert _best(answer) == ["invoice", "late"]
    # What was sent to be learnt from are the redacted texts, and asks for nothing personal.
    sent = [one for one in served.asked if "reading" in one.get("want", ())]
    assert sent
    assert not any("Virtanen" in text["text"] for one in sent for text in one["texts"])


def test_a_new_model_is_taught_anew(
    place: Place, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The endpoint changes: its model answers as shipped until `hub learn` has run again."""
    world = place.hub.world
    give_labels(world)
    assert call("learn").exit_code == hub.OK
    before = world.heads.text()
    other = Encoder.load(build("bert"), Options(device="cpu"))
    with TestClient(create_app(lambda: other)) as client:
        wait_until_ready(client)
        moved = replace(place.hub, world=replace(world, endpoint=Served(client)))
        monkeypatch.setattr(worlds, "connect", lambda where: moved)
        organisation = world.organisation()
        answer = _ask(Served(client), organisation, NEW, before)
        assert answer == _ask(Served(client), organisation, NEW)
        said = call("learn")
        assert said.exit_code == hub.OK, said.output
        assert "does not use them" in " ".join(said.output.split())
        after = learned.load(moved.world.heads.text())
        assert after.model == other.model
        assert told("learn", "--rollback")["model"] == learned.load(before).model


def test_readings_are_told_when_asked_for(encoder: Encoder, company: Organisation) -> None:
    taxonomy = labelling.taxonomy_of(company, "")
    texts = (Text("0", "Missä paketti on?", None), Text("1", "...", None))
    said, silent = encoder.answer(Request(taxonomy, texts, frozenset({"reading"})))
    assert said.reading is not None
    assert len(said.reading.about) == len(taxonomy.themes)
    assert silent.reading is None
    assert all(one.reading is None for one in encoder.answer(Request(taxonomy, texts)))

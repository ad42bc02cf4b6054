"""New topics: found when they are many, named by their words, and seldom invented."""

from __future__ import annotations

import random

import pytest
from scipy import stats

from chalicelib.insights.distributions import binomial_tail
from chalicelib.insights.new_topics import Text, new_topics
from chalicelib.insights.words import stem, usual_forms, words

OPENINGS = ("Hei,", "Moi!", "Terve,", "Päivää,", "")
ENDINGS = ("Kiitos!", "Voitteko auttaa?", "Odotan vastausta.", "Miten tästä eteenpäin?", "")
KNOWN = [
    "laskun summa {} väärin laskutettu", "lasku saapui {} kahteen kertaan",
    "paketti on {} myöhässä kuljetuksessa", "toimitus siirtyi {} seuraavalle viikolle",
    "sohvan kangas on {} repeytynyt", "tuolin jalka katkesi {} kokoamisessa",
    "palautuksen hyvitys puuttuu {} tililtä", "alennuskoodi ei toiminut {} kassalla",
    "puhelinjono kesti {} tolkuttoman pitkään", "hyllyn ruuvit puuttuivat {} pakkauksesta",
    "värisävy poikkesi {} verkkokaupan kuvasta", "asentaja ei saapunut {} sovittuna aikana",
]  # fmt: skip
NEW = ("sovellus kirjaa minut ulos {}", "sovellus kirjaa {} ulos kesken ostosten")
FILLERS = ("taas", "edelleen", "eilen", "ilmeisesti", "toistamiseen", "yllättäen", "jälleen")


def _texts(rng: random.Random, topics: list[str], n: int, name: str) -> list[Text]:
    said = []
    for number in range(n):
        words_ = rng.choice(topics).format(rng.choice(FILLERS))
        said.append(
            Text(
                f"{name}{number}",
                f"c{name}{number}",
                f"{rng.choice(OPENINGS)} {words_} {rng.choice(ENDINGS)}",
            )
        )
    return said


def test_a_new_topic_is_found_and_named() -> None:
    rng = random.Random(1)
    now = _texts(rng, KNOWN, 90, "n") + _texts(rng, list(NEW), 14, "x")
    rng.shuffle(now)
    (topic,) = new_topics(now, _texts(rng, KNOWN, 700, "b"))
    assert topic.now >= 12
    assert topic.customers == topic.now
    assert topic.before <= 1
    assert {stem(word) for word in topic.voices[0].words} & {"sovell", "kirjaa", "minut"}
    assert sum(key[0] == "x" for key in topic.keys) >= 0.9 * topic.now


def test_an_ordinary_week_has_none() -> None:
    rng = random.Random(2)
    found = [
        new_topics(_texts(rng, KNOWN, 90, "n"), _texts(rng, KNOWN, 700, "b")) for _ in range(12)
    ]
    assert sum(map(len, found)) <= 1  # about one in forty weeks: see docs/insights.md


def test_the_same_words_in_earlier_weeks_are_no_news() -> None:
    rng = random.Random(3)
    now = _texts(rng, KNOWN, 90, "n") + _texts(rng, list(NEW), 14, "x")
    before = _texts(rng, KNOWN, 700, "b") + _texts(rng, list(NEW), 90, "y")
    assert new_topics(now, before) == ()


def test_one_customer_who_writes_often_is_no_topic() -> None:
    rng = random.Random(4)
    often = [Text(t.key, "the same", t.text) for t in _texts(rng, list(NEW), 14, "x")]
    now = _texts(rng, KNOWN, 90, "n") + often
    assert new_topics(now, _texts(rng, KNOWN, 700, "b")) == ()


def test_a_topic_keeps_its_name_while_it_grows() -> None:
    rng = random.Random(6)
    before = _texts(rng, KNOWN, 700, "b")
    names = []
    for week, n in enumerate((8, 10, 12)):
        new = _texts(rng, list(NEW), n, f"x{week}")
        now = _texts(rng, KNOWN, 90, f"n{week}") + new
        (topic,) = new_topics(now, before)
        names.append(topic.voices[0].words[0])
        before += new[: n // 4]  # a sample of what the week said
    assert len(set(names)) == 1


def test_a_topic_is_quoted_by_its_most_typical_text() -> None:
    rng = random.Random(1)
    now = _texts(rng, KNOWN, 90, "n") + _texts(rng, list(NEW), 14, "x")
    (topic,) = new_topics(now, _texts(rng, KNOWN, 700, "b"))
    (voice,) = topic.voices
    assert voice.quote == next(text.text for text in now if text.key == topic.keys[0])
    assert "kirjaa" in voice.quote


def test_a_topic_is_named_and_quoted_in_each_language_that_speaks_of_it() -> None:
    said = {
        "fi": ("Kehrä-tuolin kaasujousi pihisee", "istuin laskee, Kehrä-tuoli pihisee"),
        "sv": ("gasfjädern i Kehrä-stolen pyser", "min Kehrä-stol sjunker och pyser"),
    }
    rng = random.Random(8)
    now = [
        Text(f"x{n}", f"x{n}", f"{rng.choice(said[language])} {rng.choice(FILLERS)}", language)
        for n, language in enumerate(("fi",) * 8 + ("sv",) * 4)
    ]
    now += [Text(t.key, t.customer, t.text, "fi") for t in _texts(rng, KNOWN, 90, "n")]
    (topic,) = new_topics(now, _texts(rng, KNOWN, 700, "b"))
    assert [voice.language for voice in topic.voices] == ["fi", "sv"]
    for language, own, others in (("fi", "pihisee", "pyser"), ("sv", "pyser", "pihisee")):
        voice = topic.voice(language)
        assert own in voice.words
        assert others not in voice.words
        assert own in voice.quote
    assert topic.voice("en") == topic.voices[0]


def test_what_redaction_left_is_nobodys_word() -> None:
    assert words("[name] soitti numerosta [phone], lamppu [hurisee kovaa]") == [
        "soitti", "numerosta", "lamppu", "hurisee", "kovaa",
    ]  # fmt: skip


def test_nothing_is_new_without_earlier_texts() -> None:
    rng = random.Random(7)
    now = _texts(rng, KNOWN, 90, "n") + _texts(rng, list(NEW), 14, "x")
    assert new_topics(now, []) == new_topics(now, _texts(rng, KNOWN, 90, "b")) == ()


@pytest.mark.parametrize("texts", [[], ["", "…", "ok"], ["sama"] * 4])
def test_little_text_is_no_topic(texts: list[str]) -> None:
    assert new_topics([Text(str(n), None, t) for n, t in enumerate(texts)], []) == ()


def test_inflected_forms_are_one_word_and_the_usual_form_names_it() -> None:
    said = ["Kortin raja", "kortti hukassa", "Kortilla maksu", "korttia ei löydy", "kortti ok"]
    assert words("Hei, että KORTTI_1 ei ole mukana!") == ["kortti", "mukana"]
    assert usual_forms(["laskun loppusumma", "laskun summa", "lasku"])["laskun"] == "laskun"
    assert usual_forms(said)["kortti"] == "kortti"


def test_a_name_keeps_its_capital() -> None:
    said = ["Lamppu Kehrä pihisee", "uusi Kehrä on rikki", "Ostin Kehrän. Lamppu on uusi", "lamppu"]
    forms = usual_forms([*said, "UUSI LAMPPU", "missä kehrä on", "oma lamppu"])
    assert (forms["kehrä"], forms["lamppu"]) == ("Kehrä", "lamppu")


@pytest.mark.parametrize(
    ("count", "of", "share"), [(0, 3, 0.1), (1, 1, 0.1), (5, 5, 0.11), (30, 60, 0.2), (9, 700, 0.1)]
)
def test_binomial_tail_as_scipys(count: int, of: int, share: float) -> None:
    expected = float(stats.binom.sf(count - 1, of, share))
    assert binomial_tail(count, of, share) == pytest.approx(expected, rel=1e-9)

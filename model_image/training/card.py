"""MODEL_CARD.md from measurements: no number in it is typed by hand."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from model_image.backends.compact import Compact
from model_image.effort import LEVELS
from model_image.language import LANGUAGES, MIN_P
from model_image.themes import MIN_SCORE
from model_image.training import quality
from model_image.training.corpora import Corpora, authored
from model_image.training.quality import Classes, OwnQuality

HERE = Path(__file__).parent
LIBRARIES = ("numpy", "scipy", "scikit-learn")

HEAD = """# Model card: {model}

Small linear models on hashed character and word n-grams, concepts and the manner of writing, numpy
alone, for customers' messages in Finnish, English and Swedish. Written by
`python -m model_image.train`; every number below was measured by that command on the weights it
wrote ({size:.2f} MB), text in, result out.

## What it says
| head | answers | learnt from |
|---|---|---|
| language | fi, en, sv or und | MASSIVE, XED, FinnSentiment; own word lists of other languages |
| sentiment, fi | negative, neutral, positive | FinnSentiment (annotators' votes), AFINN |
| sentiment, en | the same | XED emotions as polarity, AFINN; MASSIVE, BANKING77 as plain speech |
| sentiment, sv | the same | XED projections, AFINN, sentimentlex; MASSIVE as plain speech |
| ... in customer service | the same, corrected by concepts and words | own messages |
| emotion | which of Plutchik's eight, or none to speak of | XED in each language |
| effort | low, medium, high or unknown | own lines (`training/effort.tsv`), all languages |
| satisfaction | 1..5 with an interval of >= 80 %, or nothing | sentiment, FinnSentiment's scale |
| themes | the organisation's own | the request's examples, keywords and descriptions |
| demand | p(failure demand) | BANKING77 and Bitext intents by our mapping, own messages |

Own messages: {authored} invented lines in `training/authored.tsv`; concepts that carry over
between languages: `concepts.toml`, `events.toml`. Of themes, two constants alone are fitted: what
a lead over the other themes is worth.

## Use it for
Counting and comparing thousands of messages: shares of themes, of failure demand, of sentiment,
and their change over time, with the errors below in mind.

## Do not use it for
- judging a single message, customer or employee, or deciding anything about them;
- languages other than Finnish, English and Swedish (they come out as `und`; Estonian, Norwegian,
  Danish and mixed texts may not);
- the emotion or satisfaction of one person, customer or employee;
- irony, sarcasm, threats, emergencies, medical or legal triage;
- comparing sentiment between languages: each language learnt from other kinds of text.
"""

LICENCES = """## Sources and licences
The weights hold no text. Attribution:
- FinnSentiment: K. Lindén, T. Jauhiainen, S. Hardwick (2020/2023), Language Bank of Finland,
  urn:nbn:fi:lb-2020111001, CC BY 4.0.
- XED: E. Öhman, M. Pàmies, K. Kajava, J. Tiedemann (COLING 2020), CC BY 4.0; Swedish labels are
  projections from English and Finnish.
- MASSIVE: J. FitzGerald et al. (2022), Amazon, CC BY 4.0, after SLURP (E. Bastianelli et al. 2020).
- BANKING77: I. Casanueva et al. (2020), PolyAI, CC BY 4.0. CLINC150: S. Larson et al. (2019),
  CC BY 3.0 (two constants and measuring only).
- Bitext customer-support sample: Bitext Innovations, CDLA-Sharing-1.0.
- AFINN: F. Å. Nielsen, Apache-2.0. sentimentlex: B. Nusko, N. Tahmasebi, O. Mogren (2016),
  Språkbanken, CC BY.
- Everything else (authored messages, concepts, other languages' word lists, the mapping of
  intents to failure and value demand): own work, under this repository's licence.
"""


def write(model: Compact, data: Corpora, size_mb: float) -> str:
    """The whole card."""
    parts = [
        HEAD.format(model=model.model, size=size_mb, authored=len(authored())),
        _marks(model, data),
        _sentiment(model, data),
        _complaints(model),
        _emotions(model, data),
        _effort(model),
        _satisfaction(model, data),
        _language(model, data),
        _themes(model, data),
        _demand(model, data),
        _own(model),
        _provenance(data),
        LICENCES,
    ]
    return "\n".join(parts)


def _provenance(data: Corpora) -> str:
    """What the weights are made of and this card measured by: the same gives the same."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    files = [data.root / name for name in sorted(data.used)] + sorted(HERE.glob("*.tsv"))
    return "\n".join(
        [
            "## Made of",
            "",
            f"Python {platform.python_version()}, {libraries}; each random choice has its seed.",
            "",
            "| file | SHA-256 |",
            "|---|---|",
            *(f"| {file.name} | `{_sha256(file)}` |" for file in files),
            "",
        ]
    )


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _sentiment(model: Compact, data: Corpora) -> str:
    finnish = quality.sentiment(model, data.finnsentiment_dev())
    rows = [("fi: FinnSentiment dev", finnish)]
    for code in ("en", "sv"):
        rows.append((f"{code}: XED dev", quality.sentiment(model, data.xed(code, "dev"))))
    used = quality.sentiment(model, data.finnsentiment_dev(), customers=True)
    alone = quality.general_sentiment(model, data.finnsentiment_dev(), "fi")
    rows.append(("fi: FinnSentiment dev, as an organisation's texts", used))
    rows.append(("fi: FinnSentiment dev, general reader, language given", alone))
    notes = """
Texts sent with a taxonomy are likely customers' words, and those that sound like customer service
are read by another standard (`sentiment.py`): there "the parcel has not come" is negative. That
costs forum texts ("as an organisation's texts" above); texts sent without a taxonomy get the
general reader alone. The Finnish head leans away from neutral and is sharpened, by predictions of
each fifth of the training part by the others (`training/feelings.py`). Beside words it reads how a
text is written (`manner.py`): smileys in every language, shouting and marks in Finnish, where the
training texts are people's own. XED is film subtitles: its figures say that the head has learnt
English and Swedish words of feeling, not how well it reads customer service. The Swedish set has no
neutral lines, so its macro-F1 is over two classes, and neutral Swedish rests on MASSIVE and own
messages alone.
"""
    body = "".join(f"\n{name}\n\n{confusion(found)}" for name, found in rows)
    return f"## Sentiment\n{table(rows)}{notes}{body}"


def _language(model: Compact, data: Corpora) -> str:
    whole = quality.spoken_language(model, data)
    rows = [("whole utterances", whole)]
    for words in (3, 1):
        rows.append((f"first {words} words", quality.spoken_language(model, data, words)))
    note = (
        f"\n`und` below p = {MIN_P}. Dev utterances of MASSIVE and XED; `und` truths are word "
        "salads of the lists used in training, so that row is optimistic. Abstaining counts as "
        "an error here.\n\n"
    )
    return f"## Language\n{table(rows)}{note}{confusion(whole)}"


def _themes(model: Compact, data: Corpora) -> str:
    lines = [
        "## Themes",
        "Twenty labels of a corpus as a taxonomy: five examples and the label's name each, no",
        "keywords, no descriptions; labels and examples drawn with another seed than in fitting.",
        "`best` is the accuracy of the best theme, sure or not; messages of labels outside the",
        "taxonomy give the false alarms (near neighbours: in BANKING77 all are about one bank).",
        "",
        f"| task | best | right (score >= {MIN_SCORE}) | wrong | unsure | false alarm |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, found in quality.few_shot(model, data, seed=1).items():
        lines.append(
            f"| {name} | {found.top:.2f} | {found.right:.2f} | {found.wrong:.2f} "
            f"| {found.unsure:.2f} | {found.false_alarm:.2f} |"
        )
    return "\n".join(lines) + "\n"


def _demand(model: Compact, data: Corpora) -> str:
    rows = [
        ("BANKING77 dev", quality.demand(model, data.banking_demand("dev"))),
        ("Bitext dev", quality.demand(model, data.banking_demand("dev", "en_intent_bitext"))),
    ]
    note = (
        "\nBoth are English, and failure or value is our mapping of intents, not the sources'. "
        "Bitext is made from templates and says little about real messages. Finnish and Swedish "
        "have no corpus: see the own messages below.\n"
    )
    body = "".join(f"\n{name}\n\n{confusion(found)}" for name, found in rows[:1])
    return f"## Demand\n{table(rows)}{note}{body}"


def _own(model: Compact) -> str:
    lines = [
        "## Own messages",
        "Invented customer-service messages of a furniture store (`tests/model_image`), 24 themes.",
        "Written by the same hands as the concepts and authored lines, and looked at while these",
        "were written: an upper bound. `theme` counts silence as right only where no theme fits;",
        "`wrong theme` names one that does not fit; `not reversed` means that blame was not taken",
        "for praise nor praise for blame.",
        "",
        "| messages | n | language | sentiment | not reversed | theme | wrong theme | demand |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for code in (None, *LANGUAGES):
        lines.append(_own_row(code or "all", quality.own_messages(model, code)))
    return "\n".join(lines) + "\n"


def _own_row(name: str, found: OwnQuality) -> str:
    shares = (
        found.language,
        found.sentiment,
        found.not_reversed,
        found.theme,
        found.theme_wrong,
        found.demand,
    )
    cells = " | ".join(f"{share:.2f}" for share, _ in shares)
    return f"| {name} | {found.language[1]} | {cells} |"


def _marks(model: Compact, data: Corpora) -> str:
    finnish = quality.sentiment(model, data.finnsentiment_dev())
    emotion = quality.emotions(model, data, "fi")
    rows = [
        ("FinnSentiment dev, accuracy, as served without a taxonomy", finnish.accuracy, 0.80),
        ("FinnSentiment dev, macro-F1, as served without a taxonomy", finnish.macro_f1, 0.695),
        ("XED fi dev, macro-F1 of eight emotions, emotional lines", emotion.among_felt, 0.44),
        ("MASSIVE fi dev, 60 intents, accuracy",
         quality.intents(model.concepts, data, "fi_intent_massive", "intent"), 0.84),
        ("BANKING77 dev, 77 intents, accuracy",
         quality.intents(model.concepts, data, "en_intent_banking77", "label"), 0.91),
    ]  # fmt: skip
    lines = [
        "## Marks",
        "What earlier linear models reached on the same dev splits, and what this one reaches.",
        "The two intent lines are a linear head on our n-grams and concepts, at the shares that an",
        "organisation's heads give them, trained on all of a task's training data and not shipped:",
        "they say what the features alone are good for.",
        "",
        "| task | mark | ours | |",
        "|---|---:|---:|---|",
    ]
    for name, ours, mark in rows:
        verdict = "passed" if ours >= mark else "missed"
        lines.append(f"| {name} | {mark:.3f} | {ours:.4f} | {verdict} |")
    return "\n".join(lines) + "\n"


def _complaints(model: Compact) -> str:
    rows = [("plain events, all", quality.plain_events(model))]
    rows += [(f"plain events, {code}", quality.plain_events(model, code)) for code in LANGUAGES]
    rows.append(("labelled messages, all", quality.labelled_sentiment(model)))
    rows += [
        (f"labelled messages, {code}", quality.labelled_sentiment(model, code))
        for code in LANGUAGES
    ]
    notes = """
Plain events: invented contacts told without a word of feeling, as call notes and terse answers
(`tests/model_image/plain_events.tsv`), written before the lines that train and by the same hand:
an upper bound. Labelled messages: invented ones of five organisations by another hand
(`tests/data/labelled`: sarcasm, dialect, speech, typing errors), read by no part of training.
"""
    body = "".join(f"\n{name}\n\n{confusion(found)}" for name, found in (rows[0], rows[4]))
    return f"## Complaints in customer service\n{table(rows)}{notes}{body}"


def _emotions(model: Compact, data: Corpora) -> str:
    lines = [
        "## Emotion",
        "Macro-F1 over eight emotions on XED dev; a line may carry several. `shares`: lines that",
        "carry an emotion (`felt`), by each emotion's share and floor. `served`: as the server",
        "reports them, silent where the text seems neutral. `told apart`: emotion or none.",
        "",
        "| language | lines | felt | shares | served, felt | served, all | told apart |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    found = {code: quality.emotions(model, data, code) for code in LANGUAGES}
    for code, one in found.items():
        lines.append(
            f"| {code} | {one.n} | {one.felt} | {one.among_felt:.3f} | {one.served_felt:.3f} "
            f"| {one.served:.3f} | {one.neutral:.3f} |"
        )
    lines += ["", "F1 of each emotion, `shares`:", ""]
    lines += ["| language | " + " | ".join(found["fi"].each) + " |", "|---|" + "---:|" * 8]
    for code, one in found.items():
        lines.append(f"| {code} | " + " | ".join(f"{f1:.2f}" for f1 in one.each.values()) + " |")
    lines += [
        "",
        "Film lines out of context: annotators themselves agree little, and customers speak",
        "otherwise. Fit for the sum of many messages at most. Swedish XED has no neutral lines.",
    ]
    return "\n".join(lines) + "\n"


def _effort(model: Compact) -> str:
    found = quality.efforts(model)
    table_ = confusion(Classes(LEVELS, found.confusion, float("nan")))
    return f"""## Effort
Low: one contact does it. Medium: something failed once. High: contacts, waits or explanations
repeat. Unknown: the text does not tell. On the labelled messages (another hand, not trained on):
told of {found.told:.2f}, right {found.right_when_told:.2f} of those that have a level, macro-F1 of
the four {found.macro_f1:.3f}. Weak: a trouble told in few words seldom says what it took.

{table_}"""


def _satisfaction(model: Compact, data: Corpora) -> str:
    found = quality.satisfaction(model, data)
    return f"""## Inferred satisfaction
Not a survey's answer: sentiment's probabilities spread over five steps, with words that make a
feeling stronger (`satisfaction.py`). Nothing is said of texts under about two words, of texts that
read neutral, and where the interval would be wider than three steps. Against FinnSentiment's five
steps, which are annotators' votes on forum texts ({found.n} dev lines): told of {found.told:.2f};
mean error {found.error:.2f} steps ({found.guess:.2f} for always guessing their mean), correlation
{found.correlation:.2f}; the interval, meant for at least .80, held {found.covered:.2f} and is
{found.width:.1f} steps wide on average. Nobody has compared it with real CSAT answers.
"""


def table(rows: Sequence[tuple[str, Classes]]) -> str:
    """Accuracy, macro-F1 and ECE of several sets."""
    lines = ["| set | n | accuracy | macro-F1 | ECE |", "|---|---:|---:|---:|---:|"]
    for name, found in rows:
        lines.append(
            f"| {name} | {found.n} | {found.accuracy:.3f} | {found.macro_f1:.3f} "
            f"| {found.ece:.3f} |"
        )
    return "\n".join(lines) + "\n"


def confusion(found: Classes) -> str:
    """Counts, truth down, answers across."""
    lines = [
        "| truth \\ said | " + " | ".join(found.labels) + " |",
        "|---|" + "---:|" * len(found.labels),
    ]
    for label, row in zip(found.labels, found.confusion, strict=True):
        lines.append(f"| {label} | " + " | ".join(str(count) for count in row) + " |")
    return "\n".join(lines) + "\n"

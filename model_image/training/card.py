"""MODEL_CARD.md from measurements: no number in it is typed by hand."""

from __future__ import annotations

from collections.abc import Sequence

from model_image.backends.compact import Compact
from model_image.language import LANGUAGES, MIN_P
from model_image.themes import MIN_SCORE
from model_image.training import quality
from model_image.training.corpora import Corpora, authored
from model_image.training.quality import Classes, OwnQuality

HEAD = """# Model card: {model}

Small linear models on hashed character and word n-grams, numpy alone, for customers' messages in
Finnish, English and Swedish. Written by `python -m model_image.train`; every number below was
measured by that command on the weights it wrote ({size:.2f} MB), text in, result out.

## What it says
| head | answers | learnt from |
|---|---|---|
| language | fi, en, sv or und | MASSIVE, XED, FinnSentiment; own word lists of other languages |
| sentiment, fi | negative, neutral, positive | FinnSentiment (annotators' votes), AFINN |
| sentiment, en | the same | XED emotions as polarity, AFINN; MASSIVE, BANKING77 as plain speech |
| sentiment, sv | the same | XED projections, AFINN, sentimentlex; MASSIVE as plain speech |
| ... in customer service | the same, corrected by concepts | own messages |
| themes | the organisation's own | the request's examples, keywords and descriptions |
| demand | p(failure demand) | BANKING77 and Bitext intents by our mapping, own messages |

Own messages: {authored} invented lines in `training/authored.tsv`; concepts that carry over
between languages: `concepts.toml`. Of themes, two constants alone are fitted: what a lead over
the other themes is worth.

## Use it for
Counting and comparing thousands of messages: shares of themes, of failure demand, of sentiment,
and their change over time, with the errors below in mind.

## Do not use it for
- judging a single message, customer or employee, or deciding anything about them;
- languages other than Finnish, English and Swedish (they come out as `und`; Estonian, Norwegian,
  Danish and mixed texts may not);
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
        _sentiment(model, data),
        _language(model, data),
        _themes(model, data),
        _demand(model, data),
        _own(model),
        _intents(data),
        LICENCES,
    ]
    return "\n".join(parts)


def _sentiment(model: Compact, data: Corpora) -> str:
    finnish = quality.sentiment(model, data.finnsentiment_dev())
    rows = [("fi: FinnSentiment dev", finnish)]
    for code in ("en", "sv"):
        rows.append((f"{code}: XED dev", quality.sentiment(model, data.xed(code, "dev"))))
    alone = quality.general_sentiment(model, data.finnsentiment_dev(), "fi")
    notes = f"""
The Finnish head leans away from neutral on purpose (prior tilt, `train.py`), and texts that sound
like customer service are read by another standard (`sentiment.py`), which costs a little on forum
texts: the general reader alone reaches macro-F1 {alone.macro_f1:.3f}, accuracy {alone.accuracy:.3f}
and ECE {alone.ece:.3f} on FinnSentiment dev. XED is film subtitles: its figures say that the head
has learnt English and Swedish words of feeling, not how well it reads customer service. The
Swedish set has no neutral lines, so its macro-F1 is over two classes, and neutral Swedish rests
on MASSIVE and own messages alone.

Weak: complaints told as plain events, without a word of feeling or a known concept ("I rang four
times and then the line went dead") often come out neutral. Trust shares and their change more
than the level of negative sentiment.
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


def _intents(data: Corpora) -> str:
    finnish = quality.intents(data, "fi_intent_massive", "intent")
    banking = quality.intents(data, "en_intent_banking77", "label")
    return f"""## What the features alone are good for
A linear head trained on all of a task's training data (not shipped): MASSIVE fi, 60 intents,
accuracy {finnish:.3f}; BANKING77, 77 intents, accuracy {banking:.3f} (dev splits).
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

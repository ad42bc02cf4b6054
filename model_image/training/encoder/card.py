"""MODEL_CARD.md of a trained directory, from measurements: no number in it is typed by hand."""

from __future__ import annotations

from typing import Any

from model_image.training.card import confusion
from model_image.training.encoder.loop import pace
from model_image.training.encoder.measuring import Measured, Result
from model_image.training.encoder.rival import beats
from model_image.training.encoder.run import Trained
from model_image.training.encoder.settings import Settings
from model_image.training.encoder.sources import SOURCES, UNLABELLED
from model_image.training.taxonomies import Matching

HEAD = """# Model card: {model}

A shared encoder ({source}) with a linear head a question, for customers' messages in Finnish,
English and Swedish. Written by `python -m model_image.train encoder`; every number was measured by
that run on the dev splits, which taught nothing and set no threshold. Intervals: 95 %, by
resampling the dev texts {resamples} times; they tell of the texts drawn, not of another seed.

## Do not use it for
- judging a single message, customer or employee, or deciding anything about them;
- the emotion or satisfaction of one person, customer or employee;
- languages other than Finnish, English and Swedish;
- irony, sarcasm, threats, emergencies, medical or legal triage;
- finding personal data by itself: it adds to the rules that redact, it does not replace them;
- comparing sentiment between languages: each language learnt from other kinds of text.
"""


def write(
    trained: Trained, measured: Measured, settings: Settings, few_shot: dict[str, Matching]
) -> str:
    """The whole card."""
    parts = [
        HEAD.format(
            model=trained.stored.model,
            source=trained.stored.description.source,
            resamples=500,
        ),
        _ship_rule(measured),
        _quality(measured),
        _intents(measured),
        _few_shot(few_shot),
        _calibration(measured),
        _reliability(measured),
        _confusions(measured),
        _course(trained, settings),
        _licences(trained, measured, settings),
    ]
    return "\n".join(part for part in parts if part)


def _ship_rule(measured: Measured) -> str:
    lines = [
        "## Beside the compact model",
        "The same dev texts, the same measure. A difference counts when its interval does not hold",
        "nought. The rule: ship what is better on some set and worse on none.",
        "",
        "| head | set | n | measure | this model | compact | difference | |",
        "|---|---|---:|---|---|---|---|---|",
    ]
    for one in measured.comparisons:
        lines.append(
            f"| {one.head} | {one.name} | {one.n} | {one.measure} | {one.ours} | {one.theirs} "
            f"| {one.difference} | {one.verdict} |"
        )
    verdict = "beats" if beats(measured.comparisons) else "does not beat"
    lines += ["", f"**By the rule this model {verdict} the compact one.**"]
    return "\n".join(lines) + "\n"


def _quality(measured: Measured) -> str:
    lines = ["## Quality", "| head | set | n | measure | |", "|---|---|---:|---|---|"]
    for result in measured.results:
        for title, mark in result.marks.items():
            lines.append(
                f"| {result.exam.head} | {result.exam.name} | {len(result.exam.lessons)} "
                f"| {title} | {mark} |"
            )
    lines += [
        "",
        "Emotion: lines that carry one, several allowed. Satisfaction: five steps, of every text.",
        "Language: `other` are word salads of the lists used in training. Spaces before",
        "punctuation in XED are joined, for they tell its labels. Span F1: place and kind exact.",
    ]
    return "\n".join(lines) + "\n"


def _intents(measured: Measured) -> str:
    if not measured.intents:
        return ""
    lines = [
        "## Intents",
        "Nearest prototype among the corpus's intents that taught the embedding.",
        "",
        "| set | accuracy |",
        "|---|---|",
    ]
    lines += [f"| {name} | {mark} |" for name, mark in measured.intents.items()]
    return "\n".join(lines) + "\n"


def _few_shot(found: dict[str, Matching]) -> str:
    if not found:
        return ""
    lines = [
        "## Themes, as they are told",
        "Up to twenty labels of a corpus as a taxonomy, five examples and the label's name each.",
        "These labels taught the embedding nothing; other examples of them set the scale.",
        "",
        "| task | best | right | wrong | unsure | false alarm |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, one in found.items():
        lines.append(
            f"| {name} | {one.top:.2f} | {one.right:.2f} | {one.wrong:.2f} | {one.unsure:.2f} "
            f"| {one.false_alarm:.2f} |"
        )
    return "\n".join(lines) + "\n"


def _calibration(measured: Measured) -> str:
    lines = [
        "## Calibration and abstaining",
        "ECE: expected calibration error over ten bins, before and after the temperature. Told:",
        "the share of texts at or above the threshold, set on the tuning texts so that nine of ten",
        "answers are right (0.95 where none suffices); right: of those.",
        "",
        "| head | set | ECE before | after | threshold | told | right |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for result in measured.results:
        if one := result.calibration:
            lines.append(
                f"| {result.exam.head} | {result.exam.name} | {one.before:.3f} | {one.after:.3f} "
                f"| {one.floor:.2f} | {one.told:.2f} | {one.right:.3f} |"
            )
    return "\n".join(lines) + "\n"


def _reliability(measured: Measured) -> str:
    lines = [
        "## Reliability",
        "Answers by their confidence after the temperature: how sure, and how many were right.",
        "",
        "| head | set | n | confidence | right |",
        "|---|---|---:|---:|---:|",
    ]
    for result in measured.results:
        for one in result.calibration.bins if result.calibration else []:
            lines.append(
                f"| {result.exam.head} | {result.exam.name} | {one.n} | {one.confidence:.2f} "
                f"| {one.right:.2f} |"
            )
    return "\n".join(lines) + "\n"


def _confusions(measured: Measured) -> str:
    shown = [one for one in measured.results if one.answers and one.exam.head != "emotion"]
    parts = [f"{_title(one)}\n\n{confusion(one.answers.classes)}" for one in shown if one.answers]
    return "## Confusion\n" + "\n".join(parts)


def _title(result: Result) -> str:
    return f"{result.exam.head}, {result.exam.name}"


def _course(trained: Trained, settings: Settings) -> str:
    lines = [
        "## The run",
        "Settings, hashes of the data and library versions: `training.json`. On a CPU the same of",
        "all three give the same weights. Tokens/s: of CPU time on a CPU, of the clock on CUDA.",
        "",
        "| stage | texts | steps | tokens | tokens/s | loss, from the first stretch to the last |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for name, one in trained.progress.items():
        speed = pace(one, trained.machine.device)
        losses = f"{one.losses[0]:.3f} → {one.losses[-1]:.3f}" if one.losses else "-"
        lines.append(
            f"| {name} | {one.rows} | {one.steps} | {one.tokens} | {speed:.0f} | {losses} |"
        )
    heads = ", ".join(trained.lectures.head_weights)
    lines += [
        "",
        f"Heads: {heads}. Learnt from {len(trained.lectures.learning)} texts; "
        f"{len(trained.lectures.tuning)} more decided when to stop and set temperatures and "
        f"thresholds. Device: {trained.machine.device.type}"
        f"{', bfloat16' if trained.machine.bf16 else ''}; seed {settings.seed}.",
    ]
    return "\n".join(lines) + "\n"


def _licences(trained: Trained, measured: Measured, settings: Settings) -> str:
    lines = ["## Sources and licences", "The weights hold no text.", ""]
    base = trained.stored.description
    if not settings.from_scratch:
        lines.append(f"- Encoder: {base.source}, {base.licence or 'licence not told (--licence)'}.")
    for source in measured.sources:
        lines.append(f"- {source.name}: {source.attribution}, {source.licence}.")
    lines += [f"- Own labelled messages: {path.name}." for path in settings.messages]
    if settings.from_scratch and settings.data and settings.pretrain_epochs > 0:
        for name, sharealike in UNLABELLED.items():
            if settings.sharealike or not sharealike:
                kind = "CC-BY-SA-3.0/4.0" if sharealike else "CC-BY-4.0"
                lines.append(f"- Unlabelled text: {name}, {kind}, sources in the data's README.")
    left = [one.name for one in SOURCES if one not in measured.sources]
    if left:
        lines.append(f"- Not used or not at hand: {', '.join(left)}.")
    return "\n".join(lines) + "\n"


def numbers(measured: Measured) -> dict[str, Any]:
    """The same for training.json."""
    return {
        "quality": {
            _title(result): {title: mark.value for title, mark in result.marks.items()}
            for result in measured.results
        },
        "against_compact": {
            f"{one.head}, {one.name}": {
                "measure": one.measure,
                "ours": one.ours.value,
                "compact": one.theirs.value,
                "verdict": one.verdict,
            }
            for one in measured.comparisons
        },
        "intents": {name: mark.value for name, mark in measured.intents.items()},
        "beats_compact": beats(measured.comparisons),
    }

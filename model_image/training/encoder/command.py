"""`python -m model_image.train encoder`: train, store, measure, write the card."""

from __future__ import annotations

import argparse
import sys

from model_image.encoder.layout import BadModel
from model_image.training.corpora import Corpora
from model_image.training.encoder import card
from model_image.training.encoder.loop import Stopped
from model_image.training.encoder.measuring import few_shot_told, measure
from model_image.training.encoder.rival import beats
from model_image.training.encoder.run import train, write_record
from model_image.training.encoder.settings import BadSettings, Settings, add_arguments, of_arguments

NOT_BETTER, WRONG_SETTINGS, UNFINISHED = 3, 2, 75  # exit status; 75 as sysexits' EX_TEMPFAIL


def main(arguments: list[str]) -> int:
    """The exit status: 0, 2 wrong settings, 3 not better than compact, 75 stopped to go on."""
    parser = argparse.ArgumentParser(prog="python -m model_image.train encoder")
    add_arguments(parser)
    parser.add_argument(
        "--require-better", action="store_true", help="exit 3 unless it beats the compact model"
    )
    chosen = parser.parse_args(arguments)
    try:
        return run(of_arguments(chosen), chosen.require_better)
    except Stopped as stopped:
        print(stopped)
        return UNFINISHED
    except (BadSettings, BadModel) as error:
        print(error, file=sys.stderr)
        return WRONG_SETTINGS


def run(settings: Settings, require_better: bool = False) -> int:
    """Train and measure; the exit status of `main`."""
    trained = train(settings)
    measured = measure(trained, settings)
    few_shot = {}
    if settings.data and "themes" in trained.lectures.head_weights:
        few_shot = few_shot_told(trained, Corpora(settings.data))
    text = card.write(trained, measured, settings, few_shot)
    (settings.out / "MODEL_CARD.md").write_text(text, encoding="utf-8")
    write_record(trained, settings.out, card.numbers(measured))
    better = beats(measured.comparisons)
    print(f"{settings.out}: {trained.stored.model}, {'better' if better else 'not better'} "
          "than the compact model by the ship rule; see MODEL_CARD.md")  # fmt: skip
    return NOT_BETTER if require_better and not better else 0

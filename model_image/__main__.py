"""Start the server: `python -m model_image --port 8080`; SageMaker calls it with `serve`.

`--backend encoder --model DIR` serves a model directory (encoder/layout.py); MODEL_BACKEND and
MODEL_DIR say the same. `--speech DIR`, or SPEECH_MODEL, serves a speech model besides.
"""

from __future__ import annotations

import argparse
import functools
import logging
import os
from collections.abc import Callable
from pathlib import Path

from model_image import backends
from model_image.backends import Backend
from model_image.process import run
from model_image.server import Medium, create_app


def main() -> None:
    """Parse the command line and serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="model_image", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["serve"], default="serve")
    # A container is reached from outside.
    parser.add_argument("--host", default="0.0.0.0")  # noqa: S104
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8080")))
    parser.add_argument(
        "--backend", default=os.environ.get("MODEL_BACKEND", "compact"), choices=backends.KNOWN
    )
    parser.add_argument("--model", type=Path, help="the encoder's model directory")
    parser.add_argument("--speech", default=os.environ.get("SPEECH_MODEL", ""))
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    load: Callable[[], Backend] = functools.partial(backends.load, chosen.backend, chosen.model)
    media: dict[str, Medium] = {}
    if chosen.speech:
        load, media = _with_speech(load, chosen.speech)
    run(create_app(load, media=media), chosen.host, chosen.port)


def _with_speech(
    load: Callable[[], Backend], directory: str
) -> tuple[Callable[[], Backend], dict[str, Medium]]:
    """Loading with a speech model in front, and the media that it answers."""
    from model_image.speech import whisper
    from model_image.speech.handler import Speech

    speech = Speech(functools.partial(whisper.load, directory))

    def both() -> Backend:
        speech.load()
        return load()

    return both, speech.media()


if __name__ == "__main__":
    main()

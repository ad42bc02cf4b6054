"""Start the server: `python -m model_image --port 8080`; SageMaker calls it with `serve`.

`--backend encoder --model DIR` serves a model directory (encoder/layout.py); MODEL_BACKEND and
MODEL_DIR say the same.
"""

from __future__ import annotations

import argparse
import functools
import logging
import os
from pathlib import Path

import uvicorn

from model_image import backends
from model_image.server import DRAIN_S, create_app


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
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    uvicorn.run(
        create_app(functools.partial(backends.load, chosen.backend, chosen.model)),
        host=chosen.host,
        port=chosen.port,
        access_log=False,  # a line a request says nothing that the worker's line does not
        log_level="warning",
        timeout_graceful_shutdown=int(DRAIN_S),
    )


if __name__ == "__main__":
    main()

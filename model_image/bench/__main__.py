"""`python -m model_image.bench [--backend compact|encoder] [--help]`."""

from __future__ import annotations

import os
import sys

# One core is what is measured; numpy and torch read this when they are imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

KNOWN = ("compact", "encoder")


def main(arguments: list[str]) -> None:
    """Hand the other arguments to the backend's own benchmark."""
    backend = "compact"
    if "--backend" in arguments:
        at = arguments.index("--backend")
        backend = arguments[at + 1] if len(arguments) > at + 1 else ""
        arguments = arguments[:at] + arguments[at + 2 :]
    if backend not in KNOWN:
        sys.exit(f"--backend is one of {', '.join(KNOWN)}")
    if backend == "compact":
        from model_image.bench import compact

        compact.main(arguments)
    else:
        from model_image.bench import encoder

        encoder.main(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])

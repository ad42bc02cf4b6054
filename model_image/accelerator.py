"""Where torch computes: MODEL_DEVICE, else the GPU where there is one."""

from __future__ import annotations

import os

import torch


def chosen(named: str | None = None) -> str:
    """`named`, else MODEL_DEVICE (`cpu`, `cuda`, `cuda:1`), else what is there.

    Raises ValueError when a GPU is asked for and none can be used: a model that quietly ran on the
    CPU of a GPU instance would answer, a hundred times too slowly.
    """
    found = torch.cuda.is_available()
    device = named or os.environ.get("MODEL_DEVICE") or ("cuda" if found else "cpu")
    if device.startswith("cuda") and not found:
        raise ValueError(
            f"MODEL_DEVICE is {device}, but torch {torch.__version__} finds no GPU: run on a GPU "
            "instance whose driver fits (ModelInferenceAmi), or set MODEL_DEVICE=cpu"
        )
    return device

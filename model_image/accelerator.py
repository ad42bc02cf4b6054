"""Where torch computes: MODEL_DEVICE, else the GPU where there is one; and what the GPU can."""

from __future__ import annotations

import os

import torch

# Compute capability of Ampere: from there on bfloat16 and torch's flash attention are in hardware.
AMPERE = (8, 0)
MOST_HEAD_SIZE, HEAD_STEP = 256, 8  # of flash attention


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


def halves(device: str) -> bool:
    """Whether a CUDA device multiplies bfloat16 itself; older ones (T4) imitate it slowly."""
    return torch.cuda.get_device_capability(device) >= AMPERE


def memory_bytes(device: str) -> int:
    """The whole memory of a CUDA device, or of the slice (MIG) that stands for it."""
    return int(torch.cuda.get_device_properties(device).total_memory)


def flash_fits(device: torch.device, dtype: torch.dtype, head_size: int) -> bool:
    """Whether torch's flash attention (`varlen_attn`) takes these; what it checks itself.

    Source: mha_varlen_fwd in ATen/native/transformers/cuda/flash_attn/flash_api.cpp.
    """
    if device.type != "cuda" or dtype not in (torch.bfloat16, torch.float16):
        return False
    sized = head_size % HEAD_STEP == 0 and head_size <= MOST_HEAD_SIZE
    return sized and torch.cuda.get_device_capability(device) >= AMPERE

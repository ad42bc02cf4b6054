"""Attention within each window of a pack, under the name that stock models look it up by.

On CPU, runs of equal length go through scaled_dot_product_attention as one batch each. On CUDA in
16-bit, torch's `varlen_attn` (flash attention) takes the whole pack.
Source: transformers' AttentionInterface; keyword arguments of a model's forward reach it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional as F
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface

NAME = "oivallus_packed"


@dataclass(frozen=True)
class Bounds:
    """Where windows begin and end: `groups` of Pack; on CUDA (rows + 1,) int32 and the longest."""

    groups: tuple[tuple[int, int, int], ...]
    cumulative: torch.Tensor | None = None
    longest: int = 0


Parts = tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # query, key, value: (heads, tokens, size)


def attention(  # noqa: PLR0913 the interface's own signature
    module: torch.nn.Module,  # noqa: ARG001
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,  # noqa: ARG001
    *,
    bounds: Bounds,
    scaling: float | None = None,
    sliding_window: int | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """(1, heads, tokens, size) each -> (1, tokens, heads, size); keys may have fewer heads.

    `sliding_window` w: tokens see others at a distance below w (ModernBERT's local layers).
    """
    each = query[0], key[0], value[0]
    if bounds.cumulative is not None:
        out = _flash(each, bounds.cumulative, bounds.longest, scaling, sliding_window)
    else:
        out = _grouped(each, bounds.groups, scaling, sliding_window)
    return out[None], None


def _grouped(
    each: Parts,
    groups: tuple[tuple[int, int, int], ...],
    scaling: float | None,
    window: int | None,
) -> torch.Tensor:
    query = each[0]
    heads, tokens, size = query.shape
    shared = each[1].shape[0] != heads
    out = torch.empty(tokens, heads, size, dtype=query.dtype, device=query.device)
    for start, count, length in groups:
        end = start + count * length
        q, k, v = (
            part[:, start:end].reshape(part.shape[0], count, length, size).transpose(0, 1)
            for part in each
        )
        seen = F.scaled_dot_product_attention(
            q, k, v, attn_mask=_near(length, window, query), scale=scaling, enable_gqa=shared
        )
        out[start:end] = seen.transpose(1, 2).reshape(count * length, heads, size)
    return out


def _near(length: int, window: int | None, like: torch.Tensor) -> torch.Tensor | None:
    """(length, length) who sees whom; None: everybody everybody."""
    if window is None or length <= window:
        return None
    place = torch.arange(length, device=like.device)
    return (place[:, None] - place[None]).abs() < window


def _flash(
    each: Parts, bounds: torch.Tensor, longest: int, scaling: float | None, window: int | None
) -> torch.Tensor:
    from torch.nn.attention.varlen import varlen_attn

    q, k, v = (part.transpose(0, 1) for part in each)
    out = varlen_attn(
        q,
        k,
        v,
        bounds,
        bounds,
        longest,
        longest,
        scale=scaling,
        window_size=(-1, -1) if window is None else (window - 1, window - 1),
        enable_gqa=k.shape[1] != q.shape[1],
    )
    return out if isinstance(out, torch.Tensor) else out[0]


def register() -> None:
    """Make the name known; the mask is None, since windows cannot see each other anyway."""
    AttentionInterface.register(NAME, attention)
    AttentionMaskInterface.register(NAME, lambda *_, **__: None)

"""Palette: one accent, calm greys, and two data tones; every pair is at least 4.5:1."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """Colours as #rrggbb. `TEXT_ON` says which are read on which."""

    page: str
    paper: str
    ink: str
    soft: str  # secondary text
    line: str
    accent: str
    alert_paper: str
    alert_ink: str
    bad: str
    good: str
    rest: str  # the part of a bar that is neither


LIGHT = Palette(
    page="#f3f1ec",
    paper="#fffefb",
    ink="#22282a",
    soft="#5a6467",
    line="#e4e0d7",
    accent="#17615a",
    alert_paper="#fbeedd",
    alert_ink="#6e3d0c",
    bad="#b4532a",
    good="#17615a",
    rest="#e2ddd2",
)
DARK = Palette(
    page="#121617",
    paper="#1b2123",
    ink="#e8e6e0",
    soft="#a5aeaf",
    line="#323a3c",
    accent="#7fcabf",
    alert_paper="#3a2b17",
    alert_ink="#f2cf9f",
    bad="#e08a5f",
    good="#7fcabf",
    rest="#3a4447",
)

#: (text, background) pairs that the templates use.
TEXT_ON = (
    ("ink", "paper"),
    ("soft", "paper"),
    ("accent", "paper"),
    ("ink", "page"),
    ("soft", "page"),
    ("accent", "page"),
    ("alert_ink", "alert_paper"),
    ("alert_ink", "paper"),
)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio of two colours, 1..21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

"""What a catalogue of notices holds: the words of one language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.source_tally import Cause


@dataclass(frozen=True)
class Words:
    """One cause. Every text may name facts in braces; see `notices._facts`."""

    subject: str
    happened: str
    why: str
    steps: tuple[str, ...]
    meanwhile: str  # what becomes of the deliveries until then
    line: str = ""  # in a table; the English catalogue alone has it


@dataclass(frozen=True)
class Catalogue:
    """One language."""

    hello: str
    what_to_do: str
    goodbye: str
    no_type: str
    retries: str  # how the vendor repeats what was refused
    usual: str
    again_day: str
    again_month: str
    allowed: str
    sides: Mapping[str, str]
    moment: Callable[[datetime], str]
    duration: Callable[[timedelta], str]
    deliveries: Callable[[int], str]
    causes: Mapping[Cause, Words]

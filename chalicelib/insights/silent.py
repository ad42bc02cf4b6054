"""Silent customers: whose pause is unusual for their own rhythm.

With n gaps between a customer's contacts, Σ their sum, and β the mean gap of all customers,

    p = (1 + silence / (β + Σ))^-(2 + n)

is how probable so long a pause is where the rhythm goes on: gaps exponential, their rate a gamma
variable with mean 1/β (a Lomax tail). A list of whom to call, never a probability to print:
seasonal customers are silent for good reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

GAPS_FROM = 3
UNUSUAL = 0.05


@dataclass(frozen=True)
class Silent:
    """A customer (pseudonym) who used to contact every `usual_gap_days`."""

    customer: str
    contacts: int
    last: date
    silent_days: int
    usual_gap_days: float


def newly_silent(
    contacts: Mapping[str, Sequence[date]], today: date, since: date
) -> tuple[Silent, ...]:
    """Customers whose pause became unusual after `since`, up to `today`; most contacts first.

    `contacts` is customer -> days of contact, oldest first. Days with several contacts count
    once.
    """
    days = {customer: sorted(set(of)) for customer, of in contacts.items()}
    gaps = [(later - sooner).days for of in days.values() for sooner, later in pairwise(of)]
    if not gaps:
        return ()
    usual = sum(gaps) / len(gaps)
    found = []
    for customer, of in days.items():
        n, total = len(of) - 1, (of[-1] - of[0]).days
        if n < GAPS_FROM or probability((since - of[-1]).days, n, total, usual) < UNUSUAL:
            continue  # too little rhythm, or known already
        silent_days = (today - of[-1]).days
        if probability(silent_days, n, total, usual) < UNUSUAL:
            found.append(Silent(customer, len(of), of[-1], silent_days, total / n))
    return tuple(sorted(found, key=lambda one: (-one.contacts, one.customer)))


def probability(silent_days: int, gaps: int, total_days: int, usual_days: float) -> float:
    """How probable a pause of so many days is, 0..1; 1 before it has begun."""
    if silent_days <= 0:
        return 1.0
    return float((1 + silent_days / (usual_days + total_days)) ** -(2 + gaps))

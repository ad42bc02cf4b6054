"""Notices: a finding about a source, as a letter to its integrator and as a line of `hub sources`.

The letter is in the organisation's first language where a catalogue has it, else in English. It
names times, counts and the hub's own words for a fault, never anything of a customer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from chalicelib.notices import en, fi
from chalicelib.notices.words import Catalogue
from chalicelib.sources_health import Finding, again

CATALOGUES: Mapping[str, Catalogue] = {"en": en.CATALOGUE, "fi": fi.CATALOGUE}


@dataclass(frozen=True)
class About:
    """The source that a notice is about, and what a remedy must name.

    `hint` and `retries` are the connector's, `secret` the id of its secret, `stage` what the
    command line must be told to find this hub ("" or " --stage prod").
    """

    source: str
    title: str
    connector: str
    vendor: str
    hint: str
    retries: str
    secret: str
    url: str
    stage: str
    expected_every_h: float


@dataclass(frozen=True)
class Notice:
    """A letter: its subject, its plain text, and the language of both."""

    subject: str
    text: str
    language: str


def notice(finding: Finding, about: About, now: datetime, zone: tzinfo, language: str) -> Notice:
    """What a helpful colleague would write: what happened, since when, what to do."""
    language = language if language in CATALOGUES else "en"
    catalogue = CATALOGUES[language]
    words = catalogue.causes[finding.cause]
    facts = _facts(finding, about, now, zone, catalogue)
    steps = [step.format(**facts) for step in words.steps]
    parts = (
        catalogue.hello,
        words.happened.format(**facts),
        words.why.format(**facts),
        catalogue.what_to_do,
        "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1)),
        words.meanwhile.format(**facts),
        catalogue.goodbye.format(**facts),
    )
    subject = words.subject.format(**facts)
    return Notice(subject, "\n\n".join(part for part in parts if part) + "\n", language)


def line(finding: Finding, about: About, now: datetime, zone: tzinfo) -> str:
    """The finding in a few words, in English as the whole command line is."""
    words = en.CATALOGUE.causes[finding.cause]
    return words.line.format(**_facts(finding, about, now, zone, en.CATALOGUE))


def _facts(
    finding: Finding, about: About, now: datetime, zone: tzinfo, catalogue: Catalogue
) -> dict[str, str]:
    title = f" ({about.title})" if about.title and about.title != about.source else ""
    hint = about.hint[:1].upper() + about.hint[1:].rstrip(".") if about.hint else ""
    rule = about.retries.rstrip(".")
    retries = catalogue.retries.format(vendor=about.vendor, rule=rule) if rule else ""
    allowed = catalogue.allowed.format(allowed=f"{about.expected_every_h:g}")
    return {
        "source": about.source,
        "called": f"{about.source}{title}",
        "vendor": about.vendor,
        "connector": about.connector,
        "hint": f" {hint}." if hint else "",
        "retries": retries,
        "secret": about.secret,
        "url": about.url,
        "stage": about.stage,
        "since": catalogue.moment(finding.since.astimezone(zone)),
        "for": catalogue.duration(now - finding.since),
        "deliveries": catalogue.deliveries(finding.n),
        "n": str(finding.n),
        "reason": finding.reason,
        "type": finding.detail or catalogue.no_type,
        "again": catalogue.again_month if again(finding.cause).days > 1 else catalogue.again_day,
        "side": catalogue.sides.get(finding.detail, ""),
        "usual": catalogue.usual if finding.detail == "rhythm" else allowed,
    }

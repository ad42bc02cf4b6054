"""Golden digests that a reviewer reads: `python -m tests.digest.golden` writes them anew."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from chalicelib.digest import Digest, Mail, render
from chalicelib.summary import EMPTY, UNSURE, Summary
from tests.digest.sample import FRESH, LINKS, NOW, digest, summary
from tests.digest.sample_insights import angry, insightful

FOLDER = Path(__file__).parent / "golden"
ONE_SILENT = {**FRESH, "phone": NOW - timedelta(days=5)}
ALL_SILENT = {
    **{name: NOW - timedelta(days=9 + place) for place, name in enumerate(FRESH)},
    "helpdesk": None,
}


def calm() -> Summary:
    """Weeks of two small themes, beside the survey's answers without words."""
    heard = {("availability", "voice"), ("newsletter", "chat"), (UNSURE, "survey")}
    return summary().where(lambda cell: (cell.theme, cell.channel) in heard)


def digests() -> Mapping[str, Digest]:
    """Each golden file's digest, by its name."""
    return {
        "rich-fi": digest("leadership", "fi"),
        "rich-sv": digest("leadership", "sv"),
        "rich-en": digest("leadership", "en"),
        "marketing-fi": digest("marketing", "fi"),
        "first-week-fi": digest("customer-service", "fi", weeks=1),
        "third-week-fi": digest("customer-service", "fi", weeks=3),
        "silent-source-fi": digest("product", "fi", freshness=ONE_SILENT),
        "insights-fi": insightful("leadership", "fi", angry()),
        "insights-sv": insightful("leadership", "sv", angry()),
        "insights-en": insightful("leadership", "en", angry()),
        "customer-service-fi": insightful("customer-service", "fi"),
        "service-design-sv": insightful("service-design", "sv"),
        "calm-fi": digest("marketing", "fi", whole=calm()),
        "calm-silent-fi": digest("marketing", "fi", freshness=ONE_SILENT, whole=calm()),
        "calm-silent-sv": digest("marketing", "sv", freshness=ONE_SILENT, whole=calm()),
        "calm-en": digest("marketing", "en", whole=calm()),
        "empty-fi": digest("leadership", "fi", freshness=ALL_SILENT, whole=EMPTY),
        "empty-sv": digest("leadership", "sv", freshness=ALL_SILENT, whole=EMPTY),
        "empty-en": digest("leadership", "en", freshness=ALL_SILENT, whole=EMPTY),
    }


def files(name: str, mail: Mail) -> Mapping[Path, str]:
    """The golden files of one mail: what is read first, and how it looks."""
    return {
        FOLDER / f"{name}.txt": f"{mail.subject}\n\n{mail.text}",
        FOLDER / f"{name}.html": mail.html,
    }


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, one in digests().items():
        for path, content in files(name, render(one, LINKS)).items():
            path.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()

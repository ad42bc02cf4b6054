"""Bring the message catalogues up to date with the source: `python -m tests.digest.catalogues`.

New messages appear untranslated (a test names them); messages no longer used are removed.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from chalicelib.digest.speech import LOCALE

LANGUAGES = ("fi", "sv", "en")
SOURCE = LOCALE.parent
#: Headers that Babel fills with placeholders, or with a date that would change on every run.
UNUSED_HEADERS = (
    '"Report-Msgid-Bugs-To',
    '"POT-Creation-Date',
    '"PO-Revision-Date',
    '"Last-Translator',
    '"Language-Team',
    '"Generated-By',
)
KEYWORDS = {"say": None, "sentence": None, "N_": None, "count": (1, 2)}


def template() -> Catalog:
    """Every message of the source, in the order of the files."""
    catalog = Catalog(project="Oivallus", charset="utf-8", fuzzy=False)
    found = extract_from_dir(SOURCE, [("**.py", "python")], keywords=KEYWORDS)
    for filename, _, message, _, _ in found:
        catalog.add(message, locations=[(filename, 0)])
    return catalog


def path(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "digest.po"


def catalogue(language: str) -> Catalog:
    with path(language).open("rb") as source:
        return read_po(source, locale=language)


def main() -> None:
    for language in LANGUAGES:
        where = path(language)
        catalog = catalogue(language) if where.exists() else Catalog(locale=language, fuzzy=False)
        catalog.update(template(), no_fuzzy_matching=True)
        catalog.obsolete.clear()
        catalog.header_comment = f"# Oivallus: the digest in {language}."
        catalog.project, catalog.version = "Oivallus", "0.1"
        written = BytesIO()
        write_po(written, catalog, width=96, include_lineno=False)
        kept = [
            line
            for line in written.getvalue().decode().splitlines(keepends=True)
            if not line.startswith(UNUSED_HEADERS)
        ]
        where.write_text("".join(kept), encoding="utf-8")


if __name__ == "__main__":
    main()

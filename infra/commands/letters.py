"""Digests as files: the mail itself, its HTML, and a picture of it where a browser is found."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape
from pathlib import Path

from infra.local.mailbox import Mail

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_WIDTH = 720
_LONGEST, _UNKNOWN_HEIGHT = 8000, 2400  # pixels
#: The hub that the links of a letter lead to has stopped when its file is read.
_FOOT = (
    '<p style="margin:16px auto;max-width:640px;padding:0 16px;font:13px sans-serif;color:#777">'
    "Tiedoston linkit eivät toimi: ne vievät keskukseen, joka on jo sammutettu. · "
    "Länkarna i filen fungerar inte: de leder till en hubb som har stängts av. · "
    "The links in this file do not work: they lead to a hub that has stopped.</p>\n"
)
_MEASURE = """<!doctype html><title></title><style>iframe {{ width: {width}px; border: 0 }}</style>
{frames}
<script>onload = () => {{ document.title = [...document.querySelectorAll("iframe")]
  .map(f => f.contentDocument.documentElement.scrollHeight).join(" ") }}</script>
"""
_TIMEOUT_S = 60
_QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


@dataclass(frozen=True)
class Letter:
    """One department's digest of one week, as files. `picture` is None without a browser."""

    week: str
    department: str
    subject: str
    readers: tuple[str, ...]
    eml: Path
    html: Path
    picture: Path | None


def browser() -> str | None:
    """The path of a Chromium that takes pictures of pages, if one is installed."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def write(mails: Iterable[Mail], out: Path) -> list[Letter]:
    """Write each department's digest once, whoever else reads it too; in the order sent."""
    out.mkdir(parents=True, exist_ok=True)
    letters: dict[str, Letter] = {}
    for mail in mails:
        message = _message(mail)
        week, department = _identity(message)
        name = f"{week}-{department}"
        if name in letters:
            known = letters[name]
            letters[name] = _read_also_by(known, mail.recipient)
            continue
        eml, html = out / f"{name}.eml", out / f"{name}.html"
        eml.write_bytes(mail.content)
        part = message.get_body(("html",))
        html.write_text(part.get_content() if part else "", encoding="utf-8")
        subject = str(message["Subject"])
        letters[name] = Letter(week, department, subject, (mail.recipient,), eml, html, None)
    made = _pictured(list(letters.values()))
    for letter in made:  # the pictures show the letter as its reader gets it
        shown = letter.html.read_text(encoding="utf-8")
        letter.html.write_text(shown.replace("</body>", f"{_FOOT}</body>"), encoding="utf-8")
    return made


def page(mail: Mail, path: Path) -> Path:
    """Write what a browser shows of a mail; of one without HTML its text."""
    part = _message(mail).get_body(("html", "plain"))
    text = part.get_content() if part else ""
    if part is None or part.get_content_type() != "text/html":
        text = f'<!doctype html><meta charset="utf-8"><title></title><pre>{escape(text)}</pre>'
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def subject(mail: Mail) -> str:
    """A mail's subject, decoded."""
    return str(_message(mail)["Subject"])


def _message(mail: Mail) -> EmailMessage:
    return message_from_bytes(mail.content, policy=policy.default)


def _identity(message: EmailMessage) -> tuple[str, str]:
    """(week, department) of a digest, from the tag that comes back in mail events."""
    tag = str(message.get("X-SES-MESSAGE-TAGS", "")).partition("digest=")[2].partition(",")[0]
    week, _, rest = tag.partition("_")
    department = rest.rpartition("_")[0]
    return week or "undated", department or "mail"


def _read_also_by(letter: Letter, reader: str) -> Letter:
    return replace(letter, readers=(*letter.readers, reader))


def _pictured(letters: list[Letter]) -> list[Letter]:
    """The letters with pictures, where a browser can take them."""
    found = browser()
    if found is None:
        return letters

    heights = _heights(found, [letter.html for letter in letters])

    def pictured(letter: Letter, height: int) -> Letter:
        return replace(letter, picture=picture(found, letter.html, height))

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(pictured, letters, heights))


def picture(browser_path: str, html: Path, height: int) -> Path | None:
    """A picture of a page beside it, `height` pixels of it; None when the browser fails."""
    target = html.with_suffix(".png")
    try:
        options = [f"--screenshot={target}", f"--window-size={_WIDTH},{height}"]
        _run(browser_path, *options, html.resolve().as_uri())
    except (subprocess.SubprocessError, OSError):
        return None
    return target if target.exists() else None


def _heights(browser_path: str, pages: Sequence[Path]) -> list[int]:
    """How tall each page is, pixels: a browser without a window shows only a window's worth."""
    frames = "".join(
        f'<iframe srcdoc="{escape(page.read_text(encoding="utf-8"))}"></iframe>' for page in pages
    )
    with tempfile.TemporaryDirectory() as folder:
        measure = Path(folder) / "measure.html"
        measure.write_text(_MEASURE.format(width=_WIDTH, frames=frames), encoding="utf-8")
        try:
            dom = _run(browser_path, "--dump-dom", "--window-size=1000,1000", measure.as_uri())
        except (subprocess.SubprocessError, OSError):
            dom = ""
    found = re.search(r"<title>([\d ]+)</title>", dom)
    heights = [int(height) for height in found[1].split()] if found else []
    if len(heights) != len(pages):
        return [_UNKNOWN_HEIGHT] * len(pages)
    return [min(height, _LONGEST) for height in heights]


def _run(browser_path: str, *arguments: str) -> str:
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run(  # noqa: S603 - a browser from PATH, on a file of ours
            [browser_path, *_QUIET, f"--user-data-dir={profile}", *arguments],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=True,
        )
    return done.stdout

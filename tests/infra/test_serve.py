"""What `hub serve` shows, and `hub secret`: what somebody needs who wires a source by hand."""

from __future__ import annotations

import json
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

from infra import hub
from infra.commands import letters
from infra.commands.serve import shown
from infra.local.mailbox import Mail
from tests.conftest import NOW, SECRET
from tests.infra.places import WRONG, Place, call, told
from tests.pipeline.test_receive import MESSAGE


def outcome(place: Place, secret: str) -> str:
    return str(told("show", place.deliver(MESSAGE, secret))["delivery"]["outcome"])


def test_the_printed_secret_signs_what_is_accepted(place: Place) -> None:
    printed = call("secret", "shop").stdout.strip()
    assert printed == SECRET
    assert outcome(place, printed) == "accepted"


def test_another_secret_is_taken_and_the_older_still_fits(place: Place) -> None:
    assert outcome(place, WRONG) == "rejected"
    done = call("secret", "shop", "--set", input=f" {WRONG}\n")
    assert done.exit_code == hub.OK
    assert WRONG not in done.output
    assert call("secret", "shop").stdout.strip() == WRONG
    assert outcome(place, WRONG) == "accepted"
    assert outcome(place, SECRET) == "duplicate"


def test_no_secret_changes_none(place: Place) -> None:
    assert call("secret", "shop", "--set", input="\n").exit_code == hub.FAULTS
    assert call("secret", "shop").stdout.strip() == SECRET


def test_a_served_line_has_the_id_and_the_organisations_time(place: Place) -> None:
    delivered = place.deliver(MESSAGE, WRONG)
    ((record, _),) = place.log.lines()
    line = shown(json.loads(record), ZoneInfo("Europe/Helsinki"))
    assert line is not None
    at = NOW.astimezone(ZoneInfo("Europe/Helsinki"))
    assert line.plain.startswith(f"{at:%H:%M:%S}  {delivered}  shop")
    assert shown({"level": "INFO", "message": "started"}) is None


def mail(subject: str, content: str, subtype: str) -> Mail:
    message = EmailMessage()
    message["Subject"] = subject
    message.set_content("Lähde on hiljaa: 2 < 3" if subtype == "plain" else "x")
    if subtype == "html":
        message.add_alternative(content, subtype="html")
    return Mail("a@x.example", message.as_bytes())


def test_a_mail_becomes_a_page_whether_or_not_it_has_html(tmp_path: Path) -> None:
    digest = mail("Viikko 47: myöhässä", "<p>Hyvää viikkoa!</p>", "html")
    assert letters.subject(digest) == "Viikko 47: myöhässä"
    page = letters.page(digest, tmp_path / "mail" / "0001.html")
    assert "<p>Hyvää viikkoa!</p>" in page.read_text(encoding="utf-8")
    notice = letters.page(mail("Hiljaa", "", "plain"), tmp_path / "mail" / "0002.html")
    assert "Lähde on hiljaa: 2 &lt; 3" in notice.read_text(encoding="utf-8")

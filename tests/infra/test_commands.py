"""The `hub` command and what its commands decide."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chalicelib.interaction import Channel, Event, EventKind
from chalicelib.organisation import Organisation
from chalicelib.organisation import read as read_organisation
from infra import hub
from infra.commands import letters, worlds
from infra.commands.demo import _Days, digest_moments
from infra.commands.rows import NoSuchSource, Rows, file_source, read
from infra.local.mailbox import Mail
from infra.paths import ORGANISATION, ROOT

run = CliRunner()


@pytest.fixture(scope="module")
def organisation() -> Organisation:
    return read_organisation(ORGANISATION.read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds a hub that a developer left running."""
    monkeypatch.setattr(worlds, "ENVIRONMENT_FILE", tmp_path / "no.json")


def test_check_accepts_the_example() -> None:
    done = run.invoke(hub.app, ["check", str(ORGANISATION)])
    assert done.exit_code == hub.OK
    assert "no fault" in done.output


def test_check_names_line_and_remedy(tmp_path: Path) -> None:
    bad = tmp_path / "organisation.yaml"
    text = ORGANISATION.read_text(encoding="utf-8")
    bad.write_text(text.replace("connector: twilio", "connector: twillio"), encoding="utf-8")
    done = run.invoke(hub.app, ["check", str(bad), "--json"])
    assert done.exit_code == hub.FAULTS
    (fault,) = json.loads(done.stdout)["faults"]
    line = text.splitlines().index("    connector: twilio") + 1
    assert fault.startswith(f"line {line}, sources.phone.connector: 'twillio' is not one of")
    bad.write_text(text.replace("time_zone: Europe/Helsinki", "time_zone: Helsinki"))
    done = run.invoke(hub.app, ["check", str(bad)])
    assert done.exit_code == hub.FAULTS
    assert "line " in done.output


@pytest.mark.parametrize("command", [["check"], ["publish"], ["serve", "-o"], ["demo", "-o"]])
def test_a_faulty_option_stops_every_command_with_its_line(
    tmp_path: Path, command: list[str]
) -> None:
    bad = tmp_path / "organisation.yaml"
    text = ORGANISATION.read_text(encoding="utf-8")
    bad.write_text(text.replace("csat: data.stars ", "csat: data.stars[ "), encoding="utf-8")
    line = next(n for n, at in enumerate(text.splitlines(), 1) if "csat: data.stars" in at)
    done = run.invoke(hub.app, [*command, str(bad)])
    assert done.exit_code == hub.FAULTS
    place = f"line {line}, sources.shop-feedback.options.mapping.csat: "
    assert place in done.output.replace("\n", " ")
    assert "none runs here" not in done.output


@pytest.mark.parametrize(
    "command",
    [
        ["import", str(ORGANISATION)],
        ["publish"],
        ["recount"],
        ["replay", "chat"],
        ["renormalize"],
        ["sources"],
        ["deliveries"],
        ["tail"],
        ["show", "0" * 16],
        ["sample", "chat"],
        ["dead", "list"],
        ["backfill", "chat", "--since", "1d"],
        ["register", "chat"],
    ],
)
def test_without_a_hub_the_way_to_one_is_named(command: list[str]) -> None:
    done = run.invoke(hub.app, command)
    assert done.exit_code == hub.NO_HUB
    assert "hub serve" in done.output.replace("\n", " ")


def _commands() -> list[list[str]]:
    named = [[command.name or command.callback.__name__] for command in hub.app.registered_commands]  # type: ignore[union-attr]
    dead = ["list", "show", "redrive", "discard"]
    readers = [["readers"], ["readers", "resubscribe"]]
    return [*named, *(["dead", name] for name in dead), *readers]


def test_every_command_explains_itself_and_speaks_json() -> None:
    for command in _commands():
        done = run.invoke(hub.app, [*command, "--help"], terminal_width=200)
        assert done.exit_code == hub.OK, command
        assert "<bool>" not in done.output, command
        assert ("--json" in done.output) is (command != ["serve"]), command


def test_help_and_docs_name_every_exit_status() -> None:
    help_ = " ".join(run.invoke(hub.app, ["--help"], terminal_width=200).output.split())
    docs = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    for status, meaning in hub.EXITS.items():
        assert f"{status} {meaning}" in help_
        assert f"| {status} | {meaning} |" in docs


def test_docs_name_every_command() -> None:
    docs = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert [c for c in _commands() if f"`hub {' '.join(c)}" not in docs] == []


def test_rows_go_to_the_source_they_name(organisation: Organisation, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    lines = [
        {"id": "1", "text": "Sohva saapui ajallaan.", "source": "chat", "channel": "chat"},
        {"id": "2", "text": "Kiitos!", "source": "nowhere", "time": "2026-11-02"},
        {"id": "3", "csat": 11},
    ]
    file.write_text("\n".join(json.dumps(line) for line in lines))
    rows = Rows(read(file), organisation, file_source(organisation), datetime.now(UTC))
    assert [event.source for event in rows.events()] == ["chat", "import"]
    assert rows.refused == 1
    assert rows.reasons[0].startswith("row 3: ")


def test_a_missing_source_is_named(organisation: Organisation) -> None:
    assert file_source(organisation).name == "import"
    assert file_source(organisation, "chat").connector == "intercom"
    with pytest.raises(NoSuchSource, match="no source 'fax'"):
        file_source(organisation, "fax")


def event(day: date) -> Event:
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return Event("import", "1", "1", EventKind.MESSAGE, at, Channel.FEEDBACK)


@pytest.mark.parametrize(
    ("first", "last", "monday"),
    [
        pytest.param("2026-05-04", "2026-10-11", "2026-10-12", id="ends on a Sunday"),
        pytest.param("2026-05-04", "2026-10-10", "2026-10-05", id="ends on a Saturday"),
        pytest.param("2026-10-06", "2026-10-08", "2026-10-12", id="one broken week is all"),
        pytest.param("2026-05-04", "2026-11-25", "2026-11-23", id="this week has begun"),
        pytest.param("2026-05-04", "2027-01-31", "2026-11-23", id="from the future"),
    ],
)
def test_the_week_of_a_users_own_messages(
    organisation: Organisation, first: str, last: str, monday: str
) -> None:
    days = _Days(organisation)
    list(days.seen([event(date.fromisoformat(first)), event(date.fromisoformat(last))]))
    assert days.digest_monday(date(2026, 11, 25)) == date.fromisoformat(monday)


def test_each_schedule_is_run_at_its_own_local_moment(organisation: Organisation) -> None:
    moments = digest_moments(organisation, date(2026, 11, 23))
    assert moments == sorted(set(moments))
    schedules = {department.schedule for department in organisation.departments}
    assert len(moments) == len(schedules)
    assert all(moment.utcoffset() is not None for moment in moments)
    summer = digest_moments(organisation, date(2026, 7, 6))
    assert summer[0].hour == moments[0].hour  # nine o'clock stays nine o'clock
    assert summer[0].utcoffset() != moments[0].utcoffset()


def mail(recipient: str, department: str) -> Mail:
    message = EmailMessage()
    message["Subject"] = "Viikko 47"
    message["X-SES-MESSAGE-TAGS"] = f"digest=2026-W47_{department}_0123abcd"
    message.set_content("teksti")
    message.add_alternative("<body><p>Hyvää viikkoa!</p></body>", subtype="html")
    return Mail(recipient, message.as_bytes())


def test_a_digest_is_written_once_for_all_its_readers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters, "browser", lambda: None)
    sent = [mail("a@x.example", "use-it"), mail("b@x.example", "use-it"), mail("c@x.example", "hr")]
    first, second = letters.write(sent, tmp_path)
    assert (first.week, first.department) == ("2026-W47", "use-it")
    assert first.readers == ("a@x.example", "b@x.example")
    assert first.eml.read_bytes() == sent[0].content
    assert "Hyvää viikkoa!" in first.html.read_text(encoding="utf-8")
    assert first.html.read_text(encoding="utf-8").count("links in this file do not work") == 1
    assert second.html == tmp_path / "2026-W47-hr.html"
    assert first.picture is None


@pytest.mark.skipif(letters.browser() is None, reason="no Chromium on PATH")
def test_a_picture_shows_the_whole_page(tmp_path: Path) -> None:
    page = '<body style="margin:0"><div style="height:1500px">pitkä</div></body>'
    message = EmailMessage()
    message["X-SES-MESSAGE-TAGS"] = "digest=2026-W47_hr_0"
    message.add_alternative(page, subtype="html")
    (letter,) = letters.write([Mail("a@x.example", message.as_bytes())], tmp_path)
    assert letter.picture is not None
    png = letter.picture.read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(png[20:24]) == 1500  # the height in the PNG's header

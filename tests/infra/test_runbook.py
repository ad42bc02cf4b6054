"""What the pages tell an operator to type exists: in AWS, `hub`, the Makefile and the stack."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from infra import hub
from infra.paths import ROOT
from infra.template import DEV, alarms, functions, merge_template
from tests.infra import awscli, runbook
from tests.infra.awscli import Wrong, parsed

PAGES = sorted({ROOT / "README.md", runbook.PAGE, *(ROOT / "docs").rglob("*.md")})
GIVEN = [page for page in PAGES if re.search(r"\baws [a-z]", page.read_text(encoding="utf-8"))]
_HELPERS = re.compile(r"\b(log|resource|endpoint_log) ([A-Za-z]+)")


@pytest.mark.parametrize("page", GIVEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_aws_command_is_one_that_aws_takes(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    found = list(runbook.aws_commands(runbook.code(text)))
    named = [words for part in runbook.prose(text) for words in runbook.aws_commands(part)]
    assert found or named
    for words in found:
        parsed(words)
    for words in named:
        # A sentence may name a command whose options the reader has before them.
        parsed(words, whole=any(word.startswith("--") for word in words))


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("dynamo delete-table", "no service 'dynamo'"),
        ("dynamodb drop-table --table-name a", "no operation 'drop-table'"),
        ("dynamodb delete-table", "Missing required parameter"),
        ("dynamodb delete-table --table a", "--table: no such option"),
        ("dynamodb delete-table --table-name a b", "one value is wanted"),
        ("dynamodb delete-table a", "belongs to no option"),
        ("dynamodb update-table --table-name", "lacks its value"),
        ("dynamodb wait table-gone --table-name a", "wait has no 'table-gone'"),
        (
            "dynamodb update-time-to-live --table-name a --time-to-live-specification On=true",
            "'On'",
        ),
        (
            "dynamodb update-time-to-live --table-name a --time-to-live-specification Enabled=true",
            "AttributeName",
        ),
        ("dynamodb list-backups --backup-type ALLES", "'ALLES' is none of"),
        ("dynamodb delete-table --table-name a --profil b", "--profil: no such option"),
        ("s3 sync a b --remove", "--remove"),
    ],
)
def test_what_aws_would_refuse_is_found(command: str, why: str) -> None:
    with pytest.raises(Wrong, match=re.escape(why)):
        parsed(command.split())


def test_commands_are_read_as_bash_reads_them() -> None:
    script = """
        WHERE=x
        for A in $(aws sqs list-queues --query 'QueueUrls[?a(b)]' | tr a b); do
            aws dynamodb tag-resource --tags Key=a,Value=b Key=c,Value=d \\
                --resource-arn $(resource $(date +%s)) # why
            aws dynamodb update-table --table-name $WHERE --no-deletion-protection-enabled; done
    """
    first, second, third = map(parsed, runbook.aws_commands(runbook.code(script)))
    assert first.options == {"query": "QueueUrls[?a(b)]"}
    assert second.params["Tags"] == [{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}]
    assert second.params["ResourceArn"] == "…"
    assert third.params == {"TableName": "x", "DeletionProtectionEnabled": False}


def _hub_commands(text: str) -> Iterator[list[str]]:
    for part in (*runbook.code(text).splitlines(), *runbook.prose(text)):
        found = re.match(r"hub ([a-z].*)", part.partition("#")[0].strip())
        if found:
            yield found[1].split()


def _unknown(words: list[str]) -> str:
    """What of a command line `hub` does not know; '' when it knows all."""
    at: Any = typer.main.get_command(hub.app)
    while words and hasattr(at, "commands"):
        name, *words = words
        if name not in at.commands:
            return name
        at = at.commands[name]
    options = {option for parameter in at.params for option in parameter.opts}
    return next((word for word in words if word.startswith("--") and word not in options), "")


def test_each_hub_command_of_the_runbook_exists() -> None:
    commands = list(_hub_commands(runbook.PAGE.read_text(encoding="utf-8")))
    assert len(commands) > 20
    assert {" ".join(words): told for words in commands if (told := _unknown(words))} == {}
    assert _unknown(["dead", "shown"]) == "shown"
    assert _unknown(["recount", "--restor"]) == "--restor"


def test_each_make_target_of_the_runbook_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    text = runbook.PAGE.read_text(encoding="utf-8")
    for part in (*runbook.code(text).splitlines(), *runbook.prose(text)):
        if found := re.match(r"make ([a-z-]+)(.*)", part.strip()):
            assert re.search(rf"^{found[1]}:", makefile, re.M), part
            for variable in re.findall(r"\b([A-Z]{2,})=", found[2]):
                assert f"$({variable})" in makefile, part


def test_each_function_and_resource_of_the_runbook_is_in_the_stack() -> None:
    resources = merge_template(DEV)["Resources"]
    called = {f"{name}{name}Event" for name in functions.CALLED}  # Chalice's names of the rules
    text = runbook.PAGE.read_text(encoding="utf-8")
    for helper, name in _HELPERS.findall("\n".join((runbook.code(text), *runbook.prose(text)))):
        if helper == "endpoint_log":
            assert f"{name.capitalize()}Endpoint" in resources
        else:
            assert (f"{name}LogGroup" if helper == "log" else name) in {*resources, *called}, name


def test_each_alarm_has_a_command_to_paste() -> None:
    kinds = ("hub ", "log ", "endpoint_log ", "aws ", "make ")
    for alarm in alarms.every_alarm():
        assert any(part.startswith(kinds) for part in runbook.prose(alarm.do)), alarm.id


def test_the_lines_to_paste_first_are_bash(tmp_path: Path) -> None:
    """They define what every later line calls, and print nothing."""
    with runbook.bash({"aws": lambda *_: (0, "physical-name")}) as run:
        script = runbook.code(runbook.section("What each alarm means"))
        assert run(script) == ""
        assert run(f"{script}\nresource Understand") == "physical-name\n"


def test_own_commands_are_few() -> None:
    assert {service for service, _ in awscli.OWN} == {"s3"}

"""CloudFormation's change sets: made, shown, executed, waited for, and failures in plain words."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

#: What holds data: a change that replaces or removes one is refused unless it is asked for.
HOLDS_DATA = {
    "AWS::DynamoDB::Table",
    "AWS::S3::Bucket",
    "AWS::KMS::Key",
    "AWS::SQS::Queue",
    "AWS::ECR::Repository",
}
_NOTHING = ("didn't contain changes", "No updates are to be performed")
_CANCELLED = "cancelled"  # what CloudFormation says of those that another's failure stopped
_REMEDIES = {
    "ROLLBACK_COMPLETE": "its creation failed; nothing of it is in use. Delete the stack, then "
    "deploy again",
    "ROLLBACK_FAILED": "its creation failed, and so did clearing up. Delete the stack in the "
    "console, then deploy again",
    "UPDATE_ROLLBACK_FAILED": "going back failed: CloudFormation > the stack > Stack actions > "
    "Continue update rollback",
    "DELETE_FAILED": "its deletion failed: the console says at which resource",
}


class DeployFailed(RuntimeError):
    """The stack is not what was asked for; the text says why and what to do."""


@dataclass(frozen=True)
class Change:
    """What will become of one resource: `how` is add, change, replace, maybe replace or remove."""

    how: str
    id: str
    type: str

    @property
    def loses_data(self) -> bool:
        return self.how not in ("add", "change") and self.type in HOLDS_DATA

    def __str__(self) -> str:
        mark = {"add": "+", "change": "~", "remove": "-"}.get(self.how, "!")
        return f"  {mark} {self.how:13} {self.id} ({self.type})"


@dataclass(frozen=True)
class Stack:
    """One stack in one region, and how often to look at what it does."""

    cloudformation: Any
    name: str
    poll_s: float = 5.0
    tell: Callable[[str], None] = print

    def status(self) -> str:
        """CloudFormation's word for it; '' when there is none."""
        described = self._described()
        return str(described["StackStatus"]) if described else ""

    def outputs(self) -> dict[str, str]:
        """What the stack tells of itself; empty when there is none."""
        described = self._described() or {}
        return {o["OutputKey"]: o["OutputValue"] for o in described.get("Outputs", ())}

    def _described(self) -> Mapping[str, Any] | None:
        try:
            found = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return found[0] if found and found[0]["StackStatus"] != "DELETE_COMPLETE" else None

    def check_usable(self) -> None:
        """Raises DeployFailed when nothing can be changed now."""
        status = self.status()
        if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
            raise DeployFailed(f"stack {self.name} is being changed ({status}); wait until it ends")
        if status in _REMEDIES:
            raise DeployFailed(f"stack {self.name} is {status}: {_REMEDIES[status]}")

    def planned(
        self, template: Mapping[str, str], parameters: Mapping[str, str], tags: Mapping[str, str]
    ) -> tuple[str, list[Change]] | None:
        """A change set's name and its changes; None when nothing would change.

        `template` is {"TemplateURL": …} or {"TemplateBody": …}. Raises DeployFailed.
        """
        self.check_usable()
        name = f"deploy-{uuid.uuid4().hex[:12]}"
        new = self.status() in ("", "REVIEW_IN_PROGRESS")
        self.cloudformation.create_change_set(
            StackName=self.name,
            ChangeSetName=name,
            ChangeSetType="CREATE" if new else "UPDATE",
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
            Tags=[{"Key": k, "Value": v} for k, v in tags.items()],
            Capabilities=["CAPABILITY_IAM"],
            **template,
        )
        described = self._settled(name)
        if described["Status"] == "FAILED":
            why = str(described.get("StatusReason", ""))
            self.discard(name)
            if any(nothing in why for nothing in _NOTHING):
                return None
            raise DeployFailed(f"CloudFormation refuses the template of {self.name}: {why}")
        return name, self._changes(name)

    def _settled(self, name: str) -> Mapping[str, Any]:
        while True:
            found: Mapping[str, Any] = self.cloudformation.describe_change_set(
                StackName=self.name, ChangeSetName=name
            )
            if found["Status"] in ("CREATE_COMPLETE", "FAILED"):
                return found
            time.sleep(self.poll_s)

    def _changes(self, name: str) -> list[Change]:
        found: list[Change] = []
        more: dict[str, str] = {}
        while True:
            page = self.cloudformation.describe_change_set(
                StackName=self.name, ChangeSetName=name, **more
            )
            found += [change(one["ResourceChange"]) for one in page.get("Changes", ())]
            if not page.get("NextToken"):
                return found
            more = {"NextToken": page["NextToken"]}

    def discard(self, name: str) -> None:
        """Take a change set away, with the empty stack that making it may have left."""
        self.cloudformation.delete_change_set(StackName=self.name, ChangeSetName=name)
        if self.status() == "REVIEW_IN_PROGRESS":
            self.cloudformation.delete_stack(StackName=self.name)

    def execute(self, name: str) -> None:
        """Make the changes, tell of each as it is made, and wait. Raises DeployFailed."""
        before = {event["EventId"] for event in self._events(set())}
        self.cloudformation.execute_change_set(StackName=self.name, ChangeSetName=name)
        told: set[str] = set()
        while True:
            status = self.status()
            events = self._events(before)
            for event in reversed(events):
                if event["EventId"] not in told:
                    told.add(event["EventId"])
                    self.tell(f"  {event['LogicalResourceId']}: {event['ResourceStatus']}")
            # The status alone may still be the one of the last deployment.
            if any(map(_is_end, events)) and not status.endswith("_IN_PROGRESS"):
                break
            time.sleep(self.poll_s)
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            why = "\n".join(f"  {reason}" for reason in reasons(events))
            raise DeployFailed(
                f"stack {self.name} ended as {status or 'deleted'}, because of\n{why}\n"
                f"{_REMEDIES.get(status, 'it is again what it was before')}."
            )

    def _events(self, before: Collection[str]) -> list[Mapping[str, Any]]:
        """What happened since the events `before`, the newest first."""
        found: list[Mapping[str, Any]] = []
        for page in self.cloudformation.get_paginator("describe_stack_events").paginate(
            StackName=self.name
        ):
            for event in page["StackEvents"]:
                if event["EventId"] in before:
                    return found
                found.append(event)
        return found


def _is_end(event: Mapping[str, Any]) -> bool:
    """The stack itself came to an end, good or bad."""
    of_stack = event["ResourceType"] == "AWS::CloudFormation::Stack"
    return of_stack and not event["ResourceStatus"].endswith("_IN_PROGRESS")


def change(told: Mapping[str, Any]) -> Change:
    """CloudFormation's `ResourceChange` in our words."""
    how = {"Add": "add", "Remove": "remove", "Import": "add"}.get(told["Action"], "change")
    if how == "change":
        replaced = {"True": "replace", "Conditional": "maybe replace"}
        how = replaced.get(str(told.get("Replacement", "False")), "change")
    return Change(how, told["LogicalResourceId"], told["ResourceType"])


def reasons(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """Why a deployment failed, the first failure first; those that it stopped are left out."""
    failed = [
        event
        for event in events
        if event["ResourceStatus"].endswith("_FAILED")
        and _CANCELLED not in event.get("ResourceStatusReason", "").lower()
    ]
    failed.sort(key=lambda event: event["Timestamp"])
    return [
        f"{event['LogicalResourceId']} ({event['ResourceType']}): "
        f"{event.get('ResourceStatusReason', 'no reason was given')}"
        for event in failed
    ]


def losses(changes: Sequence[Change]) -> list[Change]:
    """The changes at which data would be lost."""
    return [one for one in changes if one.loses_data]

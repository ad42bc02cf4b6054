"""CloudFormation's references (Ref, GetAtt, Sub), resolved for what the local twin creates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ACCOUNT = "123456789012"  # moto's


@dataclass
class References:
    """Physical names by logical id, and attributes by (logical id, attribute)."""

    pseudo: Mapping[str, str]
    names: dict[str, str] = field(default_factory=dict)
    attributes: dict[tuple[str, str], str] = field(default_factory=dict)

    def created(self, logical_id: str, name: str, **attributes: str) -> str:
        """Remember what a logical id became; returns the name."""
        self.names[logical_id] = name
        for attribute, value in attributes.items():
            self.attributes[logical_id, attribute] = value
        return name

    def resolve(self, value: Any) -> Any:
        """A copy of a template value with every reference replaced.

        Raises KeyError naming what a reference means when it was not created.
        """
        while isinstance(value, dict) and "Fn::If" in value:
            value = value["Fn::If"][2]  # the twin has none of the optional parts
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if not isinstance(value, dict):
            return value
        match value:
            case {"Ref": name}:
                return self._ref(name)
            case {"Fn::GetAtt": [name, attribute]}:
                return self.attributes[name, attribute]
            case {"Fn::Sub": str(text)}:
                return re.sub(r"\$\{([^}]+)\}", lambda found: self._sub(found[1]), text)
        return {key: self.resolve(item) for key, item in value.items()}

    def _ref(self, name: str) -> str:
        return self.pseudo[name] if name in self.pseudo else self.names[name]

    def _sub(self, expression: str) -> str:
        name, _, attribute = expression.partition(".")
        return self.attributes[name, attribute] if attribute else self._ref(name)


def pseudo_parameters(stack_name: str, region: str) -> dict[str, str]:
    """What CloudFormation knows by itself."""
    return {
        "AWS::StackName": stack_name,
        "AWS::Region": region,
        "AWS::AccountId": ACCOUNT,
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
    }

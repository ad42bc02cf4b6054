"""The registry: CONNECTORS is the only list to extend. A module is imported on first use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from chalicelib.connectors.base import Connector, Source
from chalicelib.errors import Misconfigured

_MODULES = (
    "zendesk",
    "zendesk_messaging",
    "intercom",
    "slack",
    "freshdesk",
    "freshchat",
    "front",
    "helpscout",
    "chatwoot",
    "livechat",
    "giosg",
    "crisp",
    "meta",
    "ses",
    "postmark",
    "mailgun",
    "sendgrid",
    "twilio",
    "connect",
    "aircall",
    "genesys",
    "dialpad",
    "zoom_phone",
    "vonage",
    "typeform",
    "surveymonkey",
    "qualtrics",
    "delighted",
    "tally",
    "formbricks",
    "google_forms",
    "trustpilot",
    "fider",
    "canny",
    "standard",
    "cloudevents",
    "hmac",
    "json",
    "rows",
)


class _Registry(Mapping[str, Connector]):
    """name -> Connector; `chalicelib/connectors/<name>.py` holds it as CONNECTOR."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = dict.fromkeys(names)

    def __getitem__(self, name: str) -> Connector:
        if name not in self._names:
            raise KeyError(name)
        connector: Connector = import_module(f"{__name__}.{name}").CONNECTOR
        return connector

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


CONNECTORS: Mapping[str, Connector] = _Registry(_MODULES)


def check(source: Source) -> None:
    """Raises Misconfigured for settings of a source that its connector cannot work with."""
    connector = CONNECTORS[source.connector]
    connector.check(source)
    if source.recordings and connector.recordings is None:
        hearing = (name for name in CONNECTORS if CONNECTORS[name].recordings)
        raise Misconfigured(
            f"recordings: {connector.title} gives no recordings to the hub, only "
            f"{', '.join(hearing)} do; remove the key"
        )

"""organisation.yaml -> Organisation: sources, touchpoints, themes, departments, targets.

One deployment serves one organisation. The file is validated whole; a bad one raises
`BadOrganisation`, whose text names the line, the key and the remedy. Secrets are never in it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from functools import cached_property
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from chalicelib import organisation_faults
from chalicelib.interaction import Channel

Language = Literal["fi", "en", "sv"]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]
_ADDRESS = r"[^@\s,<>]+@[^@\s,<>]+\.[^@\s,<>]+"
EmailAddress = Annotated[str, StringConstraints(pattern=f"^{_ADDRESS}$")]
#: An address, or a name and an address; a header, so it is one line.
Sender = Annotated[
    str, StringConstraints(pattern=rf"^(?:{_ADDRESS}|[^\r\n<>]*<{_ADDRESS}>)$", max_length=320)
]
Texts = Mapping[Language, str]
Share01 = Annotated[float, Field(ge=0, le=1)]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class BadOrganisation(ValueError):
    """organisation.yaml cannot be used; the text says where and what to do."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Named(_Part):
    id: Id
    name: Texts

    @field_validator("name")
    @classmethod
    def _has_a_name(cls, name: Texts) -> Texts:
        if not name:
            raise ValueError("give a name in at least one language, such as {fi: Toimitus}")
        return name

    def called(self, language: str) -> str:
        """The name in a language, or in the first language it has."""
        return self.name.get(language) or next(iter(self.name.values()))  # type: ignore[call-overload]


class SourceConfig(_Part):
    """One wired tool. Its name is the last part of its webhook URL."""

    connector: str
    title: str = ""
    touchpoint: Id | None = None
    channel: Channel | None = None
    expected_every_h: Annotated[float, Field(gt=0)] = 72  # silent for longer is an alarm
    open: bool = False  # True only where the operator says that no secret protects this source
    #: Its recorded calls are written down by the hub: callers must know before they speak.
    recordings: bool = False
    options: Mapping[str, Any] = {}


class Targets(_Part):
    """What a touchpoint should reach."""

    nps: Annotated[float, Field(ge=-100, le=100)] | None = None
    csat: Annotated[float, Field(ge=1, le=5)] | None = None
    ces: Annotated[float, Field(ge=1, le=7)] | None = None
    wait_s: Annotated[float, Field(gt=0)] | None = None


class Touchpoint(_Named):
    """A moment of the customer's journey, in the order of the file."""

    tags: tuple[str, ...] = ()  # a vendor's tag that says the interaction belongs here
    targets: Targets = Targets()


class Theme(_Named):
    """What an interaction is about."""

    description: Texts = {}
    keywords: Mapping[Language, tuple[str, ...]] = {}
    examples: Mapping[Language, tuple[str, ...]] = {}
    demand: Literal["failure", "value"] | None = None  # None: the text decides
    tone: Literal["negative", "positive"] | None = None  # praise has no complaints in it
    touchpoint: Id | None = None  # where it happens, when the source does not tell
    department: Id  # who owns it
    #: The share of its failure demand that a fix could remove, lowest and highest (0..1).
    avoidable: tuple[Share01, Share01] | None = None

    @field_validator("avoidable")
    @classmethod
    def _low_first(cls, avoidable: tuple[float, float] | None) -> tuple[float, float] | None:
        if avoidable and avoidable[0] > avoidable[1]:
            raise ValueError("write the lowest share first, such as [0.3, 0.6]")
        return avoidable


class Action(_Named):
    """A fix that a department says it made; later digests tell whether it helped."""

    department: Id
    done: date
    theme: Id
    #: Themes that the fix does not touch, told in advance; empty means every other theme.
    compare_with: tuple[Id, ...] = ()


class Persona(_Named):
    """A kind of customer, told by the tags that sources give."""

    tags: Annotated[tuple[str, ...], Field(min_length=1)]


class Schedule(_Part):
    """When the digest leaves, in the organisation's time zone."""

    weekday: Literal[
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
    ] = "monday"
    at: time = time(9, 0)

    @field_validator("at", mode="before")
    @classmethod
    def _clock(cls, value: object) -> object:
        # YAML 1.1 reads an unquoted 09:00 as the sexagesimal number 540.
        return time(value // 60, value % 60) if isinstance(value, int) and value < 1440 else value

    @field_validator("at")
    @classmethod
    def _local(cls, value: time) -> time:
        if value.tzinfo is not None:
            raise ValueError("write the local time alone, such as '09:00'")
        return value


class Department(_Named):
    """Who reads a digest. `themes` empty means: the themes it owns; 'all' means every theme."""

    language: Language = "fi"
    recipients: tuple[EmailAddress, ...] = ()
    schedule: Schedule = Schedule()
    themes: Literal["all"] | tuple[Id, ...] = ()
    touchpoints: Literal["all"] | tuple[Id, ...] = "all"


class Price(_Part):
    """What a minute of handling costs the organisation, all included."""

    per_minute: Annotated[float, Field(gt=0)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "EUR"


class Retention(_Part):
    """How long each kind of data lives, in days."""

    raw_days: Annotated[int, Field(ge=1, le=3650)] = 30
    interactions_days: Annotated[int, Field(ge=30, le=3650)] = 730
    summaries_days: Annotated[int, Field(ge=400, le=36500)] = 3650


class Organisation(_Part):
    """The whole file, validated. `hash` identifies this version in every enrichment."""

    name: str
    time_zone: str = "Europe/Helsinki"
    languages: tuple[Language, ...] = ("fi", "en", "sv")
    contact: EmailAddress  # who answers readers and integrators
    integrators: tuple[EmailAddress, ...] = ()  # who hears of faulty sources; none: the contact
    sender: Sender  # From of the digests, an address that SES has verified
    public_url: str = ""  # https://… in front of the API, as vendors call and sign it
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = "FI"
    first_contact_resolution_window_days: Annotated[int, Field(ge=1, le=60)] = 7
    retention: Retention = Retention()
    redact: tuple[str, ...] = ()  # own patterns of customer and order numbers (regular expressions)
    sources: Mapping[Id, SourceConfig]
    touchpoints: tuple[Touchpoint, ...]
    themes: Annotated[tuple[Theme, ...], Field(min_length=1)]
    departments: Annotated[tuple[Department, ...], Field(min_length=1)]
    actions: tuple[Action, ...] = ()
    personas: tuple[Persona, ...] = ()
    price: Price | None = None

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError("is not an IANA time zone; write one such as Europe/Helsinki")
        return zone

    @field_validator("redact")
    @classmethod
    def _compiles(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
        return patterns

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for kind in ("touchpoints", "themes", "departments", "actions", "personas"):
            ids = [part.id for part in getattr(self, kind)]
            twice = sorted({i for i in ids if ids.count(i) > 1})
            if twice:
                raise ValueError(f"{kind}: {twice[0]!r} stands twice; give each its own id")
        for where, kind, wanted in self._references():
            known = {part.id for part in getattr(self, kind)}
            if wanted not in known:
                raise ValueError(
                    f"{where}: {wanted!r} is not one of {kind}; write one of "
                    f"{', '.join(sorted(known)) or 'none defined'}"
                )
        return self

    def _references(self) -> Iterator[tuple[str, str, str]]:
        """(where, which list, id) of every id that must exist."""
        for name, source in self.sources.items():
            if source.touchpoint:
                yield f"sources.{name}.touchpoint", "touchpoints", source.touchpoint
        for number, theme in enumerate(self.themes):
            yield f"themes.{number}.department", "departments", theme.department
            if theme.touchpoint:
                yield f"themes.{number}.touchpoint", "touchpoints", theme.touchpoint
        for number, department in enumerate(self.departments):
            for kind in ("themes", "touchpoints"):
                chosen = getattr(department, kind)
                for place, wanted in enumerate(() if chosen == "all" else chosen):
                    yield f"departments.{number}.{kind}.{place}", kind, wanted
        for number, action in enumerate(self.actions):
            yield f"actions.{number}.department", "departments", action.department
            yield f"actions.{number}.theme", "themes", action.theme
            for place, wanted in enumerate(action.compare_with):
                yield f"actions.{number}.compare_with.{place}", "themes", wanted

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the validated content: layout and comments do not change it."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @cached_property
    def taxonomy(self) -> dict[str, Any]:
        """The themes as the model endpoint reads them; `hash` covers exactly these."""
        themes = [
            theme.model_dump(
                mode="json", include={"id", "name", "description", "keywords", "examples", "demand"}
            )
            for theme in self.themes
        ]
        content = {"languages": list(self.languages), "themes": themes}
        digest = hashlib.sha256(repr(content).encode()).hexdigest()
        return {"hash": digest, **content}

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @cached_property
    def theme_by_id(self) -> Mapping[str, Theme]:
        return {theme.id: theme for theme in self.themes}

    @cached_property
    def touchpoint_by_id(self) -> Mapping[str, Touchpoint]:
        return {touchpoint.id: touchpoint for touchpoint in self.touchpoints}

    @cached_property
    def department_by_id(self) -> Mapping[str, Department]:
        return {department.id: department for department in self.departments}

    def local_day(self, at: datetime) -> date:
        """The organisation's calendar day of an aware time."""
        return at.astimezone(self.zone).date()

    def themes_of(self, department: Department) -> tuple[Theme, ...]:
        """The themes a department reads about, in the order of the file."""
        if department.themes == "all":
            return self.themes
        if department.themes:
            return tuple(theme for theme in self.themes if theme.id in department.themes)
        return tuple(theme for theme in self.themes if theme.department == department.id)


def read(text: str) -> Organisation:
    """Validate the text of an organisation.yaml.

    Raises BadOrganisation: one line per fault, each 'line N, key: what; remedy'.
    """
    import yaml  # functions read the published form, which is JSON

    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or "not YAML"
        raise BadOrganisation(
            f"{line}{problem}; check the indentation and quotes near there"
        ) from error
    if node is None or not isinstance(content, dict):
        raise BadOrganisation("line 1: the file must be a mapping that starts with 'name:'")
    try:
        return Organisation.model_validate(content)
    except ValidationError as error:
        faults = organisation_faults.told(node, error.errors())
        raise BadOrganisation("\n".join(faults)) from error


def published(text: str) -> Organisation:
    """The organisation of its published form: `model_dump_json()` of one that was validated.

    Fourteen times as fast as reading YAML, which every cold start would pay for.
    """
    return Organisation.model_validate_json(text)

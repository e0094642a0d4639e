"""Event types and their payload models, by wire name."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.utils.functional import Promise
from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError
from pydantic.fields import FieldInfo

from events.conf import conf
from events.exceptions import (
    AlreadyRegistered,
    Cancel,
    InvalidEventType,
    InvalidPayload,
    NotPublished,
    NotYetKnown,
    UnknownEventType,
)
from events.priority import Priority

WIRE_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the log knows of an event besides its payload."""

    id: int
    event_id: UUID
    type: str
    occurred_at: datetime
    actor_id: Any
    about: str
    key: str | None
    correlation_id: UUID
    causation_id: UUID | None


class Secret:
    """Marks a payload field as sensitive: `code: Annotated[str, Secret()]`.

    It is masked in the admin, in representations and in stored errors, and erased from the log once every
    handler is done.
    """


class Payload(BaseModel):
    """The facts of one event: complete without the live rows, frozen, unknown fields refused on publishing."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    _envelope: Envelope | None = PrivateAttr(None)

    @property
    def envelope(self) -> Envelope:
        """The envelope of the logged event; handlers have it, a payload of your own making has not."""
        if self._envelope is None:
            raise NotPublished(f"This {type(self).__name__} was not read from the log: it has no envelope.")
        return self._envelope

    def ordered_by(self) -> str | None:
        """Return a key whose events each handler takes one after the other, or None for any order."""
        return None

    @classmethod
    def upcast(cls, data: dict[str, Any], version: int) -> dict[str, Any]:
        """Turn the data of an older version, as it stands in the log, into this version's."""
        return data

    def __eq__(self, other: object) -> bool:
        """Compare the facts: an event read from the log equals the payload that was published."""
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), repr(sorted(self.__dict__.items()))))

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        hidden = sensitive_fields(type(self))
        for name, value in super().__repr_args__():
            yield name, "***" if name in hidden else value


P = TypeVar("P", bound=Payload)


def sensitive_fields(payload: type[BaseModel]) -> frozenset[str]:
    """Return the names of the fields marked Secret."""
    return frozenset(name for name, field in payload.model_fields.items() if _is_secret(field))


def _is_secret(field: FieldInfo) -> bool:
    return any(isinstance(mark, Secret) or mark is Secret for mark in field.metadata)


class EventType(str):
    """A registered fact. It *is* its wire name, so it goes wherever the name goes: filters, comparisons, JSON."""

    __slots__ = (
        "category",
        "display_name",
        "payload",
        "priority",
        "retention_override",
        "sensitive",
        "version",
    )

    payload: type[Payload]
    display_name: str | Promise
    category: str
    version: int
    priority: Priority
    retention_override: timedelta | None
    sensitive: frozenset[str]

    @property
    def retention(self) -> timedelta:
        """How long an event of this type stays in the log."""
        return conf.retention if self.retention_override is None else self.retention_override

    @property
    def constant(self) -> str:
        """The attribute of EventTypes: PRODUCT_CREATED for product.created."""
        return self.replace(".", "_").upper()

    @property
    def place(self) -> str:
        """Where the payload is declared, for messages."""
        return f"{self.payload.__module__}.{self.payload.__qualname__}"

    def validate(self, data: dict[str, Any]) -> Payload:
        """Build the payload from a publisher's data; raise InvalidPayload naming each wrong field."""
        try:
            return self.payload.model_validate(data)
        except ValidationError as error:
            raise InvalidPayload(self, _problems(error)) from None

    def read(self, data: dict[str, Any], version: int) -> Payload:
        """Build the payload from the log. Fields that it no longer has are ignored; older versions are upcast."""
        if version > self.version:
            raise NotYetKnown(f"Version {version} of the event type {self!s}")
        if version < self.version:
            data = self.payload.upcast(data, version)
        if not self.sensitive <= data.keys():
            raise Cancel("The sensitive fields of this event were erased after it had been handled.")
        return self.payload.model_validate(data, extra="ignore")


def _problems(error: ValidationError) -> list[str]:
    """One "field: what is wrong" each, without the values, which may be secret."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [f"{'.'.join(map(str, each['loc'])) or 'payload'}: {each['msg']}" for each in found]


class EventTypeRegistry:
    """Every event type of the installation: `EventTypes.PRODUCT_CREATED`, `EventTypes["product.created"]`."""

    def __init__(self) -> None:
        self._by_name: dict[str, EventType] = {}
        self._by_payload: dict[type[Payload], EventType] = {}
        self._by_constant: dict[str, EventType] = {}

    def register(self, event_type: EventType) -> None:
        """Add a type; raise AlreadyRegistered when its name or constant is taken."""
        if not WIRE_NAME.fullmatch(event_type):
            raise InvalidEventType(
                f"{event_type!r} ({event_type.place}) is no wire name: lower-case words joined by dots, "
                "in the past tense, such as product.created."
            )
        taken = self._by_constant.get(event_type.constant)
        if taken is not None:
            raise AlreadyRegistered("event type", event_type, taken.place, event_type.place)
        self._by_name[str(event_type)] = event_type
        self._by_payload[event_type.payload] = event_type
        self._by_constant[event_type.constant] = event_type

    def __getitem__(self, name: str) -> EventType:
        try:
            return self._by_name[name]
        except KeyError:
            raise UnknownEventType(name, self._by_name) from None

    def __getattr__(self, constant: str) -> EventType:
        try:
            return self.__dict__["_by_constant"][constant]  # type: ignore[no-any-return]
        except KeyError:
            raise AttributeError(f"EventTypes has no {constant}: no such event type is registered.") from None

    def get(self, name: str) -> EventType | None:
        """Return the type, or None."""
        return self._by_name.get(name)

    def of(self, payload: type[Payload]) -> EventType:
        """Return the type that a payload model belongs to."""
        try:
            return self._by_payload[payload]
        except KeyError:
            raise UnknownEventType(f"{payload.__module__}.{payload.__qualname__}", self._by_name) from None

    def __iter__(self) -> Iterator[EventType]:
        return iter(sorted(self._by_name.values()))

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __len__(self) -> int:
        return len(self._by_name)


EventTypes = EventTypeRegistry()


def event_type_choices() -> list[tuple[str, str | Promise]]:
    """Return (name, display name) pairs, for model fields and forms; a new type needs no migration."""
    return [(str(each), each.display_name) for each in EventTypes]


def event_type(
    name: str,
    display_name: str | Promise,
    *,
    category: str,
    version: int = 1,
    priority: Priority = Priority.USUAL,
    retention: timedelta | None = None,
    test_only: bool = False,
) -> Callable[[type[P]], type[P]]:
    """Register the decorated payload model as an event type.

    `category` is what people opt in and out of. `retention` overrides EVENTS_RETENTION. A type that is
    `test_only` exists only where EVENTS_TEST_TYPES is on.
    """

    def register(payload: type[P]) -> type[P]:
        if test_only and not conf.test_types:
            return payload
        declared = EventType(name)
        declared.payload, declared.display_name, declared.category = payload, display_name, category
        declared.version, declared.priority, declared.retention_override = version, priority, retention
        declared.sensitive = sensitive_fields(payload)
        EventTypes.register(declared)
        return payload

    return register

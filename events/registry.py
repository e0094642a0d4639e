"""Event types and their payload models, by wire name."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, TypeVar

from django.utils.functional import Promise
from pydantic import ValidationError

from events.conf import conf
from events.exceptions import (
    AlreadyRegistered,
    Cancel,
    InvalidEventType,
    InvalidPayload,
    NotYetKnown,
    UnknownEventType,
)
from events.payload import Payload, sensitive_fields
from events.priority import Priority

WIRE_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
#: Of the columns in which the names of types and categories are kept, here and in engagement.
TYPE_LENGTH, CATEGORY_LENGTH = 100, 50


P = TypeVar("P", bound=Payload)


class EventType(str):
    """A registered fact. It *is* its wire name, so it goes wherever the name goes: filters, comparisons, JSON."""

    __slots__ = (
        "aliases",
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
    aliases: tuple[str, ...]
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


def _check_names(event_type: EventType) -> None:
    """Refuse at the start what would be refused by the columns, when something is published."""
    if not WIRE_NAME.fullmatch(event_type):
        raise InvalidEventType(
            f"{event_type!r} ({event_type.place}) is no wire name: lower-case words joined by dots, "
            "in the past tense, such as product.created."
        )
    names = {"name": (str(event_type), TYPE_LENGTH), "category": (event_type.category, CATEGORY_LENGTH)}
    for what, (text, longest) in names.items():
        if len(text) > longest:
            raise InvalidEventType(
                f"The {what} {text!r} ({event_type.place}) has {len(text)} characters; {longest} are permitted."
            )


class EventTypeRegistry:
    """Every event type of the installation: `EventTypes.PRODUCT_CREATED`, `EventTypes["product.created"]`."""

    def __init__(self) -> None:
        self._by_name: dict[str, EventType] = {}
        self._by_payload: dict[type[Payload], EventType] = {}
        self._by_constant: dict[str, EventType] = {}
        self._by_alias: dict[str, EventType] = {}

    def register(self, event_type: EventType) -> None:
        """Add a type; raise InvalidEventType, or AlreadyRegistered when its name or constant is taken."""
        _check_names(event_type)
        taken = self._by_constant.get(event_type.constant)
        if taken is not None:
            raise AlreadyRegistered("event type", event_type, taken.place, event_type.place)
        self._register_aliases(event_type)
        self._by_name[str(event_type)] = event_type
        self._by_payload[event_type.payload] = event_type
        self._by_constant[event_type.constant] = event_type

    def _register_aliases(self, event_type: EventType) -> None:
        for alias in event_type.aliases:
            taken = self.get(alias)
            if taken is not None:
                raise AlreadyRegistered("event type or alias", alias, taken.place, event_type.place)
            self._by_alias[alias] = event_type

    def __getitem__(self, name: str) -> EventType:
        """Return the type of this wire name or alias; raise UnknownEventType, which names the nearest."""
        found = self.get(name)
        if found is None:
            raise UnknownEventType(name, [*self._by_name, *self._by_alias])
        return found

    def __getattr__(self, constant: str) -> EventType:
        try:
            return self.__dict__["_by_constant"][constant]  # type: ignore[no-any-return]
        except KeyError:
            raise AttributeError(f"EventTypes has no {constant}: no such event type is registered.") from None

    def get(self, name: str) -> EventType | None:
        """Return the type of this wire name or alias, or None."""
        return self._by_name.get(name) or self._by_alias.get(name)

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
    aliases: tuple[str, ...] = (),
    test_only: bool = False,
) -> Callable[[type[P]], type[P]]:
    """Register the decorated payload model as an event type.

    `category` is what people opt in and out of. `retention` overrides EVENTS_RETENTION. `aliases` are other names
    that code may use; the log has the wire name. A type that is
    `test_only` exists only where EVENTS_TEST_TYPES is on.
    """

    def register(payload: type[P]) -> type[P]:
        if test_only and not conf.test_types:
            return payload
        if payload.model_computed_fields:
            raise InvalidEventType(
                f"{payload.__qualname__} has computed fields: {', '.join(payload.model_computed_fields)}. A payload is "
                "facts, and is stored as it was given; use a plain property."
            )
        declared = EventType(name)
        declared.payload, declared.display_name, declared.category = payload, display_name, category
        declared.version, declared.priority, declared.retention_override = version, priority, retention
        declared.sensitive, declared.aliases = sensitive_fields(payload), aliases
        EventTypes.register(declared)
        return payload

    return register

"""Handlers: functions subscribed to event types, by stable names."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from asgiref.sync import async_to_sync

from events.exceptions import AlreadyRegistered, InvalidEventType, NotYetKnown
from events.priority import Priority
from events.registry import EventType, EventTypes, Payload

HandlerFunction = Callable[[Any], Any]
F = TypeVar("F", bound=HandlerFunction)


@dataclass(frozen=True, slots=True)
class Handler:
    """One function, and how its runs are to be treated."""

    name: str
    function: HandlerFunction
    #: None: that of the event type.
    priority: Priority | None = None
    #: None: EVENTS_MAX_ATTEMPTS.
    max_attempts: int | None = None
    #: Whether a replay runs it without being asked by name.
    replay: bool = True

    @property
    def place(self) -> str:
        """Where the function is, for messages."""
        return f"{self.function.__module__}.{self.function.__qualname__}"

    def __call__(self, payload: Payload) -> None:
        if inspect.iscoroutinefunction(self.function):
            async_to_sync(self.function)(payload)
        else:
            self.function(payload)


class HandlerRegistry:
    """Every handler, by name and by event type."""

    def __init__(self) -> None:
        self._by_name: dict[str, Handler] = {}
        self._by_type: dict[str, list[Handler]] = {}

    def subscribe(self, event_type: EventType, handler: Handler) -> None:
        """Subscribe a handler to one more type; a name belongs to one function."""
        known = self._by_name.setdefault(handler.name, handler)
        if known.function is not handler.function:
            raise AlreadyRegistered("handler", handler.name, known.place, handler.place)
        subscribed = self._by_type.setdefault(str(event_type), [])
        if known not in subscribed:
            subscribed.append(known)

    def of(self, event_type: str) -> list[Handler]:
        """Return the handlers of a type, in the order in which they subscribed."""
        return self._by_type.get(str(event_type), [])

    def find(self, name: str) -> Handler | None:
        """Return the handler of that name, or None."""
        return self._by_name.get(name)

    def __getitem__(self, name: str) -> Handler:
        try:
            return self._by_name[name]
        except KeyError:
            raise NotYetKnown(f"The handler {name!r}") from None

    def __iter__(self) -> Iterator[Handler]:
        return iter(self._by_name.values())


handlers = HandlerRegistry()


def resolve(event: type[Payload] | str) -> EventType:
    """Return the registered type of a payload model or a wire name; raise UnknownEventType."""
    return EventTypes[event] if isinstance(event, str) else EventTypes.of(event)


def subscribe(
    event: type[Payload] | str,
    function: HandlerFunction,
    *,
    name: str | None = None,
    priority: Priority | None = None,
    max_attempts: int | None = None,
    replay: bool = True,
) -> Handler:
    """Subscribe a function, sync or async, that takes the payload.

    The name identifies its runs in the log, so it should outlive a move of the code; by default it is the
    function's path. Raises UnknownEventType, or AlreadyRegistered for a name that another function has.
    """
    if max_attempts is not None and max_attempts < 1:
        raise InvalidEventType(
            f"max_attempts of {function.__qualname__} must be 1 or more, not {max_attempts}."
        )
    name = name or f"{function.__module__}.{function.__qualname__}"
    found = Handler(name, function, priority, max_attempts, replay)
    handlers.subscribe(resolve(event), found)
    return found


def handler(
    *events: type[Payload] | str,
    name: str | None = None,
    priority: Priority | None = None,
    max_attempts: int | None = None,
    replay: bool = True,
) -> Callable[[F], F]:
    """Subscribe the decorated function to these event types; see `subscribe`."""

    def register(function: F) -> F:
        for event in events:
            subscribe(event, function, name=name, priority=priority, max_attempts=max_attempts, replay=replay)
        return function

    return register

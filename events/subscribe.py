"""Handlers: functions subscribed to event types, by stable names."""

import inspect
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from asgiref.sync import async_to_sync

from events.exceptions import AlreadyRegistered, InvalidEventType, NotYetKnown
from events.payload import Payload
from events.priority import Priority
from events.registry import EventType, EventTypes

HandlerFunction = Callable[[Any], Any]
F = TypeVar("F", bound=HandlerFunction)

#: Of the column in which a run keeps its handler's name.
NAME_LENGTH = 200


def finish(returned: object, name: str) -> None:
    """Await what a function returned, if it is to be awaited. What has not run must not be recorded as done.

    Raises TypeError for a generator: nobody would ask it for anything.
    """
    if inspect.isawaitable(returned):
        async_to_sync(_result)(returned)
    elif inspect.isgenerator(returned) or inspect.isasyncgen(returned):
        raise TypeError(f"{name} returned a generator, of which nothing has run. Do the work without yield.")


async def _result(returned: Awaitable[Any]) -> Any:
    return await returned


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
    #: Whether it tells people: a replay that is asked to notify again runs it, too.
    notifies: bool = False

    @property
    def place(self) -> str:
        """Where the function is, for messages."""
        return f"{self.function.__module__}.{self.function.__qualname__}"

    @property
    def options(self) -> str:
        """How its runs are to be treated, for messages."""
        names = ("priority", "max_attempts", "replay", "notifies")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names)

    def __call__(self, payload: Payload) -> None:
        finish(self.function(payload), self.name)


class HandlerRegistry:
    """Every handler, by name and by event type."""

    def __init__(self) -> None:
        self._by_name: dict[str, Handler] = {}
        self._by_type: dict[str, list[Handler]] = {}

    def subscribe(self, event_type: EventType, handler: Handler) -> Handler:
        """Subscribe a handler to one more type; a name belongs to one function, with the same options everywhere."""
        known = self._by_name.setdefault(handler.name, handler)
        if known != handler:
            places = (f"{each.place} ({each.options})" for each in (known, handler))
            raise AlreadyRegistered("handler", handler.name, *places)
        subscribed = self._by_type.setdefault(str(event_type), [])
        if known not in subscribed:
            subscribed.append(known)
        return known

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
    notifies: bool = False,
) -> Handler:
    """Subscribe a function, sync or async, that takes the payload; return its handler.

    The name identifies its runs in the log, so it should outlive a move of the code; by default it is the
    function's path. A replay passes over it with `replay=False`, unless it is asked for by name or, with
    `notifies=True`, people are to be notified again.

    Raises UnknownEventType; InvalidEventType for a function that cannot be called with the payload alone, or a name
    or number that cannot be; AlreadyRegistered for a name that another function has, or the same with other options.
    """
    if max_attempts is not None and max_attempts < 1:
        raise InvalidEventType(
            f"max_attempts of {function.__qualname__} must be 1 or more, not {max_attempts}."
        )
    _check_takes_payload(function)
    name = name or f"{function.__module__}.{function.__qualname__}"
    if len(name) > NAME_LENGTH:
        raise InvalidEventType(
            f"The handler name {name!r} has {len(name)} characters; {NAME_LENGTH} are permitted."
        )
    found = Handler(name, function, priority, max_attempts, replay, notifies)
    return handlers.subscribe(resolve(event), found)


def _check_takes_payload(function: HandlerFunction) -> None:
    """Refuse what could only fail in the worker. Some functions written in C do not say what they take."""
    try:
        inspect.signature(function).bind(None)
    except TypeError as error:
        raise InvalidEventType(
            f"The handler {function.__module__}.{function.__qualname__} is called with one positional argument, "
            f"the payload: {error}."
        ) from None
    except ValueError:
        return


def handler(
    *events: type[Payload] | str,
    name: str | None = None,
    priority: Priority | None = None,
    max_attempts: int | None = None,
    replay: bool = True,
    notifies: bool = False,
) -> Callable[[F], F]:
    """Subscribe the decorated function to these event types; see `subscribe`."""

    def register(function: F) -> F:
        for event in events:
            subscribe(
                event,
                function,
                name=name,
                priority=priority,
                max_attempts=max_attempts,
                replay=replay,
                notifies=notifies,
            )
        return function

    return register

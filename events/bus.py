"""The public face of the bus.

from events.bus import Payload, event_bus, event_type, handler

@event_type("product.created", "Product created", category="product")
class ProductCreated(Payload):
    "A product was created."
    product_id: int
    name: str

@handler(ProductCreated)
def greet(event: ProductCreated) -> None: ...

event_bus.publish(ProductCreated(product_id=1, name="Kite"))
"""

from events.context import cause
from events.exceptions import (
    AlreadyRegistered,
    Cancel,
    EventError,
    GiveUp,
    InvalidEventType,
    InvalidPayload,
    RetryLater,
    Unavailable,
    UnknownEventType,
    Unreachable,
)
from events.models import EventLog
from events.payload import Envelope, Payload, Secret
from events.priority import Priority
from events.publish import Draft, apublish, publish, publish_many, reference
from events.registry import EventType, EventTypes, event_type, event_type_choices
from events.subscribe import handler, handlers, subscribe
from events.task import enqueue_task

__all__ = [
    "AlreadyRegistered",
    "Cancel",
    "Draft",
    "Envelope",
    "EventBus",
    "EventError",
    "EventLog",
    "EventType",
    "EventTypes",
    "GiveUp",
    "InvalidEventType",
    "InvalidPayload",
    "Payload",
    "Priority",
    "RetryLater",
    "Secret",
    "Unavailable",
    "UnknownEventType",
    "Unreachable",
    "cause",
    "event_bus",
    "event_type",
    "event_type_choices",
    "get_event_bus",
    "handler",
    "handlers",
    "reference",
    "subscribe",
]


class EventBus:
    """Publish, subscribe, enqueue. It has no state of its own: what was published is in the log."""

    publish = staticmethod(publish)
    publish_many = staticmethod(publish_many)
    apublish = staticmethod(apublish)
    subscribe = staticmethod(subscribe)
    enqueue_task = staticmethod(enqueue_task)


event_bus = EventBus()


def get_event_bus() -> EventBus:
    """Return the bus."""
    return event_bus

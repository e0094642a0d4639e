"""Step 1: validate, write the log row and the handler runs in the caller's transaction, wake the workers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import uuid6
from asgiref.sync import sync_to_async
from django.db import connection, models, transaction
from django.utils import timezone
from django.utils.asyncio import async_unsafe

from events import publish_sql, queue
from events.context import cause
from events.models import EventLog, HandlerRun
from events.payload import Payload
from events.priority import Priority
from events.registry import EventType, EventTypes
from events.sql import fetch
from events.storable import check_envelope, json_data
from events.subscribe import Handler, handlers

ON_THE_LOOP = (
    "publish() was called on a running event loop, where Django has no transactions. Publish from the sync "
    "service that writes the rows, called as a whole with sync_to_async; or, if nothing else is written, "
    "use `await event_bus.apublish(...)`."
)


@dataclass(frozen=True, slots=True)
class Draft:
    """An event about to be published, with an envelope of its own; what publish_many takes."""

    event: Payload | str
    data: Mapping[str, Any] | None = None
    actor: Any = None
    about: models.Model | str | None = None
    key: str | None = None
    correlation_id: UUID | None = None


@async_unsafe(ON_THE_LOOP)
def publish(
    event: Payload | str,
    data: Mapping[str, Any] | None = None,
    *,
    actor: Any = None,
    about: models.Model | str | None = None,
    key: str | None = None,
    correlation_id: UUID | None = None,
) -> EventLog:
    """Log one event and plan its handler runs, in the caller's transaction.

    `event` is a payload, or a wire name with its `data`. `actor` is the person who did it (or the primary
    key), `about` the object that it happened to. `key` is the idempotency key: published twice for a type,
    logged once, and the first EventLog comes back. Inside a handler the correlation id is the event's that is
    being handled, unless given here.

    Raises TypeError for what is no event, UnknownEventType or InvalidPayload, before anything is written.
    """
    return publish_many([Draft(event, data, actor, about, key, correlation_id)])[0]


@async_unsafe(ON_THE_LOOP)
def publish_many(drafts: Iterable[Draft | Payload]) -> list[EventLog]:
    """Log any number of events in one statement; return their EventLogs in the order given.

    Raises as `publish` does, before any of them is written.
    """
    events = [prepare(draft if isinstance(draft, Draft) else Draft(draft)) for draft in drafts]
    if not events:
        return []
    with transaction.atomic(savepoint=False):
        _lock_order_keys(events)
        _insert(events)
        repeated = [event for event in events if event._state.adding]
        first = _first_published(repeated)
        if len(repeated) < len(events):
            queue.wake_on_commit(HandlerRun.lane)
    return [first[event.type, event.key] if event._state.adding else event for event in events]


async def apublish(
    event: Payload | str,
    data: Mapping[str, Any] | None = None,
    *,
    actor: Any = None,
    about: models.Model | str | None = None,
    key: str | None = None,
    correlation_id: UUID | None = None,
) -> EventLog:
    """Publish from async code, in a transaction of its own; see `publish`."""
    return await sync_to_async(publish)(
        event, data, actor=actor, about=about, key=key, correlation_id=correlation_id
    )


def reference(about: models.Model | str | None) -> str:
    """Return how the log names an object: `product_management.product:1`. A string stays as it is."""
    if about is None:
        return ""
    if isinstance(about, str):
        return about
    if not isinstance(about, models.Model):
        raise TypeError(f"about takes an object of a model or a text, not a {type(about).__name__}.")
    if about.pk is None:
        raise ValueError(f"about={about!r} has no primary key: save it before publishing.")
    return f"{about._meta.label_lower}:{about.pk}"


def prepare(draft: Draft) -> EventLog:
    """Validate a draft and make the unsaved log row of it."""
    event_type, payload = _validated(draft)
    now, event_id, parent = timezone.now(), uuid6.uuid7(), cause()
    event = EventLog(
        event_id=event_id,
        type=str(event_type),
        version=event_type.version,
        payload=json_data(event_type, payload),
        key=draft.key,
        actor_id=getattr(draft.actor, "pk", draft.actor),
        about=reference(draft.about),
        order_key=payload.ordered_by(),
        correlation_id=draft.correlation_id or (parent.correlation_id if parent else event_id),
        causation_id=parent.event_id if parent else None,
        occurred_at=now,
        delete_at=now + event_type.retention,
        heard=bool(handlers.of(event_type)),
        has_secrets=bool(event_type.sensitive),
    )
    check_envelope(event_type, event)
    return event


def _validated(draft: Draft) -> tuple[EventType, Payload]:
    if isinstance(draft.event, Payload):
        if draft.data is not None:
            raise TypeError("Give either a payload, or a wire name and its data; not a payload and data.")
        return EventTypes.of(type(draft.event)), draft.event
    if not isinstance(draft.event, str):
        raise TypeError(_no_event(draft.event))
    event_type = EventTypes[draft.event]
    if not isinstance(draft.data, Mapping | None):
        raise TypeError(f"data takes a dict, not a {type(draft.data).__name__}.")
    return event_type, event_type.validate(dict(draft.data or {}))


def _no_event(given: object) -> str:
    if isinstance(given, type) and issubclass(given, Payload):
        return f"Give an instance, {given.__name__}(...), not the class."
    return (
        "Give a payload, such as OrderPlaced(...), or a wire name and its data; in publish_many, "
        f'Draft("order.placed", {{...}}). This is of the type {type(given).__name__}.'
    )


def _lock_order_keys(events: Sequence[EventLog]) -> None:
    """Make publishers of one order key take turns, so that the order of ids is the order of commits.

    Sorted, or two publishers of the same keys could wait for each other.
    """
    keys = sorted({event.order_key for event in events if event.order_key is not None})
    if keys:
        fetch(publish_sql.LOCK, [keys])


def _insert(events: Sequence[EventLog]) -> None:
    """Write the log rows and their runs in one statement; set `pk` on what was new."""
    plan = [run for event_type in {event.type for event in events} for run in planned(event_type)]
    ids = dict(fetch(publish_sql.insert(), publish_sql.values(events, plan)))
    for event in events:
        event.pk = ids.get(event.event_id)
        event._state.adding = event.event_id not in ids
        event._state.db = connection.alias


def planned(event_type: str) -> list[tuple[str, Handler, Priority]]:
    """Return the runs that an event of this type needs: (type, handler, priority)s."""
    found = EventTypes.get(event_type)
    usual = found.priority if found else Priority.USUAL
    return [
        (event_type, each, usual if each.priority is None else each.priority)
        for each in handlers.of(event_type)
    ]


def _first_published(repeated: Sequence[EventLog]) -> dict[tuple[str, str | None], EventLog]:
    """Return what the keys of these were logged with before, by type and key."""
    if not repeated:
        return {}
    same = models.Q()
    for event_type in {event.type for event in repeated}:
        keys = [event.key for event in repeated if event.type == event_type]
        same |= models.Q(type=event_type, key__in=keys)
    return {(found.type, found.key): found for found in EventLog.objects.filter(same)}

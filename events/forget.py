"""Sensitive payload fields (a one-time code): erased from the log once everybody has done their work on them."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import models

from events.models import EventLog, works_on_events
from events.registry import EventType, EventTypes
from events.work import LeasedWork, State

#: Work in these states may want the secrets yet, the dead when it is requeued; a partial index answers each group.
NEEDING = [[State.PENDING, State.RETRYING], [State.RUNNING], [State.DEAD]]


def sensitive_values(work: LeasedWork) -> list[str]:
    """Return the sensitive values of the event that this work is about, for masking."""
    event = _event_of(work)
    hidden = _sensitive_fields(event) if event else frozenset()
    return [value for name in hidden if event for value in _leaves(event.payload.get(name))]


def _leaves(value: Any) -> Iterator[str]:
    """Yield the values in a list or an object one by one, as texts; nothing for an empty one."""
    if isinstance(value, dict | list):
        for inside in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inside)
    elif value not in (None, "", True, False):
        yield str(value)


def forget_secrets(work: LeasedWork) -> None:
    """Erase the event's sensitive fields if this was the last work on it; part of the work's transaction."""
    event = _event_of(work)
    if event is not None:
        forget_secrets_of(event)


def forget_secrets_of(event: EventLog) -> None:
    """Erase the event's sensitive fields if no work on it is left.

    The lock on the event makes the last two workers take turns, so that one of them sees that all is done.
    """
    fields = _sensitive_fields(event)
    if not fields:
        return
    locked = EventLog.objects.select_for_update().filter(pk=event.pk).first()
    if locked is not None:
        _erase(EventLog.objects.filter(pk=event.pk), fields)


def forget_all(batch: int) -> int:
    """Erase what nobody needs any more, whoever did or did not handle it; return how many events changed.

    In statements of `batch` events each, so that none holds its locks for long.
    """
    return sum(_forget_type(each, batch) for each in EventTypes if each.sensitive)


def _forget_type(event_type: EventType, batch: int) -> int:
    total = 0
    while True:
        chosen = list(forgettable(event_type)[:batch])
        total += _erase(EventLog.objects.filter(pk__in=chosen), event_type.sensitive)
        if len(chosen) < batch:
            return total


def forgettable(event_type: EventType) -> "models.QuerySet[EventLog, int]":
    """Return the keys of the events whose secrets nobody needs any more, read off a partial index."""
    found = _unneeded(EventLog.objects.filter(type=event_type, has_secrets=True))
    return found.order_by("pk").values_list("pk", flat=True)


def _unneeded(events: models.QuerySet[EventLog]) -> models.QuerySet[EventLog]:
    models_of_work: list[Any] = works_on_events()
    for model in models_of_work:
        for states in NEEDING:
            work = model._default_manager.filter(event=models.OuterRef("pk"), state__in=states)
            events = events.filter(~models.Exists(work))
    return events


def _erase(events: models.QuerySet[EventLog], fields: frozenset[str]) -> int:
    """Erase these fields of the events that nobody needs at this moment; return how many events."""
    without: Any = models.F("payload")
    for field in sorted(fields):
        without = models.expressions.CombinedExpression(without, "-", models.Value(field))
    payload = models.ExpressionWrapper(without, output_field=models.JSONField())
    return _unneeded(events).update(payload=payload, has_secrets=False)


def _event_of(work: LeasedWork) -> EventLog | None:
    """Return the event that this work is about, or None: it may be about none, or that may be gone."""
    try:
        event = getattr(work, "event", None)
    except ObjectDoesNotExist:
        return None
    return event if isinstance(event, EventLog) else None


def _sensitive_fields(event: EventLog) -> frozenset[str]:
    event_type = EventTypes.get(event.type)
    return event_type.sensitive if event_type else frozenset()

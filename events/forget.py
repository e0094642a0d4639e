"""Sensitive payload fields (a one-time code): erased from the log once everybody has done their work on them."""

from typing import Any

from django.db import models

from events.models import EventLog, works_on_events
from events.registry import EventType, EventTypes
from events.work import LeasedWork, State


def sensitive_values(work: LeasedWork) -> list[str]:
    """Return the sensitive values of the event that this work is about, for masking."""
    event = getattr(work, "event", None)
    hidden = _sensitive_fields(event) if isinstance(event, EventLog) else frozenset()
    return [str(event.payload[name]) for name in hidden if event and event.payload.get(name)]


def forget_secrets(work: LeasedWork) -> None:
    """Erase the event's sensitive fields if this was the last work on it; part of the work's transaction.

    The lock on the event makes the last two workers take turns, so that one of them sees that all is done.
    """
    event = getattr(work, "event", None)
    if not isinstance(event, EventLog) or not (fields := _sensitive_fields(event)):
        return
    locked = EventLog.objects.select_for_update().filter(pk=event.pk).first()
    if locked is not None:
        _erase(EventLog.objects.filter(pk=event.pk), fields)


def forget_all() -> int:
    """Erase what nobody needs any more, whoever did or did not handle it; return how many events changed."""
    sensitive = [each for each in EventTypes if each.sensitive]
    return sum(_erase(_unerased(each), each.sensitive) for each in sensitive)


def _unerased(event_type: EventType) -> models.QuerySet[EventLog]:
    return EventLog.objects.filter(type=event_type, payload__has_any_keys=sorted(event_type.sensitive))


def _erase(events: models.QuerySet[EventLog], fields: frozenset[str]) -> int:
    for model in works_on_events():
        events = events.filter(~models.Exists(_still_needing(model)))
    without: Any = models.F("payload")
    for field in sorted(fields):
        without = models.expressions.CombinedExpression(without, "-", models.Value(field))
    return events.update(payload=models.ExpressionWrapper(without, output_field=models.JSONField()))


def _still_needing(model: Any) -> models.QuerySet[Any]:
    finished = [State.SUCCEEDED, State.CANCELLED]
    found: models.QuerySet[Any] = model.objects.filter(event=models.OuterRef("pk")).exclude(
        state__in=finished
    )
    return found


def _sensitive_fields(event: EventLog) -> frozenset[str]:
    event_type = EventTypes.get(event.type)
    return event_type.sensitive if event_type else frozenset()

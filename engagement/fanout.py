"""Step 4: the notifiers of an event in their order; each audience becomes NotifiableEvents and batches.

One statement per notifier, whatever the size of the audience; people are never loaded.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import EmptyResultSet
from django.db import models
from django.utils import timezone

from engagement.models import NotificationBatch
from engagement.process import process_at_once
from engagement.registry import Notifier, notifiers
from events import queue
from events.bus import EventTypes, Payload, Priority
from events.sql import fetch

BATCH_SIZE = 1_000

FAN_OUT = """
    WITH audience (person_id) AS ({audience}),
    concerned AS (
        INSERT INTO engagement_notifiableevent
               (event_log_id, person_id, event_type, notifier, created_at, delete_at)
        SELECT %s, person_id, %s, %s, %s, %s
          FROM (SELECT DISTINCT person_id FROM audience WHERE person_id IS NOT NULL ORDER BY person_id) people
        ON CONFLICT (person_id, event_log_id) DO NOTHING
        RETURNING id
    ), numbered AS (
        SELECT id, (row_number() OVER (ORDER BY id) - 1) / %s AS part, count(*) OVER () AS total
          FROM concerned
    )
    INSERT INTO engagement_notificationbatch
           (event_id, notifier, first_id, last_id, recipients, priority, created_at, delete_at)
    SELECT %s, %s, min(id), max(id), count(*), CASE WHEN max(total) > %s THEN %s ELSE %s END, %s, %s
      FROM numbered GROUP BY part ORDER BY part
    RETURNING id, first_id, last_id, recipients"""


def fan_out(event: Payload) -> None:
    """Write whom the event concerns and plan the batches; the handler of every event type that has notifiers.

    Doing it twice adds nobody twice: a person is concerned by an event once. A single batch is done at once,
    in this transaction; several are left to all workers.
    """
    for notifier in notifiers.of(event.envelope.type):
        batches = _insert(event, notifier)
        if len(batches) == 1:
            process_at_once(batches[0], event)
        elif batches:
            queue.wake_on_commit(NotificationBatch.lane)


def _insert(event: Payload, notifier: Notifier[Any]) -> list[NotificationBatch]:
    """Write the NotifiableEvents and the batches; return the latter."""
    found = people(notifier.audience(event), notifier)
    try:
        audience, parameters = found.query.sql_with_params()
    except EmptyResultSet:
        return []
    now, event_type, log_id = timezone.now(), EventTypes[event.envelope.type], event.envelope.id
    delete_at = now + notifier.effective_retention()
    concerned = [log_id, str(event_type), notifier.name, now, delete_at]
    priorities = [BATCH_SIZE, int(Priority.BULK), int(event_type.priority)]
    batches = [BATCH_SIZE, log_id, notifier.name, *priorities, now, delete_at]
    rows = fetch(FAN_OUT.replace("{audience}", audience), [*parameters, *concerned, *batches])
    return [
        NotificationBatch(
            id=pk, event_id=log_id, notifier=notifier.name, first_id=first, last_id=last, recipients=count
        )
        for pk, first, last, count in rows
    ]


def people(
    audience: "models.QuerySet[Any] | Iterable[Any]", notifier: Notifier[Any]
) -> "models.QuerySet[Any]":
    """Return an audience as a query for primary keys of people; raise TypeError for a queryset of anything else."""
    person = get_user_model()
    if not isinstance(audience, models.QuerySet):
        return person._default_manager.filter(pk__in=_keys(audience, notifier)).values("pk")
    if not issubclass(audience.model, person):
        raise TypeError(
            f"{notifier.name}.audience() returned a queryset of {audience.model.__name__}, not of {person.__name__}."
        )
    ordered = audience if audience.query.is_sliced else audience.order_by()
    return ordered.values("pk")


def _keys(audience: Any, notifier: Notifier[Any]) -> set[Any]:
    """Return the primary keys of an iterable of people or primary keys; raise TypeError for anything else."""
    person = get_user_model()
    if not isinstance(audience, Iterable) or isinstance(audience, str):
        raise TypeError(
            f"{notifier.name}.audience() returned {type(audience).__name__}, not a queryset or an iterable of people."
        )
    keys = set()
    for each in audience:
        if isinstance(each, models.Model) and not isinstance(each, person):
            wrong = type(each).__name__
            raise TypeError(f"{notifier.name}.audience() returned a {wrong}, which is no {person.__name__}.")
        keys.add(person._meta.pk.to_python(getattr(each, "pk", each)))
    return keys - {None}

"""Step 4: the notifiers of an event in their order; each audience becomes NotifiableEvents and batches.

One statement per notifier, whatever the size of the audience; people are never loaded.
"""

import logging
from datetime import timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import models
from django.utils import timezone

from engagement.audience import people
from engagement.conf import LONGEST_RETENTION
from engagement.models import NotificationBatch
from engagement.notice import retention
from engagement.process import process_at_once
from engagement.registry import Notifier, notifiers
from engagement.rules import rules_for
from events import queue
from events.bus import Cancel, EventTypes, Payload, Priority
from events.sql import fetch

logger = logging.getLogger(__name__)

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
    RETURNING id, first_id, last_id, recipients, priority"""


def fan_out(event: Payload) -> None:
    """Write whom the event concerns and plan the batches; the handler of every event type that has notifiers.

    Doing it twice adds nobody twice: a person is concerned by an event once. A single batch is done at once,
    in this transaction; several are left to all workers.
    """
    asked = notifiers.of(event.envelope.type)
    cancelled = [cancel for notifier in asked if (cancel := _tell(event, notifier))]
    if asked and len(cancelled) == len(asked):
        raise cancelled[0]


def _tell(event: Payload, notifier: Notifier[Any]) -> Cancel | None:
    """Fan out to the audience of one notifier; return its Cancel if it sees no point: the others still may."""
    try:
        audience = people(notifier.audience(event), f"{notifier.name}.audience() returned")
    except Cancel as cancel:
        logger.info("%s tells nobody of event #%d: %s", notifier.name, event.envelope.id, cancel.reason)
        return cancel
    rules = rules_for(event.envelope.type, notifier.effective_category())
    batches = concern(audience, event, notifier=notifier.name, keep=retention(notifier, rules))
    if len(batches) == 1:
        process_at_once(batches[0], event, rules)
    elif batches:
        queue.wake_on_commit(NotificationBatch.lane)
    return None


def concern(
    audience: "models.QuerySet[Any]", event: Payload, *, notifier: str, keep: timedelta
) -> list[NotificationBatch]:
    """Write that the event concerns these people, and the batches; return the latter."""
    try:
        statement, parameters = audience.query.sql_with_params()
    except EmptyResultSet:
        return []
    now, event_type, log_id = timezone.now(), EventTypes[event.envelope.type], event.envelope.id
    delete_at = now + min(keep, LONGEST_RETENTION)
    concerned = [log_id, str(event_type), notifier, now, delete_at]
    priorities = [BATCH_SIZE, int(Priority.BULK), int(event_type.priority)]
    batches = [BATCH_SIZE, log_id, notifier, *priorities, now, delete_at]
    rows = fetch(FAN_OUT.replace("{audience}", statement), [*parameters, *concerned, *batches])
    return [
        NotificationBatch(
            id=pk,
            event_id=log_id,
            notifier=notifier,
            first_id=first,
            last_id=last,
            recipients=count,
            priority=priority,
        )
        for pk, first, last, count, priority in rows
    ]

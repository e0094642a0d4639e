"""Take back what was told about an object, and keep back what has yet to be."""

from datetime import timedelta

from django.db import models, transaction
from django.utils import timezone

from engagement import deliver_sql
from engagement.decide import Outcome, Reason, Status
from engagement.subject import object_name
from events.sql import execute, fetch

#: How long late events of before a retraction are recognised: longer than any work is tried.
REMEMBERED = timedelta(days=90)
#: Whoever notifies about an object has this lock shared, so that a retraction sees all of it or precedes it.
LOCK = "SELECT pg_advisory_xact_lock{}(hashtextextended('carillon:about:' || %s, 0))"
REMEMBER = """
    INSERT INTO engagement_retraction (about, last_event, delete_at)
    SELECT %s, coalesce(pg_sequence_last_value(pg_get_serial_sequence('events_eventlog', 'id')::regclass), 0), %s
    ON CONFLICT (about) DO UPDATE SET last_event = excluded.last_event, delete_at = excluded.delete_at"""
RETRACTED = str(Outcome(Status.SKIPPED, Reason.RETRACTED))
WITHDRAW = """
    WITH gone AS (DELETE FROM engagement_appnotification WHERE about = %s RETURNING event_id)
    UPDATE engagement_notifiableevent SET outcomes = outcomes || jsonb_build_object('app', %s::text)
     WHERE id IN (SELECT event_id FROM gone)"""


def retract(about: models.Model | str) -> int:
    """Withdraw the notifications about an object from the inboxes, and call off the messages. Return how many rows.

    In the caller's transaction: rolled back, nothing happened. What was published about it so far and has not
    been notified yet will be skipped; what is published from now on is told as usual.

    It waits for those who are notifying about the object, and they wait for it: who retracts several objects in a
    transaction, or notifies about them as well, does so in the order of their names, or two may wait for each other
    until the database ends one of them.
    """
    name = object_name(about)
    with transaction.atomic():
        execute(LOCK.format(""), [name])
        execute(REMEMBER, [name, timezone.now() + REMEMBERED])
        deliver_sql.call_off(name, RETRACTED)
        return execute(WITHDRAW, [name, RETRACTED])


def is_retracted(about: str, log_id: int) -> bool:
    """Tell whether this event is no longer to be told; nobody can retract it until the transaction is over."""
    execute(LOCK.format("_shared"), [about])
    found = fetch(
        "SELECT 1 FROM engagement_retraction WHERE about = %s AND last_event >= %s", [about, log_id]
    )
    return bool(found)

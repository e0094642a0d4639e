"""Take back what was told about an object, and keep back what has yet to be."""

from datetime import timedelta

from django.db import models, transaction
from django.utils import timezone

from engagement.announce import CHANNEL, ROWS_AT_ONCE, TELL_GONE
from engagement.decide import Outcome, Reason, Status
from engagement.models import Retraction
from engagement.models.delivery_content import erase_sql
from engagement.registry import sensitive_types
from engagement.subject import object_name
from events.bus import EventLog
from events.record import dealt_with
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
#: Parameters: about, the outcome, and those of TELL_GONE.
WITHDRAW = """
    WITH gone AS (DELETE FROM engagement_appnotification WHERE about = %s RETURNING id, person_id, event_id),
         noted AS (UPDATE engagement_notifiableevent SET outcomes = outcomes || jsonb_build_object('app', %s::text)
                    WHERE id IN (SELECT event_id FROM gone) RETURNING id),
         {told}
    SELECT (SELECT count(*) FROM noted), (SELECT count(*) FROM told)"""
#: What is being sent at this moment cannot be called back; what was gathered into a digest is left out of it.
#: Parameters: why, the sensitive event types three times, about.
CALL_OFF = """
    UPDATE engagement_delivery
       SET state = 'cancelled', last_error = %s, finished_at = statement_timestamp(),
           {erased}
     WHERE about = %s AND finished_at IS NULL AND state <> 'running'
    RETURNING event_id"""


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
        _call_off(name)
        ((count, _told),) = fetch(WITHDRAW.format(told=TELL_GONE), [name, RETRACTED, ROWS_AT_ONCE, CHANNEL])
        return int(count)


def _call_off(name: str) -> None:
    """Cancel the messages, and erase the secrets that nobody needs any more, in the order of their events."""
    statement = CALL_OFF.format(erased=erase_sql("event_type = ANY(%s)"))
    rows = fetch(statement, [RETRACTED, *[sensitive_types()] * 3, name])
    events = {event_id for (event_id,) in rows}
    for event in EventLog.objects.filter(pk__in=events - {None}, has_secrets=True).order_by("pk"):
        dealt_with(event)


def was_retracted() -> models.Exists:
    """Return the condition that what a message tells of has been taken back since it was published."""
    later = {"about": models.OuterRef("about"), "last_event__gte": models.OuterRef("event_id")}
    return models.Exists(Retraction.objects.filter(**later))


def is_retracted(about: str, log_id: int) -> bool:
    """Tell whether this event is no longer to be told; nobody can retract it until the transaction is over."""
    execute(LOCK.format("_shared"), [about])
    found = fetch(
        "SELECT 1 FROM engagement_retraction WHERE about = %s AND last_event >= %s", [about, log_id]
    )
    return bool(found)

"""The limit: the same rows by INSERT ... SELECT, in one session, with the outcome known beforehand."""

import time
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from bench.app.events import Announced
from events.bus import EventLog
from events.sql import execute

RETENTION = timedelta(hours=72)
OUTCOMES = '{"app": "created: default", "email": "skipped: default"}'
TITLE = "The new season has been announced"
MESSAGE = "Have a look at The new season: there is something in it for every member, and more is to come."
CONCERNED = """
    INSERT INTO engagement_notifiableevent
           (event_log_id, person_id, event_type, notifier, outcomes, created_at, delete_at)
    SELECT %s, id, 'bench.announced', 'app.AnnouncedNotifier', %s, %s, %s
      FROM people_person WHERE id <= %s ORDER BY id"""
SHOWN = """
    INSERT INTO engagement_appnotification
           (event_id, person_id, event_type, category, title, message, url, reason, about, created_at, delete_at)
    SELECT id, person_id, 'bench.announced', 'community', %s, %s, '/seasons/1/', 'you are a member', '', %s, %s
      FROM engagement_notifiableevent WHERE event_log_id = %s"""


def fan_out(people: int) -> float:
    """Write the rows of so many people; return the seconds it took, with the COMMIT."""
    now = timezone.now()
    started = time.perf_counter()
    with transaction.atomic():
        log = log_event(people)
        execute(CONCERNED, [log, OUTCOMES, now, now + RETENTION, people])
        execute(SHOWN, [TITLE, MESSAGE, now, now + RETENTION, log])
    return time.perf_counter() - started


def log_event(people: int) -> int:
    """Log the event and nothing else; return its id."""
    payload = Announced(people=people).model_dump(mode="json")
    log = EventLog(type="bench.announced", payload=payload, delete_at=timezone.now() + RETENTION)
    log.correlation_id = log.event_id
    log.save(force_insert=True)
    return int(log.pk)

"""The same rows by Django's create() and bulk_create(): models that are there anyway, and no bus."""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import uuid6
from django.db import transaction
from django.utils import timezone

from bench.m1_publish.facts import ABOUT, ACTOR, HANDLER
from events.bus import EventLog
from events.models import HandlerRun

RETENTION = timedelta(days=90)
#: Of 1,000, 2,000, 5,000 and all at once, the quickest.
BATCH_SIZE = 1_000


def one(fact: dict[str, Any]) -> float:
    """Create both rows; return how long that took without the COMMIT, in seconds."""
    with transaction.atomic():
        started = time.perf_counter()
        log = _log(fact)
        log.save(force_insert=True)
        HandlerRun.objects.create(event=log, handler=HANDLER)
        return time.perf_counter() - started


def many(facts: Sequence[dict[str, Any]]) -> None:
    """Create all of them."""
    with transaction.atomic():
        logs = EventLog.objects.bulk_create(map(_log, facts), batch_size=BATCH_SIZE)
        now = timezone.now()
        runs = (HandlerRun(event=log, handler=HANDLER, available_at=now) for log in logs)
        HandlerRun.objects.bulk_create(runs, batch_size=BATCH_SIZE)


def _log(fact: dict[str, Any]) -> EventLog:
    event_id, now = uuid6.uuid7(), timezone.now()
    return EventLog(
        event_id=event_id,
        type="bench.product_added",
        version=1,
        payload=fact,
        actor_id=ACTOR,
        about=ABOUT,
        correlation_id=event_id,
        occurred_at=now,
        delete_at=now + RETENTION,
        heard=True,
    )

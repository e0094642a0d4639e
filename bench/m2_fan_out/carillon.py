"""Carillon: publish one event; two real workers do the rest."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from bench import database
from bench.app.events import Announced
from bench.m2_fan_out import WARMING, inbox
from bench.processes import Running, manage, running
from events.bus import event_bus


@contextmanager
def workers() -> Iterator[Running]:
    """Run `manage.py worker`, which has done something already."""
    database.clear()
    with running(manage("worker")) as found:
        fan_out(WARMING)
        yield found


def fan_out(people: int) -> float:
    """Tell the first so many people; return the seconds from before publish() to the last inbox row."""
    there = database.count(database.INBOX)
    started = time.perf_counter()
    with transaction.atomic():
        event_bus.publish(Announced(people=people))
    inbox.wait_for(there + people)
    return time.perf_counter() - started

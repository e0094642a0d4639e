"""Carillon: publish one event; two real workers do the rest."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import transaction

from bench import database
from bench.app.events import Addressed, Announced
from bench.m2_fan_out import WARMING, inbox
from bench.processes import Running, manage, running
from events.bus import Payload, event_bus


@contextmanager
def workers(
    event: type[Announced | Addressed] = Announced, **environment: str
) -> Iterator[tuple[Running, Callable[[int], float]]]:
    """Run `manage.py worker` of the events, which has done something already; give it, and the fan-out."""
    command = manage("worker", "--lane", "events")
    database.clear()
    with inbox.told() as wait_for, running(command, **environment) as found:

        def fan_out(people: int) -> float:
            return _fan_out(event(people=people), people, wait_for)

        fan_out(WARMING)
        yield found, fan_out


def _fan_out(event: Payload, people: int, wait_for: Callable[[int], None]) -> float:
    """Tell the first so many people; return the seconds from before publish() to the last inbox row."""
    there = database.count(database.INBOX)
    started = time.perf_counter()
    with transaction.atomic():
        event_bus.publish(event)
    wait_for(there + people)
    return time.perf_counter() - started

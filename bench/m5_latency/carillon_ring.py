"""A program: Carillon; publish an event that concerns one person."""

import time

import django

django.setup()

from django.db import transaction  # noqa: E402

from bench.app.events import Rung  # noqa: E402
from bench.m5_latency import probe  # noqa: E402
from events.bus import event_bus  # noqa: E402


def ring(number: int) -> float:
    """Publish; return when the COMMIT was over, before the worker was woken."""
    committed: list[float] = []
    with transaction.atomic():
        transaction.on_commit(lambda: committed.append(time.perf_counter()))
        event_bus.publish(Rung(person_id=number % 100 + 1))
    return committed[0]


if __name__ == "__main__":
    probe.main(ring)

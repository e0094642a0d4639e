"""A program of the baseline django_q: enqueue a task for each person, wait, print the seconds."""

import json
import sys
import time

import django

django.setup()

from django.db import transaction  # noqa: E402
from django_q.brokers import get_broker  # noqa: E402
from django_q.tasks import async_task  # noqa: E402

from bench import database  # noqa: E402
from bench.m2_fan_out import inbox  # noqa: E402
from bench.m2_fan_out.limit import log_event  # noqa: E402

#: Enqueued in one transaction: quicker than one by one, and the workers can begin before the last is there.
CHUNK = 100


def fan_out(people: int) -> float:
    """Return the seconds from before the first task to the last inbox row."""
    broker, there = get_broker(), database.count(database.INBOX)
    started = time.perf_counter()
    log = log_event(people)
    for first in range(1, people + 1, CHUNK):
        with transaction.atomic():
            for person in range(first, min(first + CHUNK, people + 1)):
                async_task("bench.m2_fan_out.django_q_task.tell", log, person, broker=broker)
    inbox.wait_for(there + people)
    return time.perf_counter() - started


if __name__ == "__main__":
    print(json.dumps(fan_out(int(sys.argv[1]))))

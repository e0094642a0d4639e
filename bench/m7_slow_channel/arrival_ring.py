"""A program: publish an event that concerns one person, and wait until the message has come to its server.

Its arguments are how many events, the channel, the port at which its server tells of arrivals, the key of the first
person, and how many people take turns. It prints the milliseconds from each commit to the arrival, as a JSON list.
"""

import json
import random
import sys
import time
from collections.abc import Callable

import django

django.setup()

from django.db import transaction  # noqa: E402

from bench.app.events import Sent  # noqa: E402
from bench.arrivals import told  # noqa: E402
from bench.m5_latency.probe import GAP, WARMING  # noqa: E402
from events.bus import event_bus  # noqa: E402


def main(events: int, channel: str, port: int, first: int, people: int) -> None:
    """Ring so often, after some more for warming up."""
    with told(port) as arrival:
        found = [_one(channel, first + number % people, arrival) for number in range(WARMING + events)]
    print(json.dumps(found[WARMING:]))


def _one(channel: str, person: int, arrival: Callable[[], float]) -> float:
    time.sleep(random.uniform(*GAP))
    committed: list[float] = []
    with transaction.atomic():
        transaction.on_commit(lambda: committed.append(time.perf_counter()))
        event_bus.publish(Sent(channel=channel, first=person, last=person))
    return (arrival() - committed[0]) * 1000


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:]))

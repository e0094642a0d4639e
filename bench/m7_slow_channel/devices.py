"""Also M7: an event for 500 devices, by a gateway that takes 50 ms for each: how long, and by how many threads."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from bench import database
from bench.app.events import Sent
from bench.arrivals import told
from bench.m7_slow_channel.beside import SETTINGS
from bench.m7_slow_channel.far_end import far_end
from bench.processes import Running, manage, running
from bench.progress import repetitions, say
from bench.report import Line, compared
from engagement.channels.push import channel
from events.bus import event_bus
from events.sql import fetch

WARMING, DEVICES, SECONDS = 20, 500, 0.05
#: `manage.py worker` has so many processes for a lane.
PROCESSES = 2
LONGEST = 120.0
#: Seconds between two looks.
PAUSE = 0.05
RECORDED = "engagement_delivery WHERE channel = 'push' AND sent_at IS NOT NULL"
CONNECTIONS = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"""


@dataclass(slots=True)
class Used:
    """What the processes of the worker have: threads of that which has most, connections of all."""

    threads: int = 0
    connections: int = 0

    def look(self, worker: Running) -> None:
        """Remember the most."""
        self.threads = max(self.threads, *map(_threads, worker.tree()))
        ((count,),) = fetch(CONNECTIONS)
        self.connections = max(self.connections, int(count))


def measure(count: int) -> list[Line]:
    """Return the lines of so many repetitions."""
    found = []
    for _ in repetitions("devices", count):
        found.append(_turn())
        say("{:.2f} s, {}, at the first message {}".format(*found[-1]))
    at_once = PROCESSES * channel.threads
    limit = [DEVICES * SECONDS / at_once] * count
    seconds, most, first = zip(*found, strict=True)
    what = f"{DEVICES} devices of an event, a gateway that takes 50 ms"
    baseline = f"the limit: {at_once} at a time"
    return [
        compared(what, seconds, baseline, limit, show=lambda each: f"{each:.1f} s"),
        _most(
            "threads of a worker process", [each.threads for each in most], [each.threads for each in first]
        ),
        _most(
            "database connections of all processes",
            [each.connections for each in most],
            [each.connections for each in first],
        ),
    ]


def _turn() -> tuple[float, Used, Used]:
    """Return the seconds from the commit to the last arrival, what was used meanwhile, and at the first message."""
    with far_end("push", SECONDS) as gateway:
        database.clear()
        gateway.reach(1, WARMING + DEVICES)
        with running(manage("worker"), **SETTINGS, **gateway.environment) as worker:
            first, most = Used(), Used()
            with told(gateway.arrivals) as arrival:
                _send(arrival, 1, 1)
                first.look(worker)
                _send(arrival, 2, WARMING)
            with told(gateway.arrivals) as arrival:
                committed = _publish(WARMING + 1, WARMING + DEVICES)
                _wait(worker, most)
                last = max(arrival() for _ in range(DEVICES))
    return last - committed, most, first


def _send(arrival: Callable[[], float], first: int, last: int) -> None:
    _publish(first, last)
    for _ in range(first, last + 1):
        arrival()


def _publish(first: int, last: int) -> float:
    event_bus.publish(Sent(channel="push", first=first, last=last))
    return time.perf_counter()


def _wait(worker: Running, used: Used) -> None:
    """Look what is used until all is sent and recorded."""
    deadline = time.monotonic() + LONGEST
    while database.count(RECORDED) < WARMING + DEVICES:
        if time.monotonic() > deadline:
            raise TimeoutError(f"Only {database.count(RECORDED)} messages within {LONGEST:.0f} s.")
        used.look(worker)
        time.sleep(PAUSE)


def _threads(process: psutil.Process) -> int:
    try:
        return int(process.num_threads())
    except psutil.NoSuchProcess:
        return 0


def _most(what: str, most: list[int], first: list[int]) -> Line:
    return Line(f"{what} meanwhile, at most", str(max(most)), "at the first message", str(max(first)))

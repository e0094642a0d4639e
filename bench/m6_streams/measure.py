"""M6: many open inbox streams on one web process: what they cost, and how soon all have one broadcast."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench import database
from bench.app.events import Announced
from bench.processes import ROOT, python
from bench.progress import repetitions, say
from bench.report import Line, alone, at_most, megabytes, milliseconds
from bench.web import NAME, Web, request_of, web_server
from events.bus import event_bus
from events.drain import drain
from events.sql import fetch

TITLE = "open inbox streams on one web process"
#: Broadcasts of which the median counts.
BROADCASTS = 5
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    repetitions: int
    few: int
    many: int


@dataclass(frozen=True, slots=True)
class Found:
    """Of so many streams: MB more than with none, connections, milliseconds."""

    memory: float
    connections: int
    state: float
    broadcast: float


FULL, QUICK = Size(3, 100, 1_000), Size(1, 20, 100)


def measure(*, quick: bool) -> list[Line]:
    """Return the lines of M6."""
    size = QUICK if quick else FULL
    few, many = [], []
    for _ in repetitions("streams", size.repetitions):
        few.append(_measure(size.few))
        many.append(_measure(size.many))
        say(f"{size.few}: {few[-1]}; {size.many}: {many[-1]}")
    return [*_lines(size.few, few), *_lines(size.many, many), *_growth(size, few, many)]


def _measure(count: int) -> Found:
    database.clear()
    requests = [request_of(person).decode() for person in range(1, count + 1)]
    with web_server() as web:
        with _crowd(web, requests[:1]) as warm:
            _wait(warm, "state")
            _broadcast(warm, 1)
        before, began = web.memory(), time.time()
        with _crowd(web, requests) as crowd:
            state = (_wait(crowd, "state") - began) * 1000
            taken = [_broadcast(crowd, count) for _ in range(BROADCASTS)]
            ((connections,),) = fetch(CONNECTIONS, [NAME])
            return Found(web.memory() - before, connections, state, median(taken))


@contextmanager
def _crowd(web: Web, requests: list[str]) -> Iterator["subprocess.Popen[str]"]:
    command = [str(part) for part in python("bench.m6_streams.crowd", web.port)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:
        try:
            assert process.stdin
            process.stdin.write(json.dumps(requests) + "\n")
            process.stdin.flush()
            yield process
        finally:
            process.kill()


def _broadcast(crowd: "subprocess.Popen[str]", people: int) -> float:
    """Tell all of an event; return the milliseconds from its last row's commit until all streams have had it."""
    event_bus.publish(Announced(people=people))
    drain()
    committed = time.time()
    return max(0.0, _wait(crowd, "upsert") - committed) * 1000


def _wait(crowd: "subprocess.Popen[str]", name: str) -> float:
    """Return when all had it."""
    assert crowd.stdout
    for line in crowd.stdout:
        found, moment = json.loads(line)
        if found == name:
            return float(moment)
    raise RuntimeError("The crowd has gone.")


def _lines(count: int, found: list[Found]) -> Iterator[Line]:
    yield alone(
        f"{count:,} streams: memory of each",
        median(each.memory / count * 1024 for each in found),
        show=lambda value: f"{value:,.0f} kB",
    )
    yield alone(f"{count:,} streams: memory", median(each.memory for each in found), show=megabytes)
    yield alone(f"{count:,} streams: database connections", max(each.connections for each in found), show=str)
    yield alone(
        f"{count:,} streams: until all have the state, opened 50 at a time",
        median(each.state for each in found),
        show=milliseconds,
    )
    yield alone(
        f"{count:,} streams: from commit until all have a broadcast",
        median(each.broadcast for each in found),
        show=milliseconds,
    )


def _growth(size: Size, few: list[Found], many: list[Found]) -> Iterator[Line]:
    times = size.many / size.few
    pairs = list(zip(few, many, strict=True))
    memory = median(after.memory / max(before.memory, 0.1) for before, after in pairs)
    limit = at_most(times, f"<= {times:g} x")
    what = f"from {size.few:,} to {size.many:,} streams"
    yield alone(f"{what}: memory", memory, show=lambda value: f"{value:.1f} x", goal=limit)
    spoken = median(after.broadcast / max(before.broadcast, 1) for before, after in pairs)
    yield alone(f"{what}: time of a broadcast", spoken, show=lambda value: f"{value:.1f} x", goal=limit)
    most = max(each.connections for each in [*few, *many])
    yield alone(
        f"{what}: database connections", most, show=str, goal=at_most(12, "<= 12 (10 are the pool's)")
    )

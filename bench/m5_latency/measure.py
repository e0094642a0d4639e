"""M5: from a publisher's commit to the row in the inbox, and on to the browser's stream, on an idle system."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from bench import database
from bench.m5_latency.contenders import CARILLON, STOCK, Contender, contenders
from bench.m5_latency.latency import Latency
from bench.processes import answer, python, running
from bench.progress import repetitions, say
from bench.redis_server import redis_server
from bench.report import Line, alone, at_most, milliseconds, skipped
from bench.web import web_server

TITLE = "latency on an idle system, two workers: publish's commit to inbox row"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    repetitions: int
    events: int


FULL, QUICK = Size(3, 200), Size(1, 20)


def measure(*, quick: bool) -> list[Line]:
    """Return the lines of M5."""
    size = QUICK if quick else FULL
    found: dict[str, list[Latency]] = defaultdict(list)
    further: list[Latency] = []
    with database.telling(), redis_server() as redis:
        everybody = contenders(redis)
        for _ in repetitions("latency", size.repetitions):
            for contender in everybody:
                if not contender.unavailable:
                    found[contender.name].append(_latency(contender, size.events))
                    say(f"{contender.name}: {found[contender.name][-1]}")
            further.append(_to_stream(everybody[0], size.events))
            say(f"from the row to the stream: {further[-1]}")
    return [*_lines(everybody, found), *_stream_lines(further)]


def _to_stream(ours: Contender, events: int) -> Latency:
    """Return how much later than the row it is in the stream."""
    database.clear()
    with running(ours.worker, **ours.environment), web_server() as web:
        taken = answer([*python("bench.m5_latency.stream_ring"), web.port, events], **ours.environment)
    assert len(taken) == events
    return Latency.of([stream - row for row, stream in taken])


def _latency(contender: Contender, events: int) -> Latency:
    database.clear()
    with running(contender.worker, **contender.environment):
        taken = answer([*contender.ring, events], **contender.environment)
    assert len(taken) == events
    return Latency.of(taken)


def _lines(everybody: Sequence[Contender], found: dict[str, list[Latency]]) -> Iterator[Line]:
    ours = found[CARILLON]
    usual = Latency.usual(ours)
    yield alone("commit to row, p50", usual.p50, show=milliseconds, goal=at_most(10, "<= 10 ms"))
    yield alone("commit to row, p95", usual.p95, show=milliseconds, goal=at_most(25, "<= 25 ms"))
    measured = "commit to row, p50 / p95 / p99; ratio of p50"
    for contender in everybody[1:]:
        if contender.unavailable:
            yield skipped(measured, contender.name, contender.unavailable)
            continue
        theirs = found[contender.name]
        ratio = median(mine.p50 / its.p50 for mine, its in zip(ours, theirs, strict=True))
        goal, reached = ("ratio <= 0.2", ratio <= 0.2) if contender.name == STOCK else ("", None)
        yield Line(measured, str(usual), contender.name, str(Latency.usual(theirs)), ratio, goal, reached)


def _stream_lines(further: Sequence[Latency]) -> Iterator[Line]:
    usual = Latency.usual(further)
    goal = at_most(10, "<= 10 ms")
    yield alone("row to the browser's stream, p50", usual.p50, show=milliseconds, goal=goal)
    yield alone("row to the browser's stream, p95", usual.p95, show=milliseconds)

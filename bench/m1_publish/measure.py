"""M1: what a publisher pays."""

import gc
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench import database
from bench.m1_publish import carillon, django_rows, sql
from bench.m1_publish.facts import facts
from bench.progress import repetitions
from bench.report import Line, at_least, compared, milliseconds, per_second

TITLE = "publishing, by one process; no workers run"

OURS, SQL = "publish()", "SQL over psycopg"
ONE: dict[str, Callable[[dict[str, Any]], float]] = {
    OURS: carillon.one,
    SQL: sql.one,
    "SQL, without Django": sql.one_without_django,
    "Django create()": django_rows.one,
}
MANY: dict[str, Callable[[Sequence[dict[str, Any]]], None]] = {
    OURS: carillon.many,
    "bulk_create()": django_rows.many,
}


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: repetitions of so many transactions, and of one with so many events."""

    ones: int
    transactions: int
    manys: int
    events: int


FULL, QUICK = Size(15, 300, 5, 10_000), Size(3, 50, 3, 1_000)
#: By contender, one for each repetition.
Figures = dict[str, list[float]]


def measure(*, quick: bool) -> list[Line]:
    """Return the lines of M1."""
    size = QUICK if quick else FULL
    return [*_one_by_one(size), *_many(size)]


def _one_by_one(size: Size) -> Iterator[Line]:
    rates: Figures = defaultdict(list)
    added: Figures = defaultdict(list)
    for _ in repetitions("one event", size.ones):
        for name, write in ONE.items():
            taken, seconds = _timed(_each(write, size.transactions), expected=size.transactions)
            rates[name].append(size.transactions / seconds)
            added[name].append(median(taken) * 1000)
    for name in [*ONE][1:]:
        goal = at_least(0.6) if name == SQL else None
        what = "one event, in a transaction"
        yield compared(what, rates[OURS], name, rates[name], show=per_second, goal=goal)
    for name in [*ONE][1:]:
        what = "added to the request, p50"
        yield compared(what, added[OURS], name, added[name], show=milliseconds)


def _each(write: Callable[[dict[str, Any]], float], count: int) -> Callable[[], list[float]]:
    return lambda: [write(fact) for fact in facts(count)]


def _many(size: Size) -> Iterator[Line]:
    rates: Figures = defaultdict(list)
    data = list(facts(size.events))
    for _ in repetitions("many events", size.manys):
        for name, write in MANY.items():
            _, seconds = _timed(lambda write=write: write(data), expected=size.events)
            rates[name].append(size.events / seconds)
    ours, bulk = rates.values()
    what = f"publish_many of {size.events:,}, in a transaction"
    yield compared(what, ours, "bulk_create()", bulk, show=per_second, goal=at_least(0.7))


def _timed(call: Callable[[], Any], *, expected: int) -> tuple[Any, float]:
    """Return what the call returns and how many seconds it took; make sure that it did the work."""
    database.clear()
    gc.collect()
    started = time.perf_counter()
    found = call()
    seconds = time.perf_counter() - started
    assert database.count("events_eventlog") == database.count("events_handlerrun") == expected
    return found, seconds

"""M8: the inbox page and the badge of a person with one page, 10,000 and 1,000,000 notifications, in turns."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median

from django.contrib.auth import get_user_model
from django.test import Client, override_settings

from bench import database
from bench.progress import repetitions
from bench.report import Goal, Line, at_most, compared, milliseconds
from engagement import inbox
from events.sql import execute

TITLE = "inbox page and badge of a person with 10, 10,000 and 1,000,000 notifications"
#: Repetitions, and how many notifications the people have. The first is the baseline: one page is full. With 10, there
#: is less to show, which says nothing of how it grows; it is measured for orientation.
FULL, QUICK = (15, (60, 10, 10_000, 1_000_000)), (5, (60, 10, 1_000, 100_000))
#: Each figure is the median of so many calls.
CALLS = 20
FILL = """
    INSERT INTO engagement_appnotification
           (event_id, person_id, event_type, category, title, message, url, reason, about, created_at, read_at,
            delete_at)
    SELECT {first} + n, {person}, 'bench.rung', 'bench', 'Number ' || n, 'A message of usual size, ' || n, '',
           'you asked', '', now(), CASE WHEN n > {count} - 5 THEN NULL ELSE now() END, now() + interval '3 days'
      FROM generate_series(1, {count}) n"""
GOAL = at_most(1.3, "ratio <= 1.3")


def measure(*, quick: bool) -> list[Line]:
    """Return the lines of M8."""
    times, sizes = QUICK if quick else FULL
    with _people(sizes), override_settings(ALLOWED_HOSTS=["testserver"]):
        return [*_lines(times, sizes, GOAL)]


def _lines(times: int, sizes: tuple[int, ...], goal: Goal) -> Iterator[Line]:
    for what, prepare in (
        ("page, its queries", _page),
        ("badge, its query", _badge),
        ("whole request", _request),
    ):
        calls = [prepare(number) for number in range(1, len(sizes) + 1)]
        found: list[list[float]] = [[] for _ in sizes]
        for _ in repetitions(what, times):
            for figures, call in zip(found, calls, strict=True):
                figures.append(_milliseconds(call))
        for size, figures in zip(sizes[1:], found[1:], strict=True):
            yield compared(
                f"{what}, {size:,}",
                figures,
                f"{sizes[0]:,}",
                found[0],
                show=milliseconds,
                goal=goal if size > sizes[0] else None,
            )


def _page(number: int) -> Callable[[], object]:
    person = get_user_model()(pk=number)
    return lambda: inbox.page(person)


def _badge(number: int) -> Callable[[], object]:
    person = get_user_model()(pk=number)
    return lambda: inbox.badge(person)


def _request(number: int) -> Callable[[], object]:
    client = Client()
    client.force_login(get_user_model()._default_manager.get(pk=number))
    return lambda: client.get("/inbox/")


def _milliseconds(call: Callable[[], object]) -> float:
    taken = []
    for _ in range(CALLS):
        begun = time.perf_counter()
        call()
        taken.append(1_000 * (time.perf_counter() - begun))
    return median(taken)


@contextmanager
def _people(sizes: tuple[int, ...]) -> Iterator[None]:
    """Give the first people so many notifications each."""
    database.clear()
    for number, count in enumerate(sizes, start=1):
        execute(FILL.format(first=number * 10_000_000, person=number, count=count))
    execute("VACUUM ANALYZE engagement_appnotification")
    try:
        yield
    finally:
        database.clear()

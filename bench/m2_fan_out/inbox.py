"""Wait for the last row of a fan-out, from another connection than those that write, at almost no cost."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from bench import database
from events.sql import fetch

LONGEST = 300.0
#: Seconds between two looks. Only for what takes seconds: each look takes a slice of one of few processors.
PAUSE = 0.02


@contextmanager
def told() -> Iterator[Callable[[int], None]]:
    """Give a function that waits until so many rows in all can be seen; it looks when a statement has added some."""
    with psycopg.connect(database.dsn(), autocommit=True) as connection, database.telling(each="STATEMENT"):
        connection.execute("LISTEN bench_row")
        yield lambda rows: _wait(rows, lambda: [*connection.notifies(timeout=1, stop_after=1)])


def wait_for(rows: int) -> None:
    """Return when so many rows in all can be seen, by looking again and again."""
    _wait(rows, lambda: time.sleep(PAUSE))


def _wait(rows: int, pause: Callable[[], object]) -> None:
    """Raise TimeoutError if they do not come. The sequence tells, without counting, how many have been written."""
    deadline = time.monotonic() + LONGEST
    while _written() < rows or database.count(database.INBOX) < rows:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{database.count(database.INBOX)} of {rows} rows after {LONGEST:.0f} s.")
        pause()


def _written() -> int:
    ((number, called),) = fetch(f"SELECT last_value, is_called FROM {database.INBOX}_id_seq")
    return int(number) if called else 0

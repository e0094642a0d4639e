"""Wait for the last row of a fan-out, from another connection, at almost no cost."""

import time

from bench import database
from events.sql import fetch

LONGEST = 300.0


def wait_for(rows: int) -> None:
    """Return when so many rows in all can be seen in the inbox table; raise TimeoutError.

    The sequence tells without a scan how many have been written, so rows are counted only at the very end.
    """
    deadline = time.monotonic() + LONGEST
    while _written() < rows or database.count(database.INBOX) < rows:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{database.count(database.INBOX)} of {rows} rows after {LONGEST:.0f} s.")
        time.sleep(0.002)


def _written() -> int:
    ((number, called),) = fetch(f"SELECT last_value, is_called FROM {database.INBOX}_id_seq")
    return int(number) if called else 0

"""Ring at intervals and wait until the row that this leads to can be seen; the same for every contender.

It imports nothing of the project, since baselines with an environment of their own use it too.

Seen is a row when a trigger's NOTIFY arrives, which PostgreSQL sends on commit: that costs everybody the same,
and next to nothing, while asking again and again would keep one of few cores busy.
"""

import json
import os
import random
import sys
import time
from collections.abc import Callable

import psycopg

WARMING = 20
GAP = (0.05, 0.1)
LONGEST = 30.0


def main(ring: Callable[[int], float]) -> None:
    """Print the milliseconds of as many rings as the command line says, as a JSON list.

    `ring` is given a number, publishes or enqueues, and returns the moment (time.perf_counter) of the commit
    from which the row follows, or of the enqueueing where that is what a commit would lead to.
    """
    with psycopg.connect(os.environ["BENCH_DSN"], autocommit=True) as connection:
        connection.execute("LISTEN bench_row")
        found = [_one(connection, ring, number) for number in range(WARMING + int(sys.argv[1]))]
    print(json.dumps(found[WARMING:]))


def _one(connection: psycopg.Connection, ring: Callable[[int], float], number: int) -> float:
    time.sleep(random.uniform(*GAP))
    rung = ring(number)
    for _ in connection.notifies(timeout=LONGEST, stop_after=1):
        return (time.perf_counter() - rung) * 1000
    raise TimeoutError(f"No row within {LONGEST:.0f} s.")

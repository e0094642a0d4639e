"""A program: procrastinate; defer a job in a transaction."""

import os
import time

import psycopg

from bench.m5_latency import probe
from bench.m5_latency.procrastinate_app import app, leave_row

connection = psycopg.connect(os.environ["BENCH_DSN"], autocommit=True)


def ring(number: int) -> float:
    """Defer; return when the COMMIT was over, which is what wakes the worker."""
    with connection.transaction():
        leave_row.configure(connection=connection).defer(number=number)
    return time.perf_counter()


if __name__ == "__main__":
    with app.open():
        probe.main(ring)

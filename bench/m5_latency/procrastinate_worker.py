"""A program: the worker of procrastinate, which is woken by LISTEN, as it is by default."""

import os

import psycopg

from bench.m5_latency.procrastinate_app import app


def main() -> None:
    """Make its tables if need be, and work."""
    with psycopg.connect(os.environ["BENCH_DSN"]) as connection:
        ((known,),) = connection.execute("SELECT to_regclass('procrastinate_jobs')")
    if known is None:
        with app.open():
            app.schema_manager.apply_schema()
    app.run_worker(concurrency=2)


if __name__ == "__main__":
    main()

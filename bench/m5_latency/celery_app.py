"""Celery on Redis, in an environment of its own: the application and its task."""

import os
from functools import cache

import psycopg
from celery import Celery

app = Celery("bench", broker=os.environ["BENCH_REDIS"])
app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)


@cache
def _connection() -> psycopg.Connection:
    """Return the connection that this process keeps."""
    return psycopg.connect(os.environ["BENCH_DSN"], autocommit=True)


@app.task(name="leave_row")
def leave_row(number: int) -> None:
    """Leave a row."""
    _connection().execute("INSERT INTO bench_row (number) VALUES (%s)", [number])

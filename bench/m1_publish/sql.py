"""The same rows by hand-written SQL over psycopg, without a model or the ORM.

In the caller's transaction, as Carillon's; and, for orientation, on a connection that Django knows nothing of.
Both have the server prepare the two statements once.
"""

import json
import time
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import psycopg
import uuid6
from django.db import connection, transaction

from bench import database
from bench.m1_publish.facts import ABOUT, ACTOR, HANDLER

RETENTION = timedelta(days=90)
LOG = """
    INSERT INTO events_eventlog
           (event_id, type, version, payload, actor_id, about, correlation_id, occurred_at, delete_at,
            heard)
    VALUES (%s, 'bench.product_added', 1, %s, %s, %s, %s, %s, %s, TRUE)
    RETURNING id"""
RUN = "INSERT INTO events_handlerrun (event_id, handler) VALUES (%s, %s)"


def one(fact: dict[str, Any]) -> float:
    """Insert both rows inside transaction.atomic(); return how long that took without the COMMIT, in seconds."""
    with transaction.atomic():
        started = time.perf_counter()
        with psycopg.Cursor(connection.connection) as cursor:
            _insert(cursor, fact)
        return time.perf_counter() - started


def one_without_django(fact: dict[str, Any]) -> float:
    """Insert both rows inside psycopg's transaction(); return the same."""
    own = _connection()
    with own.transaction():
        started = time.perf_counter()
        with own.cursor() as cursor:
            _insert(cursor, fact)
        return time.perf_counter() - started


@cache
def _connection() -> psycopg.Connection:
    return psycopg.connect(database.dsn(), autocommit=True)


def _insert(cursor: psycopg.Cursor, fact: dict[str, Any]) -> None:
    event_id, now = uuid6.uuid7(), datetime.now(UTC)
    log = [event_id, json.dumps(fact), ACTOR, ABOUT, event_id, now, now + RETENTION]
    row = cursor.execute(LOG, log, prepare=True).fetchone()
    assert row is not None
    cursor.execute(RUN, [row[0], HANDLER], prepare=True)

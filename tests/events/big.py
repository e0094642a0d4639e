"""Big tables for plans, made in one statement each."""

from collections.abc import Sequence
from typing import Any

from django.db import connection

EVENTS = """
    INSERT INTO events_eventlog
           (event_id, type, version, payload, about, correlation_id, occurred_at, delete_at)
    SELECT gen_random_uuid(), 'test.pinged', 1, '{}', '', gen_random_uuid(),
           now() - number * interval '1 minute', now() + (%s - number + 0.5) * interval '1 minute'
      FROM generate_series(1, %s) AS number"""
RUNS = """
    INSERT INTO events_handlerrun (event_id, handler, state, finished_at, available_at)
    SELECT id, 'probe.ping', 'succeeded', now(), occurred_at FROM events_eventlog"""


def fill(count: int = 50_000, expired: int = 0) -> None:
    """Make so many events, the last `expired` of them expired, each with a run that is done."""
    _execute(EVENTS, [count - expired, count])
    _execute(RUNS, [])
    analyze("events_eventlog", "events_handlerrun")


def analyze(*tables: str) -> None:
    """Let the planner know how big the tables are."""
    _execute(f"ANALYZE {', '.join(tables)}", [])


def _execute(statement: str, parameters: Sequence[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def plan(statement: str, parameters: Sequence[Any] = ()) -> str:
    """Return the plan of a statement as text, without running it."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}", list(parameters))
        return "\n".join(row[0] for row in cursor.fetchall())

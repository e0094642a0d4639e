"""The statement that logs events and plans their runs: one round trip for any number of them."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connection

from events.models import EventLog
from events.subscribe import Handler

#: Serialises the publishers of an order key until they commit. Parameter: the sorted keys.
LOCK = """
    SELECT pg_advisory_xact_lock(hashtextextended('carillon:' || key, 0)) FROM unnest(%s::text[]) AS keys(key)"""

_COLUMNS = (
    "event_id",
    "type",
    "version",
    "payload",
    "key",
    "actor_id",
    "about",
    "order_key",
    "correlation_id",
    "causation_id",
    "occurred_at",
    "delete_at",
    "heard",
    "has_secrets",
)


@cache
def insert() -> str:
    """Parameters: those of `values`. Returns (event_id, id) of the events that were new."""
    columns = ", ".join(_COLUMNS)
    actor = EventLog._meta.get_field("actor").db_type(connection)
    return f"""
        WITH draft ({columns}) AS (
            SELECT * FROM unnest(%s::uuid[], %s::text[], %s::smallint[], %s::jsonb[], %s::text[], %s::{actor}[],
                %s::text[], %s::text[], %s::uuid[], %s::uuid[], %s::timestamptz[], %s::timestamptz[],
                %s::boolean[], %s::boolean[])
        ), logged AS (
            INSERT INTO events_eventlog ({columns}) SELECT {columns} FROM draft
            ON CONFLICT (type, key) WHERE key IS NOT NULL DO NOTHING
            RETURNING id, event_id, type, order_key
        ), runs AS (
            INSERT INTO events_handlerrun (event_id, handler, order_key, priority)
            SELECT logged.id, plan.handler, logged.order_key, plan.priority
              FROM logged
              JOIN unnest(%s::text[], %s::text[], %s::smallint[]) AS plan (type, handler, priority)
                ON plan.type = logged.type
             ORDER BY logged.id
        )
        SELECT event_id, id FROM logged"""


def values(events: Sequence[EventLog], plan: Sequence[tuple[str, Handler, int]]) -> list[list[Any]]:
    """Return the columns of the events, and of the plan: (type, handler, priority)s."""
    rows = [[getattr(event, column) for column in _COLUMNS] for event in events]
    columns = [list(column) for column in zip(*rows, strict=True)]
    columns[_COLUMNS.index("payload")] = [json.dumps(event.payload) for event in events]
    types, names, priorities = zip(*plan, strict=True) if plan else ((), (), ())
    return [*columns, list(types), [handler.name for handler in names], [int(each) for each in priorities]]

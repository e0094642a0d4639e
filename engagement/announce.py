"""Say that an inbox has changed, to the web processes that show it live (engagement/live). Ids only; who cares, looks.

It is said in the transaction that changes something, so that nobody hears of what was rolled back, and once for each
statement that changes rows: a NOTIFY costs whoever commits it a lock that all committers share.
"""

import json
from collections.abc import Collection, Sequence
from typing import Any

from django.utils.crypto import salted_hmac

from events.sql import execute, fetch

CHANNEL = "carillon_inbox"
#: Of so many rows of a person it is told which; of more, that there are many.
MOST_IDS = 100
#: So many rows go into one payload. PostgreSQL takes 7,999 bytes: there is room for UUIDs as primary keys of people.
ROWS_AT_ONCE = 120
NOTIFY = "SELECT pg_notify(%s, %s)"
#: Around an UPDATE. Parameters: those of the UPDATE, how many ids are told, the channel.
CHANGED = """
    WITH changed AS ({update} RETURNING person_id, id),
         by_person AS (SELECT person_id, CASE WHEN count(*) <= %s THEN json_agg(id) END AS ids
                         FROM changed GROUP BY person_id),
         told AS (SELECT pg_notify(%s, json_build_object('changed', person_id, 'ids', ids)::text) FROM by_person)
    SELECT (SELECT count(*) FROM changed), (SELECT count(*) FROM told)"""
#: A part of a statement: what `gone` returns (person_id, id) is told. It must be asked for, or it is not done.
#: Parameters: how many rows at once, the channel.
TELL_GONE = """
    numbered AS (SELECT person_id, id, (row_number() OVER () - 1) / %s AS part FROM gone),
    told AS (SELECT pg_notify(%s, json_build_object('gone', json_agg(json_build_array(person_id, id)))::text)
               FROM numbered GROUP BY part)"""


def rows_written(log_id: int | None, notifiables: Collection[int]) -> None:
    """Tell that these NotifiableEvents (primary keys) have got their rows."""
    told = {"batch": log_id, "first": min(notifiables), "last": max(notifiables)}
    execute(NOTIFY, [CHANNEL, json.dumps(told)])


def ended(person_key: Any, session_key: str | None = None) -> None:
    """Have the streams of a session closed at once; without one, all streams of the person."""
    told = {"ended": str(person_key), "session": session_key and session_mark(session_key)}
    execute(NOTIFY, [CHANNEL, json.dumps(told)])


def session_mark(session_key: str) -> str:
    """Return by what a session is told from others; nobody can log in with it."""
    return salted_hmac("engagement.live.session", session_key).hexdigest()[:32]


def change_and_tell(update: str, parameters: Sequence[Any]) -> int:
    """Run an UPDATE of notifications and tell of the rows; return how many."""
    statement = CHANGED.format(update=update)
    ((changed, _told),) = fetch(statement, [*parameters, MOST_IDS, CHANNEL])
    return int(changed)

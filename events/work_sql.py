"""The statements of LeasedWork, as text: each is one round trip, and its plan is tested on a big table.

now() would be the beginning of the transaction; statement_timestamp() is the database's clock in tests too,
which run inside one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

NOW = "statement_timestamp()"
WAITING = ["pending", "retrying"]
TERMINAL = ["succeeded", "dead", "cancelled"]
_WAITING = "('pending', 'retrying')"

#: What expire() writes on the row that was being done when its worker vanished.
CRASHED = "The worker process died, or was cut off from the database, while it did this."


@cache
def claim(table: str, gate: str, *, columns: str, joined: str, lazily: bool) -> str:
    """Return `columns` of the `claimed` rows and of what is `joined`; `lazily`: do not wait for the disk.

    Parameters: token, lease in seconds, priorities, limit, limit.

    Each priority is a range scan of the due index in its own right: a single ORDER BY priority, available_at
    would walk over everything that is waiting for its next attempt.
    """
    commit = "CROSS JOIN set_config('synchronous_commit', 'off', TRUE)" if lazily else ""
    return f"""
        WITH claimed AS (
        UPDATE {table}
           SET state = 'running', lease_token = %s, lease_until = {NOW} + %s * interval '1 second'
         WHERE id = ANY(ARRAY(
               SELECT due.id
                 FROM unnest(%s::smallint[]) AS level(priority) {commit}
                CROSS JOIN LATERAL (
                      SELECT work.id
                        FROM {table} work
                       WHERE work.state IN {_WAITING}
                         AND work.priority = level.priority
                         AND work.available_at <= {NOW}
                         {gate}
                       ORDER BY work.available_at, work.id
                       LIMIT %s
                         FOR UPDATE SKIP LOCKED
                      ) due
                LIMIT %s))
        RETURNING *)
        SELECT {columns} FROM claimed LEFT JOIN {joined}
         ORDER BY claimed.priority, claimed.available_at, claimed.id"""


@cache
def complete(table: str) -> str:
    """Parameters: id, token, the silence after which this transaction is ended ('90s'; '0': never).

    The row's lock is to go when its holder is frozen, or its machine is lost: a lock has no lease.
    """
    return f"""
        UPDATE {table}
           SET state = 'succeeded', lease_token = NULL, lease_until = NULL, finished_at = {NOW}
         WHERE id = %s AND lease_token = %s
           AND set_config('idle_in_transaction_session_timeout', %s, TRUE) IS NOT NULL"""


@cache
def release(table: str) -> str:
    """Parameter: token."""
    return f"""
        UPDATE {table}
           SET state = CASE WHEN failed + crashed = 0 THEN 'pending' ELSE 'retrying' END,
               lease_token = NULL, lease_until = NULL
         WHERE state = 'running' AND lease_token = %s"""


@cache
def expire(table: str) -> str:
    """Parameters: the crashes that make dead (twice), the first backoff in seconds, the crashes again.

    Who is blamed is decided over *all* running rows of the token. If the first of them is locked, a worker is
    alive and at it: its neighbours are given back, and nobody is blamed.
    """
    return f"""
        WITH expired AS MATERIALIZED (
            SELECT id, lease_token FROM {table}
             WHERE state = 'running' AND lease_until < {NOW}
               FOR UPDATE SKIP LOCKED
        ), blamed AS (
            SELECT DISTINCT ON (lease_token) id FROM {table}
             WHERE state = 'running' AND lease_token IN (SELECT lease_token FROM expired)
             ORDER BY lease_token, priority, available_at, id
        )
        UPDATE {table} work
           SET state = CASE WHEN blamed.id IS NULL AND work.failed + work.crashed = 0 THEN 'pending'
                            WHEN blamed.id IS NOT NULL AND work.crashed + 1 >= %s THEN 'dead'
                            ELSE 'retrying' END,
               finished_at = CASE WHEN blamed.id IS NOT NULL AND work.crashed + 1 >= %s THEN {NOW} END,
               available_at = CASE WHEN blamed.id IS NULL THEN work.available_at
                                   ELSE {NOW} + %s * 2 ^ work.crashed * interval '1 second' END,
               last_error = CASE WHEN blamed.id IS NULL THEN work.last_error
                                 WHEN work.crashed + 1 >= %s THEN '{CRASHED} It is not tried again.'
                                 ELSE '{CRASHED}' END,
               crashed = work.crashed + (blamed.id IS NOT NULL)::int,
               lease_token = NULL, lease_until = NULL
          FROM expired LEFT JOIN blamed ON blamed.id = expired.id
         WHERE work.id = expired.id"""


@dataclass(frozen=True, slots=True)
class Source:
    """Where work of one model is, and which of it may be claimed."""

    table: str
    #: Another condition on a row, the alias `work`: " AND ...".
    gate: str = ""
    #: The column by whose values the work is divided into strands, if it is.
    strand: str = ""
    #: Whether anything of a strand may be claimed now; {} is its name, an expression.
    is_open: str = "TRUE"


def due(sources: Sequence[Source], priorities: Sequence[int]) -> str:
    """Return a scalar expression: seconds until the earliest due row or lease, or NULL."""
    if not sources:
        return "NULL::float"
    moments = "\nUNION ALL\n".join(_moments(source, _levels(priorities)) for source in sources)
    return f"(SELECT extract(epoch FROM min(moment) - {NOW})::float FROM ({moments}) AS earliest(moment))"


def _levels(priorities: Sequence[int]) -> str:
    return f"(VALUES {', '.join(f'({level})' for level in priorities)}) AS level(priority)"


def _moments(source: Source, levels: str) -> str:
    return f"""
        SELECT (SELECT work.available_at FROM {source.table} work
                 WHERE work.state IN {_WAITING} AND {_in_strand(source)} work.priority = level.priority {source.gate}
                 ORDER BY work.available_at, work.id LIMIT 1)
          FROM {_open_strands(source)} CROSS JOIN {levels}
        UNION ALL
        SELECT (SELECT lease_until FROM {source.table} WHERE state = 'running' ORDER BY lease_until LIMIT 1)"""


def _in_strand(source: Source) -> str:
    return f"work.{source.strand} = strand.name AND" if source.strand else ""


def _open_strands(source: Source) -> str:
    """Return a FROM item `strand(name)`: the strands with work waiting that are open; one without a name if undivided.

    Each is found by one look at an index that begins with the column, however much is waiting.
    """
    if not source.strand:
        return "(VALUES (NULL)) AS strand(name)"
    column, waits = source.strand, f"state IN {_WAITING}"
    return f"""
        (WITH RECURSIVE strand(name) AS (
             (SELECT {column} FROM {source.table} WHERE {waits} ORDER BY {column} LIMIT 1)
             UNION ALL
             SELECT (SELECT next.{column} FROM {source.table} next
                      WHERE next.{waits} AND next.{column} > strand.name ORDER BY next.{column} LIMIT 1)
               FROM strand WHERE strand.name IS NOT NULL)
         SELECT name FROM strand WHERE name IS NOT NULL AND {source.is_open.format("strand.name")}) AS strand"""


def due_strands(source: Source, priorities: Sequence[int]) -> str:
    """Return the names of the strands that have due work; no parameters."""
    return f"""
        SELECT strand.name FROM {_open_strands(source)}
         WHERE EXISTS (SELECT 1 FROM {_levels(priorities)} CROSS JOIN LATERAL (
                              SELECT 1 FROM {source.table} work
                               WHERE work.state IN {_WAITING} AND {_in_strand(source)} work.priority = level.priority
                                 AND work.available_at <= {NOW} {source.gate}
                               ORDER BY work.available_at, work.id LIMIT 1) due)"""


def due_strands_of(source: Source, only: str) -> str:
    """Return the same of those few rows that fulfil another condition on `work`, whose parameters it takes."""
    return f"""
        SELECT DISTINCT work.{source.strand} FROM {source.table} work
         WHERE work.state IN {_WAITING} AND work.available_at <= {NOW} {source.gate} AND {only}
           AND {source.is_open.format(f"work.{source.strand}")}
         ORDER BY 1"""


def first_in_line(source: Source) -> str:
    """Return (id, available_at) of the due rows that the next claims would take, one of each strand; no parameters."""
    return f"""
        SELECT first.id, first.available_at FROM {_open_strands(source)} CROSS JOIN LATERAL (
               SELECT work.id, work.available_at FROM {source.table} work
                WHERE work.state IN {_WAITING} AND {_in_strand(source)} work.available_at <= {NOW} {source.gate}
                ORDER BY work.priority, work.available_at, work.id LIMIT 1) first
         ORDER BY first.id"""


@cache
def is_still_due(table: str) -> str:
    """Return whether a row waits as it did. Parameters: id, available_at."""
    return (
        f"SELECT EXISTS (SELECT 1 FROM {table} WHERE id = %s AND available_at = %s AND state IN {_WAITING})"
    )


@cache
def has_live_lease(table: str) -> str:
    """Return whether somebody is at work, or died less than a lease ago; no parameters."""
    return f"SELECT EXISTS (SELECT 1 FROM {table} WHERE state = 'running' AND lease_until > {NOW})"

"""The statements of LeasedWork, as text: each is one round trip, and its plan is tested on a big table.

now() would be the beginning of the transaction; statement_timestamp() is the database's clock in tests too,
which run inside one.
"""

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


def due(tables: list[tuple[str, str]], priorities: list[int]) -> str:
    """Return a scalar expression: seconds until the earliest due row or lease of these (table, gate)s, or NULL."""
    if not tables:
        return "NULL::float"
    levels = ", ".join(f"({level})" for level in priorities)
    moments = "\nUNION ALL\n".join(_moments(table, gate, levels) for table, gate in tables)
    return f"(SELECT extract(epoch FROM min(moment) - {NOW})::float FROM ({moments}) AS earliest(moment))"


def _moments(table: str, gate: str, levels: str) -> str:
    return f"""
        SELECT (SELECT work.available_at FROM {table} work
                 WHERE work.state IN {_WAITING} AND work.priority = level.priority {gate}
                 ORDER BY work.available_at, work.id LIMIT 1)
          FROM (VALUES {levels}) AS level(priority)
        UNION ALL
        SELECT (SELECT lease_until FROM {table} WHERE state = 'running' ORDER BY lease_until LIMIT 1)"""


@cache
def first_in_line(table: str, gate: str) -> str:
    """Return (id, available_at) of the due row that the next claim would take; no parameters."""
    return f"""
        SELECT work.id, work.available_at FROM {table} work
         WHERE work.state IN {_WAITING} AND work.available_at <= {NOW} {gate}
         ORDER BY work.priority, work.available_at, work.id LIMIT 1"""


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

"""Wait for a NOTIFY."""

from collections.abc import Sequence

import psycopg
from django.db import connection
from psycopg import sql

from events.conf import conf


def channel(lane: str) -> str:
    """Return the channel on which new work of a lane is announced."""
    return f"carillon_lane_{lane}"


class Listener:
    """LISTENs on the thread's own Django connection, again whenever that is a new one.

    With EVENTS_LISTEN_DSN it uses a connection of its own: behind a PgBouncer in transaction mode the
    usual one hears nothing.
    """

    def __init__(self, channels: Sequence[str]) -> None:
        self._channels = channels
        self._listening_on: psycopg.Connection | None = None
        self._own: psycopg.Connection | None = None

    def listen(self) -> None:
        """Make sure that we are listening; what is announced from now on ends the next `wait`."""
        raw = self._raw()
        if raw is self._listening_on:
            return
        for name in self._channels:
            raw.execute(sql.SQL("LISTEN {}").format(sql.Identifier(name)))
        self._listening_on = raw

    def wait(self, seconds: float) -> bool:
        """Wait for an announcement, at most so long; tell whether there was one."""
        return any(True for _ in self._raw().notifies(timeout=seconds, stop_after=1))

    def close(self) -> None:
        """Close the connection of our own, if there is one."""
        if self._own is not None:
            self._own.close()

    def _raw(self) -> psycopg.Connection:
        if conf.listen_dsn:
            if self._own is None or self._own.closed:
                self._own = psycopg.connect(conf.listen_dsn, autocommit=True)
            return self._own
        connection.ensure_connection()
        raw: psycopg.Connection = connection.connection
        return raw
